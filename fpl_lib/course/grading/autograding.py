"""nbgrader's steps for a real class: whatever is handed in is graded, and stops nobody else's.

`nbgrader_config.py` of a course made by `fpl_lib.course.grading.classroom` names these steps.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, OverwriteCells
from nbgrader.utils import is_grade
from traitlets import Bool

_GRADERS_ONLY = {"exercise", "exercises", "judge", "grading"}
# What notebooks themselves import from there, to work with: it holds no solution.
_GIVEN = ("fpl_lib.course.checking.spread.", "fpl_lib.course.exercises.nb10.best.luck.")


class RestoreChecks(OverwriteCells):
    """nbgrader's OverwriteCells, which also puts back the checks that a student has deleted.

    A check comes back behind what is left of its exercise, so that a right answer still counts;
    nbgrader's own way fails where the cell before it is gone, too.
    """

    add_missing_cells = Bool(True).tag(config=True)

    def add_missing_grade_cells(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        released = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        sources = {cell.name: cell for cell in released.source_cells}
        for check in released.grade_cells:
            names = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in nb.cells]
            if check.name in names:
                continue
            own = re.compile(re.escape(check.name.removesuffix("-check")) + r"(-\d+)?")
            places = [place for place, name in enumerate(names) if own.fullmatch(name)]
            place = places[-1] + 1 if places else len(nb.cells)
            self.log.warning("The check %s is missing and was put back", check.name)
            cell = self.missing_cell_transform(sources[check.name], check.max_score)
            nb.cells.insert(place, cell)
        return nb, resources


class RunToTheEnd(Execute):
    """nbgrader's Execute for kernels that die or hang, and for answers that are not one's own.

    If a cell kills the kernel, or ignores the interrupt at the end of its time, that cell and all
    after it count as failed, and what ran before keeps its points; plain nbgrader would grade
    nothing of the notebook. A cell that reaches for the exercises' solutions is not run.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, km: Any = None
    ) -> tuple[NotebookNode, dict[str, Any]]:
        self._reached = 0
        try:
            return super().preprocess(nb, resources, km)
        except (CellTimeoutError, DeadKernelError) as error:
            self.log.error("The run ended at cell %i: %s", self._reached, error)
            for cell in nb.cells[self._reached :]:
                if cell.cell_type == "code":
                    cell.outputs = [*cell.outputs, _error(error, "the kernel hung or died")]
            return nb, self.resources

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        self._reached = index
        if cell.cell_type == "code" and not is_grade(cell) and reaches_for_solutions(cell.source):
            self.log.warning("Cell %i reaches for the solutions and was not run", index)
            refusal = PermissionError("this cell reaches for the exercises' own solutions")
            cell.outputs = [_error(refusal, "not run")]
            return cell, resources
        return super().preprocess_cell(cell, resources, index)


def reaches_for_solutions(source: str) -> bool:
    """Whether a cell imports, or reads, what holds the exercises' solutions.

    It looks at imports, attributes and strings, not at comments. A text copied by hand leaves no
    trace, and whoever wants to hide an import can.

    >>> reaches_for_solutions("from fpl_lib.course.exercises import exercise")
    True
    >>> reaches_for_solutions("from fpl_lib.course.calls import check  # for the exercises")
    False
    """
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return False  # nor will it run
    return any(map(_is_borrowed, ast.walk(tree)))


def _is_borrowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        return "fpl_lib.course.exercises" in text or bool(re.search(r"solutions[/\\]", text))
    if isinstance(node, ast.Attribute):
        return node.attr in _GRADERS_ONLY
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return False
    parts = (name.split(".") for name in names if not f"{name}.".startswith(_GIVEN))
    return any(part[0] == "fpl_lib" and _GRADERS_ONLY & {*part} for part in parts)


def _error(error: Exception, what: str) -> NotebookNode:
    name = type(error).__name__
    return new_output(
        "error", ename=name, evalue=f"{what}: {error}", traceback=[f"{name}: {what}: {error}"]
    )
