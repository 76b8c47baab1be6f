"""The loss alone beside cross-entropy, forward and backward: time, memory, and how they grow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional

from fpl_lib.commands.bench import aims
from fpl_lib.commands.bench.measure import Row, growth, peak_memory, side_by_side
from fpl_lib.losses.fpl import false_positive_loss

SHAPES = ((64, 10), (512, 10), (8192, 10), (1024, 100), (8192, 1000), (1024, 32_000))
MEMORY_SHAPE = (8192, 1000)


def calls(n: int, c: int, device: torch.device, **options) -> dict[str, Callable[[], Tensor]]:
    """Forward and backward of each loss on random logits (n, c); the gradient is given away."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, c, generator=generator).to(device).requires_grad_()
    target = torch.randint(c, (n,), generator=generator).to(device)

    def gradient(loss: Callable) -> Tensor:
        return torch.autograd.grad(loss(logits, target), logits)[0]

    losses = {"fpl": partial(false_positive_loss, **options), aims.CE: functional.cross_entropy}
    return {name: partial(gradient, loss) for name, loss in losses.items()}


def rows(device: torch.device, rounds: int) -> Iterator[Row]:
    """Time ratios at each shape, and the ratio of peak memory at one."""
    for n, c in SHAPES:
        taken = side_by_side(calls(n, c, device), rounds, device)
        source = torch.randn(n, c, device=device)
        others = {
            "its log_softmax": partial(torch.log_softmax, source, 1),
            "a copy of the logits": partial(torch.empty_like(source).copy_, source),  # the least
        }
        taken |= side_by_side(others, rounds, device)
        note = ", ".join(f"{name} {float(f'{1e3 * min(taken[name]):.2g}'):g} ms" for name in taken)
        yield Row.of(aims.COST, f"the loss alone, {n} × {c}", aims.CE, taken, "fpl", note)
    ours, theirs = (peak_memory(call, device) for call in calls(*MEMORY_SHAPE, device).values())
    n, c = MEMORY_SHAPE
    yield Row(aims.COST, f"peak memory of the loss, {n} × {c}", aims.CE, ours / theirs)


def by_avx2(rounds: int, threads: int) -> list[Row]:
    """The times of `rows` on a processor with AVX-512, by the kernels that torch has for AVX2."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return []
    workers = ProcessPoolExecutor(1, torch.multiprocessing.get_context("spawn"))
    with mock.patch.dict(os.environ, ATEN_CPU_CAPABILITY="avx2"), workers:
        found = workers.submit(_rows, rounds, threads).result()
    return [replace(row, name=row.name + aims.BY_AVX2) for row in found if row.low is not None]


def _rows(rounds: int, threads: int) -> list[Row]:
    torch.set_num_threads(threads)
    return [*rows(torch.device("cpu"), rounds)]


def growths(device: torch.device, rounds: int) -> Iterator[dict]:
    """Time and memory against N, C and k; work grows with exponent 1."""
    sweeps = {
        "N (samples, C = 1000)": {n: (n, 1000, 1) for n in (256, 1024, 4096, 16_384)},
        "C (classes, N = 1024)": {c: (1024, c, 1) for c in (100, 400, 1600, 6400, 25_600)},
        "k (false classes, 1024 × 1000)": {k: (1024, 1000, k) for k in (2, 8, 32, 128, 512)},
    }
    for axis, points in sweeps.items():
        ours = {size: calls(n, c, device, k=k)["fpl"] for size, (n, c, k) in points.items()}
        yield growth(axis, ours, rounds, device)
