"""Whatever happens to the bytes of a record: it says the same, or it is refused."""

import json
import math
import random
from pathlib import Path

import pytest

from fpl_lib.evidence.records import (
    read_record,
    results_table,
)
from fpl_lib.evidence.validation import RecordError

RUNS = Path(__file__).parents[1] / "data" / "runs"
# The first record of each experiment: old and new ones, with confusions by epoch and without.
KINDS = [
    next(iter(sorted(folder.glob("*.jsonl"))))
    for folder in sorted(RUNS.iterdir())
    if any(folder.glob("*.jsonl"))
]


def anywhere(value, rng):
    """A random place in nested values: its container and key."""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.1:
            return value, key
        value = inner


def other_value(value, rng):
    """A value in place of another: of another type, out of range, or a little off."""
    odd = [None, True, -5, 10**30, 10**400, 0.5, "x", "../x", [], {}, [[1]], math.nan, "\u2028"]
    if isinstance(value, (int, float)):
        odd += [value + 1, value - 1, value + 0.9, -value - 1, 2 * value + 1, math.inf] * 2
    return rng.choice(odd)


def mutated(text, rng):
    """A copy of a record with one thing changed: bytes, lines, or a value."""
    raw, lines = bytearray(text, "utf-8"), text.splitlines()
    way = rng.choice(["byte", "cut", "repeat", "end", "line", "key", "value", "value"])
    i, j = sorted(rng.sample(range(len(raw)), 2))
    k, m = rng.sample(range(len(lines)), 2)
    if way == "byte":
        raw[i] = rng.randrange(256)
    elif way == "cut":
        del raw[i : i + rng.randrange(1, 9)]
    elif way == "repeat":
        raw[i:i] = raw[j : j + rng.randrange(1, 9)]
    elif way == "end":
        del raw[i:]
    elif way == "line":
        lines[k : k + rng.randrange(2)] = [lines[m]] * rng.randrange(2)
    else:
        row = json.loads(lines[k])
        place, key = anywhere(row, rng)
        if way == "key" and isinstance(place, dict):
            place[f"{key}x"] = place.pop(key)
        else:
            place[key] = other_value(place[key], rng)
        lines[k] = json.dumps(row)
    return bytes(raw) if way in ("byte", "cut", "repeat", "end") else "\n".join(lines).encode()


def essence(found):
    """What verdicts rest on, as text: times, losses and accuracies on the way are not in it."""
    header = [found.header[key] for key in ("experiment", "model", "loss", "seed")]
    sizes = found.condition, found.header["config"]["epochs"], found.header["data"]["test"]
    return json.dumps([header, sizes, found.result])


@pytest.mark.parametrize("stored", KINDS, ids=lambda path: path.parent.name)
def test_a_damaged_record_says_the_same_or_is_refused(stored, tmp_path):
    """Whatever happens to a file: RecordError with its name, or the numbers that it had."""
    text, rng = stored.read_text(), random.Random(stored.name)
    path = tmp_path / stored.parent.name / stored.name
    path.parent.mkdir()
    whole, refused = read_record(stored), 0
    for number in range(200):
        path.write_bytes(mutated(text, rng))
        try:
            found = read_record(path)
        except RecordError as error:
            assert str(path) in str(error)
            refused += 1
            continue
        if not found.done:  # cut after a line: a run under way
            found.epochs += whole.epochs[len(found.epochs) :]
            found.result = whole.result
        assert essence(found) == essence(whole), f"copy {number}"
        for row, was in zip(found.epochs, whole.epochs, strict=True):
            assert "confusion" not in row or row["top1"] == was["top1"], f"copy {number}"
        results_table([found])
    assert 100 < refused < 195
