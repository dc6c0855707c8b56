# SPDX-License-Identifier: BSD-2-Clause
"""The tables and figures of the paper as lists of experiments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hcd.paper.cells import Rule
from hcd.paper.plan import Plan
from hcd.paper.reference import ROWS, SOURCES, STEPS, Published, published_score
from hcd.run import Fault

N = 15      # steps of each stage, section 4.1 of the paper
ALPHA = 20  # the length of a step of section 4.1, 20/255, on the 8-bit scale
BEST = ("hcflow", "irn", "firn", "irn-small", "car", "rrdb", "edsr", "srcnn")  # the paper's models first

HCD, OURS, PLAIN, THEIRS = "+ HCD", "ours", "plain", "paper's rule"
PLAIN_RULE = Rule({"steps": "0"})
OURS_NOTE = ("Ours: as many gradients as the paper's rule, all of the LR stage, by Adam, at most 1.5 code values RMS from "
             "the plain picture; linear clients: the optimum.")
PUBLISHED_NOTE = "In brackets: IRN x2 on Set5, Xu et al., ICCV 2023."


@dataclass
class Set:
    """Pictures of one set; `name`: of the folder."""
    name: str
    pictures: list[str]

    def note(self) -> str:
        return f"Pictures of {self.name}: {', '.join(Path(picture).name for picture in self.pictures)}."


@dataclass
class Entry:
    """A number of a table, a point or a picture of a figure. `x`: of a curve."""
    row: str
    column: str
    experiment: int  # of the plan
    x: float | None = None
    published: Published | None = None


@dataclass
class Exhibit:
    name: str   # of its files: "table_1"
    title: str
    first_column: str = ""   # what the rows are
    with_cost: bool = False  # seconds and memory too
    notes: list[str] = field(default_factory=list)  # lines below it
    entries: list[Entry] = field(default_factory=list)

    @property
    def is_figure(self) -> bool:
        """Drawn as <name>.png from <name>.csv."""
        return self.name.startswith("figure")


@dataclass
class Input:
    """What the exhibits are made of. `sets`: of table 1; `sweep`: some pictures of the first set, for the others;
    `models`: none are every row of table 1, the best model of the others."""
    sets: list[Set]
    sweep: Set
    models: list[str]


def paper_rule(steps_hr: int, steps_lr: int, **norms: float) -> Rule:
    return Rule({"preset": "paper", "steps_hr": str(steps_hr), "steps_lr": str(steps_lr)}, **norms)


def our_rule(plan: Plan, model: str, gradients: int) -> Rule:
    """The best rule of this project with as many gradients as the paper's: the optimum itself for a linear client; for a
    network all of them in the LR stage, by Adam, within a budget per sample with which FIRN x4 gains more decibels than
    by the paper's rule at the same SSIM."""
    if plan.models.get(model, {}).get("linear"):
        return Rule({"optimizer": "exact" if gradients > 0 else "auto"})
    return Rule({"optimizer": "adam", "steps": str(gradients), "budget": "1.5"})


def rows_of_table_1(plan: Plan, given: Input) -> dict[str, str]:
    """The paper's rows, then this project's other networks at that scale: model, label."""
    rows = {model: label for model, label in ROWS[plan.scale].items() if not given.models or model in given.models}
    others = given.models or [name for name, model in plan.models.items()
                              if model["variants"] and plan.obstacle(name) != "not at this scale"]
    return {**rows, **{model: model for model in others if model not in rows}}


def models_of_sweeps(plan: Plan, given: Input) -> list[str]:
    """Those asked for; else the best of the paper's models that can run here."""
    if given.models:
        return given.models
    found = next((model for model in BEST if not plan.obstacle(model)), None)
    if found is None:
        raise Fault(f"no network has weights at scale {plan.scale}: give some by --weights, or name a linear client by "
                    "--models")
    return [found]


