"""Runs are compared and averaged within one setting only, and seed by seed."""

import numpy as np
import pytest
from made_runs import made, pair

from fpl_lib.evidence.pairs import by_setting, compared, difference_table, differences, values
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import mean_interval


@pytest.mark.parametrize(
    "change",
    [
        {"experiment": "table2-mini"},
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
    old, new = made(), made(seed=1, config={"schedule": "cosine"})
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
    interval = mean_interval(by_seed, method="t")
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
