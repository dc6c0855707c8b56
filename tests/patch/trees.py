# SPDX-License-Identifier: BSD-2-Clause
"""FFmpeg source trees for the tests: Debian's source packages, kept in build/downloads."""

import atexit
import contextlib
import functools
import glob
import importlib.machinery
import importlib.util
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

SOURCE = os.environ.get("HCD_TEST_SOURCE", os.getcwd())
DOWNLOADS = os.path.join(SOURCE, "build", "downloads")
PATCHER = os.path.join(SOURCE, "configure_patch")

# Suites and the version wanted of each, which may carry several. Where it carries none of that version its
# newest is used.
NEWER_SUITES = {"trixie": "7.1", "sid": "8.1", "forky": "9.0"}


class Unreachable(Exception):
    """A suite that cannot be had now."""


def installed_mirror():
    """Where this machine gets Debian's packages from."""
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)",
                            "Created-By: Packages", "Origin: Debian", "Component: main"],
                           stdout=subprocess.PIPE, text=True, check=False).stdout.split("\n")
    mirrors = [line.split()[0] for line in lines if line and "security" not in line]
    if not mirrors:
        raise Unreachable("no Debian mirror is configured")
    return mirrors[0]


def source_package(apt_options, version):
    """The name by which apt-get knows the ffmpeg of that version, or of the newest."""
    listing = subprocess.run(["apt-cache", *apt_options, "showsrc", "--only-source", "ffmpeg"],
                             stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.findall(rf"^Version: ((?:\d+:)?{re.escape(version)}\..*)$", listing, re.M)
    return f"ffmpeg={found[-1]}" if found else "ffmpeg"


def download(suite, version):
    """The orig tarball of the suite's ffmpeg; fetched once, with lists of its own."""
    folder = os.path.join(DOWNLOADS, f"ffmpeg-{suite}-{version}")
    found = glob.glob(os.path.join(folder, "*.orig.tar.xz"))
    if found:
        return found[0]
    part = folder + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(os.path.join(part, "lists", "partial"))
    sources = os.path.join(part, "sources.list")
    with open(sources, "w", encoding="utf-8") as file:
        file.write(f"deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                   f"{installed_mirror()} {suite} main\n")
    options = ["-qq", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-",
               "-o", f"Dir::State::Lists={part}/lists", "-o", "APT::Sandbox::User=root"]
    for command in (["update"], ["source", "--download-only"]):
        package = [source_package(options, version)] if command[0] == "source" else []
        done = subprocess.run(["apt-get", *options, *command, *package], cwd=part, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        # A mirror between two versions may lack the Debian part: the tarball alone will do.
        if done.returncode != 0 and not glob.glob(os.path.join(part, "*.orig.tar.xz")):
            shutil.rmtree(part, ignore_errors=True)
            raise Unreachable(f"suite {suite}: {done.stdout.strip().splitlines()[-1:]}")
    shutil.rmtree(os.path.join(part, "lists"))
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(part, folder)
    return glob.glob(os.path.join(folder, "*.orig.tar.xz"))[0]


def oldest():
    """The tarball that scripts/setup fetched."""
    found = glob.glob(os.path.join(DOWNLOADS, "ffmpeg", "*.orig.tar.xz"))
    return found[0] if found else download("bookworm", "5.1")


def unpack(tarball, folder):
    """Unpacks a tarball into `folder`; returns the tree."""
    with tarfile.open(tarball) as archive:
        archive.extractall(folder)
    return os.path.join(folder, os.listdir(folder)[0])


# What configure_patch reads of a tree.
PATCHED_FILES = ("configure", "libavfilter/allfilters.c", "libavfilter/Makefile", "doc/filters.texi")
READ_FILES = (*PATCHED_FILES, "libavfilter/version.h", "libavfilter/version_major.h", "libavfilter/internal.h",
              "libavfilter/filters.h", "libavutil/frame.h")


@functools.cache
def reduced_tree():
    """Unpacked once: the folder goes when the tests end."""
    home = tempfile.TemporaryDirectory()
    atexit.register(home.cleanup)
    with tarfile.open(oldest()) as archive:
        for member in archive:
            member.name = member.name.split("/", 1)[-1]
            if member.name in READ_FILES:
                archive.extract(member, home.name)
    return home.name


class ReducedTree(unittest.TestCase):
    """Tests on a tree of only those files; each gets a copy of its own, self.tree."""

    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home, self.tree, self.pristine = home.name, os.path.join(home.name, "tree"), reduced_tree()
        shutil.copytree(self.pristine, self.tree)
        self.before = snapshot(self.tree)

    def path(self, name):
        return os.path.join(self.tree, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def edit(self, name, old, new):
        text = self.read(name)
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def patched(self, *arguments):
        code, out, err = patch(self.tree, *arguments)
        self.assertEqual((code, err), (0, ""))
        return out

    def refused(self, *parts, arguments=(), unchanged=True):
        before = snapshot(self.tree)
        code, out, err = patch(self.tree, *arguments)
        self.assertEqual(code, 1, out)
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in parts:
            self.assertIn(part, err)
        if unchanged:
            self.assertEqual(out, "")
            self.assertEqual(snapshot(self.tree), before)


def snapshot(tree):
    """Everything that can be compared of a tree: path -> mode and content, or link."""
    state = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                state[os.path.relpath(path, tree)] = os.readlink(path)
                continue
            with open(path, "rb") as file:
                state[os.path.relpath(path, tree)] = (os.stat(path).st_mode, hash(file.read()))
    return state


def load_patcher():
    """configure_patch as a module: faster than a program of its own, and its writes can be made to fail."""
    loader = importlib.machinery.SourceFileLoader("configure_patch", PATCHER)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def patch(tree, *arguments):
    """Runs configure_patch; returns exit code, standard output, standard error."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = load_patcher().main([tree, *arguments])
    return code, *(stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err))
