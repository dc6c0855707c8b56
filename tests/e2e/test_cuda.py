# SPDX-License-Identifier: BSD-2-Clause
"""Frames in CUDA memory, through a stand-in for the driver that runs the kernels on the host: no GPU is needed.

What comes out is compared with what the CPU makes of the same frames in system memory.
"""

import os
import re
import sys
import tempfile
import unittest
from array import array

import ffmpeg

STAND_IN = os.environ.get("HCD_TEST_CUDA_DRIVER", "")  # folder of a libcuda.so.1
BACKEND = os.environ.get("HCD_TEST_CUDA_BACKEND", "")  # a libhcd-cuda.so that runs on it
TORCH = os.environ.get("HCD_TEST_TORCH_BACKEND", "")  # a libhcd-torch.so that takes the host's memory for its GPU's
GPU = ["-init_hw_device", "cuda=gpu", "-filter_hw_device", "gpu"]
PRIMARY = ["-init_hw_device", "cuda=primary:0,primary_ctx=1", "-filter_hw_device", "primary"]
FORMATS = {"nv12": 0, "yuv420p": 0, "yuv444p": 0, "p010le": 6, "p016le": 0}  # unused low bits
SIZE = "96x64"


def source(size=SIZE, frames=2, pixel_format="nv12"):
    """A moving picture without flat areas, where gradients are nothing but rounding, of which steps that divide by
    their size make what differs from one order of sums to another."""
    graph = f"testsrc2=s={size}:r=25:d={frames / 25},format=gbrp,gblur=1,noise=alls=8:allf=t:all_seed=1,format={pixel_format}"
    return ["-f", "lavfi", "-i", graph]


