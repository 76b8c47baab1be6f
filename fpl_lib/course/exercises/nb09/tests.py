"""Notebook 09's exercises on two tests: one run against one run, and a sign-flip by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from fpl_lib.course.checking import FunctionExercise, ValueExercise


def _p_of_errors(
    errors: int,
    images: int,
    sd: float,
    *,
    unit: Callable[[int, int], float] = lambda errors, images: 100 * errors / images,
    runs: float = 2.0,
    sides: float = 2.0,
    tail: Callable[[float], float] = stats.norm.sf,
) -> float:
    return float(sides * tail(unit(errors, images) / (sd * math.sqrt(runs))))


def _comparisons(rng: np.random.Generator) -> list[tuple[int, int, float]]:
    images = rng.choice([2_000, 5_000, 10_000], 3, False)
    return [
        (int(n * rng.uniform(0.001, 0.004)), int(n), float(rng.uniform(0.12, 0.4))) for n in images
    ]


ERRORS = FunctionExercise(
    "09-errors",
    solution=_p_of_errors,
    decimals=4,
    cases=_comparisons,
    mistakes={
        "one run": {"runs": 1.0},
        "variances not added": {"runs": 4.0},
        "one side": {"sides": 1.0},
        "not in points": {"unit": lambda errors, images: errors},
        "a fraction": {"unit": lambda errors, images: errors / images},
        "the other tail": {"tail": stats.norm.cdf},
        "binomial": lambda errors, images, sd: float(2 * stats.norm.sf(errors / math.sqrt(images))),
    },
)

FLIP = ValueExercise(
    "09-flip",
    solution=(0.375, 0.125),
    rtol=0.002,
    mistakes={
        "one side": (0.1875, 0.125),
        "one side in both": (0.1875, 0.0625),
        "order": (0.125, 0.375),
        "only beyond": (0.25, 0.125),
        "as if all were positive": (0.125, 0.125),
        "smallest of one side": (0.375, 0.0625),
        "sign test": (0.625, 0.125),
    },
)
