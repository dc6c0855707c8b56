#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm report: its page and its table, of job folders in all states."""

import re
import unittest
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

from job_folders import LENGTH, NOW, FolderTest, chunk_found, output, title

from hcd.farm import falling
from hcd.farm.causes import cause
from hcd.farm.job import STOPPED, Job, Record, Task
from hcd.farm.report import COLUMNS, write
from hcd.files import read_csv

VOID = ("meta", "br", "path")  # path: of SVG, closed in itself
KNOWN = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li", "a", "div", "table", "thead",
         "tbody", "tr", "th", "td", "span", "small", "section", "details", "summary", "svg", "path", "pre", "br"}


class Page(HTMLParser):
    """Its elements, words and links; anything that is not closed where it should be is a fault."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.faults, self.links, self.ids, self.words, self.bars = [], [], [], [], [], 0
        self.feed(text)
        self.close()
        self.text = re.sub(r"\s+", " ", "".join(self.words))
        self.faults += [f"{tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in KNOWN:
            self.faults.append(f"{tag} is not expected")
        self.faults += [f"{name} at {tag}" for name in found if name.startswith("on") or name == "src"]
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        if found.get("class") == "chunk":
            self.bars += found["d"].count("M")
        if tag == "path" and found.get("class") == "falls":
            self.open.append(tag)  # it holds a title
        elif tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        before = list(self.open)
        self.handle_starttag(tag, attrs)
        self.open = before

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"{tag} is closed, and was not open")

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


class ReportTest(FolderTest):
    def page(self) -> Page:
        path = write(Job(self.path), now=NOW)
        self.assertEqual(path, self.job.path / "report.html")
        text = path.read_text(encoding="utf-8")
        found = Page(text)
        self.assertEqual(found.faults, [])
        self.assertNotIn("http", text)
        self.assertNotIn("<script", text)
        for link in found.links:
            if link.startswith("#"):
                self.assertIn(link[1:], found.ids)
        self.assertEqual(sorted(each.name for each in self.path.iterdir() if each.name.startswith("report")),
                         ["report.csv", "report.html"])
        return found

    def rows(self) -> list[dict]:
        return read_csv(self.path / "report.csv")

    def finished(self, number: int = 0, chunks: int = 4, **found: object) -> None:
        self.done("probe", number, ago=400, seconds=10)
        for index in range(chunks):
            self.done("chunk", number, index, ago=300)
        self.done("join", number, ago=200, seconds=5)
        self.done("check", number, ago=100, seconds=20, found={"outputs": [output(f"t{number}")], **found})


class PageTest(ReportTest):
    def test_nothing_begun(self):
        self.plan(title("film.mkv"))
        page = self.page()
        self.assertIn("1: 0 done, 0 failed, 1 open", page.text)
        self.assertIn("not known: no title is done", page.text)
        self.assertIn("No task has run yet.", page.text)
        self.assertNotIn("What failed", page.text)
        self.assertEqual(page.bars, 0)
        self.assertEqual([(row["title"], row["state"], row["bits"], row["why"]) for row in self.rows()],
                         [("film.mkv", "waiting", "", "")])

    def test_a_finished_title(self):
        self.plan(title("film.mkv"))
        self.finished()
        page = self.page()
        for words in ("1: 1 done, 0 failed, 0 open", "960x540", "lite", "500", "40.25 dB", "vmaf-neg 91.50", "8000000: 1 MB"):
            self.assertIn(words, page.text)
        # 16 s of source; 4 chunks of 50 s, and 35 s of the rest
        self.assertIn(f"hours of source per node-hour {16 / 235:.3g}", page.text.replace("hour0", "hour 0"))
        self.assertIn("./out/t0.mkv", page.links)
        self.assertEqual(page.bars, 4)
        row, = self.rows()
        self.assertEqual(tuple(row), COLUMNS)
        expected = {"title": "film.mkv", "state": "done", "output": "half", "file": "out/t0.mkv", "size": "960x540",
                    "model": "lite",
                    "bits": "8000000", "kbit_per_s": "500.000", "psnr": "40.250", "measure": "vmaf-neg", "value": "91.500",
                    "frames": "400", "seconds": "16.000", "source_frames": "400", "source_seconds": "16.000", "chunks": "4",
                    "chunks_done": "4", "weakest_chunks": "", "most_attempts": "1", "elapsed_seconds": "310.0",
                    "node_seconds": "235.0", "cpu_seconds": "235.0", "why": ""}
        self.assertEqual(row, expected)

    def test_a_row_for_each_output(self):
        self.plan(title("film.mkv", 1))
        self.done("chunk", found=chunk_found(rungs=("540.lite", "270.bicubic")))
        self.done("check", found={"outputs": [output("a"), output("b", value=None, measure="", size=[480, 270])]})
        self.assertEqual(self.page().bars, 2)
        self.assertEqual([(row["output"], row["file"], row["size"], row["value"]) for row in self.rows()],
                         [("540.lite", "out/a.mkv", "960x540", "91.500"), ("270.bicubic", "out/b.mkv", "480x270", "")])

    def test_what_failed(self):
        self.plan(title("a.mkv"), title("b.mkv", 0, failed="b.mkv: expected a video,\nfound none"), title("c.mkv"),
                  title("d.mkv"))
        self.done("chunk", 0, 0)
        self.fails("chunk", 0, 1, "ffmpeg: No space left on device\nand more", attempt=3)
        self.fails("chunk", 0, 2, "ffmpeg: No space left on device\nand more", node="n3")
        self.runs("chunk", 2, 0, age=500, seconds=600)
        self.put(Task("chunk", 3), Record(STOPPED, "n1", begun=NOW - 50, ended=NOW - 40, text="stopped by SIGTERM after 10 s"),
                 40)
        page = self.page()
        for words in ("What failed", "chunk 1, chunk 2 (on n2, n3): ffmpeg: No space left on device",
                      "Free some room, and resume.",
                      "b.mkv: when it was planned: b.mkv: expected a video,", "found none", "and more",
                      "chunk 0 (on n1): nothing was heard of it any more", "chunk 0 (on n1): stopped by SIGTERM after 10 s",
                      "chunk 1: attempt 3, failed on n2"):
            self.assertIn(words, page.text)
        rows = {row["title"]: row for row in self.rows()}
        self.assertEqual([rows[name]["state"] for name in ("a.mkv", "b.mkv", "c.mkv", "d.mkv")],
                         ["failed", "failed", "running", "stopped"])
        self.assertEqual(rows["b.mkv"]["why"], "when it was planned: b.mkv: expected a video,")
        self.assertEqual(rows["a.mkv"]["kbit_per_s"], "200.000")  # of the chunk that is done
        self.assertEqual(rows["a.mkv"]["most_attempts"], "3")

    def test_names_of_all_kinds_are_words(self):
        names = ("<script>alert(1)</script>", "a&amp;b.mkv", "\"'></a><b>.mkv", "a\nb\x1b[0m.mkv", "漢字.mkv", "\u202egnp.mkv",
                 "bytes\udcff.mkv", "'=1+1.mkv", "C:\\x?#%.mkv", "")
        self.plan(*(title(name, 1) for name in names), name="<i>job")
        for number, name in enumerate(names):
            self.done("chunk", number, 0, found=chunk_found(rungs=(name or "rung",), cpu=name), node=name,
                      said=[f"warning: {name}", name])
            found = {"outputs": [output(name, size=name, model=name, measure=name)], "warnings": [name], "weakest": [name]}
            if number % 2:
                self.done("check", number, found=found)
            else:
                self.fails("check", number, f"{name}\n{name}", node=name, attempt=2)
        page = self.page()
        for name in ("<script>alert(1)</script>", "a&amp;b.mkv", "\"'></a><b>.mkv", "a\\nb\\x1b[0m.mkv", "漢字.mkv",
                     "\\u202egnp.mkv",
                     "bytes\\udcff.mkv", "<i>job"):
            self.assertIn(name, page.text)
        links = [unquote_to_bytes(link) for link in page.links if link.startswith("./")]
        self.assertIn("./out/a\nb\x1b[0m.mkv.mkv".encode(), links)
        self.assertIn(b"./out/'=1+1.mkv.mkv", links)
        self.assertEqual(self.rows()[3]["title"], "a\nb\x1b[0m.mkv")
        self.assertEqual(len(self.rows()), len(names))

    def test_links_are_paths(self):
        for name in ("javascript:alert(1)", "C:\\x?#%20.mkv", "bytes\udcff"):
            self.plan(title("film.mkv", 1))
            self.done("check", found={"outputs": [output("x", file=name)]})
            links = [link for link in self.page().links if link.startswith("./")]
            self.assertEqual([unquote_to_bytes(link) for link in links], [b"./" + name.encode("utf-8", "surrogateescape")])
            self.assertFalse(set(":?#") & set(links[0]))

    def test_wrong_shapes_of_what_was_found(self):
        """Records are whole, and hold what nobody expects."""
        odd = ({}, {"outputs": None}, {"outputs": [1, None, "x"]}, {"outputs": [{}]}, {"outputs": {"a": 1}},
               {"outputs": [{"bits": "many", "seconds": 0, "psnr": "high", "value": float("nan"), "file": None, "size": 3}]},
               {"warnings": [1], "weakest": 3})
        self.plan(*(title(f"{number}.mkv", 2) for number in range(len(odd))))
        for number, found in enumerate(odd):
            self.done("chunk", number, 0, found={"half": {"psnr": None, "bytes": "x"}, "cpu_model": 7})
            self.done("chunk", number, 1, found={"half": 3})
            self.done("check", number, found=found)
        self.page()
        self.assertEqual(len(self.rows()), len(odd))

    def test_damaged_records(self):
        self.plan(title("film.mkv", 2))
        self.done("chunk", 0, 0)
        self.done("chunk", 0, 1)
        self.job.record_file(Task("chunk", 0, 1)).write_bytes(b"{")
        self.assertEqual(self.page().bars, 1)
        self.assertEqual(self.rows()[0]["chunks_done"], "1")

    def test_a_job_without_titles(self):
        self.plan()
        self.assertIn("0: 0 done, 0 failed, 0 open", self.page().text)
        self.assertEqual([set(row.values()) for row in self.rows()], [{""}])

    def test_nodes_and_their_cpus(self):
        self.plan(title("film.mkv", 3))
        self.done("chunk", 0, 0, node="n1", seconds=50)
        self.done("chunk", 0, 1, node="n2", seconds=25, found=chunk_found(cpu="CPU A"))
        self.assertNotIn("kinds of CPU", self.page().text)
        self.done("chunk", 0, 2, node="n2", seconds=25, found=chunk_found(cpu="CPU B"))
        text = self.page().text
        self.assertIn("Chunks were made by 2 kinds of CPU (CPU A; CPU B)", text)
        for rate in ("2.00", "4.00"):
            self.assertIn(rate, text)

    def test_warnings_stand_there_once(self):
        self.plan(title("film.mkv", 3))
        for index in range(3):
            self.done("chunk", 0, index, said=["encode: warning: it is interlaced", f"chunk {index}"])
        text = self.page().text
        self.assertEqual(text.count("it is interlaced"), 1)
        self.assertIn("it is interlaced (said by 3 tasks)", text)
        self.assertIn("chunk 2", text)

    def test_a_report_over_an_older_one(self):
        self.plan(title("film.mkv"))
        self.page()
        self.finished()
        self.assertIn("1: 1 done", self.page().text)


class QualityTest(ReportTest):
    def chunks(self, *psnrs: float) -> Page:
        self.plan(title("film.mkv", len(psnrs)))
        for index, psnr in enumerate(psnrs):
            self.done("chunk", 0, index, found=chunk_found(psnr))
        return self.page()

    def test_one_that_falls_off_is_named_with_its_time(self):
        page = self.chunks(*[40.0, 40.3, 39.8] * 4, 35.5, 40.1)
        self.assertIn("chunk 12, 0:00:48.0 to 0:00:52.0: 35.50 dB, 4.5 dB below the middle one", page.text)
        self.assertEqual(page.bars, 13)  # it has its own
        self.assertEqual(self.rows()[0]["weakest_chunks"], "12")

    def test_its_time_is_that_of_the_frames(self):
        """Of a source with frames of different lengths."""
        self.plan(title("film.mkv", 6))
        for index in range(6):
            self.done("chunk", 0, index, found=chunk_found(30.0 if index == 2 else 40.0))
        times = [500 + 10 * number + (5000 if number >= 2 * LENGTH else 0) for number in range(6 * LENGTH)]
        lines = ["#tb 0: 1/1000"] + [f"0, {time}, {time}, 10, 100, 0xabcdef" for time in times]
        (self.job.folder(0) / "frames.crc").write_text("\n".join(lines) + "\n", encoding="ascii")
        self.assertIn("chunk 2, 0:00:07.0 to 0:00:08.0: 30.00 dB", self.page().text)
        (self.job.folder(0) / "frames.crc").write_bytes(b"0, 1, x\n\xff")
        self.assertIn("chunk 2, 0:00:08.0 to 0:00:12.0: 30.00 dB", self.page().text)

    def test_equal_qualities(self):
        page = self.chunks(40.0, 40.0, 40.0)
        self.assertNotIn("falls off", page.text)
        self.assertEqual(page.bars, 3)

    def test_one_chunk(self):
        self.assertIn("from 40.00 to 40.00 dB", self.chunks(40.0).text)

    def test_without_loss(self):
        self.assertEqual(self.chunks(float("inf"), float("inf"), 41.0).bars, 2)
        self.assertEqual(self.chunks(float("nan")).bars, 0)

    def test_those_that_are_not_done_have_their_place(self):
        self.plan(title("film.mkv", 3))
        self.done("chunk", 0, 2)
        self.assertIn("flat and grey: not done", self.page().text)


class FallingTest(unittest.TestCase):
    def test_weakest(self):
        spread = [40.0 + step for step in (-1, -0.5, 0, 0.5, 1)] * 4  # median 40, of deviations 0.5: 2.2239 dB
        for psnrs, found in (([], []), ([40.0], []), ([40.0] * 9, []), ([40.0] * 9 + [38.6], []), ([40.0] * 9 + [38.5], [9]),
                             ([40.0] * 9 + [38.4], [9]), ([41.5] + [40.0] * 8, []), (spread + [37.7], [20]),
                             (spread + [37.8], []),
                             ([30.0] + spread + [20.0], [0, 21]), ([40.0, 30.0], []), ([None, 40.0, None, 40.0, 40.0, 30.0], [5]),
                             ([float("nan"), 40.0, 40.0, 30.0], [3]), ([float("inf")] * 3 + [50.0], [3]), ([None], [])):
            self.assertEqual(falling.weakest(psnrs), found, psnrs)

    def test_middle(self):
        self.assertEqual(falling.middle([1.0, None, 3.0]), 2.0)


class CauseTest(unittest.TestCase):
    def test_what_is_known(self):
        for text, words in (("half: ffmpeg: out.mp4: No space left on device", "A disk was full"),
                            ("node n2: expected the build 1 of the plan, found 2: ffmpeg differs", "another build"),
                            ("a.mkv: expected the file that was planned (3 bytes), found another (4 bytes): it has changed; "
                             "plan it again", "not the file any more"),
                            ("node n1: expected /a.mkv, found none: is it mounted here?", "mounted"),
                            ("stopped by SIGTERM after 3 s, at the limit on its time (scripts/farm run --time)", "longer than"),
                            ("ffmpeg: ended by SIGKILL", "killed"), ("stopped by SIGINT after 3 s", "from outside"),
                            ("else", "")):
            with self.subTest(text):
                self.assertIn(words, cause(text))
                self.assertEqual(bool(words), bool(cause(text)))


if __name__ == "__main__":
    unittest.main()
