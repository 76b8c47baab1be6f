"""The figure of notebook 00: Table 2's false positives of one network as bars, class by class."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from fpl_lib import paper
from fpl_lib.cifar10.files import CLASSES
from fpl_lib.course.checking.kinds import FigureExercise
from fpl_lib.plots.style import COLORS


def draw_bars(
    model: str = "resnet18",
    *,
    order: tuple[str, str] = ("ce", "fpl"),
    columns: tuple[str, ...] = CLASSES,
    offset: float = 0.2,
    stacked: bool = False,
    name: str = "false positives (images)",
    legend: bool = True,
) -> Axes:
    """Table 2's row of one network as bars; the keywords make the usual mistakes."""
    table = paper.table2().query("model == @model").set_index("loss")
    fig, ax = plt.subplots(figsize=(9, 4))
    x, below = np.arange(len(columns)), np.zeros(len(columns))
    for loss, rows, side in zip(("ce", "fpl"), order, (-offset, offset), strict=True):
        counts = table.loc[rows, list(columns)].to_numpy(float)
        bottom = below if stacked else 0
        ax.bar(x + side, counts, 0.4, bottom=bottom, color=COLORS[loss], label=loss.upper())
        below = counts
    ax.set_xticks(x, columns)
    ax.set(xlabel="predicted class", ylabel=name)
    ax.set_title("ResNet18: the cat gets the most false positives with either loss")
    if legend:
        ax.legend()
    return ax


def _bars(ax: Axes, label: str) -> list[Any]:
    """The bars with this label (any case), from left to right."""
    for group in ax.containers:
        if str(group.get_label()).strip().casefold() == label.casefold():
            return sorted(group.patches, key=_centre)
    raise LookupError(f"no bars are labelled {label!r}")


def _centre(bar: Any) -> float:
    return bar.get_x() + bar.get_width() / 2


def _names(ax: Axes) -> dict[str, float]:
    """What stands below the bars, and where."""
    texts = (text.get_text().strip().casefold() for text in ax.get_xticklabels())
    return dict(zip(texts, ax.get_xticks(), strict=False))


def _heights(ax: Axes, label: str) -> list[float]:
    """A height for each class, found by the class's name, or in order where there are no names."""
    bars, names = _bars(ax, label), _names(ax)
    if set(CLASSES) <= set(names):
        bars = [min(bars, key=lambda b, at=names[c]: abs(_centre(b) - at)) for c in CLASSES]
    return [float(bar.get_height()) for bar in bars]


def _side_by_side(ax: Axes) -> bool:
    pairs = zip(_bars(ax, "CE"), _bars(ax, "FPL"), strict=False)
    return all(abs(_centre(a) - _centre(b)) > 0.49 * a.get_width() for a, b in pairs)


def _colours(ax: Axes) -> list[bool]:
    """Whether each loss has its own colour."""
    first = {loss: _bars(ax, loss)[0].get_facecolor() for loss in ("ce", "fpl")}
    return [to_hex(face) == COLORS[loss].lower() for loss, face in first.items()]


BARS = FigureExercise(
    id="00-bars",
    title="Where ResNet18's errors go",
    difficulty=2,
    minutes=9,
    solution=draw_bars,
    readings={
        "the bars labelled CE": lambda ax: _heights(ax, "CE"),
        "the bars labelled FPL": lambda ax: _heights(ax, "FPL"),
        "the number of bars: one for each class and loss": lambda ax: len(_bars(ax, "FPL")),
        "the class names below the bars": lambda ax: set(CLASSES) <= set(_names(ax)),
        "where the bars start: at zero": lambda ax: all(b.get_y() == 0 for b in _bars(ax, "FPL")),
        "the two bars of a class: side by side": _side_by_side,
        "the name of the y axis": lambda ax: "false positive" in ax.get_ylabel().casefold(),
        "the colours: `plots.COLORS` has one for each loss": _colours,
        "the legend": lambda ax: ax.get_legend() is not None,
    },
    mistakes={
        "other network": (
            "These are EfficientNetV2's counts: the rows wanted are ResNet18's.",
            lambda: draw_bars("efficientnet_v2_s"),
        ),
        "swapped labels": (
            "The labels are the wrong way round: the cat has 818 with CE and 883 with FPL.",
            {"order": ("fpl", "ce")},
        ),
        "total included": (
            "The column `total` is drawn like an eleventh class and dwarfs the others.",
            {"columns": (*CLASSES, "total")},
        ),
        "stacked": (
            "One loss stands on top of the other. Only bars that all start at zero can be "
            "compared: put them side by side.",
            {"offset": 0, "stacked": True},
        ),
        "on top of each other": (
            "Both losses are drawn in the same places, so one hides the other: move them apart.",
            {"offset": 0},
        ),
        "no name": (
            "A reader cannot tell what the heights count: name the y axis `false positives`.",
            {"name": ""},
        ),
        "no legend": (
            "Which colour is which loss? `ax.legend()` shows the labels.",
            {"legend": False},
        ),
    },
    hints=(
        "Call `ax.bar` twice, once for each loss, with `x - 0.2` and `x + 0.2`.",
        "`ax.set_xticks(x, counts.columns)` writes the class names below the bars.",
    ),
)
