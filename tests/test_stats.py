"""Statistics against worked examples from the literature, brute force and simulation."""

import itertools
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from fpl_lib.evidence.comparisons import compared
from fpl_lib.evidence.stats import (
    Interval,
    holm,
    mcnemar,
    mean_interval,
    prediction_interval,
    sign_flip,
)

# Darwin's maize: cross- minus self-fertilised, in eighths of an inch, for 15 pairs of plants, from
# Fisher, The Design of Experiments (1935), section 17.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def coverage(n, draws):
    """Share of intervals over the mean of n normal values that cover the true one."""
    samples = np.random.default_rng(0).normal(3, 2, size=(draws, n))
    return np.mean([3 in mean_interval(sample) for sample in samples])


@pytest.mark.parametrize("n", [3, 5, 10])
def test_t_interval_covers_its_share_of_small_samples(n):
    assert coverage(n, 2000) == pytest.approx(0.95, abs=0.015)


def test_t_interval_is_fishers_for_darwins_maize():
    # Fisher 1935: t = 2.148 with 14 degrees of freedom; R's t.test gives the interval to 7 digits.
    found = mean_interval(DARWIN)
    assert found.estimate / 8 == pytest.approx(2.616667, abs=1e-6)
    assert (found.low / 8, found.high / 8) == pytest.approx((0.003899165, 5.229434169), abs=1e-6)


def test_sign_flip_counts_all_patterns_of_up_to_13_differences():
    for n in (2, 12, 13):
        signs = np.array(list(itertools.product([-1, 1], repeat=n)))
        count = np.sum(np.abs(signs @ DARWIN[:n]) >= abs(sum(DARWIN[:n])))
        found = sign_flip(DARWIN[:n])
        assert found.p_value == count / 2**n and found.smallest_p == 2 / 2**n


def test_sign_flip_samples_fishers_count_where_there_are_too_many():
    # Fisher 1935, section 21: 863 of the 32 768 sign patterns give a sum of 314 or more.
    found = sign_flip(DARWIN)
    assert found == sign_flip(DARWIN) and found.smallest_p == 2 / 32_768
    assert found.p_value == pytest.approx(2 * 863 / 32_768, abs=0.01)


def test_sign_flip_sees_ties_between_rounded_accuracies():
    # In hundredths the differences are whole numbers, and many sign patterns tie exactly.
    hundredths = np.array([6, 6, 1, -3, 2, 2, -5, 3])
    second = np.array([9455, 9402, 9467, 9511, 9389, 9400, 9450, 9433])
    sums = np.array(list(itertools.product([-1, 1], repeat=8))) @ hundredths
    expected = np.mean(np.abs(sums) >= hundredths.sum())
    found = sign_flip((second + hundredths) / 100 - second / 100)
    assert found.p_value == expected


def test_sign_flip_keeps_its_level_when_nothing_differs():
    samples = np.random.default_rng(0).laplace(size=(500, 8))
    alarms = np.mean([sign_flip(sample).p_value <= 0.05 for sample in samples])
    # 12 of 256 patterns lie beyond the level: 4.7 %.
    assert alarms == pytest.approx(12 / 256, abs=0.025)


def test_sign_flip_of_nothing_but_zeros_is_1():
    assert sign_flip([0.0, 0.0, 0.0]).p_value == 1


def test_a_paired_difference_puts_interval_and_test_together():
    by_seed = pd.Series(DARWIN, dtype=float)
    found = compared(by_seed)
    assert found.n == 15 and found.sd == pytest.approx(np.std(DARWIN, ddof=1))
    assert found.test == sign_flip(DARWIN)
    assert found.mean.estimate == pytest.approx(np.mean(DARWIN))
    assert found.mean == mean_interval(DARWIN)
    assert compared(by_seed, level=0.9).mean == mean_interval(DARWIN, level=0.9)
    assert compared(-by_seed).mean.high == pytest.approx(-found.mean.low)
    with pytest.raises(FrozenInstanceError):
        found.n = 3


