"""Each rival against its paper's formula, the identities it keeps, and torch's rules."""

import copy
import math
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from fpl_lib import false_positive_loss
from fpl_lib.losses import (
    LossModule,
    balanced_softmax_loss,
    class_balanced_loss,
    class_balanced_weights,
    focal_loss,
    gce_loss,
    logit_adjusted_loss,
    mae_loss,
    poly1_loss,
    sce_loss,
    terms,
)

COUNTS = torch.tensor([500, 40, 120, 3, 77])
C = len(COUNTS)


def softmax(z):
    """Probabilities by NumPy in float64, written apart from the library."""
    e = np.exp(z - z.max())
    return e / e.sum()


def one_hot(t):
    return np.eye(C)[t]


def sce_formula(p, t, n):
    log_y = np.where(one_hot(t) == 1, 0.0, -4.0)
    return -0.1 * math.log(p[t]) - float((p * log_y).sum())


def class_balanced_formula(p, t, n):
    weight = [(1 - 0.9999) / (1 - 0.9999**count) for count in n]
    return C * weight[t] / sum(weight) * -math.log(p[t])


def logit_adjusted_formula(p, t, n):
    # -log of f_t π_t^τ / Σ_j f_j π_j^τ with f = exp(z) ∝ p and τ = 1.5.
    adjusted = p * (n / n.sum()) ** 1.5
    return -math.log(adjusted[t] / adjusted.sum())


# name: (the library's function, the paper's formula of probabilities, label and class counts)
LOSSES = {
    "focal": (focal_loss, lambda p, t, n: -((1 - p[t]) ** 2) * math.log(p[t])),
    "focal-half": (
        partial(focal_loss, gamma=0.5),
        lambda p, t, n: -math.sqrt(1 - p[t]) * math.log(p[t]),
    ),
    "poly1": (poly1_loss, lambda p, t, n: -math.log(p[t]) + 2 * (1 - p[t])),
    "gce": (gce_loss, lambda p, t, n: (1 - p[t] ** 0.7) / 0.7),
    "sce": (sce_loss, sce_formula),
    "mae": (mae_loss, lambda p, t, n: float(np.abs(one_hot(t) - p).sum())),
    "class-balanced": (partial(class_balanced_loss, counts=COUNTS), class_balanced_formula),
    "balanced-softmax": (
        partial(balanced_softmax_loss, counts=COUNTS),
        lambda p, t, n: -math.log(n[t] * p[t] / (n * p).sum()),
    ),
    "logit-adjusted": (
        partial(logit_adjusted_loss, counts=COUNTS, tau=1.5),
        logit_adjusted_formula,
    ),
}
every_loss = pytest.mark.parametrize("loss", [f for f, _ in LOSSES.values()], ids=list(LOSSES))

# name: a loss and the settings at which it is plain cross-entropy
CROSS_ENTROPY = {
    "focal, γ = 0": partial(focal_loss, gamma=0.0),
    "poly-1, ε = 0": partial(poly1_loss, epsilon=0.0),
    "GCE, q = 0": partial(gce_loss, q=0.0),
    "SCE, α = 1, β = 0": partial(sce_loss, alpha=1.0, beta=0.0),
    "class-balanced, β = 0": partial(class_balanced_loss, counts=COUNTS, beta=0.0),
    "class-balanced, equal": partial(class_balanced_loss, counts=torch.full((C,), 9)),
    "balanced softmax, equal": partial(balanced_softmax_loss, counts=torch.full((C,), 9)),
    "logit-adjusted, τ = 0": partial(logit_adjusted_loss, counts=COUNTS, tau=0.0),
}


def batch(shape=(), n=6, dtype=torch.float64):
    logits = 3 * torch.randn(n, C, *shape, dtype=dtype)
    return logits, torch.randint(C, (n, *shape))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(), (2,), (2, 3)], ids=str)
def test_loss_is_its_papers_formula(name, shape):
    loss, formula = LOSSES[name]
    logits, target = batch(shape)
    rows, labels = logits.movedim(1, -1).reshape(-1, C).numpy(), target.reshape(-1).tolist()
    counts = COUNTS.double().numpy()
    expected = [formula(softmax(z), t, counts) for z, t in zip(rows, labels, strict=True)]
    each = loss(logits, target, reduction="none")
    assert each.shape == target.shape
    assert each.reshape(-1).tolist() == pytest.approx(expected, rel=1e-9)
    assert loss(logits, target).item() == pytest.approx(np.mean(expected), rel=1e-9)
    assert loss(logits, target, reduction="sum").item() == pytest.approx(sum(expected), rel=1e-9)