def run_on_host(*arguments, **driver):
    """As ffmpeg.run(), on a machine with a GPU; `driver`: what the stand-in is told by its environment."""
    paths = [STAND_IN, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return ffmpeg.run(*arguments, environment={"LD_LIBRARY_PATH": ":".join(paths), "HCD_CUDA_BACKEND": BACKEND,
                                               **driver})


def run(*arguments, **driver):
    """The same, with that GPU for filters that upload."""
    return run_on_host(*GPU, *arguments, **driver)


def on_cpu(arguments, filters):
    """What the CPU makes, whatever GPU this machine has."""
    code, out, log = ffmpeg.run(*arguments, "-vf", filters, "-f", "rawvideo", "-",
                                environment={"HCD_CUDA_BACKEND": "/nowhere"})
    if code != 0:
        raise AssertionError(f"{filters} ended with {code}:\n{log}")
    return out


def good(*arguments):
    code, out, log = run(*arguments)
    if code != 0:
        raise AssertionError(f"ffmpeg {' '.join(arguments)} ended with {code}:\n{log}")
    return out, log


def chain(filters, pixel_format):
    return f"format={pixel_format},hwupload,{filters},hwdownload,format={pixel_format}"


def samples(data, pixel_format):
    if "le" not in pixel_format:
        return data
    values = array("H", data)
    if sys.byteorder == "big":
        values.byteswap()
    return [value >> FORMATS[pixel_format] for value in values]


class Cuda(unittest.TestCase):
    def assert_alike(self, out, reference, pixel_format):
        """Within one code value at 99.9 % of the samples."""
        one, other = samples(out, pixel_format), samples(reference, pixel_format)
        self.assertEqual(len(one), len(other))
        self.assertGreater(len(set(other)), 20)
        beyond = sum(abs(a - b) > 1 for a, b in zip(one, other))
        self.assertLessEqual(beyond, len(other) / 1000, f"{beyond} of {len(other)} samples")

    def compare(self, filters, pixel_format="nv12", size=SIZE, frames=2):
        """Returns what the GPU made, and the log."""
        arguments = source(size, frames, pixel_format)
        out, log = good(*arguments, "-vf", chain(filters, pixel_format), "-f", "rawvideo", "-")
        self.assert_alike(out, on_cpu(arguments, filters), pixel_format)
        return out, log

    def refused(self, message, *arguments, **driver):
        code, _, log = run(*arguments, "-f", "null", "-", **driver)
        self.assertGreater(code, 0, log)
        self.assertRegex(log, message)


class Frames(Cuda):
    def test_each_pixel_format(self):
        for pixel_format in FORMATS:
            for filters in ("hcd_down=model=bicubic", "hcd_up=model=bicubic"):
                with self.subTest(format=pixel_format, filters=filters):
                    self.compare(filters, pixel_format)

    def test_sizes_that_the_pool_rounds_up(self):
        """Rows of a pool are longer than those of the picture, and there are more of them."""
        for filters in ("hcd_down=model=bicubic:w=42:h=26", "hcd_up=model=bicubic:w=134:h=94"):
            with self.subTest(filters=filters):
                out, _ = self.compare(filters, size="70x50", frames=1)
                width, height = map(int, re.search(r"w=(\d+):h=(\d+)", filters).groups())
                self.assertEqual(len(out), width * height * 3 // 2)

    def test_light_network(self):
        self.compare("hcd_down=model=lite:steps=1", "nv12", frames=1)
        self.compare("hcd_up=model=lite", "p010le", frames=1)

    @unittest.skipUnless(TORCH, "built without LibTorch")
    def test_network_of_libtorch(self):
        """Which works in the device's primary context; its own GPU is the host's memory here."""
        filters, arguments = "hcd_down=model=irn-small:steps=1", source(frames=1)
        for wanted in (filters, "hcd_up=model=irn-small"):
            code, out, log = run_on_host(*PRIMARY, *arguments, "-vf", chain(wanted, "nv12"), "-f", "rawvideo", "-",
                                         HCD_TORCH_BACKEND=TORCH)
            self.assertEqual(code, 0, log)
            self.assert_alike(out, on_cpu(arguments, wanted), "nv12")
        self.refused("hcd_down.*expected CUDA memory of the device's primary context .*found another context",
                     *arguments, "-vf", chain(filters, "nv12"), HCD_TORCH_BACKEND=TORCH)
        code, _, log = run_on_host(*PRIMARY, *arguments, "-vf", chain(filters, "nv12"), "-f", "null", "-",
                                   HCD_TORCH_BACKEND="/nowhere/libhcd-torch.so")
        self.assertGreater(code, 0, log)
        self.assertRegex(log, "hcd_down.*expected host memory, since the network irn-small runs on LibTorch, which has no GPU")

    def test_one_frame_out_for_each_in(self):
        for frames in (1, 5):
            out, log = good(*source(frames=frames), "-vf", chain("hcd_down=model=bicubic", "nv12"),
                            "-f", "rawvideo", "-")
            self.assertEqual(len(out), frames * 48 * 32 * 3 // 2)
            self.assertRegex(log, rf"hcd_down.*\] {frames} frames?, predicted PSNR")
            self.assertNotIn("ms per frame", log)  # which nobody knows who does not wait

    def test_two_frames_under_way(self):
        """The same frames, with the same times; commands and the timeline meet the same ones."""
        for frames in (1, 7):
            for way in ("", ":enable='lt(n,2)'", ":measure=1"):
                each = [good(*source(frames=frames), "-vf", "sendcmd=c='0.12 hcd_down steps 1'," + chain(
                    f"hcd_down=model=bicubic:async_depth={depth}{way},hcd_up=model=bicubic:async_depth={depth}", "nv12") +
                    ",showinfo=checksum=0", "-f", "rawvideo", "-") for depth in (1, 2)]
                self.assertEqual(len(each[0][0]), frames * 96 * 64 * 3 // 2)
                self.assertEqual(each[0][0], each[1][0], way)
                times = [re.findall(r"n: *\d+ pts: *\d+", log) for _, log in each]
                self.assertEqual(*times)
                self.assertEqual(len(times[0]), frames)

    def test_two_renditions_of_one_decode(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("half", "third")]
            sizes = ("", ":w=32:h=22")
            parts = [f"[{i}]hcd_down=model=bicubic{size},hwdownload,format=nv12[{path[-4:]}]"
                     for i, (size, path) in enumerate(zip(sizes, paths))]
            graph = "[0:v]trim=end_frame=2,format=nv12,hwupload,split[0][1];" + ";".join(parts)
            outputs = [word for path in paths for word in ("-map", f"[{path[-4:]}]", "-f", "rawvideo", path)]
            good(*source(), "-filter_complex", graph, *outputs)
            for size, path in zip(sizes, paths):
                with open(path, "rb") as file:
                    self.assert_alike(file.read(), on_cpu(source(), f"hcd_down=model=bicubic{size}"), "nv12")

    def test_filters_behind_each_other(self):
        """Both on the GPU, where hcd_up follows what hcd_down says."""
        _, log = self.compare("hcd_down=model=bicubic,hcd_up")
        self.assertIn("the stream says: bicubic, 48x32 to 96x64", log)


class Stream(Cuda):
    def test_timeline(self):
        plain, _ = self.compare("hcd_down=model=bicubic:steps=0", frames=4)
        whole, _ = self.compare("hcd_down=model=bicubic", frames=4)
        mixed, _ = self.compare("hcd_down=model=bicubic:enable='lt(n,2)'", frames=4)
        half = len(mixed) // 2
        self.assertEqual(mixed, whole[:half] + plain[half:])

    def test_commands(self):
        plain, _ = self.compare("hcd_down=model=bicubic:steps=0", frames=4)
        stepped, _ = self.compare("hcd_down=model=bicubic:steps=2", frames=4)
        arguments = source(frames=4)
        changed, _ = good(*arguments, "-vf", "sendcmd=c='0.08 hcd_down steps 0'," +
                          chain("hcd_down=model=bicubic:steps=2", "nv12"), "-f", "rawvideo", "-")
        half = len(changed) // 2
        self.assertEqual(changed, stepped[:half] + plain[half:])

    def test_what_travels_with_frames(self):
        """Time stamps, colour tags, sample aspect: as with frames in system memory."""
        tags = "setparams=range=pc:colorspace=bt709:color_primaries=bt709,setsar=4/3"
        filters = "hcd_down=model=bicubic:w=40:h=32"
        arguments = source(frames=3)
        logs = [good(*arguments, "-vf", f"{tags},{each},showinfo", "-f", "null", "-")[1]
                for each in (filters + ":device=cpu", chain(filters, "nv12"))]
        facts = [re.findall(r"n: *\d+ pts: *\d+|sar:\d+/\d+ s:\d+x\d+|color_\w+:\w+", log) for log in logs]
        self.assertEqual(*facts)
        self.assertIn("sar:8/5 s:40x32", facts[0])

    def test_change_of_size_in_mid_stream(self):
        with tempfile.TemporaryDirectory() as folder:
            whole = b""
            for size in ("64x48", "96x80"):
                path = os.path.join(folder, size + ".h264")
                ffmpeg.good(*source(size, 2, "yuv420p"), "-c:v", "libx264", "-bf", "0", path)
                with open(path, "rb") as file:
                    whole += file.read()
            path = os.path.join(folder, "both.h264")
            with open(path, "wb") as file:
                file.write(whole)
            filters = "hcd_down=model=bicubic:w=32:h=24"
            out, _ = good("-i", path, "-vf", chain(filters, "nv12"), "-f", "rawvideo", "-")
            self.assertEqual(len(out), 4 * 32 * 24 * 3 // 2)
            self.assert_alike(out, on_cpu(["-i", path], "format=nv12," + filters), "nv12")


class Errors(Cuda):
    def test_pixel_formats_that_are_refused(self):
        for pixel_format in ("yuv444p16le", "rgb0"):
            for name in ("hcd_down", "hcd_up"):
                self.refused(rf"{name}.*pixel format of CUDA frames: expected nv12, p010, p016, yuv420p or yuv444p, "
                             rf"found {pixel_format}: put scale_cuda",
                             *source(frames=1, pixel_format="yuv444p"), "-vf", f"format={pixel_format},hwupload,"
                             f"{name}=model=bicubic")

    def test_device_option(self):
        arguments = source(frames=1)
        for device in ("auto", "cuda"):
            good(*arguments, "-vf", chain(f"hcd_down=model=bicubic:device={device}", "nv12"), "-f", "null", "-")
        self.refused("hcd_down.*option device: expected auto or cuda for frames in CUDA memory, found 'cpu'", *arguments,
                     "-vf", chain("hcd_down=model=bicubic:device=cpu", "nv12"))

    def test_no_device(self):
        arguments = source(frames=1)
        self.refused("CUDA_ERROR_NO_DEVICE", *arguments, "-vf", chain("hcd_down=model=bicubic", "nv12"),
                     HCD_STUB_DEVICES="0")
        code, out, log = run_on_host(*arguments, "-v", "verbose", "-vf", "hcd_down=model=bicubic", "-f", "rawvideo",
                                            "-", HCD_STUB_DEVICES="0")
        self.assertEqual(code, 0, log)
        self.assertRegex(log, "hcd_down.*device=auto: the CPU")
        self.assertEqual(out, on_cpu(arguments, "hcd_down=model=bicubic"))
        # No GPU is nothing to speak of; one that cannot be used is told.
        for variable, value, is_told in (("HCD_STUB_DEVICES", "0", False), ("HCD_STUB_DRIVER_VERSION", "11000", True)):
            _, _, log = run_on_host(*arguments, "-vf", "hcd_down=model=bicubic", "-f", "null", "-", **{variable: value})
            self.assertEqual("device=auto: the CPU" in log, is_told, log)
        code, _, log = run_on_host(*arguments, "-vf", "hcd_down=model=bicubic:device=cuda", "-f", "null", "-",
                                          HCD_STUB_DEVICES="0")
        self.assertGreater(code, 0)
        self.assertRegex(log, "hcd_down.*device=cuda: ")

    def test_failures_on_the_way(self):
        """At each of the first allocations and launches: an error that is told, and never a crash."""
        arguments = source(frames=2)
        told = {"HCD_STUB_NO_MEMORY_AT": "CUDA_ERROR_OUT_OF_MEMORY|out of memory|memory",
                "HCD_STUB_NO_LAUNCH_AT": "hcd_down.*CUDA_ERROR_", "HCD_STUB_LOST_AT": "CUDA_ERROR_"}
        for variable, message in told.items():
            for at in (1, 2, 3, 5, 9, 20):
                with self.subTest(variable=variable, at=at):
                    code, _, log = run(*arguments, "-vf", chain("hcd_down=model=bicubic", "nv12"), "-f", "null", "-",
                                       **{variable: str(at)})
                    self.assertGreaterEqual(code, 0, log)
                    if variable != "HCD_STUB_LOST_AT":  # old FFmpegs do not look at what hwdownload gives
                        self.assertGreater(code, 0, log)
                    self.assertRegex(log, message)


def main():
    lacking = ""
    if not os.path.exists(os.path.join(STAND_IN, "libcuda.so.1")):
        lacking = "the stand-in for the CUDA driver was not built"
    elif not os.path.exists(BACKEND):
        lacking = "libhcd-cuda for the stand-in was not built"
    elif os.path.exists(ffmpeg.FFMPEG) and " hwupload_cuda " not in ffmpeg.good("-filters")[0].decode():
        lacking = "this ffmpeg has no CUDA (scripts/setup builds one that has, with libffmpeg-nvenc-dev)"
    if lacking:
        print(f"skipped: {lacking}")
        sys.exit(77)
    ffmpeg.main()


if __name__ == "__main__":
    main()
