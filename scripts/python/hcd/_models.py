# SPDX-License-Identifier: BSD-2-Clause
"""The clients that the library knows."""

from dataclasses import dataclass

from ._library import LIBRARY


@dataclass(frozen=True)
class Variant:
    """A network at one scale: hcd_model_variant."""
    scale: int
    parameters: int       # values of both directions together
    receptive_field: int  # small pixels on each side that a result depends on
    macs: int             # multiplications of enlarging, a small pixel
    built_in: bool        # the library has weights; else the option weights must name some


@dataclass(frozen=True)
class Model:
    """A client: hcd_model_info."""
    name: str
    description: str
    linear: bool           # any ratio; else a network
    needs_weights: bool    # the option weights must name a file, at every scale
    planes: str | None     # what it sees: "all" (each plane alone), "luma", "rgb"; None: as the file says
    paper: str | None
    licence: str | None    # of the built-in weights, or of the authors' code
    has_downscale: bool    # brings its own way down
    tiles_exactly: bool    # False: it looks at the whole picture, so tiles change the result
    variants: tuple[Variant, ...]  # none for linear clients and torchscript


def _optional(text: bytes | None) -> str | None:
    return None if text is None else text.decode()


def models() -> list[Model]:
    """All of them, in the order of `hcd models`."""
    found: list[Model] = []
    array = LIBRARY.hcd_models()
    while (info := array[len(found)]).name is not None:
        variants = tuple(Variant(each.scale, each.parameters, each.receptive_field, each.macs, bool(each.built_in))
                         for each in (info.variants[i] for i in range(info.n_variants)))
        found.append(Model(info.name.decode(), info.description.decode(), bool(info.linear), bool(info.needs_weights),
                           _optional(info.planes), _optional(info.paper), _optional(info.licence),
                           bool(info.has_downscale), bool(info.tiles_exactly), variants))
    return found
