"""The verdict on answers: recognised mistakes, generic reasons, and code that misbehaves."""

from __future__ import annotations

import linecache
import time
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import trial_exercises as trial

from fpl_lib.course.checking import Mistake, Option, Quiz, ValueExercise, figures, guard
from fpl_lib.course.checking.judge import NOT_ATTEMPTED, RIGHT, WRONG, judge, recognised


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


def endless(z):
    while True:
        time.sleep(0.001)


def swallows_everything(z):
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def uses_a_kernel_that_torch_lacks(z):
    return torch.softmax(z.to("meta"), 1).cpu()


def leaves(z):
    raise SystemExit(1)


def recurses(z):
    return recurses(z)


def below_the_stub(z):
    ...  # your code here
    torch.softmax(z, 1)


def swallows_all(z):
    while True:
        try:
            time.sleep(1)
        except:  # noqa: E722
            continue


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


@pytest.mark.parametrize("answer", [endless, swallows_everything, swallows_all])
def test_endless_loop_is_stopped(answer, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    start = time.monotonic()
    verdict = judge(trial.SOFTMAX, answer)
    assert "an endless loop" in verdict.reason
    assert time.monotonic() - start < 10


def test_interrupting_the_kernel_is_not_an_answer():
    def interrupted(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(trial.SOFTMAX, interrupted)


def test_error_names_the_line_of_the_students_cell():
    namespace: dict = {}
    exec(compile("def f(z):\n    return z.nothing\n", "<cell>", "exec"), namespace)
    linecache.cache["<cell>"] = (1, None, ["def f(z):\n", "    return z.nothing\n"], "<cell>")
    reason = judge(trial.SOFTMAX, namespace["f"]).reason
    assert reason.endswith("in the line `return z.nothing`")
    assert "/" not in reason


class Nasty:
    """Refuses whatever a reader of answers might try."""

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no repr")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")


GARBAGE = [
    Nasty(), object(), "text", "", b"bytes", 10**400, 1j, [[1], [1, 2]], {"a": 1}, {1, 2},
    np.array(["x"]), np.empty((0, 3)), torch.empty(0), torch.empty(2, device="meta"), type,
    float("inf"), range(3), (i for i in range(3)), slice(1), np.datetime64("2020-01-01"),
]  # fmt: skip


@pytest.mark.parametrize("task", trial.EXERCISES, ids=lambda task: task.id)
@pytest.mark.parametrize("number", range(len(GARBAGE)))
def test_garbage_is_refused_without_an_exception(task, number):
    value = GARBAGE[number]
    for answer in (value, lambda *args: value):
        verdict = judge(task, answer)
        assert verdict.status == WRONG and verdict.reason


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("task", trial.EXERCISES, ids=lambda task: task.id)
def test_mistakes_are_recognised_whatever_the_draw(task, seed):
    assert judge(task, task.solution, seed).status == RIGHT
    for mistake in task.mistakes:
        assert judge(task, mistake.code, seed).mistake == mistake.name


def test_mistake_on_top_of_another_slip_is_still_recognised_where_it_tells():
    """Only the readings in which a mistake differs from the solution decide about it."""
    both = judge(trial.CURVE, lambda: trial.draw(np.log, x_name=""))
    assert both.mistake == "sign"


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


def test_figure_may_be_axes_figure_pair_or_a_drawn_figure():
    axes = trial.draw()
    for answer in (axes, axes.figure, lambda: trial.draw().figure):
        assert judge(trial.CURVE, answer).status == RIGHT
    plt.close("all")
    assert judge(trial.CURVE, lambda: (trial.draw().figure, None)).status == RIGHT
    assert plt.get_fignums() == []


def test_figure_that_was_shown_is_still_read(monkeypatch):
    """The inline backend's `plt.show()` closes figures; during a check it must not."""
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))

    def draw():
        trial.draw()
        plt.show()
        return plt.gcf()

    assert judge(trial.CURVE, draw).status == RIGHT


def test_figure_reasons():
    assert "nothing is drawn" in judge(trial.CURVE, plt.Figure()).reason
    assert "nothing is drawn" in judge(trial.CURVE, lambda: plt.subplots()[1]).reason
    assert "expected a matplotlib Figure" in judge(trial.CURVE, lambda: 3).reason
    wrong = judge(trial.CURVE, lambda: trial.draw(lambda p: 1 - p))
    assert wrong.reason == "look again at the curve labelled CE" and wrong.figure is not None
    assert plt.get_fignums() == []


def test_alternative_text_of_a_students_figure_says_what_is_in_it():
    text = figures.describe(trial.draw().figure)
    plt.close("all")
    assert text == "A figure drawn as an answer. loss (nats) over $p_T$, showing CE."


PARTS = {
    "id": "1-softmax",
    "difficulty": 4,
    "minutes": 0,
    "hints": ("only one",),
    "mistakes": trial.HALF.mistakes[:2],
}


@pytest.mark.parametrize(("name", "value"), PARTS.items())
def test_incomplete_exercise_is_refused(name, value):
    parts = {
        "id": "99-x", "title": "X", "difficulty": 1, "minutes": 1, "solution": 1,
        "mistakes": trial.HALF.mistakes, "hints": ("one", "two"),
    }  # fmt: skip
    ValueExercise(**parts)
    with pytest.raises(ValueError, match=f"{value}|at least"):
        ValueExercise(**{**parts, name: value})


def test_mistake_needs_an_explanation():
    with pytest.raises(ValueError, match="a message that explains it"):
        Mistake("sign", "wrong", 1)


FIRST = trial.HALF.mistakes[0]


@pytest.mark.parametrize(
    "third",
    [replace(FIRST, message="Another message, but the name again."), replace(FIRST, name="b")],
)
def test_mistakes_that_share_a_name_or_a_message_are_refused(third):
    with pytest.raises(ValueError, match="different names and messages"):
        replace(trial.HALF, mistakes=(*trial.HALF.mistakes, third))


RIGHT_ONE, WRONG_ONE = Option("a", True, "yes"), Option("b", False, "no")


@pytest.mark.parametrize(
    "options",
    [
        (RIGHT_ONE,),
        (RIGHT_ONE, Option("c", True, "also")),
        (WRONG_ONE, Option("c", False, "nor this")),
        (RIGHT_ONE, Option("a", False, "no")),
        (RIGHT_ONE, Option("b", False, "")),
    ],
)
def test_quiz_needs_one_right_option_and_reasons(options):
    Quiz("99-q", "Which?", (RIGHT_ONE, WRONG_ONE))
    with pytest.raises(ValueError, match="99-q"):
        Quiz("99-q", "Which?", options)
