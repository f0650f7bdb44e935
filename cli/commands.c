/* The table of commands, in the order in which help shows them. */
#include "command.h"

const cli_command *const cli_commands[] = {
        &cli_command_store,
        &cli_command_retrieve,
        &cli_command_list,
        &cli_command_info,
        &cli_command_verify,
        &cli_command_repair,
        &cli_command_activate,
        &cli_command_deactivate,
        &cli_command_remove,
        &cli_command_prune,
        &cli_command_check,
        &cli_command_key,
        &cli_command_config,
        NULL,
};
