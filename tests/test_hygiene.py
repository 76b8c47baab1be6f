"""Each rule for notebooks finds what it is there to find: a good notebook, spoilt in one place."""

from __future__ import annotations

import base64
import html
import io

import hygiene
import nbformat
import pytest
import trial_exercises
import trial_notebook
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_output

from fpl_lib.course import editions as course

ALT = "A straight line from zero to one, as a stand-in for a slider's picture."


def picture(width: float = 3.0, noise: int = 0) -> str:
    """An empty figure as it stands in a notebook, made larger by some bytes after its end."""
    buffer = io.BytesIO()
    Figure(figsize=(width, 2), dpi=100).savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue() + b"\0" * noise).decode()


def shown(text: str, **data) -> nbformat.NotebookNode:
    return new_output("display_data", {"text/plain": text, **data})


@pytest.fixture
def good(tmp_path, monkeypatch):
    """The teacher's notebook with outputs as a kernel would have left them, and its path."""
    trial_exercises.install(monkeypatch.setattr)
    notebook = course.tidy(trial_notebook.teacher())
    for number, cell in enumerate(hygiene.code_cells(notebook), start=1):
        cell.execution_count = number
        if cell.id.endswith("-check"):
            cell.outputs = [shown("✓ Right: yes")]
    image = f'<img alt="{html.escape(ALT)}" src="data:image/png;base64,{picture()}">'
    figure = shown(f"<Figure: {ALT}>", **{"image/png": picture(), "text/html": image})
    figure.metadata = nbformat.from_dict({"image/png": {"alt": ALT}})
    hygiene.code_cells(notebook)[-1].outputs = [figure]
    path = tmp_path / "solutions" / "99_trial.ipynb"
    path.parent.mkdir()
    (tmp_path / "GLOSSARY.md").touch()
    nbformat.write(notebook, path)
    return notebook, path


@pytest.mark.parametrize("rule", hygiene.RULES, ids=lambda rule: rule.__name__)
def test_good_notebook_keeps_every_rule(good, rule):
    assert rule(*good) == []


def code(n, i):
    return hygiene.code_cells(n)[i]


def say(text):
    return lambda n: code(n, 0).outputs.append(shown(text))


def figure(**changes):
    def spoil(notebook):
        output = code(notebook, -1).outputs[0]
        output.data.update(changes.get("data", {}))
        output.metadata.update(changes.get("metadata", {}))

    return spoil


def add(source, **metadata):
    return lambda n: n.cells.append(new_code_cell(source, metadata=metadata))


def change(old, new):
    def spoil(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)

    return spoil


def fails(notebook):
    error = new_output("error", ename="ValueError", evalue="no", traceback=[])
    code(notebook, 0).outputs = [error]


SPOILT = [
    ("run_in_order", lambda n: code(n, 0).update(execution_count=7), "counts are [7"),
    ("run_in_order", lambda n: code(n, 2).update(execution_count=None), "None"),
    ("clean_outputs", fails, "an error: ValueError"),
    ("clean_outputs", lambda n: code(n, 0).outputs.append(new_output("stream", name="stderr")),
     "stderr"),
    ("clean_outputs", say("saved to /home/ada/runs/1.jsonl"), "an absolute path"),
    ("clean_outputs", say(r"saved to C:\Users\ada"), "an absolute path"),
    ("clean_outputs", say("<function f at 0x7f3a2b>"), "an object's address"),
    ("clean_outputs", say("started at 09:27:35"), "a clock"),
    ("clean_outputs", say(" 35%|###   | 7/20"), "a progress bar"),
    ("clean_outputs", say("7 batches, 12.3it/s"), "a progress bar"),
    ("clean_outputs", say("UserWarning: no"), "a warning"),
    ("clean_outputs", say("loss 1.7429693050586228"), "an unrounded number"),
    ("clean_outputs", say("[<matplotlib.lines.Line2D object>]"), "a bare repr"),
    ("clean_outputs", say("<Figure size 640x480 with 1 Axes>"), "a bare repr"),
    ("clean_outputs", say("VBox(children=(HTML(value=''),))"), "a bare repr"),
    ("clean_outputs", say("Ellipsis"), "a bare repr"),
    ("figures_speak", figure(metadata={"image/png": {"alt": "A line."}}), "text 'A line.'"),
    ("figures_speak", figure(metadata={"image/png": {}}), "alternative text ''"),
    ("figures_speak", figure(data={"text/html": "<img>"}), "without its words in HTML"),
    ("figures_speak", figure(data={"image/png": picture(10.5)}), "1050 pixels wide"),
    ("figures_speak", figure(data={"image/png": picture(noise=90_000)}), "bytes"),
    ("figures_speak", figure(data={"image/svg+xml": "<svg/>"}), "no PNG: image/svg+xml"),
    ("figures_speak", lambda n: code(n, 0).outputs.append(code(n, -1).outputs[0]), "twice"),
    ("no_machine_in_it", lambda n: n.metadata.kernelspec.update(name="conda-env-x"), "conda-env-x"),
    ("no_machine_in_it", lambda n: n.metadata.update(widgets={}), "widgets"),
    ("no_machine_in_it", lambda n: n.metadata.language_info.update(version="3.11.7"), "version"),
    ("no_machine_in_it", lambda n: code(n, 0).metadata.update(execution={}), "execution times"),
    ("no_machine_in_it", add('open("/home/ada/cifar")'), "an absolute path in a source"),
    ("no_machine_in_it", figure(data={"application/vnd.jupyter.widget-view+json": {}}), "widget"),
    ("framed", change("# 99 · Does the machinery work?", "# 98 · Does it?"), "the title is not"),
    ("framed", change("Does the machinery work?", "The machinery"), "the title is not"),
    *[("framed", change(f"**{word}.**", word), f"no **{word}.**") for word in hygiene.FRAME],
    ("framed", change("5 minutes", "a while"), "no number of minutes"),
    ("framed", change("GLOSSARY.md", "WORDS.md"), "no link to the glossary"),
    *[("framed", change(f"## {w}", f"### {w}"), f"no section {w!r}") for w in hygiene.SECTIONS],
    ("framed", change("predict(", "print("), "nothing to predict"),
    ("exercises_are_known", change('check("99-half"', 'print("99-half"'), "checks ['99-curve'"),
    ("exercises_are_known", change('predict("99-which")', ""), "predicts []"),
    ("exercises_are_known", change("about 3 minutes", "about 2 minutes"), "card of 99-half"),
    ("ignored_outputs_have_ranges", add("x = 1", tags=["nbval-ignore-output"]), "without a range"),
    ("ignored_outputs_have_ranges", add("assert x", tags=["nbval-ignore-output"]), "range"),
    ("ignored_outputs_have_ranges", add("x", tags=["nbval-skip"]), "tag nbval-skip"),
    ("ignored_outputs_have_ranges", add("1 / 0", tags=["raises-exception"]), "raises-exception"),
    ("ignored_outputs_have_ranges", add("# NBVAL_IGNORE_OUTPUT"), "an nbval comment"),
    ("readable_cells", add("x = 1\n" * 41), "a cell of 42 lines"),
    ("readable_cells", add("%matplotlib inline"), "a magic"),
    ("readable_cells", add("!ls"), "a magic"),
    ("readable_cells", change("It works.", "[It](03_nowhere.ipynb) works."), "link to nowhere"),
    ("student_keeps_no_answers", lambda n: code(n, 3).outputs.append(shown("✗ Not yet")),
     "the teacher's answers got"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "spoil", "words"), SPOILT, ids=[f"{rule}-{words}" for rule, _, words in SPOILT]
)
def test_rule_finds_its_breach(good, rule, spoil, words):
    notebook, path = good
    spoil(notebook)
    assert any(words in breach for breach in getattr(hygiene, rule)(notebook, path))


