"""Verdicts on the paper's printed numbers: what they say themselves, and what one run can show.

Each row of Tables 2 and 3 is one run. Where its experiment has at least two pairs of full-size
runs on record these decide; until then the printed pair is all there is, and is weighed against
the spread between seeds to expect of such a network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fpl_lib import paper
from fpl_lib.evidence.comparisons import by_setting, compared, differences, values
from fpl_lib.evidence.planning import seed_spread, seeds_to_settle, single_run_p
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import Interval
from fpl_lib.evidence.verdicts.finding import (
    FULL,
    INDISTINGUISHABLE,
    PRINTED,
    Finding,
    decided,
    direction,
)

IMAGES = 10_000
CLASSES = 10
NORMAL = 1.959964  # half the width of a 95 % interval in standard errors


def table2_pair(records: Sequence[Record], model: str) -> Finding:
    """Fewer false positives with FPL, for one network of Table 2 (a claim in images)."""
    totals = paper.table2().set_index(["model", "loss"])["total"]
    fpl, ce = int(totals[model, "fpl"]), int(totals[model, "ce"])
    spread = seed_spread(100 - (fpl + ce) / 2 / IMAGES * 100, IMAGES) * IMAGES / 100
    ours = _replicated(records, "table2", model, "errors", ce, "false positives", -1)
    return ours or _single("Table 2", fpl - ce, spread, "false positives", -1)


def table3_pair(records: Sequence[Record], pretrained: str, metric: str, sign: int) -> Finding:
    """The difference of two rows of Table 3, in points; `sign` is the one that the claim gives."""
    rows = paper.table3().query("pretrained == @pretrained").set_index("loss")[metric]
    condition = paper.START[pretrained]
    unit = f"points of {metric.replace('top', 'top-')}"
    ours = _replicated(
        records, "table3", "resnet50", metric, rows["ce"], unit, sign, condition=condition
    )
    spread = seed_spread(rows.mean(), IMAGES)
    return ours or _single("Table 3", rows["fpl"] - rows["ce"], spread, unit, sign)


def _single(table: str, difference: float, spread: float, unit: str, sign: int) -> Finding:
    half = NORMAL * spread * math.sqrt(2)
    interval = Interval(difference, difference - half, difference + half, 0.95)
    digits = 0 if unit == "false positives" else 2
    verdict = direction(interval, sign)
    return Finding(
        verdict, PRINTED, f"the paper's {table}, one run of each loss",
        f"Single runs: a spread of {spread:.{digits}f} {unit} between seeds is to be expected, so "
        f"a difference of this size has p = {single_run_p(difference, spread):.2f}.",
        n=1, estimate=difference, low=interval.low, high=interval.high, unit=unit,
        seeds_needed=seeds_to_settle(difference, spread, paired=False)
        if verdict == INDISTINGUISHABLE else math.nan,
    )  # fmt: skip


def _replicated(
    records, experiment, model, metric, printed, unit, sign, condition=None
) -> Finding | None:
    """The same comparison in full-size runs; of several readings, the one closest to the print."""
    found = []
    for setting, runs in by_setting(records).items():
        if (setting.experiment, setting.model, setting.source) != (experiment, model, "cifar10"):
            continue
        if condition is not None and setting.condition != condition:
            continue
        by_seed = differences(runs, "fpl", "ce", metric)
        if pair := compared(by_seed):
            off = abs(values(runs, "ce", metric).mean() - printed)
            found.append((off, setting, pair, runs))
    if not found:
        return None
    _, setting, pair, runs = min(found, key=lambda one: one[0])
    return of_pair(pair, runs, setting.label, unit, sign, scope=FULL)


def of_pair(
    pair, runs: Sequence[Record], label: str, unit: str, sign: int, *, scope, contrast="FPL − CE"
) -> Finding:
    """A finding from paired runs of one setting; without the runs `label` names the devices."""
    verdict = direction(pair.mean, sign)
    devices = ", ".join(sorted({run.header["environment"].get("device", "") for run in runs}))
    n, mean = pair.n, pair.mean
    return Finding(
        verdict, scope, f"{label}; {devices}" if devices else label,
        f"{contrast}, paired over {n} seeds: {mean.estimate:+.2f} {unit}, "
        f"95 % interval {mean.low:+.2f} to {mean.high:+.2f}.",
        n=n, estimate=mean.estimate, low=mean.low, high=mean.high, unit=unit, contrast=contrast,
        seeds_needed=seeds_to_settle(mean.estimate, pair.sd, paired=True)
        if verdict == INDISTINGUISHABLE else math.nan,
    )  # fmt: skip


def _top(metric: str) -> dict[tuple[str, str], float]:
    table = paper.table3().set_index(["pretrained", "loss"])[metric]
    return table.to_dict()


def scratch_top5(records: Sequence[Record]) -> Finding:
    """The abstract's 99.86 % for CE against Table 3."""
    printed = _top("top5")["none", "ce"]
    return decided(
        math.isclose(printed, 99.86), f"Table 3 prints {printed:.2f} % for CE.",
        scope=PRINTED, basis="arithmetic on Table 3",
    )  # fmt: skip


