"""The record of a run: one JSONL file, written as the training goes, read back with every check.

A file `EXPERIMENT/MODEL-LOSS[-CONDITION]-SEED.jsonl` holds a header (kind "run"), a line an epoch
(kind "epoch") and, once the training is through, its result (kind "result"). Percent for top1, top5
and ece, nats for nll, a difference of probabilities for margin, counts elsewhere. Some experiments
keep the confusion matrix of every epoch. The oldest records have no nll, ece and margin; keys that
are not named here are kept as they are. To read records takes no training stack.
"""

from __future__ import annotations

import json
import math
import os
import reprlib
from dataclasses import dataclass, field
from pathlib import Path

from fpl_lib._files import RUNS, read_regular, write_atomically
from fpl_lib.evidence.validation import RecordError, validate

# What was so in every run that was made before there was an option for it.
BEFORE_OPTIONS = {
    "noise": 0.0, "imbalance": 1.0, "profile": "exponential", "zero_init_residual": False,
    "weights": "", "padding": 4, "image_size": 32, "validation": 0,
    "per_class": 0, "rate": 1.0,
}  # fmt: skip


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

    @property
    def trial(self) -> bool:
        """Whether it tries a learning rate, on training images that are held out."""
        return bool(self.header["config"].get("validation"))

    def lines(self) -> list[dict]:
        """The file's lines, in order."""
        rows = [{"kind": "run", **self.header}, *({"kind": "epoch", **row} for row in self.epochs)]
        return rows + ([{"kind": "result", **self.result}] if self.result is not None else [])


def completed(config: dict) -> dict:
    """A record's configuration, with what was so before there was an option for it.

    >>> completed({"epochs": 3})["noise"]
    0.0
    """
    return {**BEFORE_OPTIONS, **config}


def write_record(record: Record, folder: str | os.PathLike) -> Path:
    """Validate `record` and write it below `folder`, replacing an older state in one step."""
    validate(record.header, record.epochs, record.result, f"record for {folder}")
    path = Path(folder) / record.path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in record.lines())
    write_atomically(path, text.encode())
    return path


def read_record(path: str | os.PathLike) -> Record:
    """Read and validate one record, wherever its folder EXPERIMENT lies.

    Raises OSError if the file cannot be read, RecordError naming it for whatever else is wrong.
    """
    path = Path(path)
    try:
        record = _parsed(path)
        validate(record.header, record.epochs, record.result, path)
    except RecursionError as error:
        raise RecordError(f"{path}: expected a record, got values within values") from error
    if path.absolute().parts[-2:] != record.path.parts:
        raise RecordError(f"{path}: expected it to be called {record.path}, as its header says")
    return record


def _parsed(path: Path) -> Record:
    lines = []
    for number, line in enumerate(read_regular(path).splitlines(), start=1):
        try:
            row = json.loads(line.decode(), parse_float=_finite, parse_constant=_finite)
            lines.append((row.pop("kind"), row))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise RecordError(
                f'{path}, line {number}: expected a JSON object with "kind" and finite numbers'
            ) from error
    kinds = [kind for kind, _ in lines]
    count = len(kinds) - 1 - (kinds[-1:] == ["result"])
    if not kinds or kinds != ["run", *["epoch"] * count, "result"][: len(kinds)]:
        raise RecordError(
            f"{path}: expected a run line, epoch lines and at most one result line, got "
            f"{reprlib.repr(kinds)}"
        )
    rows = [row for _, row in lines]
    result = rows.pop() if kinds[-1] == "result" else None
    return Record(rows[0], rows[1:], result)


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def read_runs(folder: str | os.PathLike, experiment: str | None = None) -> list[Record]:
    """All records below `folder`, or those of one experiment, sorted by path.

    Raises FileNotFoundError if there is no such folder, RecordError for a record that does not
    hold together.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder of records; `python -m fpl_lib reproduce mini` makes one"
        )
    return [read_record(path) for path in sorted(Path(folder).glob(f"{experiment or '*'}/*.jsonl"))]


def recorded_runs(experiment: str | None = None) -> list[Record]:
    """The records that come with the kit (`data/runs`), all of them or those of one experiment.

    >>> {run.header["loss"] for run in recorded_runs("short")} == {"fpl", "ce"}
    True
    """
    return read_runs(RUNS, experiment)
