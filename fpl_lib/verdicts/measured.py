"""Verdicts that runs decide: FPL against other losses, paired over seeds.

An experiment's full form decides where it has at least two pairs of runs, else its mini form, whose
verdict is about the small network on cifar10-mini and says so. Where one claim asks several
questions, their intervals hold jointly (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from ..pairs import Setting, by_setting, compared, differences, setting_of
from ..runs import Record
from ..stats import PairedDifference
from .finding import (
    CONTRADICTED,
    FULL,
    INDISTINGUISHABLE,
    MINI,
    NOT_RUN,
    SUPPORTED,
    Finding,
    direction,
    not_run,
    seeds_to_settle,
)
from .printed import of_pair

FAR = 1.0  # points of accuracy: what we call "far behind"
Metric = str | Callable[[Record], float]


def roughness(record: Record) -> float:
    """How unsmoothly top-1 rises: mean absolute second difference over epochs, in points.

    0 for a straight rise; NaN for fewer than three epochs.

    >>> rows = [{"top1": value} for value in (10.0, 20.0, 30.0, 35.0)]
    >>> roughness(Record({}, rows))
    2.5
    """
    steps = pd.Series([row["top1"] for row in record.epochs]).diff()
    return float(steps.diff().abs().mean())


def pairs(
    records: Sequence[Record],
    experiment: str,
    loss: str,
    rival: str,
    metric: Metric = "top1",
    source: str = "mini",
) -> tuple[pd.Series, str]:
    """loss − rival by seed in one experiment, each seed's mean over the conditions; and the runs.

    Only seeds that have run under every condition count; noise00, which has no noise, is left out.
    Of several configurations of one condition the one with most pairs counts, and of several
    networks the first.
    """
    columns: dict[str, tuple[Setting, pd.Series]] = {}
    for setting, runs in by_setting(records).items():
        asked = (setting.experiment, setting.source) == (experiment, source)
        if not asked or setting.condition == "noise00":
            continue
        by_seed = differences(runs, loss, rival, metric)
        best = columns.get(setting.condition)
        other = any(setting.model != one.model for one, _ in columns.values())
        if len(by_seed) and not other and (best is None or len(by_seed) > len(best[1])):
            columns[setting.condition] = setting, by_seed
    if not columns:
        return pd.Series(dtype=float), ""
    settings = [setting for setting, _ in columns.values()]
    devices = {
        run.header["environment"].get("device", "an unnamed device")
        for run in records
        if setting_of(run) in settings and run.header["loss"] in (loss, rival)
    }
    conditions = ", ".join(name for name in columns if name)
    basis = ", ".join(part for part in (experiment, settings[0].model, conditions) if part)
    table = pd.DataFrame({name: by_seed for name, (_, by_seed) in columns.items()}).dropna()
    return table.mean(axis=1), f"{basis}; {', '.join(sorted(devices))}"


def form(
    records: Sequence[Record], experiment: str, loss: str, rival: str, metric: Metric = "top1"
) -> tuple[pd.Series, str, str] | None:
    """`pairs` of the full form if it has two pairs, else of the mini form; and its scope."""
    names = [(experiment, "cifar10", FULL), (f"{experiment}-mini", "mini", MINI)]
    if experiment in ("table2", "table3"):
        names.append(("mini", "mini", MINI))
    for name, source, scope in names:
        by_seed, basis = pairs(records, name, loss, rival, metric, source)
        if len(by_seed) > 1:
            return by_seed, basis, scope
    return None


def better(experiment: str, metric: Metric = "top1", sign: int = 1, unit: str = "points of top-1"):
    """A rule: FPL − CE has the given sign in an experiment."""

    def rule(records: Sequence[Record]) -> Finding:
        found = form(records, experiment, "fpl", "ce", metric=metric)
        if found is None:
            return not_run(_mini(experiment))
        by_seed, basis, scope = found
        pair = compared(by_seed)
        return of_pair(pair, [], basis, unit, sign, scope=scope)

    return rule


def _mini(experiment: str) -> str:
    return "mini" if experiment in ("table2", "table3") else f"{experiment}-mini"


def robust(experiment: str, rivals: Sequence[str]):
    """A rule: FPL beats CE; the reason adds how the best of some rivals does against FPL."""
    beats_ce = better(experiment)

    def rule(records: Sequence[Record]) -> Finding:
        finding = beats_ce(records)
        found = [(form(records, experiment, rival, "fpl"), rival) for rival in rivals]
        leads = [(one[0].mean(), len(one[0]), rival) for one, rival in found if one]
        if finding.verdict == NOT_RUN or not leads:
            return finding
        lead, n, rival = max(leads)
        return finding.because(
            f"{finding.why} The best of {', '.join(rivals)} is {rival}: {lead:+.2f} points to FPL "
            f"({n} seeds)."
        )

    return rule


def any_better(experiment: str, losses: Sequence[str]):
    """A rule: at least one of some losses beats CE."""

    def rule(records: Sequence[Record]) -> Finding:
        found = _family(records, [(experiment, loss, "ce") for loss in losses])
        if not found:
            return not_run(_mini(experiment))
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
            return not_run(_mini(questions[0][0]))
        name, pair, basis, scope = min(found, key=lambda one: one[1].mean.estimate)
        each = [direction(one.mean, 1) for _, one, _, _ in found]
        verdict = (
            CONTRADICTED if CONTRADICTED in each
            else SUPPORTED if set(each) == {SUPPORTED} and len(found) == len(questions)
            else INDISTINGUISHABLE
        )  # fmt: skip
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
        seeds_needed=seeds_to_settle(mean.estimate, pair.sd, paired=True)
        if verdict == INDISTINGUISHABLE else math.nan,
    )  # fmt: skip
