"""A class hands in notebook 01, shortened: each submission gets the points that it deserves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from fpl_lib._files import CHECKOUT
from fpl_lib.course import editions as course
from fpl_lib.course.exercises import all_exercises
from fpl_lib.course.grading import classroom

NAME = "01_formula"
SOLUTIONS = CHECKOUT / "notebooks" / "solutions"
POINTS = {task.id: task.difficulty for task in all_exercises() if task.id.startswith("01-")}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="nbgrader needs POSIX"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

WRONG = {
    # Each a mistake that 01's exercises know: (exercise, its name): what the student typed.
    ("01-by-hand", "log10"): """\
answer = (
    -math.log10(0.55),
    -math.log10(1 - 0.25),
    -math.log10(0.55) - math.log10(1 - 0.25),
)""",
    ("01-false-class", "F allowed to be T"): """\
def false_class(p, target):
    return p.argmax(1)""",
    ("01-draw", "no title"): """\
def draw_path():
    p_B = np.linspace(0, 0.6, 241)
    fig, ax = plt.subplots()
    ax.plot(p_B, 0 * p_B - np.log(0.4), label="CE")
    ax.plot(p_B, -np.log(0.4) - np.log(1 - np.maximum(0.6 - p_B, p_B)), label="FPL")
    ax.set(xlabel="$p_B$", ylabel="loss (nats)")
    return fig""",
    ("01-weights", "share of the class"): """\
def class_weights(labels, num_classes):
    return torch.bincount(labels, minlength=num_classes) / len(labels)""",
    ("01-mean-fpl", "wrong axis"): """\
def mean_fpl(logits, target, alpha):
    rows = torch.arange(len(logits))
    p = logits.softmax(0)
    F = p.scatter(1, target[:, None], -1.0).argmax(1)
    return -(alpha[target] * p[rows, target].log() + alpha[F] * (1 - p[rows, F]).log()).mean()""",
    ("01-costly", "a tie"): """\
def costly(C):
    return np.full(C, 1 / C)""",
    ("01-by-hand", "sign"): """\
answer = (math.log(0.55), math.log(0.75), math.log(0.55) + math.log(0.75))""",
    ("01-false-class", "index after deletion"): """\
def false_class(p, target):
    rest = torch.stack([torch.cat((row[:t], row[t + 1 :])) for row, t in zip(p, target)])
    return rest.argmax(1)""",
    ("01-draw", "L_F alone"): """\
def draw_path():
    p_B = np.linspace(0, 0.6, 241)
    fig, ax = plt.subplots()
    ax.plot(p_B, 0 * p_B - np.log(0.4), label="CE")
    ax.plot(p_B, -np.log(1 - np.maximum(0.6 - p_B, p_B)), label="FPL")
    ax.set(xlabel="$p_B$", ylabel="loss (nats)", title="A and B")
    return fig""",
    ("01-weights", "absent class"): """\
def class_weights(labels, num_classes):
    return (len(labels) - torch.bincount(labels)) / len(labels)""",
    ("01-mean-fpl", "Σα as denominator"): """\
def mean_fpl(logits, target, alpha):
    rows = torch.arange(len(logits))
    p = logits.softmax(1)
    F = p.scatter(1, target[:, None], -1.0).argmax(1)
    loss = -(alpha[target] * p[rows, target].log() + alpha[F] * (1 - p[rows, F]).log())
    return loss.sum() / alpha[target].sum()""",
    ("01-costly", "cheap"): """\
def costly(C):
    return np.array([0.9] + [0.1 / (C - 1)] * (C - 1))""",
}
# Six exercises, each wrong twice: no student has both mistakes of one.
SHARES = {
    f"wrong-{n}": [key for i, key in enumerate(WRONG) if (i + i // 6) % 3 == n] for n in range(3)
}


@dataclass
class Class:
    """A course with its submissions, as autograded by nbgrader's own command."""

    folder: Path
    release: nbformat.NotebookNode
    solutions: dict[str, str]
    log: str = ""
    status: int = 0

    def hand_in(self, student: str, answers: dict[str, str], change=lambda cells: cells) -> None:
        """Submit the release with these answers; `change` gets and gives the list of cells."""
        notebook = nbformat.from_dict(self.release)
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        notebook.cells = change(notebook.cells)
        nbformat.write(notebook, self.place(student))

    def place(self, student: str) -> Path:
        path = self.folder / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def points(self, student: str) -> dict[str, float]:
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}", "fpl") as gradebook:
            (notebook,) = gradebook.find_submission(NAME, student).notebooks
            return {grade.name.removesuffix("-check"): grade.score for grade in notebook.grades}

    def said(self, student: str, exercise: str) -> str:
        """What stands below the exercise's check after the autograding."""
        path = self.folder / "autograded" / student / NAME / f"{NAME}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        (check,) = (
            cell
            for cell in cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") == f"{exercise}-check"
        )
        return "\n".join(output.get("evalue", "") for output in check.outputs)


def after_set_up(source: str):
    """Puts a code cell of the student's own behind the imports."""

    def change(cells):
        first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
        return [*cells[: first + 1], nbformat.v4.new_code_cell(source), *cells[first + 1 :]]

    return change


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Class:
    """The course made by the command, thirteen submissions, and `nbgrader autograde` once."""
    teacher = course.tidy(nbformat.read(SOLUTIONS / f"{NAME}.ipynb", as_version=4))
    code = [cell for cell in teacher.cells if cell.cell_type == "code"]
    teacher.cells = [teacher.cells[0], code[0], *(c for c in code if "nbgrader" in c.metadata)]
    short = tmp_path_factory.mktemp("solutions")
    nbformat.write(teacher, short / f"{NAME}.ipynb")
    folder = tmp_path_factory.mktemp("course")
    assert classroom.main([str(folder), "--solutions", str(short)]) == 0
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(
            "c.RunToTheEnd.timeout_func = lambda cell: 3 if 'while True' in cell.source else 300\n"
        )
    release = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    solutions = {cell.id: cell.source for cell in code if cell.id in POINTS}
    one = Class(folder, release, solutions)
    submit(one)
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", NAME]
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PATH": path}
    env.pop("PYTHONWARNINGS", None)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    one.log, one.status = done.stdout + done.stderr, done.returncode
    return one


def submit(one: Class) -> None:
    right = one.solutions
    one.hand_in("right", right)
    one.hand_in("untouched", {})
    for student, keys in SHARES.items():
        one.hand_in(student, {**right, **{key[0]: WRONG[key] for key in keys}})
    one.hand_in(
        "cheat",
        {
            "01-by-hand": 'print("✓ Right: FPL by hand")\nanswer = (0, 0, 0)',
            "01-false-class": "def false_class(p, target):\n    return p.argmax(1)",
            "01-false-class-check": 'print("✓ Right")',
            "01-weights": WRONG["01-weights", "absent class"],
            "01-costly": right["01-costly"],
        },
        after_set_up("check = grade = lambda *answer, **options: None"),
    )
    (one.folder / "submitted" / "cheat" / NAME / "fpl_lib.py").write_text("check = print\n")
    deleted = ("01-draw-check", "01-weights", "01-weights-check")
    one.hand_in(
        "trouble",
        {
            **right,
            "01-by-hand": "answer = 1 / 0",
            "01-false-class": "import time\nwhile True:\n    time.sleep(0.05)",
            "01-mean-fpl": "def mean_fpl(logits, target, alpha):\n    raise KeyError(target)",
        },
        lambda cells: [cell for cell in cells if cell.id not in deleted],
    )
    deaf = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except:\n        pass"
    one.hand_in("deaf", {**right, "01-false-class": deaf})
    one.hand_in("dead", {**right, "01-false-class": "import os\nos._exit(1)"})
    one.place("corrupt").write_text('{"cells": [{"cell_ty', encoding="utf-8")
    one.place("empty").write_text("", encoding="utf-8")
    one.hand_in("bare", {}, lambda cells: [])
    one.place("renamed").with_stem("my formula").write_bytes(one.place("right").read_bytes())


def only(*names: str) -> dict[str, float]:
    return {name: points if name in names else 0 for name, points in POINTS.items()}


def test_right_submission_earns_all_points_and_an_untouched_one_none(graded):
    assert graded.points("right") == POINTS
    assert graded.points("untouched") == only()
    assert all("Not attempted" in graded.said("untouched", name) for name in POINTS)


@pytest.mark.parametrize("student", SHARES)
def test_each_wrong_answer_loses_exactly_its_points_and_reads_why(graded, student):
    wrong = dict(SHARES[student])
    assert graded.points(student) == only(*(POINTS.keys() - wrong))
    tasks = {task.id: task for task in all_exercises()}
    for name, mistake in wrong.items():
        (message,) = (m.message for m in tasks[name].mistakes if m.name == mistake)
        assert message in graded.said(student, name)


def test_printing_and_redefining_earn_nothing_and_cost_no_right_answer_its_points(graded):
    assert graded.points("cheat") == only("01-costly")


def test_a_lost_point_shows_its_sentence_and_no_traceback(graded):
    path = graded.folder / "autograded" / "wrong-0" / NAME / f"{NAME}.ipynb"
    shown = [output for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
             for output in cell.outputs if output.get("ename") == "ExerciseFailed"]  # fmt: skip
    assert len(shown) == len(SHARES["wrong-0"]) == 4
    assert all("\n".join(one.traceback) == one.evalue for one in shown)


def test_the_log_names_every_submission_and_what_is_out_of_the_ordinary(graded):
    assert f"Grading {NAME} of right" in graded.log
    assert f"renamed handed in “my formula.ipynb”, expected “{NAME}.ipynb”" in graded.log
    for student in ("corrupt", "empty"):
        assert f"{student} handed in a file that is no notebook" in graded.log
    assert not re.search("checksum|INFO|Traceback", graded.log)


def test_what_raises_loops_or_was_deleted_costs_its_own_points_only(graded):
    assert graded.points("trouble") == only("01-draw", "01-costly")


@pytest.mark.parametrize("student", ["deaf", "dead"])
def test_a_kernel_that_hangs_or_dies_keeps_the_points_of_what_ran_before(graded, student):
    assert graded.points(student) == only("01-by-hand")
    assert "the kernel hung or died" in graded.said(student, "01-costly")


def test_a_file_that_is_no_notebook_is_named_and_earns_nothing(graded):
    assert graded.status == 1
    for student in ("corrupt", "empty"):
        assert f"error processing assignment '{NAME}' for student '{student}'" in graded.log
        assert sum(graded.points(student).values()) == 0
    assert graded.points("bare") == only()
    assert "for student 'right'" not in graded.log


def test_the_release_has_stubs_links_and_no_solution(graded):
    sources = "\n".join(cell.source for cell in graded.release.cells)
    assert course.STUB in sources and "(../00_start_here/00_start_here.ipynb)" in sources
    assert "SOLUTION" not in sources and "HIDDEN" not in sources and "grade(" not in sources
    assert graded.release.cells[0].source == classroom.template("header.md").strip()


def test_a_second_run_keeps_settings_submissions_and_grades(graded, tmp_path):
    config = (graded.folder / "nbgrader_config.py").read_text(encoding="utf-8")
    assert "timeout_func" in config
    teacher = nbformat.read(graded.folder / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    nbformat.write(teacher, tmp_path / f"{NAME}.ipynb")
    assert classroom.main([str(graded.folder), "--solutions", str(tmp_path)]) == 0
    assert (graded.folder / "nbgrader_config.py").read_text(encoding="utf-8") == config
    assert graded.points("right") == POINTS


def test_no_notebook_is_an_error(tmp_path, capsys):
    assert classroom.main([str(tmp_path / "course"), "77"]) == 2
    assert "no notebook" in capsys.readouterr().err
