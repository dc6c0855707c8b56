# SPDX-License-Identifier: BSD-2-Clause
"""docs/architecture.md tells the layers that CMake keeps, and no others."""

import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("HCD_TEST_SOURCE", os.getcwd()))


def documented():
    table = (SOURCE / "docs/architecture.md").read_text().split("| library |")[0]
    rows = re.findall(r"^\| `([\w/.]+)` \|[^|]*\|([^|]*)\|$", table, re.M)
    return {folder: set(re.findall(r"`([\w/.]+)`", layers)) for folder, layers in rows}


def kept():
    lists = {}
    for file in (SOURCE / "core").rglob("CMakeLists.txt"):
        text = file.read_text()
        for folder, layers in re.findall(r"hcd_may_include\(([\w/.]+)([^)]*)\)", text):
            lists[folder] = set(layers.split())
        for folder, rest in re.findall(r"hcd_layer\(([\w/]+) ([^)]*)\)", text):
            lists[folder] = set(rest.split("MAY_INCLUDE")[1].split()) if "MAY_INCLUDE" in rest else set()
    return lists


class Layers(unittest.TestCase):
    def test_documents_and_cmake_agree(self):
        self.assertEqual(documented(), kept())

    def test_every_folder_is_a_layer(self):
        folders = {path.parent.relative_to(SOURCE / "core").as_posix()
                   for path in (SOURCE / "core").rglob("*") if path.suffix in (".cpp", ".h", ".cu")}
        layers = kept()
        for folder in folders - {"include/hcd", "engine"}:
            self.assertTrue(any(f"{folder}/".startswith(f"{layer}/") for layer in layers), folder)


if __name__ == "__main__":
    unittest.main()
