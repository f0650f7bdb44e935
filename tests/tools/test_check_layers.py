"""tools/check-layers on small projects: what it refuses, where it says so, and what it lets pass.

    python3 -m unittest discover tests/tools
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent.parent.parent / 'tools' / 'check-layers'


class CheckLayers(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        self.assertEqual(done.returncode, 0 if lines[-1].endswith(' 0 failed') and files else 1)
        return lines

    def refused(self, path, text, others=()):
        files = {path: text}
        files.update({name: '' for name in others})
        return self.run_on(files)

    def test_includes_down_and_to_the_left_pass(self):
        lines = self.run_on({
            'src/base/a.h': '#include "model_storage/status.h"\n',
            'src/platform/p.h': '#include "base/a.h"\n',
            'src/crypto/c.c': '#include "platform/p.h"\n#include "base/a.h"\n',
            'src/model/m.c': '#include "platform/p.h"\n',
            'include/model_storage/status.h': '',
            'cli/x.c': '#include "model_storage/status.h"\n#include "x.h"\n',
            'cli/x.h': '#include <stdio.h>\n',
        })
        self.assertEqual(lines, ['7 passed, 0 failed'])

    def test_every_wrong_direction_is_refused(self):
        rows = [
            ('src/base/a.c', 'src/platform/p.h', 'platform is above base'),
            ('src/platform/a.c', 'src/crypto/c.h', 'crypto is to the right of platform'),
            ('src/cid/a.c', 'src/chunker/c.h', 'chunker is to the right of cid'),
            ('src/store/a.c', 'src/registry/r.h', 'registry is to the right of store'),
            ('src/transfer/a.c', 'src/result/r.h', 'result is to the right of transfer'),
            ('src/result/a.c', 'src/model/m.h', 'model is above result'),
            ('src/task/a.c', 'src/platform/sys.h', 'src/platform/sys.h is private to platform'),
            ('src/elsewhere/a.c', 'src/base/b.h', 'the folder elsewhere has no layer'),
            ('src/model/a.c', 'cli/c.h', 'no such header'),
            ('cli/a.c', 'src/base/b.h', 'cli includes only public headers and its own'),
            ('examples/a.c', 'src/base/b.h', 'examples includes only public headers and its own'),
            ('include/model_storage/a.h', 'src/base/b.h', 'a public header includes only public headers'),
        ]
        for path, target, reason in rows:
            with self.subTest(path=path):
                name = target[len('src/'):] if target.startswith('src/') else target
                lines = self.refused(path, '\n#include "%s"\n' % name, [target])
                self.assertEqual(len(lines), 2, lines)
                self.assertTrue(lines[0].startswith(path + ':2: '), lines)
                self.assertIn(reason, lines[0])
                self.assertEqual(lines[1], '1 passed, 1 failed')

    def test_missing_headers_and_ways_up_are_refused(self):
        self.assertIn('no such header', self.refused('src/base/a.c', '#include "base/none.h"\n')[0])
        self.assertIn('names no ".."', self.refused('src/task/a.c', '#include "../base/b.h"\n', ['src/base/b.h'])[0])

    def test_circles_are_named_where_they_close(self):
        lines = self.run_on({
            'src/base/a.h': '#include "base/b.h"\n',
            'src/base/b.h': '#include "base/c.h"\n',
            'src/base/c.h': '\n#include "base/a.h"\n',
        })
        self.assertEqual(lines[0], 'src/base/c.h:2: includes in a circle: src/base/a.h -> src/base/b.h -> '
                                   'src/base/c.h -> src/base/a.h')
        self.assertEqual(lines[-1], '2 passed, 1 failed')

    def test_banned_calls_are_refused_outside_platform_and_base(self):
        for name in ('malloc calloc realloc free strdup open openat read write pread pwrite close fopen unlink rename '
                     'mkdir fsync strcpy strcat sprintf vsprintf strtok atoi atol sscanf fscanf alloca system popen '
                     'mktemp tmpnam rand time getenv stpcpy strncat atoll atof vsscanf random setenv localtime strerror '
                     'fork exit abort printf fprintf puts perror socket connect').split():
            with self.subTest(name=name):
                text = 'void f(void)\n{\n    x = %s (y);\n}\n' % name
                self.assertEqual(self.refused('src/model/a.c', text)[0], 'src/model/a.c:3: call of ' + name)
        self.assertEqual(self.refused('src/platform/a.c', 'x = malloc(1); close(2); getenv(3);')[-1], '1 passed, 0 failed')
        self.assertIn('call of sprintf', self.refused('src/platform/a.c', 'sprintf(x);')[0])
        self.assertIn('call of close', self.refused('cli/a.c', 'close(x);')[0])
        for path in ('src/crypto/secret.c', 'src/eth/keystore.c', 'src/eth/key.c'):
            self.assertIn('call of memcmp', self.refused(path, 'x = memcmp(a, b, 32);')[0])
        self.assertEqual(self.refused('src/eth/address.c', 'x = memcmp(a, b, 20);')[-1], '1 passed, 0 failed')
        self.assertEqual(self.refused('cli/a.c', 'free(x); printf(y);')[-1], '1 passed, 0 failed')

    def test_what_only_looks_like_a_call_passes(self):
        text = '''/* malloc(1) and
 * free(2) */
// read(3)
const char *text = "open(4) \\" close(5)";
char quote = '"'; door->open(6); door.read(7); (*write)(8); ms_free(9); threads_close(10); int time = 1;
#define NAME "/* " /* getenv(11) */
'''
        self.assertEqual(self.refused('src/model/a.c', text), ['1 passed, 0 failed'])
        self.assertIn('call of free', self.refused('src/model/a.c', text + 'free(12);\n')[0])
        self.assertIn('a.c:7:', self.refused('src/model/a.c', text + 'free(12);\n')[0])

    def test_a_reason_allows_a_line_and_only_that(self):
        lines = self.refused('src/model/a.c', 'free(x); /* allowed: jansson made it */\nfree(y); /* allowed: */\nfree(z);\n')
        self.assertEqual(lines, ['src/model/a.c:2: call of free', 'src/model/a.c:3: call of free', '0 passed, 1 failed'])

    def test_nothing_to_check_is_a_failure(self):
        self.assertEqual(self.run_on({}), ['0 passed, 0 failed'])


if __name__ == '__main__':
    unittest.main()
