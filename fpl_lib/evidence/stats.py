"""What a handful of seeds shows: intervals and paired tests, over scipy.

Accuracies are in percent (0 to 100) and their differences in points, as in the records. A claim
about two *losses* needs several seeds of each (`compared`); two trained *networks* on the same
images need only their answers (`mcnemar`). How many seeds to run is a question for
`planning.py`. See Dietterich, Neural Computation 10 (1998) 1895, and Bouthillier et al., MLSys
2021, arXiv:2103.03098.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from fpl_lib._arguments import check_integer, check_real, check_sample


@dataclass(frozen=True)
class Interval:
    """An estimate and its two-sided confidence interval at `level`, in the estimate's unit."""

    estimate: float
    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def within(self, margin: float) -> bool:
        """Whether all of it lies between -margin and margin: no difference beyond the margin.

        >>> Interval(0.1, -0.1, 0.25, 0.95).within(0.3)
        True
        """
        return -margin < self.low and self.high < margin


@dataclass(frozen=True)
class SignFlip:
    """Two-sided p-value of a sign-flip test over `n` differences.

    `smallest_p` is the least that n differences can give, however large: above 0.05 for five.
    """

    n: int
    p_value: float

    @property
    def smallest_p(self) -> float:
        return 2.0 ** (1 - self.n)


@dataclass(frozen=True)
class PairedDifference:
    """a - b over `n` seeds: `mean` with its interval, standard deviation `sd`, sign-flip `test`.

    Mean, interval and sd are in the unit of a and b.
    """

    n: int
    mean: Interval
    sd: float
    test: SignFlip


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    """Mean of a sample with Student's t interval, which holds its level for normal values.

    The percentile bootstrap, which assumes no distribution, is too short for few values: of normal
    data its 95 % interval covers the mean in 75 % of samples of 3 and 84 % of 5 (notebook 09).

    Args:
        values: (n,), at least two numbers.
        level: confidence, between 0 and 1.

    Raises:
        ValueError: fewer than two values, a NaN or infinite one, or a level out of range.

    Example:
        >>> mean_interval([1.0, 2.0, 3.0]).estimate
        2.0

    Source: Student, Biometrika 6 (1908) 1.
    """
    sample = check_sample("values", values)
    check_real("level", level, 0, 1, inside=True)
    mean = float(sample.mean())
    half = float(stats.t.ppf((1 + level) / 2, len(sample) - 1) * stats.sem(sample))
    return Interval(mean, mean - half, mean + half, level)


def sign_flip(differences: ArrayLike) -> SignFlip:
    """Test whether paired differences centre on zero, by flipping their signs.

    If the two losses are exchangeable, each difference could as well have had the other sign. Exact
    for up to 13 differences, beyond that over 9999 random flips, the same every time.

    Args:
        differences: (n,), at least two numbers, one a seed.

    Raises:
        ValueError: fewer than two values, or a NaN or infinite one.

    Example:
        >>> sign_flip([0.3, 0.1, 0.4, 0.2, 0.5])
        SignFlip(n=5, p_value=0.0625)

    Source: Fisher, The Design of Experiments, 1935, section 21.
    """
    sample = check_sample("differences", differences)
    scale = np.abs(sample).max() or 1.0
    found = stats.permutation_test(
        # scipy swaps the members of each pair (d, 0), which flips the sign of d.
        (sample / scale, np.zeros_like(sample)),
        # Rounded, since 94.6 - 94.5 and 94.8 - 94.7 tie, which float64 does not see.
        lambda x, y, axis: np.mean(x - y, axis=axis).round(9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9_999,
        rng=np.random.default_rng(0),
    )
    return SignFlip(len(sample), float(found.pvalue))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjust a table's p-values so that *any* false alarm among them is as rare as the level.

    Args:
        p_values: (m,) of the m comparisons, each between 0 and 1.

    Returns:
        (m,) adjusted p-values, in the order given.

    Raises:
        ValueError: no p-values, or one that is NaN or out of range.

    Example:
        >>> holm([0.01, 0.04, 0.03, 0.005]).tolist()
        [0.03, 0.06, 0.06, 0.02]

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p_values: expected a list of numbers from 0 to 1; got {p_values!r}.")
    order = p.argsort(kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> float:
    """The p-value of McNemar's exact test of two trained networks on the same images.

    Only images that one network has right and the other wrong count. The test speaks of these two
    networks: other seeds of the same losses may turn out otherwise.

    Args:
        first_right, second_right: (N,) booleans, whether each network has each image right.

    Raises:
        ValueError: not two lists of as many booleans.

    Example:
        >>> mcnemar([True, True, True, False], [True, False, False, True])
        1.0

    Source: McNemar, Psychometrika 12 (1947) 153.
    """
    first, second = np.asarray(first_right), np.asarray(second_right)
    if not first.dtype == second.dtype == bool or first.shape != second.shape:
        raise ValueError(
            "first_right, second_right: expected one boolean for each of the same N images, "
            f"prediction == target; got {first.dtype} {first.shape}, {second.dtype} {second.shape}."
        )
    differ = int((first ^ second).sum())
    return float(stats.binomtest(int((first & ~second).sum()), differ).pvalue) if differ else 1.0


def prediction_interval(values: ArrayLike, *, level: float = 0.95, runs: int = 1) -> Interval:
    """Where *one further* run should fall, given runs like it: to place a single printed number.

    mean ± t · sd · √(1/m + 1/n), for normal values and the mean of m further runs. The estimate is
    the mean.

    Args:
        values: (n,), at least two runs' results, one a seed.
        level: share of further runs that should fall inside.
        runs: m, how many further runs the number to be placed is the mean of.

    Raises:
        ValueError: as in `mean_interval`.

    Example:
        >>> 64.69 in prediction_interval([64.1, 64.9, 64.6])
        True

    Source: Hahn and Meeker, Statistical Intervals, 1991, section 4.7.
    """
    sample = check_sample("values", values)
    check_real("level", level, 0, 1, inside=True)
    n, mean = len(sample), float(sample.mean())
    t = stats.t.ppf((1 + level) / 2, n - 1)
    further = 1 / check_integer("runs", runs, 1)
    half = float(t * sample.std(ddof=1) * math.sqrt(further + 1 / n))
    return Interval(mean, mean - half, mean + half, level)
