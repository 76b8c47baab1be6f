"""Verdicts on the paper's printed numbers: what they say themselves, and how far each can carry.

How often the authors trained is not said. A printed difference is weighed as one of single runs,
against the spread between seeds that such a network is expected to have. That spread is itself
uncertain, and the interval is taken at the largest that our own records make plausible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from fpl_lib import paper
from fpl_lib.cifar10 import CLASSES as NAMES
from fpl_lib.evidence.comparisons import by_setting, values
from fpl_lib.evidence.planning import seed_spread, single_run_p
from fpl_lib.evidence.questions import QUESTIONS, answer
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.asked import finding
from fpl_lib.evidence.verdicts.findings import (
    FILES,
    OPEN,
    PRINTED,
    Finding,
    by_formula,
    with_minus,
)

IMAGES = 10_000
CLASSES = 10
LEAST_SEEDS = 5


def spread_factors(records: Sequence[Record], metric: str = "top1") -> tuple[float, float, int]:
    """Least and largest ratio of `metric`'s spread between seeds to `seed_spread`; how many.

    Of settings with balanced classes, as the paper's, and at least `LEAST_SEEDS` seeds of cross-
    entropy or FPL, whose ratio each counts; (1, 1, 0) where there is none.
    """
    ratios = {}
    for setting, runs in by_setting(records).items():
        if runs[0].header["config"].get("imbalance", 1) > 1:
            continue
        images = runs[0].header["data"]["test"]
        for right in (values(runs, "ce", metric), values(runs, "fpl", metric)):
            if len(right) >= LEAST_SEEDS:
                ratio = right.std(ddof=1) / seed_spread(float(right.mean()), images)
                ratios.setdefault(setting, []).append(ratio)
    found = sum(ratios.values(), [1.0] * (not ratios))
    return min(found), max(found), len(ratios)


def single_runs(table: str, model: str, metric: str, pretrained: str = "", question: str = ""):
    """A rule on a printed difference, taken as of single runs, or on a question that repeats it.

    table: "table2" (false positives) or "table3" (`metric` top1 or top5, `pretrained` as there).
    """

    def rule(records: Sequence[Record]) -> Finding:
        if question and not (found := answer(QUESTIONS[question], records)).obstacles:
            return finding(found)
        if table == "table2":
            rows = paper.table2().set_index(["model", "loss"]).loc[model, "total"]
            accuracy, scale = 100 - rows.mean() * 100 / IMAGES, IMAGES / 100
            unit = "false positives"
        else:
            rows = paper.table3().set_index(["pretrained", "loss"]).loc[pretrained, metric]
            accuracy, scale, unit = rows.mean(), 1.0, f"points of {metric.replace('top', 'top-')}"
        difference = float(rows["fpl"] - rows["ce"])
        least, most, settings = spread_factors(records, "top5" if metric == "top5" else "top1")
        spread = seed_spread(accuracy, IMAGES) * scale
        half = float(stats.norm.ppf(0.975)) * most * spread * np.sqrt(2)
        digits = 0 if table == "table2" else 2
        said = (
            f"In {settings} balanced settings of ours, most of them small, the losses' spread was "
            f"{least:.2g} to {most:.2g} times that, and the interval takes the largest."
            if settings
            else "No runs of ours test it."
        )
        shown = with_minus(f"{difference:+.{digits}f} {unit}")
        return Finding(
            OPEN, PRINTED, f"{table.title().replace('e', 'e ')}, one number for each loss",
            f"How often the authors trained is not said. Between single runs, {shown} stands "
            f"beside an expected spread between seeds of {spread:.{digits}f} "
            f"(p = {single_run_p(difference, spread):.2f}), by a formula of Jordan "
            f"(arXiv:2304.01910). {said}",
            f"question {question}'s runs" if question else "several seeds of this network",
            n=1, estimate=difference, low=difference - half, high=difference + half, level=0.95,
            unit=unit, contrast="FPL − CE",
        )  # fmt: skip

    return rule


def _top(metric: str) -> dict[tuple[str, str], float]:
    return paper.table3().set_index(["pretrained", "loss"])[metric].to_dict()


def scratch_top5(records: Sequence[Record]) -> Finding:
    """The abstract's 99.86 % for CE against Table 3."""
    printed = _top("top5")["none", "ce"]
    return by_formula(
        math.isclose(printed, 99.86), f"Table 3 prints {printed:.2f} % for CE.",
        scope=PRINTED, basis="arithmetic on Table 3",
    )  # fmt: skip


