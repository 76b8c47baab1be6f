"""The loss beside cross-entropy, forward and backward: time, memory, and how they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from fpl_lib.commands.bench.measure import (
    Row,
    growth_exponent,
    operations,
    peak_memory,
    quartiles,
    side_by_side,
)
from fpl_lib.losses.fpl import false_positive_loss

# (N, C): the largest ratio to cross-entropy's time that is aimed at.
ON_CPU = {
    (64, 10): 2.5, (512, 10): 2.5, (8192, 10): 1.3,
    (1024, 100): 2.0, (8192, 1000): 1.0, (1024, 32_000): 0.7,
}  # fmt: skip
ON_CUDA = {**dict.fromkeys(ON_CPU, 1.0), (8192, 32_000): 0.6}
MEMORY_SHAPE, MEMORY_TARGET = (8192, 1000), 0.6


def plain_loss(logits: Tensor, target: Tensor) -> Tensor:
    """FPL as one writes it down first, for autograd to differentiate; not safe for large logits."""
    p = logits.softmax(1)
    p_true = p.gather(1, target[:, None])
    p_false = p.scatter(1, target[:, None], -1.0).amax(1, keepdim=True)
    return -(p_true.log() + (1 - p_false).log()).mean()


def calls(n: int, c: int, device: str) -> dict[str, Callable[[], None]]:
    """Forward and backward of each loss on random logits (n, c), as calls without arguments."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(n, c, generator=generator).to(device).requires_grad_()
    target = torch.randint(c, (n,), generator=generator).to(device)
    one_hot = functional.one_hot(target, c).to(logits.dtype)
    losses = {
        "fpl": lambda: false_positive_loss(logits, target),
        "cross_entropy": lambda: functional.cross_entropy(logits, target),
        "sigmoid_focal_loss": lambda: sigmoid_focal_loss(logits, one_hot, reduction="mean"),
        "plain FPL": lambda: plain_loss(logits, target),
    }
    if torch.device(device).type == "cuda":
        compiled = torch.compile(functional.cross_entropy)
        losses["compiled cross_entropy"] = lambda: compiled(logits, target)

    def step(loss: Callable[[], Tensor]) -> Callable[[], None]:
        def call() -> None:
            logits.grad = None
            loss().backward()

        return call

    return {name: step(loss) for name, loss in losses.items()}


def aims(targets: dict[tuple[int, int], float]) -> list[Row]:
    """What is aimed at, a row a shape and one for the memory, nothing measured yet."""
    rows = [
        Row("loss", f"fpl, {n} × {c}", "time", "cross_entropy", None, target=target)
        for (n, c), target in targets.items()
    ]
    shape = " × ".join(map(str, MEMORY_SHAPE))
    return [
        *rows,
        Row("loss", f"fpl, {shape}", "peak memory", "cross_entropy", None, target=MEMORY_TARGET),
    ]


def rows(device: str, threads: int, rounds: int) -> Iterator[Row]:
    """Time ratios at each shape, and the ratio of peak memory at one."""
    targets = ON_CUDA if torch.device(device).type == "cuda" else ON_CPU
    *times, memory = aims(targets)
    for (n, c), aim in zip(targets, times, strict=True):
        both = calls(n, c, device)
        taken = side_by_side(both, rounds=rounds, threads=threads)
        ours, theirs = operations(both["fpl"]), operations(both["cross_entropy"])
        named = {
            name: replace(aim, name=f"{name}, {n} × {c}", target=None)
            for name in taken if name != "cross_entropy"
        }  # fmt: skip
        named["fpl"] = replace(aim, note=f"{ours} operations, cross_entropy {theirs}")
        for name, row in named.items():
            ratio, low, high = quartiles(taken[name], taken["cross_entropy"])
            yield replace(row, ratio=ratio, low=low, high=high)
    both = calls(*MEMORY_SHAPE, device)
    peaks = {name: peak_memory(both[name], device) for name in ("fpl", "cross_entropy")}
    yield replace(memory, ratio=peaks["fpl"] / peaks["cross_entropy"])
    logits = 4 * MEMORY_SHAPE[0] * MEMORY_SHAPE[1]
    yield Row("loss", memory.name, "peak memory", "the logits' own bytes", peaks["fpl"] / logits)


def traffic(device: str, threads: int, rounds: int) -> Row:
    """How far from the minimum, one read of the logits and one write of the gradient."""
    n, c = MEMORY_SHAPE
    source = torch.randn(n, c, device=device)
    into = torch.empty_like(source)
    both = {"copy": lambda: into.copy_(source), "fpl": calls(n, c, device)["fpl"]}
    taken = side_by_side(both, rounds=rounds, threads=threads)
    return Row(
        "loss", f"fpl, {n} × {c}", "time", "one copy of the logits",
        *quartiles(taken["fpl"], taken["copy"]),
        note="a copy reads and writes each number once, the least that any loss can do",
    )  # fmt: skip


def growth(device: str, threads: int, rounds: int) -> list[dict]:
    """Time and memory against N, C and k, with the exponents; work grows with exponent 1."""
    sweeps = {
        "N (samples, C = 1000)": [((n, 1000), 1, n) for n in (256, 1024, 4096, 16_384)],
        "C (classes, N = 1024)": [((1024, c), 1, c) for c in (100, 400, 1600, 6400, 25_600)],
        "k (false classes, 1024 × 1000)": [((1024, 1000), k, k) for k in (2, 8, 32, 128, 512)],
    }
    found = []
    for axis, points in sweeps.items():
        seconds, held = [], []
        for (n, c), k, _ in points:
            generator = torch.Generator().manual_seed(0)
            logits = torch.randn(n, c, generator=generator).to(device).requires_grad_()
            target = torch.randint(c, (n,), generator=generator).to(device)

            def call(logits: Tensor = logits, target: Tensor = target, k: int = k) -> None:
                logits.grad = None
                false_positive_loss(logits, target, k=k).backward()

            taken = side_by_side({"fpl": call}, rounds=max(3, rounds // 3), threads=threads)
            seconds.append(sorted(taken["fpl"])[len(taken["fpl"]) // 2])
            held.append(peak_memory(call, device))
        sizes = [size for *_, size in points]
        found.append(
            {
                "axis": axis, "sizes": sizes, "seconds": seconds, "bytes": held,
                "time_exponent": growth_exponent(sizes, seconds),
                "memory_exponent": growth_exponent(sizes, held),
            }
        )  # fmt: skip
    return found
