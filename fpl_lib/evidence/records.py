"""The record of a run: one JSONL file, written as the training goes, read back with every check.

A file `EXPERIMENT/MODEL-LOSS[-CONDITION]-SEED.jsonl` holds a header (kind "run"), a line an epoch
(kind "epoch") and, once the training is through, its result (kind "result"). Percent for top1, top5
and ece, nats for nll, a difference of probabilities for margin, counts elsewhere. Some experiments
keep the confusion matrix of every epoch. The oldest records have no nll, ece and margin.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fpl_lib._files import write_atomically
from fpl_lib.training.metrics import accuracy, false_positives

HEADER = {
    "experiment": str, "model": str, "loss": str, "seed": int,
    "config": dict, "data": dict, "environment": dict,
}  # fmt: skip
EPOCH = ("epoch", "train_loss", "top1", "top5", "seconds", "images_per_second")
SURENESS = {"nll": (0, math.inf), "ece": (0, 100), "margin": (-1, 1)}  # with their ranges
RESULT = ("top1", "top5", "errors", "false_positives", "confusion")


class RecordError(ValueError):
    """A record that does not hold together: the message names the file and the fault."""


@dataclass
class Record:
    """One run: `header` and `result` as in the file, `epochs` a list of rows (empty at the start).

    `result` is None until the run is through. The rows carry no "kind" here.
    """

    header: dict
    epochs: list[dict] = field(default_factory=list)
    result: dict | None = None

    @property
    def name(self) -> str:
        """`MODEL-LOSS-SEED` or `MODEL-LOSS-CONDITION-SEED`, the file's stem."""
        parts = (self.header.get(key) for key in ("model", "loss", "condition", "seed"))
        return "-".join(str(part) for part in parts if part not in (None, ""))

    @property
    def condition(self) -> str:
        """Its column of the experiment's grid, such as "noise40"; "" where there is but one."""
        return self.header.get("condition", "")

    @property
    def path(self) -> Path:
        """`EXPERIMENT/NAME.jsonl`, below the folder of all runs."""
        return Path(self.header["experiment"]) / f"{self.name}.jsonl"

    @property
    def done(self) -> bool:
        return self.result is not None

    def lines(self) -> list[dict]:
        """The file's lines, in order."""
        rows = [{"kind": "run", **self.header}, *({"kind": "epoch", **row} for row in self.epochs)]
        return rows + ([{"kind": "result", **self.result}] if self.result is not None else [])


def result_of(confusion: np.ndarray, top5: float, **sureness: float) -> dict:
    """The result line of a run from its confusion matrix (C, C) on the test images.

    sureness: its nll, ece and margin, as in `metrics`.

    >>> result_of(np.array([[3, 1], [0, 4]]), 100.0)["false_positives"]
    [0, 1]
    """
    counts = false_positives(confusion)
    return {
        "top1": accuracy(confusion),
        "top5": top5,
        **sureness,
        "errors": int(counts.sum()),
        "false_positives": counts.tolist(),
        "confusion": np.asarray(confusion).tolist(),
    }


def write_record(record: Record, folder: str | os.PathLike) -> Path:
    """Validate `record` and write it below `folder`, replacing an older state in one step."""
    validate(record, f"record for {folder}")
    path = Path(folder) / record.path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in record.lines())
    write_atomically(path, text.encode())
    return path


def read_record(path: str | os.PathLike) -> Record:
    """Read and validate one record; RecordError names the file and the line that is wrong."""
    path = Path(path)
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
            lines.append((line.pop("kind"), line))
        except (json.JSONDecodeError, KeyError, AttributeError, TypeError) as error:
            raise RecordError(
                f'{path}, line {number}: expected a JSON object with "kind"'
            ) from error
    kinds = [kind for kind, _ in lines]
    count = len(kinds) - 1 - (kinds[-1:] == ["result"])
    if not kinds or kinds != ["run", *["epoch"] * count, "result"][: len(kinds)]:
        raise RecordError(
            f"{path}: expected a run line, epoch lines and at most one result line, got {kinds}"
        )
    rows = [line for _, line in lines]
    result = rows.pop() if kinds[-1] == "result" else None
    record = Record(rows[0], rows[1:], result)
    validate(record, path)
    return record


