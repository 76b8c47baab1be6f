"""Figures made from records of runs alone, each returned with its alternative text."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from .layouts import CLASSES
from .plots import COLORS, PALETTE, use_style
from .runs import Record

TOP = {"top1": "top-1 accuracy (% of test images)", "top5": "top-5 accuracy (% of test images)"}


def accuracy_over_epochs(records: Sequence[Record]) -> tuple[Figure, str]:
    """Top-1 and top-5 over epochs, as in the paper's Figure 3: seeds thin, their mean thick.

    records: runs of one experiment, finished or not; a line style a network, a colour a loss.
    Raises ValueError if no record has an epoch yet.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.epochs:
            groups.setdefault((record.header["model"], record.header["loss"]), []).append(record)
    if not groups:
        raise ValueError("no record has an epoch yet: there is no curve to draw")
    use_style()
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4), layout="constrained")
    styles = dict(
        zip(dict.fromkeys(model for model, _ in groups), ("-", "--", ":", "-."), strict=False)
    )
    said = []
    for (model, loss), runs in groups.items():
        shortest = min(len(run.epochs) for run in runs)
        look = {"color": color_of(loss), "linestyle": styles[model]}
        for ax, key in zip(axes, TOP, strict=True):
            curves = [[row[key] for row in run.epochs] for run in runs]
            for curve in curves:
                ax.plot(range(1, len(curve) + 1), curve, linewidth=0.7, alpha=0.5, **look)
            mean = np.mean([curve[:shortest] for curve in curves], axis=0)
            label = f"{model}, {loss.upper()}, n = {len(runs)}"
            ax.plot(range(1, shortest + 1), mean, linewidth=2.2, label=label, **look)
            if key == "top1":
                said.append(f"{label} reaches {mean[-1]:.1f} % top-1 after {shortest} epochs")
    for ax, key in zip(axes, TOP, strict=True):
        ax.set(xlabel="epoch", ylabel=TOP[key])
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend(loc="lower right")
    header = records[0].header
    images = "the full CIFAR-10" if header["data"].get("source") == "cifar10" else "cifar10-mini"
    figure.suptitle(f"Accuracy over epochs, experiment {header['experiment']} on {images}")
    return figure, f"Test accuracy over epochs on {images}: {'; '.join(said)}."


def false_positive_map(records: Sequence[Record]) -> tuple[Figure, str]:
    """False positives per class, a row a network and loss (mean over seeds), as in Table 2.

    records: runs of one experiment on CIFAR-10's ten classes; unfinished ones are left out.
    Raises ValueError if none is finished.
    """
    groups: dict[str, list[list[int]]] = {}
    for record in records:
        if record.done:
            name = f"{record.header['model']}, {record.header['loss'].upper()}"
            groups.setdefault(name, []).append(record.result["false_positives"])
    if not groups:
        raise ValueError("no run is finished yet: there are no false positives to show")
    use_style()
    names = [f"{name} (n = {len(counts)})" for name, counts in groups.items()]
    means = np.array([np.mean(counts, axis=0) for counts in groups.values()])
    figure, ax = plt.subplots(figsize=(9.5, 1.6 + 0.5 * len(names)), layout="constrained")
    sns.heatmap(
        means, annot=True, fmt=".0f", cmap="cividis", ax=ax, xticklabels=CLASSES, yticklabels=names,
        cbar_kws={"label": "false positives"},
    )  # fmt: skip
    ax.set(xlabel="predicted class", title="Where the errors go: false positives per class")
    ax.tick_params(axis="x", rotation=35)
    most = [
        f"{name} predicts {CLASSES[row.argmax()]} wrongly most often ({row.max():.0f} times), "
        f"{row.sum():.0f} errors in all"
        for name, row in zip(names, means, strict=True)
    ]
    return figure, f"False positives per class: {'; '.join(most)}."


def color_of(loss: str) -> str:
    """The colour of a loss: its own where it has one, black else."""
    return COLORS.get(loss, PALETTE[-1])
