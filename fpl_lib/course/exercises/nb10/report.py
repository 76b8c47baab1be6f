"""Notebook 10's last exercise: from two columns of accuracies to what may be said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from fpl_lib.course.checking import FunctionExercise

Report = tuple[int, float, float, float, str]


def _report(
    mine: pd.Series,
    ce: pd.Series,
    *,
    paired: Callable[[pd.Series, pd.Series], pd.Series] = lambda a, b: (a - b).dropna(),
    quantile: Callable[[int], float] = lambda n: stats.t.ppf(0.975, n - 1),
    error: Callable[[pd.Series], float] = lambda d: d.std(ddof=1) / len(d) ** 0.5,
    word: Callable[[float, float, float], str] | None = None,
) -> Report:
    d = paired(mine, ce)
    half = quantile(len(d)) * error(d)
    low, high = d.mean() - half, d.mean() + half
    return len(d), float(d.mean()), float(low), float(high), (word or _word)(d.mean(), low, high)


def _word(mean: float, low: float, high: float) -> str:
    if low > 0:
        return "better"
    return "worse" if high < 0 else "cannot tell"


def _by_position(a: pd.Series, b: pd.Series) -> pd.Series:
    count = min(len(a), len(b))
    return pd.Series(a.to_numpy()[:count] - b.to_numpy()[:count])


def _two_groups(mine: pd.Series, ce: pd.Series) -> Report:
    mine, ce = mine.align(ce, join="inner")
    n, mean = len(mine), mine.mean() - ce.mean()
    found = stats.ttest_ind(mine, ce, equal_var=False).confidence_interval()
    return n, float(mean), float(found.low), float(found.high), _word(mean, found.low, found.high)


def _tables(rng: np.random.Generator) -> list[tuple[pd.Series, pd.Series]]:
    """A clear gain, a clear loss, and a difference lost in the seeds; seeds shuffled and missing.

    One gap is just wide enough for an interval that is too short to call it a difference.
    """
    cases = []
    for size in (2.0, -2.0, 0.0, 0.82):
        luck = pd.Series(1.5 * rng.standard_normal(8) + 60, index=range(8))
        noise = rng.standard_normal(6)
        noise = 0.9 * (noise - noise.mean()) / noise.std(ddof=1)
        shared = rng.permutation(8)[:6]
        mine = luck[shared] + size + noise + 0.1 * (size == 0)
        more = pd.Series(60 + rng.standard_normal(2), index=[20, 21])
        cases.append((pd.concat([mine, more]), luck.sample(frac=1, random_state=rng)))
    return cases


REPORT = FunctionExercise(
    "10-report",
    solution=_report,
    decimals=2,
    cases=_tables,
    mistakes={
        "by position": {"paired": _by_position},
        "two groups": _two_groups,
        "normal": {"quantile": lambda n: stats.norm.ppf(0.975)},
        "degrees of freedom": {"quantile": lambda n: stats.t.ppf(0.975, n)},
        "one-sided": {"quantile": lambda n: stats.t.ppf(0.95, n - 1)},
        "spread of single runs": {"error": lambda d: d.std(ddof=1)},
        "ddof": {"error": lambda d: d.std(ddof=0) / len(d) ** 0.5},
        "the mean decides": {"word": lambda mean, low, high: "better" if mean > 0 else "worse"},
        "no difference": {
            "word": lambda mean, low, high: _word(mean, low, high).replace(
                "cannot tell", "no difference"
            )
        },
        "turned round": lambda mine, ce: _report(ce, mine),
        "seeds counted twice": lambda mine, ce: (len(mine), *_report(mine, ce)[1:]),
    },
)
