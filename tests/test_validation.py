"""A record that does not hold together is refused, whoever wrote it."""

import copy
import json

import pytest
from made_runs import CONFUSION, record

from fpl_lib.commands.report import report
from fpl_lib.evidence.records import (
    read_record,
    write_record,
)
from fpl_lib.evidence.validation import RecordError, result_of

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


@pytest.mark.parametrize("place", ["mini/small-ce-0", "mini/small-fpl-1", "short/small-fpl-0"])
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