@every_loss
def test_one_sample_needs_no_batch(loss):
    logits, target = batch()
    assert loss(logits[0], target[0]).item() == pytest.approx(loss(logits[:1], target[:1]).item())


@pytest.mark.parametrize("name", CROSS_ENTROPY)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_setting_that_is_cross_entropy(name, reduction):
    logits, target = batch((2,))
    logits.requires_grad_()
    target[0, 0] = -100
    ours = CROSS_ENTROPY[name](logits, target, reduction=reduction)
    torchs = functional.cross_entropy(logits, target, reduction=reduction)
    torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-12)
    (grad,) = torch.autograd.grad(ours.sum(), logits)
    (expected,) = torch.autograd.grad(torchs.sum(), logits)
    torch.testing.assert_close(grad, expected, rtol=1e-9, atol=1e-12)


def test_gce_runs_from_cross_entropy_to_half_the_mae():
    logits, target = batch()
    near = gce_loss(logits, target, q=1e-7)
    assert near.item() == pytest.approx(functional.cross_entropy(logits, target).item(), rel=1e-5)
    assert 2 * gce_loss(logits, target, q=1.0) == mae_loss(logits, target)


def test_sce_is_a_poly_loss():
    logits, target = batch()
    torch.testing.assert_close(
        sce_loss(logits, target), 0.1 * poly1_loss(logits, target, epsilon=40.0)
    )


def test_balanced_softmax_is_logit_adjustment_at_1_and_spares_the_network_the_prior():
    logits, target = batch()
    balanced = balanced_softmax_loss(logits, target, counts=COUNTS)
    assert balanced == logit_adjusted_loss(logits, target, counts=COUNTS)
    # It has of outputs without the prior what cross-entropy has of outputs with it.
    without_prior = logits - COUNTS.double().log()
    torch.testing.assert_close(
        balanced_softmax_loss(without_prior, target, counts=COUNTS),
        functional.cross_entropy(logits, target),
    )


def test_class_balanced_mean_divides_by_samples_where_torchs_divides_by_weights():
    logits, target = batch()
    weight = class_balanced_weights(COUNTS).double()
    ours = class_balanced_loss(logits, target, counts=COUNTS)
    torchs = functional.cross_entropy(logits, target, weight=weight)
    torch.testing.assert_close(ours, torchs * weight[target].mean())


def test_class_balanced_weights_lie_between_equal_and_inverse_counts():
    assert class_balanced_weights(COUNTS, beta=0.0).tolist() == [1.0] * C
    inverse = 1 / COUNTS.double()
    nearly = class_balanced_weights(COUNTS.double(), beta=1 - 1e-12)
    torch.testing.assert_close(nearly, C * inverse / inverse.sum(), rtol=1e-6, atol=0)
    # CIFAR-10-LT at ratio 100: 5000 samples count as 3935, so the tail weighs 79 times the head.
    weights = class_balanced_weights(torch.tensor([5000, 50]))
    assert (weights[1] / weights[0]).item() == pytest.approx(3934.7 / 49.88, rel=1e-4)


@pytest.mark.parametrize(
    ("term", "loss"),
    [
        (terms.focal_term, focal_loss),
        (partial(terms.focal_term, gamma=0.5), partial(focal_loss, gamma=0.5)),
        (terms.poly1_term, poly1_loss),
        (terms.gce_term, gce_loss),
        (terms.sce_term, sce_loss),
        (terms.mae_term, mae_loss),
    ],
    ids=["focal", "focal-half", "poly1", "gce", "sce", "mae"],
)
def test_loss_is_fpl_of_its_term_without_a_false_class(term, loss):
    logits, target = batch((2,))
    logits.requires_grad_()
    target[1, 1] = -100
    fpl = false_positive_loss(logits, target, alpha=(1, 0), term=term)
    ours = loss(logits, target)
    torch.testing.assert_close(fpl, ours)
    torch.testing.assert_close(*(torch.autograd.grad(x, logits)[0] for x in (fpl, ours)))
    # And of both classes it is a False Positive Loss of its own.
    assert false_positive_loss(logits, target, term=term) > ours


@every_loss
def test_gradients_are_right(loss):
    logits, target = batch((2,), n=3)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), logits)
    assert torch.autograd.gradgradcheck(lambda z: loss(z, target), logits)


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_lower_precision_is_computed_in_float32(loss, dtype):
    logits, target = batch(dtype=dtype)
    logits.requires_grad_()
    value = loss(logits, target)
    assert value.dtype == torch.float32
    expected = loss(logits.detach().double(), target)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    value.backward()
    assert logits.grad.dtype == dtype and logits.grad.isfinite().all()


