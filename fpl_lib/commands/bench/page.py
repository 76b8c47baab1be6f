"""What the bench measured, in words: a table on the terminal, a page, three sentences in README."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from fpl_lib.commands.bench import loss, trainer, whole
from fpl_lib.commands.bench.measure import Row

KINDS = {"cpu": "CPU", "cuda": "CUDA"}
HEAD = """\
# How fast it is

Written by `python -m fpl_lib bench --to data/bench` and never by hand. All but seconds are ratios,
both sides taken in turn within one run, since no absolute time would hold on another machine. On
small batches the loss is a few dozen calls of torch's operations from Python, where cross-entropy
is two fused kernels: there it is the calls that take the time. And no trainer can be faster than
the bare step: forward and backward pass and optimizer, on batches that lie ready.
"""


def plain(row: Row) -> dict:
    """A row as it is kept in JSON."""
    return {**asdict(row), "met": row.met, "missed_by": row.missed_by}


def to_markdown(measured: dict) -> str:
    """The rows as a Markdown table, a sentence on the machine above it."""
    about = measured["environment"]
    lines = [
        f"{about['device']}, {about['threads']} threads, torch {about['torch']}; medians of "
        f"{measured['rounds']} rounds side by side, quartiles in brackets.",
        "",
    ]
    return "\n".join(lines + _table(measured["rows"])) + "\n"


def page(folder: str | os.PathLike) -> str:
    """The page beside what `bench` wrote into `folder`: CPU, then CUDA, measured or not.

    Of each: what is aimed at, met or missed and why; what has no aim; how time and memory grow.
    """
    text = [HEAD]
    for kind, name in KINDS.items():
        text.append(f"## {name}\n")
        measured = _measured(folder, kind)
        if measured is None:
            command = f"python -m fpl_lib bench --device {kind} --to data/bench"
            text.append(f"Not measured; `{command}` does it.\n")
            rows = [plain(replace(row, note="not measured")) for row in aims(kind)]
            text.append("\n".join(_table(rows)) + "\n")
            continue
        aimed = [row for row in measured["rows"] if row["target"] is not None]
        met = sum(row["met"] is True for row in aimed)
        said = to_markdown({**measured, "rows": aimed})
        text.append(f"{met} of {len(aimed)} aims are met. {said}")
        if others := [row for row in measured["rows"] if row["target"] is None]:
            text.append("Without an aim, for comparison:\n")
            text.append("\n".join(_table(others)) + "\n")
        if measured["growth"]:
            grown = "; ".join(
                f"{sweep['axis']}: time {sweep['time_exponent']:.2f}, "
                f"memory {sweep['memory_exponent']:.2f}"
                for sweep in measured["growth"]
            ).replace("-0.00", "0.00")
            text.append(f"![Time and memory over size, on logarithmic axes.](growth-{kind}.png)\n")
            text.append(f"Exponents of growth, 1 being proportional: {grown}.\n")
    return "\n".join(text)


def in_three_sentences(folder: str | os.PathLike) -> str:
    """What README says of speed, with a link to the page; the numbers are those in `folder`."""
    measured = _measured(folder, "cpu")
    if measured is None:
        return "Nothing is measured yet: `python -m fpl_lib bench --to data/bench` does it."
    rows = [row for row in measured["rows"] if row["target"] is not None and row["ratio"]]
    losses = [row for row in rows if row["group"] == "loss" and row["unit"] == "time"]
    bare = [row["ratio"] for row in rows if row["baseline"] == "bare step"]
    usual = [row["ratio"] for row in rows if row["baseline"] == "common loop"]
    least, most = (find(losses, key=lambda row: row["ratio"]) for find in (min, max))
    said = [
        f"On the CPU the loss takes from {least['ratio']:.1f} ({least['name'][5:]} logits) to "
        f"{most['ratio']:.1f} ({most['name'][5:]}) times as long as PyTorch's own cross-entropy.",
        f"The trainer has {_span(bare)} of a bare step's speed, and {_span(usual)} times that of a "
        "common loop.",
    ]
    unmeasured = [name for kind, name in KINDS.items() if _measured(folder, kind) is None]
    missing = f"; {' and '.join(unmeasured)} not measured" if unmeasured else ""
    met = sum(row["met"] is True for row in rows)
    said.append(
        f"{met} of {len(rows)} aims are met{missing}; [the tables](data/bench/README.md) say which "
        "are missed, and why."
    )
    return "\n".join(said)


def aims(kind: str) -> list[Row]:
    """What is aimed at on "cpu" or "cuda" by the loss and the trainer, nothing measured yet."""
    if kind == "cpu":
        return [*loss.aims(loss.ON_CPU), *trainer.aims(trainer.ON_CPU)]
    return [*loss.aims(loss.ON_CUDA), *trainer.aims(trainer.ON_CUDA), *whole.aims()]


def _measured(folder: str | os.PathLike, kind: str) -> dict | None:
    path = Path(folder) / f"bench-{kind}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _table(rows: Sequence[dict]) -> list[str]:
    return ["| what | beside | ratio | aim | met |", "|---|---|---|---|---|", *map(_line, rows)]


def _line(row: dict) -> str:
    what = f"{row['group']}: {row['name']}" + ("" if row["unit"] == "time" else f", {row['unit']}")
    sign = "≤" if row["better"] == "below" else "≥"
    aim = "" if row["target"] is None else f"{sign} {row['target']:g}"
    if row["ratio"] is None:
        return f"| {what} | {row['baseline']} | {row['note']} | {aim} | |"
    met = "yes" if row["met"] else ""
    if row["met"] is False:
        because = f" ({row['note']})" if row["note"] else ""
        met = f"missed by {100 * row['missed_by']:.1f} %{because}"
    unit = " s" if row["unit"] == "seconds" else ""
    ratio, *spread = (
        f"{round(row[key], 2) + 0.0:.2f}"  # no minus before a zero
        for key in ("ratio", "low", "high")
        if row[key] is not None
    )
    said = f"{ratio}{unit}" + (f" [{', '.join(spread)}]" if spread else "")
    return f"| {what} | {row['baseline']} | {said} | {aim} | {met} |"
