/* What --help and --version show, made from the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "options.h"
#include "text.h"

/** Of one command, or of all when command is NULL. */
void cli_help(cli_text *text, const cli_command *command);

#endif
