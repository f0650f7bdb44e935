/* key: the keys that publish, in keystore V3 files. */
#include <string.h>

#include "failure.h"
#include "fields.h"
#include "terminal.h"

typedef struct key_values {
    cli_password_source old_password; /* that the key has now */
    bool no_password;
} key_values;

static const cli_option key_options[] = {
        {.name = "old-password-file",
                .kind = CLI_TEXT,
                .argument = "FILE",
                .offset = offsetof(key_values, old_password) + offsetof(cli_password_source, file),
                .is_path = true,
                .help = "password, import: the password the key has now, from\na file (mode 0600); "
                        "--password-file and\n--password-fd give the new one"},
        {.name = "old-password-fd",
                .kind = CLI_DESCRIPTOR,
                .argument = "N",
                .maximum = 1023,
                .offset = offsetof(key_values, old_password) + offsetof(cli_password_source, fd),
                .help = "the same from descriptor N"},
        {.name = "no-password",
                .kind = CLI_FLAG,
                .offset = offsetof(key_values, no_password),
                .help = "new, import, password: the key shall have none; the\nmode of its file "
                        "protects it"},
        {0},
};

/* What each action takes after its word. */
typedef struct key_action {
    const char *name;
    ms_key_action action;
    bool takes_file;
    bool takes_address;
    bool needs_address;
    bool sets_password;
} key_action;

static const key_action key_actions[] = {
        {.name = "list", .action = MS_KEY_LIST},
        {.name = "new", .action = MS_KEY_NEW, .sets_password = true},
        {.name = "import", .action = MS_KEY_IMPORT, .takes_file = true, .sets_password = true},
        {.name = "export", .action = MS_KEY_EXPORT, .takes_file = true, .takes_address = true},
        {.name = "default", .action = MS_KEY_DEFAULT, .takes_address = true, .needs_address = true},
        {.name = "password",
                .action = MS_KEY_PASSWORD,
                .takes_address = true,
                .sets_password = true},
};
#define KEY_ACTION_COUNT (sizeof(key_actions) / sizeof(key_actions[0]))

static ms_status find_action(cli_session *session, const char *name, const key_action **action)
{
    const char *nearest = NULL;
    size_t edits = 0;

    for (size_t i = 0; i < KEY_ACTION_COUNT; i++) {
        *action = &key_actions[i];
        if (strcmp(name, key_actions[i].name) == 0)
            return MS_OK;
        cli_offer_nearest(name, key_actions[i].name, &nearest, &edits);
    }
    (void)cli_fail(&session->error, MS_USAGE, "unknown_command", "There is no \"key %s\"", name);
    if (nearest != NULL)
        cli_set_hint(&session->error, "Did you mean key %s?", nearest);
    else
        cli_set_hint(&session->error, "See model-storage key --help");
    return MS_USAGE;
}

/* Operands after the action: an address, then a file, as far as the action takes them. */
static ms_status read_operands(cli_session *session, const cli_input *input,
        const key_action *action, ms_key_options *options)
{
    size_t left = input->operand_count - 1;
    const char **operands = input->operands + 1;
    size_t most = (size_t)action->takes_file + (size_t)action->takes_address;

    if (left > most)
        return cli_fail(&session->error, MS_USAGE, "operands",
                "key %s does not take the argument \"%s\"", action->name, operands[most]);
    if (action->takes_file) {
        if (left == 0)
            return cli_fail(
                    &session->error, MS_USAGE, "operands", "key %s needs a FILE", action->name);
        options->file = operands[--left];
        if (strcmp(options->file, "-") == 0) {
            (void)cli_fail(&session->error, MS_USAGE, "operands",
                    "key %s takes a file, not the standard %s", action->name,
                    action->action == MS_KEY_IMPORT ? "input" : "output");
            cli_set_hint(&session->error, "A file of that name is ./-");
            return MS_USAGE;
        }
    }
    if (left > 0)
        options->address = operands[0];
    else if (action->needs_address)
        return cli_fail(
                &session->error, MS_USAGE, "operands", "key %s needs an ADDRESS", action->name);
    return MS_OK;
}

/* The password that a key shall have: named, or from a person who is asked once (and once more).
 * None means: the mode of the file protects it. */
static ms_status read_password(cli_session *session, const key_action *action,
        const key_values *values, ms_key_options *options, char *password)
{
    const cli_password_source *named = &session->new_password;
    ms_status status = MS_OK;

    if (!action->sets_password)
        return MS_OK;
    if (values->no_password)
        options->password_size = 0;
    else if (cli_password_is_named(named))
        status = cli_password_read(named, true, password, MS_PASSWORD_SIZE_MAX,
                &options->password_size, &session->error);
    else if (action->action != MS_KEY_PASSWORD && cli_terminal_is_there() && !session->globals->yes)
        status = cli_password_ask("the key", true, password, MS_PASSWORD_SIZE_MAX,
                &options->password_size, &session->error);
    else
        return MS_OK; /* the library asks where it must have one */
    options->password = password;
    options->has_password = status == MS_OK;
    return status;
}

