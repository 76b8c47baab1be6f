"""Verdicts that follow from the formulas: the form of the loss, its terms, weights and gradients.

`push` is minus the gradient of a loss with respect to the logits. Random samples are drawn once,
with a fixed seed; a statement about all of them stands for a proof in notebooks 01 to 04.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from fpl_lib import paper
from fpl_lib.cifar10 import long_tail_counts
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.findings import (
    PRINTED,
    PROVED,
    UNTESTABLE,
    Finding,
    by_formula,
)
from fpl_lib.losses import (
    batch_alpha,
    class_alpha,
    false_positive_loss,
    log_term,
    squared_term,
    terms,
)
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
    return by_formula(
        least <= 0,
        "CE does so too: it pushes T's logit up by 1 − p_T and F's down by p_F. On 1000 random "
        f"samples it moves the two apart on {share:.0%}. And Section 1.1 describes a loss made for "
        "it: the triplet loss.",
        basis="proof, notebook 02", estimate=least, unit="push on z_T − z_F, least",
    )  # fmt: skip


def ce_ignores(records: Sequence[Record]) -> Finding:
    """That CE does not see the wrong classes' probabilities."""
    z, true, _ = samples()
    wrong = 1 - one_hot(true.squeeze(1), 10)
    found = push(cross_entropy, z, true.squeeze(1)) + z.softmax(1)
    off = float((found * wrong).abs().max())
    return by_formula(
        off > EXACT,
        "CE's gradient on the logit of a wrong class is that class's probability: the softmax "
        "ties p_T to all of them.",
        basis="proof, notebook 02",
    )  # fmt: skip


def class_distance(records: Sequence[Record]) -> Finding:
    """That the false term moves T and F further apart, in one step from the same weights."""
    more = apart(false_positive_loss) - apart(cross_entropy)
    return by_formula(
        bool((more >= 0).all()),
        "In one step from the same weights, yes: L_F adds p_F (1 + q_T) to the push on z_T − z_F. "
        "So does a larger learning rate with CE; about trained networks the paper shows nothing.",
        basis="proof, notebook 02", estimate=float(more.min()), unit="added push, least",
    )  # fmt: skip


def opposite_to_focal(records: Sequence[Record]) -> Finding:
    """That FPL reverses focal loss: factors on CE's push on F, for a hard and an easy sample."""
    p = torch.tensor([[0.05, 0.80, 0.15], [0.90, 0.08, 0.02]], dtype=torch.float64)
    target = torch.zeros(2, dtype=torch.long)
    ce = push(cross_entropy, p.log(), target)
    ours, focal = (push(f, p.log(), target) / ce for f in (false_positive_loss, focal_loss))
    return Finding(
        UNTESTABLE, "", "the formulas, notebook 03",
        f"The passage says neither which loss nor in what sense. FPL itself, on F's logit: focal "
        f"loss multiplies CE's push by {focal[0, 1]:.2f} on a hard and {focal[1, 1]:.2f} on an "
        f"easy sample, FPL by {ours[0, 1]:.0f} and {ours[1, 1]:.0f}, so it reverses nothing. On "
        f"T's: by {focal[0, 0]:.2f} and {focal[1, 0]:.2f}, FPL by {ours[0, 0]:.2f} and "
        f"{ours[1, 0]:.2f}, mildly the other way.",
        "the loss and the sense that are meant",
    )  # fmt: skip


def four_free_parts(records: Sequence[Record]) -> Finding:
    """That the weights and terms of T and F can be chosen one by one."""
    z, true, _ = samples()
    log, square = log_term, squared_term
    choices = [((2, 1), (log, log)), ((1, 2), (log, log)), ((1, 1), (square, log)),
               ((1, 1), (log, square))]  # fmt: skip
    plain = false_positive_loss(z, true.squeeze(1))
    moved = [
        not torch.isclose(false_positive_loss(z, true.squeeze(1), alpha=a, term=t), plain)
        for a, t in choices
    ]
    return by_formula(
        all(moved), "Each of α_T, α_F, φ_T and φ_F can be exchanged alone, and each changes the "
        "loss. The paper reports runs for one choice only.", basis="proof, notebook 03",
    )  # fmt: skip


def squared_terms(records: Sequence[Record]) -> Finding:
    """That Eq. 5 and 6 are the squared error's parts for T and F."""
    z, true, false = samples()
    p, target = z.softmax(1), true.squeeze(1)
    bystanders = p.scatter(1, true, 0).scatter(1, false, 0)
    brier = (p - one_hot(target, 10)).square().sum(1) - bystanders.square().sum(1)
    off = float(
        (brier - false_positive_loss(z, target, term=squared_term, reduction="none")).abs().max()
    )
    return by_formula(
        off < EXACT, "The squared error less the squares of the bystanders is Eq. 5 plus Eq. 6.",
        basis="proof, notebook 03",
    )  # fmt: skip


def eq7(records: Sequence[Record]) -> Finding:
    """That Eq. 7 needs nothing but the minibatch."""
    target = torch.tensor([0, 0, 1, 3])
    by_hand = 1 - torch.bincount(target, minlength=5) / len(target)
    return by_formula(
        torch.allclose(batch_alpha(target, 5).double(), by_hand.double()),
        "The labels of the batch suffice. A class that the batch lacks gets weight 1, and a batch "
        "of one sample has α_T = 0.", basis="proof, notebook 03",
    )  # fmt: skip


