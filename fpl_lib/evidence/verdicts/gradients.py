"""Verdicts that follow from the gradients, by numbers on random samples.

`push` is minus the gradient of a loss with respect to the logits. Random samples are drawn once,
with a fixed seed; a statement about all of them stands for a proof in notebooks 01 to 04.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.finding import Finding, decided
from fpl_lib.losses.fpl import false_positive_loss
from fpl_lib.losses.rivals import focal_loss

EXACT = 1e-12


@cache
def samples() -> tuple[Tensor, Tensor, Tensor]:
    """1000 random samples: logits (1000, 10), T and F (1000, 1)."""
    generator = torch.Generator().manual_seed(0)
    z = 2 * torch.randn(1000, 10, generator=generator, dtype=torch.float64)
    true = torch.randint(10, (1000, 1), generator=generator)
    false = z.scatter(1, true, -torch.inf).argmax(1, keepdim=True)
    return z, true, false


def push(loss, z: Tensor, target: Tensor, **options) -> Tensor:
    """Minus the gradient of each sample's loss with respect to its logits z (N, C)."""
    z = z.detach().clone().requires_grad_()
    return -torch.autograd.grad(loss(z, target, reduction="sum", **options), z)[0]


def apart(loss) -> Tensor:
    """The push on T's logit less that on F's, for each of `samples`: above 0, they move apart."""
    z, true, false = samples()
    found = push(loss, z, true.squeeze(1))
    return (found.gather(1, true) - found.gather(1, false)).squeeze(1)


def margin(records: Sequence[Record]) -> Finding:
    """That only FPL drives T and F apart."""
    pushes = apart(cross_entropy)
    least, share = float(pushes.min()), float((pushes > 0).double().mean())
    return decided(
        least <= 0,
        "CE does so too: it pushes T's logit up by 1 − p_T and F's down by p_F. On 1000 random "
        f"samples it moves the two apart on {share:.0%}.",
        basis="proof, notebook 02", estimate=least, unit="push on z_T − z_F, least",
    )  # fmt: skip


def second_maximum(records: Sequence[Record]) -> Finding:
    """That CE does not push the leading wrong class down."""
    z, true, false = samples()
    on_false = push(cross_entropy, z, true.squeeze(1)).gather(1, false)
    return decided(
        not bool((on_false < 0).all()),
        "CE pushes the leading wrong class's logit down by p_F, the hardest of all wrong classes. "
        "FPL with unit weights pushes it by exactly twice that.",
        basis="proof, notebook 02", estimate=float(on_false.max()), unit="push on z_F, weakest",
    )  # fmt: skip


def ce_ignores(records: Sequence[Record]) -> Finding:
    """That CE does not see the wrong classes' probabilities."""
    z, true, _ = samples()
    wrong = 1 - one_hot(true.squeeze(1), 10)
    found = push(cross_entropy, z, true.squeeze(1)) + z.softmax(1)
    off = float((found * wrong).abs().max())
    return decided(
        off > EXACT,
        "CE's gradient on the logit of a wrong class is that class's probability: the softmax "
        "ties p_T to all of them.",
        basis="proof, notebook 02",
    )  # fmt: skip


def designers_ignore(records: Sequence[Record]) -> Finding:
    """That losses ignore the wrongly preferred class: CE's push against it, and the margin loss."""
    finding = ce_ignores(records)
    return finding.because(
        "CE, the usual loss, pushes the preferred wrong class down hardest, by p_F; and margin "
        "losses have named it since Crammer and Singer (2001)."
    )


def class_distance(records: Sequence[Record]) -> Finding:
    """That the false term moves T and F further apart, in one step from the same weights."""
    more = apart(false_positive_loss) - apart(cross_entropy)
    return decided(
        bool((more >= 0).all()),
        "In one step from the same weights, yes: L_F adds p_F (1 + q_T) to the push on z_T − z_F. "
        "So does a larger learning rate with CE; about trained networks the paper shows nothing.",
        basis="proof, notebook 02", estimate=float(more.min()), unit="added push, least",
    )  # fmt: skip


def opposite_to_focal(records: Sequence[Record]) -> Finding:
    """That FPL reverses focal loss: factors on CE's push on F, for a hard and an easy sample."""
    p = torch.tensor([[0.05, 0.80, 0.15], [0.90, 0.08, 0.02]], dtype=torch.float64)
    target = torch.zeros(2, dtype=torch.long)
    hard, easy = (
        push(false_positive_loss, p.log(), target) / push(cross_entropy, p.log(), target)
    )[:, 1].tolist()
    focal = (push(focal_loss, p.log(), target) / push(cross_entropy, p.log(), target))[:, 1]
    return decided(
        easy > hard + EXACT,
        f"Focal loss multiplies CE's push on F by {focal[0]:.2f} on a hard and {focal[1]:.2f} on "
        f"an easy sample; FPL by {hard:.0f} and {easy:.0f}, so it reverses nothing there. On T its "
        "factor rises a little, from 1 to less than 2.",
        basis="proof, notebook 03",
    )  # fmt: skip
