"""What a loss must do is demanded of it, and each property fails for a loss made to lack it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fpl_lib import FalsePositiveLoss, squared_term
from fpl_lib.evidence.experiments import LOSSES
from fpl_lib.losses import rivals
from fpl_lib.losses.properties import asks_for, properties_of, relative_length, require_trainable

COUNTS = torch.full((10,), 400)
ALL = ["shift", "class names", "mean", "T up", "right is least", "heeds blunders", "truthful"]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_of_the_kit_can_be_trained_with(name):
    require_trainable(LOSSES[name](COUNTS))


def only_full_batches(z, t):
    return F.cross_entropy(z, t) * torch.ones(64)[: len(z)].reshape(64).mean()


def changes_labels(z, t):
    value = F.cross_entropy(z, t)
    t.zero_()
    return value


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda z, t: F.cross_entropy(z, t, reduction="none"), ValueError, r"shape \(64,\).*mean"),
        (lambda z, t: F.cross_entropy(z, t)[None], ValueError, r"shape \(1,\)"),
        (lambda z, t: F.cross_entropy(z, t).item(), TypeError, r"is a float.*\.item"),
        (lambda z, t: None, TypeError, "is a NoneType"),
        (lambda z, t: F.cross_entropy(z.detach(), t), ValueError, "back to the logits.*detach"),
        (lambda z, t: (z.argmax(1) != t).float().mean(), ValueError, "back to the logits.*argmax"),
        (lambda z, t: torch.ones((), requires_grad=True) * 2, ValueError, "no gradient by the log"),
        (lambda z, t: z.softmax(1).log().sum(), ValueError, "T = 0 holds -inf.*log_softmax"),
        (lambda z, t: 0 * z.softmax(1).log().sum(), ValueError, "T = 0 holds nan"),
        (lambda z, t: 1 / 0, ValueError, "64 samples raises ZeroDivisionError"),
        (only_full_batches, ValueError, "7 samples raises RuntimeError"),
        (changes_labels, ValueError, "changes the labels"),
    ],
)
def test_a_loss_that_would_spoil_a_training_is_refused(loss, error, message):
    with pytest.raises(error, match=message):
        require_trainable(loss)


def test_an_infinite_gradient_of_a_finite_loss_is_found():
    """√(1 - p_T) is finite everywhere; its slope at p_T = 1 is not."""

    def root(z, t):
        return (1 - z.softmax(1).gather(1, t[:, None])).sqrt().mean()

    with pytest.raises(ValueError, match="the gradient of"):
        require_trainable(root)


def test_cross_entropy_has_every_property():
    assert properties_of(nn.CrossEntropyLoss()) == dict.fromkeys(ALL, True)


BROKEN = {
    "shift": lambda z, t: F.cross_entropy(z, t) + z.square().mean(),
    "class names": nn.CrossEntropyLoss(weight=torch.linspace(1, 2, 10, dtype=torch.float64)),
    "mean": nn.CrossEntropyLoss(reduction="sum"),
    "T up": lambda z, t: -F.cross_entropy(z, t),
    "right is least": nn.CrossEntropyLoss(label_smoothing=0.2),
    "heeds blunders": rivals.mae_loss,
    "truthful": rivals.focal_loss,
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_property_is_missed_in_a_loss_made_to_lack_it(name):
    loss = BROKEN[name]
    if name == "class names":  # float64 weights ask for float64 logits
        loss = lambda z, t, weighted=loss: weighted(z.double(), t)  # noqa: E731
    found = properties_of(loss)
    assert list(found) == ALL
    assert not found[name]


def test_only_what_a_loss_lacks_is_missed():
    found = properties_of(nn.CrossEntropyLoss(reduction="sum"))
    assert [name for name in ALL if not found[name]] == ["mean"]
    found = properties_of(rivals.mae_loss)
    assert [name for name in ALL if not found[name]] == ["heeds blunders", "truthful"]


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        (nn.CrossEntropyLoss(), (0.6, 0.3, 0.1)),
        (FalsePositiveLoss(), (0.5, 0.25, 0.25)),  # notebook 03, section 9
        (FalsePositiveLoss(k=3), (0.6, 0.3, 0.1)),
        (FalsePositiveLoss(k=None, term=squared_term), (0.6, 0.3, 0.1)),  # the Brier score
        (rivals.mae_loss, (1.0, 0.0, 0.0)),
    ],
)
def test_the_prediction_asked_for_is_the_known_one(loss, wanted):
    torch.testing.assert_close(
        asks_for(loss, (0.6, 0.3, 0.1)),
        torch.tensor(wanted, dtype=torch.float64),
        atol=0.011,
        rtol=0,
    )


def test_the_order_of_the_shares_is_that_of_the_answer():
    found = asks_for(nn.CrossEntropyLoss(), (0.1, 0.6, 0.3), num_classes=4)
    assert found.tolist() == pytest.approx([0.1, 0.6, 0.3])


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.4, 0.2), (0.55, 0.35, 0.1), (1.1, -0.1, 0)])
def test_other_shares_are_refused(shares):
    with pytest.raises(ValueError, match="three multiples of 0.1"):
        asks_for(nn.CrossEntropyLoss(), shares)


def test_length_is_in_proportion_to_the_loss():
    assert relative_length(nn.CrossEntropyLoss(reduction="sum")) == pytest.approx(64)
    half = relative_length(FalsePositiveLoss(alpha=0.5))
    assert relative_length(FalsePositiveLoss(alpha=1.0)) == pytest.approx(2 * half)
    assert relative_length(rivals.mae_loss) < 0.3