def eq8(records: Sequence[Record]) -> Finding:
    """That the false term extends to k classes."""
    return _on_figure1(
        {"k": 2}, lambda wrong: -sum(math.log(1 - p) for p in wrong[:2]),
        "With k = 2 the false part is the sum of the two largest wrong classes' terms.",
    )  # fmt: skip


def pooled(records: Sequence[Record]) -> Finding:
    """That a mean or median could stand in for the largest wrong class."""
    mean = _on_figure1(
        {"k": None, "pool": "mean"}, lambda wrong: -math.log(1 - sum(wrong) / len(wrong)), ""
    )
    return _on_figure1(
        {"k": None, "pool": "median"}, lambda wrong: -math.log(1 - (wrong[1] + wrong[2]) / 2),
        "Both can be computed. But the mean of all wrong probabilities is (1 − p_T)/(C − 1): it "
        "no longer knows F, and the loss is nearly CE.",
    ) if mean.verdict == PROVED else mean  # fmt: skip


def _on_figure1(options: dict, false_part, why: str) -> Finding:
    figure = paper.figure1()
    z = torch.tensor(figure.probabilities, dtype=torch.float64).log()
    wrong = sorted(
        (p for i, p in enumerate(figure.probabilities) if i != figure.true), reverse=True
    )
    loss = false_positive_loss(z, torch.tensor(figure.true), alpha=(0, 1), **options)
    return by_formula(
        abs(float(loss) - false_part(wrong)) < EXACT, why, basis="proof by numbers, notebook 03"
    )


def figure1_false_class(records: Sequence[Record]) -> Finding:
    """That F in Figure 1 is the likeliest wrong class."""
    figure = paper.figure1()
    wrong = [p for i, p in enumerate(figure.probabilities) if i != figure.true]
    largest = figure.probabilities[figure.false]
    return by_formula(
        largest == max(wrong), f"The wrong classes have {wrong}; F is the one with {largest}.",
        scope=PRINTED, basis="arithmetic on Figure 1", estimate=largest, unit="probability",
    )  # fmt: skip


def damps_frequent(records: Sequence[Record]) -> Finding:
    """That Eq. 4 gives the more frequent class the smaller weight."""
    alpha = class_alpha(long_tail_counts(5000, 100, 10))
    return by_formula(
        bool((alpha.diff() > 0).all()),
        "Eq. 4 falls with the class count. With two classes it changes nothing at all: α_T + α_F "
        "is 1, and FPL is CE.", basis="proof, notebook 04",
    )  # fmt: skip


def weak_weight(records: Sequence[Record]) -> Finding:
    """That Eq. 4 is a weak weight: tail over head on CIFAR-10's long tail of ratio 100.

    Not the reason that the claim gives: a factor on the logarithm is the same at every p.
    """
    counts = long_tail_counts(5000, 100, 10)
    alpha = class_alpha(counts)
    ratio, inverse = float(alpha[-1] / alpha[0]), counts[0] / counts[-1]
    return by_formula(
        ratio < inverse / 10,
        f"Where the rarest class has {inverse:.0f} times fewer images than the commonest, Eq. 4 "
        f"weighs it {ratio:.1f} times as much; inverse frequency, {inverse:.0f} times. The "
        "reason given is not the reason: α multiplies the logarithm, so its factor is the same at "
        f"every p. It is weak since all weights lie between {alpha[0]:.1f} and 1.",
        basis="arithmetic, notebook 04", estimate=ratio, unit="ratio of weights",
        part="the effect, not the reason given",
    )  # fmt: skip


def full_adaptability(records: Sequence[Record]) -> Finding:
    """That FPL can be rewritten with other losses' formulas: five of them as its two terms."""
    z, true, _ = samples()
    target = true.squeeze(1)
    others = (squared_term, terms.focal_term, terms.gce_term, terms.poly1_term, terms.mae_term)
    parts = [
        false_positive_loss(z, target, alpha=alpha, term=term)
        for term in others
        for alpha in ((1, 0), (0, 1), (1, 1))
    ]
    off = max(abs(float(t + f - both)) for t, f, both in zip(*[iter(parts)] * 3, strict=True))
    return by_formula(
        off < EXACT,
        f"Eq. 1 takes any term of p_T and of p_F: {len(others)} losses' formulas are tried here, "
        "and the two parts add up. The claim is not that every loss is a form of FPL: a margin "
        "loss, max(0, 1 − z_T + z_F), is no sum of a function of p_T and one of p_F.",
        basis="proof, notebook 03",
    )  # fmt: skip


def broader_framework(records: Sequence[Record]) -> Finding:
    """That FPL's framework holds the Taylor cross-entropy: with α = (1, 0) and its φ."""
    z, true, _ = samples()
    target = true.squeeze(1)
    order = 3
    p = z.softmax(1).gather(1, true).squeeze(1)
    taylor = sum((1 - p) ** power / power for power in range(1, order + 1))

    def term(r: Tensor) -> Tensor:
        return sum((1 - r.exp()) ** power / power for power in range(1, order + 1))

    own = false_positive_loss(z, target, alpha=(1, 0), term=term, reduction="none")
    return by_formula(
        float((own - taylor).abs().max()) < EXACT,
        "As a family of formulas, yes: the Taylor cross-entropy of any order is FPL with "
        "α = (1, 0) and its own φ. Whether FPL resists wrong labels is another question.",
        basis="proof, notebook 03",
    )


LEARNED = (
    "The authors think so and say neither how nor on which runs. Plain gradient descent on α sends "
    "every weight to zero or to its floor, since no derivative of the loss with respect to a "
    "weight is negative (notebook 03)."
)
