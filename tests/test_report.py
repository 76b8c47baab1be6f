"""The report and its figures, from made records whose numbers are known."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from fpl_lib import record_plots
from fpl_lib.report import report, summary, to_markdown
from fpl_lib.runs import Record, result_of, write_record


def record(loss="fpl", seed=0, right=60, epochs=3, experiment="mini", source="mini", done=True):
    """A run on ten classes of 10 images: `right` on the diagonal, the rest called cat."""
    confusion = np.zeros((10, 10), int)
    for image in range(100):
        truth = image % 10
        confusion[truth, truth if image < right or truth == 3 else 3] += 1
    result = result_of(confusion, 99.0)
    rows = [
        {"epoch": e, "train_loss": 1.0, "top1": result["top1"] * e / epochs, "top5": 99.0,
         "seconds": 1.0, "images_per_second": 10.0}
        for e in range(1, epochs + 1)
    ]  # fmt: skip
    header = {
        "experiment": experiment, "model": "small", "loss": loss, "seed": seed,
        "config": {"epochs": epochs if done else epochs + 2},
        "data": {"source": source, "test": 100},
        "environment": {"device": "CPU, a test"},
    }  # fmt: skip
    return Record(header, rows, result if done else None)


def test_seeds_are_averaged_with_their_spread():
    rights = [60, 70, 80]
    records = [record(seed=seed, right=right) for seed, right in enumerate(rights)]
    row = summary(records).query("experiment == 'mini' and loss == 'fpl'").iloc[0]
    top1 = [run.result["top1"] for run in records]
    assert row.n == 3
    assert row.top1_mean == pytest.approx(np.mean(top1))
    assert row.top1_sd == pytest.approx(np.std(top1, ddof=1))
    assert f"{np.mean(top1):.2f} ± {np.std(top1, ddof=1):.2f}" in to_markdown(records)


def test_what_was_not_run_says_so_with_its_command():
    text = to_markdown([record("fpl")])
    assert "| small | ce | not run yet |" in text
    assert "`python -m fpl_lib reproduce mini --models small --losses ce`" in text
    assert (
        "`python -m fpl_lib reproduce table2 --models resnet18 efficientnet_v2_s --losses fpl ce`"
        in text
    )


def test_a_run_under_way_says_how_far_it_is():
    assert "| small | ce | 3 of 5 epochs |" in to_markdown([record("ce", done=False)])


def test_a_run_cut_in_its_first_epoch_has_no_curve_yet(tmp_path):
    begun = record("ce", done=False)
    begun.epochs.clear()
    write_record(begun, tmp_path / "runs")
    text = report(tmp_path / "runs", tmp_path / "to")
    assert "| small | ce | 0 of 5 epochs |" in text
    assert not list((tmp_path / "to").glob("*.png"))


def test_one_seed_has_no_spread():
    text = to_markdown([record()])
    assert "| small | fpl | 1 seed |" in text and "±" not in text


def test_the_papers_accuracy_stands_beside_ours():
    printed = {
        line.split("|")[2].strip(): line.split("|")[5].strip()
        for line in to_markdown([]).partition("## table3")[0].splitlines()
        if line.startswith("| resnet18")
    }
    assert printed == {"fpl": "64.69", "ce": "64.64"}  # 10 000 less 3531 and 3536 false positives


def test_runs_on_different_data_are_never_averaged():
    rows = summary([record(), record(seed=1, source="cifar10")]).query(
        "loss == 'fpl' and model == 'small' and experiment == 'mini'"
    )
    assert sorted(rows["source"]) == ["cifar10", "mini"] and set(rows["n"]) == {1}


def test_the_report_writes_tables_and_figures_from_the_records(tmp_path):
    for loss in ("fpl", "ce"):
        for seed in (0, 1):
            write_record(record(loss, seed, right=60 + 5 * seed), tmp_path / "runs")
    text = report(tmp_path / "runs", tmp_path / "to")
    assert (tmp_path / "to" / "report.md").read_text() == text
    assert (tmp_path / "to" / "results.csv").read_text().count("\n") == 5
    for kind in ("accuracy", "false-positives"):
        assert f"(mini-{kind}.png)" in text
        with Image.open(tmp_path / "to" / f"mini-{kind}.png") as picture:
            assert picture.size[0] <= 1000


def test_the_curves_are_the_records_numbers():
    records = [record(seed=0, right=60), record(seed=1, right=80)]
    figure, alt = record_plots.accuracy_over_epochs(records)
    ax = figure.axes[0]
    drawn = {tuple(np.round(line.get_ydata(), 6)) for line in ax.lines}
    curves = [[row["top1"] for row in run.epochs] for run in records]
    for curve in (*curves, np.mean(curves, axis=0)):
        assert tuple(np.round(curve, 6)) in drawn
    assert "epoch" in ax.get_xlabel() and "%" in ax.get_ylabel()
    assert f"{np.mean(curves, axis=0)[-1]:.1f} %" in alt and "cifar10-mini" in alt


def test_the_map_counts_false_positives_where_they_are():
    figure, alt = record_plots.false_positive_map([record()])
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.texts] == [
        "0",
        "0",
        "0",
        str(record().result["errors"]),
        *["0"] * 6,
    ]
    assert "predicts cat wrongly most often" in alt
    plt.close(figure)


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="no record has an epoch"):
        record_plots.accuracy_over_epochs([])
    with pytest.raises(ValueError, match="no run is finished"):
        record_plots.false_positive_map([record(done=False)])
