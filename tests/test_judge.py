"""The verdict on answers: not attempted, a mistake that is known, or a reason in general words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import trial_exercises as trial

from fpl_lib.course.checking import guard
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, judge, recognised

pytestmark = pytest.mark.slow


def bare(z):
    """A stub with nothing but its description."""


def dots(z): ...


def not_implemented(z):
    raise NotImplementedError


def dots_within(z):
    shifted = z - ...
    return torch.softmax(shifted, 1)


def dots_after_given_code(z):
    z = z.double()
    ...  # your code here


def dots_returned(z):
    return (z, ...)


@pytest.mark.parametrize(
    "stub", [bare, dots, not_implemented, dots_within, dots_after_given_code, dots_returned]
)
def test_stub_is_not_attempted(stub):
    assert judge(trial.SOFTMAX, stub).status == NOT_ATTEMPTED


def test_tuple_with_a_hole_is_not_attempted():
    assert judge(trial.HALF, (0.5, ...)).status == NOT_ATTEMPTED


def forgets_return(z):
    torch.softmax(z, 1)
    result = torch.softmax(z, 1)
    del result


def forgets_return_after_indexing(z):
    first = z[..., 0]
    del first


def uses_a_kernel_that_torch_lacks(z):
    return torch.softmax(z.to("meta"), 1).cpu()


def leaves(z):
    raise SystemExit(1)


def recurses(z):
    return recurses(z)


def below_the_stub(z):
    ...  # your code here
    torch.softmax(z, 1)


REASONS = {
    "below the stub": (below_the_stub, "returns None: does it end with `return`"),
    "shape": (lambda z: torch.softmax(z, 1)[0], "the result has shape"),
    "dtype": (lambda z: torch.softmax(z, 1).round(), "other values"),
    "numpy": (lambda z: torch.softmax(z, 1).numpy() + 1, "other values"),
    "word": (lambda z: "softmax", "a string, expected a torch tensor"),
    "nan": (lambda z: torch.softmax(z, 1) / 0 * 0, "contains NaN"),
    "infinity": (lambda z: torch.softmax(z, 1) / 0, "contains an infinity"),
    "raises": (lambda z: z.no_such_thing(), "it raises AttributeError"),
    "chance": (lambda z: torch.rand(z.shape), "two calls with the same input"),
    "right by chance": (
        lambda z: torch.softmax(z, 1) + (torch.rand(1) > 0.5) * 0.0 + 1e-3 * torch.rand(1),
        "two calls with the same input",
    ),
    "prints": (lambda z: print(torch.softmax(z, 1)), "prints its result but returns None"),
    "no return": (forgets_return, "returns None: does it end with `return`"),
    "dots in an index": (forgets_return_after_indexing, "returns None: does it end with"),
    "value": (3.0, "expected a function, got 3"),
    "class": (dict, "it raises"),
    "leaves": (leaves, "it raises SystemExit"),
    "recursion": (recurses, "it raises RecursionError"),
    "torch's NotImplementedError": (uses_a_kernel_that_torch_lacks, "it raises NotImpl"),
}


@pytest.mark.parametrize(("answer", "words"), REASONS.values(), ids=REASONS)
def test_reason_without_a_known_mistake(answer, words):
    verdict = judge(trial.SOFTMAX, answer)
    assert verdict.status == WRONG and verdict.mistake is None
    assert words in verdict.reason


def test_changed_input_is_a_reason_of_its_own():
    others = replace(trial.SOFTMAX, mistakes=trial.SOFTMAX.mistakes[:3])
    verdict = judge(others, lambda z: torch.softmax(z.mul_(1.0).add_(1.0), 1))
    assert "changes its input" in verdict.reason


def test_another_exception_of_the_same_type_is_not_the_known_mistake():
    verdict = judge(trial.SOFTMAX, lambda z: z.view(-1, 1000))
    assert verdict.mistake is None and "it raises RuntimeError: shape" in verdict.reason


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("task", trial.EXERCISES, ids=lambda task: task.id)
def test_mistakes_are_recognised_whatever_the_draw(task, seed):
    assert judge(task, task.solution, seed).status == RIGHT
    for mistake in task.mistakes:
        assert judge(task, mistake.code, seed).mistake == mistake.name


def test_mistake_that_the_draw_cannot_tell_from_the_solution_is_not_blamed():
    right, other = guard.Outcome(1.0), guard.Outcome(2.0)
    assert recognised([right], [other], [other], {})
    assert not recognised([right], [right], [other], {})


def test_smallest_of_several_failing_cases_is_shown():
    sizes = replace(trial.SOFTMAX, cases=lambda rng: [(np.ones((2, n)),) for n in (7, 3, 9)])
    sizes = replace(sizes, solution=lambda z: z, mistakes=trial.HALF.mistakes)
    assert judge(sizes, lambda z: z + 1).detail.splitlines()[0] == "  z        = [[1. 1. 1.]"


def test_raising_can_be_the_right_answer():
    """An exercise may ask for a refusal: then the same exception is right, another is not."""

    def root(x):
        if x < 0:
            raise ValueError(f"x must not be negative, got {x}")
        return x**0.5

    task = replace(trial.SOFTMAX, solution=root, cases=lambda rng: [(4.0,), (-1.0,)])
    assert judge(task, root).status == RIGHT
    assert (
        "returns a value where ValueError is expected"
        in judge(task, lambda x: abs(x) ** 0.5).reason
    )


def scale(x):
    return 3 * x


def by_a_helper(x):
    return scale(x)


def test_what_a_card_forbids_is_refused_by_name_also_in_a_helper():
    task = replace(
        trial.SOFTMAX,
        solution=lambda x: 3 * x,
        cases=lambda rng: [(2.0,)],
        forbidden={"scale": "Multiply by yourself."},
    )
    assert judge(task, lambda x: 3 * x).status == RIGHT
    for answer in (scale, by_a_helper):
        assert judge(task, answer).status == (RIGHT if answer is scale else WRONG)
    assert judge(task, by_a_helper).reason == "Multiply by yourself."


LOSS = replace(
    trial.SOFTMAX,
    solution=lambda z: z.logsumexp(1).mean(),
    observe=guard.value_and_gradient,
    mistakes=trial.HALF.mistakes,
)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda z: z.logsumexp(1).mean().item(), "trained with the gradient"),
        (lambda z: z.detach().logsumexp(1).mean(), "trained with the gradient"),
        (lambda z: 2 * z.logsumexp(1).mean(), "the value is off"),
        (lambda z: 2 * z.logsumexp(1).mean() - z.detach().logsumexp(1).mean(), "the gradient has"),
    ],
)
def test_a_loss_is_judged_by_its_value_and_its_gradient(answer, words):
    assert judge(LOSS, LOSS.solution).status == RIGHT
    verdict = judge(LOSS, answer)
    assert words in verdict.reason and "{" not in verdict.detail


def test_a_property_that_is_missing_is_named_and_the_others_are_not_printed():
    task = replace(
        trial.SOFTMAX,
        observe=lambda function, z: {"the sum": bool(function(z).sum() > 0), "the sign": True},
    )
    verdict = judge(task, lambda z: -torch.softmax(z, 1))
    assert verdict.reason == "look again at the sum" and "sign" not in verdict.detail


def test_numbers_rounded_as_the_card_rounds_them_are_right_and_others_are_shown_apart():
    task = replace(trial.SOFTMAX, solution=lambda x: x / 3, cases=lambda rng: [(2.0,)], decimals=4)
    assert judge(task, lambda x: round(x / 3, 4)).status == RIGHT
    verdict = judge(task, lambda x: x / 3 - 1e-4)
    expected, got = (line.split(" = ")[1] for line in verdict.detail.splitlines()[1:])
    assert verdict.status == WRONG and expected != got
