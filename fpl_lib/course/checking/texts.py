"""What a teacher edits of an exercise: read from `exercises.md` and joined with the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fpl_lib.course.checking.kinds import Exercise
from fpl_lib.course.checking.markdown import Section, sections

_HEAD = re.compile(r"difficulty ([123]), ([1-9]\d*) minutes?")
_TEXT = ("text", re.compile(r"((?!\d+\. )[^#\s-].*)"))
# What a line below each heading is. In lists an indented line goes on with the item above it.
_LINES = {
    "Mistakes": (
        "- **name**: a message of 20 letters or more",
        re.compile(r"- \*\*(.+?)\*\*: (.{20,})"),
    ),
    "Hints": ("1. hint", re.compile(r"\d+\. (.+)")),
    "Forbidden": _TEXT,
    "": _TEXT,
}


@dataclass(frozen=True)
class Text:
    """An exercise's text: the fields that it fills as they are, and what is joined with the code.

    `messages` has for each mistake's name the place and the message.
    """

    place: str
    fields: Mapping[str, Any]
    messages: Mapping[str, tuple[str, str]]
    forbidden: str


def with_texts(exercises: Iterable[Exercise], path: Path) -> dict[str, Exercise]:
    """The exercises of a folder by id, each with its text from `path`, the folder's `exercises.md`.

    Raises ValueError, with file and line, for a text that is none (see `read_texts`) and wherever
    the code and the text differ: an exercise or a mistake that only one of the two has.
    """
    texts, joined = read_texts(path), {}
    for exercise in exercises:
        if exercise.id in joined or exercise.id not in texts:
            raise ValueError(
                f"{path}:1: expected different ids, each with a section `## id · title` here; "
                f"got {exercise.id!r}"
            )
        joined[exercise.id] = _join(exercise, texts[exercise.id])
    if unknown := texts.keys() - joined.keys():
        name = min(unknown)
        raise ValueError(f"{texts[name].place}: no module defines an exercise {name!r}")
    return joined


def read_texts(path: Path) -> dict[str, Text]:
    """The texts of `nbNN/exercises.md` by id, in the file's order.

    Below `## NN-its-id · title` stand `difficulty 2, 8 minutes`, the takeaway if there is one, then
    `### Mistakes`, at least three as `- **name**: message`, and `### Hints`, at least two in a
    numbered list; `### Forbidden`, if there is one, says what to do without the forbidden names.
    Raises ValueError with file and line for anything else.
    """
    return {section.id: _text(section) for section in sections(path)}


def _text(section: Section) -> Text:
    (place, head), *lines = section.lines or [(section.place, "")]
    found = _HEAD.fullmatch(head)
    if not (section.title and found):
        raise ValueError(
            f"{place}: expected `## {section.id} · title` and below it `difficulty 2, 8 minutes`, "
            f"the difficulty from 1 to 3; got {head!r}"
        )
    parts = _parts(lines)
    hints = tuple(text for _, (text,) in parts["Hints"])
    messages = {name: (place, text) for place, (name, text) in parts["Mistakes"]}
    for what, least, all_of_them, different in (
        ("hints", 2, hints, set(hints)),
        ("mistakes", 3, parts["Mistakes"], {text for _, text in messages.values()}),
    ):
        if not least <= len(all_of_them) == len(different):
            raise ValueError(
                f"{section.place}: expected at least {least} different {what}, got "
                f"{len(all_of_them)}, {len(different)} of them different"
            )
    takeaway, forbidden = (" ".join(t for _, (t,) in parts[part]) for part in ("", "Forbidden"))
    fields = {"title": section.title, "difficulty": int(found[1]), "minutes": int(found[2])}
    fields |= {"takeaway": takeaway, "hints": hints}
    return Text(section.place, fields, messages, forbidden)


def _parts(lines: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """The items below each heading, each with its place; what stands above the first, below ''."""
    items: dict[str, list[tuple[str, str]]] = {part: [] for part in _LINES}
    part = ""
    for place, line in lines:
        if line.startswith("### "):
            part = line[4:]
            if part not in _LINES:
                raise ValueError(f"{place}: expected one of {[*_LINES][:3]}, got {part!r}")
        elif line.startswith("  ") and items[part]:
            first, text = items[part][-1]
            items[part][-1] = first, f"{text} {line.strip()}"
        else:
            items[part].append((place, line))
    found = {part: [] for part in items}
    for part, rows in items.items():
        wanted, pattern = _LINES[part]
        for place, line in rows:
            if not (match := pattern.fullmatch(line)):
                raise ValueError(f"{place}: expected `{wanted}` here, got {line!r}")
            found[part].append((place, match.groups()))
    return found


def _join(exercise: Exercise, text: Text) -> Exercise:
    names = [mistake.name for mistake in exercise.mistakes]
    if missing := [name for name in names if name not in text.messages]:
        raise ValueError(f"{text.place}: the mistake {missing[0]!r} has no message")
    for name, (place, _) in text.messages.items():
        if name not in names:
            raise ValueError(f"{place}: {exercise.id} has no mistake {name!r}")
    fields = {
        **text.fields,
        "mistakes": tuple(replace(m, message=text.messages[m.name][1]) for m in exercise.mistakes),
    }
    forbidden = getattr(exercise, "forbidden", ())
    if bool(forbidden) != bool(text.forbidden):
        raise ValueError(
            f"{text.place}: expected the text `### Forbidden` just where the exercise forbids "
            f"names; got {text.forbidden!r} and {tuple(forbidden)}"
        )
    if forbidden:
        fields["forbidden"] = dict.fromkeys(forbidden, text.forbidden)
    return replace(exercise, **fields)
