"""The questions of data/protocol.md: one estimate each, and the conditions under which it counts.

What is asked, of which runs, at which level and margin stands here as data and there as text; a
test compares the two. Nothing here looks at what a result is good for: that is `verdicts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from fpl_lib.evidence.comparisons import by_setting, compared, differences, values
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import Interval, mean_interval


@dataclass(frozen=True)
class Control:
    """A positive control: an effect of known direction, over `pairs` seeds.

    `better` and `worse` are a loss and a condition each; where both are the same, all epochs stand
    against half of them.
    """

    better: tuple[str, str]
    worse: tuple[str, str]
    pairs: int = 5

    def differences(self, runs: Sequence[Record]) -> pd.Series:
        """Better minus worse by seed, in points of top-1."""
        if self.better == self.worse:
            return _top1(runs, *self.better, gained_in_the_second_half)
        return (_top1(runs, *self.better) - _top1(runs, *self.worse)).dropna()


def gained_in_the_second_half(run: Record) -> float:
    """Top-1 after all epochs minus that after half of them."""
    return run.result["top1"] - run.epochs[len(run.epochs) // 2 - 1]["top1"]


def _top1(runs: Sequence[Record], loss: str, condition: str, metric="top1") -> pd.Series:
    return values([run for run in runs if run.condition == condition], loss, metric)


@dataclass(frozen=True)
class Question:
    """One contrast of two losses in one setting, as the protocol lays it down.

    The estimate is the mean over `seeds` of `loss` minus `rival`, in points of top-1. `gate` is the
    least mean top-1 of cross-entropy, in percent, `fall` the least number of points by which its
    mean accuracy must end below that of its best epoch; `margin`, in points, is what counts as no
    difference.
    """

    name: str
    asks: str
    experiment: str
    model: str
    scope: str
    seeds: range
    gate: float
    control: Control
    level: float = 0.95
    margin: float = 0.3
    loss: str = "fpl"
    rival: str = "ce"
    condition: str = ""
    fall: float = 0.0

    def runs_needed(self) -> dict[tuple[str, str, str, int], tuple[str, ...]]:
        """What it takes, control included: (model, condition, first seed, seeds): losses."""
        first, seeds, losses = self.seeds.start, len(self.seeds), {self.loss, self.rival, "ce"}
        needed = {(self.condition, seeds): losses}
        for loss, condition in (self.control.better, self.control.worse):
            if condition != self.condition or loss not in losses:
                needed.setdefault((condition, self.control.pairs), set()).add(loss)
        return {(self.model, c, first, n): tuple(sorted(found)) for (c, n), found in needed.items()}

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

    def column(self, records: Sequence[Record]) -> list[Record]:
        """Those of `among` in the question's condition, of one recipe: the commonest."""
        runs = [run for run in self.among(records) if run.condition == self.condition]
        return max(by_setting(runs).values(), key=len, default=[])


@dataclass(frozen=True)
class Answer:
    """What the runs say to a question so far.

    `interval` is that of the estimate at the question's level (None for fewer than two pairs), `sd`
    the standard deviation of the differences, in points, `gate` cross-entropy's mean top-1 and
    `fall` by how much it lies below that of its best epoch (NaN without runs), `control` the
    positive control's interval at 95 % over its planned seeds, `precisions` what float32 meant in
    the runs of both.
    """

    question: Question
    n: int
    interval: Interval | None
    sd: float
    gate: float
    fall: float
    control: Interval | None
    control_n: int
    precisions: tuple[str, ...] = ()

    @property
    def obstacles(self) -> list[str]:
        """Why no verdict can be given, whatever the interval; empty where one can."""
        asked, found = self.question, []
        if len(self.precisions) > 1:
            found.append(f"runs of more than one precision: {', '.join(self.precisions)}")
        if self.n < len(asked.seeds):
            found.append(f"{self.n} of {len(asked.seeds)} pairs")
        elif not self.gate >= asked.gate:
            found.append(f"cross-entropy at {self.gate:.1f} %, expected {asked.gate:g} % or more")
        elif not self.fall >= asked.fall:
            found.append(
                f"cross-entropy ends {self.fall:.1f} points below its best epoch, expected "
                f"{asked.fall:g} or more"
            )
        if self.control_n < asked.control.pairs:
            found.append(f"{self.control_n} of {asked.control.pairs} pairs of the control")
        elif not self.control.low > 0:
            found.append(
                f"the positive control is not clearly above zero ({self.control.low:+.2f} to "
                f"{self.control.high:+.2f} points of top-1, n = {self.control_n})"
            )
        return found


