"""The commands as a user types them: what they print, where they write, how they end."""

import io
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from repository import ROOT
from short_runs import shorten_mini

from fpl_lib.__main__ import main
from fpl_lib.evidence import experiments
from fpl_lib.evidence.records import read_record

pytestmark = pytest.mark.slow


@pytest.fixture
def quick(monkeypatch):
    """`reproduce mini` with one epoch of a few images, so that a command takes a second."""
    shorten_mini(monkeypatch, epochs=1, images=130)


def reproduce(tmp_path, *more):
    return main(["reproduce", "mini", "--out", str(tmp_path), "--device", "cpu", *more])


def test_reproduce_writes_a_record_a_run_and_skips_it_the_next_time(quick, tmp_path, capsys):
    assert reproduce(tmp_path, "--losses", "fpl", "ce", "--seeds", "0-1") == 0
    names = sorted(path.name for path in tmp_path.rglob("*.jsonl"))
    assert names == [f"small-{loss}-{seed}.jsonl" for loss in ("ce", "fpl") for seed in (0, 1)]
    first = capsys.readouterr().out
    assert "cifar10-mini" in first and "epoch   1/1" in first and "mini/small-ce-1: top1" in first
    assert reproduce(tmp_path, "--losses", "fpl") == 0
    assert "epoch" not in capsys.readouterr().out


def test_out_of_time_is_exit_75_and_the_next_call_goes_on(quick, tmp_path, capsys):
    assert reproduce(tmp_path, "--losses", "fpl", "--max-seconds", "0") == 75
    assert not read_record(tmp_path / "mini" / "small-fpl-0.jsonl").epochs
    assert "the same command goes on from there" in capsys.readouterr().out
    assert reproduce(tmp_path, "--losses", "fpl") == 0
    assert read_record(tmp_path / "mini" / "small-fpl-0.jsonl").done


def test_train_is_a_run_of_ones_own(quick, tmp_path, capsys):
    status = main(
        ["train", "--epochs", "1", "--lr", "0.02", "--loss", "ce", "--no-augment", "--batch-size",
         "32", "--out", str(tmp_path), "--device", "cpu", "--seed", "3", "--quiet"]
    )  # fmt: skip
    assert status == 0
    record = read_record(tmp_path / "train" / "small-ce-3.jsonl")
    config = record.header["config"]
    assert (config["lr"], config["batch_size"], config["augment"]) == (0.02, 32, False)
    assert "epoch" not in capsys.readouterr().out


def test_several_at_a_time_end_in_the_same_records(quick, tmp_path, capsys):
    for jobs in ("1", "2"):
        # Two threads for two jobs are one each.
        threads = ("--threads", jobs, "--jobs", jobs, "--seeds", "0-1")
        assert reproduce(tmp_path / jobs, *threads) == 0
        assert capsys.readouterr().out.count(": top1 ") == 4
    one, two = (
        {path.name: read_record(path) for path in (tmp_path / jobs).rglob("*.jsonl")}
        for jobs in ("1", "2")
    )
    assert len(one) == 4
    assert {n: r.result for n, r in one.items()} == {n: r.result for n, r in two.items()}
    assert {r.header["environment"]["threads"] for r in two.values()} == {1}


def test_several_at_a_time_stop_in_time_too(quick, tmp_path):
    assert reproduce(tmp_path, "--jobs", "2", "--seeds", "0-3", "--max-seconds", "0") == 75
    assert not any(read_record(path).done for path in tmp_path.rglob("*.jsonl"))
    assert len(list(tmp_path.rglob("*.ckpt"))) == 2  # a step each: call after call ends some time


