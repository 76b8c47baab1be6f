"""A run that was cut goes on to the same record, and never over another one."""

import os
import time
from dataclasses import replace

import pytest
import torch
from filelock import FileLock
from short_runs import config, late, outcome, with_amp

from fpl_lib.evidence.experiments import (
    Busy,
    Conflict,
    _same_run,
    run,
)
from fpl_lib.evidence.records import Record, read_record, write_record
from fpl_lib.training import CheckpointError, Paused

pytestmark = pytest.mark.slow


def test_a_cut_run_is_not_finished_in_another_precision(images, tmp_path, monkeypatch):
    monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device: True)
    late(with_amp(), images, tmp_path)
    monkeypatch.setattr("fpl_lib.training.step.has_bfloat16", lambda device: False)
    with pytest.raises(Conflict, match="begun in bfloat16.* would go on in float32"):
        run(with_amp(), images, tmp_path, progress=False)


def test_a_run_cut_between_steps_ends_in_the_same_record(images, tmp_path):
    whole = outcome(run(config(), images, tmp_path / "whole", progress=False))
    cuts = 0
    while True:
        try:
            part = run(config(), images, tmp_path, deadline=time.monotonic() + 0.05, progress=False)
            break
        except Paused:
            cuts += 1
            assert list((tmp_path / "mini").glob("*.ckpt"))
    assert outcome(part) == whole
    assert not list((tmp_path / "mini").glob("*.ckpt"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the run that is killed is a fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_run_killed_before_a_checkpoint_was_due_begins_again(images, tmp_path):
    """The standing attack saves a checkpoint at every epoch; within the first minute is none."""
    whole = run(config(epochs=3), images, tmp_path / "whole", progress=False)
    child = os.fork()
    if not child:

        def die(row):
            if row["epoch"] == 2:
                os._exit(9)

        try:
            run(config(epochs=3), images, tmp_path, progress=False, on_epoch=die)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    begun = read_record(tmp_path / "mini" / "small-fpl-0.jsonl")
    assert len(begun.epochs) == 2 and not begun.done and not list(tmp_path.rglob("*.ckpt"))
    new = []
    again = run(config(epochs=3), images, tmp_path, progress=False, on_epoch=new.append)
    assert outcome(again) == outcome(whole) and [row["epoch"] for row in new] == [1, 2, 3]


def test_a_resumed_run_does_not_write_its_past_again(images, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "fpl_lib.evidence.experiments.write_record",
        lambda record, out: written.append(len(record.epochs)) or write_record(record, out),
    )
    for _ in range(100):
        written.clear()
        try:
            run(config(), images, tmp_path, deadline=time.monotonic() - 1, progress=False)
            break
        except Paused:
            assert len(written) <= 1
    assert written == [2, 2]  # the last epoch's, and with the result


def test_what_a_killed_write_left_is_cleaned_up(images, tmp_path):
    late(config(), images, tmp_path)
    folder = tmp_path / "mini"
    for name in ("small-fpl-0.ckpt.7-ab.part", "small-fpl-0.jsonl.7-ab.part"):
        (folder / name).write_bytes(b"half")
    (folder / "small-fpl-01.jsonl.8-cd.part").write_bytes(b"of another run, at work")
    late(config(), images, tmp_path)
    assert [path.name for path in folder.glob("*.part")] == ["small-fpl-01.jsonl.8-cd.part"]


def test_the_checkpoint_of_another_run_under_this_ones_name_is_refused(images, tmp_path):
    """It went on silently: the record said seed 0 and was seed 1's."""
    late(config(), images, tmp_path)
    late(config(seed=1), images, tmp_path)
    folder = tmp_path / "mini"
    (folder / "small-fpl-1.ckpt").replace(folder / "small-fpl-0.ckpt")
    with pytest.raises(CheckpointError, match="small-fpl-0.ckpt .*another training .of another s"):
        run(config(), images, tmp_path, progress=False)
    late(config("ce"), images, tmp_path)
    (folder / "small-ce-0.ckpt").replace(folder / "small-fpl-0.ckpt")
    with pytest.raises(CheckpointError, match="of another loss"):
        run(config(), images, tmp_path, progress=False)


def test_a_full_disk_names_the_checkpoint_and_costs_nothing(images, tmp_path, monkeypatch):
    late(config(), images, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", raise_full)
        with pytest.raises(OSError, match="No space left on device: .*small-fpl-0.ckpt"):
            run(config(), images, tmp_path, deadline=time.monotonic() - 1, progress=False)
    assert run(config(), images, tmp_path, progress=False).done


def raise_full(*args):
    raise OSError(28, "No space left on device")


def test_a_record_of_another_configuration_is_not_overwritten(images, tmp_path):
    run(config(), images, tmp_path, progress=False)
    before = (tmp_path / "mini" / "small-fpl-0.jsonl").read_bytes()
    with pytest.raises(Conflict, match="config says epochs = 2, this run's 3; move that file away"):
        run(config(epochs=3), images, tmp_path, progress=False)
    fewer = replace(
        images, train_images=images.train_images[:100], train_labels=images.train_labels[:100]
    )
    with pytest.raises(Conflict, match="data says train = 200, this run's 100"):
        run(config(), fewer, tmp_path, progress=False)
    assert (tmp_path / "mini" / "small-fpl-0.jsonl").read_bytes() == before


def test_a_run_cut_in_its_first_epoch_has_a_record_that_says_what_it_is(images, tmp_path):
    late(config(), images, tmp_path)
    begun = read_record(tmp_path / "mini" / "small-fpl-0.jsonl")
    assert begun.header["config"] == config().as_dict() and not begun.epochs and not begun.done
    with pytest.raises(Conflict, match="config says epochs = 2, this run's 3"):
        run(config(epochs=3), images, tmp_path, progress=False)
    assert run(config(), images, tmp_path, progress=False).header == begun.header


def test_a_run_resumed_under_other_threads_says_so(images, tmp_path):
    late(config(), images, tmp_path)
    torch.set_num_threads(2)
    try:
        record = run(config(), images, tmp_path, progress=False)
    finally:
        torch.set_num_threads(1)
    environment = read_record(tmp_path / record.path).header["environment"]
    (entry,) = environment["resumed"]
    assert environment["threads"] == 1 and entry == {"threads": 2, "start": entry["start"]}


def test_a_checkpoint_whose_record_was_moved_away_is_not_another_runs_start(images, tmp_path):
    """The cure that Conflict names is to start afresh."""
    faster = replace(config(), recipe=replace(config().recipe, lr=0.5))
    whole = outcome(run(config(), images, tmp_path / "whole", progress=False))
    late(faster, images, tmp_path)
    (tmp_path / "mini" / "small-fpl-0.jsonl").rename(tmp_path / "moved.jsonl")
    assert outcome(run(config(), images, tmp_path, progress=False)) == whole


def test_a_run_that_never_got_to_a_checkpoint_gives_way(images, tmp_path):
    path = tmp_path / "mini" / "small-fpl-0.jsonl"
    late(config(), images, tmp_path)
    path.with_suffix(".ckpt").unlink()
    assert len(run(config(epochs=3), images, tmp_path, progress=False).epochs) == 3


def test_the_official_layouts_are_one_data_set(images, tmp_path):
    """A run begun on one layout's files is the same run on the other's."""
    first, second = (
        Record({**run_header(), "data": {"source": "cifar10", "md5": {name: "0"}, "train": 1}})
        for name in ("test_batch", "test_batch.bin")
    )
    _same_run(first, second, tmp_path)
    second.header["data"]["source"] = "mini"
    with pytest.raises(Conflict, match="data says"):
        _same_run(first, second, tmp_path)


def run_header():
    return {"config": config().as_dict(), "environment": {}}


def test_two_processes_never_write_one_record(images, tmp_path):
    (tmp_path / "mini").mkdir()
    with FileLock(tmp_path / "mini" / "small-fpl-0.lock"):
        with pytest.raises(Busy, match="another process"):
            run(config(), images, tmp_path, progress=False)
    assert not list(tmp_path.rglob("*.jsonl"))
