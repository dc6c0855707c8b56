#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs built with headers of other versions run with today's library. The oldest header that
counts is kept in hcd-0.2.0/; ctest gives the tools and folders by environment."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
FROZEN = HERE / "hcd-0.2.0"
TODAY = Path(os.environ["HCD_TEST_SOURCE"]) / "core" / "include"
LIBRARY = Path(os.environ["HCD_TEST_LIBRARY"])
CC = os.environ.get("HCD_TEST_CC", "cc")

# Prints the fields of the structs, in order: type, place, size.
FIELDS = r"""
#include <hcd/hcd.h>
#include <stdio.h>
#define KIND(e) _Generic((e), const char *: "text", int: "int", int64_t: "int64", double: "double")
#define SHOW(name) printf("%s %s %zu\n", #name, KIND(((STRUCT *)0)->name), offsetof(STRUCT, name));
#define HCD_STR(name, def, help) SHOW(name)
#define HCD_ENUM(name, ...) SHOW(name)
#define HCD_INT(name, def, min, max, help) SHOW(name)
#define HCD_I64(name, def, min, max, help) SHOW(name)
#define HCD_NUM(name, def, min, max, help) SHOW(name)
#define HCD_AUTO_INT(name, min, max, runtime, help) SHOW(name)
#define HCD_AUTO_NUM(name, min, max, runtime, help) SHOW(name)
#define HCD_RETIRED_NUM(name) SHOW(name)
int main(void)
{
#include <hcd/options.def>
    return 0;
}
"""


def run(command: list[str | Path], **options: object) -> str:
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


class AbiTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def compile(self, source: Path, headers: Path, name: str, *flags: str) -> Path:
        program = self.folder / name
        run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", *flags, f"-I{headers}", source, LIBRARY,
             f"-Wl,-rpath,{LIBRARY.parent}", "-o", program])
        return program

    def headers(self, name: str, change) -> Path:
        """A copy of the frozen header, `change`d: the texts of hcd.h and options.def."""
        folder = self.folder / name
        shutil.copytree(FROZEN, folder)
        files = [folder / "hcd" / "hcd.h", folder / "hcd" / "options.def"]
        for path, text in zip(files, change(*[path.read_text() for path in files])):
            self.assertNotEqual(text, path.read_text())
            path.write_text(text)
        return folder

    def test_older_and_newer_programs_run(self) -> None:
        def newer(header: str, options: str) -> tuple[str, str]:
            """With an option more in each list, and a figure more in the statistics."""
            more = 'HCD_AUTO_NUM(later, 0, 1, 0, "of a later version")\nHCD_STR(last, "", "too")\n#endif'
            return (header.replace("} hcd_stats;", "    HCD_SLOT double later;\n} hcd_stats;"),
                    re.sub(r"(HCD_INT\(tile.*\n)#endif", lambda match: match[1] + more, options))

        def older(header: str, options: str) -> tuple[str, str]:
            """As if the last options had been appended later."""
            return (header.replace("HCD_VERSION_MINOR 2", "HCD_VERSION_MINOR 1"),
                    re.sub(r"HCD_(I64\(seed|INT\(threads|INT\(tile).*\n", "", options))

        client = HERE / "client.c"
        expected = run([self.compile(client, TODAY, "today")])
        self.assertRegex(expected, r"^32x24 sum \w+ psnr [0-9.]+ clients 1 opaque 1\n"
                                   r"64x48 sum \w+ psnr -?nan clients 0 opaque 1\nmodels \d+\n$")
        for name, headers in (("frozen", FROZEN), ("newer", self.headers("n", newer)),
                              ("older", self.headers("o", older))):
            with self.subTest(name):
                self.assertEqual(run([self.compile(client, headers, name)]), expected)

    def test_options_are_only_appended(self) -> None:
        source = self.folder / "fields.c"
        for kind in ("down", "up"):
            flags = f"-DSTRUCT=hcd_{kind}_params"
            source.write_text(FIELDS.replace("#include <hcd/options.def>",
                                             f"#define HCD_OPTIONS_{kind.upper()}\n#include <hcd/options.def>"))
            frozen = run([self.compile(source, FROZEN, f"{kind}_frozen", flags)]).splitlines()
            today = run([self.compile(source, TODAY, f"{kind}_today", flags)]).splitlines()
            self.assertGreaterEqual(len(frozen), 8)
            self.assertEqual(today[:len(frozen)], frozen,
                             "core/options/options.def: expected the options of 0.2.0 in their order, and new ones behind them")

    def test_other_structs_only_grow_at_their_ends(self) -> None:
        names = {"hcd_format": "width height layout depth shift range matrix siting device device_index "
                               "device_context reserved",
                 "hcd_frame": "data stride opaque flags device device_stream reserved",
                 "hcd_stats": "psnr_plain psnr steps time_ms move_rms n_clients client",
                 "hcd_model_variant": "scale parameters receptive_field macs built_in",
                 "hcd_model_info": "name description linear needs_weights planes paper licence "
                                   "has_downscale tiles_exactly variants n_variants"}
        lines = [f'    printf("{struct} {field} %zu\\n", offsetof({struct}, {field}));'
                 for struct, fields in names.items() for field in fields.split()]
        lines += [f'    printf("{struct} %zu\\n", sizeof({struct}));'
                  for struct in ("hcd_model_variant", "hcd_model_info")]
        source = self.folder / "places.c"
        source.write_text("#include <hcd/hcd.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines)
                          + "\n    return 0;\n}\n")
        self.assertEqual(run([self.compile(source, TODAY, "places_today")]),
                         run([self.compile(source, FROZEN, "places_frozen")]))

    def test_the_name_of_the_library_says_so(self) -> None:
        dynamic = run(["readelf", "-d", LIBRARY], env={**os.environ, "LC_ALL": "C"})
        self.assertIn("soname: [libhcd.so.1]", dynamic)


if __name__ == "__main__":
    unittest.main(verbosity=2)
