"""How much a class weight makes of an imbalance: Eq. 4 beside weights that others use."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import torch

from fpl_lib.cifar10.subsets import long_tail_counts
from fpl_lib.losses import class_balanced_weights
from fpl_lib.losses.alphas import class_alpha, flipped_alpha
from fpl_lib.plots.live._controls import assembled, look
from fpl_lib.plots.live._frame import fixed_figure, png
from fpl_lib.plots.style import COLORS, PALETTE

INK = "#333333"
PROFILES = ("exponential", "step")
MAX_RATIO = 1000.0
"""The axes reach this far: one image of the rarest class for a thousand of the largest."""
LOOKS = {
    "inverse frequency": {"color": "#777777", "linestyle": ":"},
    "class-balanced": {"color": PALETTE[4], "linestyle": "--"},
    "Eq. 4": {"color": COLORS["fpl"], "linestyle": "-"},
    "Eq. 4, flipped": {"color": PALETTE[3], "linestyle": "-."},
}


class ImbalanceFigure:
    """Class sizes of a long tail, and four weights of each class as multiples of the first's.

    `ratio`, from 1 to 1000, is the largest class over the smallest; `profile` "exponential" or
    "step", as in `long_tail_counts`. The weights are 1/N_i, class-balanced (Cui et al. 2019), Eq. 4
    and Eq. 4 flipped. `set` changes ratio or profile and redraws. `figure` is the matplotlib
    figure, `counts` the class sizes, `weights()` the numbers in it, `sentence()` its message in
    words, `png()` the picture. Raises ValueError for parts that do not fit.

    >>> shown = ImbalanceFigure(ratio=100)
    >>> {name: round(float(w[-1]), 2) for name, w in shown.weights().items() if "Eq" in name}
    {'Eq. 4': 1.67, 'Eq. 4, flipped': 0.6}
    """

    def __init__(
        self,
        ratio: float = 100.0,
        profile: str = "exponential",
        *,
        largest: int = 5000,
        classes: int = 10,
    ) -> None:
        if largest < MAX_RATIO:
            raise ValueError(f"`largest` must be at least {MAX_RATIO:g}, got {largest}")
        self.largest, self.classes = largest, classes
        self._draw_frame()
        self.set(ratio=ratio, profile=profile)

    def set(self, *, ratio: float | None = None, profile: str | None = None) -> None:
        """Change what is given, keep the rest, and redraw."""
        if ratio is not None:
            if not 1 <= ratio <= MAX_RATIO:
                raise ValueError(f"`ratio` must be from 1 to {MAX_RATIO:g}, got {ratio}")
            self.ratio = float(ratio)
        if profile is not None:
            if profile not in PROFILES:
                raise ValueError(f"`profile` must be 'exponential' or 'step', got {profile!r}")
            self.profile = profile
        self.counts = long_tail_counts(self.largest, self.ratio, self.classes, kind=self.profile)
        self._redraw()

    def weights(self) -> dict[str, np.ndarray]:
        """The weight of each class as a multiple of class 0's, (C,), by the rule's name."""
        counts = torch.tensor(self.counts, dtype=torch.float64)
        alpha = class_alpha(counts)
        rules = {
            "inverse frequency": 1 / counts,
            "class-balanced": class_balanced_weights(counts),
            "Eq. 4": alpha,
            "Eq. 4, flipped": flipped_alpha(counts),
        }
        return {name: (weight / weight[0]).numpy() for name, weight in rules.items()}

    def sentence(self) -> str:
        """What the figure shows, in words: for its alternative text and for screen readers."""
        ends = "; ".join(f"{name} × {w[-1]:.3g}" for name, w in self.weights().items())
        return (
            f"{self._message()}. {self.profile.capitalize()} profile, {sum(self.counts)} images, "
            f"{self.counts[0]} of class 0 and {self.counts[-1]} of class {self.classes - 1}. "
            f"Weight of class {self.classes - 1} over that of class 0: {ends}."
        )

    def png(self) -> bytes:
        """The figure as a PNG picture."""
        return png(self.figure)

    def _message(self) -> str:
        rare = self.weights()["Eq. 4"][-1]
        start = f"Ratio {self.ratio:.0f}: Eq. 4 gives the rarest class"
        return f"{start} {rare:.2f} × the weight of class 0"

    def _draw_frame(self) -> None:
        self.figure = fixed_figure(9.0, 4.2)
        sizes = self.figure.add_axes((0.085, 0.14, 0.34, 0.68))
        curves = self.figure.add_axes((0.525, 0.14, 0.36, 0.68))
        places = np.arange(self.classes)
        self._bars = sizes.bar(places, self.largest, 0.72, color="#8FA3AD")
        sizes.set(ylabel="training images $N_i$ (log scale)", ylim=(1, 1.6 * self.largest))
        curves.set(ylabel="weight / weight of class 0 (log scale)", ylim=(0.28, 3 * MAX_RATIO))
        self._lines, self._ends = {}, {}
        for name, style in LOOKS.items():
            (self._lines[name],) = curves.plot(places, 1.0 + 0 * places, label=name, **style)
            self._ends[name] = curves.text(
                places[-1] + 0.25, 1, "", va="center", fontsize=9.5, color=INK
            )
        for ax in (sizes, curves):
            ax.set(xlabel="class, frequent to rare", xticks=places, yscale="log")
            ax.grid(axis="x", visible=False)
        curves.legend(loc="upper left", handlelength=2.6, borderaxespad=0.1, labelspacing=0.3)
        self._title = self.figure.text(0.02, 0.91, "", fontsize=12, weight="bold")

    def _redraw(self) -> None:
        for bar, count in zip(self._bars, self.counts, strict=True):
            bar.set_height(count)
        weights = self.weights()
        for name, weight in weights.items():
            self._lines[name].set_ydata(weight)
            self._ends[name].set_text(f"× {weight[-1]:.3g}")
        # Numbers at the lines' ends, pushed apart where they would overlap.
        floor = 0.0
        for name in sorted(weights, key=lambda name: weights[name][-1]):
            floor = max(floor, float(weights[name][-1]))
            self._ends[name].set_y(floor)
            floor *= 1.75
        self._title.set_text(self._message())


def imbalance_controls(
    ratio: float = 100.0, profile: str = "exponential"
) -> tuple[ImbalanceFigure, Any]:
    """An `ImbalanceFigure` with a slider for the ratio and a choice of the profile.

    Returns the figure in its starting state and the live widget, None without ipywidgets: hand the
    one's `figure` and the other to `plots.show(…, live=widget)`. Raises ValueError for a ratio or
    a profile that does not fit.

    >>> shown, live = imbalance_controls(10)
    >>> shown.counts[-1]
    500
    """
    shown = ImbalanceFigure(ratio, profile)
    if importlib.util.find_spec("ipywidgets") is None:
        return shown, None
    import ipywidgets as widgets

    slider = widgets.FloatLogSlider(
        value=shown.ratio,
        base=10,
        min=0,
        max=float(np.log10(MAX_RATIO)),
        step=0.05,
        readout_format=".0f",
        description="imbalance ratio",
        **look(),
    )
    choice = widgets.ToggleButtons(
        options=list(PROFILES),
        value=shown.profile,
        description="profile",
        style={"button_width": "110px"},
        tooltips=["each class smaller by the same factor", "half of the classes small"],
    )

    def change() -> None:
        shown.set(ratio=min(slider.value, MAX_RATIO), profile=choice.value)

    return shown, assembled(shown, [[slider], [choice]], change)
