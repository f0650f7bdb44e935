"""tools/check-errors on small projects: which ids it finds, what it refuses, and where it says so.

    python3 -m unittest discover tests/tools
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent.parent.parent / 'tools' / 'check-errors'
BASE = {
    'include/model_storage/status.h': '''typedef enum ms_status { MS_OK = 0, MS_USAGE = 2, MS_IO = 9, MS_MALFORMED = 11,
    MS_LIMIT = 12, MS_NO_MEMORY = 13 } ms_status;
''',
    'src/base/status.c': '''const char *ms_status_code(ms_status status)
{
    switch (status) {
    case MS_USAGE:
        return "usage";
    case MS_IO:
        return "io";
    case MS_MALFORMED:
        return "malformed";
    case MS_LIMIT:
    case MS_NO_MEMORY:
        return "limit";
    }
}
''',
    'src/base/error.h': '''ms_status ms_fail(ms_error *err, ms_status status, const char *reason, const char *format, ...)
        MS_PRINTF(4, 5);
ms_status ms_fail_errno(ms_error *err, int os_errno, const char *reason, const char *format, ...);
''',
}


class CheckErrors(unittest.TestCase):
    def run_on(self, source, page, header=''):
        files = {**BASE, 'src/a/a.c': source, 'src/a/a.h': header, 'docs/errors.md': page}
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        self.assertEqual(done.returncode, 0 if lines[-1].endswith(' 0 failed') else 1, done.stdout + done.stderr)
        return lines

    def assert_good(self, source, page, count, header=''):
        self.assertEqual(self.run_on(source, page, header), ['%d passed, 0 failed' % count])

    def test_an_id_and_its_kind_are_found_in_a_call(self):
        self.assert_good('int f(void)\n{\n    return ms_fail(err, MS_USAGE, "one", "text %s", "x");\n}\n',
                         '| `one` | usage (2) | it is one | wait |\n', 1)

    def test_an_id_that_the_page_lacks_is_named_where_it_is_given(self):
        lines = self.run_on('int f(void)\n{\n    return ms_fail(err, MS_USAGE, "one", "x");\n}\n', '')
        self.assertEqual(lines, ['src/a/a.c:3: the reason one is not in docs/errors.md', '0 passed, 1 failed'])

    def test_an_id_that_no_code_gives_and_one_that_stands_twice_are_named_on_the_page(self):
        row = '| `one` | usage (2) | it is one | wait |\n'
        lines = self.run_on('int f(void)\n{\n    return ms_fail(err, MS_USAGE, "one", "x");\n}\n',
                            row + row + '| `two` | io (9) | a | b |\n')
        self.assertEqual(lines[:2], ['docs/errors.md:2: one stands twice', 'docs/errors.md:3: no code gives the reason two'])

    def test_ids_and_kinds_go_through_functions_that_pass_them_on(self):
        source = '''static ms_status refuse(ms_error *err, const char *reason, const char *what)
{
    return ms_fail(err, MS_MALFORMED, reason, "it %s", what);
}
static ms_status refuse_as(ms_status status, const char *reason, const uint8_t (*path)[32], ms_error *err)
{
    return ms_fail(err, status, reason, "it");
}
static int f(void)
{
    if (a)
        return refuse(err, "one", "is \\"bad\\", (very)");
    (void)refuse_as(MS_LIMIT, b ? "two" : "three", path, err);
    return ms_fail_errno(err, errno, "four", "x");
}
'''
        page = ('| `one` | malformed (11) | m | d |\n| `two` | limit (12) | m | d |\n'
                '| `three` | limit (12) | m | d |\n| `four` | io (9) | m | d |\n')
        self.assert_good(source, page, 4)
        lines = self.run_on(source, page.replace('| `one` | malformed (11)', '| `one` | usage (2)'))
        self.assertEqual(lines[0], 'docs/errors.md:1: one is malformed (11), not usage (2)')

    def test_ids_of_structures_and_variables_are_found(self):
        source = '''typedef struct field {
    const char *name, *reason;
    size_t size;
} field;
static const field fields[] = {{"address", "one", 20}, {.name = "iv", .reason = "two"}};
static int f(void)
{
    static const field salt = {"salt", "three", 1};
    const char *reason = "four";
    fault->reason = c == ':' ? "five" : "six";
    return ms_fail(err, status, salt->reason, "x");
}
'''
        page = ''.join('| `%s` | any | m | d |\n' % name for name in 'one two three four five six'.split())
        self.assert_good(source, page, 6)

    def test_what_cannot_be_followed_is_refused(self):
        lines = self.run_on('int f(void)\n{\n    return ms_fail(err, MS_USAGE, text, "x") + ms_fail(err, MS_USAGE, "one", "x");\n}\n',
                            '| `one` | usage (2) | m | d |\n')
        self.assertEqual(lines[0], 'src/a/a.c:3: the reason text cannot be followed')
        lines = self.run_on('int f(void)\n{\n    return ms_fail(err, MS_USAGE, "Not an id", "x");\n}\n', '')
        self.assertIn('src/a/a.c:3: the reason "Not an id" is not lower_case', lines)

    def test_findings_and_warnings_stand_below_their_headings(self):
        source = '''static const char *finding_of(int status)
{
    return status == 0 ? "missing" : "wrong size";
}
static int f(void)
{
    ms_task_notice(task, false, "only a notice");
    ms_task_notice(run->task, true, "%s of %" "llu is %s%s", a, b, c, d);
}
'''
        page = '''## Findings of a thing
| `missing` | m | d |
| `wrong size` | m | d |
## Warnings
| `… of … is …` | m | d |
'''
        self.assert_good(source, page, 3)
        self.assertIn('src/a/a.c:3: the finding missing is not in docs/errors.md', self.run_on(source, page.replace('missing', 'other')))

    def test_a_row_has_all_its_cells_and_a_table_may_share_the_last(self):
        source = 'int f(void)\n{\n    return ms_fail(err, MS_USAGE, "one", "x");\n}\n'
        lines = self.run_on(source, '| `one` | usage (2) | m |\n')
        self.assertEqual(lines[0], 'docs/errors.md:1: the row of one has not all its cells')
        self.assert_good(source, '**Next:** wait.\n\n| `one` | usage (2) | m |\n', 1)
        self.assertEqual(self.run_on(source, '**Next:** wait.\n## Other\n| `one` | usage (2) | m |\n')[-1], '0 passed, 1 failed')

    def test_reasons_that_are_compared_or_promised_must_be_given_by_code(self):
        source = 'int f(void)\n{\n    if (strcmp(err->reason, "two") == 0)\n        return ms_fail(err, MS_USAGE, "one", "x");\n}\n'
        page = '| `one` | usage (2) | m | d |\n'
        self.assertEqual(self.run_on(source, page)[0], 'src/a/a.c:3: no code gives the reason two')
        source = source.replace('"two"', '"one"')
        self.assert_good(source, page, 1, '/** Fails with MS_USAGE "one", or MS_IO. */\n')
        lines = self.run_on(source, page, '/** Fails:\n *  MS_USAGE "one" (so), "three"; MS_IO. */\n')
        self.assertEqual(lines[0], 'src/a/a.h:2: no code gives the reason three')

    def test_nothing_to_check_is_a_failure(self):
        self.assertEqual(subprocess.run([sys.executable, TOOL, '/nowhere'], capture_output=True, check=False).returncode, 1)


if __name__ == '__main__':
    unittest.main()