def table_1(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("table_1", f"Table 1: x{plan.scale}, PSNR-Y / SSIM", "method")
    for model, label in rows_of_table_1(plan, given).items():
        row = label if label == model else f"{label} ({model})"
        for each in given.sets:
            for variant, rule, published in (
                    (PLAIN, PLAIN_RULE, published_score(model, plan.scale, False, each.name)),
                    (HCD, paper_rule(N, N), published_score(model, plan.scale, True, each.name)),
                    (OURS, our_rule(plan, model, 2 * N), None)):
                experiment = plan.add(model, rule, each.pictures)
                exhibit.entries.append(Entry(row, f"{each.name} {variant}", experiment, None, published))
    exhibit.notes = [f"In brackets: {SOURCES[plan.scale]}.", OURS_NOTE,
                     *(f"{each.name}: {len(each.pictures)} pictures." for each in given.sets)]
    return exhibit


def add_steps(plan: Plan, given: Input, exhibit: Exhibit, label: str, model: str, steps: tuple[int, int],
              x: float | None) -> None:
    """The paper's rule and ours beside each other."""
    none = steps == (0, 0)
    for column, rule, published in ((THEIRS, paper_rule(*steps), STEPS.get(steps)),
                                    (OURS, our_rule(plan, model, sum(steps)), None)):
        experiment = plan.add(model, PLAIN_RULE if none else rule, given.sweep.pictures)
        exhibit.entries.append(Entry(f"{model}, {label}", column, experiment, x, published))


def table_2(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("table_2", f"Table 2: the two stages, x{plan.scale}", "model, stages", with_cost=True)
    for model in models_of_sweeps(plan, given):
        for label, steps in (("none", (0, 0)), ("HR only", (N, 0)), ("LR only", (0, N)), ("both", (N, N))):
            add_steps(plan, given, exhibit, label, model, steps, None)
    exhibit.notes = [PUBLISHED_NOTE, OURS_NOTE, given.sweep.note()]
    return exhibit


def table_3(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("table_3", f"Table 3: steps of each stage, x{plan.scale}", "model, N", with_cost=True)
    for model in models_of_sweeps(plan, given):
        for steps in (0, 1, 5, 10, 15, 20):
            add_steps(plan, given, exhibit, str(steps), model, (steps, steps), steps)
    exhibit.notes = [PUBLISHED_NOTE, OURS_NOTE, given.sweep.note(),
                     "Seconds: of making the small picture, mean per picture. MiB: the largest process, LibTorch and the "
                     "enlarging of the result included."]
    return exhibit


def figure_2(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("figure_2", "Figure 2: along and against the gradient, LR stage", "direction")
    for model in models_of_sweeps(plan, given):
        for row, rule in (("adversarial", paper_rule(0, N, step_norm=-ALPHA)), ("none", PLAIN_RULE),
                          ("collaborative", paper_rule(0, N, step_norm=ALPHA))):
            exhibit.entries.append(Entry(row, model, plan.add(model, rule, given.sweep.pictures)))
    exhibit.notes = ["The same steps and budget, the sign of the step turned.", given.sweep.note()]
    return exhibit


def add_pictures(plan: Plan, given: Input, count: int, exhibit: Exhibit) -> None:
    """One picture under three rules, kept for a figure."""
    exhibit.first_column = "model, picture"
    for model in models_of_sweeps(plan, given):
        for picture in given.sweep.pictures[:count]:
            for column, rule in ((PLAIN, PLAIN_RULE), (HCD, paper_rule(N, N)), (OURS, our_rule(plan, model, 2 * N))):
                exhibit.entries.append(Entry(f"{model}, {Path(picture).stem}", column,
                                             plan.add(model, rule, [picture], keep_pictures=True)))


def figure_5(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("figure_5", "Figure 5: enlarged pictures",
                      notes=["The crop of 64x64 where the plain picture is furthest from the original."])
    add_pictures(plan, given, 3, exhibit)
    return exhibit


def add_curve(plan: Plan, given: Input, values: tuple[float, ...], norm: str, unit: float, exhibit: Exhibit) -> None:
    """A curve of the LR stage over a norm, which `unit` brings to the 8-bit scale."""
    for model in models_of_sweeps(plan, given):
        exhibit.entries.append(Entry(PLAIN, model, plan.add(model, PLAIN_RULE, given.sweep.pictures), 0))
        for value in values:
            experiment = plan.add(model, paper_rule(0, N, **{norm: value * unit}), given.sweep.pictures)
            exhibit.entries.append(Entry(f"{value:g}", model, experiment, value))
    exhibit.notes.append(given.sweep.note())


def figure_6(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("figure_6", "Figure 6: step size, LR stage", "alpha * 255",
                      notes=["Alpha: L2 norm of a step over the whole small picture; published: 20/255."])
    add_curve(plan, given, (2.5, 5, 10, ALPHA, 40, 80), "step_norm", 1, exhibit)
    return exhibit


def figure_7(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("figure_7", "Figure 7: budget, LR stage", "epsilon",
                      notes=["Epsilon: L2 norm over the whole small picture in [0, 1]; published: 0.3."])
    add_curve(plan, given, (0.05, 0.1, 0.2, 0.3, 0.5, 1), "budget_norm", 255, exhibit)
    return exhibit


def figure_8(plan: Plan, given: Input) -> Exhibit:
    exhibit = Exhibit("figure_8", "Figure 8: small pictures and what HCD adds",
                      notes=["The difference to the plain small picture, times 16, on middle gray."])
    add_pictures(plan, given, 2, exhibit)
    return exhibit


TABLES: dict[int, Callable[[Plan, Input], Exhibit]] = {1: table_1, 2: table_2, 3: table_3}
FIGURES: dict[int, Callable[[Plan, Input], Exhibit]] = {2: figure_2, 5: figure_5, 6: figure_6, 7: figure_7, 8: figure_8}
