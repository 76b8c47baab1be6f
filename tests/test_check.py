"""What a student sees of check, hint, card and predict, and what a grader sees."""

from __future__ import annotations

import random
import warnings
from collections import defaultdict

import numpy as np
import pytest
import torch
import trial_exercises as trial

from fpl_lib.course import calls as front
from fpl_lib.course.calls import card, check, hint, predict
from fpl_lib.course.checking import quizzes
from fpl_lib.course.exercises import all_exercises, all_quizzes, exercise
from fpl_lib.plots import style as plots


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """The trial exercises, in a kernel that remembers nothing."""
    trial.install(monkeypatch.setattr)
    monkeypatch.setattr(front, "_progress", defaultdict(front._Progress))


def said(capsys, call, *args):
    call(*args)
    return capsys.readouterr().out


def status(capsys, name, answer):
    text = said(capsys, check, name, answer)
    marks = [line[0] for line in text.splitlines() if line[:1] in tuple("○✓✗")]
    assert len(marks) == 1, text
    return marks[0]


@pytest.mark.parametrize("task", trial.EXERCISES, ids=lambda task: task.id)
def test_one_status_for_every_answer(task, capsys):
    assert status(capsys, task.id, task.solution) == "✓"
    assert status(capsys, task.id, ...) == "○"
    assert status(capsys, task.id, None) == "○"
    for mistake in task.mistakes:
        assert status(capsys, task.id, mistake.code) == "✗"


def test_right_answer_prints_title_and_takeaway_and_nothing_random(capsys):
    first, second = (said(capsys, check, "99-softmax", trial.SOFTMAX.solution) for _ in range(2))
    assert first == "✓ Right: Softmax by hand. Only differences between logits matter.\n" == second


def test_mistake_prints_its_message_and_the_way_to_a_hint(capsys):
    text = said(capsys, check, "99-half", 50)
    assert text == (
        "✗ Not yet: Answer with a probability between 0 and 1, not in percent.\n"
        'Stuck? Run `hint("99-half")`.\n'
    )


def test_smallest_failing_case_is_shown_rounded(capsys):
    text = said(capsys, check, "99-softmax", lambda z: torch.softmax(z, 1) + 0.25)
    lines = text.splitlines()
    assert lines[0] == "✗ Not yet: the result has the right shape but other values"
    assert lines[1].startswith("  z        = [[")
    assert any(line.startswith("  expected = [[") for line in lines)
    assert any(line.startswith("  got      = [[") for line in lines)
    assert max(map(len, lines)) <= 100


def test_solution_is_never_printed_for_a_value(capsys):
    for wrong in (0.2, 3.0, "a half", (0.1, 0.2), float("nan")):
        assert "0.5" not in said(capsys, check, "99-half", wrong)


@pytest.mark.parametrize(("guess", "way"), [(0.2, "small"), (3.0, "large")])
def test_value_off_without_known_mistake_says_in_which_direction(guess, way, capsys):
    assert f"{guess:g} is too {way}" in said(capsys, check, "99-half", guess)


def test_every_check_draws_other_inputs_in_a_reproducible_order(capsys):
    def record():
        seen = []
        for _ in range(3):
            check("99-softmax", lambda z: seen.append(z) or torch.softmax(z, 1))
        return seen

    first = record()
    front._progress.clear()
    second = record()
    assert all(torch.equal(left, right) for left, right in zip(first, second, strict=True))
    starts = {tuple(z.flatten()[:3].tolist()) for z in first}
    assert len({z.shape for z in first}) > 3
    # Three cases a check; the first of each is asked twice, to find answers that are random.
    assert len(first) == 12 and len(starts) == 9


def test_check_leaves_random_generators_and_warnings_alone(capsys):
    def careless(z):
        torch.manual_seed(0), np.random.seed(0), random.seed(0)
        warnings.warn("noise", stacklevel=1)
        print("debugging")
        return torch.softmax(z, 1)

    def draws():
        return torch.rand(1).item(), np.random.rand(), random.random()

    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    expected = draws()
    torch.manual_seed(7), np.random.seed(7), random.seed(7)
    text = said(capsys, check, "99-softmax", careless)
    assert draws() == expected
    assert text.startswith("✓") and "debugging" not in text


def test_unreadable_answer_is_wrong_and_does_not_raise(capsys, monkeypatch):
    def broken(*args):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(front, "judge", broken)
    text = said(capsys, check, "99-half", 1)
    assert text.startswith("✗ Not yet: this answer cannot be read: RuntimeError")


