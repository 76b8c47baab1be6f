"""Showing a quiz: buttons where a kernel runs, folded explanations everywhere else."""

from __future__ import annotations

from typing import Any

from fpl_lib.course.checking.display import GREEN, RED, box, inline
from fpl_lib.course.checking.kinds import Option, Quiz
from fpl_lib.course.exercises import quiz
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


def ask(name: str) -> None:
    """Display the quiz with this id; ValueError if there is none."""
    question = quiz(name)
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
    """The question as radio buttons with feedback, or None where ipywidgets is not there."""
    try:
        import ipywidgets as widgets
    except ImportError:
        return None
    if not in_ipython():
        return None
    wide = widgets.Layout(width="100%")
    pairs = zip(LETTERS, question.options, strict=False)
    choices = [
        (f"{letter}. {option.text.replace('`', '')}", i) for i, (letter, option) in enumerate(pairs)
    ]
    buttons = widgets.RadioButtons(options=choices, index=None, layout=wide)
    answer = widgets.HTML()

    def picked(change: dict[str, Any]) -> None:
        answer.value = feedback(question.options[change["new"]])

    buttons.observe(picked, names="value")
    head = widgets.HTML(f"{_STYLE}<b>Predict before you run:</b> {inline(question.question)}")
    shown = widgets.VBox([head, buttons, answer], layout=wide)
    shown.add_class("fpl-quiz")
    return shown
