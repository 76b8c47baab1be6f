"""What was guessed is kept in one small file and comes back; without any, nothing changes."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from IPython.core.events import EventManager
from trial_exercises import QUIZ, install

from fpl_lib.course import kept, open_drawers, predict, recall, sort_claims
from fpl_lib.course.checking import quizzes


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A student's folder, and a kernel that has just started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kept, "_since_start", {})
    install(monkeypatch.setattr)
    return tmp_path


def restart(monkeypatch):
    monkeypatch.setattr(kept, "_since_start", {})


def test_a_guess_comes_back_in_another_kernel(monkeypatch, capsys):
    right = next(option for option in QUIZ.options if option.right)
    kept.keep(QUIZ.id, right.text)
    kept.keep("beats-ce", kept.DRAWERS[1])
    restart(monkeypatch)
    recall(QUIZ.id)
    assert capsys.readouterr().out == f"{QUIZ.question}\nYou said: {right.text}\n"


def test_without_a_guess_recall_asks_as_predict_does(capsys):
    predict(QUIZ.id)
    asked = capsys.readouterr().out
    recall(QUIZ.id)
    assert capsys.readouterr().out == asked
    kept.keep(QUIZ.id, "an option that there is no longer")
    recall(QUIZ.id)
    assert capsys.readouterr().out == asked


@pytest.mark.parametrize("spoilt", ["", "[1]", '{"a": 1}', "\xff\xfe", '{"a"'])
def test_a_spoilt_file_counts_as_none_and_is_written_anew(folder, spoilt):
    file = folder / kept.FILE
    file.write_bytes(spoilt.encode("latin-1"))
    assert kept.guesses() == {}
    kept.keep("beats-ce", "yes")
    assert json.loads(file.read_text(encoding="utf-8")) == {"beats-ce": "yes"}


def test_where_nothing_can_be_written_a_guess_lasts_as_long_as_the_kernel(monkeypatch, folder):
    def refuse(*args):
        raise PermissionError("read-only")

    monkeypatch.setattr(kept, "write_atomically", refuse)
    kept.keep("beats-ce", "yes")
    assert kept.guesses() == {"beats-ce": "yes"} and list(folder.iterdir()) == []


def test_the_drawers_are_filled_by_buttons_and_opened_with_verdicts(capsys, monkeypatch):
    chest = kept._chest({"beats-ce": "FPL wins <b>", "fewer-fp": "Fewer"})
    claim, buttons, _, others = chest.children
    assert claim.value == "FPL wins &lt;b&gt;" and buttons.value is None is others.value
    buttons.value = kept.DRAWERS[1]
    restart(monkeypatch)
    assert kept._chest({"beats-ce": "FPL wins"}).children[1].value == kept.DRAWERS[1]
    open_drawers({"beats-ce": "open (n = 0)", "fewer-fp": "open"})
    shown = capsys.readouterr().out
    assert shown.startswith("Your drawers: 1 of 2 claims\n")
    assert kept.DRAWERS[1] in shown and "open (n = 0)" in shown


def test_without_a_claim_sorted_nothing_depends_on_the_folder(capsys, folder):
    open_drawers({"beats-ce": "open"})
    sort_claims()
    first = capsys.readouterr().out
    kept.keep(QUIZ.id, "something else")
    open_drawers({"beats-ce": "open"})
    sort_claims()
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("later", ["", "notebook 09"])
def test_a_picked_option_is_kept_and_judged_once_something_was_shown(later, monkeypatch):
    shell = SimpleNamespace(events=EventManager(None, ["post_run_cell"]))

    def run(code):
        shell.events.trigger("post_run_cell", SimpleNamespace(info=SimpleNamespace(raw_cell=code)))

    monkeypatch.setattr(quizzes, "in_ipython", lambda: True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    _, buttons, answer = quizzes.as_widget(replace(QUIZ, answered_in=later)).children
    run(f'predict("{QUIZ.id}")')
    for number, option in enumerate(QUIZ.options):
        buttons.index = number
        assert kept.guesses() == {QUIZ.id: option.text}
        assert "Noted." in answer.value and "✓" not in answer.value and "✗" not in answer.value
    for silent in (
        'predict("99-another")',
        "import math\n\n\ndef root(x):\n    return x\n\n\ny = 4",
    ):
        run(silent)
        assert "Noted." in answer.value
    run("print(1)")
    if later:
        assert "Notebook 09 comes back to it." in answer.value
        return
    assert answer.value == quizzes.feedback(QUIZ.options[-1])
    buttons.index = 0
    assert answer.value == quizzes.feedback(QUIZ.options[0])
    assert shell.events.callbacks["post_run_cell"] == []
