"""Notebook 05's exercises on the loop: where a loss starts, and one training step."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import torch
from torch import Tensor, nn

from fpl_lib.course.checking import FunctionExercise


def _counts(rng: np.random.Generator) -> list[tuple[int]]:
    return [(10,), *((int(count),) for count in rng.integers(3, 200, 3))]


FIRST_LOSS = FunctionExercise(
    "05-first-loss",
    solution=lambda c: (1 - 1 / c) * (log(c) - log(1 - 1 / c)),
    decimals=4,
    cases=_counts,
    mistakes={
        "cross-entropy": lambda c: log(c),
        "without weights": lambda c: log(c) - log(1 - 1 / c),
        "weight 1/C": lambda c: (log(c) - log(1 - 1 / c)) / c,
        "log of p_F": lambda c: 2 * (1 - 1 / c) * log(c),
        "all wrong classes": lambda c: (1 - 1 / c) * (log(c) - (c - 1) * log(1 - 1 / c)),
        "only T weighted": lambda c: (1 - 1 / c) * log(c) - log(1 - 1 / c),
        "sign": lambda c: (1 - 1 / c) * (log(c) + log(1 - 1 / c)),
    },
)

Step = Callable[[nn.Module, nn.Module, torch.optim.Optimizer, Tensor, Tensor], float]


def _step(
    model: nn.Module,
    loss_fn: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    target: Tensor,
    *,
    order: str = "zero backward step",
    squash: Callable[[Tensor], Tensor] = lambda logits: logits,
    give: Callable[[Tensor], float] = lambda loss: loss.item(),
    again: bool = False,
    swap: bool = False,
    evaluate: bool = False,
) -> float:
    if evaluate:
        model.eval()
    logits = squash(model(images))
    loss = loss_fn(target, logits) if swap else loss_fn(logits, target)
    parts = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
    for part in order.split():
        parts[part]()
    return give(loss_fn(squash(model(images)), target) if again else loss)


def _three_steps(step: Step, weight: Tensor, images: Tensor, target: Tensor) -> dict | None:
    """Losses and weights after three steps of SGD with momentum from `weight` (C, D)."""
    model = nn.Linear(weight.shape[1], len(weight), bias=False, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.5)
    loss_fn, losses = nn.CrossEntropyLoss(label_smoothing=0.1), []  # not what one has at hand
    for batch, labels in zip(images, target, strict=True):
        loss = step(model, loss_fn, optimizer, batch, labels)
        if loss is None or loss is ...:
            return loss
        losses.append(loss)
    return {
        "the mode of the model": "training" if model.training else "evaluation",
        "the weights": model.weight,
        "the losses": [float(loss) for loss in losses],
        "the type of the loss, a float": all(isinstance(loss, float) for loss in losses),
    }


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    """A linear network's weights (C, D), and three batches (3, N, D) with labels (3, N)."""
    cases = []
    for _ in range(2):
        c, d, n = (int(rng.integers(*span)) for span in ((3, 6), (3, 6), (4, 8)))
        weight, images = rng.standard_normal((c, d)), rng.standard_normal((3, n, d))
        target = torch.from_numpy(rng.integers(0, c, (3, n)))
        cases.append((torch.from_numpy(weight), torch.from_numpy(images), target))
    return cases


STEP = FunctionExercise(
    "05-step",
    solution=_step,
    cases=_batches,
    observe=_three_steps,
    mistakes={
        "swapped arguments": {"swap": True},
        "graph kept": {"give": lambda loss: loss},
        "gradients add up": {"order": "backward step"},
        "no weight moves": {"order": "backward zero step"},
        "step before backward": {"order": "step zero backward"},
        "softmax first": {"squash": lambda logits: logits.softmax(1)},
        "evaluation mode": {"evaluate": True},
        "loss after the step": {"again": True},
    },
)
