"""Confusion matrices of two losses, mean over seeds, and their difference."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from fpl_lib.cifar10.files import CLASSES
from fpl_lib.evidence.records import Record
from fpl_lib.plots.records._look import MORE_OR_LESS, name_of, only_setting, signed, where
from fpl_lib.plots.style import use_style


def mean_confusion(records: Sequence[Record], loss: str) -> tuple[np.ndarray, int]:
    """Mean confusion matrix of a loss's finished runs, in percent of each true class; and n.

    Raises ValueError if there is none.
    """
    found = [run.result["confusion"] for run in records if run.done and run.header["loss"] == loss]
    if not found:
        raise ValueError(f"no finished run of {loss}: there is no confusion matrix to show")
    mean = np.mean(found, axis=0)
    return 100 * mean / mean.sum(axis=1, keepdims=True), len(found)


def confusion_map(
    records: Sequence[Record], first: str = "fpl", second: str = "ce"
) -> tuple[Figure, str]:
    """Who is taken for whom: both losses' confusion matrices, and first − second.

    Cells are percent of the true class (a row sums to 100; a row of differences to 0).
    records: runs of one setting. Raises ValueError if a loss has no finished run.
    """
    setting = only_setting(records)
    one, n_one = mean_confusion(records, first)
    other, n_other = mean_confusion(records, second)
    change = one - other
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(9.8, 4.2), sharey=True)
    limit = max(1.0, np.abs(change).max())
    top = max(one.max(), other.max())
    panels = (
        (one, f"{name_of(first)}, n = {n_one}", {"cmap": "cividis", "vmin": 0, "vmax": top}),
        (other, f"{name_of(second)}, n = {n_other}", {"cmap": "cividis", "vmin": 0, "vmax": top}),
        (change, f"{name_of(first)} − {name_of(second)}",
         {"cmap": MORE_OR_LESS, "vmin": -limit, "vmax": limit}),
    )  # fmt: skip
    for ax, (matrix, title, look) in zip(axes, panels, strict=True):
        sns.heatmap(
            matrix, ax=ax, square=True, xticklabels=CLASSES, yticklabels=CLASSES,
            cbar_kws={"label": "% of the true class", "orientation": "horizontal", "shrink": 0.8},
            **look,
        )  # fmt: skip
        ax.set_title(title, fontsize=11)
        ax.set(xlabel="predicted class")
        ax.tick_params(axis="both", labelsize=9)
    axes[0].set(ylabel="true class")
    i, j = np.unravel_index(np.abs(change).argmax(), change.shape)
    worst = one - np.diag(np.diag(one))
    t, p = np.unravel_index(worst.argmax(), worst.shape)
    what = f"{CLASSES[i]} taken for {CLASSES[j]}" if i != j else f"{CLASSES[i]} recognised"
    message = f"The largest change: {what}, {signed(change[i, j])} points"
    figure.suptitle(f"{message} ({where(setting)})", x=0.02, ha="left", weight="bold", fontsize=12)
    return figure, (
        f"Confusion matrices of {name_of(first)} (n = {n_one}) and {name_of(second)} "
        f"(n = {n_other}), {where(setting)}, and their difference. {message}. "
        f"The commonest error of {name_of(first)} takes {CLASSES[t]} for {CLASSES[p]}: "
        f"{worst[t, p]:.1f} % of them."
    )
