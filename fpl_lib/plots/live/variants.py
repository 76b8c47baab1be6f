"""One sample's pushes under Eq. 8: how many false classes count, and what stands for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fpl_lib.plots.live import base
from fpl_lib.plots.live.pushes import Pushes
from fpl_lib.plots.style import COLORS, PALETTE, true_minus

MULTIPLES = 2.6
"""A bystander's multiple has no lower limit: a longer bar ends here, its number stays right."""
WORTH_A_NUMBER = 0.05
"""A push below this is a line on the axis: the multiples below say more of it than its number."""
LIFTED = PALETTE[3]
"""The colour of a wrong class that FPL pushes up."""
POOLS = {"sum": None, "mean": "mean", "median": "median"}


class VariantFigure(Pushes):
    """A pair of bars a class: the push (minus the gradient) of CE and of FPL with k and a pool.

    Below them stands FPL's push as a multiple of CE's, where small classes are seen as well. `set`
    changes `logits` (C,), `true`, T's index, `k`, from 1 to C - 1, and `pool`: "sum" (Eq. 8),
    "mean" or "median" (Section 4). `pushes()` are the numbers in the figure, `acting` the classes
    that L_F is made of. Raises ValueError for parts that do not fit.

    >>> bars = VariantFigure([0.0, 3.0, 1.0, -1.0], true=0, k=3, pool="median")
    >>> bars.acting  # the one in the middle of classes 1, 2 and 3
    [2]
    """

    def __init__(
        self,
        logits: Sequence[float],
        true: int,
        *,
        names: Sequence[str] | None = None,
        k: int = 1,
        pool: str = "sum",
    ) -> None:
        super().__init__(5.0, logits, true, names, least=3)
        self._checks |= {
            "k": base.within("k", 1, len(self.logits) - 1),
            "pool": base.one_of("pool", POOLS),
        }
        self._draw_frame()
        self.set(k=k, pool=pool)

    @property
    def leaders(self) -> list[int]:
        """The k leading wrong classes; of equals the lower index first, as in the library."""
        order = np.argsort(-self.logits, kind="stable")
        return [int(i) for i in order if i != self.true][: self.k]

    @property
    def acting(self) -> list[int]:
        """The classes that L_F is made of."""
        half = self.k // 2
        middle = slice(half - 1 + self.k % 2, half + 1)
        return self.leaders[middle] if self.pool == "median" else self.leaders

    def sentence(self) -> str:
        pushes = self.pushes()
        acting = ", ".join(self.names[i] for i in self.acting)
        return f"{self._message(pushes)}. L_F is made of {acting}. {self._per_class(pushes)}"

    def _fpl(self) -> dict[str, Any]:
        return {"k": self.k, "pool": POOLS[self.pool]}

    def _message(self, pushes: dict[str, np.ndarray]) -> str:
        how = f"k = {self.k}" if self.k == 1 else f"k = {self.k}, {self.pool}"
        ce, fpl = pushes["CE"], pushes["FPL"]
        if self.pool == "mean" and self.k == len(self.p) - 1:
            longer = fpl[self.true] / ce[self.true]
            return f"{how}: cross-entropy's own direction, {longer:.2f} times as long"
        up = int((np.delete(fpl, self.true) > 1e-9).sum())
        few = {0: "no wrong class goes up", 1: "one wrong class goes up"}
        who, i = few.get(up, f"{up} wrong classes go up"), self.leaders[0]
        return f"{how}: {who}; {self.names[i]} is pushed by {fpl[i]:+.2f} (CE {ce[i]:+.2f})"

    def _draw_frame(self) -> None:
        ax = self.figure.add_axes((0.08, 0.6, 0.89, 0.24))
        low = self._low = self.figure.add_axes((0.08, 0.15, 0.89, 0.4))
        self._draw_pairs(ax, 7.5)
        ax.set(xticklabels=[])
        ax.tick_params(axis="x", length=0)
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # over the line at 1
        self._draw_bars(low, "FPL / CE", 0, 0.56, COLORS["fpl"], 9, bbox=paper, zorder=3)
        low.axhline(1, color=COLORS["ce"], linewidth=1.5)
        low.text(len(self.logits) - 0.36, 1, "CE", color=COLORS["ce"], va="center")
        low.text(0, -MULTIPLES + 0.15, "below 0: wrong, and pushed up", color=base.INK, fontsize=9)
        low.set(ylim=(-MULTIPLES, MULTIPLES), yticks=[-2, -1, 0, 1, 2])
        low.set_ylabel("FPL's push\nas a multiple of CE's")
        self._draw_marks(low, "makes up $L_F$", legend=ax)

    def _redraw(self) -> None:
        pushes = self.pushes()
        for name, values in pushes.items():
            self._raise_bars(name, values, "+.2f")
            for number, value in zip(self._numbers[name], values, strict=True):
                number.set_visible(abs(value) >= WORTH_A_NUMBER)
        inside = 0.5 - MULTIPLES, MULTIPLES - 0.5
        multiples = pushes["FPL"] / pushes["CE"]
        self._raise_bars("FPL / CE", multiples, ".2f", *inside)
        for bar, multiple in zip(self._bars["FPL / CE"], multiples, strict=True):
            bar.set_color(LIFTED if multiple < 0 else COLORS["fpl"])
        labels = [f"{name}\np = {p:.2f}" for name, p in zip(self.names, self.p, strict=True)]
        self._mark(self._low, self.acting, labels)
        self._title.set_text(true_minus(self._message(pushes)))

    def _controls(self) -> base.Controls:
        first = self.leaders[0]  # stays with its slider, also where another class takes the lead
        count = base.slider("k", self.k, 1, len(self.logits) - 1, step=1)
        tips = ["add up the parts of all k (Eq. 8)", "one mean probability", "one median"]
        pool = base.choice("pool", list(POOLS), self.pool, "80px", tips)
        lead = base.slider(f"z of {self.names[first]}", self.logits[first], -4, 8)

        def changes() -> dict[str, Any]:
            z = self.logits.copy()
            z[first] = lead.value
            return {"logits": z, "k": count.value, "pool": pool.value}

        return base.Controls([{"k": count, "pool": pool}, {"lead": lead}], changes)
