"""The default case, log terms and one false class, with its gradient worked out by hand."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional

from fpl_lib.losses.general import LOWEST, false_classes, in_full_precision

WIDE = 256  # classes from which on a CPU NumPy finds the largest sooner than torch

# Private to torch, which asks it before every autograd.Function. Should it go, transforms count as
# active: then autograd differentiates the general case, which is slower and never wrong.
_transforms_active = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


def suits_closed_form(logits: Tensor, alphas: tuple[float | Tensor, ...]) -> bool:
    """Whether LogFPL can stand in for autograd: nothing but the logits wants a gradient.

    A number 0 must leave its term out, which LogFPL does not. torch.compile fuses the general
    case better than hand-written steps, and forward mode and every torch.func transform (grad,
    vmap, jvp) would need a rule of its own.
    """
    if not logits.requires_grad or torch.compiler.is_compiling() or _transforms_active():
        return False
    if forward_ad.unpack_dual(logits).tangent is not None:
        return False
    return not any(a.requires_grad if isinstance(a, Tensor) else a == 0 for a in alphas)


class LogFPL(torch.autograd.Function):
    """α_T (-log p_T) + α_F (-log(1 - p_F)) for each sample (Eq. 1-3), its gradient in closed form.

    With p the softmax of the logits z, e_i the i-th unit vector, F the most probable class other
    than T, and q the softmax over all classes but F (q_F = 0):

        dz = α_T (p - e_T) + α_F p_F (e_F - q)

    Why: -log p_T = lse(z) - z_T has the gradient p - e_T. And -log(1 - p_F) = lse(z) - lse_{j≠F}(z)
    has p - q, which is p_F (e_F - q), because p = (1 - p_F) q + p_F e_F.

    The same decomposition makes it fast. p_T = (1 - p_F) q_T turns the loss into

        α_T (-log q_T) + (α_T + α_F) (-log(1 - p_F)),   p_F = sigmoid(z_F - lse_{j≠F}(z)),

    and the gradient of every class but T and F into (α_T - (α_T + α_F) p_F) q. So one exponential
    an element is enough, and a factor a row turns the memory it lies in into the gradient, which
    waits there for the first backward pass. A second one computes it again; double backward
    differentiates the formula above.

    Shapes: logits (N, C, d1, ...), true (N, 1, d1, ...); an alpha is a number, or a tensor
    expanded to the logits' shape. Gives the losses, (N, d1, ...), or their sum.
    """

    @staticmethod
    def forward(ctx, logits: Tensor, true: Tensor, alpha_true, alpha_false, summed) -> Tensor:
        ctx.save_for_backward(logits, true)
        ctx.dtype, ctx.alphas = logits.dtype, (alpha_true, alpha_false)
        loss, ctx.gradient = _loss_and_gradient(logits, true, alpha_true, alpha_false)
        return loss.sum() if summed else loss.squeeze(1)

    @staticmethod
    def backward(ctx, grad_loss: Tensor) -> tuple[Tensor, None, None, None, None]:
        each = grad_loss.unsqueeze(1) if grad_loss.dim() else grad_loss
        gradient, ctx.gradient = ctx.gradient, None
        # Here gradients are recorded only for double backward.
        if torch.is_grad_enabled():
            gradient = gradient_formula(*ctx.saved_tensors, *ctx.alphas) * each
            return gradient.to(ctx.dtype), None, None, None, None
        if gradient is None:  # handed out before
            gradient = _loss_and_gradient(*ctx.saved_tensors, *ctx.alphas)[1]
        try:
            # A plain loss.backward() sends 1. A GPU is not asked: its queue would stall.
            if grad_loss.dim() or not grad_loss.is_cpu or grad_loss.item() != 1:
                gradient.mul_(each)
        except RuntimeError:  # many grad_loss for the one gradient (is_grads_batched=True)
            gradient = gradient * each
        return gradient.to(ctx.dtype), None, None, None, None


def gradient_formula(
    z: Tensor, true: Tensor, alpha_true: float | Tensor, alpha_false: float | Tensor
) -> Tensor:
    """α_T (p - e_T) + α_F p_F (e_F - q), in operations that autograd can differentiate."""
    z = in_full_precision(z)
    false = false_classes(z.detach(), true, 1)
    p = z.softmax(1)
    q = z.scatter(1, false, -torch.inf).softmax(1)
    zero = torch.zeros_like(z)
    e_true, e_false = zero.scatter(1, true, 1.0), zero.scatter(1, false, 1.0)
    alpha_true, alpha_false = _of_class(alpha_true, true), _of_class(alpha_false, false)
    return alpha_true * (p - e_true) + alpha_false * p.gather(1, false) * (e_false - q)


def _loss_and_gradient(
    logits: Tensor, true: Tensor, alpha_true: float | Tensor, alpha_false: float | Tensor
) -> tuple[Tensor, Tensor]:
    """The loss of each sample, (N, 1, d1, ...), and its gradient, shaped as the logits.

    LogFPL says why. One copy of the logits is worked on in place, until it is the gradient.
    """
    z = in_full_precision(logits)
    z = z.clone() if z is logits else z
    z_true = z.gather(1, true)
    z_false, false = _largest(z.scatter_(1, true, -torch.inf))
    # F's place takes z_T (-inf would do, but makes exp slow): so the maximum is that over j ≠ F,
    # and e^z_T, in the sum twice, is subtracted once. The clamps matter where classes are ruled
    # out: the shift's if all but F are; the total's if all but T are, when max may land on T.
    z.scatter_(1, true, z_true).scatter_(1, false, z_true)
    shift = z.amax(1, keepdim=True).clamp_(min=LOWEST)
    rest = z.sub_(shift).exp_()
    exp_true = z_true.sub_(shift).exp()
    total = rest.sum(1, keepdim=True).sub_(exp_true).clamp_(min=1)
    log_total = total.log()
    lead = z_false.sub_(shift).sub_(log_total)  # z_F - lse_{j≠F}(z)

    alpha_true, alpha_false = _of_class(alpha_true, true), _of_class(alpha_false, false)
    alpha_true, alpha_sum = _filled(alpha_true, lead), _filled(alpha_true + alpha_false, lead)
    # Beyond 40 softplus(x) is x, to the last bit of float64.
    loss = functional.softplus(lead, threshold=40).mul_(alpha_sum)
    loss.addcmul_(log_total.sub_(z_true), alpha_true)

    gradient_false = lead.sigmoid_().mul_(alpha_sum)
    factor = (alpha_true - gradient_false).div_(total)
    gradient_true = exp_true.mul_(factor).sub_(alpha_true)
    rest.mul_(factor).scatter_(1, true, gradient_true).scatter_(1, false, gradient_false)
    return loss, rest


def _largest(z: Tensor) -> tuple[Tensor, Tensor]:
    """The largest value over classes and the first class that has it, each (N, 1, d1, ...)."""
    if z.is_cpu and z.dim() == 2 and z.shape[1] >= WIDE:
        # torch finds the place of a maximum one element after the other, NumPy many at a time.
        place = torch.from_numpy(z.numpy().argmax(1, keepdims=True))
        return z.gather(1, place), place
    return z.max(1, keepdim=True)


def _of_class(alpha: float | Tensor, classes: Tensor) -> float | Tensor:
    """α of the given classes, shaped as they are; a number is every class's."""
    return alpha.gather(1, classes) if isinstance(alpha, Tensor) else alpha


def _filled(alpha: float | Tensor, like: Tensor) -> Tensor:
    """A number as a tensor: torch would make one at every operation that it is used in."""
    return alpha if isinstance(alpha, Tensor) else like.new_full((), alpha)
