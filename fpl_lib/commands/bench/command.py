"""All of the bench in one go: rows and growth into one JSON file, from it a page and a figure."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import torch
from torch.backends.cpu import get_cpu_capability

from fpl_lib._files import CHECKOUT
from fpl_lib.cifar10 import load_cifar10
from fpl_lib.commands import names
from fpl_lib.commands.bench import aims, figure, loss, trainer, whole
from fpl_lib.commands.bench.measure import Row
from fpl_lib.commands.bench.page import pages
from fpl_lib.evidence.machine import environment
from fpl_lib.training import has_bfloat16, use_device


def bench(
    device: torch.device,
    *,
    parts: Sequence[str] = names.PARTS,
    threads: int = 2,
    rounds: int = 9,
    quick: bool = False,
    data_dir: str | os.PathLike | None = None,
    notebooks: bool = False,
) -> dict:
    """Measure and return {"environment", "rounds", "minutes", "rows", "growth"}, plain values.

    `quick` is one round over an eighth of the images, without growth.
    """
    began = time.monotonic()
    torch.set_num_threads(threads)
    use_device(device)
    data = load_cifar10(data_dir, source="auto")
    rounds, share = (1, 8) if quick else (rounds, 1)
    found, growth = [], []
    in_class = list(notebook_rows()) if notebooks else []  # first: it may lack what it needs
    if "loss" in parts:
        found += [*trainer.cost(data, device, rounds), *loss.rows(device, rounds)]
        found += loss.by_avx2(rounds, threads) if device.type == "cpu" else []
    if "trainer" in parts:
        found += trainer.speed(data, device, rounds, share)
        found += whole.rows(device) if device.type == "cuda" else []
        found += trainer.accuracy(data, device, rounds, share) if device.type == "cpu" else []
        found += trainer.shortcut(data, device, rounds) if device.type == "cpu" else []
    if "growth" in parts and not quick:
        growth += [*loss.growths(device, rounds), *trainer.growths(data, device, rounds)]
    found += in_class
    wanted = aims.AIMS[device.type]
    keys = [(row.group, row.name.removesuffix(aims.BY_AVX2), row.baseline) for row in found]
    found = [replace(row, target=wanted.get(key)) for row, key in zip(found, keys, strict=True)]
    about = {key: value for key, value in environment(device).items() if key != "start"}
    about |= {"capability": get_cpu_capability(), "bfloat16": has_bfloat16(device)}
    minutes = round((time.monotonic() - began) / 60, 1)
    rows = [{**asdict(row), "met": row.met} for row in found]
    return {
        "environment": about, "rounds": rounds, "minutes": minutes, "rows": rows, "growth": growth
    }  # fmt: skip


def notebook_rows() -> Iterator[Row]:
    """Seconds of running the students' notebooks, by one thread and with their kernels' starts."""
    paths = sorted((CHECKOUT / "notebooks").glob("[0-9]*.ipynb"))
    if not (paths and find_spec("nbformat")):
        raise ValueError("--notebooks: expected a checkout, installed with the extra [teach]")
    import nbformat

    from fpl_lib.course.editions import execute

    taken = {}
    for path in paths:
        began = time.perf_counter()
        execute(nbformat.read(path, as_version=4), path.parent, OMP_NUM_THREADS="1")
        taken[path.stem] = time.perf_counter() - began
    slowest = max(taken, key=taken.__getitem__)
    yield Row(aims.CLASS, "the longest notebook", "", taken[slowest], note=f"{slowest}, one thread")
    note = "one after another, one thread"
    yield Row(aims.CLASS, "all notebooks", "", sum(taken.values()), note=note)


def save(measured: dict, folder: str | os.PathLike) -> list[Path]:
    """Write what was measured into `folder`; return the paths.

    Files: bench-DEVICE.json; with growth, growth-DEVICE.png; the pages README.md and CUDA.md.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kind = "cpu" if measured["environment"]["device"].startswith("CPU") else "cuda"
    numbers = folder / f"bench-{kind}.json"
    numbers.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", "utf-8")
    written = pages(folder)
    for path, text in written.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return [numbers, *figure.draw(folder), *written]
