# SPDX-License-Identifier: BSD-2-Clause
"""configure_patch on trees that it must refuse, or handle with care: nothing may be changed."""

import importlib.machinery
import importlib.util
import os
import shutil
import tarfile
import tempfile
import unittest

import trees

FILES = ("configure", "libavfilter/allfilters.c", "libavfilter/Makefile", "doc/filters.texi",
         "libavfilter/version.h", "libavfilter/version_major.h", "libavfilter/internal.h",
         "libavfilter/filters.h", "libavutil/frame.h")


def load_patcher():
    """configure_patch as a module, to make its writes fail."""
    loader = importlib.machinery.SourceFileLoader("configure_patch", trees.PATCHER)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.pristine = os.path.join(cls.home.name, "pristine")
        with tarfile.open(trees.oldest()) as archive:
            for member in archive:
                name = member.name.split("/", 1)[-1]
                if name in FILES:
                    member.name = name
                    archive.extract(member, cls.pristine)

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def setUp(self):
        self.tree = os.path.join(self.home.name, "tree")
        shutil.copytree(self.pristine, self.tree)
        self.addCleanup(shutil.rmtree, self.tree)

    def edit(self, name, old, new):
        path = os.path.join(self.tree, name)
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text.replace(old, new))

    def refused(self, *parts, arguments=()):
        before = trees.snapshot(self.tree)
        code, out, err = trees.patch(self.tree, *arguments)
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in parts:
            self.assertIn(part, err)
        self.assertEqual(trees.snapshot(self.tree), before)

    def test_no_tree(self):
        os.remove(os.path.join(self.tree, "configure"))
        self.refused("looked for configure")

    def test_too_old(self):
        name = "libavfilter/version_major.h"
        if not os.path.exists(os.path.join(self.tree, name)):
            name = "libavfilter/version.h"
        self.edit(name, "VERSION_MAJOR   8", "VERSION_MAJOR   7")
        self.refused(name, "expected libavfilter 8 or newer", "found 7")

    def test_fork(self):
        self.edit("libavfilter/internal.h", "#endif", "int ff_graph_frame_alloc(void);\n#endif")
        self.refused("internal.h", "fork")

    def test_fallback_anchor(self):
        self.edit("configure", "libiec61883", "libother")
        self.edit("libavfilter/Makefile", "CONFIG_HALDCLUT_FILTER", "CONFIG_OTHER_FILTER")
        before = trees.snapshot(self.tree)
        self.assertEqual(trees.patch(self.tree)[0], 0)
        self.assertEqual(trees.patch(self.tree, "--check")[0], 0)
        self.assertEqual(trees.patch(self.tree, "--revert")[0], 0)
        self.assertEqual(trees.snapshot(self.tree), before)

    def test_missing_anchor(self):
        self.edit("libavfilter/Makefile", "CONFIG_HALDCLUT_FILTER", "CONFIG_OTHER_FILTER")
        self.edit("libavfilter/Makefile", "CONFIG_LIBVMAF_FILTER", "CONFIG_ANOTHER_FILTER")
        self.refused("libavfilter/Makefile", "CONFIG_HALDCLUT_FILTER", "CONFIG_LIBVMAF_FILTER", "found none")

    def test_half_patched(self):
        self.assertEqual(trees.patch(self.tree)[0], 0)
        shutil.copy(os.path.join(self.pristine, "libavfilter/Makefile"),
                    os.path.join(self.tree, "libavfilter/Makefile"))
        self.refused("half patched", "libavfilter/Makefile")
        self.refused("half patched", "libavfilter/Makefile", arguments=["--revert"])

    def test_half_patched_within_a_file(self):
        self.assertEqual(trees.patch(self.tree)[0], 0)
        self.edit("configure", 'hcd_up_filter_deps="libhcd"\n', "")
        self.refused("configure: half patched", "hcd_(down|up)_filter_deps")

    def test_edited_copy(self):
        self.assertEqual(trees.patch(self.tree)[0], 0)
        with open(os.path.join(self.tree, "libavfilter/vf_hcd_up.c"), "a", encoding="utf-8") as file:
            file.write("/* mine */\n")
        self.refused("libavfilter/vf_hcd_up.c", "edited", arguments=["--revert"])
        self.refused("libavfilter/vf_hcd_up.c", "edited")

    def test_file_in_the_way(self):
        os.mkdir(os.path.join(self.tree, "libavfilter/vf_hcd_down.c"))
        self.refused("libavfilter/vf_hcd_down.c", "cannot be written", "folder")

    def stops_in_the_middle(self, error, message):
        module, before = load_patcher(), trees.snapshot(self.tree)
        real, calls = os.replace, []

        def failing(source, target):
            calls.append(target)
            if len(calls) == 5:
                raise error
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
        self.assertEqual(trees.snapshot(self.tree), before)

    def test_write_that_fails_in_the_middle_changes_nothing(self):
        self.stops_in_the_middle(OSError(28, "No space left on device"),
                                 "No space left on device; nothing was changed")

    def test_ctrl_c_in_the_middle_changes_nothing(self):
        self.stops_in_the_middle(KeyboardInterrupt(), "interrupted; nothing was changed")

    def test_no_permission(self):
        module = load_patcher()
        real, module.os.access = os.access, lambda path, mode: not path.endswith("allfilters.c")
        try:
            tree = module.Tree(self.tree)
            tree.plan_patch(False)
            with self.assertRaisesRegex(module.PatchError, "allfilters.c: cannot be written: no permission"):
                tree.carry_out()
        finally:
            module.os.access = real

    def test_links_and_back_to_copies(self):
        before = trees.snapshot(self.tree)
        path = os.path.join(self.tree, "libavfilter/vf_hcd_down.c")
        self.assertEqual(trees.patch(self.tree, "--link")[0], 0)
        self.assertTrue(os.path.islink(path))
        self.assertEqual(trees.patch(self.tree, "--check")[0], 0)
        self.assertEqual(trees.patch(self.tree)[0], 0)
        self.assertFalse(os.path.islink(path))
        self.assertEqual(trees.patch(self.tree, "--revert")[0], 0)
        self.assertEqual(trees.snapshot(self.tree), before)

    def test_line_ends_and_modes_are_kept(self):
        path = os.path.join(self.tree, "doc/filters.texi")
        with open(path, "rb") as file:
            data = file.read().replace(b"\n", b"\r\n")
        with open(path, "wb") as file:
            file.write(data + b"no line end")
        os.chmod(os.path.join(self.tree, "configure"), 0o751)
        before = trees.snapshot(self.tree)
        self.assertEqual(trees.patch(self.tree)[0], 0)
        with open(path, "rb") as file:
            self.assertNotIn(b"\n", file.read().replace(b"\r\n", b""))
        self.assertEqual(os.stat(os.path.join(self.tree, "configure")).st_mode & 0o777, 0o751)
        self.assertEqual(trees.patch(self.tree, "--revert")[0], 0)
        self.assertEqual(trees.snapshot(self.tree), before)


if __name__ == "__main__":
    unittest.main()
