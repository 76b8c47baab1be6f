"""False positives per class, as in Table 2: ours, the paper's, and FPL − CE of both."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.records import Record
from fpl_lib.paper import printed_false_positives
from fpl_lib.plots.records._look import MORE_OR_LESS, headline, name_of, only_setting, signed, where
from fpl_lib.plots.style import use_style


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
    _heat(axes[0, 0], np.array(list(counts.values())), [names[key] for key in counts], "cividis")
    if changes:
        table = np.array(list(changes.values()))
        limit = max(1.0, np.abs(table).max())
        _heat(axes[1, 0], table, list(changes), MORE_OR_LESS, vmin=-limit, vmax=limit)
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


def _heat(ax, table: np.ndarray, names: list[str], cmap, **options) -> None:
    change = "vmin" in options
    sns.heatmap(
        table,
        annot=np.vectorize(lambda value: signed(value, 0) if change else f"{value:.0f}")(table),
        fmt="",
        cmap=cmap,
        ax=ax,
        xticklabels=CLASSES,
        yticklabels=names,
        annot_kws={"fontsize": 10},
        linewidths=0.5,
        cbar_kws={"label": "FPL − CE" if change else "false positives"},
        **options,
    )
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)


def _message(counts: dict) -> str:
    if not {("ours", "fpl"), ("ours", "ce")} <= set(counts):
        return "Where the errors go"
    change = counts["ours", "fpl"] - counts["ours", "ce"]
    total, single = change.sum(), change[np.abs(change).argmax()]
    return f"FPL − CE: {signed(total, 0)} errors in all, up to {signed(single, 0)} in a class"
