"""The records in data/runs: each is whole, what its name says, and of a run this code plans."""

from pathlib import Path

import pytest

from fpl_lib.cifar10.files import BIN
from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.commands.report import report
from fpl_lib.evidence.experiments import EXPERIMENTS, configs
from fpl_lib.evidence.records import completed, read_record, read_runs

RUNS = Path(__file__).resolve().parent.parent / "data" / "runs"
FILES = sorted(RUNS.rglob("*.jsonl"))
MINI_MD5 = dict(load_cifar10(source="mini").md5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_record_is_finished_and_of_the_experiment_as_it_stands(path):
    record = read_record(path)
    assert record.done
    assert path == RUNS / record.path
    header = record.header
    plan = EXPERIMENTS[header["experiment"]]
    (config,) = configs(
        plan.name, [header["model"]], [header["loss"]], [header["seed"]],
        conditions=[record.condition],
    )  # fmt: skip
    assert path.stem == config.name
    assert completed(header["config"]) == config.as_dict()
    assert header["environment"]["device"]
    if header["data"]["source"] == "cifar10":
        assert header["data"]["md5"] == dict(BIN.md5)
        whole = 10 * config.per_class or 50_000 - config.validation
        assert (header["data"]["train"] == whole) == (config.imbalance == 1)
        assert header["data"]["test"] == (config.validation or 10_000)
    else:
        assert header["data"]["source"] == "mini" and plan.source == "mini"
        assert header["data"]["md5"] == MINI_MD5
        assert (header["data"]["train"] == 4000) == (config.imbalance == 1)
        assert header["data"]["test"] == 1000
    assert all(("confusion" in row) == plan.keep_confusion for row in record.epochs) or (
        plan.name == "table2"
    )


def test_table_2_was_run_for_real_with_both_losses():
    runs = {
        record.header["loss"]: record
        for record in read_runs(RUNS)
        if (record.header["experiment"], record.header["model"]) == ("table2", "resnet18")
    }
    assert set(runs) == {"fpl", "ce"}
    for record in runs.values():
        counts = record.result["false_positives"]
        assert sum(counts) == record.result["errors"] == 10_000 - round(100 * record.result["top1"])


@pytest.mark.slow
def test_the_report_stands_on_these_records_alone(tmp_path):
    text = report(RUNS, tmp_path)
    for record in read_runs(RUNS):
        assert record.header["environment"]["device"] in text
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".csv", ".png"}
