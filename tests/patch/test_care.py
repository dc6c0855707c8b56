# SPDX-License-Identifier: BSD-2-Clause
"""configure_patch keeps what a tree is: its order, its comments, its links, the ends of its lines."""

import os
import re
import shutil
import subprocess
import unittest

import trees


def filter_names():
    return [n for n in os.listdir(os.path.join(trees.SOURCE, "filter")) if n.endswith((".c", ".h"))]


class Places(trees.ReducedTree):
    def neighbours(self, name, ours):
        """The lines before and behind ours."""
        lines = self.read(name).split("\n")
        at = [i for i, line in enumerate(lines) if re.match(ours, line)]
        self.assertEqual(at, list(range(at[0], at[-1] + 1)))
        return lines[at[0] - 1], lines[at[-1] + 1]

    def test_alphabetical(self):
        self.patched()
        for name, ours, before, behind in (
                ("configure", "  --enable-libhcd ", "  --enable-libgsm ", "  --enable-libiec61883 "),
                ("configure", "    libhcd$", "    libgsm", "    libiec61883"),
                ("configure", "hcd_(down|up)_filter_deps", "gblur_vulkan_filter_deps", "hflip_vulkan_filter_deps"),
                ("configure", "enabled libhcd ", "          ", "enabled libilbc "),
                ("libavfilter/allfilters.c", r".*ff_vf_hcd_", "extern const AVFilter ff_vf_haldclut;",
                 "extern const AVFilter ff_vf_hflip;"),
                ("libavfilter/Makefile", r"OBJS-\$\(CONFIG_HCD_", "OBJS-$(CONFIG_HALDCLUT_FILTER) ",
                 "OBJS-$(CONFIG_HFLIP_FILTER) "),
                ("libavfilter/Makefile", r"SKIPHEADERS-\$\(CONFIG_LIBHCD", "SKIPHEADERS-$(CONFIG_LCMS2)",
                 "SKIPHEADERS-$(CONFIG_LIBVIDSTAB)")):
            with self.subTest(ours=ours):
                found = self.neighbours(name, ours)
                self.assertEqual([found[0][:len(before)], found[1][:len(behind)]], [before, behind])
        sections = re.findall(r"^@section (.*)$", self.read("doc/filters.texi"), re.M)
        at = sections.index("hcd_down")
        self.assertEqual(sections[at - 1:at + 3], ["haldclut", "hcd_down", "hcd_up", "hflip"])

    def heads(self):
        """What stands right above each section."""
        return dict((name, head) for head, name in re.findall(
            r"((?:^@(?:anchor|c |cindex).*\n)*)^@section (.*)$", self.read("doc/filters.texi"), re.M))

    def test_what_belongs_to_a_section_stays_with_it(self):
        self.edit("doc/filters.texi", "@section hflip\n",
                  "@c mirrors\n@anchor{hflip}\n@cindex mirror\n@section hflip\n")
        before, whole = self.heads(), trees.snapshot(self.tree)
        self.patched()
        behind = self.heads()
        self.assertEqual(behind["hflip"], "@c hcd filters: end\n" + before["hflip"])
        del behind["hflip"], before["hflip"]
        self.assertEqual(behind["hcd_up"], "@anchor{hcd_up}\n")
        self.assertEqual({name: head for name, head in behind.items() if not name.startswith("hcd_")}, before)
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), whole)

    def test_what_belongs_to_a_line_stays_with_it(self):
        hflip = "OBJS-$(CONFIG_HFLIP_FILTER) "
        lut = "vf_lut3d.o framesync.o\nOBJS-$(CONFIG_HFLIP_F"
        cases = (("libavfilter/Makefile", hflip, f"# mirrors\n{hflip}"),
                 ("libavfilter/Makefile", hflip, f"\n# mirrors\n{hflip}"),
                 ("libavfilter/Makefile", lut, lut.replace(" framesync.o", " \\\n  framesync.o\n# mirrors")),
                 ("libavfilter/allfilters.c", "extern const AVFilter ff_vf_hflip;",
                  "/* mirrors,\n * of two kinds */\nextern const AVFilter ff_vf_hflip;"),
                 ("configure", "hflip_vulkan_filter_deps", "# mirrors\nhflip_vulkan_filter_deps"),
                 ("configure", "enabled libilbc ", "# a codec\nenabled libilbc "))
        for name, old, new in cases:
            with self.subTest(new=new):
                text = self.read(name)
                self.edit(name, old, new)
                whole = trees.snapshot(self.tree)
                self.patched()
                for group in new.split("\n# mirrors"):
                    self.assertIn(group.lstrip(), self.read(name))
                self.assertEqual(trees.patch(self.tree, "--check")[0], 0)
                self.patched("--revert")
                self.assertEqual(trees.snapshot(self.tree), whole)
                self.write(name, text)

    def test_only_the_spelling_is_the_neighbours(self):
        self.edit("libavfilter/allfilters.c", "ff_vf_hflip;", "ff_vf_hflip; // mirrors")
        self.patched()
        self.assertIn("extern const AVFilter ff_vf_hcd_down;\nextern const AVFilter ff_vf_hcd_up;\n",
                      self.read("libavfilter/allfilters.c"))

    def test_never_under_a_condition(self):
        self.edit("libavfilter/Makefile", "OBJS-$(CONFIG_HALDCLUT_FILTER) ",
                  "ifdef CONFIG_GPL\nOBJS-$(CONFIG_HALDCLUT_FILTER) ")
        self.edit("libavfilter/Makefile", "OBJS-$(CONFIG_HISTEQ_FILTER) ",
                  "endif\nOBJS-$(CONFIG_HISTEQ_FILTER) ")
        self.patched()
        self.assertEqual(self.neighbours("libavfilter/Makefile", r"OBJS-\$\(CONFIG_HCD_")[0], "endif")

    def test_neighbours_that_are_not_there(self):
        for name, old in (("libavfilter/Makefile", r"OBJS-\$\(CONFIG_H(ALDCLUT|FLIP)_FILTER\).*\n"),
                          ("libavfilter/Makefile", r"SKIPHEADERS-\$\(CONFIG_(LIB|QSV|OPENCL|VAAPI|VULKAN).*\n"),
                          ("libavfilter/allfilters.c", r".*ff_vf_h(aldclut|flip);\n"),
                          ("configure", r" *(--enable-)?(libiec61883|libilbc|libgsm)( .*)?\n")):
            self.write(name, re.sub(old, "", self.read(name)))
        self.edit("doc/filters.texi", "@section hflip\n", "@section horizontal\n")
        whole = trees.snapshot(self.tree)
        self.patched()
        self.assertEqual(trees.patch(self.tree, "--check")[0], 0)
        self.assertIn("GUIDED", self.neighbours("libavfilter/Makefile", r"OBJS-\$\(CONFIG_HCD_")[0])
        self.assertIn("LCMS2", self.neighbours("libavfilter/Makefile", r"SKIPHEADERS-\$\(CONFIG_LIBHCD")[0])
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), whole)


