/* Help as made from the tables: every command and option is in it, and its lines fit a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "help.h"

#define WIDTH_MAX 80

static void expect_lines_fit(const char *name, const char *text)
{
    for (size_t size; *text != '\0'; text += size + (text[size] == '\n')) {
        size = strcspn(text, "\n");
        if (size > WIDTH_MAX || (size > 0 && text[size - 1] == ' '))
            fail_msg("help of %s: \"%.*s\"", name, (int)size, text);
    }
}

static void expect_options(const char *name, const char *text, const cli_option *options)
{
    for (; options->name != NULL; options++) {
        cli_text wanted = {0};

        cli_text_printf(&wanted, "--%s%s%s", options->name, options->argument == NULL ? "" : " ",
                options->argument == NULL ? "" : options->argument);
        if (strstr(text, cli_text_get(&wanted)) == NULL)
            fail_msg("help of %s lacks %s", name, cli_text_get(&wanted));
        cli_text_release(&wanted);
    }
}

static void test_help_of_each_command_is_whole_and_fits(void **state)
{
    (void)state;
    for (const cli_command *const *command = cli_commands; *command != NULL; command++) {
        cli_text text = {0};

        cli_help(&text, *command);
        assert_non_null(strstr(cli_text_get(&text), (*command)->operands));
        cli_text example = {0};
        cli_text_append(&example, (*command)->examples, strcspn((*command)->examples, "\n"));
        assert_non_null(strstr(cli_text_get(&text), cli_text_get(&example)));
        cli_text_release(&example);
        expect_options((*command)->name, cli_text_get(&text), (*command)->options);
        expect_options((*command)->name, cli_text_get(&text), cli_global_options);
        expect_lines_fit((*command)->name, cli_text_get(&text));
        cli_text_release(&text);
    }
}

static void test_the_list_of_commands_has_all_of_them(void **state)
{
    cli_text text = {0};

    (void)state;
    cli_help(&text, NULL);
    for (const cli_command *const *command = cli_commands; *command != NULL; command++)
        assert_non_null(strstr(cli_text_get(&text), (*command)->summary));
    expect_lines_fit("all", cli_text_get(&text));
    cli_text_release(&text);
}

static void test_a_command_says_what_its_exit_codes_mean(void **state)
{
    cli_text text = {0};

    (void)state;
    cli_help(&text, &cli_command_verify);
    const char *codes = strstr(cli_text_get(&text), "\nExit codes:\n");
    assert_non_null(codes);
    assert_non_null(strstr(codes, "    0  done\n"));
    assert_non_null(strstr(codes, "    4  bytes or a record are not"));
    assert_null(strstr(codes, "    3  "));
    cli_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_help_of_each_command_is_whole_and_fits),
            cmocka_unit_test(test_the_list_of_commands_has_all_of_them),
            cmocka_unit_test(test_a_command_says_what_its_exit_codes_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
