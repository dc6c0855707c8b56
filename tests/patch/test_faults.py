# SPDX-License-Identifier: BSD-2-Clause
"""configure_patch on trees that it must refuse, or handle with care: nothing may be changed."""

import functools
import os
import shutil
import signal
import subprocess
import unittest

import trees

COMPAT = "libavfilter/hcd_compat.h"


class Refused(trees.ReducedTree):
    def test_no_tree(self):
        os.remove(self.path("configure"))
        self.refused("looked for configure")

    def set_version(self, major, minor):
        for name in ("libavfilter/version.h", "libavfilter/version_major.h"):
            if os.path.exists(self.path(name)):
                text = self.read(name).replace("VERSION_MAJOR   8", f"VERSION_MAJOR   {major}")
                self.write(name, text.replace("VERSION_MINOR  44", f"VERSION_MINOR  {minor}"))

    def test_too_old(self):
        self.set_version(8, 24)
        expected = "expected FFmpeg 5.1 or newer (libavfilter 8.44), found FFmpeg 5.0"
        self.refused(expected + " (libavfilter 8.24)")
        self.refused(expected, arguments=["--link"])
        self.refused(expected, arguments=["--diff"])
        self.write("RELEASE", "5.0.3\n")
        self.refused(expected + ".3 (libavfilter 8.24)")
        self.set_version(7, 24)
        os.remove(self.path("RELEASE"))
        self.refused("expected FFmpeg 5.1 or newer", "found FFmpeg (libavfilter 7.24)")

    def test_too_old_but_patched_before(self):
        self.patched()
        self.set_version(8, 24)
        self.refused("expected FFmpeg 5.1 or newer", arguments=["--check"])
        self.patched("--revert")
        self.set_version(8, 44)
        self.assertEqual(self.read("configure").count("libhcd"), 0)

    def test_fork(self):
        self.edit("libavfilter/internal.h", "#endif", "int ff_graph_frame_alloc(void);\n#endif")
        self.refused("internal.h", "fork")

    def test_lists_that_are_not_there(self):
        for name, old, new, shown in (
                ("libavfilter/Makefile", "OBJS-$(CONFIG_", "OBJS-$(", "'OBJS-$(CONFIG_..._FILTER) += vf_'"),
                ("libavfilter/Makefile", "SKIPHEADERS-", "SKIP-", "'SKIPHEADERS-$(CONFIG_...) +='"),
                ("libavfilter/allfilters.c", "ff_vf_", "ff_", "'extern ... ff_vf_...;'"),
                ("configure", "  --enable-lib", "  --with-lib", "'  --enable-lib... '"),
                ("configure", 'EXTERNAL_LIBRARY_LIST="', 'LIST="', "'EXTERNAL_LIBRARY_LIST=\"'"),
                ("configure", "_filter_", "_", "'..._filter_deps='"),
                ("configure", "enabled lib", "is_enabled lib", "'enabled lib... && '"),
                ("doc/filters.texi", "@chapter Video Filters", "@chapter Filters", "'@chapter Video Filters'")):
            with self.subTest(name=name, old=old):
                text = self.read(name)
                self.edit(name, old, new)
                self.refused(name, shown, "found none")
                self.write(name, text)

    def test_file_in_the_way(self):
        os.mkdir(self.path("libavfilter/vf_hcd_down.c"))
        self.refused("libavfilter/vf_hcd_down.c", "cannot be written", "folder")

    def test_foreign_files_are_left(self):
        for name in ("libavfilter/hcd_filter.h", "libavfilter/vf_hcd_up.c", COMPAT):
            for link in ((), ("--link",)):
                with self.subTest(name=name, link=link):
                    self.write(name, "/* of somebody else */\n")
                    self.refused(name, "did not make", arguments=link)
                    self.assertEqual(self.patched("--revert"), "nothing to do\n")
                    self.assertEqual(self.read(name), "/* of somebody else */\n")
                    os.remove(self.path(name))

    def test_foreign_links_are_left(self):
        name = "libavfilter/hcd_filter.h"
        target = os.path.join(self.home, "theirs.h")
        for exists in (False, True):
            if exists:
                with open(target, "w", encoding="utf-8") as file:
                    file.write("/* of somebody else */\n")
            os.symlink(target, self.path(name))
            self.refused(name, "did not make")
            self.refused(name, "did not make", arguments=["--link"])
            self.assertEqual(os.readlink(self.path(name)), target)
            os.remove(self.path(name))

    def test_edited_copy(self):
        self.patched()
        with open(self.path("libavfilter/vf_hcd_up.c"), "a", encoding="utf-8") as file:
            file.write("/* mine */\n")
        self.refused("libavfilter/vf_hcd_up.c", "edited", arguments=["--revert"])
        self.refused("libavfilter/vf_hcd_up.c", "edited")


