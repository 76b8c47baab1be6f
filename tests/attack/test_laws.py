"""The loss against its laws, on random problems"""

import math

import pytest
import reference
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fpl_lib import FalsePositiveLoss, false_positive_loss, log_term, squared_term

pytestmark = pytest.mark.slow


def focal_term(r):
    return -((1 - r.exp()) ** 2) * r


# Each term beside the oracle's own; all are nowhere negative and fall as r rises.
TERMS = [
    (log_term, reference.log_term),
    (squared_term, reference.squared_term),
    (focal_term, reference.focal_term),
]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]


class Problem:
    """A batch with every option: logits (N, C) float64, of which no two tie; options."""

    def __init__(self, logits, target, alphas, terms, k, pool):
        self.logits, self.target = logits, target
        self.options = {"alpha": alphas, "term": tuple(term for term, _ in terms), "k": k}
        self.options["pool"] = pool
        self.terms = tuple(term for _, term in terms)

    def loss(self, logits=None, target=None, **options):
        logits = self.logits if logits is None else logits
        target = self.target if target is None else target
        return false_positive_loss(logits, target, **{**self.options, **options})

    def gradient(self, logits=None, target=None, **options):
        z = (self.logits if logits is None else logits).detach().clone().requires_grad_()
        return torch.autograd.grad(self.loss(z, target, **options), z)[0]

    def __repr__(self):
        return f"Problem({self.logits.tolist()}, {self.target.tolist()}, {self.options})"


