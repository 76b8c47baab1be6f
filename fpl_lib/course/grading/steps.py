"""Grades whatever a class hands in: nbgrader's steps, where its own stop at one bad submission.

`nbgrader_config.py` of a course made by `fpl_lib.course.grading.classroom` names these steps.
"""

from __future__ import annotations

import re
from logging import LogRecord
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, OverwriteCells
from traitlets import Bool
from traitlets.log import get_logger

# What nbgrader says, in many lines, about a file that `name_the_submission` has named already.
_NOISE = re.compile(
    "NotJSONError|NbGraderException|Skipping unknown notebook|No notebooks found|the above trace"
)


def name_the_submission(*, assignment: str, student: str, notebooks: list[str]) -> None:
    """Log whose notebook comes next, and if it is none or has another name than its assignment.

    This is nbgrader's `pre_convert_hook`; such a file gets no points.
    """
    log = get_logger()
    log.addFilter(_worth_reading)
    for path in map(Path, notebooks):
        folder, who = path.parent, path.parts[-3]
        if path.stem != folder.name:
            words = "%s handed in “%s”, expected “%s.ipynb”: rename it in %s and grade again"
            log.error(words, who, path.name, folder.name, folder)
            continue
        log.warning("Grading %s of %s", folder.name, who)
        try:
            nbformat.read(path, as_version=4)
        except Exception:  # an empty file, half a file, a picture
            log.error("%s handed in a file that is no notebook: ask for it again", who)


def _worth_reading(record: LogRecord) -> bool:
    return not _NOISE.search(record.getMessage())


class RestoreChecks(OverwriteCells):
    """nbgrader's OverwriteCells, which also puts back the checks that a student has deleted.

    A check comes back behind what is left of its exercise, so that a right answer still counts;
    nbgrader's own way fails where the cell before it is gone, too. That each check differs from the
    released one, which lacks its hidden test, is not worth a warning.
    """

    add_missing_cells = Bool(True).tag(config=True)

    def report_change(self, name: str, attr: str, old: Any, new: Any) -> None:
        if attr != "checksum":
            super().report_change(name, attr, old, new)

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
    """nbgrader's Execute for kernels that die or hang.

    If a cell kills the kernel, or ignores the interrupt at the end of its time, that cell and all
    after it count as failed, and what ran before keeps its points; plain nbgrader would grade
    nothing of the notebook.
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
        return super().preprocess_cell(cell, resources, index)


def _error(error: Exception, what: str) -> NotebookNode:
    name = type(error).__name__
    return new_output(
        "error", ename=name, evalue=f"{what}: {error}", traceback=[f"{name}: {what}: {error}"]
    )