def top1_gain(records: Sequence[Record]) -> Finding:
    """The text's 0.68 points against Table 3."""
    top1 = _top("top1")
    gain = round(top1["none", "fpl"] - top1["none", "ce"], 2)
    return decided(
        math.isclose(gain, 0.68),
        f"Table 3 gives {top1['none', 'fpl']} − {top1['none', 'ce']} = {gain} points.",
        scope=PRINTED, basis="arithmetic on Table 3", estimate=gain, unit="points of top-1",
    )  # fmt: skip


def comparisons() -> dict[str, float]:
    """The paper's six printed comparisons: how far FPL is ahead of CE, in points of accuracy."""
    totals = paper.table2().set_index(["model", "loss"])["total"]
    ahead = {
        f"Table 2, {model}": (totals[model, "ce"] - totals[model, "fpl"]) * 100 / IMAGES
        for model in ("efficientnet_v2_s", "resnet18")
    }
    for metric in ("top1", "top5"):
        values = _top(metric)
        for start in ("none", "imagenet"):
            weights = "from scratch" if start == "none" else "pretrained"
            name = f"Table 3, {metric.replace('top', 'top-')}, {weights}"
            ahead[name] = round(values[start, "fpl"] - values[start, "ce"], 2)
    return ahead


def some_cases(records: Sequence[Record]) -> Finding:
    """That FPL is ahead somewhere in the tables."""
    ahead = comparisons()
    won = sum(difference > 0 for difference in ahead.values())
    return decided(
        won > 0,
        f"FPL is ahead in {won} of the {len(ahead)} comparisons that Tables 2 and 3 print. Two "
        "losses that are equal would each be ahead in some: it says nothing about the losses.",
        scope=PRINTED, basis="arithmetic on Tables 2 and 3", n=1,
    )  # fmt: skip


def unconditional(records: Sequence[Record]) -> Finding:
    """That FPL beats CE without condition: what the printed comparisons say to it, all in all."""
    ahead = comparisons()
    name, worst = min(ahead.items(), key=lambda item: item[1])
    lost = sum(difference < 0 for difference in ahead.values())
    against = table3_pair([], pretrained="imagenet", metric="top1", sign=1)
    return against.because(
        f"Of the {len(ahead)} comparisons that the paper prints CE is ahead in {lost} ({name}, by "
        f"{-worst:.2f} points), and none exceeds the spread to expect between seeds."
    )


def many_tasks(records: Sequence[Record]) -> Finding:
    """That several data sets and kinds of task were measured: Section 3 has one of each."""
    return decided(
        False, "Section 3 measures one task on one data set: classifying CIFAR-10.",
        scope=PRINTED, basis="Tables 2 and 3, Figure 3",
    )  # fmt: skip


def true_class_in_top5(records: Sequence[Record]) -> Finding:
    """How many of the wrong first guesses have the true class among the best five."""
    shares = {
        (row.pretrained, row.loss): 100 * (row.top5 - row.top1) / (100 - row.top1)
        for row in paper.table3().itertuples()
    }
    ours = [
        100 * (run.result["top5"] - run.result["top1"]) / (100 - run.result["top1"])
        for run in records
        if run.done and run.result["top1"] < 100 and run.header["data"].get("source") == "cifar10"
    ]
    lowest = min([*shares.values(), *ours])
    chance = 100 * 4 / (CLASSES - 1)
    said = f"; at least {min(ours):.0f} % in {len(ours)} recorded runs on CIFAR-10" if ours else ""
    return decided(
        lowest > 50,
        f"At least {min(shares.values()):.0f} % of the errors in Table 3{said}. Of ten classes, "
        f"guessing would give {chance:.0f} %.",
        scope=PRINTED if not ours else FULL,
        basis="arithmetic on Table 3" + (" and on the records" if ours else ""),
        n=len(ours), estimate=lowest, unit="% of the errors",
    )  # fmt: skip


def accuracy_formula(records: Sequence[Record]) -> Finding:
    """Whether Eq. 9, read as it stands, is the accuracy of a ten-class network."""
    errors = int(paper.table2().set_index(["model", "loss"]).loc[("resnet18", "ce"), "total"])
    top1 = 100 * (1 - errors / IMAGES)
    # Each error is a false positive of one class and a false negative of another.
    eq9 = 100 * (1 - 2 * errors / (CLASSES * IMAGES))
    return decided(
        math.isclose(eq9, top1),
        f"TN exists for one class against the rest only. Read so, Eq. 9 gives {eq9:.2f} % on "
        f"average for Table 2's ResNet18 with CE, which has {top1:.2f} % of the images right.",
        basis="proof by numbers, metrics.one_vs_rest_accuracy", estimate=eq9 - top1,
        unit="points of accuracy",
    )  # fmt: skip