class Files(trees.ReducedTree):
    def test_links_and_back_to_copies(self):
        path = self.path("libavfilter/vf_hcd_down.c")
        self.patched("--link")
        self.assertTrue(os.path.islink(path))
        self.assertEqual(trees.patch(self.tree, "--check")[0], 0)
        self.patched()
        self.assertFalse(os.path.islink(path))
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_links_of_a_checkout_that_has_moved(self):
        self.patched("--link")
        for name in filter_names():
            os.remove(self.path(f"libavfilter/{name}"))
            os.symlink(f"/nonexistent/filter/{name}", self.path(f"libavfilter/{name}"))
        self.patched("--link")
        self.assertEqual(trees.patch(self.tree, "--check")[0], 0)

    def test_links_of_the_tree_stay(self):
        for link in ((), ("--link",)):
            with self.subTest(link=link):
                outside = os.path.join(self.home, "outside")
                os.mkdir(outside)
                for name in ("configure", "libavfilter", "doc/filters.texi"):
                    target = os.path.join(outside, os.path.basename(name))
                    shutil.move(self.path(name), target)
                    os.symlink(os.path.relpath(target, os.path.dirname(self.path(name))), self.path(name))
                before, there = trees.snapshot(self.tree), trees.snapshot(outside)
                self.patched(*link)
                self.assertEqual(trees.patch(self.tree, "--check")[1], "patched\n")
                after = trees.snapshot(self.tree)
                for name in ("configure", "doc/filters.texi"):
                    self.assertEqual(after[name], before[name])
                self.assertTrue(os.path.islink(self.path("libavfilter")))
                with open(os.path.join(outside, "configure"), encoding="utf-8") as file:
                    self.assertIn("libhcd", file.read())
                self.patched("--revert")
                self.assertEqual((trees.snapshot(self.tree), trees.snapshot(outside)), (before, there))
                shutil.rmtree(self.tree)
                shutil.rmtree(outside)
                shutil.copytree(self.pristine, self.tree)

    def test_line_ends_and_modes_are_kept(self):
        path = self.path("doc/filters.texi")
        with open(path, "rb") as file:
            data = file.read().replace(b"\n", b"\r\n")
        with open(path, "wb") as file:
            file.write(data + b"no line end")
        os.chmod(self.path("configure"), 0o751)
        before = trees.snapshot(self.tree)
        self.patched()
        with open(path, "rb") as file:
            self.assertNotIn(b"\n", file.read().replace(b"\r\n", b""))
        self.assertEqual(os.stat(self.path("configure")).st_mode & 0o777, 0o751)
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), before)

    def test_line_ends_that_git_changed(self):
        """core.autocrlf: our files are still known, and still ours."""
        self.patched()
        for name in (*filter_names(), "hcd_compat.h"):
            self.edit(f"libavfilter/{name}", "\n", "\r\n")
        self.assertEqual(trees.patch(self.tree, "--check")[1], "patched\n")
        self.assertEqual(self.patched(), "nothing to do\n")
        self.edit("libavfilter/vf_hcd_up.c", "\r\n#include", "\r\n/* mine */\r\n#include")
        self.refused("vf_hcd_up.c", "edited", arguments=["--revert"])
        self.edit("libavfilter/vf_hcd_up.c", "/* mine */\r\n", "")
        self.patched("--revert")
        self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_paths(self):
        for name in (b"a tree", "b\u00e4um".encode(), b"\xe9rable", b"-x", b"it's"):
            with self.subTest(name=name):
                tree = os.path.join(os.fsencode(self.home), name)
                shutil.copytree(os.fsencode(self.tree), tree)
                for arguments in (["--diff"], ["--dry-run", "--link"], ["--link"], ["--check"], [], ["--revert"]):
                    for locale in ("C", "C.UTF-8") if name == b"\xe9rable" else ("C",):
                        done = subprocess.run([trees.PATCHER, *arguments, "--", name], cwd=self.home, check=False,
                                              env=dict(os.environ, LC_ALL=locale), stdout=subprocess.PIPE,
                                              stderr=subprocess.PIPE)
                        self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(trees.snapshot(os.fsdecode(tree)), self.before)
                os.remove(os.path.join(tree, b"configure"))
                done = subprocess.run([trees.PATCHER, "--", tree], check=False, stderr=subprocess.PIPE)
                self.assertIn(tree + b": looked for configure", done.stderr)


