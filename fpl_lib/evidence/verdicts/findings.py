"""What can be said of one claim: a word with its scope, numbers, and what would change it."""

from __future__ import annotations

import math
import re
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
FILES = "the data set's files"


@dataclass(frozen=True)
class Finding:
    """A verdict on a claim as it is worded, hedges included.

    `scope` says of what it holds, `basis` what it stands on, `why` gives the reason, `change` what
    would change it. `question` names the protocol's question where one decides:
    claims with the same question rest on one and the same statistic. `n` counts its pairs so far;
    `low` and `high` are the interval of `estimate` at `level`, all in `unit`; `contrast` says what
    is compared, and `margin` what counts as no difference. `part` names what of the claim is meant,
    where that is not all of it.
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

    @property
    def interval(self) -> str:
        """The estimate with its interval and level, in `unit`; "" where there is none."""
        if math.isnan(self.low):
            return ""
        digits = 0 if self.unit == "false positives" else 2
        estimate, *ends = (f"{x:+.{digits}f}" for x in (self.estimate, self.low, self.high))
        said = f"{estimate} {self.unit}, {100 * self.level:.4g} % {' to '.join(ends)}"
        return f"{self.contrast} = " * bool(self.contrast) + with_minus(said)

    @property
    def word(self) -> str:
        """The verdict, with its margin where one counts; both words where both hold.

        >>> found = Finding(BORNE_OUT, "a small network", "", "", "", unit="points", margin=0.3)
        >>> found.word
        'borne out'
        >>> from dataclasses import replace
        >>> replace(found, low=0.1, high=0.2).word
        'borne out, no difference beyond ± 0.3 points'
        """
        near = f"{NO_DIFFERENCE} beyond ± {self.margin:g} {self.unit}"
        if self.verdict == NO_DIFFERENCE:
            return near
        sided = self.verdict in (BORNE_OUT, NOT_BORNE_OUT)
        within = sided and max(-self.low, self.high) < self.margin
        return f"{self.verdict}, {near}" if within else self.verdict

    @property
    def words(self) -> str:
        """The word with its scope, as it may be quoted.

        >>> Finding(BORNE_OUT, "a small network", "", "", "", question="Q1", n=10).words
        'borne out (a small network, n = 10)'
        """
        counted = f", n = {self.n}" if self.question or self.n else ""
        scope = self.part or self.scope + counted
        return f"{self.word} ({scope})" if scope else self.word


def by_formula(holds: bool, why: str, *, basis: str, scope: str = FORMULA, **numbers) -> Finding:
    """A claim that a proof, arithmetic or the data set's files decide, as it is worded."""
    change = {
        FORMULA: "an error in the derivation, which the notebook lets you check",
        PRINTED: "a corrected edition of the paper",
        FILES: "another edition of the files",
    }[scope]
    return Finding(PROVED if holds else REFUTED, scope, basis, why, change, **numbers)


def with_minus(text: str) -> str:
    """`text` with minus signs before its negative numbers; "top-1" keeps its hyphen."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)
