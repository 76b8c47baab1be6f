"""The gradient-matched control: one loss's direction, the other's length."""

import pytest
import torch
from torch import nn

from fpl_lib import FalsePositiveLoss
from fpl_lib.losses.matched import GradientMatched, gradient_norm

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


def test_matched_to_itself_a_loss_is_unchanged():
    fpl = FalsePositiveLoss(0.9)
    torch.testing.assert_close(gradient(GradientMatched(fpl, fpl)), gradient(fpl))


def test_matched_to_a_multiple_is_that_multiple():
    class Triple(nn.Module):
        def forward(self, logits, target):
            return 3 * nn.functional.cross_entropy(logits, target)

    ce = nn.CrossEntropyLoss()
    torch.testing.assert_close(gradient(GradientMatched(ce, Triple())), 3 * gradient(ce))


def test_a_gradient_of_zero_stays_zero():
    class Flat(nn.Module):
        def forward(self, logits, target):
            return (0 * logits).sum()

    matched = gradient(GradientMatched(Flat(), nn.CrossEntropyLoss()))
    assert torch.equal(matched, torch.zeros_like(matched))


def test_the_norm_is_the_gradients_and_leaves_none_behind():
    ce = nn.CrossEntropyLoss()
    z = LOGITS.clone().requires_grad_()
    assert gradient_norm(ce, z, TARGET).item() == pytest.approx(gradient(ce).norm().item())
    assert z.grad is None
    with torch.no_grad():
        assert gradient_norm(ce, z, TARGET) > 0


def test_a_function_is_refused_as_it_would_not_be_trained_along():
    with pytest.raises(TypeError, match="reference: expected a loss module"):
        GradientMatched(nn.CrossEntropyLoss(), nn.functional.cross_entropy)
