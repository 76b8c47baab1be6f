"""The two editions of every notebook: python -m fpl_lib.course execute | student | check

A teacher's notebook in `notebooks/solutions/` is the one source. `execute` tidies it, runs it and
stores its outputs; `student` takes the solutions and hidden tests out with nbgrader's own
preprocessors, runs what is left from top to bottom and writes it to `notebooks/`; `check` only
compares and exits 1 when an edition on disk is not what these commands would write.
"""

from __future__ import annotations

import argparse
import ast
import copy
import difflib
import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from fpl_lib._files import CHECKOUT, write_atomically
from fpl_lib.course.calls import card
from fpl_lib.course.exercises import exercise

STUB = "...  # your code here"
"""What stands in place of a solution; nbgrader's `ClearSolutions.code_stub` for this course."""

_CARD = re.compile(r"<!-- card ([\w-]+) -->(\n\*\*Exercise[^\n]*)?\n*")
_CHECK = re.compile(r"""^\s*check\(\s*["']([\w-]+)["']""", re.MULTILINE)
_HIDDEN = re.compile(r"\n*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n*", re.DOTALL)
_KEPT = ("tags", "jupyter")
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_LANGUAGE = {"name": "python", "file_extension": ".py"}
_WIDGET = "application/vnd.jupyter.widget-view+json"


def tidy(notebook: NotebookNode) -> NotebookNode:
    """A teacher's notebook as it is stored: cards filled in, cells named, nbgrader's marks set.

    A cell with `### BEGIN SOLUTION` becomes nbgrader's solution cell, the next with
    `check("id", …)` its grade cell, with `grade("id", …)` as its hidden test. Ids follow from the
    content, so that they do not change from one run to the next. Raises ValueError if two cells
    grade one exercise, or a solution has no check after it.

    >>> raw = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    >>> tidy(raw).metadata.kernelspec.name
    'python3'
    """
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict({"kernelspec": _KERNEL, "language_info": _LANGUAGE})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _CARD.sub(_filled_card, cell.source).rstrip("\n")
            cell.pop("attachments", None)
        kept = {key: cell.metadata[key] for key in _KEPT if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(kept)
    _mark_for_nbgrader(notebook)
    _name_cells(notebook)
    return notebook


def student_edition(teacher: NotebookNode) -> NotebookNode:
    """The student's notebook, not yet executed, made by nbgrader's preprocessors.

    Raises ModuleNotFoundError with the cure if nbgrader is missing, and whatever nbgrader raises
    for markers that do not pair up.
    """
    try:
        from nbgrader.preprocessors import ClearHiddenTests, ClearOutput, ClearSolutions, LockCells
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            'making the student\'s edition needs nbgrader: pip install -e ".[teach]"'
        ) from missing
    notebook = tidy(teacher)
    steps = (
        ClearSolutions(code_stub={"python": STUB}),
        ClearHiddenTests(),
        LockCells(),
        ClearOutput(),
    )
    for step in steps:
        notebook, _ = step.preprocess(notebook, {})
    for cell in notebook.cells:
        cell.source = cell.source.rstrip("\n")
        if cell.cell_type == "markdown":  # the student's edition stands one folder higher
            cell.source = cell.source.replace("](../", "](")
    return notebook


def execute(
    notebook: NotebookNode, folder: Path, *, timeout: int = 600, **environment: str
) -> NotebookNode:
    """Run a notebook in `folder` in a fresh kernel and keep only outputs that suit any machine.

    `environment` is added to this process's own. Raises nbclient's CellExecutionError, with the
    traceback, if a cell fails.
    """
    notebook = copy.deepcopy(notebook)
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=40"],
    )
    client.execute(env={**os.environ, **environment})
    notebook.metadata.language_info = _LANGUAGE
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            # A live widget has a random id and means nothing without its kernel: the picture or
            # text beside it is what a reader of the stored notebook sees.
            output.get("data", {}).pop(_WIDGET, None)
    return notebook


