"""Records: written whole, read with every check."""

import copy
import json

import numpy as np
import pytest

from fpl_lib.evidence.records import (
    Record,
    RecordError,
    read_record,
    read_runs,
    result_of,
    results_table,
    write_record,
)

CONFUSION = np.array([[3, 1, 0], [0, 4, 0], [2, 1, 1]])


def record(seed=0, done=True):
    row = {
        "train_loss": 1.5,
        "top1": 50.0,
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


def changed(change):
    ours = record()
    change(ours)
    return ours


FAULTS = {
    "no seed": (lambda r: r.header.pop("seed"), "header 'seed': expected int, got None"),
    "seed is a bool": (lambda r: r.header.update(seed=True), "expected int, got True"),
    "epochs out of order": (lambda r: r.epochs.reverse(), "epoch line 1: says epoch 2"),
    "an epoch without loss": (lambda r: r.epochs[0].pop("train_loss"), "for .'train_loss'"),
    "a fraction for percent": (lambda r: r.epochs[1].update(top5=0.4), "epoch 2: top1, top5"),
    "more than all": (lambda r: r.epochs[1].update(top5=101.0), "epoch 2: top1, top5"),
    "too few epochs": (lambda r: r.epochs.pop(), "result after 1 of 2 epochs"),
    "errors made up": (lambda r: r.result.update(errors=3), "errors 3, by the confusion 4"),
    "false positives moved": (
        lambda r: r.result.update(false_positives=[1, 3, 0]), "by the confusion .2, 2, 0."
    ),
    "accuracy made up": (lambda r: r.result.update(top1=99.0), "top1 99.0 is not the confusion's"),
    "top5 below top1": (lambda r: r.result.update(top5=10.0), "result: top1, top5"),
    "images missing": (lambda r: r.header["data"].update(test=10_000), "counts 12 of 10000"),
    "an nll below 0": (lambda r: r.result.update(nll=-0.1), "result: nll: .* 0 to inf, got -0.1"),
    "an endless nll": (lambda r: r.epochs[0].update(nll=1e999), "epoch 1: nll: .* got inf"),
    "an ece above 100": (lambda r: r.epochs[1].update(ece=101.0), "epoch 2: ece: .* 0 to 100, got"),
    "no margin": (lambda r: r.result.update(margin=None), "result: margin: .* -1 to 1, got None"),
    "no confusion": (lambda r: r.result.pop("confusion"), "'confusion'. missing"),
    "a count below 0": (
        lambda r: r.result.update(confusion=(CONFUSION - np.diag([0, 5, 0])).tolist()), "below 0"
    ),
    "a ragged confusion": (lambda r: r.result.update(confusion=[[1], [1, 2]]), "confusion: "),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_record_that_does_not_hold_together_is_neither_written_nor_read(fault, tmp_path):
    change, words = FAULTS[fault]
    wrong = changed(change)
    with pytest.raises(RecordError, match=words):
        write_record(wrong, tmp_path)
    path = tmp_path / "small-fpl-0.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in wrong.lines()))
    with pytest.raises(RecordError, match=words) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a run line"),
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
    with pytest.raises(RecordError, match=words):
        read_record(path)


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