def test_a_killed_worker_ends_its_own_run_only(quick, tmp_path, capsys):
    def kill_one():
        while not (children := multiprocessing.active_children()):
            time.sleep(0.01)
        children[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    assert reproduce(tmp_path, "--jobs", "2", "--seeds", "0-1", "--quiet") == 2
    killer.join()
    out, error = capsys.readouterr()
    assert re.fullmatch(r"fpl_lib: mini/small-\w+-\d: its process ended with status -?\d+\n", error)
    assert out.count(": top1 ") == 3


def until(truth, process=None):
    """Wait until `truth()`, for five minutes at most (a busy machine), or `process` has ended."""
    end = time.monotonic() + 300
    while not truth() and time.monotonic() < end and (process is None or process.poll() is None):
        time.sleep(0.05)
    assert truth()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("sent", ["SIGTERM", "SIGKILL"])
def test_workers_end_with_their_parent_and_save_what_they_have(tmp_path, sent):
    command = [sys.executable, "-m", "fpl_lib", "reproduce", "mini", "--jobs", "2", "--quiet"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path), "--threads", "2"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with process:
        try:
            until(lambda: len(list(tmp_path.rglob("*.jsonl"))) == 2, process)
            process.send_signal(getattr(signal, sent))
            process.communicate(timeout=50)  # the workers hold the other end of this pipe, too
        finally:
            process.kill()
    assert process.returncode == (75 if sent == "SIGTERM" else -signal.SIGKILL)
    assert len(list(tmp_path.rglob("*.ckpt"))) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_sigterm_is_a_pause(tmp_path, capsys):
    def stop():
        until(lambda: list(tmp_path.rglob("*.jsonl")))
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop).start()
    assert reproduce(tmp_path, "--losses", "ce", "--quiet") == 75
    assert (tmp_path / "mini" / "small-ce-0.ckpt").exists()
    assert "the same command goes on from there" in capsys.readouterr().out


def test_a_finished_run_needs_no_folder_it_may_write_to(quick, tmp_path, monkeypatch, capsys):
    assert reproduce(tmp_path, "--losses", "ce") == 0

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(experiments, "FileLock", refuse)
    assert reproduce(tmp_path, "--losses", "ce") == 0
    assert reproduce(tmp_path, "--losses", "ce", "--seeds", "1") == 2
    assert "mini/small-ce-1: [Errno 13] Permission denied" in capsys.readouterr().err


def test_an_error_in_one_of_several_is_the_commands(quick, tmp_path, capsys):
    assert reproduce(tmp_path, "--losses", "ce") == 0
    path = tmp_path / "mini" / "small-ce-0.jsonl"
    path.write_text(path.read_text().replace('"lr": 0.1', '"lr": 99'))
    assert reproduce(tmp_path, "--jobs", "2") == 2
    error = capsys.readouterr().err
    assert error.startswith("fpl_lib: ") and "lr = 99" in error


@pytest.mark.parametrize(
    ("fault", "words"),
    [(None, "the loss became nan in epoch 1, batch 1 of 3"),
     (torch.OutOfMemoryError("no memory\nleft"), "no memory left")],
)  # fmt: skip
def test_a_run_that_fails_is_one_line_and_the_others_still_run(
    fault, words, quick, tmp_path, capsys, monkeypatch
):
    class Fails(torch.nn.Module):
        def forward(self, logits, target):
            if fault:
                raise fault
            return logits.sum() * float("nan")

    monkeypatch.setitem(experiments.LOSSES, "fpl", lambda counts: Fails())
    assert reproduce(tmp_path) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"mini/small-fpl-0: {words}" in error
    assert read_record(tmp_path / "mini" / "small-ce-0.jsonl").done


def test_a_code_page_without_the_minus_sign_still_gets_the_report(tmp_path, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    assert main(["report", "--runs", str(tmp_path)]) == 0
    sys.stdout.flush()
    text = written.getvalue().decode("cp1252")
    assert "# Report" in text and "\\u2212" in text


def test_data_says_what_is_there(capsys):
    assert main(["data", "--source", "mini"]) == 0
    assert "4 000 training and 1 000 test images" in capsys.readouterr().out


def test_an_interrupt_says_how_to_go_on(quick, tmp_path, capsys, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("fpl_lib.commands.jobs.run", stop)
    assert reproduce(tmp_path) == 130
    assert "goes on from the last checkpoint" in capsys.readouterr().err


def test_a_record_of_another_recipe_stops_the_command(quick, tmp_path, capsys):
    assert reproduce(tmp_path, "--losses", "ce") == 0
    path = tmp_path / "mini" / "small-ce-0.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["config"]["lr"] = 99
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert reproduce(tmp_path, "--losses", "ce") == 2
    assert "lr = 99" in capsys.readouterr().err
