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


def _samples(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    return [(rng.normal(rng.uniform(-1, 1), rng.uniform(0.2, 2), int(n)),) for n in (3, 5, 9)]


INTERVAL = FunctionExercise(
    id="07-interval",
    title="The band around a mean",
    difficulty=2,
    minutes=7,
    solution=_interval,
    decimals=3,
    cases=_samples,
    mistakes={
        "normal": (
            "1.96 holds where the spread is known. Here it is estimated from a handful of values: "
            "Student's t with n - 1 degrees of freedom is wider.",
            {"factor": stats.norm.ppf(0.975)},
        ),
        "spread of one run": (
            "That is where single runs lie. The mean of n is known better, by √n.",
            {"root": False},
        ),
        "divided by n": (
            "`np.std` divides by n unless you say `ddof=1`: from a sample that is too small.",
            {"ddof": 0},
        ),
        "n degrees of freedom": (
            "The mean has used up one: n values leave n - 1 degrees of freedom.",
            {"freedom": lambda n: n},
        ),
        "one side": (
            "That leaves 5 % on each side: for 95 % in the middle, cut off 2.5 % at each end.",
            lambda values: _interval(values, factor=stats.t.ppf(0.95, len(values) - 1)),
        ),
        "half the width": (
            "That is the half-width on both sides of zero: put it around the mean.",
            lambda values: tuple(x - float(np.mean(values)) for x in _interval(values)),
        ),
    },
    hints=(
        "mean ± t · s / √n: s with `ddof=1`, t from `scipy.stats.t.ppf`.",
        "95 % in the middle means `stats.t.ppf(0.975, n - 1)`.",
    ),
    takeaway="With 3 seeds the band is 2.2 times as wide as 1.96 says, with 5 1.4 times.",
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
    id="07-seeds",
    title="Seeds for a difference",
    difficulty=2,
    minutes=8,
    solution=_seeds,
    cases=_differences,
    mistakes={
        "one spread": (
            "The factor 2 is missing: both losses vary, so the variance of the difference is twice "
            "that of one.",
            {"factor": 1.0},
        ),
        "no square": (
            "The number of seeds goes with the square of sd / difference: half the difference "
            "takes four times as many.",
            {"power": 1},
        ),
        "one side": (
            "You test one side only: for a two-sided test at 5 % the critical value is 1.96.",
            {"upper": 0.95},
        ),
        "a coin's power": (
            "Without the second quantile a true difference is found every other time only. 80 % "
            "power adds 0.84 to 1.96.",
            {"chance": 0.5},
        ),
        "rounded down": ("That many are not quite enough: round up.", {"whole": math.floor}),
        "not a whole number": (
            "Seeds are counted: round up to a whole number.",
            lambda difference, sd: 2 * (2.8015852 * sd / difference) ** 2,
        ),
    },
    hints=(
        "Two quantiles of the normal distribution: `norm.ppf(0.975)` and `norm.ppf(0.8)`.",
        "n = 2 ((1.96 + 0.84) · sd / difference)², rounded up with `math.ceil`.",
    ),
    takeaway="Half the difference, four times the seeds: small claims are dear.",
)
