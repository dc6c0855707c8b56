# SPDX-License-Identifier: BSD-2-Clause
"""What `hcd shader` writes shows in a player what hcd_up shows: Debian's own ffmpeg with libplacebo, on Mesa's Vulkan for the
CPU. Skipped where one of them is missing (scripts/setup --all installs them)."""

import array
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import ffmpeg
from shader_weights import changed, own_network

TOP = Path(__file__).resolve().parents[2]
CLIP = TOP / "samples" / "clip.mkv"
HCD = os.environ["HCD_TEST_COMMAND"]
PLAYER = "/usr/bin/ffmpeg"
LONG = os.environ.get("HCD_LONG_TESTS") == "ON"
DRIVERS = glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json")
FRAMES = 2


def share_within(tolerance, a, b):
    assert len(a) == len(b) > 0, (len(a), len(b))
    return sum(1 for x, y in zip(a, b) if -tolerance <= x - y <= tolerance) / len(a)


class Clip:
    """A few frames of a film in one format."""

    def __init__(self, folder, pixels="yuv420p", full=False, size=(96, 64)):
        self.width, self.height, self.pixels, self.full = *size, pixels, full
        self.path = f"{folder}/{size[0]}x{size[1]}-{pixels}-{full}.mkv"
        levels = "pc" if full else "tv"
        ffmpeg.good("-i", str(CLIP), "-frames:v", str(FRAMES), "-vf",
                    f"format=yuv444p,crop={size[0]}:{size[1]}:400:100,scale=in_range=tv:out_range={levels},"
                    f"format={pixels},setparams=range={levels}", "-c:v", "ffv1", self.path)

    @property
    def tolerance(self):
        return 8 if "10" in self.pixels else 2

    def planes(self, raw, width, height, pixels=""):
        """Luma and Cb of all frames, one after another."""
        samples = array.array("H" if "10" in self.pixels else "B", raw)
        halved = {"yuv420": (2, 2), "yuv422": (2, 1)}.get((pixels or self.pixels)[:6], (1, 1))
        luma, chroma = width * height, -(-width // halved[0]) * -(-height // halved[1])
        whole = luma + 2 * chroma
        assert len(samples) == FRAMES * whole, (len(samples), FRAMES, whole)
        frames = [samples[i:i + whole] for i in range(0, len(samples), whole)]
        return tuple(sum((frame[first:first + size] for frame in frames), array.array(samples.typecode))
                     for first, size in ((0, luma), (luma, chroma)))

    def up(self, options, width, height):
        raw, _ = ffmpeg.good("-i", self.path, "-vf", f"hcd_up={options}:w={width}:h={height},format={self.pixels}",
                             "-f", "rawvideo", "-")
        return self.planes(raw, width, height)

    def played(self, shader, width, height, more="", pixels="", path=""):
        """As libplacebo shows it, with a shader or without."""
        by = f":custom_shader_path={shader}" if shader else ""
        pixels = pixels or self.pixels
        done = subprocess.run(
            [PLAYER, "-nostdin", "-v", "warning", "-init_hw_device", "vulkan=vk:0", "-filter_hw_device", "vk", "-i",
             path or self.path, "-vf", f"format={self.pixels},hwupload,libplacebo=w={width}:h={height}:format={pixels}:"
             f"dithering=none{by}{more},hwdownload,format={pixels}", "-f", "rawvideo", "-"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        log = done.stderr.decode(errors="replace")
        if done.returncode or "hook" in log or "shader" in log.lower().replace("slow", ""):
            complaints = [line for line in log.splitlines() if "(slow!)" not in line]
            if done.returncode or complaints:
                raise AssertionError("\n".join(complaints)[-4000:])
        return self.planes(done.stdout, width, height, pixels)


class Shader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = temporary.name
        os.environ["VK_ICD_FILENAMES"] = DRIVERS[0]
        os.environ["MESA_SHADER_CACHE_DIR"] = f"{cls.folder}/cache"  # what is compiled once is there for the others

    def write(self, *words):
        path = f"{self.folder}/shader.glsl"
        subprocess.run([HCD, "shader", "-y", "-o", path, *map(str, words)], stdout=subprocess.DEVNULL, check=True)
        return path

    def compare(self, model, scale, variant, *words, **clip):
        """Shares of samples that are alike, of luma and Cb."""
        clip = Clip(self.folder, **clip)
        size = scale * clip.width, scale * clip.height
        levels = "full" if clip.full else "limited"
        shader = self.write("--model", model, "--scale", scale, "--variant", variant, "--range", levels, *words)
        shown, wanted = clip.played(shader, *size), clip.up(f"model={model}", *size)
        plain = clip.played("", *size)
        self.assertLess(share_within(clip.tolerance, plain[0], wanted[0]), 0.97, "the player alone shows the same")
        return tuple(share_within(clip.tolerance, a, b) for a, b in zip(shown, wanted))

    def check(self, *arguments, **clip):
        self.assertGreaterEqual(self.compare(*arguments, **clip)[0], 0.999)

    def test_lite(self):
        for variant in ("fragment", "compute"):
            for clip in ({}, {"pixels": "yuv420p10le"}, {"full": True}, {"pixels": "yuv444p", "size": (97, 63)},
                         {"pixels": "yuv422p10le", "full": True}):
                with self.subTest(variant=variant, **clip):
                    self.check("lite", 2, variant, **clip)

    def test_base(self):
        """Compiled by a CPU's driver, each takes half a minute."""
        cases = [(2, "compute"), (4, "fragment")] + [(2, "fragment"), (4, "compute")] * LONG
        for scale, variant in cases:
            with self.subTest(scale=scale, variant=variant):
                self.check("base", scale, variant, size=(64, 48))

    def test_chroma(self):
        self.assertGreaterEqual(min(self.compare("lite", 2, "compute", "--chroma", pixels="yuv444p")), 0.999)

    def test_chroma_of_half_size(self):
        """Both go through the player, which knows where chroma sits, and end as samples of one size."""
        clip = Clip(self.folder)
        size = 2 * clip.width, 2 * clip.height
        large = f"{self.folder}/large.mkv"
        ffmpeg.good("-i", clip.path, "-vf", "hcd_up=model=lite", "-c:v", "ffv1", large)
        shown = clip.played(self.write("--variant", "compute", "--chroma"), *size, pixels="yuv444p")
        wanted = clip.played("", *size, pixels="yuv444p", path=large)
        for a, b in zip(shown, wanted):
            self.assertGreaterEqual(share_within(2, a, b), 0.999)

    def test_other_ratio(self):
        """The shader doubles, and the player makes the size. By its kernel that is nearest to hcd_up's (Catmull-Rom, not in
        linear light) the result is as near as at 2; by its own the picture is at least nearer than without a shader."""
        clip, shader = Clip(self.folder), self.write("--variant", "compute")
        size = 3 * clip.width // 2, 3 * clip.height // 2
        wanted = clip.up("model=lite", *size)[0]
        near = clip.played(shader, *size, ":downscaler=catmull_rom:disable_linear=1")[0]
        self.assertGreaterEqual(share_within(2, near, wanted), 0.999)

        def error(shown):
            return sum((x - y) ** 2 for x, y in zip(shown, wanted))
        self.assertLess(2 * error(clip.played(shader, *size)[0]), error(clip.played("", *size)[0]))

    def test_nothing_to_enlarge(self):
        clip = Clip(self.folder)
        for variant in ("fragment", "compute"):
            shader = self.write("--variant", variant, "--chroma")
            for width, height in ((96, 64), (80, 60), (192, 64)):
                with self.subTest(variant=variant, size=(width, height)):
                    self.assertEqual(clip.played(shader, width, height), clip.played("", width, height))

    def test_weights_of_a_title(self):
        """Such weights are shown; those of the library instead of them, or a weight that differs, would be seen."""
        clip, path = Clip(self.folder), f"{self.folder}/title.safetensors"
        size = 2 * clip.width, 2 * clip.height
        changed(TOP / "core/weights/light/lite_x2.safetensors", path)
        shown = clip.played(self.write("--variant", "compute", "--weights", path), *size)[0]
        self.assertGreaterEqual(share_within(2, shown, clip.up(f"model=lite:weights={path}", *size)[0]), 0.999)
        self.assertLess(share_within(2, shown, clip.up("model=lite", *size)[0]), 0.99)

    def test_any_network(self):
        """Kernels of 1 and 5, channels that are no multiple of 4 and more than a work group's memory holds at a time, all
        activations, another skip."""
        path = f"{self.folder}/own.safetensors"
        own_network(path)
        for variant in ("fragment", "compute"):
            for clip in (Clip(self.folder), Clip(self.folder, full=True, size=(67, 45), pixels="yuv444p")):
                size = 2 * clip.width, 2 * clip.height
                wanted = clip.up(f"model=lite:weights={path}:precision=fp32", *size)[0]
                shader = self.write("--weights", path, "--variant", variant, "--range", "full" if clip.full else "limited")
                with self.subTest(variant=variant, full=clip.full):
                    self.assertGreaterEqual(share_within(2, clip.played(shader, *size)[0], wanted), 0.999)

    @unittest.skipUnless(shutil.which("mpv") and shutil.which("xvfb-run"), "no mpv or no xvfb-run")
    def test_mpv(self):
        """gpu-next takes the file and runs it, in a window that nobody sees."""
        clip = Clip(self.folder)
        shader = self.write("--variant", "compute", "--chroma")
        done = subprocess.run(["xvfb-run", "-a", "mpv", "--no-config", "-v", "--vo=gpu-next", "--gpu-api=opengl", "--gpu-sw=yes",
                               "--window-scale=2", "--ao=null", f"--glsl-shaders={shader}", clip.path],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        own = [line for line in done.stdout.splitlines() if "gpu-next" in line]
        self.assertTrue(any("Registering hook pass: hcd: chroma" in line for line in own), own)
        self.assertFalse([line for line in own if "hook" in line.lower() and ("fail" in line or "unknown" in line)], own)


def lacks():
    if not DRIVERS:
        return "no Vulkan driver for the CPU (mesa-vulkan-drivers)"
    if not os.path.exists(PLAYER):
        return f"no {PLAYER}"
    filters = subprocess.run([PLAYER, "-hide_banner", "-filters"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             check=False).stdout
    return "" if " libplacebo " in filters else f"{PLAYER} has no filter libplacebo"


if __name__ == "__main__":
    if why := lacks():
        print(f"skipped: {why}")
        sys.exit(77)
    ffmpeg.main()
