# SPDX-License-Identifier: BSD-2-Clause
"""The chains: how a frame is made small, at which size, and how the viewer enlarges it."""

import functools
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from hcd import sizes
from hcd.report import tools
from hcd.report.failure import CellError
from hcd.run import Fault, models, program

TO_SOURCE = ":w={w}:h={h}"
PROBED = 96  # pixels a side of the frame on which a build is asked what it takes


@dataclass(frozen=True)
class Chain:
    """Filter strings; {w} and {h} stand for the size of the source, {sw} and {sh} for the small one, {siting} for
    scale's options that keep the source's place of chroma, {weights} for the chain's file of weights. Those of a run
    have a size and are named after it, as in hcd_lite@2/3; a chain of the user's may be of one size only."""
    name: str
    down: str
    up: str
    client: str = ""            # who enlarges; chains of one client are compared. Default: by `up`
    weights: str = ""           # a file sent with the stream, whose bytes are billed
    tuned: bool = False         # weights fitted to the title by hcd tune
    needs: tuple[str, ...] = ()  # models, or sub-commands of hcd
    size: Fraction | None = None
    added: bool = False         # by the user

    @property
    def viewer(self) -> str:
        """The model that enlarges, or the filters where they say more."""
        if self.client:
            return self.client
        found = re.fullmatch(r"hcd_up=model=(\w+)", self.up.removesuffix(TO_SOURCE))
        return found[1] if found else self.up

    @property
    def full_size(self) -> bool:
        return self.down == self.up == "null"

    @property
    def sized(self) -> bool:
        """Can be made at any size."""
        return "{sw}" in self.down + self.up or "{sh}" in self.down + self.up

    @property
    def blind(self) -> bool:
        """Made small without knowing the client; no weights of its own."""
        return self.down in (BICUBIC, LANCZOS) and not self.tuned and not self.weights

    @property
    def base(self) -> str:
        """The name without the size."""
        return self.name.partition("@")[0]

    def at(self, size: Fraction) -> "Chain":
        return replace(self, name=f"{self.name}@{sizes.name(size)}", size=size)


def blind(flags: str) -> str:
    return f"scale={{sw}}:{{sh}}:flags={flags}+accurate_rnd+full_chroma_int{{siting}}"


def made_for(model: str) -> str:
    return f"hcd_down=model={model}:w={{sw}}:h={{sh}}"


def player(model: str) -> str:
    return f"hcd_up=model={model}{TO_SOURCE}"


BICUBIC, LANCZOS = blind("bicubic"), blind("lanczos")
TUNED = f"hcd_up=model=lite:weights={{weights}}{TO_SOURCE}"
LITE, BASE = ("lite",), ("base",)

TABLE = [
    Chain("full", "null", "null", size=sizes.FULL),
    Chain("bicubic", BICUBIC, player("bicubic")),
    Chain("lanczos", LANCZOS, player("bicubic")),
    Chain("hcd_bicubic", made_for("bicubic"), player("bicubic")),
    Chain("bicubic+lite", BICUBIC, player("lite"), needs=LITE),
    Chain("lanczos+lite", LANCZOS, player("lite"), needs=LITE),
    Chain("hcd_lite", made_for("lite"), player("lite"), needs=LITE),
    Chain("bicubic+base", BICUBIC, player("base"), needs=BASE),
    Chain("lanczos+base", LANCZOS, player("base"), needs=BASE),
    Chain("hcd_base", made_for("base"), player("base"), needs=BASE),
    Chain("lanczos+tuned", LANCZOS, TUNED, "lite", tuned=True, needs=(*LITE, "tune")),
    Chain("hcd_lite+tuned", made_for("lite"), TUNED, "lite", tuned=True, needs=(*LITE, "tune")),
    Chain("bicubic+lanczos", BICUBIC, player("lanczos")),
    Chain("lanczos+lanczos", LANCZOS, player("lanczos")),
    Chain("hcd_lanczos", made_for("lanczos"), player("lanczos")),
    Chain("bicubic+bilinear", BICUBIC, player("bilinear")),
    Chain("lanczos+bilinear", LANCZOS, player("bilinear")),
    Chain("hcd_bilinear", made_for("bilinear"), player("bilinear")),
]
DEFAULT = ("full", "bicubic", "lanczos", "hcd_bicubic", "bicubic+lite", "lanczos+lite", "hcd_lite")


