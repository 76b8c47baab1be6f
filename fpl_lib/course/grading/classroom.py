"""Makes a course folder for nbgrader: python -m fpl_lib.course.grading.classroom DIR

Each notebook becomes an assignment of its own: `source/01_formula/` with solutions and hidden
tests, and `release/01_formula/`, made by nbgrader, to hand out. Beside them `nbgrader_config.py`
holds the settings. From there on it is nbgrader's: release, collect, autograde, feedback.
Run it again after a change of the notebooks: submissions, grades and an edited
`nbgrader_config.py` stay as they are.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from fpl_lib._files import CHECKOUT
from fpl_lib.course.editions import STUB, chosen, tidy

CONFIG = f'''\
"""nbgrader's settings for this course. Change what you like: it is not written over."""

from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import preprocessors as steps

from fpl_lib.course.grading.steps import RestoreChecks, RunToTheEnd, name_the_submission

c = get_config()

c.CourseDirectory.root = str(Path(__file__).parent)
c.CourseDirectory.course_id = "fpl"
c.IncludeHeaderFooter.header = str(Path(__file__).parent / "source" / "header.ipynb")

# What a student finds in place of a solution; untouched, it counts as not attempted.
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}

# Seconds for one cell: enough for those that train, also on a busy machine. A check itself stops
# an answer's function after 20 seconds; this stops a loop outside of functions. The notebook then
# goes on with its next cell.
c.RunToTheEnd.timeout = 300
# Seconds to wait for the last words of a cell that was stopped.
c.RunToTheEnd.iopub_timeout = 10
c.RunToTheEnd.startup_timeout = 120
# No files of the submission are imported, such as an fpl_lib.py of its own.
c.RunToTheEnd.extra_arguments = [
    "--HistoryManager.hist_file=:memory:",
    "--InteractiveShellApp.ignore_cwd=True",
]
c.LimitOutput.max_lines = 500

# A line for each submission, and what is out of the ordinary.
c.Application.log_level = "WARN"
c.Autograde.pre_convert_hook = name_the_submission

# nbgrader's own steps, but for two.
c.Autograde.sanitize_preprocessors = [
    steps.ClearOutput,
    steps.DeduplicateIds,
    steps.OverwriteKernelspec,
    RestoreChecks,  # for OverwriteCells: a deleted check comes back
    steps.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    RunToTheEnd,  # for Execute: a kernel that hangs or dies costs only what it did not reach
    steps.IgnorePattern,
    ClearMetadataPreprocessor,
    steps.LimitOutput,
    steps.SaveAutoGrades,
    steps.AssignLatePenalties,
    steps.CheckCellMetadata,
]
'''

HEADER = f"""\
**How to work on this notebook.** Where you read `{STUB}`, write your answer in its place,
then run the check below it. `hint("…")` opens a hint, and each further one after another try.
Before you hand in, choose *Kernel → Restart Kernel and Run All Cells*: only what runs from top to
bottom counts. An exercise gives as many points as it has stars (★)."""

_LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb")


def assignment(teacher: NotebookNode) -> NotebookNode:
    """A teacher's edition as nbgrader's source: tidied, its links leading to the other folders.

    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> notebook = new_notebook(cells=[new_markdown_cell("See [02](02_gradients.ipynb).")])
    >>> assignment(notebook).cells[0].source
    'See [02](../02_gradients/02_gradients.ipynb).'
    """
    notebook = tidy(teacher)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(r"](../\1/\1.ipynb", cell.source)
        else:
            cell.outputs, cell.execution_count = [], None
    return notebook


def write_course(folder: Path, teachers: Sequence[Path]) -> list[str]:
    """Write `source/` and the settings; returns the assignments' names.

    Raises ValueError if a notebook cannot be graded (see `fpl_lib.course.editions.tidy`).
    """
    sources = {path.stem: assignment(nbformat.read(path, as_version=4)) for path in teachers}
    (folder / "source").mkdir(parents=True, exist_ok=True)
    header = new_notebook(cells=[new_markdown_cell(HEADER, id="how-to-work")])
    nbformat.write(header, folder / "source" / "header.ipynb")
    for name, notebook in sources.items():
        (folder / "source" / name).mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "source" / name / f"{name}.ipynb")
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    return list(sources)


def generate(folder: Path, names: Sequence[str]) -> dict[str, float]:
    """Let nbgrader make `release/` and its gradebook; returns each assignment's points.

    Raises RuntimeError with nbgrader's own log if it fails.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    # nbgrader calls alembic, which stands beside this Python.
    beside = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", "")])
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    teacher = NbGraderAPI(config=config)
    points = {}
    for name in names:
        done = teacher.generate_assignment(name, force=True)
        if not done["success"]:
            raise RuntimeError(f"nbgrader could not generate {name}:\n{done['log']}")
        with teacher.gradebook as gradebook:
            points[name] = gradebook.find_assignment(name).max_score
    return points


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    teachers = chosen(options.solutions, options.names)
    if not teachers:
        print(f"error: no notebook in {options.solutions} matches", file=sys.stderr)
        return 2
    folder = options.folder.resolve()
    try:
        points = generate(folder, write_course(folder, teachers))
    except ModuleNotFoundError as missing:
        print(f'error: {missing}; run pip install -e ".[teach]"', file=sys.stderr)
        return 1
    except (RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, most in points.items():
        print(f"{name:24}{most:4.0f} points")
    print(f"The course is in {folder}: hand out release/, or run nbgrader there.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fpl_lib.course.grading.classroom",
        description="Make an nbgrader course from the teacher's editions of the notebooks.",
    )
    parser.add_argument("folder", type=Path, help="the course's folder; made if it is not there")
    parser.add_argument("names", nargs="*", help="only notebooks that start like this, e.g. 01")
    parser.add_argument(
        "--solutions",
        type=Path,
        default=CHECKOUT / "notebooks" / "solutions",
        help="the teacher's editions",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
