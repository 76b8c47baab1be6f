"""The questions of data/protocol.md: one estimate each, and the conditions under which it counts.

What is asked, of which runs, at which level and margin stands here as data and there as text; a
test compares the two. Nothing here looks at what a result is good for: that is `verdicts`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from fpl_lib.evidence.comparisons import compared, differences, values
from fpl_lib.evidence.planning import seeds_needed
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import Interval, mean_interval

Control = Callable[[Sequence[Record]], pd.Series]
"""From an experiment's records to differences by seed that should lie above zero."""


@dataclass(frozen=True)
class Question:
    """One contrast of two losses in one setting, as the protocol lays it down.

    The estimate is the mean over `seeds` of `loss` minus `rival`, in points of top-1. `gate` is the
    least mean top-1 of cross-entropy, in percent; `control` gives differences by seed of which
    `control_pairs` are planned; `margin`, in points, is what counts as no difference.
    """

    name: str
    asks: str
    experiment: str
    model: str
    scope: str
    seeds: range
    gate: float
    control: Control
    control_pairs: int
    level: float = 0.95
    margin: float = 0.3
    loss: str = "fpl"
    rival: str = "ce"
    condition: str = ""

    def among(self, records: Sequence[Record]) -> list[Record]:
        """The finished runs of the experiment on all of CIFAR-10 with the question's seeds."""
        return [
            record
            for record in records
            if record.done
            and record.header["experiment"] == self.experiment
            and record.header["model"] == self.model
            and record.header["data"].get("source") == "cifar10"
            and record.header["seed"] in self.seeds
        ]


@dataclass(frozen=True)
class Answer:
    """What the runs say to a question so far.

    `interval` is that of the estimate at the question's level (None for fewer than two pairs), `sd`
    the standard deviation of the differences, `gate` cross-entropy's mean top-1 (NaN without runs),
    `control` the interval of the positive control, both at 95 %.
    """

    question: Question
    n: int
    interval: Interval | None
    sd: float
    gate: float
    control: Interval | None
    control_n: int

    @property
    def obstacles(self) -> list[str]:
        """Why no verdict can be given, whatever the interval; empty where one can."""
        asked, found = self.question, []
        if self.n < len(asked.seeds):
            found.append(f"{self.n} of {len(asked.seeds)} pairs")
        elif not self.gate >= asked.gate:
            found.append(f"cross-entropy at {self.gate:.1f} %, expected {asked.gate:g} % or more")
        if self.control_n < asked.control_pairs:
            found.append(f"{self.control_n} of {asked.control_pairs} pairs of the control")
        elif not self.control.low > 0:
            found.append("the positive control shows no effect")
        return found

    @property
    def within_margin(self) -> bool:
        """Whether the whole interval lies inside the margin of no difference."""
        return self.interval is not None and self.interval.within(self.question.margin)

    @property
    def seeds_to_settle(self) -> float:
        """Pairs that find a difference of the margin with 80 % power; NaN without a spread."""
        if not self.sd > 0:
            return math.nan
        return seeds_needed(self.question.margin, self.sd, paired=True, level=self.question.level)


def answer(question: Question, records: Sequence[Record]) -> Answer:
    """The state of a question in `records`, which may hold anything else besides."""
    runs = question.among(records)
    column = [run for run in runs if run.condition == question.condition]
    by_seed = differences(column, question.loss, question.rival)
    control = question.control(runs).dropna()
    found = compared(by_seed, level=question.level)
    return Answer(
        question,
        len(by_seed),
        found.mean if found else None,
        found.sd if found else math.nan,
        float(values(column, "ce").mean()),
        mean_interval(control, method="t") if len(control) > 1 else None,
        len(control),
    )


def spoiled(condition: str, *, clean: str = "") -> Control:
    """A control: cross-entropy with right labels minus the same with some wrong ones."""

    def control(runs: Sequence[Record]) -> pd.Series:
        right, wrong = (
            values([run for run in runs if run.condition == name], "ce")
            for name in (clean, condition)
        )
        return right - wrong

    return control


