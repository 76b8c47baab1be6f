"""Timing calls side by side, so that what slows the machine down slows all of them."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from fpl_lib.commands.bench.aims import TRAINER


@dataclass(frozen=True)
class Row:
    """One figure of the bench: a ratio to a named baseline, with its quartiles, and its aim.

    Without a baseline it is seconds. `ratio` is None where nothing was measured, `target` where
    nothing is aimed at. `note` says what the ratio comes from.
    """

    group: str
    name: str
    baseline: str
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    target: float | None = None

    @classmethod
    def of(
        cls, group: str, name: str, baseline: str, taken: Mapping, ours: str, note: str = ""
    ) -> Row:
        """A row by the seconds of each round, `taken[ours]` beside `taken[baseline]`."""
        return cls(group, name, baseline, *quartiles(taken[ours], taken[baseline]), note)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one, or without a measurement."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target if self.group == TRAINER else self.ratio <= self.target


def side_by_side(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    device: torch.device,
    seconds: float = 0.05,
) -> dict[str, list[float]]:
    """Seconds a call, one number a round: each round times every call, in turning order.

    A call is repeated until it has taken about `seconds` a round, after a warm-up; on CUDA, where a
    training step is recorded meanwhile, the device is waited for.
    """
    ways = {}
    for name, call in calls.items():
        timed(call, device, number=5 if device.type == "cuda" else 1)
        number = math.ceil(seconds / timed(call, device))
        ways[name] = lambda call=call, number=number: timed(call, device, number)
    return in_turns(ways, rounds, warm_up=0)


def timed(call: Callable[[], object], device: torch.device, number: int = 1) -> float:
    """Seconds a call, the mean of `number` of them."""
    began = time.perf_counter()
    for _ in range(number):
        call()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / number


def in_turns(
    ways: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 1
) -> dict[str, list[float]]:
    """The seconds that each call gives, one number a round; who begins changes from round to round.

    The first `warm_up` rounds are not counted.
    """
    names = list(ways)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + warm_up):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds = ways[name]()
            if turn >= warm_up:
                taken[name].append(seconds)
    return taken


def quartiles(values: Sequence[float], baseline: Sequence[float]) -> tuple[float, float, float]:
    """Median and quartiles of the ratios, round by round.

    >>> quartiles([2.0, 3.0, 4.0], [1.0, 1.0, 1.0])
    (3.0, 2.5, 3.5)
    """
    ratios = np.asarray(values) / np.asarray(baseline)
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)


def peak_memory(call: Callable[[], object], device: torch.device) -> int:
    """Bytes that torch held at most during a call, beyond those held before it.

    The call shall leave nothing behind, or the next one's bytes are less what it frees.
    """
    call()
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        call()
    # Only the trace has every allocation; the table of events has each operation's balance.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        seen.export_chrome_trace(str(path))
        events = json.loads(path.read_text("utf-8"))["traceEvents"]
    events = [event for event in events if event["name"] == "[memory]"]
    events.sort(key=lambda event: event["ts"])
    held = np.cumsum([event["args"]["Bytes"] for event in events])
    return int(held.max(initial=0))


def growth(
    axis: str, calls: Mapping[int, Callable[[], object]], rounds: int, device: torch.device
) -> dict:
    """Median seconds and peak bytes of the calls over their sizes, with the exponents of growth.

    An exponent is the slope of log value over log size: 1 for what grows with the work.
    """
    taken = side_by_side({str(size): call for size, call in calls.items()}, rounds, device)
    grown = {
        "seconds": [float(np.median(values)) for values in taken.values()],
        "bytes": [peak_memory(call, device) for call in calls.values()],
    }
    time, memory = (
        float(np.polyfit(np.log([*calls]), np.log(values), 1)[0]) for values in grown.values()
    )
    exponents = {"time_exponent": time, "memory_exponent": memory}
    return {"axis": axis, "sizes": [*calls], **grown, **exponents}
