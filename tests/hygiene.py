"""What a stored notebook must be, each rule as a function that returns the breaches it finds.

The rules are functions rather than tests so that `test_hygiene.py` can show that each of them finds
what it looks for; `test_notebooks.py` applies them to every notebook there is.
"""

from __future__ import annotations

import ast
import base64
import html
import re
import struct
from pathlib import Path

from nbformat import NotebookNode

from fpl_lib.course.calls import card
from fpl_lib.course.editions import STUB
from fpl_lib.course.exercises import all_exercises, all_quizzes
from fpl_lib.plots.style import MAX_BYTES, MAX_WIDTH, MIN_ALT

MAX_SIZE = 1_000_000
MAX_LINES = 40
MAX_READ = 15
"""Lines of a cell that a student reads; a longer one is folded."""
MAX_PRINTED = 112
"""Characters of a printed line, so that JupyterLab does not break it inside a word."""
MAX_IMPORTS = 3
"""Import lines of ours in a notebook."""
SHOWS = r"plots\.show(_table|_gallery|_ledger)?\("
FOLDS = "▸ "
"""What begins the line of Markdown that says what the folded cell below it does."""
DEEPER = " · deeper"
CORE = {
    "02": range(1, 6), "03": (), "04": range(1, 5), "05": (), "06": (1, 2, 3, 4, 5, 7), "07": (),
    "08": (), "09": (1, 2, 3, 6),
}  # fmt: skip
"""Notebook -> its core sections; where none are named, a number makes no section deeper."""

LEAKS = {
    "an absolute path": r"(?<![\w.:/<])/(home|Users|root|tmp|work|usr|var|opt|mnt|private)/\w|"
    r"\b[A-Z]:\\\w",
    "an object's address": r"\bat 0x[0-9a-f]{4,}",
    "a clock": r"\b\d{1,2}:\d{2}:\d{2}\b",
    "a progress bar": r"\d+%\|| [\d.]+(it/s|s/it)\b",
    "a warning": r"\b\w*Warning\b:",
    "an unrounded number": r"(?<![\w.])-?\d*\.\d{9,}",
}
BARE_REPR = r"[\[(]*<\w[\w.]* |Text\(|Ellipsis\Z|[A-Z]\w+\((children|value|layout|description)="
FRAME = ("Question", "Objectives", "Prerequisites", "Time")
SECTIONS = ("Summary", "Read next")
FORBIDDEN_TAGS = {"nbval-skip", "raises-exception", "nbval-raises-exception"}


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def calls(notebook: NotebookNode, name: str) -> list[str]:
    """The ids with which a function such as `check` is called at the start of a line."""
    pattern = re.compile(rf"""^\s*{name}\(\s*["']([^"']*)["']""", re.MULTILINE)
    return [found for cell in code_cells(notebook) for found in pattern.findall(cell.source)]


def run_in_order(notebook: NotebookNode, path: Path) -> list[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"execution counts are {counts}"]


def clean_outputs(notebook: NotebookNode, path: Path) -> list[str]:
    found = []
    for output in outputs(notebook):
        if output.output_type == "error":
            found.append(f"an error: {output.ename}")
        if output.output_type == "stream" and output.name == "stderr":
            found.append(f"stderr: {output.text[:60]!r}")
        data = output.get("data", {})
        texts = [output.get("text", ""), *(v for k, v in data.items() if k.startswith("text/"))]
        for text in texts:
            found += [f"{what}: {text[:80]!r}" for what, p in LEAKS.items() if re.search(p, text)]
        if re.match(BARE_REPR, data.get("text/plain", "")):
            found.append(f"a bare repr: {data['text/plain'][:80]!r}")
    return found


def figures_speak(notebook: NotebookNode, path: Path) -> list[str]:
    """Every picture is a small PNG with an alternative text of its own, and HTML that shows it."""
    found, alts = [], []
    for output in outputs(notebook):
        data = output.get("data", {})
        found += [
            f"a picture that is no PNG: {kind}" for kind in data if re.match("image/(?!png)", kind)
        ]
        if "image/png" not in data:
            continue
        png = base64.b64decode(data["image/png"])
        alt = output.metadata.get("image/png", {}).get("alt", "")
        alts.append(alt)
        (width,) = struct.unpack(">I", png[16:20])
        if len(alt) < MIN_ALT:
            found.append(f"a figure with alternative text {alt!r}")
        if not data.get("text/html", "").startswith(f'<img alt="{html.escape(alt)}" src="data:'):
            found.append(f"a figure without its words in HTML: {alt[:40]!r}")
        if width > MAX_WIDTH or len(png) > MAX_BYTES:
            found.append(f"a figure {width} pixels wide with {len(png):,} bytes: {alt[:40]!r}")
    return found + [f"the same alternative text twice: {a!r}" for a in {*alts} if alts.count(a) > 1]


