"""README's table of verdicts, made from the records between two markers and never by hand."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from fpl_lib.commands.bench.command import readme_table
from fpl_lib.commands.report import markdown_table, number
from fpl_lib.evidence.records import Record, read_runs
from fpl_lib.evidence.verdicts import Finding, verdict_on

BEGIN, END = "<!-- verdicts -->", "<!-- /verdicts -->"
SPEED = ("<!-- speed -->", "<!-- /speed -->")

CLAIMS = {
    "conclusion-beats-ce": "FPL performs better than cross-entropy (CE) in classifying images",
    "resnet18-fp": "ResNet18: 5 false positives fewer than with CE (Table 2)",
    "scratch-top1": "ResNet50 from scratch: 0.32 points better than CE (Table 3)",
    "top1-gain-text": "… and the text makes it 0.68 points",
    "imbalance-improved": "Under class imbalance, an improvement on focal loss",
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
    'single runs: FPL − CE = +0.32 points of top-1,'
    """
    if math.isnan(finding.low):
        return re.split(r"(?<=\.) (?=[A-Z])", finding.why)[0].rstrip(".")
    digits = 0 if finding.unit == "false positives" else 2
    estimate, low, high = (
        number(value, digits, "+") for value in (finding.estimate, finding.low, finding.high)
    )
    runs = f"n = {finding.n}" if finding.question else "single runs"
    return (
        f"{runs}: {finding.contrast} = {estimate} {finding.unit}, {100 * finding.level:.4g} % "
        f"{low} to {high}"
    )


def verdict_block(records: Sequence[Record]) -> str:
    """README's table with its markers."""
    findings = {claim: verdict_on(claim, records) for claim in CLAIMS}
    rows = [
        [said, f"**{findings[claim].words}**", rests_on(findings[claim])]
        for claim, said in CLAIMS.items()
    ]
    table = markdown_table(["the paper says", "verdict", "what it rests on"], rows)
    return "\n".join([BEGIN, *table, END])


def with_verdicts(text: str, records: Sequence[Record]) -> str:
    """README's text with the table of verdicts made anew; ValueError as in `replaced`."""
    return replaced(text, verdict_block(records), (BEGIN, END))


def replaced(text: str, block: str, markers: tuple[str, str]) -> str:
    """`text` with what stands between two markers, and they, exchanged for `block`.

    Raises ValueError unless each marker is there once, in order.
    """
    begin, end = markers
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"expected one {begin} and after it one {end} in README.md")
    before, rest = text.split(begin)
    return before + block + rest.split(end)[1]


def with_speed(text: str, folder: str | os.PathLike) -> str:
    """README's text with the table of speed made anew from what `bench` wrote into `folder`."""
    return replaced(text, f"{SPEED[0]}\n{readme_table(folder)}{SPEED[1]}", SPEED)


def update_readme(runs: str | os.PathLike, readme: str | os.PathLike) -> bool:
    """Make README's tables anew, from `runs` and `bench` beside it; whether any changed."""
    readme = Path(readme)
    old = readme.read_text(encoding="utf-8")
    new = with_verdicts(old, read_runs(runs))
    if SPEED[0] in new:
        new = with_speed(new, Path(runs).parent / "bench")
    if new != old:
        readme.write_text(new, encoding="utf-8", newline="\n")
    return new != old
