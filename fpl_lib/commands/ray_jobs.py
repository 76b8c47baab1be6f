"""The runs of a command as tasks of a Ray cluster, which places them and tries lost ones again.

A task works in a temporary folder of its node and hands back the run's files, which the driver
writes: the nodes need the package and no folder in common. The images lie once in each node's
object store.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from fpl_lib._files import write_atomically
from fpl_lib.cifar10 import CIFAR10
from fpl_lib.commands.jobs import FAILED, PAUSED, Deadline, Settings, attempt, on_sigterm
from fpl_lib.evidence.experiments import Busy, RunConfig, hold


@contextmanager
def connected(address: str, device: str) -> Iterator[torch.device]:
    """Be a driver of the cluster at `address`, or ("") of one found or made here; its device.

    device: "auto" (CUDA where the cluster has a GPU), "cpu" or "cuda". Raises ValueError for others
    and without Ray, ConnectionError where no cluster answers.
    """
    try:
        import ray
    except ImportError as error:
        raise ValueError(
            "--ray: Ray is not installed here; pip install -c .constraints.txt -e '.[cluster]'"
        ) from error
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"--device: with --ray expected auto, cpu or cuda; got {device}")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray tells its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
    host, colon, port = address.rpartition(":")
    try:
        if colon and "/" not in host:  # Ray itself would try for minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(address or None, logging_level="ERROR")
    except Exception as error:  # Ray has no common type for a cluster that is not there
        why = " ".join(str(error).split())
        raise ConnectionError(f"--ray {address}: no Ray cluster answers ({why})") from error
    try:
        gpus = ray.cluster_resources().get("GPU", 0)
        yield torch.device("cuda" if device == "cuda" or (device == "auto" and gpus) else "cpu")
    finally:
        ray.shutdown()


def run_all(
    todo: Sequence[RunConfig], settings: Settings, *, jobs: int = 1, threads: int | None = None
) -> Iterator[tuple[int, str]]:
    """As `jobs.run_all`, each run with the share of a machine that one of `jobs` has there.

    A run stops after the settings' seconds; the first that ends after them stops all, and so does
    SIGTERM: what waits is dropped, and what runs comes back with its checkpoint. Raises ValueError
    where no node has the share.
    """
    import ray

    gpu = 1 / jobs if settings.device.type == "cuda" else 0
    share = {"CPU": max(1, (threads or torch.get_num_threads()) // jobs), "GPU": gpu}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(kind, 0) >= share[kind] for kind in share) for node in nodes):
        raise ValueError(
            f"--ray: expected a node with {share['CPU']} CPUs and {gpu:g} GPUs for a run; got none "
            "(see --threads, --jobs and --device)"
        )
    task = ray.remote(num_cpus=share["CPU"], num_gpus=gpu)(work)
    images = ray.put(settings.images)
    theirs = replace(settings, images=None, out=f"fpl-{secrets.token_hex(8)}")
    deadline, stopped, running = Deadline(settings.seconds), threading.Event(), {}
    with ExitStack() as held, on_sigterm(lambda *_: stopped.set()):
        for config in todo:
            path = Path(settings.out, config.experiment, f"{config.name}.jsonl")
            if path.exists() and b'"kind": "result"' in path.read_bytes():
                yield attempt(config, settings, deadline)  # which compares it, and no more
                continue
            try:
                hold(path, held)
            except Busy as busy:
                yield PAUSED, f"{config.experiment}/{config.name}: skipped, {busy}"
                continue
            running[task.remote(config, theirs, images, files_of(path), share["CPU"])] = path
        while running:
            if stopped.is_set():
                for one in running:
                    ray.cancel(one)
            done, _ = ray.wait([*running], timeout=1)
            for one in done:
                path = running.pop(one)
                try:
                    status, line, files = ray.get(one)
                except ray.exceptions.TaskCancelledError:  # it had not begun
                    continue
                except ray.exceptions.RayError as error:
                    yield FAILED, f"{path.parent.name}/{path.stem}: {str(error).splitlines()[-1]}"
                    continue
                for place, content in files.items():
                    if content is None:
                        path.with_suffix(place).unlink(missing_ok=True)
                    else:
                        write_atomically(path.with_suffix(place), content, durable=True)
                yield status, line
                if deadline < time.monotonic():
                    stopped.set()


def files_of(path: Path) -> dict[str, bytes | None]:
    """A run's record and checkpoint by suffix, None for what is not there."""
    files = (path, path.with_suffix(".ckpt"))
    return {file.suffix: file.read_bytes() if file.exists() else None for file in files}


def work(
    config: RunConfig, settings: Settings, images: CIFAR10, files: dict, threads: int
) -> tuple[int, str, dict]:
    """A task: a run's status, what to say of it, and its files; one begun here before goes on."""
    torch.set_num_threads(threads)
    deadline = Deadline(settings.seconds)
    signal.signal(signal.SIGINT, deadline.now)  # by which ray.cancel tells a task that runs
    out = Path(tempfile.gettempdir(), settings.out, config.name)
    path = out / config.experiment / f"{config.name}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content in files.items():
            if content is not None:
                write_atomically(path.with_suffix(suffix), content)
    status, line = attempt(config, replace(settings, images=images, out=out), deadline)
    files = files_of(path)
    shutil.rmtree(out)
    return status, line, files
