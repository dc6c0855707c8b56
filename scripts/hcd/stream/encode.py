# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode: from a command line to files in their places."""

import os
from pathlib import Path

from hcd.progress import say
from hcd.run import Script
from hcd.stream import auto, ladder, package, shader, video
from hcd.stream import options as command_line
from hcd.stream.encoding import Encoding
from hcd.stream.rung import Rung, asked_rungs, check_output
from hcd.work_folder import WorkFolder


def deliver(done: Path, output: Path, weights: Path | None) -> None:
    """Puts a file in its place, and its weights and its shader, if it has some, beside it; weights of a file of before
    go."""
    if not video.is_matroska(output):
        beside = video.beside(output)
        if weights:
            os.replace(video.beside(done), beside)
        else:
            beside.unlink(missing_ok=True)
    if shader.beside(done).is_file():
        os.replace(shader.beside(done), shader.beside(output))
    os.replace(done, output)


def chosen_rungs(encoding: Encoding) -> list[Rung]:
    options = encoding.options
    if options.rungs:
        return ladder.rungs(encoding)
    chosen = asked_rungs(options, encoding.frame)
    if not options.package:
        for rung in chosen:
            check_output(rung.output, options, encoding.source)
    for rung in chosen:
        if rung.model == "bicubic":
            height = rung.shape.height
            say(f"encode: {rung.output.name}: for the bicubic scaler of players, since "
                f"{f'{height} is not half of {encoding.frame.height}' if height else 'this build has no weights of lite'}")
    return chosen


def make(encoding: Encoding) -> tuple[dict[Rung, Path], Path | None]:
    """The coded streams and the weights that go with them."""
    if encoding.options.auto:
        return auto.Auto(encoding).run()
    rungs = chosen_rungs(encoding)
    encoding.prepare(rungs)
    coded = {rung: encoding.encode(rung) for rung in rungs}
    return coded, encoding.weights([path for rung, path in coded.items() if rung.model == "lite"])


def work(script: Script, arguments: list[str] | None) -> int:
    options = command_line.parse(arguments)
    script.where = options.output
    source = video.look(options.source)
    if options.package:
        package.check_folder(options.output, options.overwrite)
    elif options.auto:
        check_output(options.output, options, source)
    with WorkFolder(options.output) as folder:
        encoding = Encoding(options, source, folder)
        coded, weights = make(encoding)
        if options.package:
            package.complete(encoding, coded, weights)
        else:
            encoding.complete(coded, weights, deliver)
    return int(encoding.failed)


def main(arguments: list[str] | None = None) -> None:
    Script("encode", "stopped, nothing is left behind").run(lambda script: work(script, arguments))
