"""The figure of notebook 00: Table 2's false positives of one network as bars, class by class."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from fpl_lib import paper
from fpl_lib.cifar10.files import CLASSES
from fpl_lib.course.checking import (
    FigureExercise,
    bar_names,
    bars,
    colour,
    from_zero,
    named,
    scales,
    side_by_side,
    titled,
    with_legend,
)
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
    scale: str = "linear",
    title: str = "ResNet18: the cat gets the most false positives with either loss",
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
    ax.set(xlabel="predicted class", ylabel=name, yscale=scale, title=title)
    if legend:
        ax.legend()
    return ax


def _colours(ax: Axes) -> list[bool]:
    """Whether each loss has its own colour."""
    return [colour(ax, loss) == COLORS[loss].lower() for loss in ("ce", "fpl")]


BARS = FigureExercise(
    id="00-bars",
    title="Where ResNet18's errors go",
    difficulty=2,
    minutes=9,
    solution=draw_bars,
    readings={
        "the bars labelled CE": lambda ax: bars(ax, "CE", CLASSES),
        "the bars labelled FPL": lambda ax: bars(ax, "FPL", CLASSES),
        "the number of bars: one for each class and loss": lambda ax: len(bars(ax, "FPL")),
        "the class names beside the bars": lambda ax: set(CLASSES) <= bar_names(ax).keys(),
        "where the bars start: at zero": from_zero,
        "the two bars of a class: side by side": lambda ax: side_by_side(ax, "CE", "FPL"),
        "the scale of the counts: linear": lambda ax: scales(ax) == ("linear", "linear"),
        "the name of the axis of the counts": named("y", "false positive"),
        "the colours: `plots.COLORS` has one for each loss": _colours,
        "the legend": with_legend,
        "the title": titled,
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
        "log axis": (
            "On a logarithmic axis the length of a bar says nothing: it has no zero to start from.",
            {"scale": "log"},
        ),
        "no title": (
            "The title is missing: let it say what one sees in the figure.",
            {"title": ""},
        ),
    },
    hints=(
        "Call `ax.bar` twice, once for each loss, with `x - 0.2` and `x + 0.2`.",
        "`ax.set_xticks(x, counts.columns)` writes the class names below the bars.",
    ),
)
