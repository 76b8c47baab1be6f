"""One sample's probabilities beside what L_T, L_F, FPL and CE make of them (Eq. 1 to 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.plots.live import base
from fpl_lib.plots.style import COLORS, FALSE_MARKER, TRUE_MARKER

NATS = 6.0
"""The loss axis ends here; a longer bar runs into the edge, its number stays right."""
BYSTANDER = "#C4C4C4"
STEP = 0.01


def move(probabilities: Sequence[float], index: int, value: float) -> np.ndarray:
    """Give one class the probability `value` and scale all others so that the sum stays 1.

    The others keep their proportions; if they all were 0, they share the rest equally.

    >>> move([0.5, 0.3, 0.2], 0, 0.0)
    array([0. , 0.6, 0.4])
    """
    others = np.delete(np.asarray(probabilities, dtype=float), index)
    shares = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.insert((1 - value) * shares, index, value)


class FormulaFigure(base.LiveFigure):
    """Bars of p with T and F marked, beside the bars of CE and FPL, redrawn from a new p or T.

    `set` changes `p` (C,), which sums to 1, `true`, T's index, and `alpha`, one weight for all
    classes or one per class. `values()` are the numbers in the figure, in nats, `false` is F's
    index. `weights` (C,), such as Eq. 4's, are what a switch among the controls offers beside unit
    weights; moving one probability rescales the others. Raises ValueError if the parts do not fit.

    >>> bars = FormulaFigure([0.15, 0.25, 0.20, 0.30, 0.10], true=1)
    >>> {name: round(value, 6) for name, value in bars.values().items()}
    {'L_T': 1.386294, 'L_F': 0.356675, 'FPL': 1.742969, 'CE': 1.386294}
    >>> bars.set(true=3)
    >>> bars.names[bars.false]
    'c1'
    """

    def __init__(
        self,
        p: Sequence[float],
        true: int,
        *,
        names: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__(9.0, 3.6, title=(0.07, 0.93))
        self.p = _checked(p)
        count = len(self.p)
        self.names = base.class_names(names, count)
        self._checks = {
            "p": lambda new: _checked(new, count),
            "true": base.within("true", 0, count - 1),
            "alpha": lambda new: _weights(new, count),
        }
        self._offered = [("all 1", 1.0)]
        if weights is not None:
            listed = tuple(_weights(weights, count).tolist())
            self._offered.append((", ".join(f"{weight:.3g}" for weight in listed), listed))
        self._draw_frame()
        self.set(true=true, alpha=1.0)

    @property
    def false(self) -> int:
        """F, the most probable wrong class; of equals the first, as in the library."""
        wrong = self.p.copy()
        wrong[self.true] = -1.0
        return int(wrong.argmax())

    def values(self) -> dict[str, float]:
        """L_T (Eq. 2), L_F (Eq. 3), FPL (Eq. 1) and CE in nats; infinite if p_T = 0 or p_F = 1."""
        with np.errstate(divide="ignore"):
            logits = torch.from_numpy(np.log(self.p))
        target = torch.tensor(self.true)

        def loss(alpha: Any) -> float:
            return false_positive_loss(logits, target, alpha=alpha).item()

        parts = {"L_T": loss((1.0, 0.0)), "L_F": loss((0.0, 1.0))}
        return parts | {"FPL": loss(torch.tensor(self.alpha)), "CE": parts["L_T"]}

    def sentence(self) -> str:
        v = self.values()
        true, false = self.names[self.true], self.names[self.false]
        return (
            f"T = {true} with p_T = {self.p[self.true]:.2f}, F = {false} with "
            f"p_F = {self.p[self.false]:.2f}: the prediction is {self._judgement()}. "
            f"L_T = {v['L_T']:.6f}, L_F = {v['L_F']:.6f}, FPL = {v['FPL']:.6f}, CE = {v['CE']:.6f}."
        )

    def _judgement(self) -> str:
        gap = self.p[self.true] - self.p[self.false]
        return "right" if gap > 0 else "wrong" if gap < 0 else "a tie"

    def _draw_frame(self) -> None:
        """Everything that stays while a slider moves."""
        left = self.figure.add_axes((0.07, 0.09, 0.38, 0.68))
        right = self.figure.add_axes((0.53, 0.39, 0.45, 0.38))
        places = np.arange(len(self.p))
        self._bars = left.bar(places, self.p, width=0.72)
        self._marks = {
            name: left.plot([], [], marker, color=color, markersize=10, clip_on=False, label=name)[
                0
            ]
            for name, marker, color in (
                ("T, the true class", TRUE_MARKER, COLORS["ce"]),
                ("F, the false class", FALSE_MARKER, COLORS["fpl"]),
            )
        }
        left.set(xticks=places, xticklabels=self.names, ylim=(0, 1.15), ylabel="probability")
        left.grid(axis="x", visible=False)
        left.legend(loc="lower left", bbox_to_anchor=(-0.03, 0.99), ncols=2, columnspacing=1)
        self._lengths = {
            "CE": right.barh(1, 0, 0.55, color=COLORS["ce"])[0],
            "T": right.barh(0, 0, 0.55, color=COLORS["ce"])[0],
            "F": right.barh(0, 0, 0.55, color=COLORS["fpl"])[0],
        }
        self._texts = {
            name: right.text(0, y, "", va="center", fontsize=10)
            for name, y in (("CE", 1), ("FPL", 0))
        }
        self._sums = {
            name: self.figure.text(0.53, y, "", fontsize=10, color=COLORS[role])
            for name, y, role in (("T", 0.15, "ce"), ("F", 0.075, "fpl"))
        }
        right.set(yticks=[0, 1], yticklabels=["FPL", "CE"], xlim=(0, NATS), ylim=(-0.5, 1.5))
        right.set_xlabel("loss (nats)")
        right.grid(axis="y", visible=False)

    def _redraw(self) -> None:
        v, true, false = self.values(), self.true, self.false
        for i, bar in enumerate(self._bars):
            bar.set_height(self.p[i])
            role = "ce" if i == true else "fpl" if i == false else None
            bar.set_color(COLORS[role] if role else BYSTANDER)
        for mark, i in zip(self._marks.values(), (true, false), strict=True):
            mark.set_data([i], [self.p[i] + 0.05])
        of_true, of_false = self.alpha[true] * v["L_T"], self.alpha[false] * v["L_F"]
        start = min(of_true, NATS)
        self._lengths["CE"].set_width(min(v["CE"], NATS))
        self._lengths["T"].set_width(start)
        self._lengths["F"].set_x(start)
        self._lengths["F"].set_width(min(of_false, NATS - start))
        for name, text in self._texts.items():
            inside = v[name] > 0.75 * NATS
            text.set_x(min(v[name], NATS) - 0.1 if inside else v[name] + 0.08)
            text.set(text=_number(v[name]), ha="right" if inside else "left")
            text.set_color("white" if inside else "black")
        self._sums["T"].set_text(_product("T", r"-\log\,p_T", self.alpha[true], v["L_T"]))
        self._sums["F"].set_text(_product("F", r"-\log(1-p_F)", self.alpha[false], v["L_F"]))
        self._title.set_text(
            f"The prediction is {self._judgement()}; {self.names[false]} adds "
            f"{_number(of_false, 3)} to T's {_number(of_true, 3)}"
        )

    def _controls(self) -> base.Controls:
        sliders = [
            base.slider(f"p of {name}", p, 0, 1, step=STEP)
            for name, p in zip(self.names, self.p, strict=True)
        ]
        true = base.class_choice(self.names, self.true)
        tips = [f"weights {name}" for name, _ in self._offered]
        switch = base.choice("weights α", self._offered, 1.0, "auto", tips)

        def changes() -> dict[str, Any]:
            for i, control in enumerate(sliders):
                # The page may answer a rescaled 0.2143 with the nearest step, 0.21: no move.
                if abs(control.value - self.p[i]) > STEP / 2 + 1e-9:
                    return {"p": move(self.p, i, min(max(control.value, 0.0), 1.0))}
            now = {"true": true.value, "alpha": switch.value}
            return {name: new for name, new in now.items() if np.any(getattr(self, name) != new)}

        def follow() -> None:
            for control, p in zip(sliders, self.p, strict=True):
                control.value = float(p)
            true.value = self.true

        start, even = {"p": self.p.copy(), "true": self.true}, np.full(len(self.p), 1 / len(self.p))
        presets = {
            "Start": lambda: start,
            "Sure and right": lambda: {"p": move(even, self.true, 0.9)},
            "Sure and wrong": lambda: {"p": move(even, (self.true + 1) % len(even), 0.9)},
            "No idea": lambda: {"p": even},
        }
        switches = {"true": true, "alpha": switch} if len(self._offered) > 1 else {"true": true}
        return base.Controls([{"p": sliders}, switches], changes, follow, presets)


def _checked(probabilities: Sequence[float], count: int | None = None) -> np.ndarray:
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 1 or len(p) < 2:
        raise ValueError(f"expected the probabilities of two or more classes, got shape {p.shape}")
    if not (p >= 0).all() or abs(p.sum() - 1) > 1e-6:
        raise ValueError(
            f"expected probabilities of zero or more that sum to 1, got {p.tolist()} "
            f"with the sum {p.sum():.6g}"
        )
    if count not in (None, len(p)):
        raise ValueError(f"expected {count} probabilities, got {len(p)}")
    return p.copy()


def _weights(alpha: float | Sequence[float], count: int) -> np.ndarray:
    weights = np.asarray(alpha, dtype=float)
    if weights.shape not in ((), (count,)) or not (weights > 0).all():
        raise ValueError(
            f"`alpha` must be a positive number, or {count} of them, got {weights.tolist()}"
        )
    return np.broadcast_to(weights, (count,))


def _product(of: str, formula: str, weight: float, loss: float) -> str:
    """`L_T = -log p_T = 1.386294`, or with a weight `α_T L_T = 0.7 × 1.386294 = 0.970406`."""
    if weight == 1:
        return f"$L_{of} = {formula}$ = {_number(loss)}"
    return rf"$\alpha_{of}\,L_{of}$ = {weight:.3g} × {_number(loss)} = {_number(weight * loss)}"


def _number(value: float, digits: int = 6) -> str:
    return "∞" if math.isinf(value) else f"{value:.{digits}f}"
