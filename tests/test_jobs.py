"""Several runs on GPUs: which GPU a worker has, and MPS, played by a script that writes it down."""

import contextlib
import os
import sys

import pytest
import torch

from fpl_lib.commands import jobs
from fpl_lib.commands.jobs import MPS, Settings, device_of, run_all, shared_gpu

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture
def control(tmp_path, monkeypatch):
    """A stand-in for nvidia-cuda-mps-control on the PATH, and a process that can use the GPU."""
    log, script = tmp_path / "log", tmp_path / "nvidia-cuda-mps-control"
    script.write_text(f'#!/bin/sh\necho "$* $(cat) {"$"}{MPS[0]}" >> {log}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(jobs, "TRY_CUDA", "")
    for name in MPS:
        monkeypatch.delenv(name, raising=False)
    return log


needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="MPS is for Linux")


@needs_sh
def test_mps_runs_for_the_workers_and_is_stopped_after_them(control):
    with pytest.raises(KeyError), shared_gpu() as running:
        assert running
        folder = os.environ[MPS[0]]
        assert os.environ[MPS[1]] == folder and os.path.isdir(folder)
        raise KeyError
    assert control.read_text().split() == ["-d", folder, "quit", folder]
    assert not os.path.exists(folder) and not set(MPS) & set(os.environ)


@needs_sh
def test_without_a_gpu_that_a_process_can_use_mps_is_stopped_at_once(control, monkeypatch):
    monkeypatch.setattr(jobs, "TRY_CUDA", "raise SystemExit(1)")
    with shared_gpu() as running:
        assert not running and not set(MPS) & set(os.environ)
        assert "quit" in control.read_text()
    assert control.read_text().count("quit") == 1


@needs_sh
def test_a_daemon_of_the_users_own_is_left_alone(control, monkeypatch):
    monkeypatch.setenv(MPS[0], "/tmp/mine")
    with shared_gpu() as running:
        assert running and os.environ[MPS[0]] == "/tmp/mine"
    assert not control.exists()


def test_without_the_program_there_is_no_mps(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with shared_gpu() as running:
        assert not running


@pytest.mark.parametrize(
    ("device", "gpus", "found"),
    [("cuda", 3, ["cuda:0", "cuda:1", "cuda:2", "cuda:0"]), ("cuda", 1, ["cuda"] * 4),
     ("cuda:1", 3, ["cuda:1"] * 4), ("cpu", 3, ["cpu"] * 4)],
)  # fmt: skip
def test_workers_take_the_gpus_in_turn_unless_one_is_named(device, gpus, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert [str(device_of(number, torch.device(device))) for number in range(4)] == found


started = []


class FakeProcess:
    """A worker in this process: it answers at once, or has been killed."""

    exitcode = -9

    def __init__(self, target, args):
        self.pipe, settings, _ = args
        self.pipe = type(self.pipe)(os.dup(self.pipe.fileno()))
        self.device, self.killed = str(settings.device), settings.device.index == 1
        started.append(self)

    def start(self):
        if self.killed:
            self.pipe.close()
        else:
            for _ in range(9):
                self.pipe.send((jobs.DONE, self.device))

    def join(self):
        pass

    def terminate(self):
        pass


def test_a_worker_that_takes_a_killed_ones_place_has_its_gpu(monkeypatch):
    """Two GPUs; every worker on cuda:1 is killed."""
    from fpl_lib.evidence.experiments import configs

    started.clear()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    context = torch.multiprocessing.get_context("spawn")
    monkeypatch.setattr(type(context), "Process", FakeProcess)
    monkeypatch.setenv("PATH", "")
    todo = configs("mini", None, None, range(3))
    settings = Settings(None, "nowhere", CUDA)
    statuses = [status for status, _ in run_all(todo, settings, jobs=2)]
    assert len(statuses) == 6 and set(statuses) == {jobs.DONE, jobs.FAILED}
    assert started[0].device == "cuda:0" and len(started) > 2
    assert {process.device for process in started[1:]} == {"cuda:1"}


def test_runs_on_a_cpu_start_no_mps(monkeypatch):
    monkeypatch.setattr(jobs, "shared_gpu", lambda: pytest.fail("MPS for a CPU"))
    assert list(run_all([], Settings(None, "nowhere", CPU), jobs=2)) == []


def test_runs_that_share_a_gpu_go_on_within_mps(monkeypatch):
    log = []

    @contextlib.contextmanager
    def shared():
        log.append("mps")
        yield True
        log.append("end")

    monkeypatch.setattr(jobs, "shared_gpu", shared)
    monkeypatch.setattr(jobs, "_in_workers", lambda *args: iter([log.append("runs")]))
    list(run_all([None, None], Settings(None, "nowhere", CUDA), jobs=2))
    assert log == ["mps", "runs", "end"]


def test_a_process_that_fails_asks_nothing_more_of_those_it_trains_with(monkeypatch):
    """Whether they are late is a sum over all processes, and they might be in the middle of one."""

    def ask(self, reading):
        raise AssertionError("the others were asked")

    monkeypatch.setattr(jobs, "processes", lambda: (1, 2))
    monkeypatch.setattr(jobs.Deadline, "__lt__", ask)
    monkeypatch.setattr(jobs, "attempt", lambda *args, **options: (jobs.FAILED, "no disk left"))
    settings = Settings(None, "out", CPU, quiet=True)
    assert list(run_all([None, None], settings, threads=1)) == [(jobs.FAILED, "no disk left")]
