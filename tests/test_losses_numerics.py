"""Extreme logits, every precision, and every way that torch differentiates a function."""

import math

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.autograd import functional as autograd_functional
from torch.func import grad, hessian, jacrev, jvp, vmap

from fpl_lib import batch_alpha, false_positive_loss, log_term, squared_term
from fpl_lib.losses import closed_form, mae_term

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.mark.skipif(torch.__version__ < "2.7", reason="fake tensors of torch 2.6 ask for a driver")
def test_the_forward_pass_never_asks_a_gpu_for_a_value():
    """Tensors that say they are on CUDA and have no values: reading one is an error."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        z = torch.empty(8, 4, device="cuda", requires_grad=True)
        target = torch.empty(8, dtype=torch.int64, device="cuda")
        weights = torch.empty(4, device="cuda")
        for options in (
            {},
            {"alpha": (1, 0)},
            {"alpha": weights},
            {"k": 3},
            {"alpha": batch_alpha},
        ):
            for reduction in ("mean", "sum", "none"):
                loss = false_positive_loss(z, target, reduction=reduction, **options)
                assert loss.device.type == "cuda" and loss.requires_grad


def minus(r):
    """The log term again, but not the function that the closed form looks for."""
    return -r


# Both ways through the code, with options that differ from case to case.
WAYS = {
    "closed form": {},
    "closed form, weights": {"alpha": (torch.tensor([0.3, 2.0, 0.5, 1.0]), 0.7)},
    "general": {"term": minus},
    "k=2": {"k": 2},
    "all": {"k": None, "alpha": torch.tensor([0.3, 2.0, 0.5, 1.0])},
    "mean of 3": {"k": 3, "pool": "mean"},
    "median of 3": {"k": 3, "pool": "median", "term": (log_term, squared_term)},
}
each_way = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS.keys())
# torch's own forward mode and compiler still use torch.jit.script, which torch has deprecated.
torch_warns_of_itself = pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")
TARGET = torch.tensor([0, 1, 2, 3, 1])


def logits_without_ties():
    return torch.randn(5, 4, dtype=torch.float64).argsort(1) + 0.4 * torch.rand(5, 4).double()


# Logits in units of a large number, the true class, the loss by that number, the gradient.
E = math.e
EXTREMES = {
    "a wrong class leads, two classes": ([-1, 1], 0, lambda a: 4 * a, [-2, 2]),
    "a wrong class leads, three": ([-1, 1, -1], 2, lambda a: 4 * a - math.log(2), [-0.5, 2, -1.5]),
    "the true class leads": ([1, -1, -1], 0, lambda a: 0, [0, 0, 0]),
    "two lead": ([1, 1, -1], 0, lambda a: 2 * math.log(2), [-1, 1, 0]),
    "all alike": ([-1, -1, -1], 1, lambda a: math.log(4.5), [2 / 3, -5 / 6, 1 / 6]),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", [200, 1e4])
@pytest.mark.parametrize("case", EXTREMES.values(), ids=EXTREMES.keys())
@pytest.mark.parametrize("term", [log_term, minus])
def test_extreme_logits_give_the_right_value_and_gradient(term, case, size, dtype, device):
    signs, true, value, slopes = case
    logits = (torch.tensor(signs) * size).to(device, dtype).requires_grad_()
    loss = false_positive_loss(logits, torch.tensor(true, device=device), term=term)
    (gradient,) = torch.autograd.grad(loss, logits)
    rounded = logits.detach().abs().max().item()  # bfloat16 has no 10000
    assert loss.item() == pytest.approx(value(rounded), rel=1e-6)
    assert gradient.tolist() == pytest.approx(slopes, abs=1e-6 if gradient.itemsize > 2 else 4e-3)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("term", [log_term, minus])
def test_what_is_left_to_the_other_classes_keeps_its_proportions(term, dtype, device):
    logits = torch.tensor([0.0, 200, 1], dtype=dtype, device=device, requires_grad=True)
    loss = false_positive_loss(logits, torch.tensor(0, device=device), term=term)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(400 - math.log(1 + E), rel=1e-6)
    slopes = [-1 - 1 / (1 + E), 2, -E / (1 + E)]
    assert gradient.tolist() == pytest.approx(slopes, abs=1e-6 if gradient.itemsize > 2 else 4e-3)


@pytest.mark.parametrize("device", DEVICES)
@each_way
@pytest.mark.parametrize("dtype", DTYPES[:2], ids=str)
def test_half_precision_is_computed_in_float32(dtype, options, device):
    half = (logits_without_ties() * 9).to(device, dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    ours, expected = (false_positive_loss(z, TARGET.to(device), **options) for z in (half, full))
    assert ours.dtype == torch.float32
    assert torch.equal(ours, expected)
    ours.backward()
    expected.backward()
    assert torch.equal(half.grad, full.grad.to(dtype))


@pytest.mark.parametrize("device", DEVICES)
@each_way
def test_autocast_changes_nothing(options, device):
    logits = logits_without_ties().to(device).float()
    plain = false_positive_loss(logits, TARGET.to(device), **options)
    with torch.autocast(device, dtype=torch.bfloat16):
        inside = false_positive_loss(logits, TARGET.to(device), **options)
        half = false_positive_loss(logits.bfloat16(), TARGET.to(device), **options)
    assert torch.equal(inside, plain)
    assert half.dtype == torch.float32


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@each_way
def test_the_gradient_and_its_gradient_match_finite_differences(options, reduction, device):
    logits = logits_without_ties().to(device).requires_grad_()

    def loss(z):
        return false_positive_loss(z, TARGET.to(device), reduction=reduction, **options)

    assert torch.autograd.gradcheck(loss, logits)
    assert torch.autograd.gradgradcheck(loss, logits)


@each_way
def test_a_retained_graph_gives_the_same_gradient_again(options):
    logits = logits_without_ties().requires_grad_()
    loss = 3 * false_positive_loss(logits, TARGET, **options)
    first = torch.autograd.grad(loss, logits, retain_graph=True)[0].clone()
    assert torch.equal(first, torch.autograd.grad(loss, logits, retain_graph=True)[0])
    assert torch.equal(first, torch.autograd.grad(loss, logits)[0])
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(loss, logits)


@each_way
def test_many_gradients_at_once_are_those_one_by_one(options):
    logits = logits_without_ties().requires_grad_()

    def each(z):
        return false_positive_loss(z, TARGET, reduction="none", **options)

    together = autograd_functional.jacobian(each, logits, vectorize=True)
    torch.testing.assert_close(together, autograd_functional.jacobian(each, logits))


@pytest.mark.parametrize("device", DEVICES)
@each_way
def test_vmap_over_samples_is_the_batch(options, device):
    logits, target = logits_without_ties().to(device), TARGET.to(device)

    def one(z, true):
        return false_positive_loss(z, true, **options)

    batch = false_positive_loss(logits, target, reduction="none", **options)
    torch.testing.assert_close(vmap(one)(logits, target), batch)
    recorded = logits.clone().requires_grad_()
    torch.testing.assert_close(vmap(one)(recorded, target).detach(), batch)
    per_sample = vmap(grad(one))(logits, target)
    (expected,) = torch.autograd.grad(
        false_positive_loss(recorded, target, reduction="sum", **options), recorded
    )
    torch.testing.assert_close(per_sample, expected)


@torch_warns_of_itself
@each_way
def test_func_transforms_agree_with_autograd(options):
    logits = logits_without_ties()

    def loss(z):
        return false_positive_loss(z, TARGET, **options)

    (gradient,) = torch.autograd.grad(loss(logits.requires_grad_()), logits)
    logits = logits.detach()
    torch.testing.assert_close(grad(loss)(logits), gradient)
    torch.testing.assert_close(jacrev(loss)(logits), gradient)
    direction = torch.randn_like(logits)
    value, slope = jvp(loss, (logits,), (direction,))
    torch.testing.assert_close((value, slope), (loss(logits), (gradient * direction).sum()))
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(logits.clone().requires_grad_(), direction)
        torch.testing.assert_close(forward_ad.unpack_dual(loss(dual)).tangent, slope)
    curvature = autograd_functional.hessian(loss, logits)
    torch.testing.assert_close(hessian(loss)(logits), curvature)


def test_vmap_lets_batch_weights_see_a_batch_each():
    logits, target = torch.randn(3, 6, 4), torch.randint(4, (3, 6))
    target[:, 0] = -100

    def loss(z, true):
        return false_positive_loss(z, true, alpha=batch_alpha)

    one_by_one = torch.stack([loss(z, true) for z, true in zip(logits, target, strict=True)])
    torch.testing.assert_close(vmap(loss)(logits, target), one_by_one)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_how_the_largest_is_found_changes_nothing(monkeypatch, dtype):
    """NumPy finds it where there are many classes, ties and what is no number included."""
    logits = torch.randint(-2, 3, (40, 70)).to(dtype)  # with ties throughout
    logits[:3, :60], logits[3, 5], logits[4] = -torch.inf, torch.nan, 0.0
    target, outcomes = torch.randint(70, (40,)), []
    for wide in (70, 71):
        monkeypatch.setattr(closed_form, "WIDE", wide)
        z = logits.clone().requires_grad_()
        loss = false_positive_loss(z, target, reduction="none")
        outcomes.append((loss.detach(), torch.autograd.grad(loss.sum(), z)[0]))
    torch.testing.assert_close(outcomes[0], outcomes[1], rtol=0, atol=0, equal_nan=True)


@each_way
def test_memory_layout_does_not_matter_and_the_logits_are_left_alone(options):
    logits = torch.randn(3, 4, 2, 5).to(memory_format=torch.channels_last)
    target = torch.randint(4, (3, 2, 5))
    outcomes = []
    for z in (logits.contiguous(), logits, logits.transpose(0, 3).contiguous().transpose(0, 3)):
        before = z.clone()
        loss = false_positive_loss(z.requires_grad_(), target, **options)
        outcomes.append((loss.detach(), torch.autograd.grad(loss, z)[0]))
        assert torch.equal(z, before)
    torch.testing.assert_close(outcomes[1], outcomes[0])
    torch.testing.assert_close(outcomes[2], outcomes[0])


@pytest.mark.parametrize("place", [0, 1, 2], ids=["T", "F", "bystander"])
@pytest.mark.parametrize("options", [{}, {"term": minus}, {"k": 2}, {"k": 2, "pool": "mean"}])
def test_nan_logits_make_that_sample_nan_and_no_other(options, place):
    logits, target = torch.tensor([[0.0, 2.0, 1.0]] * 3), torch.tensor([0, 0, 0])
    logits[1, place] = torch.nan
    loss = false_positive_loss(logits.requires_grad_(), target, reduction="none", **options)
    assert loss.isnan().tolist() == [False, True, False]


INFINITE = WAYS | {
    "squared": {"term": squared_term},
    "squared, F alone": {"term": squared_term, "alpha": (0, 1)},
    "squared, T alone": {"term": squared_term, "alpha": (1, 0)},
    "squared, k=2": {"term": squared_term, "k": 2},
    "squared, mean of 2": {"term": squared_term, "k": 2, "pool": "mean"},
    "squared, median of all": {"term": squared_term, "k": None, "pool": "median"},
    "MAE, weights": {"term": mae_term, "alpha": torch.tensor([0.3, 2.0, 0.5, 1.0])},
}


@pytest.mark.parametrize("options", INFINITE.values(), ids=INFINITE.keys())
def test_plus_infinity_never_ends_in_a_number(options):
    """However many logits are +inf, at whichever places, beside numbers or classes ruled out."""
    heights = torch.tensor([-torch.inf, 0.0, 1.0, torch.inf])
    logits = torch.cartesian_prod(*[heights] * 4)
    logits = logits[logits.isposinf().any(1)]
    for true in range(4):
        target = torch.full((len(logits),), true)
        for z in (logits, logits.clone().requires_grad_()):
            loss = false_positive_loss(z, target, reduction="none", **options)
            assert not loss.isfinite().any()


@each_way
def test_classes_ruled_out_by_minus_infinity_might_as_well_be_absent(options):
    if "alpha" in options or options.get("k", 1) != 1:
        options = options | {"alpha": 0.8, "k": 1, "pool": None}
    logits = logits_without_ties()
    padding = torch.full((5, 2), -torch.inf)
    loss = false_positive_loss(logits, TARGET, **options)
    padded = torch.cat([logits, padding], 1).requires_grad_()
    ruled_out = false_positive_loss(padded, TARGET, **options)
    torch.testing.assert_close(ruled_out.detach(), loss)
    (gradient,) = torch.autograd.grad(ruled_out, padded)
    assert torch.equal(gradient[:, 4:], torch.zeros(5, 2, dtype=torch.float64))


@pytest.mark.parametrize("true", [0, 1, 2])
@pytest.mark.parametrize("term", [log_term, minus])
def test_a_true_class_that_alone_is_left_costs_nothing(term, true):
    logits = torch.full((3,), -torch.inf)
    logits[true] = 2.0
    logits.requires_grad_()
    loss = false_positive_loss(logits, torch.tensor(true), term=term)
    loss.backward()
    assert loss == 0
    assert torch.equal(logits.grad, torch.zeros(3))


@pytest.mark.parametrize("true", [0, 2])
@pytest.mark.parametrize("term", [log_term, minus])
def test_a_true_class_ruled_out_costs_infinitely_much_but_its_gradient_is_finite(term, true):
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf], requires_grad=True)
    loss = false_positive_loss(logits, torch.tensor(true), term=term)
    loss.backward()
    assert loss == torch.inf
    assert logits.grad.tolist() == [-1.0 if j == true else 2.0 * (j == 1) for j in range(3)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    "options",
    [{}, {"term": (log_term, minus)}, {"k": 2}, {"k": None}],
    ids=("closed form", "general", "k=2", "all"),
)
def test_a_false_class_that_alone_is_left_costs_infinitely_much_but_its_gradient_is_finite(
    options, dtype
):
    logits = torch.tensor([[-torch.inf, 2.0, -torch.inf]], dtype=dtype, requires_grad=True)
    loss = false_positive_loss(logits, torch.tensor([0]), alpha=(0, 1), **options)
    loss.backward()
    assert loss == torch.inf
    assert logits.grad.tolist() == [[0.0, 1.0, 0.0]]


def test_a_false_class_beside_classes_at_the_lowest_number_costs_what_they_are_below_it():
    """As in attention masks: far below, but not ruled out."""
    lowest = torch.finfo(torch.float32).min
    logits = torch.tensor([[lowest, 2.0, lowest]])
    assert false_positive_loss(logits, torch.tensor([0]), alpha=(0, 1)) == -lowest


def test_a_bounded_term_stays_finite_where_the_false_class_alone_is_left():
    logits = torch.tensor([[-torch.inf, 2.0, -torch.inf]], requires_grad=True)
    loss = false_positive_loss(logits, torch.tensor([0]), term=squared_term)
    loss.backward()
    assert loss == 2
    assert torch.equal(logits.grad, torch.zeros(1, 3))
