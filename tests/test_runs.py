"""Records: written whole, read back, told apart by setting."""

import json
import os
import subprocess
import sys
from functools import partial

import pytest
from made_runs import CONFUSION, made, record

from fpl_lib.evidence.comparisons import known_accuracies, values
from fpl_lib.evidence.records import (
    BEFORE_OPTIONS,
    read_record,
    read_runs,
    recorded_runs,
    write_record,
)
from fpl_lib.evidence.validation import result_of


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = write_record(record(), tmp_path)
    assert path == tmp_path / "mini" / "small-fpl-0.jsonl"
    assert read_record(path) == record()
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()] == [
        "run", "epoch", "epoch", "result",
    ]  # fmt: skip


def test_a_run_under_way_has_no_result(tmp_path):
    found = read_record(write_record(record(done=False), tmp_path))
    assert not found.done and found.result is None and len(found.epochs) == 2


def test_the_result_counts_false_positives_that_sum_to_the_errors():
    result = result_of(CONFUSION, 100.0)
    assert result["false_positives"] == [2, 2, 0]
    assert result["errors"] == sum(result["false_positives"]) == CONFUSION.sum() - CONFUSION.trace()
    assert result["top1"] == pytest.approx(100 * 8 / 12)


def test_a_result_says_how_sure_the_network_was_where_its_record_is_new_enough(tmp_path):
    sureness = {"nll": 0.5, "ece": 3.0, "margin": -0.25}
    new = record()
    new.result = result_of(CONFUSION, 100.0, **sureness)
    assert sureness.items() <= read_record(write_record(new, tmp_path)).result.items()
    assert not sureness.keys() & record().result.keys()


def test_all_records_are_read_in_the_order_of_their_seeds(tmp_path):
    for seed in (1, 0):
        write_record(record(seed), tmp_path)
    write_record(record(2, done=False), tmp_path)
    runs = read_runs(tmp_path)
    assert [run.header["seed"] for run in runs] == [0, 1, 2]
    assert values(runs, "fpl", "errors").to_dict() == {0: 4, 1: 4}


def test_to_read_records_takes_no_training_stack():
    code = (
        "import sys; from fpl_lib.evidence import by_setting, compared, read_runs, recorded_runs\n"
        "by_setting(recorded_runs('short')); print({'torch', 'torchvision'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def folder(tmp_path):
    """Seeds 1 and 0 of one loss, finished; seed 2 cut; another condition; another loss."""
    for seed, top1, loss, condition in [(1, 40, "ce", ""), (0, 30, "ce", ""), (2, None, "ce", ""),
                                        (3, 90, "ce", "noise40"), (0, 80, "fpl", "")]:  # fmt: skip
        run = made(loss, seed, top1 or 20, condition=condition, epochs=2, images=1000)
        if top1 is None:
            run.epochs.pop()
            run.result = None
        write_record(run, tmp_path)
    return tmp_path


def test_known_accuracies_are_those_of_one_setting_by_seed(folder, monkeypatch):
    monkeypatch.setattr("fpl_lib.evidence.comparisons.recorded_runs", partial(read_runs, folder))
    known = partial(known_accuracies, "mini", "small")
    assert known("ce") == (30.0, 40.0)
    assert known("ce", epoch=1) == (15.0, 20.0)
    assert known("ce", epoch=2) == (30.0, 40.0)
    with pytest.raises(LookupError, match="reproduce mini --models small --losses mae"):
        known("mae")
    with pytest.raises(LookupError, match="reproduce short --models small --losses ce"):
        known_accuracies("short", "small", "ce")


def test_the_kits_own_records_can_be_had_by_experiment():
    assert {run.header["experiment"] for run in recorded_runs("table2")} == {"table2"}
    assert recorded_runs("no-such-experiment") == []
    with pytest.raises(FileNotFoundError, match="no such folder of records"):
        read_runs("no-such-folder")


def test_what_came_later_is_what_it_was_before():
    """A new option needs its line in BEFORE_OPTIONS: else old runs and new would not be one."""
    from fpl_lib.evidence.catalogue import RunConfig
    from fpl_lib.training.loop import Recipe

    today = RunConfig("", "", "", 0, Recipe()).as_dict()
    oldest = recorded_runs("table2")[0].header["config"]
    assert BEFORE_OPTIONS == {key: today[key] for key in today if key not in oldest}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_record_is_refused_and_not_waited_for(tmp_path):
    path = write_record(record(), tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file.*small-fpl-0.jsonl"):
        read_record(path)
