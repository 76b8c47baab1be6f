"""How much a class weight makes of an imbalance: Eq. 4 beside weights that others use."""

from __future__ import annotations

import numpy as np
import torch

from fpl_lib.cifar10.subsets import long_tail_counts
from fpl_lib.losses import class_balanced_weights
from fpl_lib.losses.alphas import class_alpha, flipped_alpha
from fpl_lib.plots.live import base
from fpl_lib.plots.style import COLORS, PALETTE

CLASSES, LARGEST = 10, 5000
PROFILES = ("exponential", "step")
MAX_RATIO = 1000.0
"""The axes reach this far: one image of the rarest class for a thousand of the largest."""
LOOKS = {
    "inverse frequency": {"color": "#777777", "linestyle": ":"},
    "class-balanced": {"color": PALETTE[4], "linestyle": "--"},
    "Eq. 4": {"color": COLORS["fpl"], "linestyle": "-"},
    "Eq. 4, flipped": {"color": PALETTE[3], "linestyle": "-."},
}


class ImbalanceFigure(base.LiveFigure):
    """Class sizes of a long tail, and four weights of each class as multiples of the first's.

    `set` changes `ratio`, from 1 to 1000, the largest class over the smallest, and `profile`,
    "exponential" or "step", as in `long_tail_counts`. The weights are 1/N_i, class-balanced (Cui et
    al. 2019), Eq. 4 and Eq. 4 flipped. `counts` are the class sizes, `weights()` the numbers in the
    figure. Raises ValueError for parts that do not fit.

    >>> shown = ImbalanceFigure(ratio=100)
    >>> {name: round(float(w[-1]), 2) for name, w in shown.weights().items() if "Eq" in name}
    {'Eq. 4': 1.67, 'Eq. 4, flipped': 0.6}
    """

    def __init__(self, ratio: float = 100.0, profile: str = "exponential") -> None:
        super().__init__(9.0, 4.2, title=(0.02, 0.91))
        self._checks = {
            "ratio": base.within("ratio", 1, MAX_RATIO, float),
            "profile": base.one_of("profile", PROFILES),
        }
        self._draw_frame()
        self.set(ratio=ratio, profile=profile)

    @property
    def counts(self) -> list[int]:
        """The images of each class, the most frequent first."""
        return long_tail_counts(LARGEST, self.ratio, CLASSES, kind=self.profile)

    def weights(self) -> dict[str, np.ndarray]:
        """The weight of each class as a multiple of class 0's, (C,), by the rule's name."""
        counts = torch.tensor(self.counts, dtype=torch.float64)
        rules = {
            "inverse frequency": 1 / counts,
            "class-balanced": class_balanced_weights(counts),
            "Eq. 4": class_alpha(counts),
            "Eq. 4, flipped": flipped_alpha(counts),
        }
        return {name: (weight / weight[0]).numpy() for name, weight in rules.items()}

    def sentence(self) -> str:
        ends = "; ".join(f"{name} × {w[-1]:.3g}" for name, w in self.weights().items())
        return (
            f"{self._message()}. {self.profile.capitalize()} profile, {sum(self.counts)} images, "
            f"{self.counts[0]} of class 0 and {self.counts[-1]} of class {CLASSES - 1}. "
            f"Weight of class {CLASSES - 1} over that of class 0: {ends}."
        )

    def _message(self) -> str:
        rare = self.weights()["Eq. 4"][-1]
        start = f"Ratio {self.ratio:.0f}: Eq. 4 gives the rarest class"
        return f"{start} {rare:.2f} × the weight of class 0"

    def _draw_frame(self) -> None:
        sizes = self.figure.add_axes((0.085, 0.14, 0.34, 0.68))
        curves = self.figure.add_axes((0.525, 0.14, 0.36, 0.68))
        places = np.arange(CLASSES)
        self._bars = sizes.bar(places, LARGEST, 0.72, color="#8FA3AD")
        sizes.set(ylabel="training images $N_i$ (log scale)", ylim=(1, 1.6 * LARGEST))
        curves.set(ylabel="weight / weight of class 0 (log scale)", ylim=(0.28, 3 * MAX_RATIO))
        self._lines, self._ends = {}, {}
        for name, style in LOOKS.items():
            (self._lines[name],) = curves.plot(places, 1.0 + 0 * places, label=name, **style)
            self._ends[name] = curves.text(
                places[-1] + 0.25, 1, "", va="center", fontsize=9.5, color=base.INK
            )
        for ax in (sizes, curves):
            ax.set(xlabel="class, frequent to rare", xticks=places, yscale="log")
            ax.grid(axis="x", visible=False)
        curves.legend(loc="upper left", handlelength=2.6, borderaxespad=0.1, labelspacing=0.3)

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

    def _controls(self) -> base.Controls:
        import ipywidgets as widgets

        decades = widgets.FloatLogSlider(
            value=self.ratio, base=10, min=0, max=float(np.log10(MAX_RATIO)), step=0.05,
            readout_format=".0f", description="imbalance ratio", **base.look(),
        )  # fmt: skip
        tips = ["each class smaller by the same factor", "half of the classes small"]
        kind = base.choice("profile", PROFILES, self.profile, "110px", tips)
        return base.Controls([{"ratio": decades}, {"profile": kind}])
