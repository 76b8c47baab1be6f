"""Every wrong input is refused at the door, in words that say what was expected and what came."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from fpl_lib import (
    FalsePositiveLoss,
    LearnableAlpha,
    class_alpha,
    false_positive_loss,
    log_term,
)

Z, T = torch.zeros(3, 4), torch.tensor([0, 1, 3])
ONE_HOT = torch.eye(4)[T]

# name: (logits, target, options, exception, what the message must say)
WRONG = {
    # logits
    "logits a list": ([[0.0, 1.0]], T, {}, TypeError, "logits: expected a torch tensor; got list"),
    "logits an array": (np.zeros((3, 4)), T, {}, TypeError, "got ndarray"),
    "logits integers": (T, Z, {}, TypeError, "wrong order"),
    "logits complex": (Z.cfloat(), T, {}, TypeError, "got torch.complex64"),
    "logits a number": (torch.tensor(1.0), torch.tensor(0), {}, ValueError, "a single number"),
    "logits sparse": (Z.to_sparse(), T, {}, TypeError, "to_dense"),
    "one class": (torch.zeros(3, 1), T, {}, ValueError, "at least two classes"),
    "one class, one sample": (torch.zeros(1), torch.tensor(0), {}, ValueError, "stack (0, z)"),
    "no class": (torch.zeros(3, 0), T, {}, ValueError, "at least two classes"),
    # target
    "target a list": (Z, [0, 1, 3], {}, TypeError, "torch.tensor(target)"),
    "target floats": (Z, T.float(), {}, TypeError, "target.long()"),
    "target booleans": (Z, T > 0, {}, TypeError, "got torch.bool"),
    "target probabilities": (Z, ONE_HOT, {}, ValueError, "(1 − λ) · loss(logits, b)"),
    "target one-hot": (Z, ONE_HOT.long(), {}, ValueError, "by target.argmax(1)"),
    "target one-hot, one sample": (Z[0], ONE_HOT[0] > 0, {}, ValueError, "by target.argmax(0)"),
    "target too short": (Z, T[:2], {}, ValueError, "of shape (3,)"),
    "target a column": (Z, T[:, None], {}, ValueError, "got shape (3, 1)"),
    "target a number": (Z, torch.tensor(1), {}, ValueError, "got shape ()"),
    "target for one sample": (Z[0], T, {}, ValueError, "of shape ()"),
    "target without places": (torch.zeros(3, 4, 5), T, {}, ValueError, "of shape (3, 5)"),
    "target elsewhere": (Z, T.to("meta"), {}, ValueError, 'target.to("cpu")'),
    "label too large": (Z, T + 1, {}, ValueError, "from 0 to 3 (or ignore_index = -100); got 4"),
    "label negative": (Z, T - 1, {}, ValueError, "got -1"),
    "label of the wrong ignore_index": (
        Z, torch.tensor([0, -100, -1]), {"ignore_index": -1}, ValueError, "got -100",
    ),
    "label too large, cross-entropy": (Z, T + 1, {"alpha": (1, 0)}, ValueError, "got 4"),
    # alpha
    "alpha negative": (Z, T, {"alpha": -0.5}, ValueError, "zero or more; got -0.5"),
    "alpha NaN": (Z, T, {"alpha": float("nan")}, ValueError, "got nan"),
    "alpha infinite": (Z, T, {"alpha": float("inf")}, ValueError, "got inf"),
    "alpha a word": (Z, T, {"alpha": "balanced"}, TypeError, "got str: 'balanced'"),
    "alpha None": (Z, T, {"alpha": None}, TypeError, "got NoneType"),
    "alpha a boolean": (Z, T, {"alpha": True}, TypeError, "got bool"),
    "alpha a list": (Z, T, {"alpha": [1.0, 0.5]}, TypeError, "a pair (tuple)"),
    "alpha complex": (Z, T, {"alpha": 1j}, TypeError, "got complex"),
    "alpha of three": (Z, T, {"alpha": (1, 2, 3)}, ValueError, "a tuple of 3"),
    "alpha of one": (Z, T, {"alpha": (1,)}, ValueError, "a tuple of 1"),
    "alpha pair with a word": (Z, T, {"alpha": (1, "0")}, TypeError, "got str"),
    "alpha nested": (Z, T, {"alpha": ((1, 0), 1)}, TypeError, "got tuple"),
    "alpha_F negative": (Z, T, {"alpha": (1, -1)}, ValueError, "got -1"),
    "alpha too long": (Z, T, {"alpha": torch.ones(5)}, ValueError, "expected 4 values"),
    "alpha a weight a sample": (Z, T, {"alpha": torch.ones(3, 4)}, ValueError, "got shape (3, 4)"),
    "alpha a number's tensor": (Z, T, {"alpha": torch.tensor(1.0)}, ValueError, "pass a number"),
    "alpha boolean tensor": (Z, T, {"alpha": torch.ones(4) > 0}, TypeError, "got torch.bool"),
    "alpha tensor negative": (
        Z, T, {"alpha": (1, torch.tensor([1.0, 1, 1, -2]))}, ValueError, "values from -2 to 1",
    ),
    "alpha tensor NaN": (
        Z, T, {"alpha": torch.tensor([1.0, torch.nan, 1, 1])}, ValueError, "nan",
    ),
    "alpha tensor infinite": (
        Z, T, {"alpha": torch.tensor([1.0, torch.inf, 1, 1])}, ValueError, "to inf",
    ),
    "alpha elsewhere": (Z, T, {"alpha": torch.ones(4, device="meta")}, ValueError, '.to("cpu")'),
    "alpha answers a list": (Z, T, {"alpha": lambda t, c: [1.0] * c}, TypeError, "callable"),
    "alpha answers by sample": (Z, T, {"alpha": lambda t, c: torch.ones(3)}, ValueError, "got 3"),
    "alpha answers below 0": (Z, T, {"alpha": lambda t, c: -torch.ones(c)}, ValueError, "-1"),
    "alpha a function of counts": (Z, T, {"alpha": class_alpha}, TypeError, "class_alpha(...)?"),
    "alpha a class": (Z, T, {"alpha": (1, LearnableAlpha)}, TypeError, "LearnableAlpha(...)?"),
    "alpha of other size": (Z, T, {"alpha": LearnableAlpha(5)}, ValueError, "LearnableAlpha(4)"),
    # term
    "term a word": (Z, T, {"term": "log"}, TypeError, "got 'log'"),
    "term None": (Z, T, {"term": None}, TypeError, "term: expected a function"),
    "term of three": (Z, T, {"term": (log_term,) * 3}, ValueError, "a tuple of 3"),
    "term pair with a number": (Z, T, {"term": (log_term, 2)}, TypeError, "got 2 (int)"),
    "term reduces": (Z, T, {"term": lambda r: -r.mean()}, ValueError, "Leave sums and means"),
    "term gives a number": (Z, T, {"term": lambda r: 1.0}, TypeError, "got float"),
    # k, pool, reduction, ignore_index
    "k zero": (Z, T, {"k": 0}, ValueError, "at least one false class"),
    "k negative": (Z, T, {"k": -1}, ValueError, "got -1"),
    "k all classes": (Z, T, {"k": 4}, ValueError, "1 to 3 false classes"),
    "k two of two classes": (Z[:, :2], T % 2, {"k": 2}, ValueError, "1 to 1 false classes"),
    "k a boolean": (Z, T, {"k": True}, TypeError, "got True (bool)"),
    "k a float": (Z, T, {"k": 2.0}, TypeError, "got 2.0 (float)"),
    "k a word": (Z, T, {"k": "all"}, TypeError, "None for all"),
    "pool unknown": (Z, T, {"k": 2, "pool": "max"}, ValueError, "got 'max'"),
    "pool a function": (Z, T, {"k": 2, "pool": torch.mean}, ValueError, '"mean" or "median"'),
    "reduction unknown": (Z, T, {"reduction": "avg"}, ValueError, "got 'avg'"),
    "reduction None": (Z, T, {"reduction": None}, ValueError, '"none"; got None'),
    "ignore_index a float": (Z, T, {"ignore_index": -1.0}, TypeError, "got -1.0 (float)"),
    "ignore_index None": (Z, T, {"ignore_index": None}, TypeError, "got None"),
    "ignore_index a boolean": (Z, T, {"ignore_index": False}, TypeError, "got False"),
}  # fmt: skip
NAMES_AN_ARGUMENT = re.compile(
    r"(logits|target|alpha|term|k|pool|reduction|ignore_index|LearnableAlpha): expected"
)


@pytest.mark.parametrize("logits, target, options, error, words", WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_refused_by_function_and_module(logits, target, options, error, words):
    with pytest.raises(error) as refused:
        false_positive_loss(logits, target, **options)
    assert words in str(refused.value)
    assert NAMES_AN_ARGUMENT.match(str(refused.value))
    with pytest.raises(error) as refused:
        FalsePositiveLoss(**options)(logits, target)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "name, words",
    [
        ("weight", "alpha=(weight, 0)"),
        ("label_smoothing", "one true class"),
        ("size_average", "reduction="),
        ("reduce", "reduction="),
        ("input", "logits"),
    ],
)
def test_arguments_of_cross_entropy_are_answered_by_what_takes_their_place(name, words):
    for call in (
        lambda **given: false_positive_loss(target=T, **given),
        FalsePositiveLoss,
        lambda **given: FalsePositiveLoss()(target=T, **given),
    ):
        with pytest.raises(TypeError, match=f"{name}: expected.*{re.escape(words)}"):
            call(**{name: torch.ones(4)})
    with pytest.raises(TypeError, match=r"weight: expected.*alpha=\(weight, 0\)"):
        false_positive_loss(Z, T, torch.ones(4))
    with pytest.raises(TypeError, match="unexpected keyword argument 'wieght'"):
        FalsePositiveLoss(wieght=torch.ones(4))


def test_a_mix_of_labels_is_not_advised_to_throw_one_away():
    with pytest.raises(ValueError) as refused:
        false_positive_loss(Z, 0.7 * ONE_HOT + 0.3 * ONE_HOT.roll(1, 1))
    assert "argmax" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": -1.0},
        {"alpha": torch.tensor([1.0, -1.0])},
        {"alpha": (1, nn.Parameter(torch.tensor([torch.nan, 1.0])))},
        {"alpha": torch.ones(2, 2)},
        {"alpha": (torch.ones(3), torch.ones(4))},
        {"alpha": torch.ones(1)},
        {"alpha": torch.ones(3), "k": 3},
        {"alpha": "4"},
        {"term": 3},
        {"k": 0},
        {"pool": "sum"},
        {"reduction": "batchmean"},
        {"ignore_index": "none"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_needs_no_logits_is_refused_when_the_module_is_made(options):
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        FalsePositiveLoss(**options)


def test_an_error_within_a_rule_stays_the_rule_s_own():
    def rule(target, num_classes):
        return target + None

    with pytest.raises(TypeError, match="unsupported operand"):
        false_positive_loss(Z, T, alpha=rule)


def test_numpy_s_numbers_are_numbers():
    expected = false_positive_loss(Z, T, alpha=0.5, k=2, ignore_index=1)
    given = false_positive_loss(
        Z, T, alpha=np.float32(0.5), k=np.int64(2), ignore_index=np.int64(1)
    )
    assert torch.equal(given, expected)


def test_a_refused_call_has_not_touched_anything():
    logits = torch.randn(3, 4, requires_grad=True)
    before = logits.detach().clone()
    with pytest.raises(ValueError, match="got 9"):
        false_positive_loss(logits, torch.tensor([0, 9, 1]))
    assert torch.equal(logits, before)
    assert logits.grad is None
