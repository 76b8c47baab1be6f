"""Verdicts that runs decide: FPL against other losses, paired over seeds.

An experiment's full form decides where it has at least two pairs of runs, else its mini form, whose
verdict is about the small network on cifar10-mini and says so. Claims with
several rivals are in `families.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from ..pairs import Setting, by_setting, compared, differences, setting_of
from ..runs import Record
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
)
from .printed import of_pair
from .printed import unconditional as of_print

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


def by_condition(
    records: Sequence[Record],
    experiment: str,
    loss: str,
    rival: str,
    metric: Metric = "top1",
    source: str = "mini",
) -> dict[str, tuple[Setting, pd.Series]]:
    """loss − rival by seed under each condition of an experiment, with the setting that counts.

    noise00, which has no noise, is left out. Of several configurations of one condition the one
    with most pairs counts, and of several networks the first.
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
    return columns


def pairs(
    records: Sequence[Record],
    experiment: str,
    loss: str,
    rival: str,
    metric: Metric = "top1",
    source: str = "mini",
) -> tuple[pd.Series, str]:
    """loss − rival by seed in one experiment, each seed's mean over the conditions; and the runs.

    Only seeds that have run under every condition count.
    """
    columns = by_condition(records, experiment, loss, rival, metric, source)
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
    names = [(experiment, "cifar10", FULL), (mini_form(experiment), "mini", MINI)]
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
            return not_run(mini_form(experiment))
        by_seed, basis, scope = found
        pair = compared(by_seed)
        return of_pair(pair, [], basis, unit, sign, scope=scope)

    return rule


def weights_help(records: Sequence[Record]) -> Finding:
    """That Eq. 4's weights do good under imbalance: FPL against itself with a uniform weight.

    The reason adds how far the conditions differ, and what is left of it against CE.
    """
    found = form(records, "imbalance", "fpl", "fpl_uniform")
    if found is None:
        return not_run(mini_form("imbalance"))
    by_seed, basis, scope = found
    finding = of_pair(
        compared(by_seed), [], basis, "points of top-1", 1, scope=scope,
        contrast="FPL, Eq. 4 − FPL, uniform α",
    )  # fmt: skip
    name, source = ("imbalance", "cifar10") if scope == FULL else ("imbalance-mini", "mini")
    columns = by_condition(records, name, "fpl", "fpl_uniform", source=source)
    means = sorted((values.mean(), condition) for condition, (_, values) in columns.items())
    (low, least), (high, most) = means[0], means[-1]
    why = f"{finding.why} By condition from {low:+.2f} ({least}) to {high:+.2f} ({most})."
    if beside_ce := form(records, "imbalance", "fpl", "ce"):
        mean = compared(beside_ce[0]).mean
        why += f" To CE it is {mean.estimate:+.2f}, {mean.low:+.2f} to {mean.high:+.2f}."
    return finding.because(why)


def mini_form(experiment: str) -> str:
    return experiment if experiment == "mini" else f"{experiment}-mini"


def everywhere(metric: Metric, sign: int, unit: str):
    """A rule: FPL − CE has the given sign in every setting of balanced, clean images.

    Full runs decide where there are any with two pairs, else the small network's recipes: one
    setting against the claim contradicts it, all of them for it support it.
    """

    settings = {
        FULL: (("table2", "table3"), "cifar10"),
        MINI: (("table2-mini", "table3-mini", "mini"), "mini"),
    }

    def rule(records: Sequence[Record]) -> Finding:
        for scope, (names, source) in settings.items():
            tried = [pairs(records, name, "fpl", "ce", metric, source) for name in names]
            tried = [(by_seed, basis) for by_seed, basis in tried if len(by_seed) > 1]
            if tried:
                return _jointly(tried, scope)
        return not_run("mini")

    def _jointly(tried: Sequence[tuple[pd.Series, str]], scope: str) -> Finding:
        level = 1 - 0.05 / len(tried)
        found = [(compared(by_seed, level=level), basis) for by_seed, basis in tried]
        each = [direction(pair.mean, sign) for pair, _ in found]
        # Shown is what speaks most clearly against the claim, or least clearly for it.
        pair, basis = min(found, key=lambda one: sign * one[0].mean.estimate / (one[0].sd or 1.0))
        finding = of_pair(pair, [], basis, unit, sign, scope=scope)
        verdict = (
            CONTRADICTED if CONTRADICTED in each
            else SUPPORTED if set(each) == {SUPPORTED} else INDISTINGUISHABLE
        )  # fmt: skip
        why = f"{finding.why} The clearest against the claim of {len(found)} settings (jointly)."
        settled = math.nan if verdict != INDISTINGUISHABLE else finding.seeds_needed
        return replace(finding, verdict=verdict, why=why, seeds_needed=settled)

    return rule


def unconditional(records: Sequence[Record]) -> Finding:
    """That FPL beats CE with no condition attached: one setting of ours where it loses refutes it.

    Without runs the paper's own comparisons are all there is, single runs as they are.
    """
    printed = of_print(records)
    ours = everywhere("top1", 1, "points of top-1")(records)
    return printed if ours.verdict == NOT_RUN else ours.because(f"{ours.why} {printed.why}")


def robust(experiment: str, rivals: Sequence[str]):
    """A rule: FPL beats CE; the reason adds how the best of some rivals does against FPL.

    And it adds both for EXPERIMENT-long, where wrong labels are learnt by heart.
    """
    beats_ce = better(experiment)

    def best_of_rivals(records: Sequence[Record], name: str) -> str:
        found = [(form(records, name, rival, "fpl"), rival) for rival in rivals]
        leads = [(one[0].mean(), len(one[0]), rival) for one, rival in found if one]
        if not leads:
            return ""
        lead, n, rival = max(leads)
        named = ", ".join(rivals)
        return f" The best of {named} is {rival}: {lead:+.2f} points to FPL ({n} seeds)."

    def rule(records: Sequence[Record]) -> Finding:
        finding = beats_ce(records)
        if finding.verdict == NOT_RUN:
            return finding
        why = finding.why + best_of_rivals(records, experiment)
        name = f"{experiment}-long"
        if long := form(records, name, "fpl", "ce"):
            mean = compared(long[0]).mean
            why += (
                f" Once wrong labels are learnt by heart: FPL − CE {mean.estimate:+.2f}, "
                f"{mean.low:+.2f} to {mean.high:+.2f}.{best_of_rivals(records, name)}"
            )
        return finding.because(why)

    return rule
