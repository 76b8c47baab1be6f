"""Where the loss must be torch's cross-entropy, in value and gradient, and follow its customs."""

import inspect
import re

import pytest
import torch
from torch.nn import functional

from fpl_lib import FalsePositiveLoss, false_positive_loss

SHAPES = [(5,), (7, 5), (4, 5, 6), (2, 5, 3, 2), (3, 2), (0, 5), (0, 5, 2), (3, 5, 0)]
REDUCTIONS = ["mean", "sum", "none"]


def minus(r):
    """The log term again, but not the function that the shortcuts look for."""
    return -r


def only_true(classes):
    """α = (1, 0) on each of the three ways through the code."""
    return {
        "cross-entropy itself": {"alpha": (1, 0)},
        "closed form": {"alpha": (1.0, torch.zeros(classes))},
        "general": {"alpha": (1, 0), "term": minus},
    }


def labels_for(logits):
    classes = logits.shape[0 if logits.dim() == 1 else 1]
    shape = () if logits.dim() == 1 else logits.shape[:1] + logits.shape[2:]
    return torch.randint(classes, shape)


def assert_same(logits, target, reduction, ignore_index=-100, **options):
    """Value and gradient are cross-entropy's, each sample's gradient weighted differently."""
    outcomes = []
    for loss_function, own in ((functional.cross_entropy, {}), (false_positive_loss, options)):
        z = logits.clone().requires_grad_()
        loss = loss_function(z, target, reduction=reduction, ignore_index=ignore_index, **own)
        weight = torch.linspace(0.5, 2, loss.numel(), dtype=loss.dtype).view(loss.shape)
        (loss * weight).sum().backward()
        outcomes.append((loss.detach(), z.grad))
    torch.testing.assert_close(outcomes[1], outcomes[0], equal_nan=True)


@pytest.mark.parametrize("way", only_true(2))
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_alpha_1_0_is_cross_entropy(shape, reduction, way):
    logits = torch.randn(shape, dtype=torch.float64) * 4
    classes = shape[0 if len(shape) == 1 else 1]
    assert_same(logits, labels_for(logits), reduction, **only_true(classes)[way])


@pytest.mark.parametrize("way", only_true(2))
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignore_index", [-100, -1, 2, 255])
@pytest.mark.parametrize("shape", [(9, 5), (4, 5, 6)], ids=str)
def test_ignored_samples_are_left_out_as_in_cross_entropy(shape, ignore_index, reduction, way):
    logits = torch.randn(shape, dtype=torch.float64) * 4
    target = labels_for(logits)
    target[torch.rand(target.shape) < 0.4] = ignore_index
    assert_same(logits, target, reduction, ignore_index, **only_true(5)[way])


@pytest.mark.parametrize("alpha", [1.0, (1, 0), (0.5, torch.ones(5))], ids=["1", "1, 0", "0.5, t"])
@pytest.mark.parametrize("samples", [0, 3])
def test_nothing_to_count_gives_a_mean_of_nan_and_a_sum_of_zero(samples, alpha):
    logits, target = torch.randn(samples, 5), torch.full((samples,), -100)
    assert false_positive_loss(logits, target, alpha=alpha).isnan()
    assert false_positive_loss(logits, target, alpha=alpha, reduction="sum") == 0
    each = false_positive_loss(logits, target, alpha=alpha, reduction="none")
    assert torch.equal(each, torch.zeros(samples))


def test_the_one_ignored_sample_is_nan_too():
    assert false_positive_loss(torch.randn(5), torch.tensor(-100)).isnan()
    assert false_positive_loss(torch.randn(5), torch.tensor(-100), reduction="none") == 0


@pytest.mark.parametrize("k, alpha", [(1, 1.0), (3, 1.0), (1, torch.arange(1.0, 6.0))])
def test_ignored_samples_do_not_touch_the_others(k, alpha):
    logits = torch.randn(9, 5, requires_grad=True)
    target = torch.randint(5, (9,))
    target[4:] = -100
    loss = false_positive_loss(logits, target, alpha=alpha, k=k)
    (gradient,) = torch.autograd.grad(loss, logits)
    kept = logits.detach()[:4].requires_grad_()
    alone = false_positive_loss(kept, target[:4], alpha=alpha, k=k)
    torch.testing.assert_close(loss, alone)
    torch.testing.assert_close(gradient[:4], torch.autograd.grad(alone, kept)[0])
    assert torch.equal(gradient[4:], torch.zeros(5, 5))