@every_loss
@pytest.mark.parametrize("gap", [20.0, 200.0, 80_000.0])
def test_certain_networks_give_finite_losses_and_gradients(loss, gap):
    for label in (0, 1):
        logits = torch.tensor([[gap, 0.0, 1.0, 0.0, 0.0]], requires_grad=True)
        value = loss(logits, torch.tensor([label]))
        value.backward()
        assert value.isfinite() and logits.grad.isfinite().all()
    # Surely wrong: only a loss that grows without bound still pushes.
    assert value >= 1


@every_loss
def test_shifted_logits_change_nothing(loss):
    logits, target = batch()
    torch.testing.assert_close(loss(logits + 50, target), loss(logits, target))


@every_loss
def test_ignored_samples_count_neither_above_nor_below(loss):
    logits, target = batch()
    logits.requires_grad_()
    target[2] = 9
    kept = torch.tensor([0, 1, 3, 4, 5])
    value = loss(logits, target, ignore_index=9)
    torch.testing.assert_close(value, loss(logits[kept], target[kept]))
    each = loss(logits, target, ignore_index=9, reduction="none")
    assert each[2] == 0 and torch.autograd.grad(value, logits)[0][2].eq(0).all()
    assert loss(logits, torch.full((6,), 9), ignore_index=9).isnan()
    assert loss(logits[:0], target[:0]).isnan()


@pytest.mark.parametrize("function", [balanced_softmax_loss, class_balanced_loss])
def test_module_is_its_function_and_holds_the_counts(function):
    logits, target = batch(dtype=torch.float32)
    module = LossModule(function, counts=COUNTS)
    assert module(logits, target) == function(logits, target, counts=COUNTS)
    assert list(module.state_dict()) == ["counts"] and not list(module.parameters())
    assert module.to("meta").counts.device.type == "meta"


def test_module_shows_and_copies_its_options():
    logits, target = batch()
    module = copy.deepcopy(LossModule(focal_loss, gamma=1.0, reduction="sum"))
    assert repr(module) == "LossModule(focal_loss, gamma=1.0, reduction='sum')"
    assert module(logits, target) == focal_loss(logits, target, gamma=1.0, reduction="sum")
    assert repr(LossModule(partial(focal_loss, gamma=1.0))) == "LossModule(partial)"
    weighted = torch.nn.CrossEntropyLoss(weight=torch.arange(1.0, C + 1))
    assert LossModule(weighted)(logits.float(), target) == weighted(logits.float(), target)


ONE = (torch.zeros(2, C), torch.zeros(2, dtype=torch.long))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: focal_loss(*ONE, gamma=-1), ValueError, "gamma: .*0 or more; got -1"),
        (lambda: focal_loss(*ONE, gamma=torch.tensor(2.0)), TypeError, "gamma: .*number"),
        (lambda: poly1_loss(*ONE, epsilon=-2), ValueError, "epsilon: .*-1 or more"),
        (lambda: gce_loss(*ONE, q=1.5), ValueError, "q: .*from 0 to 1; got 1.5"),
        (lambda: gce_loss(*ONE, q=math.nan), ValueError, "q: .*finite"),
        (lambda: sce_loss(*ONE, log_zero=4), ValueError, "log_zero: .*0.*; got 4"),
        (lambda: sce_loss(*ONE, beta=-1), ValueError, "beta: .*0 or more"),
        (lambda: mae_loss(*ONE, reduction="avg"), ValueError, "reduction"),
        (lambda: mae_loss(ONE[0], torch.tensor([0, 5])), ValueError, "labels from 0 to 4"),
        (lambda: mae_loss(ONE[0], torch.zeros(3, dtype=torch.long)), ValueError, "target"),
        (lambda: mae_loss(ONE[1], ONE[1]), TypeError, "logits"),
        (lambda: class_balanced_weights(COUNTS > 9), TypeError, "torch.bincount"),
        (lambda: class_balanced_weights(COUNTS, beta=1.0), ValueError, "beta: .*below 1"),
        (lambda: class_balanced_weights(torch.tensor([5, 0])), ValueError, "above zero"),
        (lambda: class_balanced_loss(*ONE, counts=COUNTS[:2]), ValueError, "expected 5.*got 2"),
        (lambda: balanced_softmax_loss(*ONE, counts=COUNTS - 3), ValueError, "above zero"),
        (
            lambda: balanced_softmax_loss(*ONE, counts=COUNTS.to("meta")),
            ValueError,
            "loss module that holds it",
        ),
        (lambda: logit_adjusted_loss(*ONE, counts=COUNTS, tau=-1), ValueError, "tau: .*0 or more"),
        (lambda: LossModule("focal"), TypeError, "loss function; got 'focal'"),
    ],
)
def test_wrong_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
