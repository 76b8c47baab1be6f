"""The two editions: made, executed, validated by nbval, exported, and graded by nbgrader itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import hygiene
import nbformat
import pytest
import trial_exercises
import trial_notebook
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fpl_lib._files import CHECKOUT
from fpl_lib.course import editions as course

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
NAME = "99_trial.ipynb"


@pytest.fixture(scope="module", autouse=True)
def trial():
    """The trial exercises, in this process and in every kernel that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        trial_exercises.install(patch.setattr)
        paths = [str(CHECKOUT), str(HERE), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A notebooks/ folder with both editions, made as `make student` makes them."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "solutions").mkdir()
    (folder / "GLOSSARY.md").touch()
    nbformat.write(trial_notebook.teacher(), folder / "solutions" / NAME)
    for command in ("execute", "student"):
        assert course.main([command, "--folder", str(folder)]) == 0
    return folder


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def both(folder: Path) -> list[Path]:
    return [folder / NAME, folder / "solutions" / NAME]


def source(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells)


def test_both_editions_keep_every_rule(folder):
    for path in both(folder):
        notebook = read(path)
        assert {rule.__name__: rule(notebook, path) for rule in hygiene.RULES} == {
            rule.__name__: [] for rule in hygiene.RULES
        }


def test_student_gets_stubs_and_an_attempt_to_make(folder):
    student, teacher = map(read, both(folder))
    assert hygiene.statuses(student) == ["○", "○", "○"]
    assert hygiene.statuses(teacher) == ["✓", "✓", "✓"]
    cells = {cell.id: cell for cell in student.cells}
    assert cells["99-half"].source == "half = (\n    ...  # your code here\n)"
    assert cells["99-softmax"].source.endswith('C)."""\n    ...  # your code here')
    assert cells["99-softmax-check"].source == 'check("99-softmax", softmax)'
    assert cells["99-softmax-check"].metadata.editable is False
    cells = {cell.id: cell for cell in teacher.cells}
    assert cells["99-softmax-check"].source == (
        "### BEGIN HIDDEN TESTS\n"
        "from fpl_lib.course.grading.grade import grade\n\n"
        'grade("99-softmax", softmax)\n'
        "### END HIDDEN TESTS\n"
        'check("99-softmax", softmax)'
    )


def test_cells_keep_their_ids_from_one_edition_and_run_to_the_next(folder):
    student, teacher = map(read, both(folder))
    assert [cell.id for cell in student.cells] == [cell.id for cell in teacher.cells]
    assert [c.id for c in course.tidy(trial_notebook.teacher()).cells] == [
        c.id for c in teacher.cells
    ]
    again = course.tidy(teacher)
    assert course.drift(course.tidy(again), again) == []


def test_check_notices_a_change_in_either_edition(folder, tmp_path, capsys):
    assert course.main(["check", "--folder", str(folder)]) == 0
    assert capsys.readouterr().out == ""
    for number, wanted in ((0, [f"{NAME} is"]), (1, [f"solutions/{NAME} is", f"/{NAME} is"])):
        copy = tmp_path / str(number)
        (copy / "solutions").mkdir(parents=True)
        for path in both(folder):
            (copy / path.relative_to(folder)).write_bytes(path.read_bytes())
        path = both(copy)[number]
        notebook = read(path)
        notebook.cells[0].source += "\n\nA word more."
        nbformat.write(notebook, path)
        assert course.main(["check", "--folder", str(copy)]) == 1
        said = capsys.readouterr().out.replace(os.sep, "/")
        assert all(words in said for words in wanted) and "A word more." in said


def test_missing_student_edition_is_drift(folder, tmp_path, capsys):
    (tmp_path / "solutions").mkdir()
    path = both(folder)[1]
    (tmp_path / "solutions" / NAME).write_bytes(path.read_bytes())
    assert course.main(["check", "99", "--folder", str(tmp_path)]) == 1
    assert course.main(["check", "12", "--folder", str(tmp_path)]) == 2
    assert "no notebook" in capsys.readouterr().err


def nbval(folder: Path, *notebooks: Path) -> subprocess.CompletedProcess[str]:
    """Compare notebooks in `folder` with a fresh run of them, with the checkout's settings."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"]
    command += ["-c", str(CHECKOUT / "pyproject.toml"), "--rootdir", str(folder)]
    command += ["--nbval-sanitize-with", str(CHECKOUT / "tests" / "nbval.cfg")]
    return subprocess.run(
        [*command, *map(str, notebooks)], capture_output=True, text=True, cwd=folder
    )


def test_nbval_passes_strictly_on_both_editions(folder):
    """Also the live widgets: their random ids are not in the stored file."""
    done = nbval(folder, *both(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "18 passed" in done.stdout


def test_nbval_would_notice_another_output(folder, tmp_path):
    notebook = read(both(folder)[0])
    for output in hygiene.outputs(notebook):
        data = output.get("data", {})
        if "text/plain" in data:  # a figure's words are HTML alone
            data["text/plain"] = data["text/plain"].replace("Not attempted", "Attempted")
    nbformat.write(notebook, tmp_path / NAME)
    done = nbval(tmp_path, tmp_path / NAME)
    assert done.returncode == 1 and "3 failed" in done.stdout


def test_web_page_has_the_alternative_texts_and_a_quiz_that_opens(folder):
    for path in both(folder):
        # nbconvert's "lab" template leaves the alternative texts out, "classic" keeps them.
        page, _ = HTMLExporter(template_name="classic").from_notebook_node(read(path))
        assert re.search(r'<img[^>]*alt="A straight line from zero to one', page, re.DOTALL)
        assert 'alt="No description' not in page
        assert page.count("<details>") == 3, "the quiz's three options"
        assert "widget-view" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_failing_cell_is_reported_and_nothing_is_written(folder, tmp_path, capsys):
    (tmp_path / "solutions").mkdir()
    notebook = new_notebook(cells=[new_code_cell("1 / 0")])
    path = tmp_path / "solutions" / "12_broken.ipynb"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert course.main(["execute", "--folder", str(tmp_path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == before
    with pytest.raises(CellExecutionError):
        course.execute(notebook, tmp_path)


def checked(name: str, *, solution: str = "x = 1", marker: bool = True) -> list:
    if marker:
        solution = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    return [new_code_cell(solution), new_code_cell(f'check("{name}", x)')]


def test_demonstration_of_a_check_is_not_graded():
    cells = [*checked("99-half"), new_code_cell('check("99-half", 50)')]
    notebook = course.tidy(new_notebook(cells=cells))
    assert [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells] == [
        "99-half",
        "99-half-check",
        None,
    ]


def test_several_cells_may_make_one_solution():
    cells = [*checked("99-half")[:1], *checked("99-half")]
    notebook = course.tidy(new_notebook(cells=cells))
    assert [cell.id for cell in notebook.cells] == ["99-half", "99-half-2", "99-half-check"]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (checked("99-half")[:1], "no check follows the solution"),
        ([*checked("99-half"), *checked("99-half")], "these come twice"),
        (checked("99-nothing"), "no exercise '99-nothing'"),
        ([new_markdown_cell("<!-- card 99-nothing -->")], "no exercise '99-nothing'"),
    ],
)
def test_notebook_that_cannot_be_graded_is_refused(cells, words):
    with pytest.raises(ValueError, match=words):
        course.tidy(new_notebook(cells=cells))


def test_markers_that_do_not_pair_are_refused():
    cells = checked("99-half", solution="### BEGIN SOLUTION\nx = 1", marker=False)
    with pytest.raises(RuntimeError, match="no end solution"):
        course.student_edition(new_notebook(cells=cells))


def test_command_line_explains_itself(capsys):
    with pytest.raises(SystemExit) as stopped:
        course.main(["--help"])
    assert stopped.value.code == 0 and "teacher's edition" in capsys.readouterr().out
