"""README's verdicts and sentences on speed, and the pages behind them: never written by hand."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fpl_lib.commands.bench import figure, page
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.pages import (
    markdown_table,
    reproduction_report,
    secondary_section,
)
from fpl_lib.evidence.records import Record, read_runs
from fpl_lib.evidence.verdicts import VERDICTS, Finding, verdict_on, verdict_table

BEGIN, END = "<!-- verdicts -->", "<!-- /verdicts -->"
SPEED = ("<!-- speed -->", "<!-- /speed -->")

CLAIMS = {
    "conclusion-beats-ce": "FPL performs better than cross-entropy (CE) in classifying images",
    "resnet18-fp": "ResNet18: 5 fewer false positives than with CE (Table 2)",
    "scratch-top1": "ResNet50 from scratch: 0.32 points better than CE (Table 3)",
    "top1-gain-text": "… and the text makes it 0.68 points",
    "imbalance-improved": "An improved loss was found (taken: FPL with Eq. 4, beside focal loss)",
    "alpha-favourable": "Eq. 4's weights gave favourable results all the same",
    "noise-robust": "A loss that resists label noise (a section's title suggests it)",
    "ce-ignores-false-class": "CE takes no account of the wrong classes' probabilities",
    "full-adaptability": "FPL can be reformulated with other losses' formulas",
    "learned-alpha": "“We think tuning α or learning it” leads to better results",
}
"""What README opens with, by ids in `data/paper/claims.csv`; no two rest on one question."""


def rests_on(finding: Finding) -> str:
    """In a line, what a verdict stands on.

    >>> rests_on(verdict_on("scratch-top1", []))[:46]
    'if single runs: FPL − CE = +0.32 points of top'
    """
    if not finding.interval:
        return re.split(r"(?<=\.) (?=[A-Z])", finding.why)[0].rstrip(".")
    return ("" if finding.question else "if single runs: ") + finding.interval


def verdict_block(records: Sequence[Record]) -> str:
    """README's table with its markers."""
    findings = {claim: verdict_on(claim, records) for claim in CLAIMS}
    rows = [
        [said, f"**{findings[claim].words}**", rests_on(findings[claim])]
        for claim, said in CLAIMS.items()
    ]
    table = markdown_table(["the paper says", "verdict", "what it rests on"], rows)
    counts = verdict_counts(verdict_table(records))
    more = f"{counts}: [the ledger](data/runs/README.md) has each with its evidence."
    return "\n".join([BEGIN, *table, "", more, END])


def verdict_counts(table: pd.DataFrame) -> str:
    """How many claims there are, and how many have which verdict, in a line."""
    found = table["verdict"].value_counts()
    counts = ", ".join(f"{found[word]} {word}" for word in VERDICTS if word in found)
    return f"All {len(table)} claims ({counts})"


LEDGER = """\
# What the paper claims, and what became of it

Written by `python -m fpl_lib report --readme` from the records in this folder and never by hand.
Claims are by section and in our words, with the paper's hedges. A *question* is one of
[data/protocol.md](../protocol.md), which laid down before the runs what counts as an answer; claims
with the same question rest on one and the same estimate. *n* counts pairs of runs that share a
seed; where two printed numbers are compared, each as if it came from one run, it is 1.
The [reproduction report](REPRODUCTION.md) sums up.
"""


def ledger(records: Sequence[Record]) -> str:
    """The page `data/runs/README.md`: each claim with all that its verdict rests on; the runs.

    records: all there are, as `read_runs` gives them.
    """
    table = verdict_table(records)
    done = Counter((run.header["experiment"], run.trial) for run in records if run.done)
    runs = [
        [f"`{name}`", plan.about, str(done[name, False]), str(done[name, True] or "")]
        for name, plan in EXPERIMENTS.items()
        if done[name, False] or done[name, True]
    ]
    lines = [
        LEDGER, f"{verdict_counts(table)}:", "", *ledger_table(table), "",
        *secondary_section(records), "## The runs", "",
        "One file per run, `EXPERIMENT/MODEL-LOSS[-CONDITION]-SEED.jsonl`: configuration, data,",
        "one line per epoch, result.", "",
        *markdown_table(["experiment", "what it is", "runs", "trials of rates"], runs), "",
    ]  # fmt: skip
    return "\n".join(lines)


def ledger_table(table: pd.DataFrame) -> list[str]:
    """The lines of the ledger's table, from rows of `verdict_table`."""
    columns = ["section", "claim", "verdict", "question", "n", "interval", "evidence",
               "what would change it"]  # fmt: skip
    rows = [
        [
            row.section, row.claim, f"**{row.words}**", row.question,
            str(row.n) if row.n or row.question else "", row.interval,
            f"{row.basis}: {row.why}", row.change,
        ]
        for row in table.itertuples()
    ]  # fmt: skip
    return markdown_table(columns, rows)


def replaced(text: str, block: str, markers: tuple[str, str]) -> str:
    """`text` with what stands between two markers, and they, exchanged for `block`.

    Raises ValueError unless each marker is there once, in order.
    """
    begin, end = markers
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"expected one {begin} and after it one {end} in README.md")
    before, rest = text.split(begin)
    return before + block + rest.split(end)[1]


def update_readme(runs: str | os.PathLike, readme: str | os.PathLike) -> bool:
    """Make README and the pages behind it anew; whether any changed.

    Pages: in `runs` README.md, the ledger, and REPRODUCTION.md, the reproduction report; in the
    folder `bench` beside it, if there, its pages, with figures where they changed or lack.
    """
    readme, bench = Path(readme), Path(runs).parent / "bench"
    records = read_runs(runs)
    text = replaced(readme.read_text(encoding="utf-8"), verdict_block(records), (BEGIN, END))
    pages = {
        Path(runs) / "README.md": ledger(records),
        Path(runs) / "REPRODUCTION.md": reproduction_report(records),
    }
    if bench.is_dir():
        text = replaced(text, f"{SPEED[0]}\n{page.in_three_sentences(bench)}\n{SPEED[1]}", SPEED)
        pages |= page.pages(bench)
    stale = {
        path: new
        for path, new in {readme: text, **pages}.items()
        if not path.exists() or path.read_text(encoding="utf-8") != new
    }
    for path, new in stale.items():
        path.write_text(new, encoding="utf-8", newline="\n")
    if bench / "README.md" in stale or not any(bench.glob("growth-*.png")):
        figure.draw(bench)
    return bool(stale)