static ms_status check_passwords(cli_session *session, const key_values *values)
{
    const cli_password_source *old = &values->old_password;
    const cli_password_source *wanted = &session->new_password;

    if (values->no_password && cli_password_is_named(wanted))
        return cli_fail(&session->error, MS_USAGE, "option_conflict",
                "--no-password and a new password exclude each other");
    if (old->file != NULL && old->fd.is_set)
        return cli_fail(&session->error, MS_USAGE, "option_conflict",
                "--old-password-file and --old-password-fd are two passwords");
    if (old->fd.is_set && wanted->fd.is_set && old->fd.number == wanted->fd.number)
        return cli_fail(&session->error, MS_USAGE, "option_conflict",
                "Two passwords cannot come from one descriptor");
    return MS_OK;
}

/* The password a key has now. A descriptor gives its password once, so what was read from it as the
 * new one cannot be read again as the old one. */
static void choose_old_password(
        cli_session *session, const key_action *action, const key_values *values)
{
    bool keeps_it = action->action == MS_KEY_IMPORT && session->password.file != NULL;

    if (action->sets_password && (cli_password_is_named(&values->old_password) || !keeps_it))
        session->password = values->old_password;
}

static void print_keys(cli_session *session, const ms_key_result *result)
{
    if (result->key_count == 0) {
        cli_text_add(&session->line, "No keys: the first store makes one");
        (void)cli_session_print(session);
    }
    for (size_t i = 0; i < result->key_count; i++) {
        const ms_key_entry *key = &result->keys[i];

        cli_text_printf(&session->line, "%s  %-7s  %-11s  ", key->address,
                key->is_default ? "default" : "", key->is_protected ? "password" : "no password");
        cli_text_escaped(&session->line, key->path);
        (void)cli_session_print(session);
    }
}

static void print_export(cli_session *session, const ms_key_result *result, const char *file)
{
    cli_text_printf(&session->line, "Exported %s to ",
            result->key_count > 0 ? result->keys[0].address : "");
    cli_text_escaped(&session->line, file);
    (void)cli_session_print(session);
}

static ms_status run_key(cli_session *session, const cli_input *input)
{
    const key_values *values = (const key_values *)(const void *)&input->values;
    ms_key_options options = MS_KEY_OPTIONS_INIT;
    char password[MS_PASSWORD_SIZE_MAX];
    const key_action *action;
    ms_operation *operation = NULL;
    const ms_key_result *result;
    ms_status status = find_action(session, input->operands[0], &action);

    if (status == MS_OK)
        status = read_operands(session, input, action, &options);
    if (status == MS_OK)
        status = check_passwords(session, values);
    if (status == MS_OK)
        status = read_password(session, action, values, &options, password);
    if (status == MS_OK) {
        options.action = action->action;
        choose_old_password(session, action, values);
        status = cli_session_open(session);
    }
    if (status == MS_OK)
        status = CLI_RUN(session, key, &operation, &options);
    result = ms_operation_key_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session)) {
        if (options.action == MS_KEY_EXPORT)
            print_export(session, result, options.file);
        else
            print_keys(session, result);
    }
    cli_session_free(operation);
    cli_password_wipe(password, sizeof(password));
    return status;
}

const cli_command cli_command_key = {
        .name = "key",
        .operands = "ACTION [ADDRESS] [FILE]",
        .operand_count_min = 1,
        .operand_count_max = 3,
        .path_operands = 1u << 1 | 1u << 2, /* FILE is the last one */
        .summary = "List, make, import, export and protect the keys that publish",
        .details = "  key list                      the keys here\n"
                   "  key new                       make one; the first becomes the default\n"
                   "  key import FILE               from a keystore V3 file, or 64 hex digits\n"
                   "  key export [ADDRESS] FILE     a copy of the keystore file\n"
                   "  key default ADDRESS           the key that publishes from now on\n"
                   "  key password [ADDRESS]        give it another password\n"
                   "\n"
                   "A password is never an argument: it is asked for on the terminal, or comes\n"
                   "from a file or descriptor, which must not be empty. A key without one is\n"
                   "protected by the mode of its file.",
        .options = key_options,
        .values_size = sizeof(key_values),
        .examples = "model-storage key list\n"
                    "model-storage key new --password-file secret.txt\n"
                    "model-storage key export backup.json",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_key,
};
