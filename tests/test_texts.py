"""An exercise's text as a teacher writes it: what `exercises.md` may hold, what is refused, where,
and how it is joined with the code."""

from __future__ import annotations

import re

import pytest

from fpl_lib.course.checking import FunctionExercise, ValueExercise
from fpl_lib.course.checking.texts import Text, read_texts, with_texts

TEXT = """# Exercises of notebook 42

## 42-first · Is `1 < 2`?
difficulty 2, 8 minutes

One is less,
by one.

### Mistakes
- **too: few**: One is not two, it is
  less than that.
- **sign**: The sign is the wrong way round.
- **double**: This is twice what is asked for.

### Hints
1. Count.
2. Count on
   your fingers.

## 42-second · Sums
difficulty 1, 1 minute

### Forbidden
Add up by yourself.

### Mistakes
- **a**: The first of the mistakes.
- **b**: The second of the mistakes.
- **c**: The third of the mistakes.

### Hints
1. One.
2. Two.
"""
FIRST = ValueExercise("42-first", solution=1, mistakes={"double": 2, "too: few": 0, "sign": -1})
SECOND = FunctionExercise(
    "42-second",
    solution=lambda x, step=0: sum(x) + step,
    cases=lambda rng: [(rng.random(3),)],
    forbidden=("fsum", "cumsum"),
    mistakes={"a": {"step": 1}, "b": max, "c": min},
)
CODE = (FIRST, SECOND)


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "nb42" / "exercises.md"
    found.parent.mkdir()
    found.write_text(TEXT, encoding="utf-8")
    return found


def test_a_file_is_read_in_order_with_wrapped_lines_joined(path):
    first, second = read_texts(path).values()
    messages = {
        "too: few": (f"{path}:10", "One is not two, it is less than that."),
        "sign": (f"{path}:12", "The sign is the wrong way round."),
        "double": (f"{path}:13", "This is twice what is asked for."),
    }
    fields = {
        "title": "Is `1 < 2`?",
        "difficulty": 2,
        "minutes": 8,
        "takeaway": "One is less, by one.",
        "hints": ("Count.", "Count on your fingers."),
    }
    assert first == Text(f"{path}:3", fields, messages, "")
    assert (second.fields["minutes"], second.fields["takeaway"]) == (1, "")
    assert second.forbidden == "Add up by yourself."


def test_code_gets_its_text_and_keeps_the_order_of_its_mistakes(path):
    first, second = with_texts(CODE, path).values()
    assert (first.title, first.difficulty, first.minutes) == ("Is `1 < 2`?", 2, 8)
    assert [mistake.name for mistake in first.mistakes] == ["double", "too: few", "sign"]
    assert first.mistakes[0].message == "This is twice what is asked for."
    assert second.forbidden == dict.fromkeys(("fsum", "cumsum"), "Add up by yourself.")
    assert second.mistakes[0].code([1, 2]) == 4  # the solution with the keyword


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("## 42-second ·", "## 42-first ·", 20, "expected a new id"),
        ("## 42-second ·", "## 41-second ·", 20, "starts with '42-'"),
        ("## 42-second ·", "## 42-Second ·", 20, "of small letters"),
        ("## 42-second · Sums", "## 42-second", 21, "expected `## 42-second · title`"),
        ("## 42-second ·", "## 42-third ·", 1, "a section `## id · title` here; got '42-second'"),
        ("difficulty 2", "difficulty 4", 4, "expected `## 42-first · title` and below it"),
        ("8 minutes", "0 minutes", 4, "expected `## 42-first · title` and below it"),
        ("difficulty 2, 8 minutes\n", "", 5, "expected `## 42-first · title` and below it"),
        ("by one.", "- by one.", 7, "expected `text` here"),
        ("by one.\n\n### M", "by one.\n\n### m", 9, "expected one of ['Mistakes', 'Hints'"),
        ("- **sign**:", "- sign:", 12, "expected `- **name**: a message of 20"),
        ("The sign is the wrong way round.", "Wrong sign.", 12, "expected `- **name**: a"),
        ("- **sign**", "- **double**", 3, "at least 3 different mistakes, got 3, 2 of"),
        ("The first of", "The second of", 20, "at least 3 different mistakes, got 3, 2 of"),
        ("- **c**: The third of the mistakes.\n", "", 20, "at least 3 different mistakes, got 2"),
        ("- **c**: The third of the mistakes.\n", "- **c**:\n", 29, "expected `- **name**: "),
        ("1. Count.\n", "", 3, "at least 2 different hints, got 1"),
        ("1. One.\n2. Two.\n", "", 20, "at least 2 different hints, got 0"),
        ("2. Two.", "2. One.", 20, "at least 2 different hints, got 2, 1 of them different"),
        ("2. Two.", "Two.", 33, "expected `1. hint` here, got 'Two.'"),
        ("- **sign**", "- **signs**", 3, "the mistake 'sign' has no message"),
        ("1. One.", "- **d**: A mistake too many here.", 32, "expected `1. hint` here"),
        ("\n### Hints\n1. One", "- **d**: A mistake too many here.\n\n### Hints\n1. One", 30,
         "42-second has no mistake 'd'"),
        ("### Forbidden\nAdd up by yourself.\n", "", 20, "where the exercise forbids names"),
        ("\n### Hints\n1. Count.", "\n### Forbidden\nNo.\n\n### Hints\n1. Count.", 3,
         "where the exercise forbids names"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused_with_file_and_line(path, old, new, line, message):
    assert TEXT.count(old) == 1
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"exercises\.md:{line}: .*{re.escape(message)}"):
        with_texts(CODE, path)


def test_an_exercise_without_text_or_twice_and_a_text_without_exercise_are_refused(path):
    with pytest.raises(ValueError, match=r"exercises\.md:20: no module defines .* '42-second'"):
        with_texts([FIRST], path)
    with pytest.raises(ValueError, match=r"exercises\.md:1: expected different ids.*'42-first'"):
        with_texts([FIRST, FIRST, SECOND], path)
