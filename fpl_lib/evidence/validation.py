"""When a record holds together: ranges of its numbers, and what follows from its confusions.

Numbers that fit each other pass, whoever wrote them: that a stored record has the epochs and the
options of its experiment's plan is for the tests (tests/test_records.py) to compare.
"""

from __future__ import annotations

import json
import os
import re
import reprlib
import sys

import numpy as np

from fpl_lib.evidence.names import NAMES

MANY = 10**9
LARGEST = sys.float_info.max
HEADER = {
    "experiment": str, "model": str, "loss": str, "seed": int,
    "config": dict, "data": dict, "environment": dict,
}  # fmt: skip
SURENESS = {"nll": (0, LARGEST), "ece": (0, 100), "margin": (-1, 1)}
EPOCH = {
    "train_loss": (-LARGEST, LARGEST), "top1": (0, 100), "top5": (0, 100),
    "seconds": (0, LARGEST), "images_per_second": (0, LARGEST),
}  # fmt: skip
RESULT = {"top1": (0, 100), "top5": (0, 100)}
# Letters, digits, _, - and . with no . in front: nothing that leads out of a folder.
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


class RecordError(ValueError):
    """A record that does not hold together: the message names the file and the fault."""


def result_of(confusion: np.ndarray, top5: float, **sureness: float) -> dict:
    """The result line of a run from its confusion matrix (C, C) on the test images.

    sureness: its nll, ece and margin.

    >>> result_of(np.array([[3, 1], [0, 4]]), 100.0)["false_positives"]
    [0, 1]
    """
    confusion = np.asarray(confusion)
    false_positives = confusion.sum(axis=0) - confusion.diagonal()
    return {
        "top1": float(100.0 * confusion.trace() / confusion.sum()),
        "top5": top5,
        **sureness,
        "errors": int(false_positives.sum()),
        "false_positives": false_positives.tolist(),
        "confusion": confusion.tolist(),
    }


def validate(header: dict, rows: list[dict], result: dict | None, path: str | os.PathLike) -> None:
    """Raise RecordError unless every number of a record can be what it says and fits the others.

    header, rows, result: as `Record` has them. path: what the error names.
    """

    def need(truth: object, fault: str, *got: object) -> None:
        if not truth:
            raise RecordError(", got ".join([f"{path}: {fault}", *map(reprlib.repr, got)]))

    def need_numbers(row: dict, ranges: dict, where: str) -> None:
        optional = {key: ends for key, ends in SURENESS.items() if key in row}
        for key, (low, high) in {**ranges, **optional}.items():
            fault = f"{where}: {key}: expected a number"
            fault += "" if high == LARGEST else f" from {low} to {high}"
            need(_is_number(row.get(key), low, high), fault, row.get(key))
        need(row["top1"] <= row["top5"] + 1e-9, f"{where}: top1 above top5")

    def need_confusion(row: dict, where: str) -> dict:
        """The result line that this row's confusion matrix gives."""
        counts, top1 = row.get("confusion"), row["top1"]
        fault = f"{where}: confusion: expected C rows of C counts, {images} images in all"
        need(_is_confusion(counts, images), fault, counts)
        expected = result_of(np.array(counts), row["top5"])
        need(abs(top1 - expected["top1"]) < 1e-9, f"{where}: top1 is not the confusion's", top1)
        return expected

    for key, kind in HEADER.items():
        value = header.get(key)
        need(type(value) is kind, f"header {key!r}: expected {kind.__name__}", value)
    for key in ("experiment", "model", "loss", "condition"):
        value = header.get(key, "")
        plain = type(value) is str and _FILE_NAME.fullmatch(value)
        fault = f"header {key!r}: expected letters, digits, _, - and . (not in front)"
        need(plain or (key == "condition" and value == ""), fault, value)
    need(0 <= header["seed"] < 2**63, "header 'seed': expected 0 or more", header["seed"])
    need(type(header.get("protocol", 0)) in (int, str), "header 'protocol': expected a version")
    for place, key in (("data", "source"), ("environment", "device")):
        value = header[place].get(key, "")
        need(type(value) is str, f"header {place!r}: {key}: expected text", value)
    planned, images = header["config"].get("epochs"), header["data"].get("test")
    for name, value in (("config: epochs", planned), ("data: test", images)):
        fault = f"header: {name}: expected a whole number of at least 1"
        need(type(value) is int and 1 <= value <= MANY, fault, value)

    for number, row in enumerate(rows, start=1):
        where, said = f"epoch {number}", row.get("epoch")
        need(type(said) is int and said == number, f"expected epoch {number}", said)
        need_numbers(row, EPOCH, where)
        below = row["train_loss"] < 0 and header["loss"] in NAMES  # a loss of one's own may be
        need(not below, f"{where}: train_loss: expected 0 or more", row["train_loss"])
        if "confusion" in row:
            need_confusion(row, where)
    need(len(rows) <= planned, f"{len(rows)} epochs of {planned}")
    if result is None:
        return
    need(len(rows) == planned, f"result after {len(rows)} of {planned} epochs")
    need_numbers(result, RESULT, "result")
    expected = need_confusion(result, "result")
    for key in ("errors", "false_positives"):
        # As text, where 3, 3.0 and true differ.
        same = key in result and json.dumps(result[key]) == json.dumps(expected[key])
        need(same, f"result: {key}: expected {expected[key]} by the confusion", result.get(key))
    for key in ("top1", "top5", *SURENESS, "confusion"):
        last = rows[-1].get(key, result.get(key))
        need(result.get(key) == last, f"result: {key} is not the last epoch's", result.get(key))


def _is_number(value: object, low: float, high: float) -> bool:
    return type(value) in (int, float) and low <= value <= high


def _is_confusion(value: object, images: int) -> bool:
    """Whether a value is a list of C lists of C counts that sum to `images`."""
    if type(value) is not list or not all(type(row) is list for row in value):
        return False
    counts = [count for row in value for count in row]
    return (
        {len(row) for row in value} == {len(value)}
        and all(type(count) is int and count >= 0 for count in counts)
        and sum(counts) == images
    )
