# SPDX-License-Identifier: BSD-2-Clause
"""Which cells the tables and figures need, and what they come to."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from hcd.paper.cells import Cell, Cells, Result, Rule, command_options
from hcd.run import Fault, run

PAPER_STEPS = 15
PLAIN_COST = 1000  # multiplications for a small pixel without a network


@dataclass
class Summary:
    """Means over the pictures of one model under one rule. `status`: "done", "needs weights", "not in this build" or
    "failed: <why>"; `options`, `cell`: of the first picture; `seconds` per picture, `peak_mib` the largest."""
    status: str
    pictures: int = 0
    psnr_y: float = 0
    ssim: float = 0
    seconds: float = 0
    peak_mib: float = 0
    options: str = ""
    cell: str = ""


class Plan:
    def __init__(self, hcd: str, scale: int, weights: Path | None, shared: dict[str, str]):
        """`weights`: folder of <model>_x<scale>.safetensors; `shared`: options of every cell."""
        self.hcd, self.scale, self.weights, self.shared = hcd, scale, weights, shared
        self.version = self.ask("--version").removeprefix("hcd ").strip()
        self.models = {model["name"]: model for model in json.loads(self.ask("models", "--json"))}
        self.experiments: list[tuple[str, list[str]]] = []  # obstacle, names of cells
        self.cells: dict[str, Cell] = {}
        self.outcomes: dict[str, Result | str] = {}

    def ask(self, *words: str) -> str:
        done = run(self.hcd, *words)
        if done.code:
            raise Fault(f"hcd {' '.join(words)}: {done.why()}")
        return done.text

    def weights_file(self, model: str) -> str:
        """"": there is none."""
        if self.weights is None:
            return ""
        file = self.weights / f"{model}_x{self.scale}.{'pt' if model == 'torchscript' else 'safetensors'}"
        return str(file) if file.exists() else ""

    def variant(self, model: str) -> dict | None:
        return next((each for each in self.models[model]["variants"] if each["scale"] == self.scale), None)

    def obstacle(self, model: str) -> str:
        """"" where the model can run at this scale, else why not."""
        if model not in self.models:
            return "not in this build"
        if self.models[model]["linear"] or self.weights_file(model):
            return ""
        if not self.models[model]["variants"]:
            return "needs weights"  # torchscript
        variant = self.variant(model)
        return "not at this scale" if variant is None else "" if variant["built_in"] else "needs weights"

    def add(self, model: str, rule: Rule, pictures: list[str], keep_pictures: bool = False) -> int:
        """Adds what is not there yet. Returns a number for summary()."""
        obstacle, names = self.obstacle(model), []
        if not obstacle:
            options = {**rule.options, **self.shared, "model": model, "scale": str(self.scale)}
            if file := self.weights_file(model):
                options["weights"] = file
            for picture in pictures:
                cell = Cell(picture, options, rule.step_norm, rule.budget_norm, self.version,
                            self.expected_cost(model, options, picture))
                cell = self.cells.setdefault(cell.name, cell)
                cell.keep_pictures |= keep_pictures
                names.append(cell.name)
        self.experiments.append((obstacle, names))
        return len(self.experiments) - 1

    def expected_cost(self, model: str, options: dict[str, str], picture: str) -> float:
        """Multiplications, roughly: what the estimate of the remaining time weighs cells by."""
        variant = self.variant(model)
        network = max(variant["macs_per_small_pixel"], variant["parameters"]) if variant else 0
        evaluations = int(options.get("steps_hr", 0)) * 2 + int(options.get("steps_lr", options.get("steps", PAPER_STEPS)))
        # Larger files, larger pictures.
        return os.path.getsize(picture) * (PLAIN_COST + network) * (3 * evaluations + 4)

    def run(self, cache: Path, jobs: int) -> None:
        """Computes all of it."""
        cells = list(self.cells.values())
        outcomes = Cells(self.hcd, cache).run(cells, jobs)
        self.outcomes = {cell.name: outcome for cell, outcome in zip(cells, outcomes)}

    def summary(self, experiment: int) -> Summary:
        """After run()."""
        obstacle, names = self.experiments[experiment]
        results = [self.outcomes[name] for name in names]
        failed = next((result for result in results if isinstance(result, str)), None)
        if failed is not None or not results:
            return Summary(obstacle or ("done" if failed is None else f"failed: {failed}"), len(names))

        def mean(name: str) -> float:
            return sum(getattr(result, name) / len(results) for result in results)

        return Summary("done", len(names), mean("psnr_y"), mean("ssim"), mean("seconds"),
                       max(result.peak_mib for result in results), command_options(results[0].options), names[0])

    def has_failed(self) -> bool:
        return any(isinstance(outcome, str) for outcome in self.outcomes.values())
