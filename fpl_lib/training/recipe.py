"""How a network is trained: a recipe as data, and the optimiser and the schedule that it names."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fpl_lib.training.batches import PADDING

OPTIMIZERS = ("adadelta", "sgd")
SCHEDULES = ("cosine", "step", "constant", "one_cycle")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. The defaults are the paper's Table 1; the rest it does not name.

    `lr` is multiplied by `gamma` at `milestones`, counted in epochs, under the step schedule; under
    the cosine one it falls to 0 over `epochs`. Under the one-cycle schedule it changes with every
    step: in a straight line from `lr` / 5 up to `lr` over the first quarter, then down to 0.
    `augment` is a random crop, after `padding` black pixels on each side, and a flip.
    `image_size` is the side, in pixels, at which the network sees the images: CIFAR's own is 32.
    `amp` computes the forward pass in bfloat16 where that is safe, over float32 weights; a
    processor without native bfloat16, on which that takes many times as long, does not.
    Raises ValueError for what cannot be.
    """

    batch_size: int = 64
    epochs: int = 20
    optimizer: str = "adadelta"
    lr: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    augment: bool = False
    padding: int = PADDING
    image_size: int = 32
    amp: bool = False
    channels_last: bool = True

    def __post_init__(self) -> None:
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if (given := getattr(self, name)) not in known:
                raise ValueError(f"unknown {name} {given!r}: expected one of {known}")
        if self.batch_size < 2 or self.epochs < 1:
            raise ValueError(
                "expected a batch_size of at least 2 (batch norm needs two samples) and at least "
                f"1 epoch, got {self.batch_size} and {self.epochs}"
            )
        if self.image_size < 1:
            raise ValueError(f"image_size must be 1 pixel or more, got {self.image_size}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"lr must be above 0 and finite, got {self.lr}")
        for name in ("momentum", "weight_decay", "gamma"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")


def make_optimizer(parameters: list[Tensor], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over `parameters`, of any shapes, weight decay on all of them.

    On CUDA it can be part of a captured step: its learning rate is a tensor there, which a schedule
    fills anew, and nothing in it asks the device for a value.
    """
    on_cuda = parameters[0].is_cuda
    lr = torch.tensor(recipe.lr, device=parameters[0].device) if on_cuda else recipe.lr
    if recipe.optimizer == "sgd":  # its foreach form would read the rate from the device
        return torch.optim.SGD(
            parameters, lr, recipe.momentum, nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay, fused=on_cuda or None,
        )  # fmt: skip
    optimizer = torch.optim.Adadelta(
        parameters, lr, weight_decay=recipe.weight_decay, foreach=on_cuda or None,
        capturable=on_cuda,
    )  # fmt: skip
    # It would warn in the steps that are taken before the capture, and in those of short batches.
    optimizer._warned_capturable_if_run_uncaptured = True
    return optimizer


def make_scheduler(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int):
    """A recipe's schedule; "one_cycle" steps with each batch, 5 times or more, else ValueError."""
    schedules = torch.optim.lr_scheduler
    if recipe.schedule == "one_cycle":
        if (total := recipe.epochs * steps) < 5:
            raise ValueError(f"one_cycle: expected 5 steps or more in all; got {total}")
        return schedules.OneCycleLR(
            optimizer, recipe.lr, epochs=recipe.epochs, steps_per_epoch=steps, pct_start=0.25,
            anneal_strategy="linear", cycle_momentum=False, div_factor=5,
        )  # fmt: skip
    if recipe.schedule == "cosine":
        return schedules.CosineAnnealingLR(optimizer, T_max=recipe.epochs)
    milestones = list(recipe.milestones) if recipe.schedule == "step" else []
    return schedules.MultiStepLR(optimizer, milestones, recipe.gamma)
