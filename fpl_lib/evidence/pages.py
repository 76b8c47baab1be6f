"""Pages about the runs as Markdown: Q1's secondary measures, and the reproduction report.

Every number in them comes from the records or from what the paper prints.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from fpl_lib import paper
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import shown_p
from fpl_lib.evidence.names import difference_of, name_of
from fpl_lib.evidence.overview import question_commands, summary, unasked_commands
from fpl_lib.evidence.questions import QUESTIONS, Answer, answer
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.secondary import secondary
from fpl_lib.evidence.verdicts import asked, findings, verdict_table
from fpl_lib.evidence.verdicts.findings import OPEN, PRINTED, PROVED, REFUTED, UNTESTABLE
from fpl_lib.evidence.verdicts.printed import comparisons

AGAINST_CE = ("Q1", "Q2", "Q3", "Q8")
"""The questions that ask what the paper compares, FPL against CE; the others go beyond it."""


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; a column that is empty throughout is left out.

    >>> print("\\n".join(markdown_table(["a", "b", "c"], [["1", "", "x"], ["2", "", ""]])))
    | a | c |
    |---|---|
    | 1 | x |
    | 2 |  |
    """
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    lines = [[columns[i] for i in kept], *([row[i] for i in kept] for row in rows)]
    text = [f"| {' | '.join(line)} |" for line in lines]
    return [text[0], "|" + "---|" * len(kept), *text[1:]]


def number(value: float, digits: int = 2, sign: str = "") -> str:
    """A number as text with a true minus, "" for none.

    >>> number(-0.5, 1), number(float("nan"))
    ('−0.5', '')
    """
    return "" if math.isnan(value) else f"{value:{sign}.{digits}f}".replace("-", "−")


def paragraph(text: str) -> list[str]:
    """The lines of a paragraph, and an empty one."""
    return [*textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False), ""]


def question_state(name: str, records: Sequence[Record]) -> str:
    """A question's contrast, scope, pairs and estimate so far, and what runs the rest or bars it.

    records: all there are. Raises KeyError for a question that the protocol does not have.

    >>> print(question_state("Q3", []))
    Q3: FPL − CE, ResNet18 by Table 1's recipe, full CIFAR-10: 0 of 5 pairs, open.
      python -m fpl_lib reproduce table2 --models resnet18 --conditions float32 --seeds 1-5
    """
    found = answer(QUESTIONS[name], records)
    state, pairs = asked.finding(found), f"{found.n} of {len(found.question.seeds)} pairs"
    lines = [f"{name}: {state.contrast}, {state.scope}: {pairs}{', open' * bool(found.obstacles)}."]
    lines += [] if found.obstacles else [f"  {state.word}"]
    lines += [f"  {asked.shown(found)}"] if found.interval else []
    commands = question_commands(found.question, table=summary(records))
    rest = commands or map(findings.with_minus, found.obstacles)
    return "\n".join([*lines, *(f"  {line}" for line in rest)])


def secondary_section(records: Sequence[Record]) -> list[str]:
    """Q1's secondary measures in their present state, as the lines of a section.

    >>> secondary_section([])[2]
    'No pair of runs is finished so far (0 of 10).'
    """
    question, table = QUESTIONS["Q1"], secondary(records)
    heading, pairs = ["## Q1 besides accuracy", ""], len(question.seeds)
    if table.empty:
        return [*heading, f"No pair of runs is finished so far (0 of {pairs}).", ""]
    rows = []
    for row in table.itertuples():
        digits = 1 if row.unit in ("images", "") else 3
        means = [number(row.loss, digits), number(row.rival, digits)]
        ends = "" if row.n < 2 else " to ".join(number(x, digits, "+") for x in (row.low, row.high))
        p = "" if math.isnan(row.p) else shown_p(row.p)
        rows.append([row.measure, row.unit, *means, number(row.estimate, digits, "+"), ends, p])
    one, other = name_of(question.loss), name_of(question.rival)
    columns = ["measure", "unit", one, other, difference_of(question.loss, question.rival),
               f"{100 * question.level:.4g} % interval", "p, Holm"]  # fmt: skip
    return [
        *heading,
        *paragraph(
            f"{table['n'].max()} of {pairs} pairs of runs. These measures describe the answer to "
            "Q1 and decide nothing by themselves. Each interval is taken alone; the p-values are "
            "of the eleven counts of test images, adjusted together by Holm's method: the false "
            "positives of each class, and cats and dogs taken for one another. Before any run the "
            "protocol expected the higher negative log-likelihood from FPL."
        ),
        *markdown_table(columns, rows),
        "",
    ]


