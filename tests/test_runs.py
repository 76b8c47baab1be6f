"""Records: written whole, read with every check."""

import copy
import json
import math
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_runs import made

from fpl_lib.commands.report import report
from fpl_lib.evidence.machine import resumed
from fpl_lib.evidence.records import (
    BEFORE_OPTIONS,
    Record,
    known_accuracies,
    read_record,
    read_runs,
    recorded_runs,
    results_table,
    write_record,
)
from fpl_lib.evidence.validation import RecordError, result_of

CONFUSION = np.array([[3, 1, 0], [0, 4, 0], [2, 1, 1]])
RUNS = Path(__file__).parents[1] / "data" / "runs"
# The first record of each experiment: old and new ones, with confusions by epoch and without.
KINDS = [sorted(folder.glob("*.jsonl"))[0] for folder in sorted(RUNS.iterdir()) if folder.is_dir()]


def record(seed=0, done=True):
    row = {
        "train_loss": 1.5,
        "top1": 100 * 8 / 12,
        "top5": 100.0,
        "seconds": 1.0,
        "images_per_second": 12.0,
    }
    header = {
        "experiment": "mini", "model": "small", "loss": "fpl", "seed": seed,
        "config": {"epochs": 2}, "data": {"source": "mini", "test": 12},
        "environment": {"device": "CPU"},
    }  # fmt: skip
    epochs = [{"epoch": number, **row} for number in (1, 2)]
    return Record(header, epochs, result_of(CONFUSION, 100.0) if done else None)


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


def test_all_records_make_one_table(tmp_path):
    for seed in (1, 0):
        write_record(record(seed), tmp_path)
    write_record(record(2, done=False), tmp_path)
    runs = read_runs(tmp_path)
    assert [run.header["seed"] for run in runs] == [0, 1, 2]
    table = results_table(runs)
    assert table["seed"].tolist() == [0, 1]
    assert set(table["errors"]) == {4}
    assert results_table([]).empty


