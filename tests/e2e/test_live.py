# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode --shader, and scripts/play with a player that enlarges by itself. The player is a stand-in that tells what it
was asked for; what a real one shows is test_shader.py's."""

import os
import unittest
from pathlib import Path

import ffmpeg
from scripts_case import Case
from shader_weights import changed

MPV = """#!/bin/sh
case "$*" in
*--vo=help*) echo "Available video outputs:
  {output}         Video output"; exit 0 ;;
esac
printf '%s\\n' "$@" >>"$PLAYED"
for word; do case $word in --glsl-shaders-append=*) cp "${{word#*=}}" "$PLAYED.glsl" ;; esac; done
[ "$*" != - ] || cat >"$PLAYED.nut"
exit {code}
"""


class Live(Case):
    def setUp(self):
        super().setUp()
        self.source = self.clip("source.mkv", "crop=96:64", frames=4)

    def watch(self, stream, *words, output="gpu-next", code=0, display=":9"):
        """What play says, and the words that mpv got."""
        programs = self.path("programs")
        programs.mkdir(exist_ok=True)
        (programs / "mpv").write_text(MPV.format(output=output, code=code))
        (programs / "mpv").chmod(0o755)
        played = self.path("played")
        for old in self.folder.glob("played*"):
            old.unlink()
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"PATH": f"{programs}:{os.environ['PATH']}", "PLAYED": str(played)}
        if display:
            environment["DISPLAY"] = display
        log = self.run_script("play", self.path(stream), *words, env=environment)
        return log, played.read_text().splitlines() if played.exists() else []

    def test_beside_the_file(self):
        self.encode(self.source, "out.mkv", "--shader")
        text = self.path("out.glsl").read_text()
        self.assertTrue(text.startswith("// hcd lite x2, fragment shader"), text[:80])
        self.assertIn("//!HOOK CHROMA", text)
        log = self.run_script("encode", self.source, self.path("out.mkv"), "--shader", code=1)
        self.assertIn("expected no such file, found one", log)

    def test_a_shader_of_before_is_kept(self):
        self.path("out.glsl").write_text("kept")
        log = self.run_script("encode", self.source, self.path("out.mkv"), "--shader", code=1)
        self.assertIn("out.glsl: expected no such file, found one", log)
        self.assertEqual(self.path("out.glsl").read_text(), "kept")
        self.assertFalse(self.path("out.mkv").exists())

    def test_rungs_for_other_clients(self):
        log = self.encode(self.source, "out.mkv", "--shader", "--ladder", "64,32,24")
        self.assertEqual(sorted(path.name for path in self.folder.glob("*.glsl")), ["out.32.glsl"])
        self.assertIn("out.24.mkv: no shader: bicubic needs none", log)
        log = self.run_script("encode", self.source, self.path("package"), "--hls", "--shader", code=1)
        self.assertIn("--shader: expected a file, found --hls or --dash", log)

    def test_the_titles_weights(self):
        """In the shader beside the file, and in the one that play makes of what the file holds."""
        weights = self.path("title.safetensors")
        changed(Path(__file__).resolve().parents[2] / "core/weights/light/lite_x2.safetensors", weights)
        self.encode(self.source, "plain.mkv", "--shader")
        for name in ("out.mkv", "out.mp4"):
            self.encode(self.source, name, "--shader", "--weights", weights)
            own = self.path("out.glsl").read_text()
            self.assertNotEqual(own, self.path("plain.glsl").read_text())
            log, words = self.watch(name, "--player", "mpv")
            self.assertIn("play: mpv enlarges by lite as a shader", log)
            self.assertIn("--vo=gpu-next", words)
            self.assertIn("--geometry=96x64", words)
            self.assertEqual(words[-1], str(self.path(name).resolve()))
            self.assertEqual(self.path("played.glsl").read_text(), own)

    def test_full_range(self):
        self.encode(self.source, "out.mkv", "--shader", "--filter", "scale=out_range=full,format=yuvj420p")
        self.assertIn("full range", self.path("out.glsl").read_text().splitlines()[0])

    def test_by_pipe(self):
        """Where the player cannot, ffmpeg enlarges, and that is said."""
        self.encode(self.source, "out.mkv")
        cases = [({"display": ""}, "there is no display"), ({"output": "gpu"}, "this mpv has no --vo=gpu-next"),
                 ({"words": ("--model", "bicubic")}, "bicubic is none of lite, base")]
        for more, why in cases:
            with self.subTest(why):
                log, words = self.watch("out.mkv", *more.pop("words", ()), "--player", "mpv", **more)
                self.assertIn(f"play: ffmpeg enlarges, not mpv itself: {why}", log)
                self.assertEqual(words, ["-"])
                self.assertGreater(self.path("played.nut").stat().st_size, 4 * 96 * 64)

    def test_a_player_that_fails(self):
        self.encode(self.source, "out.mkv")
        log, words = self.watch("out.mkv", "--player", "mpv", code=2)
        self.assertIn("play: ffmpeg enlarges, not mpv itself: it ended with 2", log)
        self.assertEqual(words[-1], "-")


if __name__ == "__main__":
    ffmpeg.main()
