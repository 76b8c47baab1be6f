"""Notebook 09's exercises on power: a figure of it, and the seeds that a difference needs."""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from fpl_lib.course.checking import FigureExercise, FunctionExercise, drawn
from fpl_lib.evidence import planning

_SEEDS = np.arange(2, 21)
_GRID = np.array([2, 3, 5, 10, 20])


def draw_power(
    *,
    sd: float = 0.15,
    paired: bool = False,
    level: float = 0.95,
    differences: tuple[float, float] = (0.32, 0.05),
    names: tuple[str, str] = ("0.32", "0.05"),
    scale: float = 1.0,
    flip: bool = False,
    x_name: str = "seeds a loss",
    y_name: str = "chance to find the difference",
    title: str = "Five seeds find 0.32 points; twenty do not find 0.05",
):
    """Power over the number of seeds for two differences; each keyword makes one mistake."""
    _, ax = plt.subplots()
    for name, difference in zip(names, differences, strict=True):
        power = [planning.power(int(n), difference, sd, paired=paired, level=level) for n in _SEEDS]
        found = np.array(power)
        ax.plot(_SEEDS, scale * (1 - found if flip else found), label=name)
    ax.set(xlabel=x_name, ylabel=y_name, title=title, ylim=(0, None))
    ax.legend()
    return ax


POWER = FigureExercise(
    "09-power",
    solution=draw_power,
    readings=drawn(("0.32", "0.05"), _GRID),
    rtol=0.01,
    mistakes={
        "paired": {"paired": True},
        "spread of the difference": {"sd": 0.15 * math.sqrt(2)},
        "chance to miss it": {"flip": True},
        "percent": {"scale": 100.0},
        "fractions for points": {"differences": (0.0032, 0.0005)},
        "another level": {"level": 0.9},
        "labels swapped": {"names": ("0.05", "0.32")},
        "no labels": {"names": ("_1", "_2")},
        "x axis without a name": {"x_name": ""},
        "y axis without a name": {"y_name": ""},
        "no title": {"title": ""},
    },
)


def _seeds(
    difference: float,
    sd: float,
    r: float,
    *,
    arms: float = 2.0,
    correlated: Callable[[float], float] = lambda r: 1 - r,
    z: float = stats.norm.ppf(0.975) + stats.norm.ppf(0.8),
    whole: Callable[[float], float] = math.ceil,
    squared: int = 2,
) -> float:
    return whole(arms * correlated(r) * (z * sd / difference) ** squared)


def _plans(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    return [
        (float(rng.uniform(0.03, 0.08)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.2, 0.7)))
        for _ in range(3)
    ]


SEEDS = FunctionExercise(
    "09-seeds",
    solution=_seeds,
    cases=_plans,
    mistakes={
        "one loss": {"arms": 1.0},
        "pairing ignored": {"correlated": lambda r: 1.0},
        "pairing hurts": {"correlated": lambda r: 1 + r},
        "no power": {"z": float(stats.norm.ppf(0.975))},
        "not squared": {"squared": 1},
        "not rounded": {"whole": float},
        "rounded down": {"whole": math.floor},
    },
)
