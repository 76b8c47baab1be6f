"""One sample's pushes under Eq. 8: how many false classes count, and what stands for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.plots.live._controls import assembled, look, slider
from fpl_lib.plots.live._frame import fixed_figure, png
from fpl_lib.plots.style import COLORS, FALSE_MARKER, TRUE_MARKER

INK = "#333333"
LIMIT = 2.6
"""No push is above 2 with unit weights, whatever k and pool are: every bar stays in the frame."""
MULTIPLES = (-2.6, 2.6)
"""A bystander's multiple has no lower limit: a longer bar ends here, its number stays right."""
POOLS = {"sum": None, "mean": "mean", "median": "median"}


class VariantFigure:
    """A pair of bars a class: the push (minus the gradient) of CE and of FPL with k and a pool.

    Below them stands FPL's push as a multiple of CE's, where small classes are seen as well.
    `logits` (C,), `true` is T's index, `k` from 1 to C - 1, `pool` "sum" (Eq. 8), "mean" or
    "median" (Section 4). `set` changes the logits, k or pool and redraws. `figure` is the
    matplotlib figure, `pushes()` the numbers in it, `acting` the classes that L_F is made of,
    `sentence()` its message in words, `png()` the picture. Raises ValueError for parts that do
    not fit.

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
        self.logits = _checked(logits)
        count = len(self.logits)
        self.names = tuple(names or (f"c{i}" for i in range(count)))
        if len(self.names) != count:
            raise ValueError(f"got {count} logits but {len(self.names)} names")
        if not 0 <= true < count:
            raise ValueError(f"`true` must be a class from 0 to {count - 1}, got {true}")
        self.true = int(true)
        self._draw_frame()
        self.set(k=k, pool=pool)

    def set(
        self,
        logits: Sequence[float] | None = None,
        *,
        k: int | None = None,
        pool: str | None = None,
    ) -> None:
        """Change what is given, keep the rest, and redraw."""
        count = len(self.logits)
        if logits is not None:
            new = _checked(logits)
            if len(new) != count:
                raise ValueError(f"expected {count} logits, got {len(new)}")
            self.logits = new
        if k is not None:
            if not 1 <= k < count:
                raise ValueError(f"`k` must be from 1 to {count - 1}, got {k}")
            self.k = int(k)
        if pool is not None:
            if pool not in POOLS:
                raise ValueError(f"`pool` must be 'sum', 'mean' or 'median', got {pool!r}")
            self.pool = pool
        self.p = np.exp(self.logits - self.logits.max())
        self.p /= self.p.sum()
        # Best first, of equals the lower index, as in the library.
        order = np.argsort(-self.logits, kind="stable")
        chosen = [int(i) for i in order if i != self.true][: self.k]
        self.leader = chosen[0]
        half = self.k // 2
        middle = slice(half - 1 + self.k % 2, half + 1)
        self.acting = chosen[middle] if self.pool == "median" else chosen
        self._redraw()

    def pushes(self) -> dict[str, np.ndarray]:
        """Minus the gradient with respect to the logits, (C,), for CE and FPL."""

        def push(**options: Any) -> np.ndarray:
            z = torch.tensor(self.logits, requires_grad=True)
            loss = false_positive_loss(z, torch.tensor(self.true), **options)
            return -torch.autograd.grad(loss, z)[0].numpy()

        return {"CE": push(alpha=(1, 0)), "FPL": push(k=self.k, pool=POOLS[self.pool])}

    def sentence(self) -> str:
        """What the figure shows, in words: for its alternative text and for screen readers."""
        pushes = self.pushes()
        per_class = "; ".join(
            f"{name}{' = T' if i == self.true else ''} with p = {self.p[i]:.2f}: "
            f"CE {pushes['CE'][i]:+.2f}, FPL {pushes['FPL'][i]:+.2f}"
            for i, name in enumerate(self.names)
        )
        acting = ", ".join(self.names[i] for i in self.acting)
        return f"{self._message(pushes)}. L_F is made of {acting}. Push on each logit: {per_class}."

    def png(self) -> bytes:
        """The figure as a PNG picture."""
        return png(self.figure)

    def _message(self, pushes: dict[str, np.ndarray]) -> str:
        how = f"k = {self.k}" if self.k == 1 else f"k = {self.k}, {self.pool}"
        ce, fpl = pushes["CE"], pushes["FPL"]
        if self.pool == "mean" and self.k == len(self.p) - 1:
            longer = fpl[self.true] / ce[self.true]
            return f"{how}: cross-entropy's own direction, {longer:.2f} times as long"
        up = int((np.delete(fpl, self.true) > 1e-9).sum())
        few = {0: "no wrong class goes up", 1: "one wrong class goes up"}
        who, i = few.get(up, f"{up} wrong classes go up"), self.leader
        return f"{how}: {who}; {self.names[i]} is pushed by {fpl[i]:+.2f} (CE {ce[i]:+.2f})"

    def _draw_frame(self) -> None:
        self.figure = fixed_figure(9.0, 5.0)
        ax = self.figure.add_axes((0.075, 0.55, 0.895, 0.29))
        low = self._axes = self.figure.add_axes((0.075, 0.15, 0.895, 0.35))
        places = np.arange(len(self.logits))
        self._bars, self._numbers = {}, {}
        style = {"ha": "center", "fontsize": 7.5, "color": INK}
        for name, shift in (("CE", -0.2), ("FPL", 0.2)):
            self._bars[name] = ax.bar(places + shift, 0 * places, 0.38, color=COLORS[name.lower()])
            self._bars[name].set_label(name)
            self._numbers[name] = [ax.text(i + shift, 0, "", **style) for i in places]
        self._bars["multiple"] = low.bar(places, 0 * places, 0.56, color=COLORS["fpl"])
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # over the line at 1
        style |= {"fontsize": 9, "zorder": 3}
        self._numbers["multiple"] = [low.text(i, 0, "", bbox=paper, **style) for i in places]
        low.axhline(1, color=COLORS["ce"], linewidth=1.5)
        low.text(places[-1] + 0.64, 1, "CE", color=COLORS["ce"], va="center")
        below = {"color": INK, "markersize": 9, "clip_on": False, "linestyle": "none"}
        self._marks = [
            low.plot([], [], marker, transform=low.get_xaxis_transform(), label=label, **below)[0]
            for marker, label in ((TRUE_MARKER, "T, true"), (FALSE_MARKER, "makes up $L_F$"))
        ]
        for panel in (ax, low):
            panel.axhline(0, color=INK, linewidth=0.8)
            panel.set(xlim=(-0.6, places[-1] + 0.6), xticks=places)
            panel.grid(axis="x", visible=False)
        ax.set(ylim=(-LIMIT, LIMIT), ylabel="push on the logit", xticklabels=[])
        ax.tick_params(axis="x", length=0)
        low.set(ylim=MULTIPLES, ylabel="FPL / CE", yticks=[-2, -1, 0, 1, 2])
        low.tick_params(axis="x", length=0, pad=20)
        shown = [self._bars["CE"], self._bars["FPL"], *self._marks]
        ax.legend(
            shown,
            [artist.get_label() for artist in shown],
            ncols=4,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            columnspacing=1.2,
        )
        self._title = self.figure.text(0.075, 0.945, "", fontsize=12, weight="bold")

    def _redraw(self) -> None:
        pushes = self.pushes()
        heights = pushes | {"multiple": pushes["FPL"] / pushes["CE"]}
        for name, values in heights.items():
            low, high = MULTIPLES if name == "multiple" else (-LIMIT, LIMIT)
            room, format = (0.5, ".2f") if name == "multiple" else (0.0, "+.2f")
            for bar, text, value in zip(self._bars[name], self._numbers[name], values, strict=True):
                bar.set_height(value)
                inside = min(max(value, low + room), high - room)
                text.set(y=inside + 0.08 * np.sign(value), text=_signed(f"{value:{format}}"))
                text.set_va("bottom" if value >= 0 else "top")
        for mark, classes in zip(self._marks, ([self.true], self.acting), strict=True):
            mark.set_data(classes, [-0.085] * len(classes))
        labels = [f"{name}\np = {p:.2f}" for name, p in zip(self.names, self.p, strict=True)]
        self._axes.set_xticklabels(labels)
        self._title.set_text(_signed(self._message(pushes)))


def variant_controls(
    logits: Sequence[float], true: int, *, names: Sequence[str] | None = None
) -> tuple[VariantFigure, Any]:
    """A `VariantFigure` with a slider for k, a choice of the pool, and a slider for F's logit.

    Returns the figure in its starting state (k = 1) and the live widget, None without ipywidgets:
    hand the one's `figure` and the other to `plots.show(…, live=widget)`. Raises ValueError for
    logits, a class or names that do not fit.

    >>> bars, live = variant_controls([0.0, 2.0, 1.0], true=0)
    >>> bars.sentence()[:26]
    'k = 1: one wrong class goe'
    """
    bars = VariantFigure(logits, true, names=names)
    if importlib.util.find_spec("ipywidgets") is None:
        return bars, None
    import ipywidgets as widgets

    count = widgets.IntSlider(
        value=bars.k, min=1, max=len(bars.logits) - 1, description="k", **look()
    )
    choice = widgets.ToggleButtons(
        options=list(POOLS),
        value=bars.pool,
        description="pool",
        style={"button_width": "80px"},
        tooltips=["add up the parts of all k (Eq. 8)", "one mean probability", "one median"],
    )
    first = bars.leader  # stays with its slider, also where another class takes the lead
    lead = slider(f"z of {bars.names[first]}", bars.logits[first], -4, 8)

    def change() -> None:
        z = bars.logits.copy()
        z[first] = lead.value
        bars.set(z, k=count.value, pool=choice.value)

    return bars, assembled(bars, [[count, choice], [lead]], change)


def _checked(logits: Sequence[float]) -> np.ndarray:
    z = np.array(logits, dtype=float)
    if z.ndim != 1 or len(z) < 3 or not np.isfinite(z).all():
        raise ValueError(f"expected the finite logits of three or more classes, got {logits!r}")
    return z


def _signed(text: str) -> str:
    """With a typographic minus."""
    return text.replace("-", "−")