def no_machine_in_it(notebook: NotebookNode, path: Path) -> list[str]:
    """Nothing of the machine that ran it, and no widget that cannot live in a stored file."""
    found = []
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3" or set(notebook.metadata) != {"kernelspec", "language_info"}:
        found.append(f"metadata {sorted(notebook.metadata)}, kernel {kernel!r}")
    if set(notebook.metadata.get("language_info", {})) - {"name", "file_extension"}:
        found.append("a Python version in language_info")
    for cell in notebook.cells:
        found += [f"execution times in cell {cell.id}"] * ("execution" in cell.metadata)
        if leak := re.search(LEAKS["an absolute path"], cell.source):
            found.append(f"an absolute path in a source: {leak[0]!r}")
    kinds = {kind for output in outputs(notebook) for kind in output.get("data", {})}
    return found + [f"a stored widget: {kind}" for kind in kinds if "widget" in kind]


def framed(notebook: NotebookNode, path: Path) -> list[str]:
    """Question, objectives, prerequisites, minutes; a prediction; summary and what to read next."""
    first, text = notebook.cells[0].source, prose(notebook)
    found = []
    if not re.match(rf"# {path.name[:2]} · \S.*\?\s*$", first.split("\n")[0]):
        found.append(f"the title is not '# {path.name[:2]} · a question?': {first[:60]!r}")
    found += [
        f"no **{w}.** at first" for w in FRAME if not re.search(rf"^\*\*{w}\.?\*\*", first, re.M)
    ]
    if not re.search(r"^\*\*Time\.?\*\*.*\b\d+ minutes", first, re.M):
        found.append("no number of minutes after **Time.**")
    if "GLOSSARY.md)" not in first:
        found.append("no link to the glossary")
    found += [f"no section {s!r}" for s in SECTIONS if not re.search(rf"^## {s}\s*$", text, re.M)]
    return found + ["nothing to predict"] * (not calls(notebook, "predict"))


def exercises_are_known(notebook: NotebookNode, path: Path) -> list[str]:
    """Its exercises and quizzes are exactly those of its own folder, cards included."""
    number, found = path.name[:2], []
    tasks = [task.id for task in all_exercises() if task.id.startswith(number)]
    quizzes = [quiz.id for quiz in all_quizzes() if quiz.id.startswith(number)]
    if set(calls(notebook, "check")) != set(tasks):
        found.append(f"checks {sorted(set(calls(notebook, 'check')))}, exercises {sorted(tasks)}")
    if sorted(calls(notebook, "predict")) != sorted(quizzes):
        found.append(f"predicts {calls(notebook, 'predict')}, quizzes {quizzes}")
    if len(tasks) < 3:
        found.append(f"{len(tasks)} exercises, at least three are wanted")
    for name in tasks:
        if prose(notebook).count(f"<!-- card {name} -->\n{card(name)}\n") != 1:
            found.append(f"not exactly one card of {name} as it is now")
    return found


def ignored_outputs_have_ranges(notebook: NotebookNode, path: Path) -> list[str]:
    """An output may go unchecked only where an assertion nearby bounds the number."""
    found, cells = [], code_cells(notebook)
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        tags = set(cell.metadata.get("tags", []))
        found += [f"tag {tag}" for tag in tags & FORBIDDEN_TAGS]
        if re.search(r"#\s*(NBVAL_|PYTEST_VALIDATE)", cell.source):
            found.append("an nbval comment: use the tag nbval-ignore-output")
        if "nbval-ignore-output" in tags and not any(map(_bounds, filter(None, (cell, following)))):
            found.append(f"nbval-ignore-output without a range test: {cell.source[:60]!r}")
    return found


def _bounds(cell: NotebookNode) -> bool:
    order = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    return any(
        isinstance(node, ast.Assert)
        and any(isinstance(op, order) for c in ast.walk(node) for op in getattr(c, "ops", []))
        for node in ast.walk(ast.parse(cell.source))
    )