def reproduction_report(records: Sequence[Record]) -> str:
    """The reproduction report, in the outline that the ML Reproducibility Challenge asks for.

    records: all there are, as `recorded_runs` gives them.

    >>> reproduction_report([]).splitlines()[0]
    '# Reproduction report'
    """
    ledger = verdict_table(records)
    answers = {name: answer(question, records) for name, question in QUESTIONS.items()}
    lines = [
        "# Reproduction report",
        "",
        *paragraph(
            "Written by `python -m fpl_lib report --readme` from the records and from what the "
            "paper prints. [The ledger](README.md) has each claim with its evidence, [the "
            "protocol](../protocol.md) each rule."
        ),
        *_scope(ledger),
        *_methodology(records),
        *_results(ledger, answers),
        *_easy_and_difficult(records),
        *_computing_time(records),
        *not_run(records),
    ]
    return "\n".join(lines)


def _scope(ledger: pd.DataFrame) -> list[str]:
    by_runs = ledger["question"] != ""
    weighed = (ledger["scope"] == PRINTED) & (ledger["verdict"] == OPEN)
    decided = ledger["verdict"].isin([PROVED, REFUTED])
    untestable = ledger["verdict"] == UNTESTABLE
    rest = (~(by_runs | weighed | decided | untestable)).sum()
    return [
        "## Scope of reproducibility",
        "",
        *paragraph(
            "The paper adds a term for the likeliest wrong class to cross-entropy (CE) and "
            "concludes that its loss, FPL, classifies images better. Taken one by one, with their "
            f"hedges, its claims are {len(ledger)}. Formulas, arithmetic on what it prints or "
            f"the data set's files decide {decided.sum()}; {by_runs.sum()} rest on the protocol's "
            f"questions, which runs answer; {weighed.sum()} are differences of two printed "
            f"numbers; {rest} rests on which classes Q1's networks confuse; for "
            f"{untestable.sum()} the paper gives too little to test them."
        ),
    ]


def _methodology(records: Sequence[Record]) -> list[str]:
    devices = Counter(run.header["environment"].get("device", "unknown") for run in records)
    machines = ", ".join(f"{device} ({n})" for device, n in devices.most_common())
    full = [run for run in records if run.done and run.header["data"].get("source") == "cifar10"]
    trials = sum(run.trial for run in full)
    return [
        "## Methodology",
        "",
        *paragraph(
            "The paper comes with neither code nor logs: loss and training were written anew from "
            "its equations and Table 1. CIFAR-10's files are checked by their published MD5 sums. "
            "Losses are compared in pairs of runs that share a seed, with Student's t interval; "
            "each has a learning rate of its own, chosen on held-out training images. Tables 2 and "
            "3 keep the paper's recipes. A result counts only if the network learns (the gate) "
            "and an effect of known direction is found (the control). These rules and the numbers "
            "of pairs were written down before the runs that they govern."
        ),
        *paragraph(
            "Q1's network, schedule, weight decay and number of epochs were chosen with CE alone: "
            "if the setting favours one of the losses, then CE. The rates of the two were tried at "
            "half the number of epochs, and came out the same."
        ),
        *paragraph(
            f"Of {len(records)} records, {len(full) - trials} are of test runs on full CIFAR-10, "
            f"its long tail or (Q6) 10 000 of its images, and {trials} of trials of learning rates "
            "on held-out training images; those on a small excerpt answer no question. "
            f"Made on: {machines or 'nothing yet'}."
        ),
    ]


def _results(ledger: pd.DataFrame, answers: dict[str, Answer]) -> list[str]:
    printed = ledger[(ledger["scope"] == PRINTED) & ledger["low"].notna()]
    beyond = int(((printed["low"] > 0) | (printed["high"] < 0)).sum())
    ahead, counts = comparisons().values(), ledger["verdict"].value_counts()
    return [
        "## Results on the paper's comparison, FPL against CE",
        "",
        *paragraph(
            "Q3 and Q8 rerun settings of the paper, as far as it describes them. Q1 and Q2 ask its "
            "general claim of networks that it does not use."
        ),
        *_table_of(answers[name] for name in AGAINST_CE),
        "",
        *paragraph(
            f"FPL is ahead in {sum(x > 0 for x in ahead)} of the {len(ahead)} comparisons that "
            "Tables 2 and 3 print. How often the authors trained is not said. If each number "
            f"is of a single run, {beyond or 'none'} of the {len(printed)} differences that are "
            "still weighed in this way is larger than seeds alone can make. Formulas, the "
            f"paper's own numbers and the data set's files prove {counts.get(PROVED, 0)} claims "
            f"and refute {counts.get(REFUTED, 0)}."
        ),
        "## Results beyond the paper",
        "",
        *_table_of(found for name, found in answers.items() if name not in AGAINST_CE),
        "",
    ]


