"""The runs of a command: one after another, or several at a time in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import torch

from fpl_lib.cifar10.load import CIFAR10
from fpl_lib.evidence.experiments import Busy, RunConfig, run
from fpl_lib.training.loop import Paused

DONE, FAILED, PAUSED = 0, 2, 75  # exit statuses; 75 is EX_TEMPFAIL: nothing is wrong, call again


@dataclass(frozen=True)
class Settings:
    """What the runs of one command share. `stop_at` is a reading of `time.time`, or None."""

    images: CIFAR10
    out: str | os.PathLike
    device: torch.device
    stop_at: float | None = None
    quiet: bool = False
    compiled: bool = False


def run_all(
    todo: Sequence[RunConfig], settings: Settings, *, jobs: int = 1, threads: int | None = None
) -> Iterator[tuple[int, str]]:
    """Run configurations and yield a status and a line for each as it ends.

    Statuses: 0 done, 2 the loss was no longer finite, 75 stopped in time or another process's. Once
    the time is up nothing further is begun. `jobs` at a time share `threads` (None: torch's own
    number) evenly; each run's result is that of the run alone on as many threads. Raises what `run`
    raises otherwise, once the runs under way are through.
    """
    threads = threads or torch.get_num_threads()
    if jobs == 1:
        torch.set_num_threads(threads)
        for config in todo:
            yield attempt(config, settings, progress=not settings.quiet and sys.stderr.isatty())
            if _late(settings):
                return
        return
    context = torch.multiprocessing.get_context("spawn")  # CUDA cannot be used after a fork
    arguments = (settings, max(1, threads // jobs))
    with ProcessPoolExecutor(min(jobs, len(todo)), context, _start, arguments) as pool:
        waiting = [pool.submit(_work, config) for config in todo]
        try:
            for future in as_completed(waiting):
                if (outcome := future.result()) is not None:
                    yield outcome
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def attempt(config: RunConfig, settings: Settings, *, progress: bool = False) -> tuple[int, str]:
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

    left = None if settings.stop_at is None else settings.stop_at - time.time()
    try:
        record = run(
            config, settings.images, settings.out, device=settings.device, progress=progress,
            deadline=None if left is None else time.monotonic() + left, on_epoch=say,
            compiled=settings.compiled,
        )  # fmt: skip
    except Paused as pause:
        return PAUSED, f"{name}: {pause}; the same command goes on from there"
    except Busy as busy:
        return PAUSED, f"{name}: skipped, {busy}"
    except FloatingPointError as error:
        return FAILED, f"{name}: {error}"
    result = record.result
    return DONE, (
        f"{name}: top1 {result['top1']:.2f} %, top5 {result['top5']:.2f} %, "
        f"{result['errors']} errors"
    )


def _late(settings: Settings) -> bool:
    return settings.stop_at is not None and time.time() >= settings.stop_at


_settings: Settings  # of a worker process, set as it starts


def _start(settings: Settings, threads: int) -> None:
    global _settings
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C: the parent says it, once
    torch.set_num_threads(threads)
    _settings = settings


def _work(config: RunConfig) -> tuple[int, str] | None:
    return None if _late(_settings) else attempt(config, _settings)
