"""Notebook 07's exercises on seeds: a mean's interval, and how many seeds a difference needs."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from fpl_lib.course.checking import FunctionExercise


def _interval(values, *, ddof=1, freedom=None, root=True, factor=None):
    values = np.asarray(values, dtype=float)
    n = len(values)
    t = stats.t.ppf(0.975, n - 1 if freedom is None else freedom(n)) if factor is None else factor
    half = t * values.std(ddof=ddof) / (math.sqrt(n) if root else 1)
    return float(values.mean() - half), float(values.mean() + half)


def _samples(rng: np.random.Generator) -> list[tuple[np.ndarray | list[float]]]:
    samples = [rng.normal(rng.uniform(-1, 1), rng.uniform(0.2, 2), n) for n in (3, 5, 9)]
    return [(samples[0].tolist(),), *((sample,) for sample in samples[1:])]


INTERVAL = FunctionExercise(
    "07-interval",
    solution=_interval,
    decimals=3,
    cases=_samples,
    mistakes={
        "normal": {"factor": stats.norm.ppf(0.975)},
        "spread of one run": {"root": False},
        "divided by n": {"ddof": 0},
        "n degrees of freedom": {"freedom": lambda n: n},
        "one side": lambda values: _interval(values, factor=stats.t.ppf(0.95, len(values) - 1)),
        "half the width": lambda values: tuple(
            x - float(np.mean(values)) for x in _interval(values)
        ),
    },
)


def _seeds(difference, sd, *, factor=2.0, upper=0.975, chance=0.8, power=2, whole=math.ceil):
    z = stats.norm.ppf(upper) + stats.norm.ppf(chance)
    return int(whole(factor * (z * sd / difference) ** power))


def _differences(rng: np.random.Generator) -> list[tuple[float, float]]:
    return [
        (float(difference), float(difference * rng.uniform(0.9, 1.1) * ratio))
        for difference, ratio in zip(rng.uniform(0.1, 0.5, 4), (0.7, 1.4, 2.6, 4.3), strict=True)
    ]


SEEDS = FunctionExercise(
    "07-seeds",
    solution=_seeds,
    cases=_differences,
    mistakes={
        "one spread": {"factor": 1.0},
        "no square": {"power": 1},
        "one side": {"upper": 0.95},
        "a coin's power": {"chance": 0.5},
        "rounded down": {"whole": math.floor},
        "not a whole number": lambda difference, sd: 2 * (2.8015852 * sd / difference) ** 2,
    },
)