def _table_of(answers: Iterable[Answer]) -> list[str]:
    rows = []
    for found in answers:
        question, state = found.question, asked.finding(found)
        gate = number(found.gate, 1)
        control = f"{found.control_n} of {question.control.pairs}"
        if found.control:
            control += f": {number(found.control.estimate, 2, '+')}"
            control += f" (from {number(found.control.low, 2, '+')})"
        rows.append([
            question.name, question.asks, question.scope, state.contrast,
            f"{found.n} of {len(question.seeds)}", asked.shown(found) if found.interval else "",
            gate and f"{gate} (≥ {question.gate:g})", control,
            f"{state.word}: {state.change}" if state.word == OPEN else state.word,
        ])  # fmt: skip
    columns = ["question", "asks about", "setting", "contrast", "pairs", "result", "gate: CE's %",
               "control, pairs", "verdict"]  # fmt: skip
    return markdown_table(columns, rows)


def _easy_and_difficult(records: Sequence[Record]) -> list[str]:
    figure, totals = paper.figure1(), paper.table2().set_index(["model", "loss"])["total"]
    true = -math.log(figure.probabilities[figure.true])
    false = -math.log(1 - figure.probabilities[figure.false])
    right = 100 - totals / 100
    kinds = paper.contradictions()["kind"].value_counts()
    words = {"number": "numbers", "formula": "formulas", "reference": "references"}
    ours = [run.result["top1"] for run in asked.QUESTIONS["Q3"].column(records)
            if run.header["loss"] == "ce"]  # fmt: skip
    said = (
        f" By Table 1's recipe and torchvision's stem our ResNet18 with CE ends at "
        f"{np.mean(ours):.1f} % (runs: {len(ours)}), where Table 2's errors make "
        f"{right['resnet18', 'ce']:.1f} %."
        if ours
        else ""
    )
    return [
        "## What was easy",
        "",
        *paragraph(
            "The loss: its equations are complete and fit into one function. By them the sample of "
            f"Figure 1 costs {true:.4f} + {false:.4f} = {true + false:.4f} with unit weights. And "
            "the reading of Table 2: each wrong answer is one false positive, so that a total is a "
            f"number of errors, and {totals['resnet18', 'fpl']} of 10 000 is an accuracy of "
            f"{right['resnet18', 'fpl']:.2f} %."
        ),
        "## What was difficult",
        "",
        *paragraph(
            "For Table 2 the paper names neither stem nor initial weights nor augmentation; it "
            "does not say how many runs are behind any number; and in "
            f"{len(paper.contradictions())} places it contradicts itself ("
            + ", ".join(f"{n} in {words.get(kind, kind)}" for kind, n in kinds.items())
            + f").{said}"
        ),
    ]


def _computing_time(records: Sequence[Record]) -> list[str]:
    runs = Counter(run.header["experiment"] for run in records)
    hours = Counter()
    for run in records:
        hours[run.header["experiment"]] += sum(row["seconds"] for row in run.epochs) / 3600
    each = ", ".join(f"`{name}` {number(hours[name], 1)} ({runs[name]})" for name in runs)
    return [
        "## Computing time",
        "",
        *paragraph(
            f"{number(sum(hours.values()), 1)} hours in all, the sum of the epochs' seconds in "
            f"{len(records)} records; often two runs went side by side on a machine that did other "
            f"work besides. By experiment, in hours (records): {each or 'none yet'}."
        ),
    ]


def not_run(records: Sequence[Record]) -> list[str]:
    """What is missing of each experiment, with the command that runs it, as a section's lines."""
    table, lines = summary(records), []
    for experiment in EXPERIMENTS:
        ours = [one for one in QUESTIONS.values() if one.experiment == experiment]
        if commands := question_commands(*ours, table=table):
            names = ", ".join(question.name for question in ours)
            lines.append(f"- {names}: {' and '.join(f'`{command}`' for command in commands)}")
        commands = unasked_commands(experiment, table)
        lines += [f"- without a question: `{command}`" for command in commands]
    said = "What is missing, with the command that runs it:" if lines else "Nothing is missing."
    return ["## What has not been run", "", said, "", *lines, ""]