def drift(expected: NotebookNode, stored: NotebookNode) -> list[str]:
    """The lines in which a stored notebook differs from the expected one, outputs aside."""
    left, right = (_listing(one) for one in (stored, expected))
    return list(difflib.unified_diff(left, right, "on disk", "expected", lineterm="", n=2))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    teachers = chosen(options.folder / "solutions", options.names)
    if not teachers:
        print(f"error: no notebook in {options.folder / 'solutions'} matches", file=sys.stderr)
        return 2
    failed = 0
    for path in teachers:
        student = options.folder / path.name
        try:
            teacher = nbformat.read(path, as_version=4)
            if options.command == "execute":
                _write(execute(tidy(teacher), path.parent), path)
            elif options.command == "student":
                _write(execute(student_edition(teacher), options.folder), student)
            else:
                stored = nbformat.v4.new_notebook()
                if student.exists():
                    stored = nbformat.read(student, as_version=4)
                failed += _out_of_date(path, drift(tidy(teacher), teacher))
                failed += _out_of_date(student, drift(student_edition(teacher), stored))
        except (CellExecutionError, RuntimeError, ValueError) as error:
            # A cell that fails, markers that do not pair, an exercise that does not exist.
            print(f"error: {path}: {error}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


def _out_of_date(path: Path, differences: list[str]) -> bool:
    """Print how an edition on disk differs from what this module would write."""
    if differences:
        print("\n  ".join([f"{path} is out of date:", *differences[:40]]))
    return bool(differences)


def _filled_card(match: re.Match[str]) -> str:
    return f"<!-- card {match[1]} -->\n{card(match[1])}\n\n"


def _mark_for_nbgrader(notebook: NotebookNode) -> None:
    """Give solution and check cells the metadata that nbgrader's menus would give them."""
    waiting: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        found = _CHECK.search(cell.source)
        if "### BEGIN SOLUTION" in cell.source:
            waiting.append(cell)
        elif found and (waiting or _HIDDEN.search(cell.source)):
            cell.source = _with_hidden_tests(cell.source)
            for number, solution in enumerate(waiting):
                suffix = f"-{number + 1}" if number else ""
                solution.metadata.nbgrader = _grading(f"{found[1]}{suffix}")
            waiting = []
            points = exercise(found[1]).difficulty
            cell.metadata.nbgrader = _grading(f"{found[1]}-check", points)
    if waiting:
        raise ValueError(f"no check follows the solution in this cell:\n{waiting[0].source}")
    names = [c.metadata.nbgrader.grade_id for c in notebook.cells if "nbgrader" in c.metadata]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"each exercise is checked once, but these come twice: {twice}")


def _with_hidden_tests(source: str) -> str:
    """The check cell as nbgrader shall run it: it grades first, then comes what a student sees."""
    visible = _HIDDEN.sub("", source).strip("\n")
    for node in ast.walk(ast.parse(visible)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check":
            call = ast.get_source_segment(visible, node) or ""
            call = call.replace("check", "grade", 1)
            graded = f"from fpl_lib.course.grading.grade import grade\n\n{call}"
            return f"### BEGIN HIDDEN TESTS\n{graded}\n### END HIDDEN TESTS\n{visible}"
    raise ValueError(f"no call of check in the cell:\n{source}")


def _grading(name: str, points: int | None = None) -> NotebookNode:
    """nbgrader's marks of a solution's cell, or of a check's that gives points."""
    check = points is not None
    marks = {"grade": check, "locked": check, "solution": not check, "task": False}
    marks |= {"grade_id": name, "schema_version": 3} | ({"points": points} if check else {})
    return nbformat.from_dict(marks)


def _name_cells(notebook: NotebookNode) -> None:
    """Give every cell an id that follows from its content."""
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            name = cell.metadata.nbgrader.grade_id
        else:
            name = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[name] += 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def _listing(notebook: NotebookNode) -> list[str]:
    lines = [f"metadata {json.dumps(notebook.metadata, sort_keys=True)}"]
    for cell in notebook.cells:
        marks = json.dumps(cell.metadata, sort_keys=True)
        lines.append(f"--- {cell.cell_type} {cell.get('id')} {marks}")
        lines += cell.source.split("\n")
    return lines


def chosen(folder: Path, names: Sequence[str]) -> list[Path]:
    """The notebooks in a folder; with `names`, those whose file name starts with one of them."""
    found = sorted(folder.glob("*.ipynb"))
    return [path for path in found if path.name.startswith(tuple(names) or "")]


def _write(notebook: NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    write_atomically(path, f"{nbformat.writes(notebook)}\n".encode())
    print(f"wrote {path}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fpl_lib.course", description="Make the two editions of the notebooks."
    )
    parser.add_argument(
        "command",
        choices=("execute", "student", "check"),
        help="execute: run the teacher's edition; student: make and run the student's; "
        "check: exit 1 if an edition on disk is out of date",
    )
    parser.add_argument("names", nargs="*", help="only notebooks that start like this, e.g. 01")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "notebooks", help="the notebooks")
    return parser