FAULTS = {
    "no seed": (lambda r: r.header.pop("seed"), "header 'seed': expected int, got None"),
    "seed is a bool": (lambda r: r.header.update(seed=True), "expected int, got True"),
    "a seed below 0": (lambda r: r.header.update(seed=-1), "'seed': expected 0 or more, got -1"),
    "a name that leads away": (
        lambda r: r.header.update(experiment="../../elsewhere/x"), "'experiment': expected letters"
    ),
    "a hidden name": (lambda r: r.header.update(loss=".fpl"), "'loss': expected letters"),
    "a condition that is no text": (lambda r: r.header.update(condition=None), "'condition'"),
    "a protocol that is no version": (lambda r: r.header.update(protocol=[1]), "'protocol'"),
    "no number of epochs": (lambda r: r.header["config"].clear(), "config: epochs: .*got None"),
    "epochs removed with their number": (
        lambda r: (r.epochs.pop(), r.header["config"].clear()), "config: epochs: .*got None"
    ),
    "a device that is a list": (lambda r: r.header["environment"].update(device=[]), "device"),
    "epochs out of order": (lambda r: r.epochs.reverse(), "expected epoch 1, got 2"),
    "an epoch that is no integer": (lambda r: r.epochs[0].update(epoch=1.0), "expected epoch 1"),
    "an epoch without loss": (lambda r: r.epochs[0].pop("train_loss"), "train_loss: .*got None"),
    "a loss that is NaN": (lambda r: r.epochs[0].update(train_loss=float("nan")), "train_loss"),
    "an infinite loss": (lambda r: r.epochs[0].update(train_loss=float("inf")), "train_loss"),
    "a loss beyond floats": (lambda r: r.epochs[0].update(train_loss=10**400), "train_loss"),
    "a loss below 0": (lambda r: r.epochs[0].update(train_loss=-1.0), "train_loss: expected 0 or"),
    "time runs backwards": (lambda r: r.epochs[0].update(seconds=-5), "seconds: .*got -5"),
    "true for a number": (lambda r: r.epochs[0].update(seconds=True), "seconds: .*got True"),
    "a fraction for percent": (lambda r: r.epochs[1].update(top5=0.4), "epoch 2: top1 above top5"),
    "more than all": (lambda r: r.epochs[1].update(top5=101.0), "top5: .*to 100, got 101.0"),
    "less than nothing": (lambda r: r.epochs[0].update(top1=-1.0), "epoch 1: top1: .*got -1.0"),
    "another's confusion": (
        lambda r: r.epochs[0].update(confusion=[[4, 0, 0], [0, 4, 0], [0, 0, 4]]),
        "epoch 1: top1 is not the confusion's",
    ),
    "an impossible likelihood": (lambda r: r.result.update(nll=-0.1), "nll: expected .*got -0.1"),
    "an impossible calibration": (lambda r: r.result.update(ece=101), "ece: .*from 0 to 100"),
    "an impossible margin": (lambda r: r.epochs[1].update(margin=-2.0), "margin: .*-1 to 1"),
    "no margin at all": (lambda r: r.result.update(margin=None), "margin: .*got None"),
    "more epochs than planned": (
        lambda r: (r.header["config"].update(epochs=1), setattr(r, "result", None)), "2 epochs of 1"
    ),
    "not the last epoch's": (
        lambda r: r.epochs[1].update(top1=50.0), "result: top1 is not the last epoch's"
    ),
    "not the last epoch's top5": (lambda r: r.result.update(top5=99.0), "top5 is not the last"),
    "not the last epoch's margin": (
        lambda r: (r.result.update(margin=0.5), r.epochs[1].update(margin=0.4)), "margin is not"
    ),
    "too few epochs": (lambda r: r.epochs.pop(), "result after 1 of 2 epochs"),
    "errors made up": (lambda r: r.result.update(errors=3), "expected 4 by the confusion, got 3"),
    "errors that are no integer": (lambda r: r.result.update(errors=4.0), "errors: expected 4"),
    "no errors": (lambda r: r.result.pop("errors"), "expected 4 by the confusion, got None"),
    "false positives moved": (
        lambda r: r.result.update(false_positives=[1, 3, 0]), "expected .2, 2, 0. by the confusion"
    ),
    "accuracy made up": (lambda r: r.result.update(top1=99.0), "top1 is not the confusion's"),
    "top5 below top1": (lambda r: r.result.update(top5=10.0), "result: top1 above top5"),
    "images missing": (lambda r: r.header["data"].update(test=10_000), "C counts, 10000 images"),
    "no number of images": (lambda r: r.header["data"].pop("test"), "data: test: .*got None"),
    "no confusion": (lambda r: r.result.pop("confusion"), "confusion: .*got None"),
    "an empty confusion": (lambda r: r.result.update(confusion=[]), "confusion: "),
    "a count below 0": (
        lambda r: r.result.update(confusion=[[8, 1, 0], [0, -1, 0], [2, 1, 1]]), "confusion: "
    ),
    "a count and a bit": (
        lambda r: r.result.update(confusion=[[3.9, 1, 0], [0, 4, 0], [2, 1, 1]]), "confusion: "
    ),
    "a ragged confusion": (lambda r: r.result.update(confusion=[[1], [1, 2]]), "confusion: "),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_record_that_does_not_hold_together_is_neither_written_nor_read(fault, tmp_path):
    change, words = FAULTS[fault]
    wrong = record()
    change(wrong)
    with pytest.raises(RecordError, match=words):
        write_record(wrong, tmp_path)
    path = tmp_path / "small-fpl-0.jsonl"
    words = words if "finite" not in fault and "NaN" not in fault else "finite numbers"
    path.write_text("".join(json.dumps(line) + "\n" for line in wrong.lines()))
    with pytest.raises(RecordError, match=words) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a run line"),
        ("\n", "line 1: expected a JSON object"),
        ('{"kind": "run", "x": NaN}', "line 1: .*finite numbers"),
        ('{"kind": "run", "x": -Infinity}', "line 1: .*finite numbers"),
        ('{"kind": "run", "x": 1e999}', "line 1: .*finite numbers"),
        ('{"kind": "run", "x": 1' + "0" * 5000 + "}", "line 1: |header 'experiment'"),
        ('{"kind": ' + "[" * 500 + "]" * 500 + "}", "expected a run line"),
        ('{"kind": "run", "x": ' + "[" * 100_000, "values within values"),
        ('{"kind": "run"}', "header 'experiment': expected str, got None"),
        ("null", "line 1: expected a JSON object"),
        ('{"kind": null}', "got .None"),
        ("not JSON\n", "line 1: expected a JSON object"),
        ('{"epoch": 1}\n', 'line 1: expected a JSON object with "kind"'),
        ("[1]\n", "line 1: expected a JSON object"),
        ('{"kind": "epoch"}\n', "got .'epoch'"),
        ('{"kind": "run"}\n{"kind": "result"}\n{"kind": "result"}\n', "at most one result"),
    ],
)
def test_what_is_no_record_is_named(text, words, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError, match=words) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = write_record(record(), tmp_path)
    path.write_bytes(path.read_bytes().replace(b"CPU", b"C\xffU"))
    with pytest.raises(RecordError, match="line 1: expected a JSON object"):
        read_record(path)


