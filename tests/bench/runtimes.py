#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The layers of lite in ONNX Runtime and OpenVINO beside hcd_up: CPU seconds of a frame of 640x360, one thread.

Needs onnx, numpy and one of onnxruntime and openvino, which nothing else here does; says what is missing. The other
runtimes' figures are of the layers alone, without the skip, rounding and chroma; hcd_up's are of the whole filter."""

import argparse
import json
import os
import resource
import struct
import subprocess
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
WIDTH, HEIGHT = 640, 360


def read_weights(path):
    import numpy as np

    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size])
    kinds = {"F16": np.float16, "F32": np.float32}
    return {name: np.frombuffer(data[8 + size:], kinds[entry["dtype"]], offset=entry["data_offsets"][0],
                                count=int(np.prod(entry["shape"]))).reshape(entry["shape"]).astype(np.float32)
            for name, entry in header.items() if name != "__metadata__"}


def model(weights):
    from onnx import TensorProto, helper, numpy_helper

    nodes, count = [], len(weights) // 2
    for i in range(count):
        to = f"conv{i}" if i + 1 < count else "y"
        nodes.append(helper.make_node("Conv", ["x" if i == 0 else f"value{i - 1}", f"{i}.weight", f"{i}.bias"], [to],
                                      pads=[w // 2 for w in weights[f"{i}.weight"].shape[2:]] * 2))
        if i + 1 < count:
            nodes.append(helper.make_node("LeakyRelu", [to], [f"value{i}"], alpha=0.1))
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, HEIGHT, WIDTH])
             for name, channels in (("x", 1), ("y", weights[f"{count - 1}.weight"].shape[0]))]
    graph = helper.make_graph(nodes, "lite", shape[:1], shape[1:],
                              [numpy_helper.from_array(value, name) for name, value in weights.items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made.SerializeToString()


def onnx_runtime(made):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(made, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})


def open_vino(made):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(made), "CPU",
                                  {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    return lambda x: compiled([x])


def cpu_seconds(who=resource.RUSAGE_SELF):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def hcd_up(ffmpeg, folder, frames, precision):
    path = os.path.join(folder, "small.yuv")
    with open(path, "wb") as file:
        file.write(os.urandom(WIDTH * HEIGHT * 3 // 2) * frames)
    start = cpu_seconds(resource.RUSAGE_CHILDREN)
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-threads", "1", "-filter_threads", "1", "-f", "rawvideo",
                    "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-i", path, "-vf", f"hcd_up=precision={precision}",
                    "-f", "null", "-"], check=True)
    return (cpu_seconds(resource.RUSAGE_CHILDREN) - start) / frames


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ffmpeg", default=os.path.join(TOP, "build", "bin", "ffmpeg"))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runs, missing = {}, []
    try:
        import numpy as np

        made = model(read_weights(os.path.join(TOP, "core", "weights", "light", "lite_x2.safetensors")))
        x = np.random.default_rng(1).random((1, 1, HEIGHT, WIDTH), np.float32)
        for name, open_runtime in (("ONNX Runtime, fp32", onnx_runtime), ("OpenVINO, fp32", open_vino)):
            try:
                runs[name] = open_runtime(made)
            except ImportError as error:
                missing.append(str(error))
    except ImportError as error:
        missing.append(str(error))
    if not runs:
        print(f"other runtimes: skipped: {'; '.join(missing)}")
        return
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, run in runs.items():
                run(x)  # to warm up
                start = cpu_seconds()
                for _ in range(5):
                    run(x)
                best[name] = min(best.get(name, 1e9), (cpu_seconds() - start) / 5)
            for precision in ("int16", "fp32"):
                name = f"hcd_up, {precision}"
                best[name] = min(best.get(name, 1e9), hcd_up(options.ffmpeg, folder, 24, precision))
    for name, took in best.items():
        print(f"{name:20s} {took * 1e3:7.1f} ms   {took / best['hcd_up, int16']:.2f} x hcd_up, int16")
    for text in missing:
        print(f"skipped: {text}")


if __name__ == "__main__":
    main()
