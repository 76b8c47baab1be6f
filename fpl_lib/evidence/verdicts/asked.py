"""Verdicts that runs decide: each is one of the protocol's questions, with a sign.

A word is given when all planned pairs are there and the setting has passed its gate and its
positive control; until then the claim is open, and what is there is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fpl_lib.evidence.questions import QUESTIONS, Answer, answer
from fpl_lib.evidence.records import Record, name_of
from fpl_lib.evidence.verdicts.findings import (
    BORNE_OUT,
    NO_DIFFERENCE,
    NOT_BORNE_OUT,
    OPEN,
    Finding,
)

Rule = Callable[[Sequence[Record]], Finding]
COMPARABLE = 1.0  # points of top-1: what we take "comparable" to mean


def word(found: Answer, sign: int = 1) -> str:
    """The verdict on "the difference has this sign", +1 or -1."""
    if found.obstacles:
        return OPEN
    low, high = sorted((sign * found.interval.low, sign * found.interval.high))
    if low > 0:
        return BORNE_OUT
    if high < 0:
        return NOT_BORNE_OUT
    return NO_DIFFERENCE if found.within_margin else OPEN


def asked(name: str, sign: int = 1, note: str = "") -> Rule:
    """A rule: the difference of question `name` has the given sign; `note` joins the reason."""

    def rule(records: Sequence[Record]) -> Finding:
        return finding(answer(QUESTIONS[name], records), sign, note)

    return rule


def finding(found: Answer, sign: int = 1, note: str = "") -> Finding:
    """A finding from the answer to a question."""
    question = found.question
    verdict = word(found, sign)
    why = [f"{name_of(question.loss)} − {name_of(question.rival)}: {shown(found)}."]
    if found.obstacles:
        why.append(f"Open: {'; '.join(found.obstacles)}.")
    elif verdict in (BORNE_OUT, NOT_BORNE_OUT) and found.within_margin:
        why.append(f"The whole interval also lies within ± {question.margin:g} points.")
    numbers = {}
    if found.interval:
        interval = found.interval
        numbers = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
    return Finding(
        verdict, question.scope, f"question {question.name} of data/protocol.md",
        " ".join([*why, note]).strip(), _change(found, verdict), question=question.name, n=found.n,
        level=question.level, unit="points of top-1", margin=question.margin,
        contrast=f"{name_of(question.loss)} − {name_of(question.rival)}", **numbers,
    )  # fmt: skip


def shown(found: Answer) -> str:
    """The estimate with its interval, level and number of pairs, in words."""
    if found.interval is None:
        return f"{found.n} of {len(found.question.seeds)} pairs, too few for an interval"
    interval = found.interval
    return (
        f"{interval.estimate:+.2f} points of top-1 ({100 * interval.level:.4g} % interval "
        f"{interval.low:+.2f} to {interval.high:+.2f}, n = {found.n})"
    ).replace("-", "−")


def comparable(names: Sequence[str]) -> Rule:
    """A rule: FPL is nowhere more than `COMPARABLE` points behind, over several questions."""

    def rule(records: Sequence[Record]) -> Finding:
        answers = [answer(QUESTIONS[name], records) for name in names]
        settled = [found for found in answers if not found.obstacles]
        behind = [found for found in settled if found.interval.high < -COMPARABLE]
        near = [found for found in settled if found.interval.low > -COMPARABLE]
        worst = min(
            (found for found in answers if found.interval),
            key=lambda found: found.interval.estimate, default=answers[0],
        )  # fmt: skip
        shown_as = finding((behind or [worst])[0])
        verdict = NOT_BORNE_OUT if behind else BORNE_OUT if len(near) == len(names) else OPEN
        why = (
            f"Comparable is taken as at most {COMPARABLE:g} point behind. So in {len(near)} of "
            f"{len(names)} questions, more than that behind in {len(behind)}; {len(settled)} are "
            f"answered. Furthest behind: {shown_as.question}, {shown_as.why}"
        )
        fields = {**vars(shown_as), "verdict": verdict, "why": why, "question": "all of them"}
        return Finding(**{**fields, "scope": "all questions together"})

    return rule


def _change(found: Answer, verdict: str) -> str:
    question = found.question
    if verdict != OPEN:
        return (
            "a repetition with other seeds, or another network and recipe, whose interval says "
            "otherwise"
        )
    missing = len(question.seeds) - found.n
    if missing > 0:
        seeds = f"{question.seeds.start}-{question.seeds.stop - 1}"
        return (
            f"the other pairs: `python -m fpl_lib reproduce {question.experiment} --seeds {seeds}`"
        )
    if found.obstacles:
        return "a setting that passes its gate and its control"
    pairs = found.seeds_to_settle
    many = "more pairs" if math.isnan(pairs) else f"{pairs:.0f} pairs"
    return f"{many}, enough to find a difference of {question.margin:g} points with 80 % power"
