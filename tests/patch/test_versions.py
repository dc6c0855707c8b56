# SPDX-License-Identifier: BSD-2-Clause
"""configure_patch on every FFmpeg that Debian's suites carry: there, back, and the filters compile."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import trees


def version_key(version):
    return [int(part) for part in version.split(".")]


def nvidia_headers(tree, folder):
    """Puts an ffnvcodec.pc of the version that the tree asks for into `folder`, for the headers that are installed.

    Ours need but two types, which every version has; Debian 12's headers are too old for FFmpeg 7 itself. Returns
    what was found and what is said instead.
    """
    def ask(*arguments):
        return subprocess.run(["pkg-config", *arguments, "ffnvcodec"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()

    found = ask("--modversion")
    if not found:
        raise unittest.SkipTest("no headers of NVIDIA's (libffmpeg-nvenc-dev): nothing was compiled with CUDA")
    asked = max(re.findall(r"ffnvcodec >= ([\d.]+)", read(tree, "configure")), key=version_key)
    said = max(found, asked, key=version_key)
    with open(os.path.join(folder, "ffnvcodec.pc"), "w", encoding="utf-8") as file:
        file.write(f"Name: ffnvcodec\nDescription: for this test\nVersion: {said}\n"
                   f"Cflags: -I{ask('--variable=includedir')}\n")
    return found, said


def objects_compile(test, tree, cuda):
    """Configures a minimal build and compiles the filters' objects; any warning is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        prefix, build = os.path.join(folder, "prefix"), os.path.join(folder, "build")
        if cuda:
            found, said = nvidia_headers(tree, folder)
            print(f"{os.path.basename(tree)}: ffnvcodec {found}" + (f", said to be {said}" if said != found else ""))
        subprocess.run([os.environ["HCD_TEST_CMAKE"], "--install", os.environ["HCD_TEST_BUILD"], "--prefix",
                        prefix], stdout=subprocess.DEVNULL, check=True)
        os.mkdir(build)
        environment = dict(os.environ, PKG_CONFIG_PATH=f"{folder}:{prefix}/lib/pkgconfig")
        done = subprocess.run([os.path.join(tree, "configure"), "--disable-everything", "--disable-autodetect",
                               "--disable-x86asm", "--disable-doc", "--disable-programs", "--enable-libhcd",
                               "--enable-filter=hcd_down,hcd_up", "--extra-cflags=-Wall -Wextra "
                               "-Wno-sign-compare -Wno-unused-parameter -Wno-missing-field-initializers",
                               *(["--enable-ffnvcodec"] if cuda else [])],
                              cwd=build, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        test.assertEqual(done.returncode, 0, done.stdout)
        with open(os.path.join(build, "config.h"), encoding="utf-8") as file:
            test.assertIn(f"#define CONFIG_CUDA {int(cuda)}\n", file.read())
        own = sorted(os.listdir(os.path.join(trees.SOURCE, "filter")))
        names = [f"libavfilter/{n[:-2]}.o" for n in own if n.endswith(".c") and not n.endswith("_template.c")]
        # What `make checkheaders` compiles of ours.
        names += [f"libavfilter/{n}.o" for n in (*own, "hcd_compat.h") if n.endswith(".h")]
        done = subprocess.run(["make", "-j2", *names], cwd=build, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        test.assertEqual(done.returncode, 0, done.stdout)
        # Warnings that stand in FFmpeg's own headers are FFmpeg's.
        ours = [line for line in done.stdout.splitlines() if re.search(r"hcd\w*\.[ch]:\d+:\d+: warning", line)]
        test.assertEqual(ours, [])


def read(tree, name):
    with open(os.path.join(tree, name), encoding="utf-8") as file:
        return file.read()


def anchors(tree):
    """Anchor of the manual -> the section that it opens, but ours."""
    pairs = re.findall(r"^@anchor\{([^}]*)\}\n(?:@(?!section|chapter).*\n)*@(?:section|chapter) (.*)$",
                       read(tree, "doc/filters.texi"), re.M)
    return {name: section for name, section in pairs if not name.startswith("hcd_")}


def names_around(text, pattern, ours):
    """The names before and behind ours, in a list of lines."""
    names = [match[1].lower() for match in re.finditer(pattern, text, re.M)]
    at = [i for i, name in enumerate(names) if name == ours]
    return [names[i] for i in (at[0] - 1, at[0] + 1)] if len(at) == 1 else names


def source_check(tree, folder):
    """What FFmpeg's fate-source says of our files, which it finds by git."""
    own = [name for name in os.listdir(os.path.join(tree, "libavfilter")) if "hcd_" in name]
    for name in [*(f"libavfilter/{name}" for name in own), "tests/fate/source-check.sh"]:
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        shutil.copy(os.path.join(tree, name), os.path.join(folder, name))
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-qm", "test"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    said = subprocess.run(["sh", "tests/fate/source-check.sh", "tests"], cwd=folder, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()
    return [line for line in said if not line.endswith(":") and "headers" not in line and "guards" not in line]


class Versions(unittest.TestCase):
    def check_places(self, tree, anchors_before):
        self.assertEqual(anchors(tree), anchors_before)
        configure = read(tree, "configure")
        for text, pattern, first, last in (
                (configure, r"^  --enable-(\w+) ", "libhcd", "libhcd"),
                (configure, r"^    (\w+)$", "libhcd", "libhcd"),
                (configure, r"^(\w+)_filter_deps=", "hcd_down", "hcd_up"),
                (read(tree, "libavfilter/allfilters.c"), r"^extern .* ff_vf_(\w+);", "hcd_down", "hcd_up"),
                (read(tree, "libavfilter/Makefile"), r"^OBJS-\$\(CONFIG_(\w+)_FILTER\)", "hcd_down", "hcd_up"),
                (read(tree, "libavfilter/Makefile"), r"^SKIPHEADERS-\$\(CONFIG_(\w+)\)", "libhcd", "libhcd"),
                (read(tree, "doc/filters.texi"), r"^@section (\w+)", "hcd_down", "hcd_up")):
            before, behind = names_around(text, pattern, first)[0], names_around(text, pattern, last)[-1]
            self.assertLess(before, first)
            self.assertLess(last, behind)

    def there_and_back(self, tarball, compiled):
        """`compiled`: with CUDA or without, for each build of the filters' objects."""
        with tempfile.TemporaryDirectory() as folder:
            tree = trees.unpack(tarball, folder)
            before, anchors_before = trees.snapshot(tree), anchors(tree)
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

            self.check_places(tree, anchors_before)
            with tempfile.TemporaryDirectory() as repository:
                self.assertEqual(source_check(tree, repository), [])
            filters = subprocess.run(["./configure", "--list-filters"], cwd=tree, stdout=subprocess.PIPE,
                                     text=True, check=True).stdout.split()
            self.assertIn("hcd_down", filters)
            self.assertIn("hcd_up", filters)

            self.assertEqual(trees.patch(tree, "--revert")[0], 0)
            self.assertEqual(trees.snapshot(tree), before)
            self.assertEqual(trees.patch(tree, "--revert")[:2], (0, "nothing to do\n"))

            subprocess.run(["git", "apply", "--unsafe-paths", f"--directory={tree}", "-"], input=diff, cwd="/",
                           text=True, check=True)
            self.assertEqual({k: v[1] for k, v in trees.snapshot(tree).items()},
                             {k: v[1] for k, v in patched.items()})
            self.assertEqual(trees.patch(tree, "--check")[0], 0)
            for cuda in compiled:
                objects_compile(self, tree, cuda)

    def test_oldest(self):
        self.there_and_back(trees.oldest(), [False, True])


def add_newer(suite, version):
    def test(self):
        try:
            tarball = trees.download(suite, version)
        except trees.Unreachable as error:
            self.skipTest(f"{suite} (FFmpeg {version}): {error}")
        print(f"{suite}: {os.path.basename(tarball)}")
        self.there_and_back(tarball, [True] if suite != "sid" else [])  # the oldest, the newest and one between

    setattr(Versions, f"test_{suite}", test)


for name, expected in trees.NEWER_SUITES.items():
    add_newer(name, expected)

if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
