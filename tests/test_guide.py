"""notebooks/README.md keeps its word: its commands, links, exercises and what it says one reads."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import shlex

import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp
from repository import ROOT, text

from fpl_lib.course.exercises import all_exercises, all_quizzes

pytestmark = pytest.mark.slow

GUIDE = text("notebooks/README.md")
TEACHERS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", GUIDE, flags=re.S))
BLOCKS = "\n".join(re.findall(r"^```\w*\n(.*?)^```", GUIDE, re.M | re.S)).split("\n")
COMMANDS = sorted(
    {part for part in (*INLINE, *BLOCKS) if re.match(r"(make|nbgrader|python -m) \S", part)}
)
OURS = [command for command in COMMANDS if command.startswith("python -m fpl_lib")]


def named(program: str) -> set[str]:
    """The first word after the program in the guide's commands."""
    starts = (c.split()[1:] for c in COMMANDS if c.split()[0] == program)
    return {next(word for word in words if "=" not in word) for words in starts}


def test_the_guide_names_commands_of_every_kind():
    assert {"lab", "test", "course", "student", "book"} <= named("make")
    assert {"autograde", "generate_feedback", "export"} <= named("nbgrader")
    assert len(OURS) >= 4


def test_every_make_target_exists():
    targets = set(re.findall(r"^([\w-]+):", text("Makefile"), re.M))
    assert named("make") <= targets
    assert "COURSE ?= ../fpl-course" in text("Makefile")


def test_every_nbgrader_command_exists():
    assert named("nbgrader") <= set(NbGraderApp.subcommands)


@pytest.mark.parametrize("command", OURS)
def test_every_command_of_the_kit_exists_with_its_options(command, capsys):
    _, _, module, *arguments = shlex.split(command)
    package = f"{module}.__main__" if module in ("fpl_lib", "fpl_lib.course") else module
    subcommand = arguments[:1] if module == "fpl_lib" else []
    with contextlib.suppress(SystemExit):
        importlib.import_module(package).main([*subcommand, "--help"])
    said = capsys.readouterr().out
    assert "usage:" in said
    for word in arguments:
        if word.startswith("--") or module == "fpl_lib.course" and word.isalpha():
            assert word in said, word


def test_the_commands_of_pytest_select_something():
    assert "python -m pytest tests/test_exercises.py -k 01" in COMMANDS
    assert (ROOT / "tests" / "test_exercises.py").exists()
    assert any(task.id.startswith("01") for task in all_exercises())


def test_every_exercise_and_mistake_named_is_there():
    tasks = {task.id: {mistake.name for mistake in task.mistakes} for task in all_exercises()}
    there = {path.name[:2] for path in TEACHERS}
    ids = {word for word in INLINE if re.fullmatch(r"\d\d-[a-z0-9-]+", word) and word[:2] in there}
    assert len(ids) > 20
    assert sorted(ids - tasks.keys() - {quiz.id for quiz in all_quizzes()} - {"01-softmax"}) == []
    mistakes = re.findall(r"`(\d\d-[a-z0-9-]+)`:\s+([^);]+)\)", GUIDE)
    assert len(mistakes) > 20
    for name, mistake in mistakes:
        assert name[:2] not in there or " ".join(mistake.split()) in tasks[name], (name, mistake)


@pytest.mark.parametrize("path", TEACHERS, ids=lambda path: path.stem)
def test_every_notebook_has_its_part(path):
    first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
    title = first.split("\n")[0].removeprefix("# ")
    part = re.search(rf"^### {re.escape(title)}\n(.+?)^##", GUIDE, re.M | re.S)
    assert part, title
    assert all(word in part[1] for word in ("*On the screen:*", "*Confusions:*", "*Discuss:*"))


def test_links_and_anchors_lead_somewhere():
    links = re.findall(r"\]\(([^)\s]+)\)", GUIDE)
    local = [link for link in links if "://" not in link and not link.startswith("#")]
    assert local and [link for link in local if not (ROOT / "notebooks" / link).exists()] == []
    headings = re.findall(r"^##+ (.+)", GUIDE, re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors


def test_the_sessions_add_up_to_ninety_minutes():
    spans = [tuple(map(int, span)) for span in re.findall(r"\| (\d+)–(\d+) \|", GUIDE)]
    starts = [start for start, _ in spans]
    assert starts.count(0) == 5, "one session, then four"
    for (_, end), (start, _) in zip(spans, [*spans[1:], (0, 0)], strict=True):
        assert start == end or (end, start) == (90, 0)


def test_the_points_shown_are_the_courses():
    shown = dict(re.findall(r"^(\d\d_\w+) +(\d+) points$", GUIDE, re.M))
    assert shown
    for name, points in shown.items():
        tasks = [task for task in all_exercises() if task.id[:2] == name[:2]]
        assert int(points) == sum(task.difficulty for task in tasks), name


def test_the_log_lines_explained_are_those_that_grading_prints():
    """To the letter, what comes after a colon aside."""
    said = re.findall(r'"([^"]*%[si][^"]*)"', text("fpl_lib/course/grading/steps.py"))
    explained = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.M)
    assert len(said) == 5
    for words in said:
        parts = (re.escape(part) for part in (words, words.partition(": ")[0]))
        patterns = [re.sub("%[si]", ".+", part) for part in parts]
        assert any(re.fullmatch(one, line) for one in patterns for line in explained), words
