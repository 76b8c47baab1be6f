"""What the figures share: names, colours, heat maps, and the check that runs belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.comparisons import Setting, by_setting, images
from fpl_lib.evidence.records import Record
from fpl_lib.plots.style import COLORS, PALETTE, signed

MORE_OR_LESS = LinearSegmentedColormap.from_list(
    "more_or_less", [COLORS["ce"], "#FFFFFF", COLORS["fpl"]]
)
"""Differences FPL − CE: vermillion where FPL has more, blue where CE has."""


def color_of(loss: str) -> str:
    """The colour of a loss: its own, or its family's (fpl_batch as fpl), black else."""
    return COLORS.get(loss) or COLORS.get(loss.split("_")[0], PALETTE[-1])


def only_setting(records: Sequence[Record]) -> Setting:
    """The one setting of all records; ValueError if they are of several, or none."""
    settings = list(by_setting(records))
    if len(settings) != 1:
        said = "; ".join(map(where, settings)) or "no records"
        raise ValueError(
            f"expected runs of one setting, got {len(settings)} ({said}): "
            "split the records with `by_setting` and draw one figure each"
        )
    return settings[0]


def heat(ax: Axes, table: np.ndarray, change: bool, **options: Any) -> None:
    """A heat map, a column per class; with `change`, of differences FPL − CE around 0."""
    import seaborn as sns

    limit = max(1.0, np.abs(table).max())
    look = {"cmap": MORE_OR_LESS, "vmin": -limit, "vmax": limit} if change else {"cmap": "cividis"}
    sns.heatmap(table, ax=ax, xticklabels=CLASSES, **look | options)


def percent(confusion: np.ndarray) -> np.ndarray:
    """A confusion matrix in percent of each true class."""
    return 100 * confusion / confusion.sum(axis=1, keepdims=True)


def largest_change(change: np.ndarray) -> str:
    """The largest cell of a difference of confusion matrices, in words."""
    i, j = np.unravel_index(np.abs(change).argmax(), change.shape)
    what = f"{CLASSES[i]} taken for {CLASSES[j]}" if i != j else f"{CLASSES[i]} recognised"
    return f"{what}, {signed(change[i, j])} points"


def commonest_error(matrix: np.ndarray) -> tuple[str, str, float]:
    """Which class is most often taken for which other, and how often, from a matrix in percent."""
    errors = matrix - np.diag(matrix.diagonal())
    i, j = np.unravel_index(errors.argmax(), errors.shape)
    return CLASSES[i], CLASSES[j], errors[i, j]


def headline(figure: Figure, ax: Axes, message: str, where: str) -> None:
    """The figure's message in bold above all panels, and below it what was run."""
    title(figure, message)
    ax.set_title(where, fontsize=10, weight="normal", color="#444444")


def title(figure: Figure, message: str) -> None:
    """A message in bold above all panels."""
    figure.suptitle(message, x=0.02, ha="left", weight="bold", fontsize=12)


def where(setting: Setting) -> str:
    """A setting and its images, for a headline."""
    return f"{setting.label} on {images(setting.source)}"
