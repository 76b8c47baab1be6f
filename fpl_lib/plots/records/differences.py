"""Losses compared in pairs of runs: the differences with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from fpl_lib.evidence.comparisons import by_setting, difference_table, images
from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.records import Record
from fpl_lib.plots.records._look import color_of, title
from fpl_lib.plots.style import signed, use_style

COLUMNS = 3


def loss_differences(records: Sequence[Record]) -> tuple[Figure, str]:
    """Each loss minus CE in top-1, paired over seeds, with 95 % t intervals: a panel per setting.

    A single pair of runs is drawn hollow, without an interval. records: runs of one experiment.
    Raises ValueError if no loss has a run beside one of CE's.
    """
    table = difference_table(records)
    if table.empty:
        raise ValueError("no loss has finished a run beside one of ce: nothing to compare")
    panels = list(table.groupby(["condition", "model", "source", "config"], sort=False))
    losses = list(dict.fromkeys(table["loss"]))
    down, across = -(-len(panels) // COLUMNS), min(len(panels), COLUMNS)
    use_style()
    figure, axes = plt.subplots(
        down, across, figsize=(9.5 if across > 1 else 7.2, 1.4 + down * (0.6 + 0.28 * len(losses))),
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    for ax in axes.flat[len(panels) :]:
        ax.set_visible(False)
    several = len({(model, source) for (_, model, source, _), _ in panels}) > 1
    for ax, ((condition, model, source, _), rows) in zip(axes.flat, panels, strict=False):
        for row in rows.itertuples():
            _draw_pair(ax, losses.index(row.loss), row)
        kind = f"{model}, {images(source)}" if several or not condition else ""
        pairs = sorted(set(rows["n"]))
        n = f"n = {pairs[0]}" if len(pairs) == 1 else f"n = {pairs[0]}–{pairs[-1]}"
        ax.set_title(", ".join(filter(None, (condition, kind, n))), fontsize=11, weight="normal")
        ax.axvline(0, color="#444444", linewidth=1)
        ax.grid(axis="y", visible=False)
        ax.tick_params(labelbottom=True)
    axes[0, 0].set_yticks(range(len(losses)), [name_of(loss) for loss in losses])
    axes[0, 0].set_ylim(len(losses) - 0.5, -0.5)
    experiment = next(iter(by_setting(records))).experiment
    figure.supxlabel(f"loss − CE (points of top-1 accuracy), {experiment}", fontsize=11)
    title(figure, _message(table))
    return figure, _words(table, experiment)


def _draw_pair(ax, place: int, row) -> None:
    color = color_of(row.loss)
    ax.plot(row.estimate, place, "o", color=color, mfc="white" if row.n == 1 else color)
    if row.n > 1:
        ax.plot([row.low, row.high], [place, place], color=color)


def _message(table) -> str:
    """Which losses the intervals tell apart from CE: the sentence above the picture."""
    known = table[table["low"].notna()]
    if known.empty:
        return "Single runs beside CE, so no intervals"
    apart = ((known["low"] > 0) | (known["high"] < 0)).groupby(known["loss"], sort=False)
    most = apart.mean() > 0.5
    where = " in most settings" if apart.size().max() > 1 else ""
    if not most.any():
        return f"No loss is told apart from CE{where}"
    names = [name_of(loss) for loss in most[most].index]
    return f"Told apart from CE{where}: {', '.join(names)}"


def _words(table, experiment: str) -> str:
    rows = table.sort_values("estimate")
    ends = [rows.iloc[0], rows.iloc[-1]] if len(rows) > 1 else [rows.iloc[0]]
    said = "; ".join(_said(row) for row in ends)
    between = "from lowest to highest: " if len(rows) > 1 else ""
    return (
        f"Differences to CE in points of top-1 accuracy, experiment {experiment}, "
        f"as points with 95 % intervals, {between}{said}. {_message(table)}."
    )


def _said(row) -> str:
    name = name_of(row["loss"]) + (f" in {row['condition']}" if row["condition"] else "")
    interval = f", {signed(row['low'], 2)} to {signed(row['high'], 2)}" if row["n"] > 1 else ""
    return f"{name} {signed(row['estimate'], 2)} (n = {row['n']}{interval})"
