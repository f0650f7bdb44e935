#include <string.h>

#include "output.h"
#include "password.h"
#include "session.h"

typedef struct key_values {
    const char *old_password_file;
} key_values;

static const cli_option options[] = {
        {.name = "old-password-file", .kind = CLI_TEXT, .argument = "FILE", .offset = offsetof(key_values, old_password_file),
                .help = "password: the one the key has now; --password-file\nand --password-fd give the new one"},
        {0},
};

typedef struct key_action {
    const char *word;
    ms_key_action action;
    size_t operands_min; /* after the word */
    size_t operands_max;
} key_action;

static const key_action actions[] = {
        {"list", MS_KEY_LIST, 0, 0},
        {"new", MS_KEY_NEW, 0, 0},
        {"import", MS_KEY_IMPORT, 1, 1},
        {"export", MS_KEY_EXPORT, 1, 2},
        {"default", MS_KEY_DEFAULT, 1, 1},
        {"password", MS_KEY_PASSWORD, 0, 1},
};

static const key_action *find_action(cli_session *session, const cli_input *input)
{
    const char *nearest = NULL;
    size_t edits = 0;
    const char *word = input->operands[0];

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        const size_t given = input->operand_count - 1;

        cli_offer_nearest(word, actions[i].word, &nearest, &edits);
        if (strcmp(actions[i].word, word) != 0)
            continue;
        if (given >= actions[i].operands_min && given <= actions[i].operands_max)
            return &actions[i];
        (void)cli_fail(&session->error, MS_USAGE, "operands", "key %s: wrong number of arguments", word);
        cli_set_hint(&session->error, "See model-storage key --help");
        return NULL;
    }
    (void)cli_fail(&session->error, MS_USAGE, "unknown_command", "There is no command \"key %s\"", word);
    if (nearest != NULL)
        cli_set_hint(&session->error, "Did you mean key %s?", nearest);
    else
        cli_set_hint(&session->error, "See model-storage key --help");
    return NULL;
}

static void tell(cli_text *text, const ms_key_result *result)
{
    if (result->key_count == 0)
        cli_text_add(text, "No keys yet. The first store makes one, or: model-storage key new\n");
    for (size_t i = 0; i < result->key_count; i++) {
        const ms_key_entry *key = &result->keys[i];

        cli_text_printf(text, "%s  %s  %s  ", key->address, key->is_default ? "default" : "       ",
                key->is_protected ? "password" : "file mode only");
        cli_text_escaped(text, key->path);
        cli_text_add(text, "\n");
    }
}

static ms_status run_key(cli_session *session, const ms_key_options *what)
{
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status = ms_model_key_start(&operation, session->storage, what, &how, &session->error);

    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&text, ms_operation_key_result(operation));
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

/* The password a key shall have, when it stands in a file or comes by descriptor. */
static ms_status read_new_password(cli_session *session, ms_key_options *what, char *password)
{
    const cli_globals *globals = &session->input->globals;

    if (globals->password_file == NULL && !globals->password_fd.is_set)
        return MS_OK;
    what->has_password = true;
    what->password = password;
    ms_status status = cli_ask_password(session, "the key", true, password, MS_PASSWORD_SIZE_MAX, &what->password_size);
    return status == MS_OK ? MS_OK : cli_fail(&session->error, status, "password_unreadable", "The password could not be read");
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const key_values *values = (const void *)&input->values;
    const key_action *action = find_action(session, input);
    ms_key_options what = MS_KEY_OPTIONS_INIT;
    char password[MS_PASSWORD_SIZE_MAX];
    ms_status status = MS_OK;

    if (action == NULL)
        return session->error.status;
    what.action = action->action;
    if (action->action == MS_KEY_IMPORT)
        what.file = input->operands[1];
    else if (action->action == MS_KEY_EXPORT && input->operand_count == 2)
        what.file = input->operands[1];
    else if (action->action == MS_KEY_EXPORT) {
        what.address = input->operands[1];
        what.file = input->operands[2];
    } else if (input->operand_count > 1)
        what.address = input->operands[1];
    if (action->action == MS_KEY_NEW || action->action == MS_KEY_IMPORT || action->action == MS_KEY_PASSWORD)
        status = read_new_password(session, &what, password);
    if (status == MS_OK) {
        session->current_password_only = what.has_password;
        session->current_password_file = values->old_password_file;
        status = run_key(session, &what);
    }
    explicit_bzero(password, sizeof(password));
    return status;
}

const cli_command cli_command_key = {
        .name = "key",
        .operands = "list|new|import FILE|export [ADDR] FILE|default ADDR|password [ADDR]",
        .operand_count_min = 1,
        .operand_count_max = 3,
        .summary = "Keys that sign what you store",
        .details = "Keys are keystore V3 files in keystore/ of the home. The first one is made when it is\n"
                   "needed and protected by its file mode alone; \"key password\" sets a password.\n"
                   "FILE of import: a keystore V3 file, or 64 hex digits (mode 0600).",
        .options = options,
        .values_size = sizeof(key_values),
        .examples = "model-storage key list\n"
                    "model-storage key password\n"
                    "model-storage key import ./wallet.json --password-file ./secret",
        .exit_codes = "0 2 5 8 9 10 11 12",
        .run = run,
};