def top1_gain(records: Sequence[Record]) -> Finding:
    """The text's 0.68 points against Table 3."""
    top1 = _top("top1")
    gain = round(top1["none", "fpl"] - top1["none", "ce"], 2)
    return by_formula(
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
    return by_formula(
        won > 0,
        f"FPL is ahead in {won} of the {len(ahead)} comparisons that Tables 2 and 3 print. Two "
        "losses that are equal would each be ahead in some: it says nothing about the losses.",
        scope=PRINTED, basis="arithmetic on Tables 2 and 3",
    )  # fmt: skip


def many_tasks(records: Sequence[Record]) -> Finding:
    """That several data sets and kinds of task were measured: Section 3 has one of each."""
    return by_formula(
        False, "Section 3 measures one task on one data set: classifying CIFAR-10.",
        scope=PRINTED, basis="Tables 2 and 3, Figure 3",
    )  # fmt: skip


def _beside(name: str, records: Sequence[Record]) -> str:
    found = finding(answer(QUESTIONS[name], records))
    return f" In our question {name}, {found.interval}." if found.interval else ""


def can_decrease(records: Sequence[Record]) -> Finding:
    """That false positives *can* become fewer with FPL: whether Table 2 has a row where they do."""
    totals = paper.table2().set_index(["model", "loss"])["total"].unstack()
    fewer = (totals["ce"] - totals["fpl"]).sort_values(ascending=False)
    return by_formula(
        fewer.max() > 0,
        f"With FPL the networks of Table 2 have {' and '.join(f'{n:g}' for n in fewer)} fewer. "
        "“Can” asks for no more, and one of two equal losses would show as much. All false "
        f"positives together are all errors, top-1 in other words.{_beside('Q1', records)}",
        scope=PRINTED, basis="arithmetic on Table 2",
    )  # fmt: skip


def beats_other_losses(records: Sequence[Record]) -> Finding:
    """That experiments show FPL ahead of losses other than cross-entropy: none is printed."""
    said = "Its tables compare FPL with cross-entropy alone, on one data set."
    return by_formula(False, said + _beside("Q7c", records), scope=PRINTED, basis="Tables 2 and 3")


def true_class_in_top5(records: Sequence[Record]) -> Finding:
    """How many of the wrong first guesses have the true class among the best five, in Table 3."""
    table = paper.table3()
    lowest = float((100 * (table["top5"] - table["top1"]) / (100 - table["top1"])).min())
    return by_formula(
        lowest > 50,
        f"At least {lowest:.0f} % of the errors in Table 3; of ten classes, guessing would give "
        f"{100 * 4 / (CLASSES - 1):.0f} %. One data set does not show it of most tasks.",
        scope=PRINTED, basis="arithmetic on Table 3", estimate=lowest, unit="% of the errors",
        part="in Table 3",
    )  # fmt: skip


def similar_class(records: Sequence[Record]) -> Finding:
    """That the wrongly preferred class is a similar one: how far errors gather in one class.

    Of each true class's errors in Q1's runs with cross-entropy, the share that goes to its most
    frequent wrong class; one in nine if all wrong classes were alike. What is similar, no run says.
    """
    question = QUESTIONS["Q1"]
    runs = [run for run in question.column(records) if run.header["loss"] == "ce"]
    said = f"{len(runs)} of {len(question.seeds)} runs."
    if len(runs) == len(question.seeds):
        wrong = sum(np.array(run.result["confusion"]) for run in runs)
        wrong = wrong - np.diag(np.diag(wrong))
        shares = wrong.max(1) / wrong.sum(1)
        least = int(shares.argmin())
        said = (
            f"Errors do gather: in Q1's runs with cross-entropy {100 * shares.min():.0f} to "
            f"{100 * shares.max():.0f} % of a class's errors go to one other class, where "
            f"{100 / (CLASSES - 1):.0f} % would if all were alike. Whether that class is a similar "
            f"one is not measured: for {NAMES[least]} it is "
            f"{NAMES[wrong[least].argmax()]}."
        )
    return Finding(
        OPEN, question.scope, "question Q1's runs with cross-entropy", said,
        "a measure of similarity, laid down before one looks",
    )  # fmt: skip


def data_split(records: Sequence[Record]) -> Finding:
    """That CIFAR-10 has 50 000 and 10 000 images in ten classes, by the files that were loaded."""
    cut = {"imbalance": 1.0, "per_class": 0, "validation": 0}  # the values of none
    full = [
        run.header["data"] for run in records
        if run.header["data"].get("source") == "cifar10"
        and all(run.header["config"].get(key, none) == none for key, none in cut.items())
    ]  # fmt: skip
    sizes = {(data["train"], data["test"]) for data in full}
    if not sizes:
        return Finding(OPEN, FILES, FILES, "No run used them so far.", "a run on full CIFAR-10")
    train, test = max(sizes)
    return by_formula(
        (train, test) == (50_000, 10_000),
        f"The official files, checked by MD5, hold {train} training and {test} test images.",
        scope=FILES, basis=FILES, estimate=train, unit="training images",
    )  # fmt: skip


def accuracy_formula(records: Sequence[Record]) -> Finding:
    """Whether Eq. 9, read as it stands, is the accuracy of a ten-class network."""
    errors = int(paper.table2().set_index(["model", "loss"]).loc[("resnet18", "ce"), "total"])
    top1 = 100 * (1 - errors / IMAGES)
    # Each error is a false positive of one class and a false negative of another.
    eq9 = 100 * (1 - 2 * errors / (CLASSES * IMAGES))
    return by_formula(
        math.isclose(eq9, top1),
        f"TN exists for one class against the rest only. Read so, Eq. 9 gives {eq9:.2f} % on "
        f"average for Table 2's ResNet18 with CE, which has {top1:.2f} % of the images right.",
        basis="proof by numbers, notebook 06", estimate=eq9 - top1,
        unit="points of accuracy",
    )  # fmt: skip
