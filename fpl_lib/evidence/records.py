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
import platform
import re
import reprlib
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from fpl_lib._files import RUNS, write_atomically

# The kit's losses, as figures and tables call them.
NAMES = {
    "fpl": "FPL", "ce": "CE", "focal": "focal", "poly1": "poly-1", "gce": "GCE", "sce": "SCE",
    "mae": "MAE", "class_balanced": "class-balanced", "balanced_softmax": "balanced softmax",
    "logit_adjusted": "logit adjustment", "fpl_batch": "FPL, Eq. 7",
    "fpl_uniform": "FPL, uniform α", "fpl_flipped": "FPL, α_F flipped",
    "fpl_mean": "FPL, one α", "fpl_quarter": "FPL, α_F / 4", "fpl_half": "FPL, α_F / 2",
    "fpl_double": "FPL, 2 α_F", "fpl_k2": "FPL, k = 2", "fpl_k9": "FPL, k = 9",
    "ce_matched": "CE, gradient as FPL's", "ce_matched_sample": "CE, each gradient as FPL's",
}  # fmt: skip
# What was so in every run that was made before there was an option for it.
BEFORE_OPTIONS = {
    "noise": 0.0, "imbalance": 1.0, "profile": "exponential", "zero_init_residual": False,
    "weights": "", "padding": 4, "image_size": 32, "validation": 0,
    "rate": 1.0,
}  # fmt: skip

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


def name_of(loss: str) -> str:
    """A loss as figures and tables call it.

    >>> name_of("fpl"), name_of("my_loss")
    ('FPL', 'my_loss')
    """
    return NAMES.get(loss, loss)


def completed(config: dict) -> dict:
    """A record's configuration, with what was so before there was an option for it.

    >>> completed({"epochs": 3})["noise"]
    0.0
    """
    return {**BEFORE_OPTIONS, **config}


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


def write_record(record: Record, folder: str | os.PathLike) -> Path:
    """Validate `record` and write it below `folder`, replacing an older state in one step."""
    validate(record, f"record for {folder}")
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
        validate(record, path)
    except RecursionError as error:
        raise RecordError(f"{path}: expected a record, got values within values") from error
    if path.absolute().parts[-2:] != record.path.parts:
        raise RecordError(f"{path}: expected it to be called {record.path}, as its header says")
    return record


def _parsed(path: Path) -> Record:
    lines = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
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


def known_accuracies(
    experiment: str,
    model: str,
    loss: str,
    *,
    condition: str = "",
    epoch: int | None = None,
    folder: str | os.PathLike = RUNS,
) -> tuple[float, ...]:
    """The recorded test accuracy (top-1, percent) of each seed, in the order of the seeds.

    With `epoch` (from 1) that after this epoch, else that of the finished runs. Raises LookupError
    naming the command if there are none.

    >>> known_accuracies("table2", "resnet18", "ce")[0]  # seed 0
    45.19
    """
    wanted = (model, loss, condition)
    found = {}
    for run in read_runs(folder, experiment):
        rows = run.epochs[epoch - 1 : epoch] if epoch else [run.result] if run.done else []
        if rows and (run.header["model"], run.header["loss"], run.condition) == wanted:
            found[run.header["seed"]] = rows[0]["top1"]
    if not found:
        raise LookupError(
            f"no run of {', '.join(filter(None, (experiment, *wanted)))} is recorded yet: `python "
            f"-m fpl_lib reproduce {experiment} --models {model} --losses {loss} --seeds 0-9`"
        )
    return tuple(found[seed] for seed in sorted(found))


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


def environment(device) -> dict:
    """Versions, machine and starting time, for the header of a run on a torch device."""
    import torch

    device = torch.device(device)
    try:
        ours = version("fpl-lib")
    except PackageNotFoundError:  # used from a source tree that was never installed
        ours = "source"
    return {
        "fpl_lib": ours, "python": platform.python_version(), "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        "threads": torch.get_num_threads(), "platform": platform.system(),
        "start": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def cpu_name() -> str:
    """The processor's name as the system gives it, or its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"CPU, {names[0] if names else platform.processor() or platform.machine()}"


def resumed(earlier: dict, now: dict) -> dict:
    """The environment of a run that goes on: `earlier`, noting under "resumed" what is new `now`.

    >>> resumed({"threads": 1, "start": "9:00"}, {"threads": 2, "start": "9:30"})
    {'threads': 1, 'start': '9:00', 'resumed': [{'threads': 2, 'start': '9:30'}]}
    """
    past = earlier.get("resumed", [])
    last = {key: value for known in (earlier, *past) for key, value in known.items()}
    new = {key: value for key, value in now.items() if key == "start" or last.get(key) != value}
    return {**earlier, "resumed": [*past, new]} if len(new) > 1 else earlier


def validate(record: Record, path: str | os.PathLike = "record") -> None:
    """Raise RecordError unless every number of `record` can be what it says and fits the others."""

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

    header, rows, result = record.header, record.epochs, record.result
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
