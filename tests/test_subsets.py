"""Splits, subsets, long tails and noise: exact counts, fair draws, seeds, and refusals."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fpl_lib.cifar10.subsets import (
    balanced_subset,
    long_tail,
    long_tail_counts,
    noisy_labels,
    train_val_split,
)

CIFAR = torch.arange(10).repeat(5000)  # 5000 a class
UNEVEN = torch.cat([torch.full((n,), label) for label, n in enumerate((70, 20, 10, 7))])

# Every function with a seed, on labels of its choice.
DRAWS = {
    "split": lambda labels, seed: train_val_split(labels, 30, seed=seed)[1],
    "balanced": lambda labels, seed: balanced_subset(labels, 5, seed=seed),
    "exponential": lambda labels, seed: long_tail(labels, 4, seed=seed),
    "step": lambda labels, seed: long_tail(labels, 4, kind="step", seed=seed),
    "symmetric": lambda labels, seed: noisy_labels(labels, 0.3, seed=seed),
}
each_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())


@each_draw
def test_the_seed_alone_decides(draw):
    labels = UNEVEN[torch.randperm(len(UNEVEN))]
    before = labels.clone()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = draw(labels, 7)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert draw(labels, 7).equal(first)
    assert not draw(labels, 8).equal(first)
    assert labels.equal(before)
    assert first.dtype == torch.int64


@each_draw
@pytest.mark.parametrize(
    ("labels", "seed", "error", "message"),
    [
        ([0, 1], 0, TypeError, "labels: expected an int64 tensor .N,.; got list"),
        (UNEVEN.float(), 0, TypeError, "labels: expected int64; got torch.float32"),
        (UNEVEN.view(1, -1), 0, ValueError, "labels: expected shape .N,., N >= 1; got .1, 107"),
        (UNEVEN[:0], 0, ValueError, "labels: expected shape"),
        (UNEVEN - 1, 0, ValueError, "labels: expected class indices from 0 on; got -1"),
        (UNEVEN * 2, 0, ValueError, "every class from 0 to 6; class 1 does not occur"),
        (UNEVEN, -1, ValueError, "seed: expected an int from 0 to .*; got -1"),
        (UNEVEN, 0.5, TypeError, "seed: expected an int; got 0.5"),
        (UNEVEN, True, TypeError, "seed: expected an int; got True"),
    ],
)
def test_labels_and_seeds_that_are_none(draw, labels, seed, error, message):
    with pytest.raises(error, match=message):
        draw(labels, seed)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.data())
def test_split_keeps_every_class_share(counts, data):
    labels = torch.cat([torch.full((n,), label) for label, n in enumerate(counts)])
    if len(labels) < 2:
        labels = torch.cat([labels, labels])
        counts = [2]
    labels = labels[torch.randperm(len(labels))]
    val_size = data.draw(st.integers(1, len(labels) - 1))
    train, val = train_val_split(labels, val_size, seed=data.draw(st.integers(0, 99)))
    assert len(val) == val_size
    assert torch.cat([train, val]).sort().values.equal(torch.arange(len(labels)))
    assert train.equal(train.sort().values) and val.equal(val.sort().values)
    for label, count in enumerate(counts):
        share = val_size * count / len(labels)
        assert abs(int((labels[val] == label).sum()) - share) < 1


def test_split_of_cifar_is_exact():
    train, val = train_val_split(CIFAR, 5000, seed=0)
    assert CIFAR[val].bincount().tolist() == [500] * 10
    assert CIFAR[train].bincount().tolist() == [4500] * 10


def test_split_gives_what_is_left_over_to_the_lower_classes_on_a_tie():
    _, val = train_val_split(torch.arange(10).repeat(7), 13, seed=0)
    assert torch.arange(10).repeat(7)[val].bincount().tolist() == [2, 2, 2] + [1] * 7


@pytest.mark.parametrize("val_size", [0, -3, 107, 108])
def test_split_sizes_that_cannot_be(val_size):
    with pytest.raises(
        ValueError, match=f"val_size: expected an int from 1 to 106; got {val_size}"
    ):
        train_val_split(UNEVEN, val_size, seed=0)
    with pytest.raises(TypeError, match="val_size: expected an int; got 0.1"):
        train_val_split(UNEVEN, 0.1, seed=0)
    with pytest.raises(ValueError, match="at least 2 to split"):
        train_val_split(UNEVEN[:1], 1, seed=0)


def test_balanced_subset_has_as_many_of_each():
    chosen = balanced_subset(UNEVEN, 7, seed=3)
    assert UNEVEN[chosen].bincount().tolist() == [7] * 4
    assert chosen.equal(chosen.unique())
    with pytest.raises(ValueError, match="per_class: expected an int from 1 to 7; got 8"):
        balanced_subset(UNEVEN, 8, seed=3)


def test_a_smaller_subset_lies_within_a_larger_one():
    small, large = (set(balanced_subset(CIFAR, n, seed=0).tolist()) for n in (10, 40))
    assert small < large


def test_every_image_is_as_likely():
    drawn = torch.zeros(107)
    for seed in range(400):
        drawn[balanced_subset(UNEVEN, 5, seed=seed)] += 1
    for label, count in enumerate((70, 20, 10, 7)):
        expected = 400 * 5 / count
        spread = (expected * (1 - 5 / count)) ** 0.5
        assert (drawn[UNEVEN == label] - expected).abs().max() < 4.5 * spread


def test_long_tail_of_cifar_is_ldams():
    # The published sizes of CIFAR-10-LT, ratio 100.
    published = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    assert CIFAR[long_tail(CIFAR, 100, seed=0)].bincount().tolist() == published
    assert sum(published) == 12_406
    assert long_tail_counts(5000, 100, 10, kind="step") == [5000] * 5 + [50] * 5
    assert CIFAR[long_tail(CIFAR, 10, kind="step", seed=0)].bincount().tolist() == (
        [5000] * 5 + [500] * 5
    )


def test_long_tail_starts_from_the_smallest_class():
    assert UNEVEN[long_tail(UNEVEN, 7, seed=0)].bincount().tolist() == [7, 3, 1, 1]


@given(st.integers(2, 30), st.integers(1, 400), st.integers(1, 20))
def test_long_tail_ends_where_it_should(classes, smallest, ratio):
    for kind in ("exponential", "step"):
        counts = long_tail_counts(smallest * ratio, ratio, classes, kind=kind)
        assert (counts[0], counts[-1]) == (smallest * ratio, smallest)
        assert counts == sorted(counts, reverse=True) and len(counts) == classes


@pytest.mark.parametrize("ratio", [49, 98, 103])  # 49 * (1 / 49) < 1 in floating point
def test_whole_sizes_are_not_lost_to_rounding(ratio):
    assert long_tail_counts(ratio, ratio, 2) == [ratio, 1]


def test_with_an_odd_number_of_classes_the_step_takes_the_middle_one_down():
    assert long_tail_counts(8, 4, 5, kind="step") == [8, 8, 2, 2, 2]


def test_a_ratio_of_one_changes_nothing():
    assert long_tail(CIFAR, 1, seed=0).equal(torch.arange(50_000))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((5000, 0.5, 10), {}, ValueError, "ratio: expected a finite number of 1 or more; got 0.5"),
        ((5000, float("nan"), 10), {}, ValueError, "ratio: expected a finite number"),
        ((5000, float("inf"), 10), {}, ValueError, "ratio: expected a finite number"),
        ((5000, "100", 10), {}, TypeError, "ratio: expected a number; got '100'"),
        ((50, 100, 10), {}, ValueError, "ratio: expected at most 50, .* got 100"),
        ((5000, 100, 1), {}, ValueError, "num_classes: expected an int of 2 or more; got 1"),
        ((0, 100, 10), {}, ValueError, "largest: expected an int of 1 or more; got 0"),
        ((5000, 100, 10), {"kind": "linear"}, ValueError, "kind: expected .* got 'linear'"),
    ],
)
def test_long_tails_that_cannot_be(arguments, options, error, message):
    with pytest.raises(error, match=message):
        long_tail_counts(*arguments, **options)


@pytest.mark.parametrize("rate", [0, 0.1, 0.25, 0.5, 1])
def test_symmetric_noise_is_exact_in_every_class(rate):
    noisy = noisy_labels(CIFAR, rate, seed=0)
    for label in range(10):
        assert int((noisy[CIFAR == label] != label).sum()) == 5000 * rate
    for label, count in enumerate((70, 20, 10, 7)):
        wrong = noisy_labels(UNEVEN, rate, seed=0)[UNEVEN == label] != label
        assert abs(int(wrong.sum()) - rate * count) <= 0.5


def test_symmetric_noise_takes_each_other_class_alike():
    noisy = noisy_labels(CIFAR, 0.9, seed=0)
    table = torch.zeros(10, 10)
    table.index_put_((CIFAR, noisy), torch.ones(1), accumulate=True)
    assert table.diag().tolist() == [500] * 10
    others = table[~torch.eye(10, dtype=torch.bool)]
    assert (others - 500).abs().max() < 4.5 * (4500 * 8 / 81) ** 0.5


def test_which_labels_are_wrong_changes_with_the_seed():
    wrong = [noisy_labels(CIFAR, 0.2, seed=seed) != CIFAR for seed in (0, 1)]
    assert not wrong[0].equal(wrong[1])


@pytest.mark.parametrize(
    ("labels", "rate", "error", "message"),
    [
        (CIFAR, -0.1, ValueError, "rate: expected a finite number from 0 to 1; got -0.1"),
        (CIFAR, 40, ValueError, "rate: expected a finite number from 0 to 1; got 40"),
        (CIFAR, float("nan"), ValueError, "rate: expected a finite number"),
        (CIFAR, "0.4", TypeError, "rate: expected a number; got '0.4'"),
        (UNEVEN[:9], 0.4, ValueError, "at least two classes"),
    ],
)
def test_noise_that_cannot_be(labels, rate, error, message):
    with pytest.raises(error, match=message):
        noisy_labels(labels, rate, seed=0)
