"""What a class waits for: the import, the data, the notebooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from fpl_lib._files import CHECKOUT
from fpl_lib.cifar10.load import DataError, load_cifar10
from fpl_lib.commands.bench.measure import Row

IMPORT_SECONDS, FULL_SECONDS, MINI_SECONDS, NOTEBOOK_SECONDS, ALL_SECONDS = 0.3, 1.5, 0.3, 60, 360


def rows(data_dir: str | os.PathLike | None, rounds: int) -> Iterator[Row]:
    """Seconds of the import beyond torch's, and of loading the data. Absolute, not ratios."""
    alone, ours = [], []
    for _ in range(rounds):
        alone.append(_seconds("import torch, torchvision"))
        ours.append(_seconds("import torch, torchvision, fpl_lib"))
    added = sorted(b - a for a, b in zip(alone, ours, strict=True))
    yield _seconds_row("import fpl_lib, beyond torch and torchvision", added, IMPORT_SECONDS)
    for source, limit in (("disk", FULL_SECONDS), ("mini", MINI_SECONDS)):
        taken = []
        try:
            for _ in range(rounds):
                began = time.perf_counter()
                load_cifar10(data_dir, source=source)
                taken.append(time.perf_counter() - began)
        except DataError:
            yield Row(
                "class", "loading the full CIFAR-10", "seconds", "", None, target=limit,
                note="not measured: the data is not there, `python -m fpl_lib data` fetches it",
            )  # fmt: skip
            continue
        name = "loading the full CIFAR-10" if source == "disk" else "loading cifar10-mini"
        yield _seconds_row(name, sorted(taken), limit)


def notebook_rows() -> Iterator[Row]:
    """Seconds of running each student's notebook from top to bottom, with its kernel's start."""
    import nbformat

    from fpl_lib.course.editions import execute

    taken = {}
    for path in sorted((CHECKOUT / "notebooks").glob("[0-9]*.ipynb")):
        began = time.perf_counter()
        execute(nbformat.read(path, as_version=4), path.parent)
        taken[path.stem] = time.perf_counter() - began
    slowest = max(taken, key=taken.__getitem__)
    yield Row(
        "class", f"the longest notebook ({slowest})", "seconds", "", taken[slowest],
        target=NOTEBOOK_SECONDS,
    )  # fmt: skip
    yield Row(
        "class", f"all {len(taken)} notebooks", "seconds", "", sum(taken.values()),
        target=ALL_SECONDS,
    )  # fmt: skip


def _seconds_row(name: str, taken: list[float], limit: float) -> Row:
    quarter, half = len(taken) // 4, len(taken) // 2
    return Row(
        "class", name, "seconds", "", taken[half], taken[quarter], taken[-1 - quarter], limit
    )


def _seconds(statement: str) -> float:
    """Seconds of a statement in a fresh interpreter, by its own clock."""
    code = f"import time, json; t = time.perf_counter(); {statement}; "
    code += "print(json.dumps(time.perf_counter() - t))"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
