"""The loss against the paper's formulas: an independent oracle, Figure 1, and exact identities."""

import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from fpl_lib import batch_alpha, class_alpha, false_positive_loss, squared_term
from fpl_lib.losses.general import false_classes

FIGURE_1 = torch.tensor([0.15, 0.25, 0.20, 0.30, 0.10], dtype=torch.float64)
TRUE, FALSE = 1, 3
SHAPES = [(5,), (7, 5), (4, 3, 6), (2, 4, 3, 2), (3, 2)]


def labels_for(logits):
    """A random class for every sample."""
    classes = logits.shape[0 if logits.dim() == 1 else 1]
    return torch.randint(classes, () if logits.dim() == 1 else logits[:, 0].shape)


def with_gradient(logits, target, **options):
    logits = logits.clone().requires_grad_()
    loss = false_positive_loss(logits, target, **options)
    (gradient,) = torch.autograd.grad(loss, logits)
    return loss.detach(), gradient


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("k", [1, None])
def test_every_shape_is_the_oracle_at_every_place(shape, k):
    logits = torch.randn(shape, dtype=torch.float64) * 3
    target = labels_for(logits)
    classes = logits.shape[0 if logits.dim() == 1 else 1]
    weights = torch.linspace(0.5, 1.5, classes, dtype=torch.float64)
    loss = false_positive_loss(logits, target, alpha=(1.0, weights), k=k, reduction="none")
    assert loss.shape == target.shape
    rows = logits.movedim(1, -1).reshape(-1, classes) if logits.dim() > 1 else logits[None]
    for z, true, value in zip(rows, target.reshape(-1), loss.reshape(-1), strict=True):
        expected = reference.sample_loss(
            z.tolist(),
            true.item(),
            alpha_true=[1.0] * classes,
            alpha_false=weights.tolist(),
            k=k or classes - 1,
        )
        assert value.item() == pytest.approx(expected, abs=1e-11)


def test_figure_1_to_six_digits():
    z, true = FIGURE_1.log(), torch.tensor(TRUE)
    assert f"{false_positive_loss(z, true, alpha=(1, 0)):.6f}" == "1.386294"
    assert f"{false_positive_loss(z, true, alpha=(0, 1)):.6f}" == "0.356675"
    assert f"{false_positive_loss(z, true):.6f}" == "1.742969"


def test_figure_1_with_the_squared_term_is_the_two_parts_of_a_squared_error():
    z, true = FIGURE_1.log(), torch.tensor(TRUE)
    parts = (functional.one_hot(true, 5) - FIGURE_1).square()
    both = false_positive_loss(z, true, term=squared_term)
    assert both.item() == pytest.approx((parts[TRUE] + parts[FALSE]).item(), abs=1e-12)
    every = false_positive_loss(z, true, term=squared_term, k=None)
    assert every.item() == pytest.approx(parts.sum().item(), abs=1e-12)


@pytest.mark.parametrize("pool, p_false", [("mean", 0.65 / 3), ("median", 0.20)])
def test_pooling_makes_one_false_class_of_three(pool, p_false):
    z, true = FIGURE_1.log(), torch.tensor(TRUE)
    alpha_false = torch.tensor([1.0, 9.0, 2.0, 6.0, 5.0])  # classes 3, 2, 0 lead: mean 3
    loss = false_positive_loss(z, true, alpha=(0, alpha_false), k=3, pool=pool)
    assert loss.item() == pytest.approx(-3 * torch.tensor(1 - p_false).log().item(), abs=1e-6)


def test_the_median_of_two_probabilities_is_their_mean():
    z, true = FIGURE_1.log(), torch.tensor(TRUE)
    assert false_positive_loss(z, true, alpha=(0, 1), k=2, pool="median").item() == pytest.approx(
        -torch.tensor(0.75).log().item(), abs=1e-6
    )


@pytest.mark.parametrize("pool", ["mean", "median"])
def test_pooling_a_single_false_class_changes_nothing(pool):
    logits, target, alpha = torch.randn(6, 4), torch.randint(4, (6,)), (0.3, torch.rand(4))
    plain = false_positive_loss(logits, target, alpha=alpha)
    assert torch.equal(plain, false_positive_loss(logits, target, alpha=alpha, pool=pool))


