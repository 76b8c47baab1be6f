"""What a loss must do is demanded of it, and each property fails for a loss made to lack it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import nn
from torch.nn import functional as F

from fpl_lib import FalsePositiveLoss, squared_term
from fpl_lib.evidence.experiments import LOSSES
from fpl_lib.evidence.properties import (
    asks_for,
    keeps_top_class,
    properties_of,
    relative_length,
    require_trainable,
)
from fpl_lib.losses import rivals

COUNTS = torch.full((10,), 400)
ALL = ["shift", "class names", "mean", "T up", "right is least", "learns from blunders", "truthful"]


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
    "learns from blunders": rivals.mae_loss,
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
    assert [name for name in ALL if not found[name]] == ["learns from blunders", "truthful"]


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


@pytest.mark.parametrize(
    "shares", [(1.0,), (0.5, 0.4, 0.2), (0.553, 0.347, 0.1), (1.1, -0.1, 0), (0.1,) * 10]
)
def test_other_shares_are_refused(shares):
    with pytest.raises(ValueError, match="shares: expected two to six fractions"):
        asks_for(nn.CrossEntropyLoss(), shares)


# The best predictions of FPL with k = 1, to three digits, and whether the top class stays on top.
BEST = {
    (0.4, 0.3, 0.2, 0.1): ((0.279, 0.279, 0.279, 0.163), False),
    (0.44, 0.4, 0.16): ((0.337, 0.337, 0.326), False),
    (0.5, 0.3, 0.2): ((0.390, 0.305, 0.305), True),
    (0.6, 0.3, 0.1): ((0.5, 0.25, 0.25), True),
}


@pytest.mark.parametrize("shares", BEST)
def test_fpl_with_one_false_class_may_ask_for_a_tie_and_with_all_asks_for_the_truth(shares):
    best, kept = BEST[shares]
    classes = len(shares)
    assert asks_for(FalsePositiveLoss(), shares).tolist() == pytest.approx(best, abs=6e-4)
    assert keeps_top_class(shares) is kept
    with_all = asks_for(FalsePositiveLoss(k=classes - 1), shares, classes)
    assert with_all.tolist() == pytest.approx(shares, abs=6e-4)


def best_of_fpl(q):
    """FPL's best prediction for labels (q_1, ..., q_C), by SciPy.

    For a label T the false term is the largest -log(1 - p_j), j ≠ T: a variable above them all.
    """
    n = len(q)

    def cost(x):  # p and, for each label, the value of its false term
        return -(q * np.log(x[:n])).sum() + (q * x[n:]).sum()

    pairs = [(t, j) for t in range(n) for j in range(n) if j != t]
    found = optimize.minimize(
        cost,
        np.concatenate((np.full(n, 1 / n), np.full(n, 1.0))),
        jac=lambda x: np.concatenate((-q / x[:n], q)),
        bounds=[(1e-6, 1 - 1e-6)] * n + [(0, None)] * n,
        constraints=[
            {"type": "eq", "fun": lambda x: x[:n].sum() - 1},
            {
                "type": "ineq",
                "fun": lambda x: np.array([x[n + t] + np.log1p(-x[j]) for t, j in pairs]),
            },
        ],
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert found.status in (0, 8)  # 8: no further digit is to be had
    return found.x[:n]


@pytest.mark.filterwarnings("ignore:Values in x were outside bounds")  # SciPy 1.15
@pytest.mark.parametrize("classes", [2, 3, 4, 5, 7])
def test_the_condition_for_keeping_the_top_class_holds_over_random_labels(classes):
    rng = np.random.default_rng(classes)
    kept = []
    for q in rng.dirichlet(np.full(classes, 3.0), size=40):
        p = best_of_fpl(q)
        first, second = np.argsort(-q)[:2]
        lead = p[first] - np.delete(p, first).max()
        assert lead > -1e-4  # never turned round
        if 1e-4 < lead < 2e-3:
            continue  # too near the border for SciPy
        assert keeps_top_class(q) == (lead > 1e-3), q
        kept.append(lead > 1e-3)
    assert len(kept) > 30 and any(kept) and (classes == 2 or not all(kept))


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.4), (1.5, -0.5)])
def test_what_are_no_shares_is_refused(shares):
    with pytest.raises(ValueError, match="shares: expected"):
        keeps_top_class(shares)


def test_length_is_in_proportion_to_the_loss():
    assert relative_length(nn.CrossEntropyLoss(reduction="sum")) == pytest.approx(64)
    half = relative_length(FalsePositiveLoss(alpha=0.5))
    assert relative_length(FalsePositiveLoss(alpha=1.0)) == pytest.approx(2 * half)
    assert relative_length(rivals.mae_loss) < 0.3
