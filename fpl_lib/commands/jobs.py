"""The runs of a command: one after another, or several at a time in processes of their own."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

import torch

from fpl_lib.cifar10 import CIFAR10
from fpl_lib.evidence.experiments import Busy, Conflict, RunConfig, run
from fpl_lib.training import CheckpointError, Paused, WeightsError

DONE, FAILED, PAUSED = 0, 2, 75  # exit statuses; 75 is EX_TEMPFAIL: nothing is wrong, call again
ERRORS = (ValueError, OSError, FloatingPointError, CheckpointError, WeightsError, Conflict)
GRACE = 60  # seconds for a worker to reach its next step once its parent is gone


@dataclass(frozen=True)
class Settings:
    """What the runs of one command share. A process stops after `seconds` of work (None: never)."""

    images: CIFAR10
    out: str | os.PathLike
    device: torch.device
    seconds: float | None = None
    quiet: bool = False
    compiled: bool = False


class Deadline:
    """A reading of `time.monotonic` to be compared with, which `now` moves into the past."""

    def __init__(self, seconds: float | None) -> None:
        self.at = time.monotonic() + (math.inf if seconds is None else seconds)

    def now(self, *_) -> None:
        self.at = -math.inf

    def __lt__(self, reading: float) -> bool:
        return self.at < reading


@contextmanager
def _on_sigterm(action) -> Iterator[None]:
    earlier = signal.signal(signal.SIGTERM, action)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def run_all(
    todo: Sequence[RunConfig], settings: Settings, *, jobs: int = 1, threads: int | None = None
) -> Iterator[tuple[int, str]]:
    """Run configurations and yield a status and a line for each as it ends.

    Statuses: 0 done, 2 an error, 75 stopped in time, by SIGTERM or because the run is another
    process's. An error ends its own run only. Once the time is up nothing further is begun. `jobs`
    at a time share `threads` (None: torch's own number) evenly; each run's result is that of the
    run alone on as many threads.
    """
    threads = threads or torch.get_num_threads()
    if jobs > 1:
        yield from _in_workers(list(todo), settings, min(jobs, len(todo)), max(1, threads // jobs))
        return
    torch.set_num_threads(threads)
    deadline = Deadline(settings.seconds)
    with _on_sigterm(deadline.now):
        for config in todo:
            progress = not settings.quiet and sys.stderr.isatty()
            yield attempt(config, settings, deadline, progress=progress)
            if deadline < time.monotonic():
                return


def attempt(
    config: RunConfig, settings: Settings, deadline: Deadline, *, progress: bool = False
) -> tuple[int, str]:
    """One run, with a line an epoch unless quiet; its status and what to say of it."""
    name = f"{config.experiment}/{config.name}"

    def say(row: dict) -> None:
        if not settings.quiet:
            print(
                f"{name}  epoch {row['epoch']:3}/{config.recipe.epochs}  "
                f"loss {row['train_loss']:.4f}  top1 {row['top1']:5.2f}  top5 {row['top5']:5.2f}  "
                f"{row['images_per_second']:.0f} images/s",
                flush=True,
            )

    try:
        result = run(
            config, settings.images, settings.out, device=settings.device, progress=progress,
            deadline=deadline, on_epoch=say, compiled=settings.compiled,
        ).result  # fmt: skip
    except Paused as pause:
        return PAUSED, f"{name}: {pause}; the same command goes on from there"
    except Busy as busy:
        return PAUSED, f"{name}: skipped, {busy}"
    except ERRORS as error:
        return FAILED, f"{name}: {' '.join(str(error).split())}"
    return DONE, (
        f"{name}: top1 {result['top1']:.2f} %, top5 {result['top5']:.2f} %, "
        f"{result['errors']} errors"
    )


def _in_workers(
    waiting: list[RunConfig], settings: Settings, jobs: int, threads: int
) -> Iterator[tuple[int, str]]:
    """Keep `jobs` processes at one run each; where one is killed, another takes its place."""
    context = torch.multiprocessing.get_context("spawn")  # CUDA cannot be used after a fork
    workers: dict[Connection, tuple[multiprocessing.Process, RunConfig]] = {}
    stopped = threading.Event()

    def stop(*_) -> None:
        stopped.set()
        for process, _ in list(workers.values()):
            process.terminate()

    def give(pipe: Connection, process: multiprocessing.Process) -> None:
        workers[pipe] = process, waiting.pop(0)
        with suppress(OSError):  # it has just been killed, as `recv` will tell
            pipe.send(workers[pipe][1])
        if stopped.is_set():
            process.terminate()

    with _on_sigterm(stop):
        try:
            while workers or (waiting and not stopped.is_set()):
                while waiting and len(workers) < jobs and not stopped.is_set():
                    pipe, its_end = context.Pipe()
                    process = context.Process(target=_work, args=(its_end, settings, threads))
                    process.start()
                    its_end.close()
                    give(pipe, process)
                for pipe in wait(list(workers)):
                    process, config = workers.pop(pipe)
                    try:
                        outcome = pipe.recv()
                    except (EOFError, OSError):
                        process.join()
                        if not stopped.is_set():
                            name, status = f"{config.experiment}/{config.name}", process.exitcode
                            yield FAILED, f"{name}: its process ended with status {status}"
                        continue
                    if outcome is None:  # its time was up before it began
                        stopped.set()
                    if waiting and not stopped.is_set():
                        give(pipe, process)
                    else:
                        pipe.close()
                    if outcome is not None:
                        yield outcome
        finally:
            stop()
            for pipe in workers:
                pipe.close()
            for process in multiprocessing.active_children():
                process.join()


def _work(pipe: Connection, settings: Settings, threads: int) -> None:
    """A worker: the runs that come through `pipe`, at least one step of the first, in time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent says it, once
    torch.set_num_threads(threads)
    deadline, begun = Deadline(settings.seconds), False
    signal.signal(signal.SIGTERM, deadline.now)
    threading.Thread(target=_end_with_parent, args=(deadline,), daemon=True).start()
    with suppress(EOFError, OSError):  # nothing more to do, or nobody to hear of it
        while config := pipe.recv():
            late = begun and deadline < time.monotonic()
            pipe.send(None if late else attempt(config, settings, deadline))
            begun = True


def _end_with_parent(deadline: Deadline) -> None:
    multiprocessing.parent_process().join()
    deadline.now()
    time.sleep(GRACE)
    os._exit(PAUSED)