class Diff(trees.ReducedTree):
    def apply(self, diff):
        subprocess.run(["git", "apply", "--unsafe-paths", f"--directory={self.tree}", "-"], cwd="/", check=True,
                       input=diff.encode("utf-8", "surrogateescape"))

    def test_of_a_linked_tree(self):
        self.patched()
        copied = trees.snapshot(self.tree)
        self.assertEqual(self.patched("--diff"), "")
        self.patched("--link")
        self.assertEqual(self.patched("--diff", "--link"), "")
        self.apply(self.patched("--diff"))
        self.assertEqual(trees.snapshot(self.tree), copied)

    def test_of_a_revert(self):
        for link in ((), ("--link",)):
            self.patched(*link)
            reverse = self.patched("--diff", "--revert")
            self.assertIn("remove libavfilter/vf_hcd_up.c\n", self.patched("--dry-run", "--revert"))
            self.apply(reverse)
            self.assertEqual(trees.snapshot(self.tree), self.before)

    def test_of_strange_lines(self):
        """No line end at the end, form feeds, bytes that are not UTF-8."""
        with open(self.path("doc/filters.texi"), "rb") as file:
            data = file.read().replace(b"@section hflip\n", b"\x0cx\x85\xe9\r y\n@section hflip\n")
        with open(self.path("doc/filters.texi"), "wb") as file:
            file.write(data)
        text = self.read("libavfilter/Makefile")
        self.write("libavfilter/Makefile", text[:text.index("\nOBJS-$(CONFIG_HFLIP_FILTER)")])
        self.edit("libavfilter/Makefile", "\nOBJS-$(CONFIG_A", "\nSKIPHEADERS-$(CONFIG_LCMS2) += x.h\nOBJS-$(CONFIG_A")
        diff = self.patched("--diff", "--link")
        self.patched()
        whole = trees.snapshot(self.tree)
        self.patched("--revert")
        self.apply(diff)
        self.assertEqual(trees.snapshot(self.tree), whole)


if __name__ == "__main__":
    unittest.main()
