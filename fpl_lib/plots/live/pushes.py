"""Sliders on the logits of one sample: how hard CE and FPL push each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.plots.live._frame import fixed_figure, png
from fpl_lib.plots.style import COLORS, FALSE_MARKER, TRUE_MARKER

INK = "#333333"
LIMIT = 2.5
"""The push on a logit is at most α_T + α_F: with weights up to 1 every bar stays in the frame."""


class PushFigure:
    """A pair of bars a class: the push (minus the gradient) of CE and of FPL on each logit.

    `logits` (C,), `true` is T's index, `alpha` the pair (α_T, α_F). `set` changes any of these and
    redraws. `figure` is the matplotlib figure, `pushes()` the numbers in it, `sentence()` its
    message in words, `png()` the picture. Raises ValueError if the parts do not fit.

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
        self.logits = _checked(logits)
        self.names = tuple(names or (f"c{i}" for i in range(len(self.logits))))
        if len(self.names) != len(self.logits):
            raise ValueError(f"got {len(self.logits)} logits but {len(self.names)} names")
        self._draw_frame()
        self.set(true=true, alpha=alpha)

    def set(
        self,
        logits: Sequence[float] | None = None,
        *,
        true: int | None = None,
        alpha: tuple[float, float] | None = None,
    ) -> None:
        """Change what is given, keep the rest, and redraw."""
        count = len(self.logits)
        if logits is not None:
            new = _checked(logits)
            if len(new) != count:
                raise ValueError(f"expected {count} logits, got {len(new)}")
            self.logits = new
        if true is not None:
            if not 0 <= true < count:
                raise ValueError(f"`true` must be a class from 0 to {count - 1}, got {true}")
            self.true = int(true)
        if alpha is not None:
            if len(alpha) != 2 or not 0 < min(alpha) <= max(alpha) <= 1:
                raise ValueError(f"`alpha` must be (α_T, α_F), each above 0 up to 1, got {alpha!r}")
            self.alpha = (float(alpha[0]), float(alpha[1]))
        self.p = np.exp(self.logits - self.logits.max())
        self.p /= self.p.sum()
        others = self.logits.copy()
        others[self.true] = -np.inf
        self.false = int(others.argmax())  # of equals the first, as in the library
        self._redraw()

    @property
    def threshold(self) -> float:
        """The p_F above which FPL raises the logits of the bystanders: α_T / (α_T + α_F)."""
        return self.alpha[0] / sum(self.alpha)

    def pushes(self) -> dict[str, np.ndarray]:
        """Minus the gradient with respect to the logits, (C,), for CE and FPL."""
        target = torch.tensor(self.true)

        def push(alpha: tuple[float, float]) -> np.ndarray:
            z = torch.tensor(self.logits, requires_grad=True)
            loss = false_positive_loss(z, target, alpha=alpha)
            return -torch.autograd.grad(loss, z)[0].numpy()

        return {"CE": push((1.0, 0.0)), "FPL": push(self.alpha)}

    def sentence(self) -> str:
        """What the figure shows, in words: for its alternative text and for screen readers."""
        pushes = self.pushes()
        per_class = "; ".join(
            f"{self._role(i)} with p = {self.p[i]:.2f}: "
            f"CE {pushes['CE'][i]:+.2f}, FPL {pushes['FPL'][i]:+.2f}"
            for i in range(len(self.p))
        )
        return f"{self._message()}. Push on each logit: {per_class}."

    def png(self) -> bytes:
        """The figure as a PNG picture."""
        return png(self.figure)

    def _role(self, i: int) -> str:
        role = {self.true: " = T", self.false: " = F"}.get(i, "")
        return self.names[i] + role

    def _message(self) -> str:
        p_false, turn = self.p[self.false], self.threshold
        if len(self.p) == 2:
            return "Two classes: FPL pushes as CE does, only harder"
        if p_false > turn:
            return f"p_F = {p_false:.2f} > {turn:.2f}: FPL pushes the bystanders up"
        return f"p_F = {p_false:.2f} ≤ {turn:.2f}: both losses push the bystanders down"

    def _draw_frame(self) -> None:
        self.figure = fixed_figure(9.0, 4.0)
        ax = self._axes = self.figure.add_axes((0.08, 0.22, 0.90, 0.58))
        places = np.arange(len(self.logits))
        self._bars = {
            name: ax.bar(places + shift, 0 * places, 0.36, color=COLORS[name.lower()], label=name)
            for name, shift in (("CE", -0.19), ("FPL", 0.19))
        }
        self._numbers = {
            name: [ax.text(i + shift, 0, "", ha="center", fontsize=9, color=INK) for i in places]
            for name, shift in (("CE", -0.19), ("FPL", 0.19))
        }
        below = {"color": INK, "markersize": 10, "clip_on": False, "linestyle": "none"}
        self._marks = [
            ax.plot([0], [0], marker, transform=ax.get_xaxis_transform(), label=label, **below)[0]
            for marker, label in ((TRUE_MARKER, "T, true"), (FALSE_MARKER, "F, false"))
        ]
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.set(ylim=(-LIMIT, LIMIT), xlim=(-0.6, places[-1] + 0.6), ylabel="push on the logit")
        ax.set_xticks(places)
        ax.tick_params(axis="x", length=0, pad=20)
        ax.grid(axis="x", visible=False)
        ax.legend(ncols=4, loc="lower left", bbox_to_anchor=(-0.01, 1.0), columnspacing=1.2)
        self._title = self.figure.text(0.08, 0.93, "", fontsize=12, weight="bold")

    def _redraw(self) -> None:
        for name, pushes in self.pushes().items():
            for bar, text, push in zip(self._bars[name], self._numbers[name], pushes, strict=True):
                bar.set_height(push)
                text.set(y=push + 0.06 * np.sign(push), text=f"{push:+.2f}".replace("-", "−"))
                text.set_va("bottom" if push >= 0 else "top")
        for mark, i in zip(self._marks, (self.true, self.false), strict=True):
            mark.set_data([i], [-0.07])
        labels = [
            f"{self._role(i)}\nz = {z:.1f}, p = {p:.2f}".replace("-", "−")
            for i, (z, p) in enumerate(zip(self.logits, self.p, strict=True))
        ]
        self._axes.set_xticklabels(labels)
        self._title.set_text(self._message().replace("p_F", "$p_F$"))


def _checked(logits: Sequence[float]) -> np.ndarray:
    z = np.array(logits, dtype=float)
    if z.ndim != 1 or len(z) < 2 or not np.isfinite(z).all():
        raise ValueError(f"expected the finite logits of two or more classes, got {logits!r}")
    return z
