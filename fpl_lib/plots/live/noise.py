"""What a loss asks for when a share of the labels is wrong: the best prediction over the rate."""

from __future__ import annotations

import numpy as np

from fpl_lib.plots.live import base
from fpl_lib.plots.style import COLORS

MAX_RATE = 0.89
"""With ten classes the true one is the most frequent label of its images up to 90 % wrong ones."""
CLASSES = (10, 20, 100)
LOSSES = {"CE": "-", "FPL": "-", "GCE": "--", "MAE": ":"}
GCE_Q = 0.7
TIE = "#999999"


def best_prediction(loss: str, rate: np.ndarray | float, classes: int) -> np.ndarray:
    """p_Y in the prediction with the least mean loss, where `rate` of the labels are wrong.

    The wrong labels are spread evenly over the C - 1 other classes, and the true class Y has the
    most frequent label: 0 <= rate < 1 - 1/C. Each other class gets (1 - p_Y) / (C - 1). All four
    follow from setting the derivative of the mean loss to zero.

    >>> [round(float(best_prediction(loss, 0.4, 10)), 4) for loss in LOSSES]
    [0.6, 0.4411, 0.9985, 1.0]
    """
    rate, others = np.asarray(rate, dtype=float), classes - 1
    if loss == "CE":
        return 1 - rate
    if loss == "MAE":
        return np.ones_like(rate)
    if loss == "FPL":  # Eq. 1 with unit weights: 2 n s² - C (1 + η) s + 2 η = 0
        b = classes * (1 + rate)
        rest = (b - np.sqrt(b * b - 16 * others * rate)) / (4 * others)
        return 1 - others * np.minimum(rest, 1 / classes)
    with np.errstate(divide="ignore"):
        lead = (others * (1 - rate) / rate) ** (1 / (1 - GCE_Q))  # p_Y over any other class
    return 1 / (1 + others / lead)


class NoiseFigure(base.LiveFigure):
    """The best prediction of four losses over the rate of wrong labels, and at one rate as bars.

    `set` changes `rate`, the share of wrong labels from 0 to 0.89, and `classes`, from 10 to 100.
    `asked()` has p_Y at this rate by the loss's name. Raises ValueError for parts that do not fit.

    >>> shown = NoiseFigure(0.4)
    >>> round(shown.asked()["FPL"], 2)
    0.44
    """

    def __init__(self, rate: float = 0.4, classes: int = 10) -> None:
        super().__init__(9.4, 4.2, title=(0.02, 0.92))
        self._checks = {
            "rate": base.within("rate", 0, MAX_RATE, float),
            "classes": base.within("classes", CLASSES[0], CLASSES[-1]),
        }
        self._draw_frame()
        self.set(rate=rate, classes=classes)

    def asked(self) -> dict[str, float]:
        """p_Y in the best prediction at the present rate, by the loss's name."""
        return {loss: float(best_prediction(loss, self.rate, self.classes)) for loss in LOSSES}

    def sentence(self) -> str:
        others = self.classes - 1
        said = ", ".join(
            f"{loss} for {p:.2f} and {(1 - p) / others:.3f} for each other class"
            for loss, p in self.asked().items()
        )
        return f"{self._message()}. Of {self.classes} classes, the true one first: {said}."

    def _message(self) -> str:
        asked = self.asked()
        wrong = f"{100 * self.rate:.0f} % of the labels wrong"
        if asked["FPL"] - 1 / self.classes < 1e-9:
            return f"{wrong}: FPL asks for a tie of all {self.classes} classes"
        return f"{wrong}: CE asks for p = {asked['CE']:.2f}, FPL for {asked['FPL']:.2f}"

    def _draw_frame(self) -> None:
        curves = self.figure.add_axes((0.075, 0.14, 0.46, 0.7))
        bars = self.figure.add_axes((0.62, 0.14, 0.36, 0.7))
        along = self._along = np.linspace(0, MAX_RATE, 179)
        self._curves, self._points = {}, {}
        for loss, style in LOSSES.items():
            color = COLORS[loss.lower()]
            (self._curves[loss],) = curves.plot(along, along, style, color=color, label=loss)
            (self._points[loss],) = curves.plot([], [], "o", color=color)
        self._tie = curves.axhline(0.1, color=TIE, lw=0.9, ls=":")
        self._here = curves.axvline(0, color=TIE, lw=0.9)
        curves.set(xlabel="share of wrong labels η", ylabel="$p_Y$ in the best prediction")
        curves.set(xlim=(0, 0.9), ylim=(0, 1.04))
        curves.legend(loc="lower left", ncols=2)
        places = np.arange(len(LOSSES))
        colors = [COLORS[loss.lower()] for loss in LOSSES]
        self._leads = bars.barh(places - 0.17, 1.0, 0.34, color=colors)
        self._rests = bars.barh(places + 0.22, 1.0, 0.3, color=colors, alpha=0.4)
        self._texts = [
            bars.text(0, y, "", va="center", fontsize=9.5, color=base.INK)
            for y in (*(places - 0.17), *(places + 0.22))
        ]
        bars.set(yticks=places, yticklabels=LOSSES, ylim=(len(LOSSES) - 0.5, -0.5))
        bars.set(xlim=(0, 1.3), xticks=np.linspace(0, 1, 6), xlabel="probability")
        bars.set_title(
            "true class; below it, paler, each other class", fontsize=10, weight="normal"
        )
        bars.grid(axis="y", visible=False)

    def _redraw(self) -> None:
        asked, others = self.asked(), self.classes - 1
        for loss, curve in self._curves.items():
            curve.set_ydata(best_prediction(loss, self._along, self.classes))
            self._points[loss].set_data([self.rate], [asked[loss]])
        self._tie.set_ydata([1 / self.classes] * 2)
        self._here.set_xdata([self.rate] * 2)
        wide = [*asked.values(), *((1 - p) / others for p in asked.values())]
        for bar, text, value in zip((*self._leads, *self._rests), self._texts, wide, strict=True):
            bar.set_width(value)
            text.set_x(value + 0.02)
            text.set_text(f"{value:.2f}")
        self._title.set_text(self._message())

    def _controls(self) -> base.Controls:
        wrong = base.slider("wrong labels", self.rate, 0, MAX_RATE, step=0.01)
        tips = [f"{count} classes" for count in CLASSES]
        count = base.choice("classes", CLASSES, self.classes, "60px", tips)
        return base.Controls([{"rate": wrong}, {"classes": count}])