def read_runs(folder: str | os.PathLike) -> list[Record]:
    """All records below `folder`, sorted by path; an empty list where there is none.

    >>> read_runs("no-such-folder")
    []
    """
    return [read_record(path) for path in sorted(Path(folder).glob("*/*.jsonl"))]


def results_table(records: list[Record]) -> pd.DataFrame:
    """A row a finished run: what it was, on which data and device, and its top1, top5, errors."""
    rows = [
        {
            **{key: record.header[key] for key in ("experiment", "model", "loss")},
            "condition": record.condition,
            "seed": record.header["seed"],
            "source": record.header["data"].get("source"),
            "device": record.header["environment"].get("device"),
            "epochs": len(record.epochs),
            **{key: record.result[key] for key in ("top1", "top5", "errors")},
        }
        for record in records
        if record.done
    ]
    columns = ["experiment", "model", "loss", "condition", "seed", "source", "device", "epochs"]
    return pd.DataFrame(rows, columns=[*columns, "top1", "top5", "errors"])


def validate(record: Record, path: str | os.PathLike = "record") -> None:
    """Raise RecordError unless every number of `record` can be what it says and fits the others."""

    def need(truth: object, fault: str) -> None:
        if not truth:
            raise RecordError(f"{path}: {fault}")

    def need_sureness(row: dict, where: str) -> None:
        for key, (low, high) in SURENESS.items():
            value = row.get(key, low)
            need(
                isinstance(value, (int, float)) and low <= value <= high and value < math.inf,
                f"{where}: {key}: expected a number from {low:g} to {high:g}, got {value!r}",
            )

    for key, kind in HEADER.items():
        value = record.header.get(key)
        need(type(value) is kind, f"header {key!r}: expected {kind.__name__}, got {value!r}")
    need(type(record.condition) is str, f"header 'condition': got {record.condition!r}")
    for number, row in enumerate(record.epochs, start=1):
        missing = [key for key in EPOCH if not isinstance(row.get(key), (int, float))]
        need(not missing, f"epoch line {number}: no number for {missing}")
        need(row["epoch"] == number, f"epoch line {number}: says epoch {row['epoch']}")
        need(0 <= row["top1"] <= row["top5"] + 1e-9 <= 100 + 1e-6, f"epoch {number}: top1, top5")
        need_sureness(row, f"epoch {number}")
        if "confusion" in row:
            try:
                drawn = accuracy(np.array(row["confusion"], dtype=np.int64))
            except (ValueError, TypeError) as error:
                raise RecordError(f"{path}: epoch {number}: confusion: {error}") from error
            need(abs(row["top1"] - drawn) < 1e-9, f"epoch {number}: top1 is not the confusion's")
    if record.result is None:
        return
    result, planned = record.result, record.header["config"].get("epochs")
    missing = [key for key in RESULT if key not in result]
    need(not missing, f"result line: {missing} missing")
    need(
        planned in (None, len(record.epochs)),
        f"result after {len(record.epochs)} of {planned} epochs",
    )
    try:
        confusion = np.array(result["confusion"], dtype=np.int64)
        expected = result_of(confusion, result["top5"])
    except (ValueError, TypeError) as error:
        raise RecordError(f"{path}: confusion: {error}") from error
    need((confusion >= 0).all(), "confusion: a count below 0")
    for key in ("errors", "false_positives"):
        need(result[key] == expected[key], f"{key} {result[key]}, by the confusion {expected[key]}")
    need(
        abs(result["top1"] - expected["top1"]) < 1e-9,
        f"top1 {result['top1']} is not the confusion's",
    )
    need(result["top1"] <= result["top5"] + 1e-9 <= 100 + 1e-6, "result: top1, top5")
    need_sureness(result, "result")
    wanted = record.header["data"].get("test")
    need(
        wanted in (None, confusion.sum()), f"confusion counts {confusion.sum()} of {wanted} images"
    )
