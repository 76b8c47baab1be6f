"""How many seeds a comparison needs, before any is run: expected spread and power, over scipy.

Accuracies are in percent (0 to 100); differences and standard deviations in points.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import count

from scipy import stats

from fpl_lib._arguments import check_integer, check_real


def seed_spread(accuracy: float, images: int) -> float:
    """Standard deviation between seeds, in points, to expect of test accuracy before running any.

    √(error / 2N), which holds for two classes and networks that, over seeds, err independently on
    each image and are right as often as they agree. More classes give somewhat less, training that
    stops short of convergence more. It is a guess for planning: with seeds at hand, measure.

    Args:
        accuracy: expected, in percent.
        images: size N of the test set.

    Raises:
        TypeError, ValueError: an accuracy outside 0 to 100, or no images.

    Example:
        >>> round(seed_spread(95, 10_000), 3)
        0.158

    Source: Jordan, ICLR 2024, arXiv:2304.01910.
    """
    if not 0 <= check_real("accuracy", accuracy) <= 100:
        raise ValueError(f"accuracy: expected percent, from 0 to 100; got {accuracy}.")
    return 100 * math.sqrt((1 - accuracy / 100) / (2 * check_integer("images", images, 1)))


def single_run_p(difference: float, sd: float) -> float:
    """Two-sided p-value of a difference between two single runs, the spread over seeds being known.

    Args:
        difference: of two runs, one a loss, in points.
        sd: standard deviation between seeds of either loss, in points.

    Raises:
        TypeError, ValueError: not finite numbers, or an sd of zero or less.

    Example:
        >>> round(single_run_p(0.32, 0.15), 2)
        0.13
    """
    z = check_real("difference", difference) / check_real("sd", sd, 0, inside=True)
    return float(2 * stats.norm.sf(abs(z) / math.sqrt(2)))


def power(
    n: int, difference: float, sd: float, *, paired: bool = False, level: float = 0.95
) -> float:
    """Chance that a two-sided t test over n seeds a loss finds a difference that is there.

    Args:
        n: seeds of each loss, at least two.
        difference: the true one, in points.
        sd: standard deviation, in points: between seeds of one loss, or if `paired`, of the n
            differences, which is sd √(2(1 - r)) for runs that correlate by r.
        paired: whether the n seeds are compared in pairs.
        level: confidence; a difference counts as found below p = 1 - level.

    Raises:
        TypeError, ValueError: n below two, not finite numbers, an sd of zero or less.

    Example:
        >>> round(power(64, 0.5, 1.0), 3)
        0.801

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. 1988, chapter 2.
    """
    n = check_integer("n", n, 2)
    check_real("level", level, 0, 1, inside=True)
    freedom = n - 1 if paired else 2 * (n - 1)
    z = check_real("difference", difference) / check_real("sd", sd, 0, inside=True)
    shift = abs(z) * math.sqrt(n if paired else n / 2)
    critical = stats.t.ppf((1 + level) / 2, freedom)
    if shift == 0:  # where scipy's noncentral F is wrong
        return 1 - level
    # Beyond either critical value of t means beyond t squared, which is noncentral F.
    return float(stats.ncf.sf(critical**2, 1, freedom, shift**2))


def seeds_needed(difference: float, sd: float, *, paired: bool = False, level: float = 0.95) -> int:
    """Fewest seeds a loss with which `power` reaches 80 %; arguments as there, in points.

    A sign-flip test asks for at least six pairs besides: with fewer, no p-value is below 0.05.

    Raises:
        TypeError, ValueError: as in `power`; a difference of zero, which no number of seeds finds.

    Example:
        >>> seeds_needed(0.32, 0.15), seeds_needed(0.05, 0.15)
        (5, 143)

    Source: as in `power`.
    """
    if check_real("difference", difference) == 0:
        raise ValueError(
            "difference: expected one other than zero, which no number of seeds finds."
        )

    def enough(n: int) -> bool:
        return power(n, difference, sd, paired=paired, level=level) >= 0.8

    most = next(n for n in (2**i for i in count(1)) if enough(n))
    return bisect_left(range(most), True, lo=2, key=enough)
