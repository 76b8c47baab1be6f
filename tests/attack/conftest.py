"""What every attack counts, and the page that `make attack` (pytest tests/attack --long) makes."""

from __future__ import annotations

import platform
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "ATTACK.md"
INTRODUCTION = """# The standing attack

Written by `make attack`; `make test` does the same with fewer tries. Whatever is tried ends in one
of three ways. It **survives**: the right result, bit for bit where nothing else is said. It is
**refused clearly**: by the error class of its kind, whose message names the culprit, or by exit
status 2 in one message without a traceback. Or it is **wrong**: accepted with another result,
refused by a foreign exception, lost, or left as litter. Every choice is seeded.
"""


class Tally:
    """How the tries of an attack ended; `wrong` says of each what was wrong with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.survived, self.refused, self.wrong = 0, 0, []

    @property
    def tried(self) -> int:
        return self.survived + self.refused + len(self.wrong)

    @contextmanager
    def attempt(self, what: object, refusal: tuple | type = (), words: str = ""):
        """A try, whose body asserts what survival means; `refusal`, saying `words`, is clear."""
        try:
            yield
        except refusal as error:
            if words in str(error):
                self.refused += 1
            else:
                self.wrong.append(f"{what}: refused without {words!r}: {error}")
        except (Exception, SystemExit) as error:
            self.wrong.append(f"{what}: {type(error).__name__}: {error}")
        else:
            self.survived += 1


@pytest.fixture
def long(request) -> bool:
    return request.config.getoption("--long", False)


@pytest.fixture
def tally(request, record_property):
    tally = Tally(request.function.__doc__.splitlines()[0].rstrip("."))
    yield tally
    counts = tally.tried, tally.survived, tally.refused, len(tally.wrong)
    record_property("tally", (request.module.__doc__.splitlines()[0], tally.name, *counts))
    assert tally.tried
    assert not tally.wrong, "\n".join(tally.wrong[:20])


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the whole attack, and its page")


counted: dict[tuple[str, str], list[int]] = {}


def pytest_runtest_logreport(report):
    for name, value in report.user_properties if report.when == "teardown" else ():
        if name == "tally":
            chapter, attack, *counts = value
            before = counted.get((chapter, attack), [0] * 4)
            counted[chapter, attack] = [a + b for a, b in zip(before, counts, strict=True)]


def pytest_sessionfinish(session):
    """Write the page, in the process that has heard of every test; a selection writes none."""
    chapters = [*Path(__file__).parent.glob("test_*.py")]
    whole = len({chapter for chapter, _ in counted}) == len(chapters)
    whole &= session.config.getoption("--long", False) and not session.config.option.keyword
    if whole and not hasattr(session.config, "workerinput"):
        import torch

        lines = [INTRODUCTION, "| attack | tried | survived | refused clearly | wrong |"]
        lines += ["|---|---|---|---|---|"]
        for chapter in sorted({chapter for chapter, _ in counted}):
            rows = sorted((attack, n) for (part, attack), n in counted.items() if part == chapter)
            total = [sum(column) for column in zip(*(n for _, n in rows), strict=True)]
            lines.append(" | ".join([f"| **{chapter}**", *(f"**{n:,}**" for n in total)]) + " |")
            lines += [" | ".join([f"| {attack}", *(f"{n:,}" for n in each)]) + " |"
                      for attack, each in rows]  # fmt: skip
        python, system = platform.python_version(), sys.platform
        lines.append(f"\nRun with Python {python} and torch {torch.__version__} on {system}.\n")
        PAGE.write_text("\n".join(lines), encoding="utf-8")
