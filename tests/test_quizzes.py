"""Quizzes as a teacher writes them: what `quizzes.md` may hold, and what is refused, where."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from fpl_lib.course.checking.kinds import Option, Quiz
from fpl_lib.course.checking.quizzes import LETTERS, read_quizzes
from fpl_lib.course.exercises import all_quizzes

TEXT = """# Quizzes of notebook 42

## 42-first
Is `1 < 2`,
and why?

- [x] Yes, as
      counted.
  > It is less.
  > By one.
- [ ] No.
  > Count again.

## 42-second
Which?
- [ ] a
  > Not a.
- [x] b
  > It is b.
"""


@pytest.fixture
def read(tmp_path):
    path = tmp_path / "nb42" / "quizzes.md"
    path.parent.mkdir()

    def write_and_read(text):
        path.write_text(text, encoding="utf-8")
        return read_quizzes(path)

    return write_and_read


def test_a_file_is_read_in_order_with_wrapped_lines_joined(read):
    first, second = read(TEXT)
    yes = Option("Yes, as counted.", True, "It is less. By one.")
    no = Option("No.", False, "Count again.")
    assert first == Quiz("42-first", "Is `1 < 2`, and why?", (yes, no))
    assert (second.id, [option.right for option in second.options]) == ("42-second", [False, True])


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("## 42-second", "## 42-first", 14, "digits that starts with '42-'"),
        ("## 42-second", "## 41-second", 14, "digits that starts with '42-'"),
        ("## 42-second", "## 42-Second", 14, "of small letters and digits"),
        ("## 42-second", "### 42-second", 14, "expected an option"),
        ("## 42-second", "## 42-second · later", 14, "expected 'notebook NN' or nothing"),
        ("- [ ] No.", "- [x] No.", 3, "exactly one option must be right"),
        ("- [x] b", "- [ ] b", 14, "exactly one option must be right"),
        ("- [x] b", "- [X] b", 18, "expected an option"),
        ("- [x] b", "-[x] b", 18, "expected an option"),
        ("  > It is b.\n", "", 14, "every option needs its own 'why'"),
        ("- [x] b", "- [x] a", 14, "every option needs its own 'text'"),
        ("  > It is b.", "It is b.", 19, "expected an option"),
        ("Which?\n", "", 14, "the question is missing"),
        ("- [ ] a\n  > Not a.\n", "", 14, "give two to six options"),
    ],
)
def test_what_is_no_quiz_is_refused_with_file_and_line(read, old, new, line, message):
    assert TEXT.count(old) == 1
    with pytest.raises(ValueError, match=rf"quizzes\.md:{line}: .*{re.escape(message)}"):
        read(TEXT.replace(old, new))


def test_the_right_option_stands_at_every_letter_alike_often():
    places = Counter(
        LETTERS[[option.right for option in quiz.options].index(True)] for quiz in all_quizzes()
    )
    assert set(places) == set("ABCD")
    assert max(places.values()) - min(places.values()) <= 3, places
