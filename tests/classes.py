"""A class hands in every notebook; what it takes to grade goes to notebooks/JUPYTERHUB.md.

    python tests/classes.py [NN ...]      (or make class)

Of each notebook thirteen submissions are graded by `nbgrader autograde`, two at a time: the
released notebook as it is, and twelve imperfect ones. A student's answers are some of
`tests/answers`, right and wrong ones; some students also leave exercises out, raise, delete checks
or kill their kernel. Each has to get exactly the points of the right answers.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
from nbgrader.api import Gradebook
from test_answers import ANSWERS, FILES, SHARED

from fpl_lib._files import CHECKOUT, write_atomically
from fpl_lib.course.checking import TrainingExercise
from fpl_lib.course.exercises import exercise
from fpl_lib.course.grading import classroom
from fpl_lib.evidence import cpu_name, markdown_table

PAGE = CHECKOUT / "notebooks" / "JUPYTERHUB.md"
MARKERS = ("<!-- measured -->", "<!-- end -->")
STUDENTS = 12
AT_ONCE = 2


def asked(cells: list) -> dict[str, str]:
    """The name that each exercise's check takes, by the exercise, in the notebook's order."""
    sources = "\n".join(cell.source for cell in cells)
    return dict(re.findall(r'^check\("([\w-]+)", ([^\W\d]\w*)\)', sources, flags=re.MULTILINE))


def typed(name: str, wanted: str, place: int) -> str:
    """A cell with an answer to exercise `name`, under the name that its check takes.

    Answers before it in the file may define what it uses.
    """
    *before, code = (text[2:] for text in ANSWERS[name][: place + 1])
    last = ast.parse(code).body[-1]
    if isinstance(last, ast.Expr):
        lines = code.splitlines()
        lines[last.lineno - 1] = f"{wanted} = {lines[last.lineno - 1]}"
        code = "\n".join(lines)
    elif last.name != wanted:
        code += f"\n{wanted} = {last.name}"
    parts = [SHARED.strip(), FILES[name[:2]][0]]
    if isinstance(task := exercise(name), TrainingExercise):
        parts.append(f"KNOWN = {[float(one) for one in task.known()]}")
    parts += [text for text in before if not isinstance(ast.parse(text).body[-1], ast.Expr)]
    return "\n".join([*parts, code])


def submission(release, student: int):
    """What student 0 (nothing done) or 1 to 12 hands in, and the exercises with points."""
    notebook = nbformat.from_dict(release)
    names = asked(notebook.cells)
    if student == 0:
        return notebook, set()
    chosen = {name: (student + place) % len(ANSWERS[name]) for place, name in enumerate(names)}
    sources = {name: typed(name, names[name], place) for name, place in chosen.items()}
    right = {name for name, place in chosen.items() if ANSWERS[name][place][0] == "+"}
    first, *_, last = names
    deleted = set()
    if student == 9:
        sources[first], right = "raise RuntimeError('not yet')", right - {first}
    elif student == 10:
        deleted = {f"{last}-check"}
    elif student == 11:
        sources[last], right = "import os\nos._exit(1)", right - {last}
    elif student == 12:
        sources, right = {first: sources[first]}, right & {first}
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in deleted]
    return notebook, right


def autograde(folder: Path, name: str, student: str) -> tuple[float, int, str]:
    """Grade one submission: seconds of CPU, the kernel's private bytes at most, and errors."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(CHECKOUT)}
    env.pop("PYTHONWARNINGS", None)
    command = [sys.executable, "-W", "ignore", "-m", "nbgrader", "autograde", name]
    private, pid = 0, 0
    with tempfile.TemporaryFile("w+") as log:
        process = psutil.Popen(
            [*command, f"--student={student}"], cwd=folder, env=env, stdout=log, stderr=log
        )
        while not pid:
            time.sleep(0.2)
            with suppress(psutil.NoSuchProcess):
                for child in process.children(recursive=True):
                    now = child.memory_info()
                    private = max(private, now.rss - getattr(now, "shared", 0))
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
        log.seek(0)
        said = log.read() if status else ""
    return used.ru_utime + used.ru_stime, private, said


def grade_notebook(folder: Path, name: str) -> tuple[dict, list[str]]:
    """A row of the table for one assignment, and what went otherwise than it should."""
    release = nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)
    due = {}
    for number in range(STUDENTS + 1):
        notebook, due[f"s{number:02}"] = submission(release, number)
        path = folder / "submitted" / f"s{number:02}" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        graded = dict(zip(due, pool.map(lambda s: autograde(folder, name, s), due), strict=True))
    faults = [f"{name} {student}: {one[2].strip()}" for student, one in graded.items() if one[2]]
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "fpl") as gradebook:
        for student, right in due.items():
            (notebook,) = gradebook.find_submission(name, student).notebooks
            points = {g.name.removesuffix("-check"): g.score for g in notebook.grades}
            wanted = {task: exercise(task).difficulty * (task in right) for task in points}
            faults += [f"{name} {student}: {task} {points[task]:g} points, {wanted[task]} due"
                       for task in points if points[task] != wanted[task]]  # fmt: skip
    cpu, peak, _ = zip(*graded.values(), strict=True)
    row = {
        "notebook": re.sub("_", " ", name),
        "as released, s of CPU": f"{cpu[0]:.0f}",
        "a submission, s of CPU": f"{sum(cpu) / len(cpu):.0f}",
        "kernel's own memory, MB": f"{peak[0] / 1e6:.0f}",
        "with answers, at most": f"{max(peak) / 1e6:.0f}",
        "graded as due": f"{len(due) - len({f.split(':')[0] for f in faults})} of {len(due)}",
    }
    return row, faults


def with_row(page: str, row: dict) -> str:
    """The page with this notebook's row in its table, in place of an earlier one."""
    before, rest = page.split(MARKERS[0])
    table, after = rest.split(MARKERS[1])
    lines = [line for line in table.splitlines() if line.startswith("|")]
    known = [re.split(r" *\| *", line.strip("| ")) for line in lines]
    rows = {cells[0]: cells for cells in known if cells[0][:1].isdigit()}
    rows |= {row["notebook"]: list(row.values())}
    lines = markdown_table(list(row), [rows[name] for name in sorted(rows)])
    text = ["", "", *lines, "", f"Measured on: {cpu_name()}.", "", ""]
    return before + MARKERS[0] + "\n".join(text) + MARKERS[1] + after


def main(chosen: list[str]) -> int:
    """Grade the chosen notebooks, or all; those graded as due get their rows in the page."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="class-") as scratch:
        if status := classroom.main([scratch, *chosen]):
            return status
        names = (path.name for path in Path(scratch, "release").iterdir() if path.is_dir())
        for name in sorted(names):
            row, wrong = grade_notebook(Path(scratch), name)
            print(*row.values(), *wrong, sep="\n  ", flush=True)
            failed |= bool(wrong)
            if not wrong:
                page = with_row(PAGE.read_text(encoding="utf-8"), row)
                write_atomically(PAGE, page.encode())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
