# SPDX-License-Identifier: BSD-2-Clause
"""FFmpeg source trees for the tests: Debian's source packages, kept in build/downloads."""

import glob
import os
import re
import shutil
import subprocess
import tarfile

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


def patch(tree, *arguments):
    """Runs configure_patch; returns exit code, standard output, standard error."""
    done = subprocess.run([PATCHER, tree, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr
