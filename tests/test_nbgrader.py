"""A course in nbgrader, from the teacher's edition to points: nothing of ours in between."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
import trial_exercises
import trial_notebook
from nbgrader.apps import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeSubmit
from traitlets.config import Config

from fpl_lib._files import CHECKOUT
from fpl_lib.course import editions as course

NAME = "99_trial.ipynb"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="nbgrader's exchange needs POSIX"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def config(tmp_path, monkeypatch) -> Config:
    """The settings a teacher needs (notebooks/README.md lists them), for a course in `tmp_path`."""
    trial_exercises.install(monkeypatch.setattr)
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CHECKOUT), str(here)]))
    # nbgrader calls alembic, which stands beside this Python.
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    config = Config()
    config.CourseDirectory.root = str(tmp_path / "course")
    config.CourseDirectory.course_id = "fpl"
    config.ClearSolutions.code_stub = {"python": course.STUB}
    config.Exchange.root = str(tmp_path / "exchange")
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    return config


def exchange(action, config: Config, folder: Path) -> None:
    """What a student's `nbgrader fetch_assignment` and `submit` do in `folder`."""
    mine = Config(config)
    mine.CourseDirectory.root = str(folder)
    mine.CourseDirectory.assignment_id = "week1"
    directory, who = CourseDirectory(config=mine), Authenticator(config=mine)
    action(coursedir=directory, authenticator=who, config=mine).start()


def done(result: dict) -> None:
    assert result["success"], result["log"]


def test_generate_release_submit_collect_and_autograde(config, tmp_path, monkeypatch):
    source = tmp_path / "course" / "source" / "week1"
    source.mkdir(parents=True)
    nbformat.write(course.tidy(trial_notebook.teacher()), source / NAME)
    teacher = NbGraderAPI(config=config)
    done(teacher.generate_assignment("week1"))
    done(teacher.release_assignment("week1"))

    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)
    exchange(ExchangeFetchAssignment, config, desk)
    notebook = nbformat.read(desk / "week1" / NAME, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    assert course.STUB in cells["99-softmax"].source
    assert "HIDDEN" not in cells["99-softmax-check"].source
    cells["99-half"].source = "half = 0.5"
    cells["99-softmax"].source = "def softmax(z):\n    return torch.softmax(z, 0)"
    cells["99-softmax-check"].source = 'print("✓ Right, surely")'
    nbformat.write(notebook, desk / "week1" / NAME)
    exchange(ExchangeSubmit, config, desk)

    done(teacher.collect("week1"))
    (student,) = os.listdir(tmp_path / "course" / "submitted")
    done(teacher.autograde("week1", student))
    with teacher.gradebook as gradebook:
        submission = gradebook.find_submission("week1", student)
        points = {
            g.name: (g.auto_score, g.max_score) for n in submission.notebooks for g in n.grades
        }
    assert points == {
        "99-softmax-check": (0.0, 1.0),  # wrong, and no use to write over its check
        "99-half-check": (2.0, 2.0),
        "99-curve-check": (0.0, 1.0),  # not attempted
    }
