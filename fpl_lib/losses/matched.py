"""A control for comparing losses: one loss whose gradient has the length of another's.

FPL's gradient is longer than cross-entropy's, and a longer step is a larger learning rate. What a
comparison at one learning rate shows may be that. This control takes it out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GradientMatched(nn.Module):
    """A loss, scaled batch by batch so that its gradient is as long as that of `reference`.

    The factor is the ratio of the two gradients' norms with respect to the logits of the batch, a
    constant for the derivative. So the direction is the loss's, the length the reference's, and the
    value is the loss times the factor. Where the loss's own gradient is zero the factor is 1.

    Args:
        loss: called as `loss(logits, target)`, giving one number (reduction "mean" or "sum").
        reference: likewise; only the length of its gradient is used.

    Raises:
        TypeError: not modules.

    Example:
        >>> mean, total = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(reduction="sum")
        >>> z, t = torch.tensor([[2.0, 0.0], [1.0, 3.0]]), torch.tensor([1, 1])
        >>> torch.isclose(GradientMatched(mean, total)(z, t), 2 * mean(z, t))
        tensor(True)
    """

    def __init__(self, loss: nn.Module, reference: nn.Module) -> None:
        super().__init__()
        for name, module in (("loss", loss), ("reference", reference)):
            if not isinstance(module, nn.Module):
                raise TypeError(
                    f"{name}: expected a loss module, such as nn.CrossEntropyLoss(); got {module!r}"
                )
        self.loss, self.reference = loss, reference

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        own, wanted = (
            gradient_norm(module, logits, target) for module in (self.loss, self.reference)
        )
        factor = torch.where(own > 0, wanted / own.clamp_min(torch.finfo(own.dtype).tiny), 1.0)
        return factor * self.loss(logits, target)


def gradient_norm(loss: nn.Module, logits: Tensor, target: Tensor) -> Tensor:
    """Euclidean length, a scalar tensor, of the gradient of loss(logits, target) by the logits."""
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, target), leaf)
    return torch.linalg.vector_norm(gradient)
