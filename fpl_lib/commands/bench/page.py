"""What the bench measured, in words: a table on the terminal, a page, three sentences in README."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from fpl_lib.commands.bench.aims import ACCURACY, AIMS, BARE, COMMON, COST, SAME, TRAINER
from fpl_lib.commands.bench.measure import Row

KINDS = {"cpu": "CPU", "cuda": "CUDA"}
HEAD = """\
Written by `python -m fpl_lib bench --to data/bench` and never by hand. All but seconds are ratios,
both sides taken in turn within one run, since no absolute time would hold on another machine. The
trainer's are ratios of speed: images a second. A *step* is forward pass, loss, backward pass and
update by the network's recipe, at its batch size. The *bare step* has batches that lie ready, and
no trainer can be faster. The *common loop* is the one of most tutorials: a DataLoader with two
workers, torchvision's transforms, its ResNet18 with torch's own convolutions, the usual memory
layout. Time to an accuracy is that of `compact`'s recipe (see [the protocol](../protocol.md)),
beside as many epochs of others. *Within the spread* means that the aim lies between the quartiles:
another run may well fall on its other side. With AVX-512 torch's log_softmax is slow on rows that
are shorter than its registers of 16 numbers: at ten classes cross-entropy's time, and so FPL's
ratio to it, depends on the processor, and FPL's own time does not.
"""
ON_CUDA = """\
The aims in seconds are for an H100: training steps in bfloat16, compiled and recorded as a graph;
without the time to compile and to evaluate. Each is to say which share it reaches of the GPU's peak
for bfloat16, the roof over work that memory does not hold back.

