"""The figures draw the records' numbers, refuse to mix settings, and say what they show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from made_runs import made, pair

from fpl_lib import paper
from fpl_lib.evidence.comparisons import by_setting, compare, difference_table
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import mean_interval
from fpl_lib.plots import records as figures
from fpl_lib.plots.records.errors import mean_confusion
from fpl_lib.plots.style import MAX_BYTES, MIN_ALT, _png

pytestmark = pytest.mark.slow

SCRATCH = {"experiment": "table3", "model": "resnet50", "condition": "scratch"}
DRAWN = (figures.accuracy_over_epochs, figures.false_positive_map, figures.confusion_map)


def top1(runs, loss):
    rows = [run.epochs for run in runs if run.header["loss"] == loss]
    return np.array([[row["top1"] for row in epochs] for epochs in rows])


def test_the_curves_are_the_records_numbers():
    runs = pair(1, seeds=4, bumps=2)
    figure, alt = figures.accuracy_over_epochs(runs)
    ax = figure.axes[0]
    drawn = {tuple(np.round(line.get_ydata(), 6)) for line in ax.lines}
    for loss in ("fpl", "ce"):
        for curve in (*top1(runs, loss), top1(runs, loss).mean(0)):
            assert tuple(np.round(curve, 6)) in drawn
        assert f"at {top1(runs, loss).mean(0)[-1]:.1f} %" in alt
    assert "epoch" in ax.get_xlabel() and "%" in ax.get_ylabel()


def test_the_band_is_the_t_interval_of_the_mean():
    runs = [run for run in pair(1, seeds=4, bumps=2) if run.header["loss"] == "fpl"]
    figure, alt = figures.accuracy_over_epochs(runs)
    (band,) = figure.axes[0].collections
    last = mean_interval(top1(runs, "fpl")[:, -1])
    heights = band.get_paths()[0].vertices
    at_end = heights[heights[:, 0] == 4, 1]
    assert (at_end.min(), at_end.max()) == pytest.approx((last.low, last.high))
    assert "95 % intervals" in alt


def test_one_run_has_no_band():
    figure, alt = figures.accuracy_over_epochs(pair(1, seeds=1))
    assert not figure.axes[0].collections and "interval" not in alt


def test_the_papers_end_values_are_black_diamonds_where_it_prints_some():
    figure, alt = figures.accuracy_over_epochs(pair(0.3, level=94.5, **SCRATCH))
    for ax, key in zip(figure.axes, ("top1", "top5"), strict=True):
        diamonds = [line for line in ax.lines if line.get_marker() == "D"]
        printed = paper.table3().query("pretrained == 'none'")[key]
        assert sorted(line.get_ydata()[0] for line in diamonds) == sorted(printed)
        assert {line.get_markerfacecolor() for line in diamonds} == {"black"}
    assert "paper" in alt
    figure, alt = figures.accuracy_over_epochs(pair(0.3))
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "D"]


def test_the_map_counts_false_positives_where_they_are():
    figure, alt = figures.false_positive_map([made(top1=60)])
    counts = made(top1=60).result["false_positives"]
    assert [text.get_text() for text in figure.axes[0].texts] == [str(n) for n in counts]
    assert "4000 in all, most for cat" in alt


def test_the_map_holds_the_papers_rows_and_both_differences():
    runs = pair(1, experiment="table2", model="resnet18", level=64)
    figure, _ = figures.false_positive_map(runs)
    above, below = figure.axes[:2]
    printed = paper.table2().query("model == 'resnet18'").set_index("loss")
    fpl, ce = (printed.loc[loss, "airplane":"truck"].to_numpy(int) for loss in ("fpl", "ce"))
    texts = [text.get_text() for text in above.texts]
    assert texts[20:] == [str(n) for n in (*fpl, *ce)]
    signed = [text.get_text() for text in below.texts][10:]
    assert [int(text.replace("−", "-")) for text in signed] == (fpl - ce).tolist()


def test_confusion_is_averaged_over_seeds_in_percent_of_the_true_class():
    runs = [made(seed=0, top1=60), made(seed=1, top1=80)]
    mean, n = mean_confusion(runs, "fpl")
    assert n == 2 and mean.sum(1) == pytest.approx(np.full(10, 100))
    assert mean.diagonal().mean() == pytest.approx(70)


def test_the_difference_of_confusions_sums_to_zero_in_each_row():
    figure, _ = figures.confusion_map(pair(2))
    arrays = [ax.collections[0].get_array() for ax in figure.axes[:3]]
    matrices = [np.asarray(array).reshape(10, 10) for array in arrays]
    assert matrices[0] - matrices[1] == pytest.approx(matrices[2])
    assert matrices[2].sum(1) == pytest.approx(np.zeros(10), abs=1e-9)


def differences_of(runs):
    (setting,) = by_setting(runs)
    return figures.comparison_plot(compare(runs), where=setting.label)


def title_of(figure):
    ax = figure.axes[0]
    return figure.get_suptitle() or ax.get_title("left") or ax.get_title()


def test_differences_are_drawn_with_their_intervals():
    runs = [*pair(1, seeds=5, condition="noise20"), *pair(-2, seeds=5, condition="noise40")]
    rows = difference_table(runs).set_index("condition")
    for setting, ours in by_setting(runs).items():
        figure, alt = differences_of(ours)
        (ax,), row = figure.axes, rows.loc[setting.condition]
        (bar,) = [line for line in ax.lines if list(line.get_ydata()) == [0, 0]]
        assert list(bar.get_xdata()) == pytest.approx([row["low"], row["high"]])
        (mean,) = [line for line in ax.lines if line.get_marker() == "D"]
        assert list(mean.get_xdata()) == pytest.approx([row["estimate"]])
        (seeds,) = [line for line in ax.lines if line.get_marker() == "o"]
        assert len(seeds.get_xdata()) == 5 and np.mean(seeds.get_xdata()) == pytest.approx(
            row["estimate"]
        )
        assert setting.label in ax.get_xlabel() and setting.condition in setting.label
        assert title_of(figure) == "Different from CE beyond the seeds: FPL"
        assert f"FPL, n = 5: {row['estimate']:+.1f}" in alt
    alike, _ = differences_of(pair(0, seeds=5))
    assert title_of(alike) == "Different from CE beyond the seeds: none"


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize(
    "other", [{"condition": "exp10"}, {"config": {"lr": 1.0}}, {"source": "cifar10"}]
)
def test_runs_of_two_settings_are_not_drawn_as_one(draw, other):
    with pytest.raises(ValueError, match="runs of one setting, got 2"):
        draw([*pair(1, seeds=2), *pair(1, seeds=2, **other)])


def test_nothing_to_draw_is_said():
    empty = Record(made().header)
    with pytest.raises(ValueError, match="no record has an epoch"):
        figures.accuracy_over_epochs([empty])
    with pytest.raises(ValueError, match="no run is finished"):
        figures.false_positive_map([empty])
    with pytest.raises(ValueError, match="no finished run of fpl"):
        figures.confusion_map([empty])
    with pytest.raises(ValueError, match="at least 3 seeds that 'ce' has"):
        differences_of(pair(1, seeds=2))
    with pytest.raises(ValueError, match="got 0 .no records."):
        figures.accuracy_over_epochs([])


def test_every_figure_fits_a_notebook_and_has_words():
    runs = pair(1, seeds=3, experiment="table2", model="resnet18", level=64)
    for draw in (*DRAWN, differences_of):
        figure, alt = draw(runs)
        assert len(_png(figure)) <= MAX_BYTES and len(alt) >= MIN_ALT
        assert title_of(figure)
        plt.close(figure)