TAUGHT = [
    (add("x = 1\n" * 15), "16 lines to read"),
    (add("plots.show(fig)"), "not folded"),
    (add("plots.show_table(frame)"), "not folded"),
    (add("x = 1", jupyter={"source_hidden": True}), "nothing says what this folded cell does"),
    (add("import os  # noqa: F401"), "a comment for ruff"),
    (add("from fpl_lib import losses\nfrom fpl_lib import paper"), "4 import lines of ours"),
    (lambda n: code(n, 0).outputs.append(new_output("stream", text=113 * "x")), "a line of 113"),
]


@pytest.mark.parametrize(("spoil", "words"), TAUGHT)
def test_code_that_does_not_teach_is_found(good, spoil, words):
    spoil(good[0])
    assert any(words in breach for breach in hygiene.code_that_teaches(*good))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("3 of them core", "in all", "no '**Time.**"),
        ("3 of them core", "6 of them core", "6 core minutes of 5"),
        ("It works.", "## 1 · One · deeper", "core sections are [1], but: 1 · One · deeper"),
        ("It works.", "## 2 · Two", "core sections are [1], but: 2 · Two"),
    ],
)
def test_what_is_not_marked_as_deeper_is_found(good, monkeypatch, old, new, words):
    monkeypatch.setitem(hygiene.CORE, "99", (1,))
    change(old, new)(good[0])
    assert any(words in breach for breach in hygiene.says_what_is_deeper(*good))


def test_range_test_in_the_same_or_the_next_cell_allows_an_unchecked_output(good):
    notebook, path = good
    add("seconds = 1.2\nassert 0 < seconds < 60", tags=["nbval-ignore-output"])(notebook)
    add("speed = 3", tags=["nbval-ignore-output"])(notebook)
    add("assert speed > 1")(notebook)
    assert hygiene.ignored_outputs_have_ranges(notebook, path) == []


def test_large_file_is_found(good):
    notebook, path = good
    path.write_text(" " * hygiene.MAX_SIZE)
    assert hygiene.small(notebook, path) == ["1,000,000 bytes"]


@pytest.mark.parametrize("words", ["### BEGIN is left", "fpl_lib.course.grading is left"])
def test_answers_left_in_a_students_edition_are_found(good, words):
    notebook, path = good
    found = hygiene.student_keeps_no_answers(notebook, path.parents[1] / path.name)
    assert any(breach.startswith(words.split(" is")[0]) for breach in found)
    assert "no stub in 99-half" in found
    assert "untouched exercises got {'✓'}" in found


def test_every_rule_was_shown_to_find_something():
    shown_elsewhere = {
        "small", "student_keeps_no_answers", "code_that_teaches", "says_what_is_deeper",
    }  # fmt: skip
    assert {rule.__name__ for rule in hygiene.RULES} == {
        rule for rule, *_ in SPOILT
    } | shown_elsewhere
