"""What can be said of one claim: a word with its scope, numbers, and what would change it."""

from __future__ import annotations

import math
from dataclasses import dataclass

PROVED = "proved"
REFUTED = "refuted"
BORNE_OUT = "borne out"
NOT_BORNE_OUT = "not borne out"
NO_DIFFERENCE = "no difference"
OPEN = "open"
UNTESTABLE = "not testable"
VERDICTS = (PROVED, REFUTED, BORNE_OUT, NOT_BORNE_OUT, NO_DIFFERENCE, OPEN, UNTESTABLE)

FORMULA = "the formulas"
PRINTED = "the paper's printed numbers"


@dataclass(frozen=True)
class Finding:
    """A verdict on a claim as it is worded, hedges included.

    `scope` says of what it holds, `basis` what it stands on, `why` gives the reason, `change` what
    would change it. `question` names the protocol's question where one decides:
    claims with the same question rest on one and the same statistic. `n` counts its pairs so far;
    `low` and `high` are the interval of `estimate` at `level`, all in `unit`; `contrast` says what
    is compared, and `margin` what counts as no difference. `part` names what of the claim is meant,
    where that is not all of it. Raises ValueError for a verdict that is none of `VERDICTS`.
    """

    verdict: str
    scope: str
    basis: str
    why: str
    change: str
    question: str = ""
    n: int = 0
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = math.nan
    unit: str = ""
    contrast: str = ""
    margin: float = math.nan
    part: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict: expected one of {VERDICTS}; got {self.verdict!r}.")

    @property
    def words(self) -> str:
        """The verdict with its scope, as it may be quoted.

        >>> Finding(BORNE_OUT, "a small network", "", "", "", question="Q1", n=10).words
        'borne out (a small network, n = 10)'
        """
        if self.verdict == NO_DIFFERENCE:
            word = f"no difference beyond ± {self.margin:g} {self.unit}"
        else:
            word = self.verdict
        if self.question or self.verdict in (BORNE_OUT, NOT_BORNE_OUT, NO_DIFFERENCE):
            return f"{word} ({self.scope}, n = {self.n})"
        return f"{word} ({self.part})" if self.part else word


def by_formula(holds: bool, why: str, *, basis: str, scope: str = FORMULA, **numbers) -> Finding:
    """A claim that a proof or arithmetic decides, as it is worded."""
    change = "an error in the derivation, which the notebook lets you check"
    if scope == PRINTED:
        change = "a corrected edition of the paper"
    return Finding(PROVED if holds else REFUTED, scope, basis, why, change, **numbers)


def untestable(why: str, change: str) -> Finding:
    """A claim for which the paper gives too little to test."""
    return Finding(UNTESTABLE, "", "the paper's text", why, change)
