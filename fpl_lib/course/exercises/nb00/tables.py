"""Notebook 00's exercises on Tables 2 and 3: reading them with a few lines of code."""

from __future__ import annotations

import numpy as np

from fpl_lib.course.checking import FunctionExercise, ValueExercise

TEST_IMAGES = ValueExercise(
    "00-test-images",
    solution=1_000,
    mistakes={
        "all classes": 10_000,
        "training": 5_000,
        "both": 6_000,
        "excerpt": 100,
    },
)


def _confusions(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    shown = np.array([[5, 2, 0], [3, 4, 0], [1, 1, 6]])
    sizes = [int(rng.integers(4, 7)) for _ in range(2)]
    return [(shown,), *((rng.integers(0, 40, (size, size)),) for size in sizes)]


def _blank_the_diagonal(confusion: np.ndarray) -> np.ndarray:
    np.fill_diagonal(confusion, 0)
    return confusion.sum(axis=0)


FALSE_POSITIVES = FunctionExercise(
    "00-false-positives",
    solution=lambda confusion: confusion.sum(axis=0) - confusion.diagonal(),
    cases=_confusions,
    mistakes={
        "in place": _blank_the_diagonal,
        "false negatives": lambda confusion: confusion.sum(axis=1) - confusion.diagonal(),
        "diagonal kept": lambda confusion: confusion.sum(axis=0),
        "both kinds": lambda c: c.sum(axis=0) + c.sum(axis=1) - 2 * c.diagonal(),
        "true positives": lambda confusion: confusion.diagonal().copy(),
        "total": lambda confusion: confusion.sum() - confusion.trace(),
    },
)


def _totals(rng: np.random.Generator) -> list[tuple[int]]:
    return [(2_500,), *((int(total),) for total in rng.integers(1_000, 9_000, 3))]


ACCURACY = FunctionExercise(
    "00-accuracy",
    solution=lambda total: 100 * (10_000 - total) / 10_000,
    cases=_totals,
    mistakes={
        "share of errors": lambda total: 100 * total / 10_000,
        "fraction": lambda total: 1 - total / 10_000,
        "training images": lambda total: 100 * (1 - total / 50_000),
        "all images": lambda total: 100 * (1 - total / 60_000),
        "count": lambda total: 10_000 - total,
    },
)


TOP1_LEAD = ValueExercise(
    "00-top1-lead",
    solution=0.32,
    atol=0.001,
    mistakes={
        "the text's number": 0.68,
        "sign": -0.32,
        "top-5": 0.02,
        "pretrained": -0.2,
        "fraction": 0.0032,
    },
)


def _printed(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Printed lead and two accuracies: right, turned round, near, far and relative ones."""
    fixed = [
        (0.32, 95.25, 94.93),
        (0.25, 90.25, 90.0),
        (-0.2, 94.02, 94.22),
        (0.2, 94.02, 94.22),
        (0.01, 99.87, 99.85),
        (0.68, 95.25, 94.93),
        (0.34, 95.25, 94.93),
    ]
    drawn = []
    for off in (0, 0, int(rng.integers(1, 4)), int(rng.integers(10, 90))):
        fpl, ce = (int(hundredths) for hundredths in rng.integers(8_000, 9_900, 2))
        drawn.append(((fpl - ce + off) / 100, fpl / 100, ce / 100))
    return fixed + drawn


FOLLOWS = FunctionExercise(
    "00-follows",
    solution=lambda printed, fpl, ce: abs((fpl - ce) - printed) < 0.005,
    cases=_printed,
    mistakes={
        "sign": lambda printed, fpl, ce: abs((ce - fpl) - printed) < 0.005,
        "relative": lambda printed, fpl, ce: abs(100 * (fpl / ce - 1) - printed) < 0.005,
        "size only": lambda printed, fpl, ce: abs(abs(fpl - ce) - abs(printed)) < 0.005,
        "who leads": lambda printed, fpl, ce: fpl > ce,
        "too generous": lambda printed, fpl, ce: abs((fpl - ce) - printed) < 0.05,
        "exact comparison": lambda printed, fpl, ce: fpl - ce == printed,
    },
)
