# SPDX-License-Identifier: BSD-2-Clause
"""The structs, numbers and functions of the binding are those of the header: a C program prints the header's."""

import ctypes
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import hcd
from hcd import _header as header
from hcd._library import _FUNCTIONS

INCLUDE = Path(os.environ["HCD_TEST_SOURCE"]) / "core" / "include"
CC = os.environ.get("HCD_TEST_CC", "cc")
COMMENTS = re.compile(r"/\*.*?\*/", re.S)


def header_text() -> str:
    """Without comments."""
    return COMMENTS.sub("", "".join((INCLUDE / "hcd" / name).read_text() for name in ("status.h", "hcd.h")))


def bodies(text: str, kind: str) -> dict[str, str]:
    return {name: body for body, name in re.findall(rf"typedef {kind} \w+ {{(.*?)\n?}} (\w+);", text, re.S)}


def field_names(body: str) -> list[str]:
    """Of a struct, in their order."""
    body = re.sub(r"struct {.*?}", "struct ", body, flags=re.S)
    return [re.sub(r"\[.*|\W", "", part.split()[-1]) for line in body.split(";") if line.strip()
            for part in line.split(",")]


def in_c(lines: list[str], include: Path) -> list[str]:
    """What a program prints that has these lines in its main()."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "facts.c", Path(folder) / "facts"
        source.write_text("#include <hcd/hcd.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines)
                          + "\n    return 0;\n}\n")
        done = subprocess.run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{include}", source, "-o", program],
                              capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(f"the program does not compile:\n{done.stderr}")
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()


def places_in_c(include: Path, text: str) -> list[str]:
    """"struct field offset size" of every field in the header's own order, and "struct size"."""
    lines = []
    for struct, body in bodies(text, "struct").items():
        if struct not in ("hcd_down_params", "hcd_up_params"):  # of options, by name
            lines += [f'    printf("{struct} {field} %zu %zu\\n", offsetof({struct}, {field}), '
                      f"sizeof((({struct} *)0)->{field}));" for field in field_names(body)]
            lines.append(f'    printf("{struct} %zu\\n", sizeof({struct}));')
    return in_c(lines, include)


def places_here() -> list[str]:
    lines = []
    for name, struct in header.STRUCTS.items():
        for field, *_ in struct._fields_:
            place = getattr(struct, field)
            lines.append(f"{name} {field} {place.offset} {place.size}")
        lines.append(f"{name} {ctypes.sizeof(struct)}")
    return lines


class HeaderTest(unittest.TestCase):
    maxDiff = None

    def test_structs(self):
        self.assertEqual(sorted(places_here()), sorted(places_in_c(INCLUDE, header_text())))

    def test_a_changed_struct_is_seen(self):
        """The check of above fails for each kind of change."""
        for old, new in (("} hcd_stats;", "    HCD_SLOT int later;\n} hcd_stats;"),
                         ("int shift; ", "int64_t shift; "),
                         ("    int steps; ", "    int moves; "),
                         ("char resize[16];", "char resize[24];"),
                         ("int needs_weights;", "int needs_weights, more;")):
            with self.subTest(new), tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "hcd").mkdir()
                for name in ("hcd.h", "status.h", "options.def"):
                    text = (INCLUDE / "hcd" / name).read_text()
                    if name == "hcd.h":
                        self.assertEqual(text.count(old), 1)
                        text = changed = text.replace(old, new)
                    (Path(folder) / "hcd" / name).write_text(text)
                self.assertNotEqual(sorted(places_here()),
                                    sorted(places_in_c(Path(folder), COMMENTS.sub("", changed))))

    def test_what_a_client_says(self):
        fields = [f"{name} {getattr(header.ClientStatsStruct, name).offset}"
                  for name, _ in header.ClientStatsStruct._fields_]
        there = in_c([f'    printf("{name} %zu\\n", offsetof(hcd_stats, client[0].{name}) - offsetof(hcd_stats, client));'
                      for name in ("name", "psnr_plain", "psnr")]
                     + ['    printf("%zu\\n", sizeof(((hcd_stats *)0)->client[0]));'], INCLUDE)
        self.assertEqual([*fields, str(ctypes.sizeof(header.ClientStatsStruct))], there)

    def test_enumerations(self):
        found = bodies(header_text(), "enum")
        self.assertEqual(set(found), {*header.ENUMS, "hcd_device"})
        for name, kind in header.ENUMS.items():
            words = re.findall(r"HCD_\w+", found[name])
            there = in_c([f'    printf("{word} %d\\n", {word});' for word in words], INCLUDE)
            prefix = {"hcd_status": "", "hcd_log_level": "LOG_", "hcd_shader_variant": "SHADER_"}.get(name, name.removeprefix("hcd_").upper() + "_")
            self.assertEqual([f"HCD_{prefix}{each.name} {each.value}" for each in kind], there)

    def test_constants(self):
        names = {"HCD_AUTO": header.AUTO, "HCD_FRAME_PLAIN": header.FRAME_PLAIN, "HCD_MAX_CLIENTS": header.MAX_CLIENTS}
        self.assertEqual(in_c([f'    printf("%d\\n", {name});' for name in names], INCLUDE),
                         [str(value) for value in names.values()])

    def test_functions(self):
        """Each that the header has, with as many arguments."""
        there = {}
        for name, arguments in re.findall(r"^HCD_API [\w ]+?[ *](hcd_\w+)\((.*?)\);", header_text(), re.S | re.M):
            there[name] = 0 if arguments == "void" else arguments.count(",") + 1
        self.assertEqual({name: len(arguments) for name, (_, arguments) in _FUNCTIONS.items()}, there)

    def test_names_of_statuses(self):
        for status in hcd.Status:
            self.assertEqual(hcd._library.LIBRARY.hcd_status_name(status).decode(), f"HCD_{status.name}")

    def test_version(self):
        numbers = [re.search(rf"HCD_VERSION_{part} (\d+)", header_text())[1] for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual((hcd.version(), hcd.__version__), (".".join(numbers),) * 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
