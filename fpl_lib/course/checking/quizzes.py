"""Quizzes: read from a notebook's `quizzes.md`, shown as buttons or as folded explanations."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from fpl_lib.course.checking.display import GREEN, GREY, RED, box, inline
from fpl_lib.course.checking.kinds import Option, Quiz
from fpl_lib.course.checking.markdown import sections
from fpl_lib.course.kept import keep
from fpl_lib.plots.style import in_ipython, publish, widget_view

LETTERS = "ABCDEF"
# ipywidgets gives each option one line and cuts off the rest; here a long one takes a second line.
_STYLE = (
    "<style>.fpl-quiz .widget-html-content{line-height:1.5}"
    ".fpl-quiz .widget-radio-box label{display:block;position:relative;padding-left:24px;"
    "height:auto;line-height:1.6;white-space:normal}"
    ".fpl-quiz .widget-radio-box input{position:absolute;left:0;top:.3em;margin:0;height:auto}"
    "</style>"
)
_OPTION = re.compile(r"- \[([ x])\] (.+)")


def read_quizzes(path: Path) -> tuple[Quiz, ...]:
    """The quizzes of `nbNN/quizzes.md`, in the file's order.

    Below `## NN-its-id` stands the question, then each option as `- [ ] text`, the right one as
    `- [x] text`, with its reason in the lines below it that begin with `  >`. Lines are joined.
    `## NN-its-id · notebook 09` is for a question that only that notebook answers.
    Raises ValueError with file and line for anything else, and for a quiz that is none.
    """
    found = []
    for section in sections(path):
        question, options = _question_and_options(section.lines)
        try:
            found.append(Quiz(section.id, question, options, section.title))
        except ValueError as error:
            raise ValueError(f"{section.place}: {error}") from None
    return tuple(found)


def _question_and_options(lines: list[tuple[str, str]]) -> tuple[str, tuple[Option, ...]]:
    question: list[str] = []
    options: list[tuple[bool, list[str], list[str]]] = []
    for place, line in lines:
        text = line.strip()
        if start := _OPTION.fullmatch(line):
            options.append((start[1] == "x", [start[2]], []))
        elif options and line.startswith("  >"):
            options[-1][2].append(text[1:].strip())
        elif options and line.startswith("  ") and not options[-1][2]:
            options[-1][1].append(text)
        elif not options and not text.startswith(("-", "#")):
            question.append(text)
        else:
            raise ValueError(
                f"{place}: expected an option, `- [ ] text` or `- [x] text`, or its reason, "
                f"`  > text`; got {line!r}"
            )
    read = (Option(" ".join(text), right, " ".join(why)) for right, text, why in options)
    return " ".join(question), tuple(read)


def ask(question: Quiz) -> None:
    """Display a quiz."""
    data: dict[str, Any] = {"text/plain": as_text(question), "text/html": as_html(question)}
    if (live := as_widget(question)) is not None:
        data |= widget_view(live)
    publish(data)


def as_text(question: Quiz) -> str:
    """The question and its options in plain words, without the answer."""
    options = [
        f"  {letter}. {o.text}" for letter, o in zip(LETTERS, question.options, strict=False)
    ]
    return "\n".join([f"Predict before you run: {question.question}", *options])


def as_html(question: Quiz) -> str:
    """The question as a page without a kernel shows it: open an option to learn about it."""
    options = "".join(
        f"<details><summary>{letter}. {inline(option.text)}</summary>{feedback(option)}</details>"
        for letter, option in zip(LETTERS, question.options, strict=False)
    )
    return f"<p><b>Predict before you run:</b> {inline(question.question)}</p>{options}"


def feedback(option: Option) -> str:
    """What a reader learns from having picked this option, as HTML."""
    if option.right:
        return box(f"✓ Right. {option.why}", GREEN)
    return box(f"✗ Not quite. {option.why}", RED)


def as_widget(question: Quiz) -> Any:
    """The question as radio buttons, or None where ipywidgets is not there.

    A pick is kept. What is to be said of it appears when a cell that shows something has been run,
    unless a later notebook answers the question.
    """
    try:
        import ipywidgets as widgets
    except ImportError:
        return None
    if not in_ipython():
        return None
    from IPython import get_ipython

    wide = widgets.Layout(width="100%")
    pairs = zip(LETTERS, question.options, strict=False)
    choices = [
        (f"{letter}. {option.text.replace('`', '')}", i) for i, (letter, option) in enumerate(pairs)
    ]
    buttons = widgets.RadioButtons(options=choices, index=None, layout=wide)
    answer = widgets.HTML()
    cells_run: list[str] = []

    later = question.answered_in
    noted = f"{later.capitalize()} comes back to it." if later else "See what the next cells show."

    def say(*_: Any) -> None:
        if buttons.index is not None:
            picked = feedback(question.options[buttons.index])
            shown = cells_run and not later
            answer.value = picked if shown else box(f"Noted. {noted}", GREY)

    def picked(change: dict[str, Any]) -> None:
        keep(question.id, question.options[change["new"]].text)
        say()

    def ran(result: Any) -> None:
        code = result.info.raw_cell or ""
        if "predict(" not in code and shows(code):  # cells that ask do not answer
            cells_run.append(code)
            events.unregister("post_run_cell", ran)
            say()

    events = get_ipython().events
    events.register("post_run_cell", ran)
    buttons.observe(picked, names="value")
    head = widgets.HTML(f"{_STYLE}<b>Predict before you run:</b> {inline(question.question)}")
    shown = widgets.VBox([head, buttons, answer], layout=wide)
    shown.add_class("fpl-quiz")
    return shown


def shows(code: str) -> bool:
    """Whether a cell may print or draw something: it does more than import, define and assign.

    >>> shows("n = 3"), shows("print(n)")
    (False, True)
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:  # a magic
        return True
    quiet = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign
    return not all(isinstance(statement, quiet) for statement in tree.body)
