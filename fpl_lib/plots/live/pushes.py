"""Sliders on the logits of one sample: how hard CE and FPL push each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.plots.live import base
from fpl_lib.plots.style import COLORS, FALSE_MARKER, TRUE_MARKER, true_minus

LIMIT = 2.6
"""The push on a logit is at most α_T + α_F, whatever k and pool are, and the weights are at most 1:
every bar stays in the frame."""


class Pushes(base.LiveFigure):
    """One sample's logits (C,) and true class, and a pair of bars a class: what CE and FPL push.

    What `PushFigure` and `VariantFigure` share; each says in `_fpl` which FPL it is.
    """

    def __init__(
        self,
        height: float,
        logits: Sequence[float],
        true: int,
        names: Sequence[str] | None,
        least: int,
    ) -> None:
        super().__init__(9.0, height, title=(0.08, 0.94))
        self.logits = _checked(logits, least)
        count = len(self.logits)
        self.names = base.class_names(names, count)
        self._checks = {
            "logits": lambda new: _checked(new, least, count),
            "true": base.within("true", 0, count - 1),
        }
        self.true = self._checks["true"](true)

    @property
    def p(self) -> np.ndarray:
        """The probabilities of the classes, (C,)."""
        odds = np.exp(self.logits - self.logits.max())
        return odds / odds.sum()

    def pushes(self) -> dict[str, np.ndarray]:
        """Minus the gradient with respect to the logits, (C,), for CE and FPL."""

        def push(**options: Any) -> np.ndarray:
            z = torch.tensor(self.logits, requires_grad=True)
            loss = false_positive_loss(z, torch.tensor(self.true), **options)
            return -torch.autograd.grad(loss, z)[0].numpy()

        return {"CE": push(alpha=(1.0, 0.0)), "FPL": push(**self._fpl())}

    def _role(self, i: int) -> str:
        return self.names[i] + (" = T" if i == self.true else "")

    def _per_class(self, pushes: dict[str, np.ndarray]) -> str:
        said = (
            f"{self._role(i)} with p = {p:.2f}: "
            f"CE {pushes['CE'][i]:+.2f}, FPL {pushes['FPL'][i]:+.2f}"
            for i, p in enumerate(self.p)
        )
        return f"Push on each logit: {'; '.join(said)}."

    def _draw_pairs(self, ax: Axes, size: float) -> None:
        """The bars, 0 high, each with its number in `size` points."""
        self._bars, self._numbers = {}, {}
        for name, shift in (("CE", -0.2), ("FPL", 0.2)):
            self._draw_bars(ax, name, shift, 0.38, COLORS[name.lower()], size)
        ax.set(ylim=(-LIMIT, LIMIT), ylabel="push on the logit")

    def _draw_bars(
        self, ax: Axes, name: str, shift: float, width: float, color: str, size: float, **text: Any
    ) -> None:
        places = np.arange(len(self.logits))
        self._bars[name] = ax.bar(places + shift, 0 * places, width, color=color, label=name)
        style = {"ha": "center", "fontsize": size, "color": base.INK, **text}
        self._numbers[name] = [ax.text(i + shift, 0, "", **style) for i in places]
        ax.axhline(0, color=base.INK, linewidth=0.8)
        ax.set(xlim=(-0.6, places[-1] + 0.6), xticks=places)
        ax.grid(axis="x", visible=False)

    def _draw_marks(self, ax: Axes, false: str, legend: Axes) -> None:
        """T and F below `ax`, where the classes have their names; the legend above `legend`."""
        below = {"color": base.INK, "markersize": 9, "clip_on": False, "linestyle": "none"}
        self._marks = [
            ax.plot([], [], marker, transform=ax.get_xaxis_transform(), label=label, **below)[0]
            for marker, label in ((TRUE_MARKER, "T, true"), (FALSE_MARKER, false))
        ]
        ax.tick_params(axis="x", length=0, pad=20)
        handles = [self._bars["CE"], self._bars["FPL"], *self._marks]
        legend.legend(
            handles=handles,
            ncols=4,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            columnspacing=1.2,
        )

    def _raise_bars(
        self, name: str, values: np.ndarray, form: str, low: float = -LIMIT, high: float = LIMIT
    ) -> None:
        """Give the bars their heights, and write the numbers at their ends, within the frame."""
        for bar, text, value in zip(self._bars[name], self._numbers[name], values, strict=True):
            bar.set_height(value)
            end = min(max(value, low), high) + 0.07 * np.sign(value)
            text.set(y=end, text=true_minus(f"{value:{form}}"))
            text.set_va("bottom" if value >= 0 else "top")

    def _mark(self, ax: Axes, false: Sequence[int], labels: Sequence[str]) -> None:
        for mark, classes in zip(self._marks, ([self.true], false), strict=True):
            mark.set_data(classes, [-0.08] * len(classes))
        ax.set_xticklabels(true_minus(label) for label in labels)


class PushFigure(Pushes):
    """A pair of bars a class: the push (minus the gradient) of CE and of FPL on each logit.

    `set` changes `logits` (C,), `true`, T's index, and `alpha`, the pair (α_T, α_F), each above 0
    up to 1. `pushes()` are the numbers in the figure, `false` is F's index. Raises ValueError if
    the parts do not fit.

    >>> bars = PushFigure([0.0, 0.0, 0.0], true=0)
    >>> {name: push.round(2).tolist() for name, push in bars.pushes().items()}
    {'CE': [0.67, -0.33, -0.33], 'FPL': [0.83, -0.67, -0.17]}
    """

    def __init__(
        self,
        logits: Sequence[float],
        true: int,
        *,
        names: Sequence[str] | None = None,
        alpha: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        super().__init__(4.0, logits, true, names, least=2)
        self._checks["alpha"] = _pair
        self._axes = self.figure.add_axes((0.08, 0.22, 0.90, 0.58))
        self._draw_pairs(self._axes, 9)
        self._draw_marks(self._axes, "F, false", legend=self._axes)
        self.set(alpha=alpha)

    @property
    def false(self) -> int:
        """F, the leading wrong class; of equals the first, as in the library."""
        wrong = self.logits.copy()
        wrong[self.true] = -np.inf
        return int(wrong.argmax())

    @property
    def threshold(self) -> float:
        """The p_F above which FPL raises the logits of the bystanders: α_T / (α_T + α_F)."""
        return self.alpha[0] / sum(self.alpha)

    def sentence(self) -> str:
        return f"{self._message()}. {self._per_class(self.pushes())}"

    def _fpl(self) -> dict[str, Any]:
        return {"alpha": self.alpha}

    def _role(self, i: int) -> str:
        return super()._role(i) + (" = F" if i == self.false else "")

    def _message(self) -> str:
        p_false, turn = self.p[self.false], self.threshold
        if len(self.p) == 2:
            return "Two classes: FPL pushes as CE does, only harder"
        if p_false > turn:
            return f"p_F = {p_false:.2f} > {turn:.2f}: FPL pushes the bystanders up"
        return f"p_F = {p_false:.2f} ≤ {turn:.2f}: both losses push the bystanders down"

    def _redraw(self) -> None:
        for name, pushes in self.pushes().items():
            self._raise_bars(name, pushes, "+.2f")
        labels = [
            f"{self._role(i)}\nz = {z:.1f}, p = {p:.2f}"
            for i, (z, p) in enumerate(zip(self.logits, self.p, strict=True))
        ]
        self._mark(self._axes, [self.false], labels)
        self._title.set_text(self._message().replace("p_F", "$p_F$"))

    def _controls(self) -> base.Controls:
        named = zip(self.names, self.logits, strict=True)
        steps = [base.slider(f"z of {name}", z, -4, 8) for name, z in named]
        named = zip(("α_T", "α_F"), self.alpha, strict=True)
        alpha = [base.slider(name, weight, 0.1, 1) for name, weight in named]
        of = base.class_choice(self.names, self.true)
        return base.Controls([{"logits": steps}, {"alpha": alpha, "true": of}])


def _checked(logits: Sequence[float], least: int, count: int | None = None) -> np.ndarray:
    z = np.array(logits, dtype=float)
    if z.ndim != 1 or len(z) < least or not np.isfinite(z).all():
        raise ValueError(f"expected the finite logits of {least} or more classes, got {logits!r}")
    if count not in (None, len(z)):
        raise ValueError(f"expected {count} logits, got {len(z)}")
    return z


def _pair(alpha: Sequence[float]) -> tuple[float, float]:
    if len(alpha) != 2 or not 0 < min(alpha) <= max(alpha) <= 1:
        raise ValueError(f"`alpha` must be (α_T, α_F), each above 0 up to 1, got {alpha!r}")
    return float(alpha[0]), float(alpha[1])
