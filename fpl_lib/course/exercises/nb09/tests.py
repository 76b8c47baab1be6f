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
    """The solution; each keyword puts one mistake into it."""
    return float(sides * tail(unit(errors, images) / (sd * math.sqrt(runs))))


def _comparisons(rng: np.random.Generator) -> list[tuple[int, int, float]]:
    images = rng.choice([2_000, 5_000, 10_000], 3, False)
    return [
        (int(n * rng.uniform(0.001, 0.004)), int(n), float(rng.uniform(0.12, 0.4))) for n in images
    ]


ERRORS = FunctionExercise(
    id="09-errors",
    title="A difference of so many errors",
    difficulty=2,
    minutes=6,
    solution=_p_of_errors,
    decimals=4,
    cases=_comparisons,
    mistakes={
        "one run": (
            "You divide by the spread of one run. A difference of two runs spreads √2 times as "
            "much.",
            {"runs": 1.0},
        ),
        "variances not added": (
            "Spreads add in squares: the difference has a standard deviation of √2 σ, not 2 σ.",
            {"runs": 4.0},
        ),
        "one side": (
            "This is the chance of so large a lead for one given loss. Count both directions.",
            {"sides": 1.0},
        ),
        "not in points": (
            "`errors` is a count, `sd` is in points: first turn the errors into points, in percent "
            "of the images.",
            {"unit": lambda errors, images: errors},
        ),
        "a fraction": (
            "Errors over images is a fraction; in points it is a hundred times as much.",
            {"unit": lambda errors, images: errors / images},
        ),
        "the other tail": (
            "This is the chance of a smaller difference: take the tail beyond it.",
            {"tail": stats.norm.cdf},
        ),
        "binomial": (
            "This takes the errors for coin tosses and ignores `sd`: the spread between seeds is "
            "given.",
            lambda errors, images, sd: float(2 * stats.norm.sf(errors / math.sqrt(images))),
        ),
    },
    hints=(
        "In points the difference is d = 100 · errors / images, and under equal losses it is "
        "normal with a standard deviation of √2 · sd.",
        "`2 * stats.norm.sf(d / (math.sqrt(2) * sd))` counts both tails.",
    ),
    takeaway="With a spread of 0.15 points even 39 errors of 10 000 are no rare event.",
)

FLIP = ValueExercise(
    id="09-flip",
    title="A sign-flip test by hand",
    difficulty=1,
    minutes=6,
    solution=(0.375, 0.125),
    rtol=0.002,
    mistakes={
        "one side": (
            "Your p counts the patterns with a mean as high. Those as low count too: both "
            "directions are surprising.",
            (0.1875, 0.125),
        ),
        "only beyond": (
            "Count the patterns whose mean is as far from 0 as the one seen, not only those "
            "farther away.",
            (0.25, 0.125),
        ),
        "as if all were positive": (
            "Your p is that of four differences of one sign. Here one of them is negative.",
            (0.125, 0.125),
        ),
        "smallest of one side": (
            "With all signs equal, two of the sixteen patterns are as extreme: all plus and all "
            "minus.",
            (0.375, 0.0625),
        ),
        "sign test": (
            "You count signs (three of four). The test here is on the mean: sizes matter.",
            (0.625, 0.125),
        ),
    },
    hints=(
        "The sum seen is 0.6. Flipping a set of signs takes twice their absolute values from "
        "0.4 + 0.1 + 0.2 + 0.3 = 1.0.",
        "Which sets of flipped signs leave a sum of at least 0.6? Count these patterns and their "
        "mirror images, out of all.",
    ),
    takeaway="n pairs cannot give a p-value below 2 to the power 1 - n: 0.125 for four, 0.0625 for "
    "five.",
)
