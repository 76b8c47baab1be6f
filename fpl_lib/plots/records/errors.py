"""Errors class by class: false positives as in Table 2, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.records import Record
from fpl_lib.paper import printed_false_positives
from fpl_lib.plots.records._look import (
    commonest_error,
    headline,
    heat,
    largest_change,
    only_setting,
    percent,
    title,
    where,
)
from fpl_lib.plots.style import signed, use_style


def mean_confusion(records: Sequence[Record], loss: str) -> tuple[np.ndarray, int]:
    """Mean confusion matrix of a loss's finished runs, in percent of each true class; and n.

    Raises ValueError if there is none.
    """
    found = [run.result["confusion"] for run in records if run.done and run.header["loss"] == loss]
    if not found:
        raise ValueError(f"no finished run of {loss}: there is no confusion matrix to show")
    return percent(np.mean(found, axis=0)), len(found)


def confusion_map(records: Sequence[Record]) -> tuple[Figure, str]:
    """Who is taken for whom: FPL's and CE's confusion matrices, and FPL − CE.

    Cells are percent of the true class (a row sums to 100; a row of differences to 0).
    records: runs of one setting. Raises ValueError if a loss has no finished run.
    """
    setting = only_setting(records)
    (fpl, n_fpl), (ce, n_ce) = (mean_confusion(records, loss) for loss in ("fpl", "ce"))
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(9.8, 4.2), sharey=True)
    scale = {"vmin": 0, "vmax": max(fpl.max(), ce.max())}
    panels = ((fpl, f"FPL, n = {n_fpl}"), (ce, f"CE, n = {n_ce}"), (fpl - ce, "FPL − CE"))
    bar = {"label": "% of the true class", "orientation": "horizontal", "shrink": 0.8}
    for ax, (matrix, name) in zip(axes, panels, strict=True):
        change = ax is axes[-1]
        options = {} if change else scale
        heat(ax, matrix, change, square=True, yticklabels=CLASSES, cbar_kws=bar, **options)
        ax.set_title(name, fontsize=11)
        ax.set(xlabel="predicted class")
        ax.tick_params(axis="both", labelsize=9)
    axes[0].set(ylabel="true class")
    true, predicted, share = commonest_error(fpl)
    message = f"The largest change: {largest_change(fpl - ce)}"
    title(figure, f"{message} ({where(setting)})")
    return figure, (
        f"Confusion matrices of FPL (n = {n_fpl}) and CE (n = {n_ce}), {where(setting)}, and their "
        f"difference. {message}. The commonest error of FPL takes {true} for {predicted}: "
        f"{share:.1f} % of them."
    )


def false_positive_map(
    records: Sequence[Record], losses: Sequence[str] = ("fpl", "ce")
) -> tuple[Figure, str]:
    """False positives per class, mean over seeds, beside the paper's rows; below, FPL − CE.

    records: finished runs of one setting on CIFAR-10's ten classes; others are left out.
    Raises ValueError if they are of several settings, or none is finished.
    """
    setting = only_setting(records)
    counts, names = _rows(records, losses)
    if not counts:
        raise ValueError("no run is finished yet: there are no false positives to show")
    for loss, row in printed_false_positives(setting.experiment, setting.model).items():
        counts["paper", loss], names["paper", loss] = np.array(row), f"{name_of(loss)}, the paper's"
    changes = {
        "FPL − CE, " + ("the paper's" if who == "paper" else "ours"): counts[who, "fpl"]
        - counts[who, "ce"]
        for who in ("ours", "paper")
        if {(who, "fpl"), (who, "ce")} <= set(counts)
    }
    use_style()
    heights = [len(counts), len(changes)] if changes else [len(counts)]
    figure, axes = plt.subplots(
        len(heights), 1, figsize=(9.6, 1.9 + 0.5 * sum(heights)), squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    _heat(axes[0, 0], np.array(list(counts.values())), [names[key] for key in counts], False)
    if changes:
        _heat(axes[1, 0], np.array(list(changes.values())), list(changes), True)
        axes[0, 0].set_xticklabels([])
    axes[-1, 0].set(xlabel="predicted class")
    headline(figure, axes[0, 0], _message(counts), where(setting))
    said = [
        f"{names[key]}: {row.sum():.0f} in all, most for {CLASSES[row.argmax()]} ({row.max():.0f})"
        for key, row in counts.items()
    ]
    return figure, (f"False positives per class, {where(setting)}. {'; '.join(said)}.")


def _rows(records: Sequence[Record], losses: Sequence[str]):
    counts, names = {}, {}
    for loss in losses:
        runs = [run for run in records if run.done and run.header["loss"] == loss]
        if runs:
            counts["ours", loss] = np.mean([run.result["false_positives"] for run in runs], axis=0)
            names["ours", loss] = f"{name_of(loss)}, ours, n = {len(runs)}"
    return counts, names


def _heat(ax: Axes, table: np.ndarray, names: list[str], change: bool) -> None:
    texts = np.vectorize(lambda value: signed(value, 0) if change else f"{value:.0f}")(table)
    bar = {"label": "FPL − CE" if change else "false positives"}
    text = {"annot": texts, "fmt": "", "annot_kws": {"fontsize": 10}}
    heat(ax, table, change, yticklabels=names, linewidths=0.5, cbar_kws=bar, **text)
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)


def _message(counts: dict) -> str:
    if not {("ours", "fpl"), ("ours", "ce")} <= set(counts):
        return "Where the errors go"
    change = counts["ours", "fpl"] - counts["ours", "ce"]
    total, single = change.sum(), change[np.abs(change).argmax()]
    return f"FPL − CE: {signed(total, 0)} errors in all, up to {signed(single, 0)} in a class"
