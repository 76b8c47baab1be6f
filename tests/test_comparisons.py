"""Comparisons: within one setting, seed by seed, by definition, in words that go no further."""

from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest
from made_runs import made, pair
from scipy import stats

from fpl_lib.evidence.comparisons import (
    by_setting,
    compare,
    compared,
    comparison_table,
    difference_table,
    differences,
    shown_p,
    values,
)
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import mean_interval
from fpl_lib.plots.records.comparisons import comparison_plot


@pytest.mark.parametrize(
    "change",
    [
        {"experiment": "short"},
        {"condition": "exp10"},
        {"model": "resnet18"},
        {"source": "cifar10"},
        {"config": {"lr": 0.5}},
    ],
)
def test_what_differs_in_anything_but_loss_and_seed_is_another_setting(change):
    runs = [made(), made("ce"), made(seed=1), made(**change)]
    assert sorted(map(len, by_setting(runs).values())) == [1, 3]


def test_a_record_from_before_there_were_conditions_has_none():
    old, new = made(), made(seed=1)
    del old.header["condition"]
    assert len(by_setting([old, new])) == 1


def test_an_option_that_came_later_does_not_split_a_setting():
    old, new = made(), made(seed=1, config={"noise": 0.0})
    assert len(by_setting([old, new])) == 1


def test_only_seeds_that_both_have_finished_are_paired():
    unfinished = made("ce", 2, 50)
    unfinished = Record(unfinished.header, unfinished.epochs[:1])
    runs = [made("fpl", 0, 60), made("fpl", 1, 61), made("fpl", 2, 62), made("ce", 1, 58),
            made("ce", 3, 40), unfinished]  # fmt: skip
    assert differences(runs, "fpl", "ce").to_dict() == {1: pytest.approx(3)}


def test_a_seed_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="seed 0 of fpl comes twice"):
        values([made(), made(config={"lr": 0.5})], "fpl")


def test_the_table_holds_the_interval_of_the_differences():
    runs = pair(1.5, seeds=6)
    (row,) = difference_table(runs).itertuples()
    by_seed = differences(runs, "fpl", "ce")
    interval = mean_interval(by_seed)
    assert (row.loss, row.n) == ("fpl", 6)
    assert (row.estimate, row.low, row.high) == pytest.approx(
        (interval.estimate, interval.low, interval.high)
    )
    assert row.sd == pytest.approx(np.std(by_seed, ddof=1))


def test_one_pair_has_a_difference_and_no_interval():
    (row,) = difference_table(pair(1.5, seeds=1)).itertuples()
    assert row.n == 1 and row.estimate == pytest.approx(1.5, abs=0.01) and np.isnan(row.low)
    assert compared(differences(pair(1.5, seeds=1), "fpl", "ce")) is None


def test_no_pair_no_row():
    assert difference_table([made()]).empty
    assert difference_table([]).empty


def run(loss: str, seed: int, top1: float | None, **header) -> Record:
    base = {"experiment": "mini", "model": "small", "config": {}, "data": {"source": "mini"}}
    result = None if top1 is None else {"top1": top1}
    return Record({**base, "loss": loss, "seed": seed, **header}, [], result)


def runs(**columns) -> list[Record]:
    return [run(loss, s, x) for loss, column in columns.items() for s, x in enumerate(column)]


RNG = np.random.default_rng(3)
CE = 60 + RNG.standard_normal(10)
NOISE = RNG.standard_normal((3, 10))
NOISE = 0.5 * (NOISE - NOISE.mean(1, keepdims=True)) / NOISE.std(1, ddof=1, keepdims=True)
UP, SAME, DOWN = CE + 2 + NOISE[0], CE + 0.1 + NOISE[1], CE - 30 + NOISE[2]


def by_loss(records, **options):
    return {one.loss: one for one in compare(records, **options)}


def test_interval_and_p_values_are_those_of_the_paired_t_test():
    found = by_loss(runs(ce=CE, up=UP, same=SAME, down=DOWN))
    for loss, column in (("up", UP), ("same", SAME), ("down", DOWN)):
        one, t = found[loss], stats.ttest_rel(column, CE)
        assert one.n == 10 and one.mean.estimate == pytest.approx((column - CE).mean())
        low, high = t.confidence_interval()
        assert (one.mean.low, one.mean.high) == pytest.approx((low, high))
        assert one.p_value == pytest.approx(t.pvalue, rel=1e-5)
        assert one.sd == pytest.approx(0.5)
    smallest = min(found.values(), key=lambda one: one.p_value)
    assert smallest.adjusted == pytest.approx(3 * smallest.p_value)
    assert {one.of for one in found.values()} == {3}


def test_the_best_comes_first_and_another_baseline_turns_the_sign():
    records = runs(ce=CE, up=UP, down=DOWN)
    assert [one.loss for one in compare(records)] == ["up", "down"]
    turned = by_loss(records, baseline="up")["ce"]
    assert turned.mean.estimate == pytest.approx(-2)


def test_seeds_are_paired_by_number_and_lonely_ones_left_out():
    records = runs(ce=CE, up=UP[:5])[::-1] + [run("up", 77, 99.0), run("ce", 50, None)]
    (one,) = compare(records)
    assert one.n == 5 and one.differences == pytest.approx((UP - CE)[:5])


def test_sign_flips_are_left_out_where_they_could_find_nothing():
    assert by_loss(runs(ce=CE[:5], up=UP[:5]))["up"].flip_p is None
    assert by_loss(runs(ce=CE[:6], up=UP[:6]))["up"].flip_p == pytest.approx(2 / 2**6)


