"""A control for comparing losses: one loss whose gradient has the length of another's.

FPL's gradient is longer than cross-entropy's, and a longer step is a larger learning rate. What a
comparison at one learning rate shows may be that. This control takes it out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fpl_lib.losses.general import in_full_precision


class GradientMatched(nn.Module):
    """A loss whose gradient by the logits is as long as that of `reference`, its direction kept.

    By "batch" the loss is multiplied by the ratio of the two gradients' lengths, a constant for the
    derivative. By "sample" each sample's gradient gets a ratio of its own, and with it the
    reference's length, which also takes out how much samples weigh beside each other; the value
    stays the loss's own. Where the loss's gradient is zero the ratio is 1.

    loss, reference: modules called as `loss(logits, target)` that give one number (reduction "mean"
    or "sum"), else TypeError; by: "batch" or "sample" (at each place, for logits (N, C, d1, ...)),
    else ValueError. This kit's own; not in the paper.

    >>> mean, total = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(reduction="sum")
    >>> z, t = torch.tensor([[2.0, 0.0], [1.0, 3.0]]), torch.tensor([1, 1])
    >>> torch.isclose(GradientMatched(mean, total)(z, t), 2 * mean(z, t))
    tensor(True)
    """

    def __init__(self, loss: nn.Module, reference: nn.Module, *, by: str = "batch") -> None:
        super().__init__()
        for name, module in (("loss", loss), ("reference", reference)):
            if not isinstance(module, nn.Module):
                raise TypeError(
                    f"{name}: expected a loss module, as nn.CrossEntropyLoss(); got {module!r}."
                )
        if by not in ("batch", "sample"):
            raise ValueError(f'by: expected "batch" or "sample"; got {by!r}.')
        self.loss, self.reference, self.by = loss, reference, by

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch."""
        own, wanted = (gradient_of(one, logits, target) for one in (self.loss, self.reference))
        classes = 0 if logits.dim() == 1 else 1
        dim = None if self.by == "batch" else classes
        length, aim = (torch.linalg.vector_norm(g, dim=dim, keepdim=True) for g in (own, wanted))
        ratio = torch.where(length > 0, aim / length.clamp_min(torch.finfo(own.dtype).tiny), 1.0)
        if self.by == "batch":
            return ratio.squeeze() * self.loss(logits, target)
        # Nothing is added to the value, and ratio · own to the gradient: so a mean need not be
        # taken apart into its samples.
        # The NaN of a class that -inf rules out has no gradient.
        moved = (in_full_precision(logits) - in_full_precision(logits.detach())).nan_to_num(0.0)
        return self.loss(logits.detach(), target) + (ratio * own * moved).sum()

    def extra_repr(self) -> str:
        return f"by={self.by!r}"


def gradient_of(loss: nn.Module, logits: Tensor, target: Tensor) -> Tensor:
    """The gradient of loss(logits, target) by the logits, in their shape, at least float32."""
    if torch.compiler.is_compiling():  # it would break its graph at torch.autograd.grad
        return torch.func.grad(lambda z: loss(z, target))(in_full_precision(logits.detach()))
    with torch.inference_mode(False), torch.enable_grad():  # and copies that may have a gradient
        leaf = in_full_precision(logits.detach().clone()).requires_grad_()
        return torch.autograd.grad(loss(leaf, target.clone()), leaf)[0]