def readable_cells(notebook: NotebookNode, path: Path) -> list[str]:
    """Short cells, no shell or magic, links that lead somewhere."""
    found = []
    for cell in code_cells(notebook):
        lines = cell.source.count("\n") + 1
        found += [f"a cell of {lines} lines: {cell.source[:40]!r}"] * (lines > MAX_LINES)
        found += [f"a magic: {m}" for m in re.findall(r"^\s*[%!].*", cell.source, re.M)]
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)", prose(notebook)):
        if not (path.parent / target.split("#")[0]).exists():
            found.append(f"a link to nowhere: {target}")
    return found


def is_folded(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def is_exercise(cell: NotebookNode) -> bool:
    return "nbgrader" in cell.metadata


def code_that_teaches(notebook: NotebookNode, path: Path) -> list[str]:
    """What only draws is folded, below a line that says so; what is read is short and plain."""
    found, ours, said = [], 0, ""
    for cell in notebook.cells:
        start = cell.source[:40]
        if cell.cell_type == "markdown":
            said = cell.source
            continue
        if "noqa" in cell.source or "fmt: skip" in cell.source:
            found.append(f"a comment for ruff: {start!r}")
        if not is_exercise(cell):  # a check's hidden part imports what students never see
            ours += len(re.findall(r"^(?:from|import) fpl_lib", cell.source, re.M))
        if is_folded(cell):
            if FOLDS not in said:
                found.append(f"nothing says what this folded cell does: {start!r}")
        elif not is_exercise(cell):
            lines = cell.source.count("\n") + 1
            found += [f"{lines} lines to read: {start!r}"] * (lines > MAX_READ)
            if re.search(SHOWS, cell.source):
                found.append(f"not folded: {start!r}")
    found += [f"{ours} import lines of ours"] * (ours > MAX_IMPORTS)
    for output in outputs(notebook):
        for line in output.get("text", "").split("\n"):
            found += [f"a line of {len(line)}: {line[:40]!r}"] * (len(line) > MAX_PRINTED)
    return found


def says_what_is_deeper(notebook: NotebookNode, path: Path) -> list[str]:
    """Sections beyond the core are marked, and the head says how long core and whole take."""
    minutes = r"^\*\*Time\.\*\* about (\d+) minutes, (\d+|none|all) of them core\b"
    core, time = CORE.get(path.name[:2]), re.search(minutes, notebook.cells[0].source, re.M)
    if not time:
        return ["no '**Time.** about N minutes, M of them core'"]
    found = []
    if time[2].isdigit() and int(time[2]) > int(time[1]):
        found.append(f"{time[2]} core minutes of {time[1]}")
    for number, title in re.findall(r"^## (\d+) · (.*)$", prose(notebook), re.M):
        if core is not None and title.endswith(DEEPER) == (int(number) in core):
            found.append(f"core sections are {[*core]}, but: {number} · {title}")
    return found


def small(notebook: NotebookNode, path: Path) -> list[str]:
    size = path.stat().st_size
    return [f"{size:,} bytes"] if size >= MAX_SIZE else []


def statuses(notebook: NotebookNode) -> list[str]:
    """The marks that the grade cells of a notebook printed."""
    cells = [c for c in code_cells(notebook) if c.metadata.get("nbgrader", {}).get("grade")]
    texts = [o.get("data", {}).get("text/plain", "") for c in cells for o in c.outputs]
    return [text[0] for text in texts if text[:1] in tuple("○✓✗")]


def student_keeps_no_answers(notebook: NotebookNode, path: Path) -> list[str]:
    """A stub for every solution, no marker left, and every exercise waiting to be attempted."""
    if path.parent.name == "solutions":
        marks = set(statuses(notebook))
        return [] if marks <= {"✓"} else [f"the teacher's answers got {marks}"]
    source = "\n".join(cell.source for cell in notebook.cells)
    left = re.findall(r"### (?:BEGIN|END) \w+|fpl_lib\.course\.grading", source)
    found = [f"{mark} is left" for mark in left]
    solutions = [c for c in code_cells(notebook) if c.metadata.get("nbgrader", {}).get("solution")]
    found += [
        f"no stub in {c.metadata.nbgrader.grade_id}" for c in solutions if STUB not in c.source
    ]
    marks = set(statuses(notebook))
    return found + ([] if marks <= {"○"} else [f"untouched exercises got {marks}"])


RULES = (
    run_in_order,
    clean_outputs,
    figures_speak,
    no_machine_in_it,
    framed,
    exercises_are_known,
    ignored_outputs_have_ranges,
    readable_cells,
    code_that_teaches,
    says_what_is_deeper,
    small,
    student_keeps_no_answers,
)