def test_words_follow_the_corrected_p_value():
    found = by_loss(runs(ce=CE, up=UP, same=SAME, down=DOWN))
    assert found["up"].verdict().startswith("up is above CE here: +2.0 points, interval +1.6 to")
    assert found["down"].verdict().startswith("down is below CE here: -30.0 points")
    assert "indistinguishable at n = 10" in found["same"].verdict()
    assert f"about {found['same'].needed()} seeds would be needed" in found["same"].verdict()
    assert 150 < found["same"].needed() < 250  # 0.2 sd: about 199 pairs


def test_an_interval_without_zero_is_not_enough_among_many():
    """A p-value of .03 among six comparisons: no finding, and the sentence says why."""
    t = stats.t.ppf(1 - 0.015, 9)
    column = CE + NOISE[0] + t * 0.5 / 10**0.5
    others = {f"x{i}": CE + np.roll(NOISE[1], i) for i in range(5)}
    one = by_loss(runs(ce=CE, mine=column, **others))["mine"]
    assert one.p_value == pytest.approx(0.03, rel=1e-3) and not one.found
    assert 0 not in one.mean
    assert "as one of 6 comparisons it does not count" in one.verdict()
    assert by_loss(runs(ce=CE, mine=column))["mine"].found


def test_words_for_differences_without_spread():
    same, shifted = runs(ce=CE, mine=CE), runs(ce=CE[:4], mine=CE[:4] + 1)
    (one,) = compare(same)
    assert one.p_value == 1 and "the same loss?" in one.verdict()
    (one,) = compare(shifted)
    assert one.p_value == pytest.approx(2 / 2**4), "t would be infinite: the signs decide"
    assert not one.found and one.needed() is None
    zero_mean = runs(ce=[60.0] * 4, mine=[59.0, 61.0, 59.0, 61.0])
    assert "No number of seeds" in compare(zero_mean)[0].verdict()


def test_many_seeds_are_not_counted():
    tiny = CE + NOISE[0] + 0.005
    assert "more than 1000 seeds" in compare(runs(ce=CE, mine=tiny))[0].verdict()


def test_what_cannot_be_compared_is_refused():
    mixed = runs(ce=CE) + [run("up", s, x, condition="noise40") for s, x in enumerate(UP)]
    with pytest.raises(ValueError, match="one setting; got 2, of mini, noise40, small and mini, s"):
        compare(mixed)
    with pytest.raises(ValueError, match="at least 3 seeds that 'ce' has"):
        compare(runs(ce=CE[:2], up=UP[:2]))
    with pytest.raises(ValueError, match="at least 3 seeds that 'nll' has"):
        compare(runs(ce=CE, up=UP), baseline="nll")
    with pytest.raises(ValueError, match="comes twice"):
        compare(runs(ce=CE, up=UP) + [run("up", 0, 60.0)])


def test_the_table_has_a_row_a_comparison():
    table = comparison_table(compare(runs(ce=CE, gce=UP, mine=SAME[:5])))
    assert table["loss"].tolist() == ["GCE", "mine"] and table["n"].tolist() == [10, 5]
    assert table["p, sign flip"].tolist() == ["0.002", ""]
    assert table["p, Holm"][0] == "< 0.001"
    assert [shown_p(p) for p in (1.0, 0.1, 0.0999, 0.001)] == ["1.00", "0.10", "0.100", "0.001"]


def test_the_figure_shows_each_interval_and_says_so():
    found = compare(runs(ce=CE, fpl=UP, mine=SAME))
    fig, alt = comparison_plot(found, where="test images")
    ax = fig.axes[0]
    bars = [line for line in ax.get_lines() if list(line.get_xdata()) == [
        found[0].mean.low, found[0].mean.high]]  # fmt: skip
    assert len(bars) == 1 and bars[0].get_linewidth() > 3
    assert [label.get_text() for label in ax.get_yticklabels()] == ["FPL, n = 10", "mine, n = 10"]
    # Where a title stands is the style's to say.
    title = ax.get_title() or ax.get_title(loc="left")
    assert title == "Different from CE beyond the seeds: FPL"
    assert "points" in ax.get_xlabel() and "test images" in ax.get_xlabel()
    assert "FPL, n = 10: +2.0 (+1.6 to +2.4)" in alt
    plt.close(fig)


def test_what_is_far_off_is_written_at_the_edge():
    """Thirty points to the left: in words, and the axis is that of the others."""
    fig, alt = comparison_plot(compare(runs(ce=CE, fpl=UP, mae=DOWN)), where="test images")
    ax = fig.axes[0]
    assert [text.get_text() for text in ax.texts] == ["◀ −30.0 (−30.4 to −29.6)"]
    assert -2 < ax.get_xlim()[0] < 0 and "MAE, n = 10: -30.0" in alt
    plt.close(fig)
    fig, _ = comparison_plot(compare(runs(ce=CE, mae=DOWN)), where="test images")
    assert not fig.axes[0].texts, "alone, it is drawn"
    plt.close(fig)


def test_false_alarms_are_as_rare_as_promised():
    """Over equal losses, any finding in a table of six comes in at most 5 of 100 tables."""
    rng, alarms = np.random.default_rng(0), 0
    for _ in range(150):
        columns = {name: 60 + rng.standard_normal(5) for name in ("ce", *"abcdef")}
        alarms += any(one.found for one in compare(runs(**columns)))
    assert alarms / 150 < 0.08


def test_a_comparison_is_frozen():
    (one,) = compare(runs(ce=CE, up=UP))
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.loss = "other"


def test_losses_at_rates_of_their_own_share_a_setting_and_other_rates_do_not():
    own = [made("ce", config={"lr": 0.2}), made("fpl", config={"lr": 0.1, "rate": 0.5})]
    assert len(by_setting(own)) == 1
    assert len(by_setting([*own, made("fpl", 1, config={"lr": 0.1})])) == 2
