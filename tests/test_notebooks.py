"""Every notebook, in both editions: the rules of `hygiene.py`, nbgrader's own, no drift."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import hygiene
import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from fpl_lib._files import CHECKOUT
from fpl_lib.course import editions as course
from fpl_lib.course.exercises import all_exercises, all_quizzes

pytestmark = pytest.mark.slow

FOLDER = CHECKOUT / "notebooks"
TEACHERS = sorted((FOLDER / "solutions").glob("*.ipynb"))
STUDENTS = sorted(FOLDER.glob("*.ipynb"))


def edition(path: Path) -> str:
    return f"{path.stem}-{'teacher' if path.parent.name == 'solutions' else 'student'}"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks_in_two_editions():
    assert TEACHERS
    assert [path.name for path in TEACHERS] == [path.name for path in STUDENTS]
    assert all(re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name) for path in TEACHERS)
    assert len({path.name[:2] for path in TEACHERS}) == len(TEACHERS)


@pytest.mark.parametrize("rule", hygiene.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", TEACHERS + STUDENTS, ids=edition)
def test_hygiene(path, rule):
    assert rule(read(path), path) == []


@pytest.mark.parametrize("path", TEACHERS + STUDENTS, ids=edition)
def test_formats_are_valid(path):
    notebook = read(path)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)


@pytest.mark.parametrize("path", TEACHERS, ids=edition)
def test_neither_edition_has_drifted(path):
    """`make student` would write what is there: cards, marks, cells and their order."""
    teacher = read(path)
    assert course.drift(course.tidy(teacher), teacher) == []
    assert course.drift(course.student_edition(teacher), read(FOLDER / path.name)) == []


@pytest.mark.parametrize("path", TEACHERS, ids=edition)
def test_every_exercise_is_graded_once(path):
    cells = hygiene.code_cells(read(path))
    graded = [c.metadata.nbgrader for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    wanted = {t.id: t.difficulty for t in all_exercises() if t.id.startswith(path.name[:2])}
    assert {marks.grade_id: marks.points for marks in graded} == {
        f"{name}-check": points for name, points in wanted.items()
    }
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            hidden, visible = cell.source.split("\n### END HIDDEN TESTS\n")
            assert hidden == (
                "### BEGIN HIDDEN TESTS\nfrom fpl_lib.course.grading.grade import grade\n\n"
                + visible.replace("check", "grade", 1)
            )


def test_every_exercise_and_quiz_has_a_notebook():
    numbers = {path.name[:2] for path in TEACHERS}
    assert {item.id[:2] for item in (*all_exercises(), *all_quizzes())} <= numbers


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "solutions"], ids=["student", "teacher"])
def test_the_live_numbers_of_notebook_04_are_those_its_range_is_about(folder):
    """A fresh run may be 4 points off, which the notebook asserts of the numbers it stores."""
    cells = hygiene.code_cells(read(folder / "04_class_imbalance.ipynb"))
    (claim,) = [cell.source for cell in cells if cell.source.startswith("stored = {")]
    stored = ast.literal_eval(re.match(r"stored = ({.*?})", claim, re.S)[1])
    assert re.search(r"abs\(means\[name\] - all_classes\) < 4\b", claim)
    (shown,) = [
        output.data["text/plain"]
        for cell in cells
        for output in cell.outputs
        if "Means of two seeds" in output.get("data", {}).get("text/plain", "")
    ]
    rows = re.findall(r"^  (\S.*?)  +.*?([\d.]+)$", shown, re.M)
    assert stored == {name: float(number) for name, number in rows}
