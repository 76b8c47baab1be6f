"""Several losses against one, seed by seed: intervals, corrected p-values, and an honest sentence.

Accuracies are top-1 in percent (0 to 100), differences in points. The interval is Student's t over
the paired differences, and so is the p-value that Holm's correction adjusts over the whole table;
the sign-flip test stands beside it where six seeds or more allow it to find anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from fpl_lib.evidence.pairs import by_setting, compared, differences
from fpl_lib.evidence.planning import seeds_needed
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import Interval, holm
from fpl_lib.plots.records._look import name_of
from fpl_lib.plots.style import COLORS

LEAST_SEEDS = 3
FLIP_SEEDS = 6  # with fewer, no sign-flip p-value is below 0.05
MANY_SEEDS = 1000
FAR = 10.0  # points: what lies further off is written at the figure's edge


@dataclass(frozen=True)
class Comparison:
    """`loss` minus `baseline` over the seeds that both have.

    `differences`: one a seed; `mean` with its t interval; `sd` of the differences; `p_value` of the
    paired t test, `adjusted` by Holm for all comparisons of the table; `flip_p` of the sign-flip
    test, None below six seeds.
    """

    loss: str
    baseline: str
    differences: tuple[float, ...]
    mean: Interval
    sd: float
    p_value: float
    adjusted: float
    flip_p: float | None
    of: int  # comparisons in the table

    @property
    def n(self) -> int:
        return len(self.differences)

    @property
    def found(self) -> bool:
        """Whether the losses differ: the adjusted p-value is below 1 - level."""
        return self.adjusted < 1 - self.mean.level

    def needed(self) -> int | None:
        """Seeds that would find a difference of the size seen, four times in five; None for 0."""
        if round(self.mean.estimate, 9) == 0 or self.sd < 1e-9:
            return None
        return seeds_needed(self.mean.estimate, self.sd, paired=True, level=self.mean.level)

    def verdict(self) -> str:
        """What may be said, in one or two sentences."""
        mine, other = name_of(self.loss), name_of(self.baseline)
        low, high = (f"{x:+.1f}" for x in (self.mean.low, self.mean.high))
        size = f"{self.mean.estimate:+.1f} points, interval {low} to {high}"
        if self.found:
            way = "above" if self.mean.estimate > 0 else "below"
            return f"{mine} is {way} {other} here: {size}, {self.n} seeds."
        if not any(self.differences):
            return (
                f"{mine} gave {other}'s very accuracy with each of {self.n} seeds: the same loss?"
            )
        said = f"{mine} and {other} are indistinguishable at n = {self.n}: {size}."
        if 0 not in self.mean:
            said += (
                f" Alone, the interval would leave out 0; as one of {self.of} comparisons it does "
                "not count."
            )
        seeds = self.needed()
        if seeds is None:
            return f"{said} No number of seeds finds a difference of 0."
        if seeds <= self.n:
            return said
        many = f"more than {MANY_SEEDS}" if seeds > MANY_SEEDS else f"about {seeds}"
        return f"{said} If the true difference is the one seen, {many} seeds would be needed."


def compare(
    records: Sequence[Record], baseline: str = "ce", *, level: float = 0.95
) -> list[Comparison]:
    """Every loss among runs of one setting against `baseline`, in pairs of equal seeds, best first.

    Args:
        records: runs that differ in loss and seed only; unfinished ones are left out.
        baseline: the loss that the others are compared with.
        level: of the intervals; the p-values are judged at 1 - level.

    Returns:
        A Comparison for each loss that shares at least three finished seeds with the baseline.

    Raises:
        ValueError: runs of several settings, a seed that comes twice, or nothing to compare.

    Example:
        >>> top1 = {"ce": (60.0, 61.0, 62.0), "mine": (62.0, 64.0, 63.0)}
        >>> same = {"experiment": "mini", "model": "small", "config": {}, "data": {}}
        >>> runs = [
        ...     Record({**same, "loss": loss, "seed": seed}, [], {"top1": value})
        ...     for loss in top1 for seed, value in enumerate(top1[loss])
        ... ]
        >>> (found,) = compare(runs)
        >>> found.n, found.mean.estimate, found.found
        (3, 2.0, False)

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65, for the correction.
    """
    if len(settings := by_setting(records)) > 1:
        raise ValueError(
            f"records: expected runs of one setting; got {len(settings)}, of "
            f"{' and '.join(sorted({one.label for one in settings}))}: choose with `by_setting`."
        )
    losses = dict.fromkeys(record.header["loss"] for record in records)
    pairs = {loss: differences(records, loss, baseline) for loss in losses if loss != baseline}
    found = [
        _one(loss, baseline, by_seed, level)
        for loss, by_seed in pairs.items()
        if len(by_seed) >= LEAST_SEEDS
    ]
    if not found:
        counts = {loss: len(by_seed) for loss, by_seed in pairs.items()}
        raise ValueError(
            f"records: expected a loss with at least {LEAST_SEEDS} seeds that {baseline!r} has, "
            f"too; shared are {counts}."
        )
    adjusted = holm([one.p_value for one in found])
    found = [
        replace(one, adjusted=float(p), of=len(found))
        for one, p in zip(found, adjusted, strict=True)
    ]
    return sorted(found, key=lambda one: -one.mean.estimate)


def _one(loss: str, baseline: str, by_seed: pd.Series, level: float) -> Comparison:
    paired = compared(by_seed, level=level)
    # To nine digits, since 94.6 - 94.5 and 94.8 - 94.7 are not the same floats.
    values = tuple(by_seed.round(9))
    if paired.sd < 1e-9:  # all equal, where t is 0/0 or without bound
        p_value = paired.test.p_value
    else:
        p_value = float(stats.ttest_1samp(values, 0).pvalue)
    flip_p = paired.test.p_value if paired.n >= FLIP_SEEDS else None
    return Comparison(loss, baseline, values, paired.mean, paired.sd, p_value, p_value, flip_p, 1)


def comparison_table(found: Sequence[Comparison]) -> pd.DataFrame:
    """A row a comparison, as a notebook shows it; no sign-flip p where n is below six."""
    return pd.DataFrame(
        {
            "loss": [name_of(one.loss) for one in found],
            "n": [one.n for one in found],
            "difference": [one.mean.estimate for one in found],
            "from": [one.mean.low for one in found],
            "to": [one.mean.high for one in found],
            "sd": [one.sd for one in found],
            "p, t test": [shown_p(one.p_value) for one in found],
            "p, Holm": [shown_p(one.adjusted) for one in found],
            "p, sign flip": ["" if one.flip_p is None else shown_p(one.flip_p) for one in found],
        }
    )


def shown_p(p_value: float) -> str:
    """A p-value with as many digits as it deserves.

    >>> shown_p(0.23), shown_p(0.0123), shown_p(2e-7)
    ('0.23', '0.012', '< 0.001')
    """
    if p_value < 0.001:
        return "< 0.001"
    return f"{p_value:.2f}" if p_value >= 0.1 else f"{p_value:.3f}"


def comparison_plot(found: Sequence[Comparison], *, where: str) -> tuple[Figure, str]:
    """Paired differences with their intervals, a row a loss, and the figure's alternative text.

    found: what `compare` returns; where: on which images, for the x axis. Seeds are small dots;
    where the adjusted p-value finds a difference the interval is thick. A mean ten points away or
    more is written at the edge, so that the others can be told apart.
    """
    names = [f"{name_of(one.loss)}, n = {one.n}" for one in found]
    baseline = name_of(found[0].baseline)
    fig, ax = plt.subplots(figsize=(8.4, 1.5 + 0.5 * len(found)), layout="constrained")
    ax.axvline(0, color="#777777", lw=1.2, zorder=0)
    near = [one for one in found if abs(one.mean.estimate) < FAR] or found
    seen = [x for one in near for x in (one.mean.low, one.mean.high, *one.differences, 0.0)]
    room = 0.06 * (max(seen) - min(seen) or 1)
    left, right = min(seen) - room, max(seen) + room
    for y, one in enumerate(found):
        color = COLORS.get(one.loss, "#000000")
        if one not in near:
            edge, side = (left, "left") if one.mean.estimate < 0 else (right, "right")
            arrow = "◀ {}" if side == "left" else "{} ▶"
            said = f"{one.mean.estimate:+.1f} ({one.mean.low:+.1f} to {one.mean.high:+.1f})"
            ax.text(edge, y, arrow.format(said), color=color, ha=side, va="center", weight="bold")
            continue
        wide = 5 if one.found else 1.8
        ax.plot([one.mean.low, one.mean.high], [y, y], color=color, lw=wide, alpha=0.75)
        dots = np.full(one.n, y + 0.24)
        ax.plot(one.differences, dots, "o", color=color, ms=3.5, alpha=0.6)
        ax.plot(one.mean.estimate, y, "D", color=color, ms=8, mec="white")
    ax.set_xlim(left, right)
    ax.set(yticks=range(len(found)), yticklabels=names, ylim=(len(found) - 0.5, -0.5))
    ax.set_xlabel(f"top-1 accuracy minus {baseline}'s, same seed (points), {where}")
    ax.grid(axis="y", visible=False)
    clear = [name_of(one.loss) for one in found if one.found]
    ax.set_title(f"Different from {baseline} beyond the seeds: {', '.join(clear) or 'none'}")
    said = "; ".join(
        f"{name}: {one.mean.estimate:+.1f} ({one.mean.low:+.1f} to {one.mean.high:+.1f})"
        for name, one in zip(names, found, strict=True)
    )
    return fig, f"Differences to {baseline} in points with 95 % intervals. {said}."
