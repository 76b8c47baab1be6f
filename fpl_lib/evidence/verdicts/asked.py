"""Verdicts that runs decide: each is one of the protocol's questions.

A word is given when all planned pairs are there and the setting has passed its gate and its
positive control; until then the claim is open, and what is there is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fpl_lib.evidence.names import difference_of
from fpl_lib.evidence.overview import question_commands
from fpl_lib.evidence.planning import seeds_needed
from fpl_lib.evidence.questions import QUESTIONS, Answer, answer
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.findings import (
    BORNE_OUT,
    NO_DIFFERENCE,
    NOT_BORNE_OUT,
    OPEN,
    Finding,
    with_minus,
)

Rule = Callable[[Sequence[Record]], Finding]
COMPARABLE = 1.0  # points of top-1: what we take "comparable" to mean


def word(found: Answer) -> str:
    """The verdict on "the difference is above zero"."""
    if found.obstacles:
        return OPEN
    if found.interval.low > 0:
        return BORNE_OUT
    if found.interval.high < 0:
        return NOT_BORNE_OUT
    return NO_DIFFERENCE if found.interval.within(found.question.margin) else OPEN


def asked(name: str, note: str = "", only: str = "") -> Rule:
    """A rule: the difference of question `name` is above zero; `note` joins the reason.

    only: what it would take to decide a claim of which the question asks one case only. The claim
    then stays open, whatever the answer.
    """

    def rule(records: Sequence[Record]) -> Finding:
        found = finding(answer(QUESTIONS[name], records), note)
        return (
            replace(found, verdict=OPEN, change=only) if only and found.verdict != OPEN else found
        )

    return rule


def finding(found: Answer, note: str = "") -> Finding:
    """A finding from the answer to a question."""
    question = found.question
    verdict = word(found)
    contrast = difference_of(question.loss, question.rival)
    why = [f"{contrast}: {shown(found)}."]
    if found.obstacles:
        why.append(with_minus(f"Open: {'; '.join(found.obstacles)}."))
    numbers = {}
    if found.interval:
        interval = found.interval
        numbers = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
    return Finding(
        verdict, question.scope, f"question {question.name} of data/protocol.md",
        " ".join([*why, note]).strip(), _change(found, verdict), question=question.name, n=found.n,
        level=question.level, unit="points of top-1", margin=question.margin,
        contrast=contrast, **numbers,
    )  # fmt: skip


def shown(found: Answer) -> str:
    """The estimate with its interval, level and number of pairs, in words."""
    if found.interval is None:
        return f"{found.n} of {len(found.question.seeds)} pairs, too few for an interval"
    interval = found.interval
    return with_minus(
        f"{interval.estimate:+.2f} points of top-1 ({100 * interval.level:.4g} % interval "
        f"{interval.low:+.2f} to {interval.high:+.2f}, n = {found.n})"
    )


def comparable(names: Sequence[str]) -> Rule:
    """A rule: FPL is nowhere more than `COMPARABLE` points behind, over several questions."""

    def rule(records: Sequence[Record]) -> Finding:
        answers = [answer(QUESTIONS[name], records) for name in names]
        settled = [found for found in answers if not found.obstacles]
        behind = [found for found in settled if found.interval.high < -COMPARABLE]
        near = [found for found in settled if found.interval.low > -COMPARABLE]
        said = ", ".join(f"{one.question.name} {shown(one)}" for one in settled) or "none"
        why = (
            f"Comparable is taken, by us and not by the protocol, as at most {COMPARABLE:g} point "
            f"behind. Of {len(names)} questions {len(settled)} have all their pairs and passed "
            f"gate and control; FPL is comparable in {len(near)} of these and further behind in "
            f"{len(behind)}: {said}."
        )
        if behind:
            return replace(finding(behind[0]), why=why)
        undecided = ", ".join(one.question.name for one in answers if one not in near)
        return Finding(
            OPEN if len(near) < len(names) else BORNE_OUT, "all questions together",
            "questions of data/protocol.md", why,
            f"narrower intervals or runs: {undecided}" if undecided else "a worse answer",
            question="all of them", part=f"{len(settled)} of {len(names)} questions complete",
        )  # fmt: skip

    return rule


def _change(found: Answer, verdict: str) -> str:
    question = found.question
    if verdict != OPEN:
        return (
            "a repetition with other seeds, or another network and recipe, whose interval says "
            "otherwise"
        )
    if found.n < len(question.seeds) or found.control_n < question.control.pairs:
        commands = " and ".join(f"`{command}`" for command in question_commands(question))
        return f"the other pairs: {commands}"
    if found.obstacles:
        return "a setting that passes its gate and its control"
    many = "more pairs"
    if found.sd > 0:
        many = f"{seeds_needed(question.margin, found.sd, paired=True, level=question.level)} pairs"
    size = f"{question.margin:g} point{'s' * (question.margin != 1)}"
    return f"{many}, enough to find a difference of {size} with 80 % power"
