"""Notebook 10's exercises on seeds: how many before you start, and is this run like its kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fpl_lib.course.checking import FunctionExercise, TrainingExercise
from fpl_lib.evidence.planning import seeds_needed


def _plan(
    pilot: np.ndarray,
    pilot_ce: np.ndarray,
    difference: float,
    *,
    spread: Callable[[np.ndarray, np.ndarray], float] = lambda mine, ce: (mine - ce).std(ddof=1),
    paired: bool = True,
) -> int:
    return seeds_needed(difference, float(spread(pilot, pilot_ce)), paired=paired)


def _pilots(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    cases = []
    for shared in (1.5, 0.2):  # pairs that move together, and pairs that hardly do
        luck = shared * rng.standard_normal(5)
        mine, ce = 60 + luck + 0.8 * rng.standard_normal((2, 5))
        sd = (mine - ce).std(ddof=1)
        mine += 0.6 * sd - (mine - ce).mean()  # a pilot whose mean is no guide to the answer
        cases.append((mine, ce, float(sd * rng.uniform(0.25, 0.35))))
    return cases


PLAN = FunctionExercise(
    "10-plan",
    solution=_plan,
    cases=_pilots,
    mistakes={
        "one loss's spread": {"spread": lambda mine, ce: mine.std(ddof=1)},
        "not paired": {"paired": False},
        "ddof": {"spread": lambda mine, ce: (mine - ce).std()},
        "variance": {"spread": lambda mine, ce: (mine - ce).var(ddof=1)},
        "the pilot's difference": lambda mine, ce, d: _plan(mine, ce, float((mine - ce).mean())),
        "standard error": {"spread": lambda a, b: (a - b).std(ddof=1) / len(a) ** 0.5},
    },
)

KNOWN = (43.5, 39.4, 39.6, 40.7, 39.3, 39.2, 38.8, 40.9)
"""Validation accuracy of the exercise's loss by `contest.rehearse`, seeds 0 to 7 (%)."""

REHEARSE = TrainingExercise(
    "10-rehearse",
    solution=40.0,
    known=lambda: KNOWN,
    mistakes={
        "share": 0.402,
        "errors": 59.8,
        "chance": 10.0,
        "the training images": 68.8,
    },
)
