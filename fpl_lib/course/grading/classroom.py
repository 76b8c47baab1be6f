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


def template(name: str) -> str:
    """A text of this folder that a teacher may edit, with the stub of the students' editions."""
    path = Path(__file__).with_name(name)
    return path.read_text(encoding="utf-8").replace("{STUB}", STUB)


def write_course(folder: Path, teachers: Sequence[Path]) -> list[str]:
    """Write `source/` and the settings; returns the assignments' names.

    Raises ValueError if a notebook cannot be graded (see `fpl_lib.course.editions.tidy`).
    """
    sources = {path.stem: assignment(nbformat.read(path, as_version=4)) for path in teachers}
    (folder / "source").mkdir(parents=True, exist_ok=True)
    header = new_notebook(
        cells=[new_markdown_cell(template("header.md").strip(), id="how-to-work")]
    )
    nbformat.write(header, folder / "source" / "header.ipynb")
    for name, notebook in sources.items():
        (folder / "source" / name).mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "source" / name / f"{name}.ipynb")
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(template("nbgrader_config.py.txt"), encoding="utf-8")
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
