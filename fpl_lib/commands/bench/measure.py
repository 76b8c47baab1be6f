"""Timing calls side by side, so that what slows the machine down slows all of them."""

from __future__ import annotations

import gc
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


@dataclass(frozen=True)
class Row:
    """One figure of the bench: `name` in `group`, a ratio to a named baseline, with its quartiles.

    `target` is what is aimed at, at most for "below", at least for "above"; None for none. `unit`
    says what the ratio is of, such as "time". `ratio` is None where nothing could be measured.
    `note` says why a target was missed or nothing measured.
    """

    group: str
    name: str
    unit: str
    baseline: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    target: float | None = None
    better: str = "below"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one, or without a measurement."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio <= self.target if self.better == "below" else self.ratio >= self.target

    @property
    def missed_by(self) -> float | None:
        """By what share of the target it is missed; None unless it is.

        >>> Row("loss", "fpl", "time", "ce", 3.0, target=2.5).missed_by
        0.2
        """
        return None if self.met is not False else round(abs(self.ratio / self.target - 1), 6)


def side_by_side(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 9,
    seconds: float = 0.05,
    threads: int = 1,
) -> dict[str, list[float]]:
    """Seconds a call, one number a round: each round times every call, in turning order.

    A call is repeated until it has taken about `seconds` a round, after a warm-up; on CUDA the
    device is waited for. torch.utils.benchmark's Timer keeps the time, on `threads` CPU threads.
    """
    # Imported here: it looks for a CUDA toolkit and says on stderr what it found.
    from torch.utils.benchmark import Timer

    timers = {
        name: Timer("call()", globals={"call": call}, num_threads=threads)
        for name, call in calls.items()
    }
    number = {}
    for name, timer in timers.items():
        timer.timeit(3)
        number[name] = max(1, math.ceil(seconds / timer.timeit(3).mean))
    return in_turns(
        {name: lambda name=name: timers[name].timeit(number[name]).mean for name in calls}, rounds
    )


def once_each(calls: Mapping[str, Callable[[], object]], *, rounds: int = 5) -> dict:
    """As `side_by_side`, for calls of seconds: one call of each a round, after one to warm up."""

    def timed(call: Callable[[], object]) -> float:
        gc.collect()
        began = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter() - began

    ways = {name: lambda call=call: timed(call) for name, call in calls.items()}
    return in_turns(ways, rounds, warm_up=1)


def in_turns(
    ways: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int = 0
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


def peak_memory(call: Callable[[], object], device: str = "cpu") -> int:
    """Bytes that torch held at most during a call, beyond those held before it."""
    call()
    if torch.device(device).type == "cuda":
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


def operations(call: Callable[[], object]) -> int:
    """How many of torch's operations a call asks for, backward pass included, not their parts."""
    call()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        call()
    asked = (event for event in seen.events() if event.name.startswith("aten::"))
    return sum(
        event.cpu_parent is None or not event.cpu_parent.name.startswith("aten::")
        for event in asked
    )


def growth_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of log value over log size: 1 for what grows with the work, by least squares.

    >>> round(growth_exponent([1, 10, 100], [2, 20, 200]), 6)
    1.0
    """
    slope, _ = np.polyfit(np.log(np.asarray(sizes, float)), np.log(np.asarray(values, float)), 1)
    return float(slope)
