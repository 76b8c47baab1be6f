"""Accuracy over epochs, as in the paper's Figure 3, with the spread that one run cannot show."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fpl_lib.evidence.comparisons import compared, differences
from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import mean_interval
from fpl_lib.paper import printed_accuracy
from fpl_lib.plots.records._look import color_of, headline, only_setting, where
from fpl_lib.plots.style import PAPER, signed, use_style

TOP = {"top1": "top-1 accuracy (% of test images)", "top5": "top-5 accuracy (% of test images)"}


def accuracy_over_epochs(
    records: Sequence[Record], losses: Sequence[str] = ("fpl", "ce")
) -> tuple[Figure, str]:
    """Top-1 and top-5 over epochs: seeds thin, their mean thick, its 95 % t interval a band.

    The paper's end values, where it prints any for this setting, are black diamonds (with the
    loss's colour as rim). records: runs of one setting, finished or not.
    Raises ValueError if they are of several settings, or none has an epoch yet.
    """
    setting = only_setting(records)
    groups = {
        loss: [run.epochs for run in records if run.header["loss"] == loss and run.epochs]
        for loss in losses
    }
    groups = {loss: runs for loss, runs in groups.items() if runs}
    if not groups:
        raise ValueError("no record has an epoch yet: there is no curve to draw")
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4))
    said = []
    for loss, runs in groups.items():
        for ax, key in zip(axes, TOP, strict=True):
            _draw_loss(ax, loss, [[row[key] for row in rows] for rows in runs])
        epochs = min(len(rows) for rows in runs)
        mean = np.mean([rows[epochs - 1]["top1"] for rows in runs])
        said.append(f"{name_of(loss)} at {mean:.1f} % after {epochs} epochs ({_seeds(runs)})")
    printed = printed_accuracy(setting.experiment, setting.condition, setting.model)
    for ax, key in zip(axes, TOP, strict=True):
        _draw_paper(ax, printed.get(key, {}), records)
        ax.set(xlabel="epoch", ylabel=TOP[key])
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend(loc="lower right")
    headline(figure, axes[0], _message(records, groups), where(setting))
    alt = f"Test accuracy over epochs, {where(setting)}, top-1 left, top-5 right"
    alt = f"{alt}: {'; '.join(said)} in top-1."
    if any(len(runs) > 1 for runs in groups.values()):
        alt += " Bands are 95 % intervals of the mean."
    if printed:
        alt += " Black diamonds mark the paper's end values."
    return figure, alt


def _draw_loss(ax, loss: str, curves: list[list[float]]) -> None:
    color, epochs = color_of(loss), min(map(len, curves))
    for curve in curves if len(curves) > 1 else ():
        ax.plot(range(1, len(curve) + 1), curve, linewidth=0.7, alpha=0.45, color=color)
    reached = np.array([curve[:epochs] for curve in curves])
    along = np.arange(1, epochs + 1)
    label = f"{name_of(loss)}, {_seeds(curves)}"
    ax.plot(along, reached.mean(0), linewidth=2.2, color=color, label=label)
    if len(curves) > 1:
        bands = [mean_interval(column) for column in reached.T]
        low, high = np.clip([[band.low, band.high] for band in bands], 0, 100).T  # a percentage
        ax.fill_between(along, low, high, color=color, alpha=0.2, linewidth=0)


def _seeds(runs: Sequence) -> str:
    return "1 seed" if len(runs) == 1 else f"{len(runs)} seeds"


def _draw_paper(ax, printed: dict[str, float], records: Sequence[Record]) -> None:
    planned = max(run.header["config"].get("epochs", len(run.epochs)) for run in records)
    for place, (loss, value) in enumerate(printed.items()):
        ax.plot(
            planned * (1 + 0.03 * place), value, **PAPER, markeredgecolor=color_of(loss),
            markeredgewidth=1.5, label=f"{name_of(loss)}, the paper's",
        )  # fmt: skip


def _message(records: Sequence[Record], groups: dict) -> str:
    by_seed = differences(records, "fpl", "ce") if {"fpl", "ce"} <= set(groups) else ()
    if not len(by_seed):
        return "Accuracy over epochs"
    ahead = by_seed.mean()
    found = compared(by_seed)
    sure = (
        "one run each" if found is None
        else "the interval includes 0" if 0 in found.mean else "the interval excludes 0"
    )  # fmt: skip
    return f"FPL − CE at the end: {signed(ahead, 2)} points of top-1, {sure}"