def test_two_classes_with_the_paper_s_weights_are_cross_entropy():
    logits = torch.randn(9, 2, dtype=torch.float64) * 5
    target = torch.randint(2, (9,))
    alpha = class_alpha(torch.tensor([97.0, 3.0], dtype=torch.float64))
    ours = with_gradient(logits, target, alpha=alpha)
    logits.requires_grad_()
    theirs = functional.cross_entropy(logits, target)
    torch.testing.assert_close(ours[0], theirs.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(ours[1], torch.autograd.grad(theirs, logits)[0], rtol=0, atol=1e-12)


def test_balanced_classes_make_the_paper_s_weights_a_mere_factor():
    logits, target = torch.randn(9, 10), torch.randint(10, (9,))
    weighted = false_positive_loss(logits, target, alpha=class_alpha([5000] * 10))
    assert weighted.item() == pytest.approx(0.9 * false_positive_loss(logits, target).item())


def test_all_false_classes_are_binary_cross_entropies_on_the_softmax():
    logits, target = torch.randn(9, 5, dtype=torch.float64), torch.randint(5, (9,))
    binary = functional.binary_cross_entropy(
        logits.softmax(1), functional.one_hot(target, 5).double(), reduction="none"
    )
    for k in (4, None):
        loss = false_positive_loss(logits, target, k=k, reduction="none")
        torch.testing.assert_close(loss, binary.sum(1), rtol=0, atol=1e-12)


def test_bystanders_are_pushed_up_exactly_where_the_false_class_has_more_than_its_share():
    logits = torch.randn(400, 3, dtype=torch.float64) * 3
    target = torch.randint(3, (400,))
    alpha_true, alpha_false = 1.0, 0.5
    _, gradient = with_gradient(logits, target, alpha=(alpha_true, alpha_false))
    wrong = logits.scatter(1, target[:, None], -torch.inf)
    p_false = logits.softmax(1).gather(1, wrong.argmax(1, keepdim=True)).squeeze(1)
    bystander = gradient.gather(1, wrong.argsort(1)[:, 1:2]).squeeze(1)
    pushed_up = bystander < 0
    assert 20 < pushed_up.sum() < 380
    assert torch.equal(pushed_up, p_false > alpha_true / (alpha_true + alpha_false))


@pytest.mark.parametrize("k", [1, 2])
def test_of_equal_logits_the_lower_class_is_the_false_one(k):
    alpha = torch.tensor([0.0, 1.0, 10.0, 100.0, 1000.0])
    logits = torch.tensor([[3.0, 1.0, 2.0, 2.0, 2.0]], requires_grad=True)
    loss = false_positive_loss(logits, torch.tensor([0]), alpha=(0, alpha), k=k)
    r_false = (1 - logits.softmax(1)[0, 2]).log().item()
    assert loss.item() == pytest.approx(-r_false * (10.0 if k == 1 else 110.0), rel=1e-6)


@given(data=st.data(), classes=st.integers(2, 40))
def test_false_classes_are_ranked_like_a_sorted_list_whatever_ties_or_is_ruled_out(data, classes):
    heights = st.sampled_from([-torch.inf, -3.4e38, -1.0, 0.0, 2.0])
    z = data.draw(st.lists(heights, min_size=classes, max_size=classes))
    true = data.draw(st.integers(0, classes - 1))
    k = data.draw(st.integers(1, min(classes - 1, 6)))
    ranked = sorted((j for j in range(classes) if j != true), key=lambda j: (-z[j], j))
    found = false_classes(torch.tensor([z], dtype=torch.float64), torch.tensor([[true]]), k)
    assert found[0].tolist() == ranked[:k]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_when_all_logits_are_equal_the_false_class_is_the_lowest_wrong_one(dtype):
    logits = torch.full((4, 4), 0.5, dtype=dtype, requires_grad=True)
    loss = false_positive_loss(logits, torch.arange(4), reduction="sum")
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.argmax(1).tolist() == [1, 0, 0, 0]


def test_a_callable_weight_sees_the_counted_labels_and_the_number_of_classes():
    seen = []

    def rule(target, num_classes):
        seen.append((target.tolist(), num_classes))
        return torch.ones(num_classes)

    target = torch.tensor([[0, 2, -100], [1, -100, 2]])
    false_positive_loss(torch.randn(2, 4, 3), target, alpha=rule)
    assert seen == [([0, 2, 1, 2], 4)]


def test_minibatch_weights_leave_ignored_samples_out():
    logits, target = torch.randn(6, 3), torch.tensor([0, 0, 1, 2, 7, 7])
    loss = false_positive_loss(logits, target, alpha=batch_alpha, ignore_index=7)
    alpha = torch.tensor([2 / 4, 3 / 4, 3 / 4])
    torch.testing.assert_close(loss, false_positive_loss(logits[:4], target[:4], alpha=alpha))
