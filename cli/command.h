/* A command as data: what it takes, what help says of it, and the function that runs it. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "options.h"

typedef struct cli_session cli_session;

struct cli_command {
    const char *name;
    const char *operands; /* "PATH MODEL_ID", as usage shows them */
    unsigned operand_count_min;
    unsigned operand_count_max;
    unsigned path_operands;    /* bit N: operand N leads to a file or folder */
    unsigned source_operands;  /* of those: what lies in it is stored */
    const char *summary;       /* one line, for the list of commands */
    const char *details;       /* lines for its own help; may be "" */
    const cli_option *options; /* ends with a zeroed one */
    size_t values_size;        /* bytes of the struct into which options are read, at most
                                  CLI_VALUES_SIZE_MAX */
    const char *examples;      /* lines, each one command */
    const char *exit_codes;    /* "0 2 5" */
    /* Options and operands were read; returns the status that becomes the exit code, with the
     * session's error filled. */
    ms_status (*run)(cli_session *session, const cli_input *input);
};

/** Ends with NULL. */
extern const cli_command *const cli_commands[];
extern const cli_command cli_command_store, cli_command_retrieve, cli_command_list,
        cli_command_info, cli_command_verify, cli_command_repair, cli_command_activate,
        cli_command_deactivate, cli_command_remove, cli_command_prune, cli_command_check,
        cli_command_key, cli_command_config;

#endif
