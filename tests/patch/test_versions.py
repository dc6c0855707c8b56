# SPDX-License-Identifier: BSD-2-Clause
"""configure_patch on every FFmpeg that Debian's suites carry: there, back, and the filters compile."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import trees


def objects_compile(test, tree):
    """Configures a minimal build and compiles the filters' objects; any warning is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        prefix, build = os.path.join(folder, "prefix"), os.path.join(folder, "build")
        subprocess.run([os.environ["HCD_TEST_CMAKE"], "--install", os.environ["HCD_TEST_BUILD"], "--prefix",
                        prefix], stdout=subprocess.DEVNULL, check=True)
        os.mkdir(build)
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(prefix, "lib", "pkgconfig"))
        done = subprocess.run([os.path.join(tree, "configure"), "--disable-everything", "--disable-autodetect",
                               "--disable-x86asm", "--disable-doc", "--disable-programs", "--enable-libhcd",
                               "--enable-filter=hcd_down,hcd_up", "--extra-cflags=-Wall -Wextra "
                               "-Wno-sign-compare -Wno-unused-parameter -Wno-missing-field-initializers"],
                              cwd=build, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        test.assertEqual(done.returncode, 0, done.stdout)
        names = [f"libavfilter/{n[:-2]}.o" for n in sorted(os.listdir(os.path.join(trees.SOURCE, "filter")))
                 if n.endswith(".c")]
        done = subprocess.run(["make", "-j2", *names], cwd=build, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        test.assertEqual(done.returncode, 0, done.stdout)
        # Warnings that stand in FFmpeg's own headers are FFmpeg's.
        ours = [line for line in done.stdout.splitlines() if re.search(r"hcd\w*\.[ch]:\d+:\d+: warning", line)]
        test.assertEqual(ours, [])


class Versions(unittest.TestCase):
    def there_and_back(self, tarball, compile_objects):
        with tempfile.TemporaryDirectory() as folder:
            tree = trees.unpack(tarball, folder)
            before = trees.snapshot(tree)
            self.assertEqual(trees.patch(tree, "--check")[:2], (1, "not patched\n"))

            code, diff, _ = trees.patch(tree, "--diff")
            self.assertEqual(code, 0)
            self.assertEqual(trees.patch(tree, "--dry-run")[0], 0)
            self.assertEqual(trees.snapshot(tree), before)

            code, out, err = trees.patch(tree)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("change configure", out)
            self.assertEqual(trees.patch(tree, "--check")[:2], (0, "patched\n"))
            patched = trees.snapshot(tree)
            self.assertEqual(trees.patch(tree)[:2], (0, "nothing to do\n"))
            self.assertEqual(trees.snapshot(tree), patched)

            filters = subprocess.run(["./configure", "--list-filters"], cwd=tree, stdout=subprocess.PIPE,
                                     text=True, check=True).stdout.split()
            self.assertIn("hcd_down", filters)
            self.assertIn("hcd_up", filters)
            if compile_objects:
                objects_compile(self, tree)

            self.assertEqual(trees.patch(tree, "--revert")[0], 0)
            self.assertEqual(trees.snapshot(tree), before)
            self.assertEqual(trees.patch(tree, "--revert")[:2], (0, "nothing to do\n"))

            subprocess.run(["git", "apply", "--unsafe-paths", f"--directory={tree}", "-"], input=diff, cwd="/",
                           text=True, check=True)
            self.assertEqual({k: v[1] for k, v in trees.snapshot(tree).items()},
                             {k: v[1] for k, v in patched.items()})
            self.assertEqual(trees.patch(tree, "--check")[0], 0)

    def test_oldest(self):
        self.there_and_back(trees.oldest(), True)


def add_newer(suite, version):
    def test(self):
        try:
            tarball = trees.download(suite, version)
        except trees.Unreachable as error:
            self.skipTest(f"{suite} (FFmpeg {version}): {error}")
        print(f"{suite}: {os.path.basename(tarball)}")
        self.there_and_back(tarball, suite != "sid")  # the oldest, the newest and one between

    setattr(Versions, f"test_{suite}", test)


for name, expected in trees.NEWER_SUITES.items():
    add_newer(name, expected)

if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
