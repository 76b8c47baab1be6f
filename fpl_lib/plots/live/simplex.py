"""Three classes as a triangle: where descent on the logits moves the probabilities (T, A, B).

The classes are T, the true one, and A and B, the wrong ones: F is whichever of these leads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from torch import Tensor

from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.plots.live import base
from fpl_lib.plots.style import COLORS, FALSE_MARKER, TRUE_MARKER

CORNERS = np.array([[0.5, 0.75**0.5], [0.0, 0.0], [1.0, 0.0]])
"""Where T (on top), A and B lie in the plane."""
HALF = "#EFEFEF"
FAINT = "#999999"


def to_plane(p: ArrayLike) -> np.ndarray:
    """Points of the triangle, (..., 2), for probabilities (T, A, B), (..., 3); also for velocities.

    >>> to_plane([0.0, 0.5, 0.5])
    array([0.5, 0. ])
    """
    return np.asarray(p, dtype=float) @ CORNERS


def interior(n: int) -> Tensor:
    """An even grid inside the triangle: the (i, j, k) / n with i + j + k = n, each 1 or more.

    >>> interior(4)
    tensor([[0.2500, 0.2500, 0.5000],
            [0.2500, 0.5000, 0.2500],
            [0.5000, 0.2500, 0.2500]], dtype=torch.float64)
    """
    points = [(i, j, n - i - j) for i in range(1, n - 1) for j in range(1, n - i)]
    return torch.tensor(points, dtype=torch.float64) / n


def draw_simplex(ax: Axes) -> None:
    """Draw the triangle on `ax`: corners, the grey regions p_F > 1/2, the tie, what is predicted.

    T is a circle, the wrong classes are crosses. On the dotted line A and B tie for F; above the
    dashed one T is predicted.
    """
    from matplotlib.patches import Polygon

    middle, left, right = [1 / 3] * 3, [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]
    for wrong, side in ((1, left), (2, right)):
        corners = to_plane([np.eye(3)[wrong], side, [0.0, 0.5, 0.5]])
        ax.add_patch(Polygon(corners, facecolor=HALF, edgecolor="none", zorder=0))
    ax.add_patch(Polygon(CORNERS, fill=False, edgecolor=FAINT, linewidth=1.0, zorder=1))
    ax.plot(*to_plane([[1.0, 0, 0], [0, 0.5, 0.5]]).T, color=FAINT, ls=":", lw=1.2, zorder=1)
    ax.plot(*to_plane([left, middle, right]).T, color=FAINT, ls="--", lw=1.0, zorder=1)
    for corner, name, marker in zip(
        CORNERS, "TAB", (TRUE_MARKER, FALSE_MARKER, FALSE_MARKER), strict=True
    ):
        ax.plot(*corner, marker, color=base.INK, markersize=8, clip_on=False, zorder=3)
        shift, align = {"T": (0.05, "left"), "A": (-0.05, "right"), "B": (0.05, "left")}[name]
        ax.text(corner[0] + shift, corner[1], name, ha=align, va="center", weight="bold")
    slanted = {"fontsize": 9, "color": "#555555", "ha": "center", "va": "center"}
    for name, side, turn in (("A", -1, 60), ("B", 1, -60)):
        for text, height in ((f"F = {name}, $p_{name} > ½$", 0.2), ("T predicted", 0.6)):
            across = 0.5 + side * (0.545 - height / 3**0.5)
            ax.text(across, height, text, rotation=turn, rotation_mode="anchor", **slanted)
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.05, 0.93), aspect="equal")
    ax.axis("off")


def gradient(name: str, logits: Tensor) -> Tensor:
    """The gradient of "ce" or "fpl" with respect to logits (N, 3) of samples whose T is class 0.

    >>> gradient("ce", torch.zeros(1, 3))
    tensor([[-0.6667,  0.3333,  0.3333]])
    """
    z = logits.detach().clone().requires_grad_()
    target = torch.zeros(len(z), dtype=torch.long)
    alpha = {"ce": (1.0, 0.0), "fpl": (1.0, 1.0)}[name]  # with α = (1, 0) FPL is cross-entropy
    loss = false_positive_loss(z, target, alpha=alpha, reduction="sum")
    return torch.autograd.grad(loss, z)[0]


def descend(
    name: str, start: Sequence[float], *, rate: float, steps: int, same_length: bool = False
) -> np.ndarray:
    """The probabilities (steps + 1, 3) along plain gradient descent on the logits from `start`.

    `same_length` rescales each gradient to the length that cross-entropy's has at that point.

    >>> descend("ce", [0.0, 0.0, 0.0], rate=1.0, steps=1).round(3).tolist()
    [[0.333, 0.333, 0.333], [0.576, 0.212, 0.212]]
    """
    z = torch.tensor([list(start)], dtype=torch.float64)
    path = [z]
    for _ in range(steps):
        g = gradient(name, z)
        if same_length:
            g = g * gradient("ce", z).norm() / g.norm()
        z = z - rate * g
        path.append(z)
    return torch.cat(path).softmax(1).numpy()


def _three(start: Sequence[float]) -> tuple[float, ...]:
    if len(start) != 3:
        raise ValueError(f"`start` must be the logits of T, A and B, got {start!r}")
    return tuple(map(float, start))


class DescentFigure(base.LiveFigure):
    """Two descents from one start, CE's and FPL's: paths in the triangle, p_T and p_F by step.

    `set` changes `start`, the logits of T, A and B, the learning `rate`, the number of `steps`, and
    `same_length`: whether FPL's steps are given the length of CE's. Raises ValueError for a start,
    a rate or a number of steps that does not fit.

    >>> DescentFigure([0.0, 2.0, 1.0], rate=0.2, steps=5).sentence()[:49]
    '5 steps of rate 0.2, starting from p_T = 0.09: CE'
    """

    _checks = {
        "start": _three,
        "rate": base.within("rate", 1e-9, math.inf, float),
        "steps": base.within("steps", 1, math.inf),
        "same_length": bool,
    }

    def __init__(self, start: Sequence[float], *, rate: float, steps: int) -> None:
        super().__init__(9.4, 4.4, title=(0.02, 0.93))
        self._triangle = self.figure.add_axes((0.01, 0.01, 0.48, 0.87))
        self._curves = self.figure.add_axes((0.58, 0.14, 0.40, 0.60))
        draw_simplex(self._triangle)
        self._paths, self._lines = {}, {}
        for name in ("ce", "fpl"):
            style = {"color": COLORS[name], "markersize": 3.5, "lw": 1.2}
            marker = TRUE_MARKER if name == "ce" else "s"
            self._paths[name] = self._triangle.plot([], [], marker=marker, **style)[0]
            for which, dashes in (("p_T", "-"), ("p_F", "--")):
                (line,) = self._curves.plot([], [], ls=dashes, color=COLORS[name])
                line.set_label(f"{name.upper()}, ${which}$")
                self._lines[name, which] = line
        (self._start,) = self._triangle.plot([], [], "*", color=base.INK, markersize=11, zorder=4)
        self._curves.set(ylim=(0, 1), xlabel="step", ylabel="probability")
        self._curves.legend(ncols=2, loc="lower left", bbox_to_anchor=(-0.03, 1.0), columnspacing=1)
        self.set(start=start, rate=rate, steps=steps, same_length=False)

    def sentence(self) -> str:
        ends = (
            f"{name.upper()} ends at p_T = {p[-1, 0]:.2f} and p_F = {p[-1, 1:].max():.2f}"
            for name, p in self.paths.items()
        )
        same = ", FPL's steps as long as CE's" if self.same_length else ""
        return (
            f"{self.steps} steps of rate {self.rate:g}{same}, starting from p_T = "
            f"{self.paths['ce'][0, 0]:.2f}: {', '.join(ends)}."
        )

    def _redraw(self) -> None:
        how = {"rate": self.rate, "steps": self.steps, "same_length": self.same_length}
        self.paths = {name: descend(name, self.start, **how) for name in ("ce", "fpl")}
        for name, p in self.paths.items():
            self._paths[name].set_data(*to_plane(p).T)
            for which, height in (("p_T", p[:, 0]), ("p_F", p[:, 1:].max(1))):
                self._lines[name, which].set_data(np.arange(len(p)), height)
        self._start.set_data(*to_plane(self.paths["ce"][:1]).T)
        self._curves.set_xlim(0, self.steps)
        ce, fpl = (self.paths[name][-1, 0] for name in ("ce", "fpl"))
        lead = round(fpl - ce, 2)
        ahead = "FPL is ahead" if lead > 0 else "CE is ahead" if lead < 0 else "they tie"
        how = "With FPL's steps cut to CE's length" if self.same_length else "At one learning rate"
        self._title.set_text(f"{how} {ahead} in $p_T$ after {self.steps} steps")

    def _controls(self) -> base.Controls:
        import ipywidgets as widgets

        start = zip("TAB", self.start, strict=True)
        same_length = widgets.Checkbox(
            value=self.same_length, description="give FPL's steps the length of CE's",
            indent=False, layout=widgets.Layout(width="auto"),
        )  # fmt: skip
        steps = base.slider("steps", self.steps, 1, 60, step=1)
        rate = base.slider("learning rate", self.rate, 0.1, 2)
        return base.Controls(
            [
                {"start": [base.slider(f"start: z of {name}", z, -4, 6) for name, z in start]},
                {"rate": rate, "steps": steps, "same_length": same_length},
            ]
        )
