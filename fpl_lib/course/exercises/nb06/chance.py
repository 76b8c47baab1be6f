"""Notebook 06's exercises on chance: what one run of each loss can show, and a run of one's own."""

from __future__ import annotations

from math import sqrt

from scipy.stats import norm

from fpl_lib.course.checking import TrainingExercise, ValueExercise
from fpl_lib.course.checking.spread import known_accuracies

SPREAD, DIFFERENCE = 47.0, 39.0
_BETWEEN = SPREAD * sqrt(2)
_P = float(2 * norm.sf(DIFFERENCE / _BETWEEN))
_NEEDED = float(norm.ppf(0.975) * _BETWEEN)


def _both(sd: float) -> tuple[float, float]:
    return float(2 * norm.sf(DIFFERENCE / sd)), float(norm.ppf(0.975) * sd)


SINGLE = ValueExercise(
    id="06-single",
    title="39 fewer, by chance",
    difficulty=2,
    minutes=8,
    solution=(_P, _NEEDED),
    rtol=0.01,
    mistakes={
        "one spread": (
            "That takes one run for sure and lets only the other vary. Both totals vary, so their "
            "difference spreads √2 times as wide.",
            _both(SPREAD),
        ),
        "twice the spread": (
            "Standard deviations do not add, variances do: the difference spreads √2 times as "
            "wide, not twice.",
            _both(2 * SPREAD),
        ),
        "averaged": (
            "That is the spread of a mean of two runs. A difference of two spreads more than one "
            "run, not less.",
            _both(SPREAD / sqrt(2)),
        ),
        "one side": (
            "The p-value counts one side only. Nobody said beforehand which loss would win, so "
            "39 more would have been reported as well.",
            (_P / 2, _NEEDED),
        ),
        "one side both times": (
            "Both numbers are one-sided. A difference in either direction would have counted.",
            (_P / 2, float(norm.ppf(0.95) * _BETWEEN)),
        ),
        "order": (
            "The two numbers are exchanged: first the p-value, then the difference needed.",
            (_NEEDED, _P),
        ),
        "complement": (
            "The first number is the chance of a smaller difference: subtract it from 1.",
            (1 - _P, _NEEDED),
        ),
    },
    hints=(
        "The difference of two independent runs, each with standard deviation 47, has which one?",
        "With s for it: p = 2 P(Z > 39 / s), and the difference needed is 1.96 s. "
        "`scipy.stats.norm.sf` is P(Z > z).",
    ),
    takeaway="A single pair of runs could show only a difference more than three times as large.",
)

SEED = TrainingExercise(
    id="06-seed",
    title="One more seed",
    difficulty=1,
    minutes=6,
    known=lambda: known_accuracies("mini", "small", "ce", epoch=2),
    solution=36.4,
    mistakes={
        "share": ("That is a share from 0 to 1: accuracy is asked for in percent.", 0.353),
        "errors": ("That is the share of errors: the accuracy is what is left of 100.", 64.7),
        "top-5": (
            "That is top-5: the true class is among the best five of ten. Wanted is top-1.",
            88.0,
        ),
        "untrained": (
            "One in ten is guessing: this network is not the trained one, or its learning rate is "
            "so small that it has not moved. Table 1's 0.001 does that here.",
            10.0,
        ),
    },
    hints=(
        "`run_small('ce', seed)` from above returns the network and a row an epoch.",
        "The last row's `top1` is the accuracy in percent: `rows[-1]['top1']`.",
    ),
    takeaway="Only the seed differs. Where your number lies among the others is luck.",
)
