"""Verdicts on claims that ask several questions at once: FPL against a family of rivals.

The intervals of one claim's questions hold jointly (Bonferroni): with four rivals each is taken at
98.75 %, so that all four hold in 95 of 100 cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fpl_lib.evidence.comparisons import compared
from fpl_lib.evidence.planning import seeds_to_settle
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import PairedDifference
from fpl_lib.evidence.verdicts.finding import (
    CONTRADICTED,
    INDISTINGUISHABLE,
    SUPPORTED,
    Finding,
    direction,
    not_run,
)
from fpl_lib.evidence.verdicts.measured import form, mini_form

FAR = 1.0  # points of accuracy: what we call "far behind"


def any_better(experiment: str, losses: Sequence[str]):
    """A rule: at least one of some losses beats CE."""

    def rule(records: Sequence[Record]) -> Finding:
        found = _family(records, [(experiment, loss, "ce") for loss in losses])
        if not found:
            return not_run(mini_form(experiment))
        name, pair, basis, scope = max(found, key=lambda one: one[1].mean.estimate)
        low_highs = [direction(one.mean, 1) for _, one, _, _ in found]
        verdict = (
            SUPPORTED if SUPPORTED in low_highs
            else CONTRADICTED if set(low_highs) == {CONTRADICTED} else INDISTINGUISHABLE
        )  # fmt: skip
        return _of_family(verdict, name, pair, basis, scope, len(found), "best")

    return rule


def all_better(questions: Sequence[tuple[str, str]]):
    """A rule: FPL beats every rival; questions are (experiment, rival)."""

    def rule(records: Sequence[Record]) -> Finding:
        found = _family(records, [(experiment, "fpl", rival) for experiment, rival in questions])
        if not found:
            return not_run(mini_form(questions[0][0]))
        each = [direction(one.mean, 1) for _, one, _, _ in found]
        verdict = (
            CONTRADICTED if CONTRADICTED in each
            else SUPPORTED if set(each) == {SUPPORTED} and len(found) == len(questions)
            else INDISTINGUISHABLE
        )  # fmt: skip
        # Shown is what speaks most clearly against the claim, or least for it.
        end = "high" if verdict == CONTRADICTED else "estimate"
        name, pair, basis, scope = min(found, key=lambda one: getattr(one[1].mean, end))
        return _of_family(verdict, name, pair, basis, scope, len(found), "worst")

    return rule


def never_far_behind(questions: Sequence[tuple[str, str]]):
    """A rule: FPL is nowhere more than FAR points behind; questions are (experiment, rival)."""

    def rule(records: Sequence[Record]) -> Finding:
        found = _family(records, [(experiment, "fpl", rival) for experiment, rival in questions])
        if not found:
            return not_run("mini")
        name, pair, basis, scope = min(found, key=lambda one: one[1].mean.high)
        behind = [one.mean.high < -FAR for _, one, _, _ in found]
        near = [one.mean.low > -FAR for _, one, _, _ in found]
        verdict = CONTRADICTED if any(behind) else SUPPORTED if all(near) else INDISTINGUISHABLE
        finding = _of_family(verdict, name, pair, basis, scope, len(found), "worst")
        return finding.because(f"{finding.why} Far means more than {FAR:g} point here.")

    return rule


def _family(records, questions) -> list[tuple[str, PairedDifference, str, str]]:
    answered = []
    for experiment, loss, rival in questions:
        if found := form(records, experiment, loss, rival):
            answered.append((f"{loss} − {rival}", *found))
    level = 1 - 0.05 / max(1, len(answered))
    return [
        (name, compared(by_seed, level=level), basis, scope)
        for name, by_seed, basis, scope in answered
    ]


def _of_family(verdict, name, pair, basis, scope, asked: int, which: str) -> Finding:
    mean = pair.mean
    jointly = f" (jointly over {asked} comparisons)" if asked > 1 else ""
    return Finding(
        verdict, scope, basis,
        f"The {which} of {asked}: {name} = {mean.estimate:+.2f} points of top-1, 95 % interval "
        f"{mean.low:+.2f} to {mean.high:+.2f}{jointly}, {pair.n} seeds.",
        n=pair.n, estimate=mean.estimate, low=mean.low, high=mean.high, unit="points of top-1",
        contrast=name, seeds_needed=seeds_to_settle(mean.estimate, pair.sd, paired=True)
        if verdict == INDISTINGUISHABLE else math.nan,
    )  # fmt: skip