class HalfPatched(trees.ReducedTree):
    """Every half-way state is named, completed by another run, and undone by --revert."""

    def both_ways(self, make_half, *shown):
        for arguments, check in ((("--revert",), "not patched\n"), ((), "patched\n")):
            shutil.rmtree(self.tree)
            shutil.copytree(self.pristine, self.tree)
            self.patched()
            whole = trees.snapshot(self.tree)
            make_half()
            out = trees.patch(self.tree, "--check")
            self.assertEqual((out[0], out[2]), (1, ""))
            for text in ("half patched", "--revert", *shown):
                self.assertIn(text, out[1])
            self.patched(*arguments)
            self.assertEqual(trees.patch(self.tree, "--check")[1], check)
            self.assertEqual(trees.snapshot(self.tree), self.before if arguments else whole)

    def restore(self, name):
        shutil.copy(os.path.join(self.pristine, name), self.path(name))

    def test_one_file_restored(self):
        for name in trees.PATCHED_FILES:
            with self.subTest(name=name):
                self.both_ways(lambda: self.restore(name), f"not {name}: '")

    def test_all_files_restored(self):
        self.both_ways(lambda: [self.restore(name) for name in trees.PATCHED_FILES], f"found {COMPAT}")

    def test_one_line_lost(self):
        self.both_ways(lambda: self.edit("configure", 'hcd_up_filter_deps="libhcd"\n', ""), "hcd_down_filter_deps=")
        self.both_ways(lambda: self.edit("libavfilter/Makefile", "OBJS-$(CONFIG_HCD_UP_FILTER) ", "OBJS-$(CONFIG_HCD_UP"
                                         "_FILTER) #\nOBJS-$(CONFIG_HCD_UP_FILTER) "), "CONFIG_HCD_DOWN_FILTER")

    def test_files_lost(self):
        self.both_ways(lambda: os.remove(self.path(COMPAT)), f"not {COMPAT}")
        self.both_ways(lambda: os.remove(self.path("libavfilter/vf_hcd_up.c")), "not libavfilter/vf_hcd_up.c")

    def test_run_that_was_killed(self):
        self.write("configure.hcd-part", "half")
        self.patched()
        self.write("libavfilter/hcd_filter.c.hcd-part", "half")
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_document(self):
        name = "doc/filters.texi"
        for line in ("@c hcd filters: end\n", "@c hcd filters: begin\n", "@section hcd_down\n", "@section hcd_up\n"):
            with self.subTest(line=line):
                self.both_ways(lambda: self.edit(name, line, ""), name)

    def test_other_sections_between_ours_stay(self):
        self.patched()
        self.edit("doc/filters.texi", "@anchor{hcd_up}\n", "@anchor{hcx}\n@section hcx\nText.\n\n@anchor{hcd_up}\n")
        self.patched("--revert")
        self.edit("doc/filters.texi", "@anchor{hcx}\n@section hcx\nText.\n\n", "")
        self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_foreign_file_stays(self):
        self.patched()
        os.remove(self.path(COMPAT))
        self.write("libavfilter/hcd_filter.h", "/* of somebody else */\n")
        self.refused("libavfilter/hcd_filter.h: left as it is", arguments=["--revert"], unchanged=False)
        self.assertEqual(self.read("libavfilter/hcd_filter.h"), "/* of somebody else */\n")
        os.remove(self.path("libavfilter/hcd_filter.h"))
        self.assertEqual(trees.snapshot(self.tree), self.before)


class Stopped(trees.ReducedTree):
    def stops_in_the_middle(self, stop, message, calls_that_stop=(5,)):
        module = trees.load_patcher()
        real, calls = os.replace, []

        def failing(source, target):
            calls.append(target)
            if len(calls) in calls_that_stop:
                stop()
            real(source, target)

        module.os.replace = failing
        try:
            tree = module.Tree(self.tree)
            tree.plan_patch(False)
            with self.assertRaisesRegex(module.PatchError, message):
                tree.carry_out()
        finally:
            module.os.replace = real
        self.assertEqual(len(calls) >= 5, True)

    def test_write_that_fails_in_the_middle_changes_nothing(self):
        def full():
            raise OSError(28, "No space left on device")

        self.stops_in_the_middle(full, "No space left on device; nothing was changed")
        self.assertEqual(trees.snapshot(self.tree), self.before)
        # Not even the way back is open: the file is named, and --revert does the rest.
        self.stops_in_the_middle(full, "nor could configure be restored: No space left on device", (5, 9))
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_signal_in_the_middle_changes_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            self.stops_in_the_middle(functools.partial(os.kill, os.getpid(), number),
                                     "interrupted; nothing was changed")
            self.assertEqual(signal.getsignal(number), before)
            self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_no_permission(self):
        module = trees.load_patcher()
        real, module.os.access = os.access, lambda path, mode: not path.endswith("allfilters.c")
        try:
            tree = module.Tree(self.tree)
            tree.plan_patch(False)
            with self.assertRaisesRegex(module.PatchError, "allfilters.c: cannot be written: no permission"):
                tree.carry_out()
        finally:
            module.os.access = real

    def test_reader_that_goes_away(self):
        """| head: no traceback."""
        self.write("configure", self.read("configure") + "\n".join(str(i) for i in range(100000)))
        for arguments in ("--diff", "--check", "--dry-run", ""):
            done = subprocess.run(f"'{trees.PATCHER}' '{self.tree}' {arguments} | true", shell=True, check=True,
                                  stderr=subprocess.PIPE)
            self.assertEqual(done.stderr, b"")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([trees.PATCHER, self.tree, "--diff"], stdout=full, stderr=subprocess.PIPE,
                                  check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (1, b"configure_patch: standard output: No space left on device\n"))


if __name__ == "__main__":
    unittest.main()