Several runs share a GPU by `reproduce --jobs 8`: by NVIDIA's MPS, so that their kernels run at once
and not in turns, where `nvidia-cuda-mps-control` is on the PATH and a process can use it; it is
started for the command, and stopped at its end. Of several GPUs, worker number i has number i
modulo their count.
"""


def to_markdown(measured: dict) -> str:
    """The rows as Markdown tables, one a question, a sentence on the machine above them."""
    about, rows = measured["environment"], measured["rows"]
    said = (
        f"{_count(rows)}. {about['device']} ({about['capability']}), {about['threads']} threads, "
        f"torch {about['torch']}, ResNet18 in {'bfloat16' if about['bfloat16'] else 'float32'}; "
        f"medians of {measured['rounds']} rounds or more, of half as many for the time to an "
        "accuracy, with quartiles; the milliseconds of the loss alone are each the least of its "
        f"rounds, so their quotient is not the ratio. {measured['minutes']} minutes in all."
    )
    return f"{said}\n\n{_tables(rows)}"


def _count(rows: Sequence[dict]) -> str:
    aimed = [row for row in rows if row["target"] is not None]
    met, left = (sum(row["met"] is answer for row in aimed) for answer in (True, None))
    return f"{met} of {len(aimed)} aims are met" + (f", {left} not measured" if left else "")


def pages(folder: str | os.PathLike) -> dict[Path, str]:
    """The pages beside what `bench` wrote into `folder`: README.md for CPUs, CUDA.md for GPUs.

    Of each what is aimed at, met, missed and why, or not measured; how time and memory grow.
    """
    text = {}
    for kind, name in KINDS.items():
        other = "on a GPU: [CUDA.md](CUDA.md)" if kind == "cpu" else "on a CPU: [here](README.md)"
        text[kind] = [f"# How fast it is: {name}\n", HEAD, f"How fast it is {other}.\n"]
        text[kind] += [ON_CUDA] if kind == "cuda" else []
        measured = stored(folder, kind)
        if measured is None:
            command = f"python -m fpl_lib bench --device {kind} --to data/bench"
            text[kind].append(f"Not measured; `{command}` does it.\n")
            text[kind].append(_tables(_left_out(kind)))
            continue
        text[kind].append(to_markdown(measured))
        if measured["growth"]:
            grown = "; ".join(
                f"{sweep['axis']}: time {sweep['time_exponent']:.2f}, "
                f"memory {sweep['memory_exponent']:.2f}"
                for sweep in measured["growth"]
            ).replace("-0.00", "0.00")
            text[kind].append(
                "![Time and memory over size, on logarithmic axes; the loss alone over shapes.]"
                f"(growth-{kind}.png)\n\nExponents of growth, 1 being proportional: {grown}.\n"
            )
    names = {"cpu": "README.md", "cuda": "CUDA.md"}
    return {Path(folder) / names[kind]: "\n".join(lines) for kind, lines in text.items()}


def in_three_sentences(folder: str | os.PathLike) -> str:
    """What README says of speed, with a link to the page; the numbers are those in `folder`."""
    measured = stored(folder, "cpu")
    if measured is None:
        return "Nothing is measured yet: `python -m fpl_lib bench --to data/bench` does it."

    rows = measured["rows"]

    def span(group: str, baseline: str, *keys: str) -> str:
        asked = [row for row in rows if (row["group"], row["baseline"]) == (group, baseline)]
        ratios = [row[key] for row in asked for key in keys or ("ratio",)]
        said = [f"{ratio:.2f}" for ratio in sorted(filter(None, ratios))]
        return " to ".join(dict.fromkeys((said[0], said[-1]))) if said else "(not measured)"

    unmeasured = [name for kind, name in KINDS.items() if stored(folder, kind) is None]
    missing = f"; {' and '.join(unmeasured)} not measured" if unmeasured else ""
    quartiles = span(COST, SAME, "low", "high")
    return (
        f"On the CPU a training step with FPL takes {span(COST, SAME)} times as long as one with "
        f"cross-entropy (medians; quartiles {quartiles}).\n"
        f"The trainer runs at {span(TRAINER, BARE)} of a bare step's speed and at "
        f"{span(TRAINER, COMMON)} times that of a common loop, and finishes the recipe of "
        f"`compact` in {span(ACCURACY, COMMON)} of that loop's time.\n"
        f"{_count(rows)}{missing}; "
        "[the tables](data/bench/README.md) say which are missed, and why."
    )


def stored(folder: str | os.PathLike, kind: str) -> dict | None:
    """What `bench` measured on a kind of device, "cpu" or "cuda", and a row for each aim left out.

    None if `folder` has nothing of it.
    """
    path = Path(folder) / f"bench-{kind}.json"
    if not path.exists():
        return None
    measured = json.loads(path.read_text("utf-8"))
    there = [(row["group"], row["name"], row["baseline"]) for row in measured["rows"]]
    return {**measured, "rows": measured["rows"] + _left_out(kind, there)}


def _left_out(kind: str, measured: Sequence[tuple[str, str, str]] = ()) -> list[dict]:
    rows = [Row(*key, target=target) for key, target in AIMS[kind].items() if key not in measured]
    return [{**asdict(row), "met": None} for row in rows]


def _tables(rows: Sequence[dict]) -> str:
    head = "| what | beside | ratio | aim | met | because |\n|---|---|---|---|---|---|"
    lines: dict[str, list[str]] = {}
    for row in rows:
        lines.setdefault(f"**{row['group'].capitalize()}**", []).append(_line(row))
    tables = ("\n".join([f"{group}\n", head, *lines[group]]) + "\n" for group in lines)
    return "\n".join(tables)


def _line(row: dict) -> str:
    sign = "≥" if row["group"] == TRAINER else "≤"
    unit, places = ("", 2) if row["baseline"] else (" s", 0)
    aim = "" if row["target"] is None else f"{sign} {row['target']:g}{unit}"
    said, met = "not measured", ""
    if row["ratio"] is not None:
        ratio, *spread = (
            f"{row[key]:.{places}f}" for key in ("ratio", "low", "high") if row[key] is not None
        )
        said = f"{ratio}{unit}" + (f" [{', '.join(spread)}]" if spread else "")
    if row.get("met") is not None:
        by = 100 * abs(row["ratio"] / row["target"] - 1)
        met = "yes" if row["met"] else f"missed by {by:.1f} %"
        if row["low"] is not None and row["low"] <= row["target"] <= row["high"]:
            met += ", within the spread"
    return f"| {row['name']} | {row['baseline']} | {said} | {aim} | {met} | {row['note']} |"