def answer(question: Question, records: Sequence[Record]) -> Answer:
    """The state of a question in `records`, which may hold anything else besides."""
    runs = question.among(records)
    column = question.column(records)
    by_seed = differences(column, question.loss, question.rival)
    control = question.control.differences(runs)
    control = control[control.index < question.seeds.start + question.control.pairs]
    conditions = {question.condition, question.control.better[1], question.control.worse[1]}
    modes = {run.header["environment"].get("numeric_mode", "float32")
             for run in runs if run.condition in conditions}  # fmt: skip
    found = compared(by_seed, level=question.level)
    ce = [run for run in column if run.header["loss"] == "ce"]
    curve = np.mean([[row["top1"] for row in run.epochs] for run in ce], axis=0) if ce else [nan]
    return Answer(
        question,
        len(by_seed),
        found.mean if found else None,
        found.sd if found else nan,
        float(values(ce, "ce").mean()),
        float(max(curve) - curve[-1]),
        mean_interval(control) if len(control) > 1 else None,
        len(control),
        tuple(sorted(modes)),
    )


SPOILT = Control(("ce", ""), ("ce", "noise05"))


def _parts(names: dict[str, tuple[str, str, str]], level: float) -> list[Question]:
    return [
        Question(
            name, asks, "parts", "small", "ResNet of 78 000 weights, full CIFAR-10", range(5),
            gate=75, control=SPOILT, level=level, margin=0.5,
            loss=loss, rival=rival,
        )
        for name, (asks, loss, rival) in names.items()
    ]  # fmt: skip


def _long_tail(name: str, asks: str, rival: str, seeds: range) -> Question:
    return Question(
        name, asks, "long-tail", "small", "ResNet of 78 000 weights, CIFAR-10-LT at ratio 100",
        seeds, gate=40, control=Control(("balanced_softmax", "exp100"), ("ce", "exp100")),
        level=1 - 0.05 / 3, margin=1.0, rival=rival, condition="exp100",
    )  # fmt: skip


_ALL = (
    Question(
        "Q1", "accuracy", "compact", "compact", "CompactNet of 0.3 M weights, full CIFAR-10",
        range(10), gate=87, control=Control(("ce", ""), ("ce", "noise02")),
    ),
    Question(
        "Q2", "from ImageNet weights", "finetune", "efficientnet_lite0",
        "EfficientNet-Lite0 fine-tuned on full CIFAR-10", range(5), gate=87,
        control=Control(("ce", ""), ("ce", "noise05"), 3),
    ),
    Question(
        "Q3", "Table 2", "table2", "resnet18", "ResNet18 by Table 1's recipe, full CIFAR-10",
        range(1, 6), gate=40, control=Control(("ce", "float32"), ("ce", "float32")), margin=1.0,
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
        "ResNet of 78 000 weights, 10 000 images of CIFAR-10, 40 % of their labels wrong", range(5),
        gate=25, fall=3, margin=1.0, condition="noise40",
        control=Control(("gce", "noise40"), ("ce", "noise40")),
    ),
    _long_tail("Q7a", "long tail", "ce", range(10)),
    _long_tail("Q7b", "the weights of Eq. 4", "fpl_mean", range(5)),
    _long_tail("Q7c", "against focal loss", "focal", range(10)),
    Question(
        "Q8", "Table 3", "table3", "resnet50", "ResNet50 from scratch, full CIFAR-10", range(5),
        gate=90, control=Control(("ce", "scratch"), ("ce", "scratch")), condition="scratch",
    ),
)  # fmt: skip
QUESTIONS = {question.name: question for question in _ALL}