@pytest.mark.parametrize("place", ["mini/small-ce-0", "mini/small-fpl-1", "noise-mini/small-fpl-0"])
def test_a_record_under_another_runs_name_is_refused(place, tmp_path):
    path = tmp_path / f"{place}.jsonl"
    path.parent.mkdir()
    write_record(record(), tmp_path).replace(path)
    with pytest.raises(RecordError, match="expected it to be called mini.small-fpl-0.jsonl"):
        read_record(path)


def test_a_report_never_writes_outside_its_folder(tmp_path):
    path = write_record(record(), tmp_path / "runs")
    path.write_text(path.read_text().replace('"mini"', '"../../elsewhere/x"', 1))
    with pytest.raises(RecordError, match="'experiment': expected letters"):
        report(tmp_path / "runs", tmp_path / "to")
    assert [one.name for one in tmp_path.iterdir()] == ["runs"]


def test_newer_numbers_and_unknown_keys_are_kept(tmp_path):
    ours, more = record(), {"nll": 0.9, "ece": 3.1, "margin": -0.2, "other": [None, "x"]}
    ours.header["protocol"] = 2
    ours.epochs[1].update(more)
    ours.result = result_of(CONFUSION, 100.0, **more)
    assert read_record(write_record(ours, tmp_path)) == ours


def test_a_loss_of_ones_own_may_be_below_0(tmp_path):
    ours = record()
    ours.header["loss"], ours.epochs[0]["train_loss"] = "mine", -0.3
    assert read_record(write_record(ours, tmp_path)) == ours


def anywhere(value, rng):
    """A random place in nested values: its container and key."""
    while True:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.1:
            return value, key
        value = inner


def other_value(value, rng):
    """A value in place of another: of another type, out of range, or a little off."""
    odd = [None, True, -5, 10**30, 10**400, 0.5, "x", "../x", [], {}, [[1]], math.nan, "\u2028"]
    if isinstance(value, (int, float)):
        odd += [value + 1, value - 1, value + 0.9, -value - 1, 2 * value + 1, math.inf] * 2
    return rng.choice(odd)