def test_hints_open_one_at_a_time_each_after_a_new_wrong_try(capsys):
    def hints():
        return said(capsys, hint, "99-half")

    first = "Hint 1 of 2: Write both pushes down.\n"
    locked = first + "Hint 2 opens after another try: change your answer, check it.\n"
    assert hints() == first + "1 more after another try.\n"
    assert hints() == locked
    check("99-half"), check("99-half", None)
    capsys.readouterr()
    assert hints() == locked, "an untouched stub is no try"
    check("99-half", 0.5)
    capsys.readouterr()
    assert hints() == locked, "a right answer needs no hint"
    check("99-half", 0.3)
    capsys.readouterr()
    both = first + "Hint 2 of 2: Set them equal.\nThat was the last one.\n"
    assert hints() == both
    assert hints() == both


def test_a_change_inside_a_generator_or_a_lambda_is_another_try():
    one, other = (lambda x: sum(i * x for i in range(3)), lambda x: sum(i + x for i in range(3)))
    assert front._fingerprint(one) != front._fingerprint(other)
    assert front._fingerprint(one) == front._fingerprint(lambda x: sum(i * x for i in range(3)))


def test_a_right_figure_that_cannot_be_shown_is_right_all_the_same(capsys, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("too wide")

    monkeypatch.setattr(front, "show", refuse)
    draw = next(task for task in trial.EXERCISES if hasattr(task, "readings"))
    text = said(capsys, check, draw.id, draw.solution)
    assert text.startswith("✓") and "Your figure cannot be shown: too wide" in text


def test_running_the_same_answer_again_is_no_new_try(capsys):
    wrong = trial.SOFTMAX.mistakes[0].code
    check("99-softmax", wrong)
    hint("99-softmax")
    check("99-softmax", wrong)
    capsys.readouterr()
    assert "opens after another try" in said(capsys, hint, "99-softmax")
    check("99-softmax", trial.SOFTMAX.mistakes[1].code)
    capsys.readouterr()
    assert "Hint 2 of 2" in said(capsys, hint, "99-softmax")


def test_card_says_what_a_student_wants_to_know_first():
    assert card("99-half") == (
        "**Exercise · Where the bystanders turn** · difficulty ★★☆ · about 3 minutes · "
        '2 hints: `hint("99-half")`'
    )


@pytest.mark.parametrize("call", [check, hint, card])
def test_unknown_exercise_is_refused_with_the_nearest_ones(call):
    with pytest.raises(ValueError, match="no exercise '99-sotfmax'; did you mean 99-softmax"):
        call("99-sotfmax")
    with pytest.raises(TypeError, match="the id comes first"):
        call(trial.SOFTMAX.solution)


def test_unknown_quiz_is_refused():
    with pytest.raises(ValueError, match="no quiz '99-witch'; did you mean 99-which"):
        predict("99-witch")


def test_registry_lists_every_item_and_finds_each_by_id():
    assert set(trial.EXERCISES) <= set(all_exercises())
    assert set(trial.QUIZZES) <= set(all_quizzes())
    assert exercise("99-half") is trial.HALF


def test_quiz_in_plain_words_does_not_give_the_answer_away(capsys):
    text = said(capsys, predict, "99-which")
    assert text.startswith("Predict before you run: Which class is F")
    assert [line.strip() for line in text.splitlines()[1:]] == ["A. c1", "B. c3", "C. c4"]


def test_quiz_on_a_page_explains_every_option():
    page = quizzes.as_html(trial.QUIZ)
    assert page.count("<details>") == 3 == page.count("</details>")
    assert page.count("✓ Right.") == 1
    for option in trial.QUIZ.options:
        assert option.why in page


def test_notebook_gets_text_and_escaped_html(monkeypatch):
    shown = []
    monkeypatch.setattr(front, "publish", lambda data: shown.append(data))
    check("99-softmax", lambda z: z < 0)
    (data,) = shown
    assert set(data) == {"text/plain", "text/html"}
    assert "<pre>" in data["text/html"]
    assert "<code>hint(" in data["text/html"]


def test_figure_of_the_student_is_shown_before_the_status(capsys):
    text = said(capsys, check, "99-curve", trial.CURVE.mistakes[0].code)
    first, second = text.splitlines()[:2]
    assert first.startswith("<Figure: ") and "loss (nats) over $p_T$" in first
    assert second == f"✗ Not yet: {trial.CURVE.mistakes[0].message}"
    assert not plots.in_ipython()
