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
    "00-bars",
    solution=draw_bars,
    readings={
        "the bars labelled CE": lambda ax: bars(ax, "CE", CLASSES),
        "the bars labelled FPL": lambda ax: bars(ax, "FPL", CLASSES),
        "the number of bars: one for each class and loss": lambda ax: len(bars(ax, "FPL")),
        "the class names beside the bars": lambda ax: set(CLASSES) <= bar_names(ax).keys(),
        "the axis of the counts: from zero, every bar whole": from_zero,
        "the two bars of a class: side by side": lambda ax: side_by_side(ax, "CE", "FPL"),
        "the scale of the counts: linear": lambda ax: scales(ax) == ("linear", "linear"),
        "the name of the axis of the counts": named("y", "false positive"),
        "the colours: `plots.COLORS` has one for each loss": _colours,
        "the legend": with_legend,
        "the title": titled,
    },
    mistakes={
        "other network": {"model": "efficientnet_v2_s"},
        "swapped labels": {"order": ("fpl", "ce")},
        "total included": {"columns": (*CLASSES, "total")},
        "stacked": {"offset": 0, "stacked": True},
        "on top of each other": {"offset": 0},
        "no name": {"name": ""},
        "no legend": {"legend": False},
        "log axis": {"scale": "log"},
        "no title": {"title": ""},
    },
)