def mutated(text, rng):
    """A copy of a record with one thing changed: bytes, lines, or a value."""
    raw, lines = bytearray(text, "utf-8"), text.splitlines()
    way = rng.choice(["byte", "cut", "repeat", "end", "line", "key", "value", "value"])
    i, j = sorted(rng.sample(range(len(raw)), 2))
    k, m = rng.sample(range(len(lines)), 2)
    if way == "byte":
        raw[i] = rng.randrange(256)
    elif way == "cut":
        del raw[i : i + rng.randrange(1, 9)]
    elif way == "repeat":
        raw[i:i] = raw[j : j + rng.randrange(1, 9)]
    elif way == "end":
        del raw[i:]
    elif way == "line":
        lines[k : k + rng.randrange(2)] = [lines[m]] * rng.randrange(2)
    else:
        row = json.loads(lines[k])
        place, key = anywhere(row, rng)
        if way == "key" and isinstance(place, dict):
            place[f"{key}x"] = place.pop(key)
        else:
            place[key] = other_value(place[key], rng)
        lines[k] = json.dumps(row)
    return bytes(raw) if way in ("byte", "cut", "repeat", "end") else "\n".join(lines).encode()


def essence(found):
    """What verdicts rest on, as text: times, losses and accuracies on the way are not in it."""
    header = [found.header[key] for key in ("experiment", "model", "loss", "seed")]
    sizes = found.condition, found.header["config"]["epochs"], found.header["data"]["test"]
    return json.dumps([header, sizes, found.result])


@pytest.mark.parametrize("stored", KINDS, ids=lambda path: path.parent.name)
def test_a_damaged_record_says_the_same_or_is_refused(stored, tmp_path):
    """Whatever happens to a file: RecordError with its name, or the numbers that it had."""
    text, rng = stored.read_text(), random.Random(stored.name)
    path = tmp_path / stored.parent.name / stored.name
    path.parent.mkdir()
    whole, refused = read_record(stored), 0
    for number in range(200):
        path.write_bytes(mutated(text, rng))
        try:
            found = read_record(path)
        except RecordError as error:
            assert str(path) in str(error)
            refused += 1
            continue
        if not found.done:  # cut after a line: a run under way
            found.epochs += whole.epochs[len(found.epochs) :]
            found.result = whole.result
        assert essence(found) == essence(whole), f"copy {number}"
        for row, was in zip(found.epochs, whole.epochs, strict=True):
            assert "confusion" not in row or row["top1"] == was["top1"], f"copy {number}"
        results_table([found])
    assert 100 < refused < 195


def test_a_run_that_goes_on_elsewhere_says_so():
    here = {"threads": 1, "torch": "2.1", "start": "9:00"}
    assert resumed(here, {**here, "start": "9:30"}) == here
    once = resumed(here, {**here, "threads": 2, "start": "9:30"})
    assert once == {**here, "resumed": [{"threads": 2, "start": "9:30"}]}
    assert resumed(once, {**here, "threads": 2, "start": "9:40"}) == once
    back = resumed(once, {**here, "start": "9:50"})
    assert back["resumed"][1:] == [{"threads": 1, "start": "9:50"}]


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


def test_known_accuracies_are_those_of_one_setting_by_seed(folder):
    known = partial(known_accuracies, "mini", "small", folder=folder)
    assert known("ce") == (30.0, 40.0)
    assert known("ce", epoch=1) == (15.0, 20.0, 10.0)
    assert known("ce", epoch=2) == (30.0, 40.0)
    assert known("ce", condition="noise40") == (90.0,)
    with pytest.raises(LookupError, match="reproduce mini --models small --losses mae"):
        known("mae")


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


def test_a_line_cut_in_the_middle_is_found(tmp_path):
    path = write_record(record(), tmp_path)
    path.write_text(path.read_text()[:-40])
    with pytest.raises(RecordError, match="line 4"):
        read_record(path)


def test_nan_is_never_written(tmp_path):
    wrong = copy.deepcopy(record(done=False))
    wrong.epochs[0]["train_loss"] = float("nan")
    with pytest.raises(ValueError):
        write_record(wrong, tmp_path)
    assert not list(tmp_path.rglob("*.jsonl")) and not list(tmp_path.rglob("*.part"))
