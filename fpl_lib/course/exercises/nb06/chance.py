"""Notebook 06's exercises on chance: what one run of each loss can show, and a run of one's own."""

from __future__ import annotations

from math import sqrt

from scipy.stats import norm

from fpl_lib.course.checking import TrainingExercise, ValueExercise
from fpl_lib.evidence import known_accuracies

SPREAD, DIFFERENCE = 47.0, 39.0
_BETWEEN = SPREAD * sqrt(2)


def _both(sd: float) -> tuple[float, float]:
    return float(2 * norm.sf(DIFFERENCE / sd)), float(norm.ppf(0.975) * sd)


_P, _NEEDED = _both(_BETWEEN)

SINGLE = ValueExercise(
    "06-single",
    solution=(_P, _NEEDED),
    rtol=0.01,
    mistakes={
        "one spread": _both(SPREAD),
        "twice the spread": _both(2 * SPREAD),
        "averaged": _both(SPREAD / sqrt(2)),
        "one side": (_P / 2, _NEEDED),
        "one side both times": (_P / 2, float(norm.ppf(0.95) * _BETWEEN)),
        "order": (_NEEDED, _P),
        "complement": (1 - _P, _NEEDED),
    },
)

SEED = TrainingExercise(
    "06-seed",
    known=lambda: known_accuracies("mini", "small", "ce", epoch=2),
    solution=36.4,
    mistakes={
        "share": 0.353,
        "errors": 64.7,
        "top-5": 88.0,
        "untrained": 10.0,
    },
)