def test_holm_is_the_closed_test_of_bonferroni():
    # Marcus, Peritz and Gabriel, Biometrika 63 (1976) 655: a hypothesis falls when every set of
    # hypotheses with it falls, here by Bonferroni's test of the set.
    rng = np.random.default_rng(0)
    for m in (1, 2, 4, 6):
        p = rng.uniform(size=m) ** 3
        sets = [s for size in range(1, m + 1) for s in itertools.combinations(range(m), size)]
        expected = [max(min(1, len(s) * min(p[list(s)])) for s in sets if i in s) for i in range(m)]
        assert holm(p) == pytest.approx(expected, abs=1e-15)


def test_holm_gives_ties_one_value_and_stops_at_1():
    assert holm([0.02, 0.6, 0.02, 0.7]).tolist() == [0.08, 1.0, 0.08, 1.0]


def test_mcnemar_is_the_exact_test_of_the_published_example():
    # Bentur et al. 2009 in Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91 (2013):
    # 21 children, both 1, only first 1, only second 7, neither 12; exact conditional p = 0.0703.
    first = np.repeat([True, True, False, False], [1, 1, 7, 12])
    second = np.repeat([True, False, True, False], [1, 1, 7, 12])
    assert mcnemar(first, second) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_mcnemar_of_equal_answers_finds_nothing():
    answers = np.array([True, False, True])
    assert mcnemar(answers, answers) == 1


def test_mcnemar_speaks_of_two_networks_and_not_of_two_losses():
    # Ten networks of ONE loss whose accuracy varies by 3 points between seeds, as short training
    # makes it: McNemar's test rightly finds the networks different, which says nothing of a loss.
    rng = np.random.default_rng(0)
    right = rng.uniform(size=(10, 2000)) < rng.normal(0.7, 0.03, size=(10, 1))
    alarms = [mcnemar(right[i], right[j]) < 0.05 for i in range(10) for j in range(i)]
    assert np.mean(alarms) > 0.3


def test_an_interval_is_within_a_margin_on_both_sides():
    found = Interval(0.1, -0.1, 0.25, 0.95)
    assert found.within(0.3) and not found.within(0.25)
    assert not Interval(-0.1, -0.25, 0.1, 0.95).within(0.2)


def test_prediction_interval_covers_one_further_run():
    runs = np.random.default_rng(0).normal(64.7, 0.4, size=(3000, 6))
    inside = np.mean([run[5] in prediction_interval(run[:5]) for run in runs])
    assert inside == pytest.approx(0.95, abs=0.012)


def test_prediction_interval_covers_the_mean_of_further_runs():
    runs = np.random.default_rng(1).normal(64.7, 0.4, size=(3000, 8))
    inside = [run[5:].mean() in prediction_interval(run[:5], runs=3) for run in runs]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mean_interval([1.0]), ValueError, "at least two numbers"),
        (lambda: mean_interval([[1.0, 2.0]]), ValueError, r"shape \(1, 2\)"),
        (lambda: mean_interval([1.0, np.nan]), ValueError, "finite"),
        (lambda: mean_interval([1.0, 2.0], level=95), ValueError, "between 0 and 1.*got 95"),
        (lambda: sign_flip([1.0]), ValueError, "at least two numbers"),
        (lambda: sign_flip([1.0, np.inf]), ValueError, "finite"),
        (lambda: holm([0.2, 1.2]), ValueError, "from 0 to 1"),
        (lambda: holm([0.2, np.nan]), ValueError, "from 0 to 1"),
        (lambda: holm([]), ValueError, "from 0 to 1"),
        (lambda: mcnemar([1, 0], [1, 1]), ValueError, "prediction == target"),
        (lambda: mcnemar([True], [True, False]), ValueError, "same N images"),
        (lambda: prediction_interval([1.0]), ValueError, "at least two"),
        (lambda: prediction_interval([1.0, 2.0], runs=0), ValueError, "1 or more"),
        (lambda: prediction_interval([1.0, 2.0], runs=1e4), TypeError, "expected an int"),
    ],
)
def test_wrong_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
