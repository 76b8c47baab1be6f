"""The sections of a notebook's `exercises.md` and `quizzes.md`, each line with its place.

A teacher edits these files, so whatever is refused in them is named by file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Section:
    """What stands below `## NN-its-id · title`: its lines that are not empty, each with its place.

    A place is `file:line`. The title may be missing.
    """

    place: str
    id: str
    title: str
    lines: list[tuple[str, str]]


def sections(path: Path) -> Iterator[Section]:
    """The sections of `nbNN/….md`, in the file's order.

    Raises ValueError with file and line for an id that comes twice or is not of the folder's.
    """
    text = path.read_text(encoding="utf-8").splitlines()
    lines = [(f"{path}:{number}", line.rstrip()) for number, line in enumerate(text, start=1)]
    starts = [i for i, (_, line) in enumerate(lines) if line.startswith("## ")]
    number, seen = path.parent.name[2:], set()
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        place, heading = lines[start]
        name, _, title = (part.strip() for part in heading[3:].partition(" · "))
        if name in seen or not (_ID.fullmatch(name) and name.startswith(f"{number}-")):
            raise ValueError(
                f"{place}: expected a new id of small letters and digits that starts with "
                f"'{number}-', as its folder says; got {name!r}"
            )
        seen.add(name)
        yield Section(place, name, title, [one for one in lines[start + 1 : end] if one[1]])
