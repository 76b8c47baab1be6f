"""The loop: what it computes and where it stops."""

import math
import time

import numpy as np
import pytest
import torch
from tiny_training import RECIPES, batches, network, run
from torch import nn

from fpl_lib import FalsePositiveLoss, LearnableAlpha
from fpl_lib.training import (
    Paused,
    Recipe,
    logits_of,
    make_optimizer,
    make_scheduler,
    metrics,
)

pytestmark = pytest.mark.slow


def test_one_epoch_is_the_textbook_loop():
    recipe = Recipe(
        batch_size=4, epochs=2, optimizer="sgd", lr=0.1, momentum=0.9, channels_last=False
    )
    ours, rows = run(recipe, seed=3)
    rows = list(rows)

    theirs, data, losses = network(), batches(augment=True, seed=5), []
    optimizer = torch.optim.SGD(theirs.parameters(), 0.1, 0.9)
    torch.manual_seed(3)
    for epoch in range(2):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1 + math.cos(math.pi * epoch / 2)) / 2
        seen, total = 0, 0.0
        for x, y in data.epoch(epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(theirs(x), y)
            loss.backward()
            optimizer.step()
            seen, total = seen + len(y), total + len(y) * float(loss.detach())
        losses.append(total / seen)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)
    assert [row["train_loss"] for row in rows] == pytest.approx(losses, rel=1e-5)
    assert [row["lr"] for row in rows] == pytest.approx([0.1, 0.05])


def test_one_cycle_goes_up_and_down_in_straight_lines():
    """8 epochs of 6 steps: 12 steps up from a fifth of the rate, 36 down to nearly nothing."""
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    recipe = Recipe(batch_size=4, epochs=8, optimizer="sgd", lr=0.5, schedule="one_cycle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "SGD", Watched)
        rows = list(run(recipe)[1])
    up, down = np.linspace(0.1, 0.5, 12), np.linspace(0.5, 1e-5, 37)[1:]
    np.testing.assert_allclose(rates, [*up, *down], rtol=1e-4)
    assert [row["lr"] for row in rows] == rates[5::6]


def test_one_cycle_of_four_steps_is_refused():
    recipe = Recipe(batch_size=4, epochs=2, optimizer="sgd", lr=0.5, schedule="one_cycle")
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    with pytest.raises(ValueError, match="expected 5 steps or more in all; got 4"):
        make_scheduler(make_optimizer(parameters, recipe), recipe, 2)


def test_each_row_says_how_sure_the_network_was_of_the_test_images():
    model, rows = run(RECIPES["table 1"])
    last = list(rows)[-1]
    logits, target = logits_of(model, batches(shuffle=False))
    for measure in (metrics.nll, metrics.ece, metrics.margin):
        assert last[measure.__name__] == measure(logits, target)


def test_test_images_that_give_nan_end_this_training_by_name():
    """Finite losses, and statistics of batch norm that are not: a grid of runs ended there."""
    model = network()
    model[1].register_forward_hook(
        lambda module, given, out: out if module.training else out * torch.nan
    )
    with pytest.raises(FloatingPointError, match="after epoch 1 the logits .* diverged; lower"):
        next(run(RECIPES["table 1"], model)[1])


def test_the_last_short_batch_counts_by_its_size():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(4))

        def forward(self, x):
            return self.bias.expand(len(x), 4)

    class SizeLoss(nn.Module):
        def forward(self, logits, target):
            return logits.sum() * 0 + len(target)

    _, rows = run(Recipe(batch_size=4, epochs=1), Constant(), SizeLoss())
    assert list(rows)[0]["train_loss"] == pytest.approx((5 * 4 * 4 + 2 * 2) / 22)


def test_the_losss_own_parameters_are_trained_along():
    loss = FalsePositiveLoss(LearnableAlpha(4))
    before = [p.detach().clone() for p in loss.parameters()]
    list(run(RECIPES["sgd, steps"], loss=loss)[1])
    assert before and all(
        not torch.equal(a, b) for a, b in zip(before, loss.parameters(), strict=True)
    )


def test_a_deadline_without_a_checkpoint_still_stops():
    _, rows = run(RECIPES["table 1"], deadline=time.monotonic() - 1)
    with pytest.raises(Paused, match="epoch 1 before step 2 of 6"):
        list(rows)


def test_prediction_is_in_evaluation_mode_float32_and_puts_the_mode_back():
    model = network().train()
    one, two = (logits_of(model, batches(shuffle=False))[0] for _ in range(2))
    assert torch.equal(one, two) and one.dtype == torch.float32 and model.training
    assert one.shape == (22, 4) and not one.requires_grad


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"optimizer": "adam"}, "unknown optimizer 'adam'"),
        ({"schedule": "warm"}, "unknown schedule 'warm'"),
        ({"batch_size": 1}, "batch_size of at least 2"),
        ({"epochs": 0}, "at least 1 epoch"),
        ({"image_size": 0}, "image_size must be 1 pixel or more, got 0"),
        ({"lr": 0.0}, "lr must be above 0"),
        ({"lr": math.nan}, "lr must be above 0"),
        ({"lr": math.inf}, "lr must be above 0 and finite, got inf"),
        ({"weight_decay": -0.1}, "weight_decay must be 0 or more, got -0.1"),
        ({"momentum": math.nan}, "momentum must be 0 or more, got nan"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Recipe(**fields)
