"""The figure beside the bench's page, drawn from what is stored: how time and memory grow."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from fpl_lib.commands.bench.page import KINDS, stored
from fpl_lib.plots.style import PALETTE, use_style

STEEP = 1.1  # an exponent over the size that says that time grows faster than the work


def draw(folder: str | os.PathLike) -> list[Path]:
    """Draw growth-DEVICE.png of each bench-DEVICE.json in `folder` that has growth; the paths."""
    drawn = []
    for kind in KINDS:
        measured = stored(folder, kind)
        if measured and measured["growth"]:
            drawn.append(Path(folder) / f"growth-{kind}.png")
            figure = growth_figure(measured)
            figure.savefig(drawn[-1], metadata={"Software": None})
            plt.close(figure)
    return drawn


def growth_figure(measured: dict) -> Figure:
    """A panel a sweep, time and memory over the size on logarithmic axes; one of the loss alone."""
    use_style()
    sweeps = measured["growth"]
    figure, axes = plt.subplots(2, 3, figsize=(9.8, 6.2), layout="constrained")
    quiet = {"fontsize": 10, "weight": "normal"}
    for ax, sweep in zip(axes.flat, sweeps, strict=False):
        sizes = sweep["sizes"]
        ax.loglog(sizes, [size / sizes[0] for size in sizes], "k:", linewidth=1)
        for key, color in (("seconds", 0), ("bytes", 1)):
            values = [value / sweep[key][0] for value in sweep[key]]
            ax.loglog(sizes, values, "o-", color=PALETTE[color])
        time, memory = (round(sweep[f"{word}_exponent"], 2) + 0.0 for word in ("time", "memory"))
        ax.set_title(f"exponents: time {time:.2f}, memory {memory:.2f}", **quiet)
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set(xlabel=sweep["axis"])
    for ax in axes[:, 0]:
        ax.set_ylabel("relative to the first point")
    alone = [row for row in measured["rows"] if row["name"].startswith("the loss alone")]
    ax = axes.flat[-1]
    ax.plot([row["ratio"] for row in alone], "o-", color=PALETTE[0])
    ax.axhline(1, color="black", linestyle=":", linewidth=1)
    shapes = [row["name"].split(", ")[1] for row in alone]
    ax.set_xticks(range(len(alone)), shapes, rotation=30, ha="right", rotation_mode="anchor")
    ax.set(xlabel="logits (N × C)", ylabel="time, cross-entropy = 1")
    ax.set_title("the loss alone", **quiet)
    steepest = max(sweep["time_exponent"] for sweep in sweeps)
    told = "Nothing grows" if steepest < STEEP else "Something grows"
    figure.suptitle(f"{told} faster than its work", x=0.02, ha="left", weight="bold")
    kinds = [
        plt.Line2D([], [], color=color, marker=marker, ls=line, label=label)
        for label, color, marker, line in (
            ("time", PALETTE[0], "o", "-"), ("memory", PALETTE[1], "o", "-"),
            ("proportional", "black", "", ":"),
        )
    ]  # fmt: skip
    figure.legend(handles=kinds, loc="outside upper right", ncols=3)
    return figure
