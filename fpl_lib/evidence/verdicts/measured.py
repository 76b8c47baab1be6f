"""Verdicts that runs decide: FPL against other losses, paired over seeds.

An experiment's full form decides where it has at least two pairs of runs, else its mini form, whose
verdict is about the small network on cifar10-mini and says so. Claims with
several rivals are in `families.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from fpl_lib.evidence.comparisons import Setting, by_setting, compared, differences
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.finding import (
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
from fpl_lib.evidence.verdicts.printed import of_pair
from fpl_lib.evidence.verdicts.printed import unconditional as of_print

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


class Column(NamedTuple):
    """loss − rival by seed under one condition, with the setting and the devices it comes from."""

    setting: Setting
    by_seed: pd.Series
    devices: set[str]


def by_condition(
    records: Sequence[Record], experiment: str, loss: str, rival: str, metric: Metric, source: str
) -> dict[str, Column]:
    """What an experiment has under each of its conditions.

    noise00, which has no noise, is left out. Of several configurations of one condition the one
    with most pairs counts, and of several networks the first.
    """
    columns: dict[str, Column] = {}
    for setting, runs in by_setting(records).items():
        asked = (setting.experiment, setting.source) == (experiment, source)
        if not asked or setting.condition == "noise00":
            continue
        by_seed = differences(runs, loss, rival, metric)
        best = columns.get(setting.condition)
        other = any(setting.model != one.setting.model for one in columns.values())
        if len(by_seed) and not other and (best is None or len(by_seed) > len(best.by_seed)):
            devices = {
                run.header["environment"].get("device", "an unnamed device")
                for run in runs
                if run.header["loss"] in (loss, rival)
            }
            columns[setting.condition] = Column(setting, by_seed, devices)
    return columns


def averaged(columns: Mapping[str, Column]) -> tuple[pd.Series, str]:
    """Each seed's mean over the conditions, of seeds that ran under all of them; and the runs."""
    if not columns:
        return pd.Series(dtype=float), ""
    setting = next(iter(columns.values())).setting
    devices = sorted(set().union(*(column.devices for column in columns.values())))
    basis = ", ".join(part for part in (setting.experiment, setting.model, *columns) if part)
    table = pd.DataFrame({name: column.by_seed for name, column in columns.items()}).dropna()
    return table.mean(axis=1), f"{basis}; {', '.join(devices)}"


def deciding(
    records: Sequence[Record], experiment: str, loss: str, rival: str, metric: Metric = "top1"
) -> tuple[dict[str, Column], str] | None:
    """The columns of the full form if it has two pairs, else of the mini form; and their scope."""
    names = [(experiment, "cifar10", FULL), (mini_form(experiment), "mini", MINI)]
    for name, source, scope in names:
        columns = by_condition(records, name, loss, rival, metric, source)
        if len(averaged(columns)[0]) > 1:
            return columns, scope
    return None


def form(
    records: Sequence[Record], experiment: str, loss: str, rival: str, metric: Metric = "top1"
) -> tuple[pd.Series, str, str] | None:
    """`deciding`, averaged: the differences by seed, the runs, and their scope."""
    found = deciding(records, experiment, loss, rival, metric)
    return (*averaged(found[0]), found[1]) if found else None


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
    found = deciding(records, "imbalance", "fpl", "fpl_uniform")
    if found is None:
        return not_run(mini_form("imbalance"))
    columns, scope = found
    by_seed, basis = averaged(columns)
    finding = of_pair(
        compared(by_seed), [], basis, "points of top-1", 1, scope=scope,
        contrast="FPL, Eq. 4 − FPL, uniform α",
    )  # fmt: skip
    means = sorted((column.by_seed.mean(), condition) for condition, column in columns.items())
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
            tried = [
                averaged(by_condition(records, name, "fpl", "ce", metric, source)) for name in names
            ]
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
