# SPDX-License-Identifier: BSD-2-Clause
"""Makes training pairs of a light network: small pictures that a codec has seen, and their large ones.

From photographs alone: groups of them become short clips (pans, zooms, stills, a cut between any
two), which this project's ffmpeg makes small, encodes, decodes and takes apart:
<output>/hr/<name>.png and <output>/lr/<name>.<version>.png, grey, luma code values (16 to 235).
What is made depends on the photographs, the seed and the encoders alone. `hcd train` reads it with
"coded": true.
"""

import argparse
import random
import shutil
import tempfile
from pathlib import Path

from hcd import run
from hcd.encoders import ENCODERS
from hcd.progress import clear, show
from hcd.run import Fault, Script

FRAMES = 8  # of a photograph, in a row
PHOTOS = 8  # of a clip
TAKEN = 2  # frames of a photograph that become pairs
PRESET = "medium"
CODERS = {name.removeprefix("lib"): encoder for name, encoder in ENCODERS.items()}
FLAGS = "accurate_rnd+full_chroma_int+bitexact"


def work(_: Script) -> int:
    options = parse_options()
    photos = sorted(p for folder in options.photos for p in folder.iterdir()
                    if p.suffix in (".png", ".jpg"))
    if len(photos) < PHOTOS:
        raise Fault(f"expected {PHOTOS} photographs or more, found {len(photos)}")
    if options.output.exists():
        raise Fault(f"{options.output}: expected no such folder, found one")
    chance = random.Random(options.seed)
    chance.shuffle(photos)
    groups = [photos[i : i + PHOTOS] for i in range(0, len(photos) - PHOTOS + 1, PHOTOS)]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.output.parent) as name:
        folder = Path(name)
        result = folder / "result"
        for kind in ("hr", "lr"):
            (result / kind).mkdir(parents=True)
        for number, group in enumerate(groups):
            make_group(options, chance, number, group, folder, result)
            show(f"{number + 1} of {len(groups)} clips")
        clear()
        result.rename(options.output)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("photos", nargs="+", type=Path, help="folders of PNG and JPEG files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    parser.add_argument("--ffmpeg", default=str(run.BIN / "ffmpeg"))
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--size", default="416x288", help="of the large pictures [416x288]")
    parser.add_argument("--versions", type=int, default=4, help="encodings of each clip [4]")
    parser.add_argument("--crf", default="18-38", help="range, for x264 and x265; SVT-AV1's is about as good as x264's [18-38]")
    parser.add_argument("--encoders", default="x264,x265", help=f"of {','.join(CODERS)}")
    parser.add_argument("--down", default="bicubic,lanczos,hcd_down",
                        help="of bicubic, lanczos, hcd_down[=options]; by commas")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.width, options.height = (int(n) for n in options.size.split("x"))
    if options.width % (2 * options.scale) or options.height % (2 * options.scale):
        raise Fault(f"--size: expected multiples of {2 * options.scale}, found {options.size}")
    options.crf = tuple(int(n) for n in options.crf.split("-"))
    options.encoders = options.encoders.split(",")
    options.down = options.down.split(",")
    for encoder in options.encoders:
        if encoder not in CODERS:
            raise Fault(f"--encoders: expected some of {', '.join(CODERS)}, found {encoder}")
    return options


def make_group(options, chance, number: int, group: list[Path], work: Path, result: Path) -> None:
    """One clip of the photographs, its encodings, and the pairs."""
    clip = work / "clip.nut"
    make_clip(options, chance, group, clip)
    taken = sorted(photo * FRAMES + frame
                   for photo in range(len(group))
                   for frame in chance.sample(range(FRAMES), TAKEN))
    take_frames(options, clip, taken, work / "hr")
    for i, path in enumerate(sorted((work / "hr").iterdir())):
        path.rename(result / "hr" / f"{number:03}_{taken[i]:02}.png")
    small = {}  # by its way
    for version in range(options.versions):
        coded = work / "coded.mkv"
        encode(options, chance, clip, small, coded)
        take_frames(options, coded, taken, work / "lr")
        for i, path in enumerate(sorted((work / "lr").iterdir())):
            path.rename(result / "lr" / f"{number:03}_{taken[i]:02}.{version}.png")


def make_clip(options, chance, group: list[Path], clip: Path) -> None:
    """FRAMES frames of each photograph, without loss."""
    size = f"{options.width}:{options.height}"
    parts, inputs = [], []
    for i, photo in enumerate(group):
        inputs += ["-loop", "1", "-framerate", "25", "-t", str(FRAMES / 25), "-i", str(photo)]
        # At least as large as the window and its way, and at most about twice, so that there is detail.
        room_x, room_y = options.width + 4 * FRAMES, options.height + 3 * FRAMES
        reduce = chance.uniform(1, 2)
        fit = (f"scale='max({room_x},iw/{reduce:.3f})':'max({room_y},ih/{reduce:.3f})':"
               f"force_original_aspect_ratio=increase:flags=lanczos+{FLAGS}")
        move = chance.choice(("still", "pan", "pan", "zoom"))
        if move == "zoom":
            rate = chance.uniform(0.002, 0.01)
            fit += f",scale=w='iw*(1+{rate:.4f}*n)':h='ih*(1+{rate:.4f}*n)':eval=frame:flags=bicubic"
            crop = f"crop={size}"
        elif move == "pan":
            dx, dy = chance.uniform(-3.9, 3.9), chance.uniform(-2.9, 2.9)
            start_x = f"{'0' if dx >= 0 else f'iw-{options.width}'}"
            start_y = f"{'0' if dy >= 0 else f'ih-{options.height}'}"
            crop = f"crop={size}:x='{start_x}+{dx:.2f}*n':y='{start_y}+{dy:.2f}*n'"
        else:
            crop = f"crop={size}"
        parts.append(f"[{i}]{fit},{crop},setsar=1,format=yuv420p,setpts=PTS-STARTPTS[v{i}]")
    graph = ";".join(parts) + ";" + "".join(f"[v{i}]" for i in range(len(group)))
    ffmpeg(options, inputs + ["-filter_complex", f"{graph}concat=n={len(group)}", "-c:v", "ffv1",
                              "-frames:v", str(FRAMES * len(group)), str(clip)])


def make_small(options, clip: Path, down: str, small: Path) -> None:
    """The clip made small in a way, without loss: a descent is slow, and the same for every encoding."""
    size = f"{options.width // options.scale}:{options.height // options.scale}"
    if down in ("bicubic", "lanczos"):
        down = f"scale={size}:flags={down}+{FLAGS}"
    else:
        down += ("" if "=" in down else "=") + (":" if "=" in down else "") + f"scale={options.scale}"
    ffmpeg(options, ["-i", str(clip), "-vf", down, "-c:v", "ffv1", str(small)])


def encode(options, chance, clip: Path, small: dict[str, Path], coded: Path) -> None:
    """The clip made small in a way, by an encoder and at a quality drawn by chance."""
    down = chance.choice(options.down)
    if down not in small:
        small[down] = clip.with_name(f"small.{len(small)}.nut")
        make_small(options, clip, down, small[down])
    encoder = CODERS[chance.choice(options.encoders)]
    crf = chance.randint(*options.crf)
    if encoder.name == "libsvtav1":  # x265's numbers are near enough to x264's
        crf = encoder.crf_like_x264(crf)
    intra = ["-g", "1"] if chance.random() < 0.25 else []
    ffmpeg(options, ["-i", str(small[down]), "-c:v", encoder.name, "-preset", encoder.preset(PRESET),
                     *encoder.quiet, "-crf", str(crf), *intra, str(coded)])


def take_frames(options, video: Path, frames: list[int], folder: Path) -> None:
    """The luma of these frames as it is coded."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    chosen = "+".join(f"eq(n,{n})" for n in frames)
    ffmpeg(options, ["-i", str(video), "-vf", f"select='{chosen}',extractplanes=y", "-fps_mode",
                     "passthrough", str(folder / "%04d.png")])
    found = len(list(folder.iterdir()))
    if found != len(frames):
        raise Fault(f"{video.name}: expected {len(frames)} frames, found {found}")


def ffmpeg(options, arguments: list[str]) -> None:
    words = ["-y", "-v", "level+error", "-nostdin", *arguments]
    done = run.run(options.ffmpeg, *words)
    if done.code:
        raise Fault(f"ffmpeg: {done.why()}\n  {' '.join([options.ffmpeg, *words])}")


def main() -> None:
    Script("make_coded_pairs", "stopped, nothing is left behind").run(work)
