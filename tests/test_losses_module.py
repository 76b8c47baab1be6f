"""FalsePositiveLoss: what it keeps, moves, saves and trains; and both forms under torch.compile."""

import copy
import io

import pytest
import torch
from torch import nn

from fpl_lib import (
    FalsePositiveLoss,
    LearnableAlpha,
    batch_alpha,
    class_alpha,
    false_positive_loss,
    log_term,
    squared_term,
)

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 1, 2, 3, 1, 1])


class Power(nn.Module):
    """A term with a parameter of its own."""

    def __init__(self, exponent):
        super().__init__()
        self.exponent = nn.Parameter(torch.tensor(exponent))

    def forward(self, r):
        return (-r) ** self.exponent


OPTIONS = {
    "default": {},
    "number": {"alpha": 0.5},
    "squared": {"alpha": (1, 0.25), "term": squared_term},
    "tensor": {"alpha": torch.tensor([0.5, 1.0, 2.0, 3.0]), "k": 3, "pool": "median"},
    "mixed": {
        "alpha": (batch_alpha, torch.tensor([3.0, 1.0, 2.0, 0.5])),
        "term": (log_term, squared_term),
        "k": None,
    },
    "learned": {"alpha": LearnableAlpha(4), "reduction": "sum", "ignore_index": 1},
    "learned term": {"alpha": (LearnableAlpha(4), 1), "term": Power(1.5), "reduction": "none"},
}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())


@each_option
def test_the_module_is_the_function(options):
    expected = false_positive_loss(LOGITS, TARGET, **options)
    assert torch.equal(FalsePositiveLoss(**options)(LOGITS, TARGET), expected)


def test_alpha_and_term_may_be_given_by_position():
    expected = false_positive_loss(LOGITS, TARGET, alpha=0.5, term=squared_term)
    assert torch.equal(FalsePositiveLoss(0.5, squared_term)(LOGITS, TARGET), expected)


def test_weights_given_as_tensors_are_buffers():
    one = FalsePositiveLoss(class_alpha([1, 2, 3, 4]))
    assert list(one.state_dict()) == ["alpha"]
    pair = FalsePositiveLoss((torch.ones(4), torch.full((4,), 2.0)))
    assert list(pair.state_dict()) == ["alpha_true", "alpha_false"]
    assert not list(pair.parameters())
    assert {buffer.dtype for buffer in pair.double().buffers()} == {torch.float64}


def test_numbers_functions_and_options_are_not_in_the_state():
    assert not FalsePositiveLoss((1, batch_alpha), (log_term, squared_term)).state_dict()


def test_parameters_of_weights_and_terms_are_parameters_of_the_loss():
    names = dict(FalsePositiveLoss(LearnableAlpha(4)).named_parameters())
    assert list(names) == ["alpha.raw"]
    pair = FalsePositiveLoss((1.0, LearnableAlpha(4)), (log_term, Power(2.0)))
    assert list(dict(pair.named_parameters())) == ["alpha_false.raw", "term_false.exponent"]
    bare = FalsePositiveLoss(nn.Parameter(torch.ones(4)))
    assert list(dict(bare.named_parameters())) == ["alpha"]


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": LearnableAlpha(4)},
        {"alpha": (LearnableAlpha(4), LearnableAlpha(4))},
        {"alpha": nn.Parameter(torch.ones(4))},
        {"term": Power(1.5)},
    ],
    ids=["shared", "pair", "parameter", "term"],
)
@pytest.mark.parametrize("k", [1, 2])
def test_a_backward_pass_reaches_every_parameter(options, k):
    loss = FalsePositiveLoss(**options, k=k)
    loss(LOGITS, TARGET).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in loss.parameters())


def test_a_saved_state_loads_into_a_new_loss():
    def build(value):
        return FalsePositiveLoss((torch.full((4,), value), LearnableAlpha(4, init=value)))

    saved, fresh, file = build(0.5), build(2.0), io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(fresh(LOGITS, TARGET), saved(LOGITS, TARGET))


@each_option
def test_a_copy_is_independent_and_equal(options):
    loss = FalsePositiveLoss(**options)
    twin = copy.deepcopy(loss)
    assert torch.equal(twin(LOGITS, TARGET), loss(LOGITS, TARGET))
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in loss.parameters()}


def test_a_tensor_that_wants_a_gradient_gets_it():
    alpha = torch.rand(4, requires_grad=True)
    logits = LOGITS.clone().requires_grad_()
    loss = false_positive_loss(logits, TARGET, alpha=(alpha, 1))
    by_alpha, by_logits = torch.autograd.grad(loss, (alpha, logits))
    losses = -LOGITS.log_softmax(1).gather(1, TARGET[:, None]).squeeze(1)
    expected = torch.zeros(4).index_add(0, TARGET, losses) / 6
    torch.testing.assert_close(by_alpha, expected)
    fixed = false_positive_loss(logits, TARGET, alpha=(alpha.detach(), 1))
    torch.testing.assert_close(by_logits, torch.autograd.grad(fixed, logits)[0])


def test_a_callable_is_asked_once_a_batch_even_if_it_weighs_both_terms():
    calls = []
    false_positive_loss(LOGITS, TARGET, alpha=lambda t, c: calls.append(c) or torch.ones(c))
    assert calls == [4]


def test_the_representation_names_weights_terms_and_options():
    text = repr(FalsePositiveLoss((0.5, LearnableAlpha(4)), (log_term, Power(2.0)), k=2))
    assert "alpha=(0.5, LearnableAlpha), term=(log_term, Power), k=2, pool=None" in text
    assert "alpha=tensor of 4, term=log_term" in repr(FalsePositiveLoss(torch.ones(4)))


def test_torch_compile_follows_a_number_that_changes():
    torch.compiler.reset()

    @torch.compile(fullgraph=True, backend="eager")
    def compiled(alpha):
        return false_positive_loss(LOGITS, TARGET, alpha=alpha)

    for alpha in (1.0, 0.5, 0.25):
        expected = false_positive_loss(LOGITS, TARGET, alpha=alpha)
        torch.testing.assert_close(compiled(alpha), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")
@each_option
def test_torch_compile_takes_the_module_whole(options):
    torch.compiler.reset()
    loss = FalsePositiveLoss(**options)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    plain, traced = (LOGITS.clone().requires_grad_() for _ in range(2))
    expected, result = loss(plain, TARGET), compiled(traced, TARGET)
    torch.testing.assert_close(result, expected)
    expected.sum().backward()
    result.sum().backward()
    torch.testing.assert_close(traced.grad, plain.grad)
