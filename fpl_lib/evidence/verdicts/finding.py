"""What can be said of one claim: a verdict, its numbers, and what it stands on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from fpl_lib.evidence.stats import Interval

SUPPORTED = "supported"
CONTRADICTED = "contradicted"
INDISTINGUISHABLE = "indistinguishable at this n"
UNTESTABLE = "not testable from the paper"
NOT_RUN = "not run yet"
VERDICTS = (SUPPORTED, CONTRADICTED, INDISTINGUISHABLE, UNTESTABLE, NOT_RUN)

# What a finding is evidence of.
PROOF = "the formulas"
PRINTED = "the printed numbers"
FULL = "full CIFAR-10"
MINI = "a small network on cifar10-mini"
NOTHING = ""


@dataclass(frozen=True)
class Finding:
    """A verdict on a claim.

    `scope` says what it is evidence of, `basis` names the runs, tables or code, `why` gives the
    reason in a sentence or two. `n` counts seeds (pairs of runs), 0 where no run decides; `low`
    and `high` are the 95 % interval of `estimate` in `unit`; `seeds_needed` is how many pairs would
    settle an open comparison with 80 % power, `contrast` which losses the estimate compares.
    """

    verdict: str
    scope: str
    basis: str
    why: str
    n: int = 0
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    seeds_needed: float = math.nan
    contrast: str = "FPL − CE"

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict: expected one of {VERDICTS}, got {self.verdict!r}")

    def because(self, why: str) -> Finding:
        """The same finding with another reason."""
        return replace(self, why=why)


def decided(holds: bool, why: str, *, scope: str = PROOF, basis: str = "", **numbers) -> Finding:
    """A claim that arithmetic or a proof decides."""
    return Finding(SUPPORTED if holds else CONTRADICTED, scope, basis, why, **numbers)


def untestable(why: str) -> Finding:
    """A claim for which the paper gives too little to test."""
    return Finding(UNTESTABLE, NOTHING, "the paper's text", why)


def not_run(experiment: str, why: str = "no record decides it") -> Finding:
    """A claim that waits for runs, with the command that makes them."""
    command = f"`python -m fpl_lib reproduce {experiment} --seeds 0-9`"
    return Finding(NOT_RUN, NOTHING, command, why)


def direction(interval: Interval, sign: int) -> str:
    """The verdict on "the difference has this sign" (+1 or -1), from its interval.

    >>> direction(Interval(0.3, 0.1, 0.5, 0.95), +1), direction(Interval(0.3, 0.1, 0.5, 0.95), -1)
    ('supported', 'contradicted')
    >>> direction(Interval(0.3, -0.1, 0.7, 0.95), +1)
    'indistinguishable at this n'
    """
    low, high = sorted((sign * interval.low, sign * interval.high))
    return SUPPORTED if low > 0 else CONTRADICTED if high < 0 else INDISTINGUISHABLE
