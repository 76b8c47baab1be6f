"""All of the bench in one go: rows and growth into one JSON file, one page, one figure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.commands.bench import loss, start, trainer, whole
from fpl_lib.commands.bench.page import page, plain
from fpl_lib.evidence.records import environment
from fpl_lib.plots.style import PALETTE, use_style

STEEP = 1.1  # an exponent over the size that says that time grows faster than the work
PARTS = ("loss", "trainer", "class", "growth")


def bench(
    device: torch.device,
    *,
    parts: Sequence[str] = PARTS,
    threads: int = 2,
    rounds: int = 9,
    data_dir: str | os.PathLike | None = None,
    notebooks: bool = False,
) -> dict:
    """Measure and return {"environment", "threads", "rounds", "rows", "growth"}, plain values.

    Raises ValueError for an unknown part.
    """
    if unknown := [part for part in parts if part not in PARTS]:
        raise ValueError(f"unknown part {unknown[0]!r}: expected {', '.join(PARTS)}")
    torch.set_num_threads(threads)
    data = load_cifar10(source="mini")
    found, growth = [], []
    if "loss" in parts:
        found += loss.rows(str(device), threads, rounds)
        found.append(loss.traffic(str(device), threads, rounds))
    if "trainer" in parts:
        found += trainer.rows(data, str(device), max(3, rounds // 2))
        found += whole.rows(str(device)) if device.type == "cuda" else []
    if "class" in parts:
        found += start.rows(data_dir, max(3, rounds // 2))
        found += start.notebook_rows() if notebooks else []
    if "growth" in parts:
        growth += loss.growth(str(device), threads, rounds)
        growth += trainer.growth(data, str(device), rounds)
    about = {key: value for key, value in environment(device).items() if key != "start"}
    rows = [plain(row) for row in found]
    about["threads"] = threads
    return {"environment": about, "rounds": rounds, "rows": rows, "growth": growth}


def save(measured: dict, folder: str | os.PathLike) -> list[Path]:
    """Write what was measured into `folder`; return the paths.

    Files: bench-DEVICE.json; with growth, growth-DEVICE.png; README.md for all devices.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kind = "cpu" if measured["environment"]["device"].startswith("CPU") else "cuda"
    written = [folder / f"bench-{kind}.json"]
    written[0].write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if measured["growth"]:
        figure, _ = growth_figure(measured)
        written.append(folder / f"growth-{kind}.png")
        figure.savefig(written[-1], metadata={"Software": None})
        plt.close(figure)
    written.append(folder / "README.md")
    written[-1].write_text(page(folder), encoding="utf-8", newline="\n")
    return written


def growth_figure(measured: dict) -> tuple[Figure, str]:
    """A panel a sweep, time and memory over the size on logarithmic axes; and its words."""
    use_style()
    sweeps = measured["growth"]
    figure, axes = plt.subplots(
        2, -(-len(sweeps) // 2), figsize=(9.8, 5.6), layout="constrained", squeeze=False
    )
    said = []
    for ax, sweep in zip(axes.flat, sweeps, strict=False):
        for series in _series(sweep):
            ax.loglog(sweep["sizes"], series["values"], **series["look"])
        ax.set_xticks(sweep["sizes"], [f"{size:,}" for size in sweep["sizes"]])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set(xlabel=sweep["axis"], ylabel="relative to the first point")
        ax.legend(loc="upper left", fontsize="small")
        said.append(f"{sweep['axis']}: time grows with exponent {sweep['time_exponent']:.2f}")
    for ax in axes.flat[len(sweeps) :]:
        ax.set_axis_off()
    steepest = max(sweep["time_exponent"] for sweep in sweeps)
    told = "Nothing grows" if steepest < STEEP else "Something grows"
    figure.suptitle(f"{told} faster than its work (dotted: proportional)")
    return figure, f"Time and memory over size, on logarithmic axes. {'; '.join(said)}."


def _series(sweep: dict) -> Iterator[dict]:
    first = sweep["sizes"][0]
    yield {
        "values": [size / first for size in sweep["sizes"]],
        "look": {"color": "black", "linestyle": ":", "linewidth": 1},
    }
    for key, color in (("seconds", PALETTE[0]), ("bytes", PALETTE[1])):
        name = "time" if key == "seconds" else "memory"
        yield {
            "values": [value / sweep[key][0] for value in sweep[key]],
            "look": {
                "color": color,
                "marker": "o",
                "label": f"{name}, exponent {round(sweep[f'{name}_exponent'], 2) + 0.0:.2f}",
            },
        }
