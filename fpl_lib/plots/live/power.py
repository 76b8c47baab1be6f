"""What a number of paired seeds can find: two bell curves, and the chance over the seeds."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from fpl_lib.evidence.planning import power
from fpl_lib.plots.live import base
from fpl_lib.plots.style import PALETTE

MAX_PAIRS, MAX_DIFFERENCE, MAX_SPREAD = 30, 1.0, 1.0
NOTHING, SOMETHING = "#777777", PALETTE[2]


class PowerFigure(base.LiveFigure):
    """The mean of n paired differences without and with a true difference, and the power over n.

    `set` changes `pairs`, from 2 to 30, `difference`, the true one, from 0.02 to 1 point, and `sd`,
    the spread of the paired differences, from 0.05 to 1 point. `chance` is the power of a paired
    t test at 5 %. Raises ValueError for parts that do not fit.

    >>> shown = PowerFigure(5, 0.32, 0.2)
    >>> round(shown.chance, 2)
    0.76
    """

    def __init__(self, pairs: int = 5, difference: float = 0.32, sd: float = 0.2) -> None:
        super().__init__(9.4, 4.2, title=(0.02, 0.92))
        self._checks = {
            "pairs": base.within("pairs", 2, MAX_PAIRS),
            "difference": base.within("difference", 0.02, MAX_DIFFERENCE, float),
            "sd": base.within("sd", 0.05, MAX_SPREAD, float),
        }
        self._draw_frame()
        self.set(pairs=pairs, difference=difference, sd=sd)

    @property
    def chance(self) -> float:
        """How often n pairs find the difference, from 0 to 1."""
        return power(self.pairs, self.difference, self.sd, paired=True)

    @property
    def border(self) -> float:
        """The mean difference, in points, from which on p < 0.05 at the expected spread."""
        return stats.t.ppf(0.975, self.pairs - 1) * self.sd / math.sqrt(self.pairs)

    def sentence(self) -> str:
        return (
            f"{self._message()}. The differences spread by {self.sd:.2f} points from seed to seed; "
            f"p falls below 0.05 from a mean of about {self.border:.2f} points on."
        )

    def _message(self) -> str:
        found = f"{100 * self.chance:.0f} of 100 experiments"
        return (
            f"{self.pairs} pairs find a true difference of {self.difference:.2f} points in {found}"
        )

    def _draw_frame(self) -> None:
        bells = self.figure.add_axes((0.06, 0.14, 0.5, 0.7))
        curve = self.figure.add_axes((0.65, 0.14, 0.33, 0.7))
        self._bells_at = bells
        self._along = np.linspace(-0.8, 1.4, 441)
        self._lines = {}
        for name, color in (("no difference", NOTHING), ("a true difference", SOMETHING)):
            (self._lines[name],) = bells.plot(
                self._along, 0 * self._along, color=color, label=name, lw=2
            )
        self._found = bells.fill_between(self._along, 0, 0, color=SOMETHING, alpha=0.25, lw=0)
        self._borders = [bells.axvline(0, 0, 0.86, color=base.INK, lw=1, ls=":") for _ in range(2)]
        bells.set(xlabel="mean of the n differences (points)", yticks=[], ylim=(0, 1.25))
        bells.set(xlim=(-0.8, 1.4), ylabel="how often")
        bells.text(
            1.38, 0.98, "beyond the dotted lines:\np < 0.05", ha="right", va="top", fontsize=9
        )
        bells.legend(loc="upper left", ncols=2, fontsize=9)
        seeds = np.arange(2, MAX_PAIRS + 1)
        (self._power,) = curve.plot(seeds, 0 * seeds, color=SOMETHING)
        (self._here,) = curve.plot([], [], "o", color=SOMETHING, ms=8)
        curve.axhline(0.8, color=NOTHING, lw=0.9, ls=":")
        curve.text(MAX_PAIRS, 0.81, "80 %", ha="right", va="bottom", fontsize=9, color=NOTHING)
        curve.set(xlabel="pairs of seeds n", ylabel="chance to find it", ylim=(0, 1.04))

    def _redraw(self) -> None:
        width = self.sd / math.sqrt(self.pairs)
        for line, centre in zip(self._lines.values(), (0, self.difference), strict=True):
            line.set_ydata(np.exp(-(((self._along - centre) / width) ** 2) / 2))
        height = np.exp(-(((self._along - self.difference) / width) ** 2) / 2)
        self._found.remove()
        self._found = self._bells_at.fill_between(
            self._along, 0, height, where=abs(self._along) > self.border, color=SOMETHING,
            alpha=0.25, lw=0,
        )  # fmt: skip
        for line, side in zip(self._borders, (-1, 1), strict=True):
            line.set_xdata([side * self.border] * 2)
        seeds = self._power.get_xdata()
        chances = [power(int(n), self.difference, self.sd, paired=True) for n in seeds]
        self._power.set_ydata(chances)
        self._here.set_data([self.pairs], [self.chance])
        self._title.set_text(self._message())

    def _controls(self) -> base.Controls:
        true = base.slider("true difference", self.difference, 0.02, MAX_DIFFERENCE, step=0.01)
        spread = base.slider("spread", self.sd, 0.05, MAX_SPREAD, step=0.01)
        count = base.slider("pairs n", self.pairs, 2, MAX_PAIRS, step=1)
        return base.Controls([{"pairs": count, "difference": true}, {"sd": spread}])