def known_better(loss: str, condition: str) -> Control:
    """A control: a loss made for this setting minus cross-entropy."""

    def control(runs: Sequence[Record]) -> pd.Series:
        column = [run for run in runs if run.condition == condition]
        return values(column, loss) - values(column, "ce")

    return control


def longer(condition: str) -> Control:
    """A control: cross-entropy after all epochs minus the same run half-way."""

    def gain(run: Record) -> float:
        return run.result["top1"] - run.epochs[len(run.epochs) // 2 - 1]["top1"]

    def control(runs: Sequence[Record]) -> pd.Series:
        return values([run for run in runs if run.condition == condition], "ce", gain)

    return control


def _parts(names: dict[str, tuple[str, str, str]], level: float) -> list[Question]:
    return [
        Question(
            name, asks, "parts", "small", "ResNet of 78 000 weights, full CIFAR-10", range(5),
            gate=75, control=spoiled("noise05"), control_pairs=5, level=level, margin=0.5,
            loss=loss, rival=rival,
        )
        for name, (asks, loss, rival) in names.items()
    ]  # fmt: skip


def _long_tail(name: str, asks: str, rival: str, seeds: range) -> Question:
    return Question(
        name, asks, "long-tail", "small", "ResNet of 78 000 weights, CIFAR-10-LT at ratio 100",
        seeds, gate=40, control=known_better("balanced_softmax", "exp100"), control_pairs=5,
        level=1 - 0.05 / 3, margin=1.0, rival=rival, condition="exp100",
    )  # fmt: skip


_ALL = (
    Question(
        "Q1", "accuracy", "compact", "compact", "CompactNet of 0.3 M weights, full CIFAR-10",
        range(10), gate=87, control=spoiled("noise02"), control_pairs=5,
    ),
    Question(
        "Q2", "from ImageNet weights", "finetune", "efficientnet_lite0",
        "EfficientNet-Lite0 fine-tuned on full CIFAR-10", range(5), gate=87,
        control=spoiled("noise05"), control_pairs=3,
    ),
    Question(
        "Q3", "Table 2", "table2", "resnet18", "ResNet18 by Table 1's recipe, full CIFAR-10",
        range(1, 6), gate=40, control=longer("float32"), control_pairs=5, margin=1.0,
        condition="float32",
    ),
    *_parts(
        {
            "Q4a": ("direction", "fpl", "ce_matched"),
            "Q4b": ("length", "ce_matched", "ce"),
            "Q4c": ("reweighting", "ce_matched_sample", "ce"),
        },
        1 - 0.05 / 3,
    ),
    *_parts(
        {
            "Q5a": ("a quarter of the false term", "fpl_quarter", "ce"),
            "Q5b": ("half of it", "fpl_half", "ce"),
            "Q5c": ("all of it", "fpl", "ce"),
            "Q5d": ("twice", "fpl_double", "ce"),
            "Q5e": ("two false classes", "fpl_k2", "ce"),
            "Q5f": ("all nine", "fpl_k9", "ce"),
        },
        1 - 0.05 / 6,
    ),
    Question(
        "Q6", "wrong labels", "wrong-labels", "small",
        "ResNet of 78 000 weights, full CIFAR-10 with 40 % of the labels wrong", range(5), gate=25,
        control=known_better("gce", "noise40"), control_pairs=5, margin=1.0, condition="noise40",
    ),
    _long_tail("Q7a", "long tail", "ce", range(10)),
    _long_tail("Q7b", "the weights of Eq. 4", "fpl_mean", range(5)),
    _long_tail("Q7c", "against focal loss", "focal", range(10)),
    Question(
        "Q8", "Table 3", "table3", "resnet50", "ResNet50 from scratch, full CIFAR-10", range(5),
        gate=90, control=longer("scratch"), control_pairs=5, condition="scratch",
    ),
)  # fmt: skip
QUESTIONS = {question.name: question for question in _ALL}
