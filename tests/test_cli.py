"""The commands as a user types them: what they print, where they write, how they end."""

import json
import subprocess
import sys

import pytest
from repository import ROOT

from fpl_lib.__main__ import main
from fpl_lib.commands import cli
from fpl_lib.evidence import experiments
from fpl_lib.evidence.records import read_record

pytestmark = pytest.mark.slow


@pytest.fixture
def quick(monkeypatch):
    """`reproduce mini` with one epoch of a few images, so that a command takes a second."""
    from dataclasses import replace

    plan = experiments.EXPERIMENTS["mini"]
    monkeypatch.setitem(
        experiments.EXPERIMENTS, "mini", replace(plan, recipe=replace(plan.recipe, epochs=1))
    )
    load = cli.load_cifar10

    def few(root, *, source):
        images = load(root, source=source)
        return replace(
            images, train_images=images.train_images[:130], train_labels=images.train_labels[:130],
            test_images=images.test_images[:60], test_labels=images.test_labels[:60],
        )  # fmt: skip

    monkeypatch.setattr(cli, "load_cifar10", few)


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


def test_an_error_in_one_of_several_is_the_commands(quick, tmp_path, capsys):
    assert reproduce(tmp_path, "--losses", "ce") == 0
    path = tmp_path / "mini" / "small-ce-0.jsonl"
    path.write_text(path.read_text().replace('"lr": 0.1', '"lr": 99'))
    assert reproduce(tmp_path, "--jobs", "2") == 2
    error = capsys.readouterr().err
    assert error.startswith("fpl_lib: ") and "lr = 99" in error


def test_a_diverging_run_is_one_line_and_the_others_still_run(quick, tmp_path, capsys, monkeypatch):
    from torch import nn

    class Diverges(nn.Module):
        def forward(self, logits, target):
            return logits.sum() * float("nan")

    monkeypatch.setitem(experiments.LOSSES, "fpl", lambda counts: Diverges())
    assert reproduce(tmp_path) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mini/small-fpl-0: the loss became nan in epoch 1, batch 1 of 3" in error
    assert read_record(tmp_path / "mini" / "small-ce-0.jsonl").done


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reproduce", "mini", "--models", "resnet18"], "has no model 'resnet18': expected small"),
        (["reproduce", "mini", "--losses", "mse"], "has no loss 'mse'"),
        (
            ["reproduce", "noise-mini", "--conditions", "loud"],
            "no condition 'loud': expected noise00",
        ),
        (
            ["reproduce", "mini", "--weights", "x"],
            "weights are for conditions that start from some",
        ),
        (["reproduce", "mini", "--device", "warp"], "unknown device 'warp'"),
        (["reproduce", "mini", "--device", "cuda:99"], "cuda:99"),
        (["reproduce", "mini", "--device", "meta"], "'meta' is not supported: expected auto, cpu"),
        (["train", "--epochs", "1", "--batch-size", "1"], "batch_size of at least 2"),
        (["train", "--epochs", "1", "--lr", "-1"], "lr must be above 0 and finite, got -1"),
        (["train", "--momentum", "-1"], "momentum must be 0 or more, got -1"),
        (["report", "--runs", "no-such-folder"], "no-such-folder: no such folder of records"),
        (["data", "--data-dir", "no-such-folder", "--source", "disk"], "no-such-folder"),
    ],
)
def test_errors_are_one_line_and_exit_2(arguments, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("fpl_lib: ") and error.count("\n") == 1
    assert words in error


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["fly"], ["reproduce"], ["reproduce", "table9"], ["train", "--loss", "mse"],
        ["train", "--epochs", "0"], ["train", "--seed", "-1"], ["data", "--source", "cloud"],
        ["reproduce", "mini", "--seeds", "a"], ["reproduce", "mini", "--seeds", "3-1"],
        ["reproduce", "mini", "--seeds", "1-"], ["reproduce", "mini", "--threads", "x"],
        ["reproduce", "mini", "--max-seconds", "nan"], ["train", "--max-seconds", "-1"],
        ["train", "--max-seconds", "soon"],
    ],
)  # fmt: skip
def test_what_the_parser_refuses_is_exit_2_too(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m fpl_lib" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0", [0]), ("0-3", [0, 1, 2, 3]), ("0,2,4-6", [0, 2, 4, 5, 6]), ("1,1", [1])],
)
def test_seeds_are_ranges_and_lists(text, seeds):
    assert cli._seeds(text) == seeds


def test_a_command_says_nothing_on_stderr_when_all_is_well():
    done = subprocess.run(
        [sys.executable, "-m", "fpl_lib", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["data", "train", "reproduce", "report", "bench"])
def test_help_names_every_argument(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m fpl_lib {command}" in text and "None" not in text
    if command == "reproduce":
        assert "table2" in text and "mini" in text and "75" in text


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