def test_an_ignored_sample_may_even_be_nan():
    logits, target = torch.randn(3, 5), torch.tensor([1, -100, 2])
    logits[1] = torch.nan
    for reduction in REDUCTIONS:
        assert false_positive_loss(logits, target, reduction=reduction).isfinite().all()


def test_the_mean_divides_by_the_number_of_samples_and_not_by_their_weights():
    logits, target = torch.randn(6, 5), torch.randint(5, (6,))
    alpha = torch.rand(5)
    each = false_positive_loss(logits, target, alpha=alpha, reduction="none")
    mean = false_positive_loss(logits, target, alpha=alpha)
    torch.testing.assert_close(mean, each.sum() / 6)
    weighted = functional.cross_entropy(logits, target, weight=alpha)
    ours = false_positive_loss(logits, target, alpha=(alpha, 0))
    torch.testing.assert_close(ours * 6, weighted * alpha[target].sum())


@pytest.mark.parametrize("way", only_true(2))
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16])
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)], ids=str)
def test_labels_of_any_integer_type_are_class_indices(shape, dtype, way):
    logits, target = torch.randn(6, 5, *shape), torch.randint(5, (6, *shape))
    expected = false_positive_loss(logits, target, **only_true(5)[way])
    found = false_positive_loss(logits, target.to(dtype), **only_true(5)[way])
    assert torch.equal(found, expected)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")
@pytest.mark.parametrize("alpha", [1.0, (1, 0)])
def test_uint8_labels_are_compared_with_ignore_index_as_numbers(alpha):
    """-100 as a uint8 is 156: this label was ignored by torch.compile, by vmap and on CUDA."""
    logits, labels = torch.randn(4, 256), torch.tensor([156, 3, 156, 9])

    def loss(z, t, ignore_index=-100):
        return false_positive_loss(z, t, alpha=alpha, reduction="none", ignore_index=ignore_index)

    expected = loss(logits, labels)
    assert (expected > 0).all()
    torch.compiler.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for function in (loss, compiled, torch.func.vmap(loss)):
        torch.testing.assert_close(function(logits, labels.to(torch.uint8)), expected)
    some = torch.tensor([5, 255, 0, 255])
    expected = loss(logits, some, 255)
    torch.testing.assert_close(loss(logits, some.to(torch.uint8), 255), expected)
    assert (expected == 0).tolist() == [False, True, False, True]


@pytest.mark.parametrize("way", ["cross-entropy itself", "general"])
def test_a_false_class_of_weight_0_may_have_an_infinite_term(way):
    # Here log(1 - p_F) is -inf, and 0 * inf would be NaN.
    logits, target = torch.tensor([[0.0, -torch.inf]]), torch.tensor([1])
    assert false_positive_loss(logits, target, **only_true(2)[way]) == torch.inf


@pytest.mark.parametrize("way", only_true(2))
@pytest.mark.parametrize("target", [0, 1, 2])
def test_a_class_ruled_out_by_minus_infinity_is_as_in_cross_entropy(way, target):
    logits = torch.tensor([[-torch.inf, 0.0, 1.0]], dtype=torch.float64)
    assert_same(logits, torch.tensor([target]), "mean", **only_true(3)[way])


def test_the_docstring_answers_for_every_argument_of_torchs_own():
    """By its table, or because there is one of that name here."""
    theirs = set(inspect.signature(torch.nn.CrossEntropyLoss).parameters)
    theirs -= {"size_average", "reduce"}  # torch gave these up
    ours = set(inspect.signature(FalsePositiveLoss).parameters)
    said = set(re.findall(r"\| `(\w+)=", FalsePositiveLoss.__doc__))
    assert theirs - ours <= said and "input" in said
