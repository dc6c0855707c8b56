# SPDX-License-Identifier: BSD-2-Clause
"""The chains: how a frame is made small, and how the viewer enlarges it."""

from dataclasses import dataclass, replace
from pathlib import Path

from hcd.report import tools
from hcd.run import Fault, models, program


@dataclass(frozen=True)
class Chain:
    """Filter strings; {w} and {h} stand for the size of the source, {siting} for scale's options that keep the
    source's place of chroma, {weights} for the chain's file of weights."""
    name: str
    down: str
    up: str
    client: str = ""            # who enlarges; chains of one client are compared. Default: `up`
    weights: str = ""           # a file sent with the stream, whose bytes are billed
    tuned: bool = False         # weights fitted to the title by hcd tune
    needs: tuple[str, ...] = ()  # models, or sub-commands of hcd

    @property
    def viewer(self) -> str:
        return self.client or self.up

    @property
    def full_size(self) -> bool:
        return self.down == self.up == "null"

    @property
    def blind(self) -> bool:
        """Made small without knowing the client; no weights of its own."""
        return self.down in (BICUBIC, LANCZOS) and not self.tuned and not self.weights


def blind(flags: str) -> str:
    return f"scale=iw/2:ih/2:flags={flags}+accurate_rnd+full_chroma_int{{siting}}"


def player(model: str) -> str:
    return f"hcd_up=model={model}"


BICUBIC, LANCZOS = blind("bicubic"), blind("lanczos")
TUNED = "hcd_up=model=lite:weights={weights}"
LITE = ("lite",)

TABLE = [
    Chain("full", "null", "null"),
    Chain("bicubic", BICUBIC, player("bicubic")),
    Chain("lanczos", LANCZOS, player("bicubic")),
    Chain("hcd_bicubic", "hcd_down=model=bicubic", player("bicubic")),
    Chain("bicubic+lite", BICUBIC, player("lite"), needs=LITE),
    Chain("lanczos+lite", LANCZOS, player("lite"), needs=LITE),
    Chain("hcd_lite", "hcd_down=model=lite", player("lite"), needs=LITE),
    Chain("lanczos+tuned", LANCZOS, TUNED, player("lite"), tuned=True, needs=(*LITE, "tune")),
    Chain("hcd_lite+tuned", "hcd_down=model=lite", TUNED, player("lite"), tuned=True, needs=(*LITE, "tune")),
    Chain("bicubic+lanczos", BICUBIC, player("lanczos")),
    Chain("lanczos+lanczos", LANCZOS, player("lanczos")),
    Chain("hcd_lanczos", "hcd_down=model=lanczos", player("lanczos")),
    Chain("bicubic+bilinear", BICUBIC, player("bilinear")),
    Chain("lanczos+bilinear", LANCZOS, player("bilinear")),
    Chain("hcd_bilinear", "hcd_down=model=bilinear", player("bilinear")),
]
DEFAULT = ("full", "bicubic", "lanczos", "hcd_bicubic", "bicubic+lite", "lanczos+lite", "hcd_lite")


def missing(chain: Chain) -> list[str]:
    """What this build lacks for a chain."""
    there = {name for name, doubles in models(program("hcd")).items() if doubles} | tools.commands()
    return [f"hcd {need}" if need == "tune" else f"model {need} with weights" for need in chain.needs if need not in there]


def parse_added(text: str) -> Chain:
    """A chain of the user's: name=DOWN|UP or name=DOWN|UP|weights=FILE."""
    name, equals, rest = text.partition("=")
    parts = rest.split("|")
    if not name or not equals or len(parts) not in (2, 3) or not all(part.strip() for part in parts):
        raise Fault(f"--add: expected name=DOWN-filters|UP-filters, found '{text}'")
    if any(letter in name for letter in ",/ "):
        raise Fault(f"--add: expected a name without comma, slash or space, found '{name}'")
    chain = Chain(name, parts[0].strip(), parts[1].strip())
    if len(parts) == 3:
        key, _, file = parts[2].strip().partition("=")
        if key != "weights" or not Path(file).is_file():
            raise Fault(f"--add {name}: expected weights=FILE, found '{parts[2].strip()}'")
        chain = replace(chain, weights=str(Path(file).resolve()))
    return chain


def choose(names: list[str] | None, added: list[str], say) -> list[Chain]:
    """The chains of a run. A chain that was named must be available; one that is only a default may be absent."""
    own = [parse_added(text) for text in added]
    table = {chain.name: chain for chain in TABLE}
    for chain in own:
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
    return chosen + [chain for chain in own if chain not in chosen]
