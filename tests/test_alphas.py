"""The weights: Eq. 4 and Eq. 7 by counting, and what becomes of weights that are learned."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from repository import ROOT

from fpl_lib import FalsePositiveLoss, LearnableAlpha, batch_alpha, class_alpha

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12).filter(any)


@given(counts=COUNTS)
def test_equation_4_by_hand(counts):
    expected = [(sum(counts) - own) / sum(counts) for own in counts]
    assert class_alpha(counts).tolist() == pytest.approx(expected, abs=1e-7)


@given(counts=COUNTS)
def test_the_weights_of_equation_4_add_up_to_the_classes_less_one(counts):
    alpha = class_alpha(torch.tensor(counts, dtype=torch.float64))
    assert alpha.dtype == torch.float64
    assert alpha.sum().item() == pytest.approx(len(counts) - 1)
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@pytest.mark.parametrize(
    "counts",
    [[2, 1, 1], (2, 1, 1), torch.tensor([2, 1, 1]), torch.tensor([2.0, 1, 1]), [0.5, 0.25, 0.25]],
    ids=["list", "tuple", "integers", "floats", "shares"],
)
def test_counts_may_come_as_lists_or_tensors(counts):
    assert torch.equal(class_alpha(counts), torch.tensor([0.5, 0.75, 0.75]))


def test_a_long_tail_of_ratio_100_has_weights_of_ratio_1_7():
    counts = [int(5000 * 0.01 ** (i / 9)) for i in range(10)]
    alpha = class_alpha(counts)
    assert sum(counts) == 12_406
    assert alpha[0].item() == pytest.approx(0.597, abs=5e-4)
    assert alpha[-1].item() == pytest.approx(0.996, abs=5e-4)


def test_a_batch_is_counted_in_whole_numbers():
    target = torch.zeros(1, dtype=torch.long).expand(2**24 + 2**23)
    assert batch_alpha(torch.cat([target, torch.ones(2**23, dtype=torch.long)]), 2).tolist() == [
        0.25, 0.75,
    ]  # fmt: skip


def test_large_counts_are_added_up_exactly():
    counts = torch.tensor([2**25, 1, 1, 1], dtype=torch.float32)
    assert class_alpha(counts)[0].item() == pytest.approx(3 / (2**25 + 3), rel=1e-6)


@pytest.mark.parametrize(
    "counts, error, words",
    [
        ([5, -1], ValueError, r"zero or more, not all zero; got \[5.0, -1.0\]"),
        ([0, 0], ValueError, "not all zero"),
        ([5], ValueError, "at least two classes"),
        ([], ValueError, "at least two classes"),
        (7, ValueError, r"got shape \(\)"),
        ([[1, 2], [3, 4]], ValueError, r"got shape \(2, 2\)"),
        ([1.0, math.nan], ValueError, "finite"),
        ([1.0, math.inf], ValueError, "finite"),
        ("12", TypeError, "got str"),
        (None, TypeError, "got NoneType"),
        ({"cat": 3}, TypeError, "got dict"),
        ([[1], [2, 3]], TypeError, "got list"),
        (torch.tensor([True, False]), TypeError, "torch.bool"),
        (torch.tensor([1j, 2]), TypeError, "torch.complex64"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_counts_that_are_none_are_refused(counts, error, words):
    with pytest.raises(error, match=words):
        class_alpha(counts)


@given(labels=st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_equation_7_by_hand(labels):
    m = len(labels)
    expected = [(m - labels.count(i)) / m for i in range(6)]
    assert batch_alpha(torch.tensor(labels), 6).tolist() == pytest.approx(expected, abs=1e-6)


def test_equation_7_is_equation_4_of_the_batch():
    target = torch.randint(10, (64,))
    counts = torch.bincount(target, minlength=10)
    torch.testing.assert_close(batch_alpha(target, 10), class_alpha(counts))


@pytest.mark.parametrize("shape", [(), (12,), (3, 4), (2, 3, 2)], ids=str)
def test_labels_may_have_any_shape(shape):
    target = torch.randint(4, shape)
    assert torch.equal(batch_alpha(target, 4), batch_alpha(target.reshape(-1), 4))


def test_negative_labels_are_not_counted():
    target = torch.tensor([0, -100, 0, 1, -1])
    assert torch.equal(batch_alpha(target, 3), batch_alpha(torch.tensor([0, 0, 1]), 3))


@pytest.mark.parametrize("target", [[], [-100, -100]])
def test_without_a_counted_sample_every_weight_is_one(target):
    assert torch.equal(batch_alpha(torch.tensor(target, dtype=torch.long), 3), torch.ones(3))


@pytest.mark.parametrize(
    "target, num_classes, error, words",
    [
        ([0, 1], 2, TypeError, "alpha=batch_alpha"),
        (torch.tensor([0.0, 1.0]), 2, TypeError, "torch.float32"),
        (torch.tensor([True]), 2, TypeError, "torch.bool"),
        (torch.tensor([0]), 1, ValueError, "num_classes: .*2 or more"),
        (torch.tensor([0, 3]), 3, ValueError, "from 0 to 2; got 3"),
    ],
    ids=["list", "floats", "booleans", "one class", "too large"],
)
def test_labels_that_are_none_are_refused(target, num_classes, error, words):
    with pytest.raises(error, match=words):
        batch_alpha(target, num_classes)


@pytest.mark.parametrize("floor, init", [(0.0, 1.0), (0.0, 1e-6), (0.0, 500.0), (0.3, 0.9)])
def test_learnable_weights_start_where_they_should(floor, init):
    alpha = LearnableAlpha(3, floor=floor, init=init)()
    torch.testing.assert_close(alpha.detach(), torch.full((3,), init))


def descend(alpha, steps=400):
    """Gradient descent on the weights alone; the logits, and so every prediction, stay."""
    logits, target = torch.randn(32, 4), torch.arange(32) % 4
    loss = FalsePositiveLoss(alpha, k=None)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.1)
    history = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(logits, target)
        value.backward()
        optimizer.step()
        history.append(value.item())
    return history, alpha().detach()


def test_left_alone_learned_weights_collapse_and_the_loss_with_them():
    history, alpha = descend(LearnableAlpha(4))
    assert all(later < earlier for earlier, later in zip(history, history[1:], strict=False))
    assert alpha.max() < 0.01
    assert history[-1] < 0.01 * history[0]


def test_a_floor_is_where_the_collapse_ends():
    history, alpha = descend(LearnableAlpha(4, floor=0.25))
    assert alpha.min() >= 0.25
    torch.testing.assert_close(alpha, torch.full((4,), 0.25), rtol=0, atol=0.01)
    assert history[-1] == pytest.approx(0.25 * history[0], rel=0.03)


def test_the_gradient_by_a_weight_is_the_mean_of_its_terms_and_never_negative():
    logits, target = torch.randn(32, 4), torch.randint(4, (32,))
    alpha = LearnableAlpha(4)
    FalsePositiveLoss(alpha)(logits, target).backward()
    assert (alpha.raw.grad >= 0).all()
    assert (alpha.raw.grad > 0).any()


def test_learned_weights_ignore_the_labels_but_not_the_number_of_classes():
    alpha = LearnableAlpha(3)
    assert torch.equal(alpha(torch.tensor([0, 0, 1]), 3), alpha())
    with pytest.raises(ValueError, match=r"LearnableAlpha\(5\)"):
        alpha(torch.tensor([0]), 5)


@pytest.mark.parametrize(
    "arguments, options, error, words",
    [
        ((1,), {}, ValueError, "num_classes: .*2 or more"),
        ((2.0,), {}, TypeError, "num_classes: expected an int"),
        ((True,), {}, TypeError, "num_classes: expected an int"),
        ((3,), {"floor": -0.1}, ValueError, "floor: .*0 or more"),
        ((3,), {"floor": "0"}, TypeError, "floor: expected a number"),
        ((3,), {"init": math.nan}, ValueError, "finite"),
        ((3,), {"init": math.inf}, ValueError, "finite"),
        ((3,), {"floor": 0.5, "init": 0.5}, ValueError, "above floor"),
        ((3,), {"init": 0}, ValueError, "above floor"),
    ],
    ids=str,
)
def test_impossible_learnable_weights_are_refused(arguments, options, error, words):
    with pytest.raises(error, match=words):
        LearnableAlpha(*arguments, **options)


@pytest.mark.parametrize("part", [8, 16, 64])
def test_a_samples_own_weight_grows_with_its_part_of_the_batch_as_the_readme_says(part):
    labels = torch.randint(10, (2000, part), generator=torch.Generator().manual_seed(part))
    own = torch.stack([batch_alpha(some, 10)[some].mean() for some in labels]).double()
    expected = (1 - 1 / part) * (1 - 1 / 10)
    assert abs(own.mean() - expected) < 4 * own.std() / 2000**0.5
    assert f"{expected:.2f}" in (ROOT / "fpl_lib" / "README.md").read_text(encoding="utf-8")
