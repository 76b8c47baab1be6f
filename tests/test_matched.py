"""The gradient-matched control: one loss's direction, the other's length."""

import pytest
import torch
from torch import nn

from fpl_lib import FalsePositiveLoss
from fpl_lib.losses.matched import GradientMatched, gradient_of

LOGITS = torch.randn(16, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
TARGET = torch.arange(16) % 5


def gradient(loss):
    z = LOGITS.clone().requires_grad_()
    loss(z, TARGET).backward()
    return z.grad


def test_the_direction_is_the_losss_and_the_length_the_references():
    ce, fpl = nn.CrossEntropyLoss(), FalsePositiveLoss(0.9)
    matched = gradient(GradientMatched(ce, fpl))
    assert matched.norm() == pytest.approx(gradient(fpl).norm().item(), rel=1e-12)
    cosine = torch.cosine_similarity(matched.flatten(), gradient(ce).flatten(), dim=0)
    assert cosine.item() == pytest.approx(1, abs=1e-12)
    assert gradient(ce).norm() != pytest.approx(matched.norm().item(), rel=0.05)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("shape", [(16, 5), (16, 5, 3), (5,)], ids=str)
def test_by_sample_each_sample_keeps_its_direction_and_gets_the_references_length(shape, reduction):
    z = torch.randn(shape, dtype=torch.float64).requires_grad_()
    target = torch.randint(5, shape[:1] + shape[2:] if len(shape) > 1 else ())
    ce, fpl = nn.CrossEntropyLoss(reduction=reduction), FalsePositiveLoss(0.9)
    value = GradientMatched(ce, fpl, by="sample")(z, target)
    torch.testing.assert_close(value, ce(z, target))
    (matched,) = torch.autograd.grad(3 * value, z)
    own, wanted = gradient_of(ce, z, target), 3 * gradient_of(fpl, z, target)
    classes = 0 if len(shape) == 1 else 1
    torch.testing.assert_close(matched.norm(dim=classes), wanted.norm(dim=classes))
    cosines = torch.cosine_similarity(matched, own, dim=classes)
    torch.testing.assert_close(cosines, torch.ones_like(cosines))
    if len(shape) > 1:  # and so the batch as a whole has another direction than the loss's
        assert torch.cosine_similarity(matched.flatten(), own.flatten(), dim=0) < 0.999


def test_by_sample_is_right_in_half_precision_and_through_a_network():
    torch.manual_seed(0)
    net, images = nn.Linear(7, 5), torch.randn(16, 7)
    matched = GradientMatched(nn.CrossEntropyLoss(), FalsePositiveLoss(), by="sample")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = net(images)
    logits.retain_grad()
    matched(logits, TARGET).backward()
    assert logits.dtype == logits.grad.dtype == torch.bfloat16
    wanted = gradient_of(FalsePositiveLoss(), logits, TARGET).norm(dim=1)
    torch.testing.assert_close(logits.grad.float().norm(dim=1), wanted, rtol=0.01, atol=0)
    assert net.weight.grad.isfinite().all() and net.weight.grad.any()


@pytest.mark.parametrize("by", ["batch", "sample"])
def test_torch_compile_takes_it_whole(by):
    """Its graph broke at each gradient that is taken within the forward pass."""
    torch.compiler.reset()
    loss = GradientMatched(nn.CrossEntropyLoss(), FalsePositiveLoss(0.9), by=by)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    plain, traced = (LOGITS.clone().requires_grad_() for _ in range(2))
    expected, found = loss(plain, TARGET), compiled(traced, TARGET)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        *(torch.autograd.grad(*x)[0] for x in ((found, traced), (expected, plain)))
    )


@pytest.mark.parametrize("by", ["batch", "sample"])
def test_matched_to_itself_a_loss_is_unchanged(by):
    fpl = FalsePositiveLoss(0.9)
    torch.testing.assert_close(gradient(GradientMatched(fpl, fpl, by=by)), gradient(fpl))


def test_matched_to_a_multiple_is_that_multiple():
    class Triple(nn.Module):
        def forward(self, logits, target):
            return 3 * nn.functional.cross_entropy(logits, target)

    ce = nn.CrossEntropyLoss()
    torch.testing.assert_close(gradient(GradientMatched(ce, Triple())), 3 * gradient(ce))


@pytest.mark.parametrize("by", ["batch", "sample"])
def test_a_gradient_of_zero_stays_zero(by):
    class Flat(nn.Module):
        def forward(self, logits, target):
            return (0 * logits).sum()

    matched = gradient(GradientMatched(Flat(), nn.CrossEntropyLoss(), by=by))
    assert torch.equal(matched, torch.zeros_like(matched))


def test_a_gradient_is_taken_even_where_none_is_recorded_and_leaves_none_behind():
    ce = nn.CrossEntropyLoss()
    z = LOGITS.clone().requires_grad_()
    with torch.no_grad():
        found = gradient_of(ce, z, TARGET)
    torch.testing.assert_close(found, gradient(ce))
    assert z.grad is None


@pytest.mark.parametrize("by", ["batch", "sample"])
def test_a_class_that_is_ruled_out_and_inference_mode_change_no_value(by):
    z = LOGITS.clone()
    z[:, 3] = -torch.inf
    target = torch.where(TARGET == 3, 0, TARGET)
    ce = nn.CrossEntropyLoss()
    matched = GradientMatched(ce, ce, by=by)
    torch.testing.assert_close(matched(z, target), ce(z, target))
    with torch.inference_mode():
        torch.testing.assert_close(matched(z.clone(), target.clone()), ce(z, target))


def test_a_function_is_refused_as_it_would_not_be_trained_along():
    with pytest.raises(TypeError, match="reference: expected a loss module"):
        GradientMatched(nn.CrossEntropyLoss(), nn.functional.cross_entropy)
    with pytest.raises(ValueError, match='by: expected "batch" or "sample"; got None'):
        GradientMatched(nn.CrossEntropyLoss(), nn.CrossEntropyLoss(), by=None)
