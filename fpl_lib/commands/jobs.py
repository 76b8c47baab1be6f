"""The runs of a command: one after another, or several at a time in processes of their own."""

from __future__ import annotations

import math
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait

import torch

from fpl_lib.cifar10 import CIFAR10
from fpl_lib.evidence.experiments import Busy, Conflict, RunConfig, run
from fpl_lib.training import CheckpointError, Paused, WeightsError, anywhere, processes

DONE, FAILED, PAUSED = 0, 2, 75  # exit statuses; 75 is EX_TEMPFAIL: nothing is wrong, call again
ERRORS = (
    ValueError, OSError, FloatingPointError, torch.OutOfMemoryError, CheckpointError, WeightsError,
    Conflict,
)  # fmt: skip
MPS = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
TRY_CUDA = "import torch; torch.ones(1, device='cuda').sum().item()"
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
def on_sigterm(action) -> Iterator[None]:
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
    run alone on as many threads. On CUDA they share the GPU as in `shared_gpu`, or all the GPUs
    there are, unless the settings name one.
    """
    threads = threads or torch.get_num_threads()
    if jobs > 1:
        if processes()[1] > 1:
            raise ValueError(f"--jobs: expected 1 of processes that train together; got {jobs}")
        with shared_gpu() if settings.device.type == "cuda" else nullcontext():
            jobs, each = min(jobs, len(todo)), max(1, threads // jobs)
            yield from _in_workers(list(todo), settings, jobs, each)
        return
    torch.set_num_threads(threads)
    deadline = Deadline(settings.seconds)
    with on_sigterm(deadline.now):
        for config in todo:
            progress = not settings.quiet and sys.stderr.isatty()
            status, line = attempt(config, settings, deadline, progress=progress)
            yield status, line
            # Where one of several processes fails, the others no longer know what it does next, and
            # must not be asked whether they are late.
            if status == FAILED and processes()[1] > 1:
                return
            if anywhere(deadline < time.monotonic()):
                break
    if processes()[1] > 1:
        torch.distributed.barrier()  # a process that leaves while another still listens may abort


@contextmanager
def together(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun has started, where it has; this one's device."""
    if not torch.distributed.is_torchelastic_launched():
        yield device
        return
    device = device_of(int(os.environ["LOCAL_RANK"]), device)
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    torch.distributed.init_process_group(backend)
    try:
        yield device
    finally:
        torch.distributed.destroy_process_group()


@contextmanager
def shared_gpu() -> Iterator[bool]:
    """NVIDIA's MPS for the processes started within, so that their kernels run at once.

    Yields whether it runs: where nvidia-cuda-mps-control is on the PATH, starts, and a process can
    then use the GPU, which a container may forbid. Elsewhere processes take turns, as is usual. A
    daemon that the environment names is left to whoever started it.
    """
    control = shutil.which("nvidia-cuda-mps-control")
    if control is None or MPS[0] in os.environ:
        yield control is not None
        return

    def works(*command: str, told: str = "") -> bool:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # a daemon keeps pipes
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(command, input=told, text=True, timeout=120, **quiet)
            return done.returncode == 0
        return False

    def stop() -> None:
        works(control, told="quit\n")
        for name in MPS:
            os.environ.pop(name, None)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.update(dict.fromkeys(MPS, folder))
        running = works(control, "-d") and works(sys.executable, "-c", TRY_CUDA)
        if not running:
            stop()
        try:
            yield running
        finally:
            if running:
                stop()


def device_of(worker: int, device: torch.device) -> torch.device:
    """The GPU of worker number `worker`, in turn; `device` itself if it names one or is a CPU."""
    count = torch.cuda.device_count() if device.type == "cuda" and device.index is None else 0
    return torch.device("cuda", worker % count) if count > 1 else device


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
    workers: dict[Connection, tuple[multiprocessing.Process, RunConfig, int]] = {}
    free = list(range(jobs))  # the workers' numbers that nobody has
    stopped = threading.Event()

    def stop(*_) -> None:
        stopped.set()
        for process, *_ in list(workers.values()):
            process.terminate()

    def give(pipe: Connection, process: multiprocessing.Process, number: int) -> None:
        workers[pipe] = process, waiting.pop(0), number
        with suppress(OSError):  # it has just been killed, as `recv` will tell
            pipe.send(workers[pipe][1])
        if stopped.is_set():
            process.terminate()

    with on_sigterm(stop):
        try:
            while workers or (waiting and not stopped.is_set()):
                while waiting and free and not stopped.is_set():
                    number = free.pop(0)
                    pipe, its_end = context.Pipe()
                    its = replace(settings, device=device_of(number, settings.device))
                    process = context.Process(target=_work, args=(its_end, its, threads))
                    process.start()
                    its_end.close()
                    give(pipe, process, number)
                for pipe in wait(list(workers)):
                    process, config, number = workers.pop(pipe)
                    try:
                        outcome = pipe.recv()
                    except (EOFError, OSError):
                        process.join()
                        free.append(number)
                        if not stopped.is_set():
                            name, status = f"{config.experiment}/{config.name}", process.exitcode
                            yield FAILED, f"{name}: its process ended with status {status}"
                        continue
                    if outcome is None:  # its time was up before it began
                        stopped.set()
                    if waiting and not stopped.is_set():
                        give(pipe, process, number)
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