# ---- what this build can do ----

def missing(chain: Chain) -> list[str]:
    """What this build lacks for a chain at any size."""
    there = {name for name, doubles in models(program("hcd")).items() if doubles} | tools.commands()
    return [f"hcd {need}" if need == "tune" else f"model {need} with weights" for need in chain.needs if need not in there]


@functools.cache
def refusal(chain: Chain) -> str:
    """Why this build does not take a network's chain at its size; empty where it does. It is asked with one frame."""
    if not chain.needs:
        return ""
    small = sizes.pixels(PROBED, PROBED, chain.size)
    words = {"w": PROBED, "h": PROBED, "sw": small[0], "sh": small[1], "siting": ""}
    filters = f"{chain.down},{chain.up.replace(':weights={weights}', '')}".format(**words)
    try:
        tools.ffmpeg("probe", "-f", "lavfi", "-i", f"testsrc2=s={PROBED}x{PROBED}", "-frames:v", "1", "-vf",
                     f"format=yuv420p,{filters}", "-f", "null", "-")
    except CellError as error:
        return error.found
    return ""


# ---- the user's choice ----

def parse_added(text: str) -> Chain:
    """A chain of the user's: name=DOWN|UP or name=DOWN|UP|weights=FILE."""
    name, equals, rest = text.partition("=")
    parts = rest.split("|")
    if not name or not equals or len(parts) not in (2, 3) or not all(part.strip() for part in parts):
        raise Fault(f"--add: expected name=DOWN-filters|UP-filters, found '{text}'")
    if any(letter in name for letter in ",/@ "):
        raise Fault(f"--add: expected a name without comma, slash, @ or space, found '{name}'")
    chain = Chain(name, parts[0].strip(), parts[1].strip(), added=True)
    if len(parts) == 3:
        key, _, file = parts[2].strip().partition("=")
        if key != "weights" or not Path(file).is_file():
            raise Fault(f"--add {name}: expected weights=FILE, found '{parts[2].strip()}'")
        chain = replace(chain, weights=str(Path(file).resolve()))
    return replace(chain, size=sizes.FULL) if chain.full_size else chain


def named(names: list[str] | None, added: list[Chain], say) -> list[Chain]:
    """The chains of a run, without sizes. One that was named must be available; one that is only a default may be
    absent."""
    table = {chain.name: chain for chain in TABLE}
    for chain in added:
        if chain.name in table:
            raise Fault(f"--add: expected a new name, found '{chain.name}' a second time")
        table[chain.name] = chain
    chosen: list[Chain] = []
    absent: dict[str, list[str]] = {}  # names, by what they lack
    for name in names if names is not None else DEFAULT:
        if name not in table:
            raise Fault(f"--chains: expected names of {', '.join(table)}, found '{name}'")
        lack = missing(table[name])
        if lack and names is not None:
            raise Fault(f"--chains: expected {' and '.join(lack)} for {name}, found none in this build")
        if lack:
            absent.setdefault(" and ".join(lack), []).append(name)
        elif table[name] not in chosen:
            chosen.append(table[name])
    for lack, left_out in absent.items():
        say(f"left out: {', '.join(left_out)} (no {lack} in this build)")
    return chosen + [chain for chain in added if chain not in chosen]


def choose(names: list[str] | None, added: list[str], wanted: list[Fraction], say) -> list[Chain]:
    """The chains of a run at each of the wanted sizes that this build takes."""
    chosen: list[Chain] = []
    refused: dict[tuple[str, str], list[str]] = {}  # names, by size and reason
    for chain in named(names, [parse_added(text) for text in added], say):
        if not chain.sized:
            if not chain.full_size or chain.added or sizes.FULL in wanted:
                chosen.append(chain)
            elif names is not None:
                raise Fault("--sizes: expected full among them for --chains full, found "
                            f"'{','.join(map(sizes.name, wanted))}'")
            continue
        for own in (chain.at(size) for size in wanted if size != sizes.FULL):
            if why := refusal(own):
                refused.setdefault((sizes.name(own.size), why), []).append(chain.name)
            else:
                chosen.append(own)
    for (size, why), left_out in refused.items():
        say(f"left out at {size}: {', '.join(left_out)} ({why})")
    if not chosen:
        raise Fault(f"--chains, --sizes: expected a chain at a size that it takes, found none at "
                    f"{', '.join(map(sizes.name, wanted))}")
    return chosen
