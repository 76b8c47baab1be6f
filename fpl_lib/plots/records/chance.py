"""Differences between single runs, beside what two runs of one and the same loss would do."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from fpl_lib.plots.style import PAPER, use_style

REACH = 3.5
MIDDLE = norm.ppf(0.975)


def beside_chance(
    names: Sequence[str], lengths: Sequence[float], *, message: str, ours: Sequence[str] = ()
) -> tuple[Figure, str]:
    """A row per difference, below the bell curve of two runs of one loss; and the figure in words.

    lengths: FPL − CE in standard deviations of a difference of two runs, in the order of `names`,
    of which those in `ours` are drawn as circles, the paper's as black diamonds.
    """
    use_style()
    figure, (bell, rows) = plt.subplots(
        2, 1, figsize=(8.4, 2.5 + 0.36 * len(names)), sharex=True,
        height_ratios=[1.5, 0.36 * len(names) + 0.3],
    )  # fmt: skip
    x = np.linspace(-REACH, REACH, 301)
    inside = abs(x) <= MIDDLE
    bell.fill_between(x[inside], norm.pdf(x[inside]), color="#BBBBBB", alpha=0.5, lw=0)
    bell.plot(x, norm.pdf(x), color="#444444", lw=1.5)
    bell.text(0, 0.12, "95 % of pairs of runs\nof one and the same loss", ha="center", fontsize=9)
    bell.set(yticks=[], ylim=(0, 0.43), xlim=(-REACH, REACH))
    bell.spines["left"].set_visible(False)
    rows.axvspan(-MIDDLE, MIDDLE, color="#BBBBBB", alpha=0.3, lw=0)
    rows.axvline(0, color="#444444", lw=1)
    for place, (name, length) in enumerate(zip(names, lengths, strict=True)):
        own = {"marker": "o", "color": "#D55E00"}
        rows.plot(length, place, **(own if name in ours else PAPER), ms=7)
    rows.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    rows.set(xlabel="FPL − CE, in standard deviations of a difference of two runs")
    rows.grid(axis="y", visible=False)
    figure.suptitle(message, x=0.02, ha="left", weight="bold", fontsize=12)
    said = "; ".join(f"{name} at {z:+.2f}" for name, z in zip(names, lengths, strict=True))
    return figure, (
        "Above, the bell curve of differences between two runs of one loss, its middle 95 % "
        f"shaded. Below, in standard deviations, a row per comparison: {said}."
    )
