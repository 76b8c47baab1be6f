"""Notebook 09's exercises on power: a figure of it, and the seeds that a difference needs."""

from __future__ import annotations

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from fpl_lib.course.checking import FigureExercise, FunctionExercise, curve, named, titled
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
    id="09-power",
    title="Draw the power",
    difficulty=2,
    minutes=8,
    solution=draw_power,
    readings={
        "the curve labelled 0.32": lambda ax: curve(ax, "0.32", _GRID),
        "the curve labelled 0.05": lambda ax: curve(ax, "0.05", _GRID),
        "the name of the x axis": named("x"),
        "the name of the y axis": named("y"),
        "the title": titled,
    },
    rtol=0.01,
    mistakes={
        "paired": (
            "This is the power of a paired test whose differences spread by 0.15. Here 0.15 is the "
            "spread of one loss.",
            {"paired": True},
        ),
        "spread of the difference": (
            "You gave √2 · 0.15 as spread: `power` adds the two losses' spreads by itself.",
            {"sd": 0.15 * math.sqrt(2)},
        ),
        "chance to miss it": (
            "Your curves fall: this is the chance to miss the difference. Power is to find it.",
            {"flip": True},
        ),
        "percent": (
            "Draw the chance as a number from 0 to 1, as `power` gives it, not in percent.",
            {"scale": 100.0},
        ),
        "fractions for points": (
            "Differences and spread must be in one unit: 0.32 points stand beside 0.15 points.",
            {"differences": (0.0032, 0.0005)},
        ),
        "another level": (
            "Leave the level at 0.95: a difference counts as found below p = 0.05.",
            {"level": 0.9},
        ),
        "labels swapped": ("The labels of the two lines are swapped.", {"names": ("0.05", "0.32")}),
        "no labels": (
            "Label the lines '0.32' and '0.05', so that a legend can name them.",
            {"names": ("_1", "_2")},
        ),
        "x axis without a name": ("Name the x axis: what is counted there?", {"x_name": ""}),
        "y axis without a name": ("Name the y axis: a chance of what?", {"y_name": ""}),
        "no title": ("Give the figure a title that says what one sees.", {"title": ""}),
    },
    hints=(
        "`planning.power(n, 0.32, 0.15)` is one point; n runs from 2 to 20.",
        "`ax.plot(seeds, [planning.power(n, 0.05, 0.15) for n in seeds], label='0.05')` is one of "
        "the two lines.",
    ),
    takeaway="A grid of five seeds decides about thirds of a point, never about twentieths.",
)


def _seeds(
    difference: float,
    sd: float,
    r: float,
    *,
    arms: float = 2.0,
    correlated: Callable[[float], float] = lambda r: 1 - r,
    z: float = stats.norm.ppf(0.975) + stats.norm.ppf(0.8),
    whole: Callable[[float], int] = math.ceil,
    squared: int = 2,
) -> int:
    """The solution; each keyword puts one mistake into it."""
    return int(whole(arms * correlated(r) * (z * sd / difference) ** squared))


def _plans(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    return [
        (float(rng.uniform(0.03, 0.08)), float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.2, 0.7)))
        for _ in range(3)
    ]


SEEDS = FunctionExercise(
    id="09-seeds",
    title="Count the seeds",
    difficulty=2,
    minutes=6,
    solution=_seeds,
    cases=_plans,
    mistakes={
        "one loss": (
            "The factor 2 is missing: both losses spread, and so their difference has 2 σ².",
            {"arms": 1.0},
        ),
        "pairing ignored": (
            "You do not use r: what two runs of one seed share drops out of their difference.",
            {"correlated": lambda r: 1.0},
        ),
        "pairing hurts": (
            "With 1 + r the number grows with the correlation. It is the sum of two runs that does "
            "so; a difference has 1 - r.",
            {"correlated": lambda r: 1 + r},
        ),
        "no power": (
            "You took 1.96 alone: then a difference of just this size is found in half of the "
            "cases. Add 0.84 for 80 %.",
            {"z": float(stats.norm.ppf(0.975))},
        ),
        "not squared": (
            "The ratio of spread to difference is squared: half the difference needs four times "
            "the seeds.",
            {"squared": 1},
        ),
        "rounded down": (
            "Rounded down, the chance is below 80 %: round up.",
            {"whole": math.floor},
        ),
    },
    hints=(
        "A difference of two paired runs has the variance 2 σ² (1 - r), its mean over n pairs the "
        "n-th part of that.",
        "Solve difference = (1.96 + 0.84) · √(2 σ² (1 - r) / n) for n, then `math.ceil`.",
    ),
    takeaway="For few seeds `planning.seeds_needed` adds one or two, since σ is estimated too.",
)
