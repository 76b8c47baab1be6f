"""Power and spread against published tables, the notes' figures and simulation."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from fpl_lib.evidence.planning import power, seed_spread, seeds_needed, single_run_p


@pytest.mark.parametrize(("effect", "n"), [(0.2, 393), (0.5, 64), (0.8, 26)])
def test_seeds_needed_is_cohens_table(effect, n):
    # Cohen, Psychological Bulletin 112 (1992) 155, Table 2: power .80, level .05, n in each group.
    # For the small effect his approximation stops one short of the exact 394.
    assert seeds_needed(effect, 1.0) in (n, n + 1)
    assert power(n, effect, 1.0) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_paired_seeds_needed_are_those_of_gpower(effect, n):
    # G*Power 3 (Faul et al. 2007), "means: difference from constant", power .80, level .05.
    assert seeds_needed(effect, 1.0, paired=True) == n
    assert power(n - 1, effect, 1.0, paired=True) < 0.8 <= power(n, effect, 1.0, paired=True)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("n", [2, 5])
def test_power_is_how_often_the_test_finds_the_difference(n, paired):
    rng = np.random.default_rng(0)
    if paired:
        p = scipy_stats.ttest_1samp(rng.normal(0.3, 0.2, size=(20_000, n)), 0, axis=1).pvalue
    else:
        runs = rng.normal(0, 0.2, size=(2, 20_000, n))
        p = scipy_stats.ttest_ind(runs[0] + 0.3, runs[1], axis=1).pvalue
    assert np.mean(p < 0.05) == pytest.approx(power(n, 0.3, 0.2, paired=paired), abs=0.01)


def test_power_without_a_difference_is_the_level():
    assert power(7, 0.0, 0.2) == pytest.approx(0.05)
    assert power(7, 1e-6, 0.2) == pytest.approx(0.05, abs=1e-6)
    assert power(7, 0.0, 0.2, level=0.9) == pytest.approx(0.1)


@pytest.mark.parametrize("paired", [False, True])
def test_power_grows_to_1_and_stays_a_number(paired):
    # scipy's noncentral t gives NaN on the way.
    found = [power(n, d, 1.0, paired=paired) for n in (2, 5, 20, 1000) for d in (1, 5, 20, 50, 1e4)]
    assert all(0.05 < value <= 1 for value in found)
    rising = [power(n, 0.5, 1.0, paired=paired) for n in range(2, 100)]
    assert rising == sorted(rising)
    assert power(4, -0.5, 1.0, paired=paired) == power(4, 0.5, 1.0, paired=paired)


def test_what_it_would_take_to_establish_the_papers_differences():
    # At a spread of 0.15 points between seeds, which full training on CIFAR-10 has.
    assert seeds_needed(0.32, 0.15) == 5
    assert 140 <= seeds_needed(0.05, 0.15) <= 145
    assert [round(single_run_p(d, 0.15), 2) for d in (0.05, 0.39, 0.32)] == [0.81, 0.07, 0.13]


def test_single_run_p_is_uniform_when_nothing_differs():
    runs = np.random.default_rng(0).normal(95, 0.15, size=(2000, 2))
    p = [single_run_p(first - second, 0.15) for first, second in runs]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_seed_spread_is_that_of_calibrated_networks_on_two_classes():
    # The image's label is 1 with chance q, and so is each network's answer.
    rng = np.random.default_rng(0)
    q = rng.beta(0.3, 0.3, size=2000)
    label = rng.uniform(size=2000) < q
    answers = rng.uniform(size=(1000, 2000)) < q
    accuracy = 100 * (answers == label).mean(axis=1)
    assert accuracy.std() == pytest.approx(seed_spread(accuracy.mean(), 2000), rel=0.1)


def test_seed_spread_is_an_upper_bound_for_more_classes():
    rng = np.random.default_rng(0)
    q = rng.dirichlet([0.1] * 10, size=4000)
    error, variance = (q * (1 - q)).sum(1).mean(), (q**2 * (1 - q)).sum(1).mean()
    bound = seed_spread(100 * (1 - error), 4000)
    assert 0.7 * bound < 100 * math.sqrt(variance / 4000) < bound


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: power(1, 0.3, 0.2), ValueError, "n: expected an int of 2 or more"),
        (lambda: power(2.5, 0.3, 0.2), TypeError, "n: expected an int"),
        (lambda: power(5, 0.3, 0), ValueError, "sd: .*above 0"),
        (lambda: power(5, math.nan, 0.2), ValueError, "difference: expected a finite"),
        (lambda: power(5, 0.3, 0.2, level=95), ValueError, "between 0 and 1"),
        (lambda: power(5, "0.3", 0.2), TypeError, "expected a number"),
        (lambda: seeds_needed(0, 0.2), ValueError, "no number of seeds"),
        (lambda: seeds_needed(0.3, 0.2, level=95), ValueError, "level: .*between 0 and 1"),
        (lambda: seed_spread(101, 10), ValueError, "from 0 to 100"),
        (lambda: seed_spread(95, 0), ValueError, "images: expected an int of 1 or more"),
        (lambda: single_run_p(0.3, -1), ValueError, "above 0"),
    ],
)
def test_wrong_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
