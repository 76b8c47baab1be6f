"""Verdicts that follow from the form of the loss, its terms and weights, by numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn.functional import one_hot

from fpl_lib import paper
from fpl_lib.cifar10.files import BIN, IMAGES_PER_FILE
from fpl_lib.cifar10.subsets import long_tail_counts
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.finding import PRINTED, Finding, decided
from fpl_lib.evidence.verdicts.gradients import EXACT, samples
from fpl_lib.losses import false_positive_loss, log_term, squared_term
from fpl_lib.losses.alphas import batch_alpha, class_alpha


def full_adaptability(records: Sequence[Record]) -> Finding:
    """That any common loss is a form of FPL: a margin loss is not a sum over p_T and p_F."""
    p_T, p_F = torch.tensor([[0.6], [0.3]]), torch.tensor([0.3, 0.1])
    hinge = (1 - p_T.log() + p_F.log()).clamp(min=0)
    mixed = float(hinge[0, 0] - hinge[0, 1] - hinge[1, 0] + hinge[1, 1])
    return decided(
        abs(mixed) < 1e-6,
        "A margin loss, max(0, 1 − z_T + z_F), is no sum of a function of p_T and one of p_F. Nor "
        "is a loss that shifts the logits first. For losses of p_T alone it does hold.",
        basis="proof, notebook 03", estimate=mixed, unit="mixed difference, 0 for a sum",
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
    return decided(
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
    return decided(
        off < EXACT, "The squared error less the squares of the bystanders is Eq. 5 plus Eq. 6.",
        basis="proof, notebook 03",
    )  # fmt: skip


def eq7(records: Sequence[Record]) -> Finding:
    """That Eq. 7 needs nothing but the minibatch."""
    target = torch.tensor([0, 0, 1, 3])
    by_hand = 1 - torch.bincount(target, minlength=5) / len(target)
    return decided(
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
        "no longer knows F, and the loss is CE, nearly.",
    ) if mean.verdict == "supported" else mean  # fmt: skip


def _on_figure1(options: dict, false_part, why: str) -> Finding:
    figure = paper.figure1()
    z = torch.tensor(figure.probabilities, dtype=torch.float64).log()
    wrong = sorted(
        (p for i, p in enumerate(figure.probabilities) if i != figure.true), reverse=True
    )
    loss = false_positive_loss(z, torch.tensor(figure.true), alpha=(0, 1), **options)
    return decided(
        abs(float(loss) - false_part(wrong)) < EXACT, why, basis="proof by numbers, notebook 03"
    )


def figure1_false_class(records: Sequence[Record]) -> Finding:
    """That F in Figure 1 is the likeliest wrong class."""
    figure = paper.figure1()
    wrong = [p for i, p in enumerate(figure.probabilities) if i != figure.true]
    largest = figure.probabilities[figure.false]
    return decided(
        largest == max(wrong), f"The wrong classes have {wrong}; F is the one with {largest}.",
        scope=PRINTED, basis="arithmetic on Figure 1", estimate=largest, unit="probability",
    )  # fmt: skip


def damps_frequent(records: Sequence[Record]) -> Finding:
    """That Eq. 4 gives the more frequent class the smaller weight."""
    alpha = class_alpha(long_tail_counts(5000, 100, 10))
    return decided(
        bool((alpha.diff() > 0).all()),
        "Eq. 4 falls with the class count. With two classes it changes nothing at all: α_T + α_F "
        "is 1, and FPL is CE.", basis="proof, notebook 04",
    )  # fmt: skip


def weak_weight(records: Sequence[Record]) -> Finding:
    """That Eq. 4 is a weak weight: tail over head on CIFAR-10's long tail of ratio 100."""
    counts = long_tail_counts(5000, 100, 10)
    alpha = class_alpha(counts)
    ratio, inverse = float(alpha[-1] / alpha[0]), counts[0] / counts[-1]
    return decided(
        ratio < inverse / 10,
        f"Where the rarest class has {inverse:.0f} times fewer images than the commonest, Eq. 4 "
        f"weighs it {ratio:.1f} times as much; inverse frequency would by {inverse:.0f}.",
        basis="arithmetic, notebook 04", estimate=ratio, unit="ratio of weights",
    )  # fmt: skip


def learned(records: Sequence[Record]) -> Finding:
    """That learning the weights improves: the gradient with respect to each weight is its cost."""
    z, true, _ = samples()
    alpha = torch.ones(10, dtype=torch.float64, requires_grad=True)
    (cost,) = torch.autograd.grad(false_positive_loss(z, true.squeeze(1), alpha=alpha), alpha)
    return decided(
        not bool((cost >= 0).all()),
        "By gradient descent all weights fall to zero or to their floor, since no derivative is "
        "negative. On a simplex one takes all. The paper shows no run with learned weights, nor a "
        "search for better ones; weights chosen by hand are tried under imbalance (notebook 04).",
        basis="proof, notebook 03", estimate=float(cost.min()), unit="derivative, least",
    )  # fmt: skip


def data_split(records: Sequence[Record]) -> Finding:
    """That CIFAR-10 has 50 000 and 10 000 images in ten classes."""
    train, test = (IMAGES_PER_FILE * len(files) for files in (BIN.train, BIN.test))
    return decided(
        (train, test) == (50_000, 10_000),
        f"The official files hold {train:,} training and {test:,} test images.".replace(",", " "),
        scope=PRINTED, basis="the data set's files, compared by MD5", estimate=train,
        unit="training images",
    )  # fmt: skip