@st.composite
def problems(draw):
    classes, samples = draw(st.integers(2, 7)), draw(st.integers(1, 4))
    terms = draw(st.tuples(st.sampled_from(TERMS), st.sampled_from(TERMS)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    order = torch.rand(samples, classes, generator=generator, dtype=torch.float64).argsort(1)
    apart = order + 0.3 * torch.rand(order.shape, generator=generator)
    # A multiple of 1/1024, so that shifts are exact and float32 holds every logit.
    logits = (apart * draw(st.sampled_from([0.1, 1.0, 10.0])) * 1024).round().double() / 1024
    target = torch.randint(classes, (samples,), generator=generator)
    alphas = []
    for _ in range(2):
        number = draw(st.sampled_from([None, 0, 0.4, 2]))
        weights = torch.rand(classes, generator=generator, dtype=torch.float64)
        alphas.append(weights if number is None else number)
    k, pool = draw(st.integers(1, classes - 1)), draw(st.sampled_from([None, "mean", "median"]))
    return Problem(logits, target, tuple(alphas), terms, k, pool)


def close(one, other, rtol=1e-12, atol=1e-13):
    torch.testing.assert_close(one, other, rtol=rtol, atol=atol)


def is_the_oracles(problem, data):
    """Value and gradient are the oracle's, in 120 decimal digits."""
    classes = problem.logits.shape[1]
    each = torch.ones(classes, dtype=torch.float64)
    true, false = ((alpha * each).tolist() for alpha in problem.options["alpha"])
    options = {"alpha_true": true, "alpha_false": false, "terms": problem.terms}
    options |= {key: problem.options[key] for key in ("k", "pool")}
    rows = list(zip(problem.logits.tolist(), problem.target.tolist(), strict=True))
    values = [reference.sample_loss(z, true, **options) for z, true in rows]
    slopes = [reference.sample_gradient(z, true, **options) for z, true in rows]
    close(problem.loss(reduction="none").tolist(), values, 1e-9, 1e-11)
    slopes = torch.tensor(slopes, dtype=torch.float64)
    close(problem.gradient(reduction="sum"), slopes, 1e-9, 1e-11)
    single = problem.logits.float()
    close(problem.loss(single, reduction="none").tolist(), values, 2e-5, 2e-6)


def ignores_a_shift(problem, data):
    """A constant added to a sample's logits changes neither value nor gradient."""
    shift = data.draw(st.integers(-(2**12), 2**12)) / 4
    shifted = problem.logits + shift
    close(problem.loss(shifted), problem.loss())
    close(problem.gradient(shifted), problem.gradient())


def follows_a_permutation(problem, data):
    """Classes renamed rename the gradient; samples reordered reorder the values."""
    names = torch.tensor(data.draw(st.permutations(range(problem.logits.shape[1]))))
    alphas = tuple(a[names] if torch.is_tensor(a) else a for a in problem.options["alpha"])
    renamed = problem.logits[:, names], names.argsort()[problem.target]
    close(problem.loss(*renamed, alpha=alphas), problem.loss())
    close(problem.gradient(*renamed, alpha=alphas), problem.gradient()[:, names])
    order = torch.tensor(data.draw(st.permutations(range(len(problem.target)))))
    each = problem.loss(problem.logits[order], problem.target[order], reduction="none")
    close(each, problem.loss(reduction="none")[order])


def is_linear_in_alpha(problem, data):
    """Twice the weights are twice the loss, to the bit, and the two parts add up."""
    first, second = problem.options["alpha"]
    assert torch.equal(problem.loss(alpha=(2 * first, 2 * second)), 2 * problem.loss())
    factor = data.draw(st.floats(0, 100))
    scaled = problem.loss(alpha=(first * factor, second * factor))
    close(scaled, factor * problem.loss())
    close(problem.loss(alpha=(first, 0)) + problem.loss(alpha=(0, second)), problem.loss())


def is_monotonous(problem, data):
    """Never negative; a higher true logit or a lower weight never raises it; for k = 1, nor does
    a lower logit of the false class that leads."""
    step = data.draw(st.floats(0, 20))
    before = problem.loss(reduction="none")
    assert (before >= 0).all()
    true = torch.nn.functional.one_hot(problem.target, problem.logits.shape[1]).double()
    slack = 1e-12 * (1 + before.abs())
    assert (problem.loss(problem.logits + step * true, reduction="none") <= before + slack).all()
    first, second = problem.options["alpha"]
    share = data.draw(st.floats(0, 1))
    assert (problem.loss(alpha=(share * first, second), reduction="none") <= before + slack).all()
    leader = problem.logits.masked_fill(true > 0, -math.inf).argmax(1, keepdim=True)
    higher = problem.logits.scatter_add(1, leader, torch.full(leader.shape, step).double())
    one = problem.loss(k=1, reduction="none")
    assert (problem.loss(higher, k=1, reduction="none") >= one - slack).all()


def reduces_as_cross_entropy(problem, data):
    """mean and sum are those of none over the samples that count; ignored ones weigh nothing."""
    each, count = problem.loss(reduction="none"), len(problem.target)
    close(problem.loss(reduction="sum"), each.sum())
    close(problem.loss(reduction="mean"), each.mean())
    kept = torch.tensor(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    target = problem.target.masked_fill(~kept, -7)
    some = {name: problem.loss(target=target, reduction=name, ignore_index=-7)
            for name in ("none", "sum", "mean")}  # fmt: skip
    close(some["none"], each * kept)
    close(some["sum"], (each * kept).sum())
    assert torch.isnan(some["mean"]) if not kept.any() else True
    close(some["mean"], (each * kept).sum() / kept.sum()) if kept.any() else None
    gradient = problem.gradient(target=target, reduction="sum", ignore_index=-7)
    assert not gradient[~kept].any()
    places = problem.logits.T.unsqueeze(0), problem.target.unsqueeze(0)  # (1, C, N)
    close(problem.loss(*places, reduction="none")[0], each)
    close(problem.loss(problem.logits[0], problem.target[0], reduction="none"), each[0])


def takes_every_type(problem, data):
    """Integer labels of every type count alike, halves are computed in float32, and the module is
    the function."""
    labels = problem.target.to(data.draw(st.sampled_from(INTEGERS)))
    assert torch.equal(problem.loss(target=labels), problem.loss())
    half = problem.logits.to(data.draw(st.sampled_from([torch.float16, torch.bfloat16])))
    assert torch.equal(problem.loss(half), problem.loss(half.float()))
    assert problem.loss(half).dtype == torch.float32
    gradient = problem.gradient(half)
    assert gradient.dtype == half.dtype
    assert torch.equal(gradient, problem.gradient(half.float()).to(half.dtype))
    module = FalsePositiveLoss(**problem.options)
    assert torch.equal(module(problem.logits, labels), problem.loss())


def stays_within_its_sample(problem, data):
    """Logits at the ends of their range: no exception, and a broken sample breaks itself alone."""
    ends = [math.inf, -math.inf, math.nan, 1e308, -1e308, 3e38, 0.0]
    before, count = problem.loss(reduction="none"), len(problem.target)
    row = data.draw(st.integers(0, count - 1))
    classes = problem.logits.shape[1]
    broken = problem.logits.clone()
    drawn = st.lists(st.sampled_from(ends), min_size=classes, max_size=classes)
    broken[row] = torch.tensor(data.draw(drawn), dtype=torch.float64)
    after = problem.loss(broken, reduction="none")
    others = torch.arange(count) != row
    close(after[others], before[others])
    gradient = problem.gradient(broken, reduction="sum")
    close(gradient[others], problem.gradient(reduction="sum")[others])
    if broken[row].isnan().any() or (broken[row] == math.inf).any():
        assert not after[row].isfinite()


LAWS = [is_the_oracles, ignores_a_shift, follows_a_permutation, is_linear_in_alpha, is_monotonous,
        reduces_as_cross_entropy, takes_every_type, stays_within_its_sample]  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_laws(law, tally, long):
    """The loss, with terms, weights, k and pool at random."""
    tally.name = " ".join(law.__doc__.split()).rstrip(".")

    @settings(
        max_examples=400 if long else 150 if law is is_the_oracles else 25, derandomize=True,
        deadline=None, database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(problem=problems(), data=st.data())
    def check(problem, data):
        law(problem, data)
        tally.survived += 1

    try:
        check()
    except Exception as error:  # of the smallest problem that hypothesis finds
        notes = getattr(error, "__notes__", [])
        tally.wrong.append("\n".join([law.__name__, str(error), *notes]))
