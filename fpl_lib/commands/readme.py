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
from fpl_lib.evidence.verdicts import INDISTINGUISHABLE, NOT_RUN, Finding, verdict_on
from fpl_lib.evidence.verdicts.finding import MINI

BEGIN, END = "<!-- verdicts -->", "<!-- /verdicts -->"
SPEED = ("<!-- speed -->", "<!-- /speed -->")

CLAIMS = {
    "conclusion-beats-ce": "FPL beats cross-entropy (CE) in classifying images",
    "scratch-top1": "ResNet50 from scratch: 0.32 points better with FPL (Table 3)",
    "top1-gain-text": "… and the text makes it 0.68 points",
    "efficientnet-fp": "EfficientNetV2: 39 false positives fewer (Table 2)",
    "fewer-fp": "Changing CE into FPL lowers the number of false positives",
    "imbalance-improved": "FPL improves on focal loss and others under class imbalance",
    "label-noise": "FPL serves where labels are noisy",
    "second-maximum": "CE does not push the strongest wrong class down",
    "full-adaptability": "Any common loss is a form of FPL",
    "learned-alpha": "Learning the weights α improves the results",
}
"""The claims that README opens with, in our words, by their ids in `data/paper/claims.csv`."""


def rests_on(finding: Finding) -> str:
    """In a line, what a verdict stands on.

    >>> rests_on(verdict_on("scratch-top1", []))[:51]
    'single runs, n = 1: FPL − CE = +0.32 points of top-'
    """
    if finding.verdict == NOT_RUN:
        return f"nothing yet: {finding.basis}"
    if math.isnan(finding.low):
        return re.split(r"(?<=\.) (?=[A-Z])", finding.why)[0].rstrip(".")
    digits = 2 if finding.unit != "false positives" else 1 if finding.n > 1 else 0
    estimate, low, high = (
        number(value, digits, "+") for value in (finding.estimate, finding.low, finding.high)
    )
    runs = "single runs, n = 1" if finding.n == 1 else f"n = {finding.n} seeds"
    runs += f", {finding.scope}" if finding.n > 1 else ""
    text = f"{runs}: {finding.contrast} = {estimate} {finding.unit}, 95 % {low} to {high}"
    if finding.verdict == INDISTINGUISHABLE and not math.isnan(finding.seeds_needed):
        text += f"; {finding.seeds_needed:.0f} seeds would show it"
    return text


def verdict_block(records: Sequence[Record]) -> str:
    """README's table with its markers."""
    findings = {claim: verdict_on(claim, records) for claim in CLAIMS}
    rows = [
        [said, f"**{findings[claim].verdict}**", rests_on(findings[claim])]
        for claim, said in CLAIMS.items()
    ]
    table = markdown_table(["the paper claims", "verdict", "what it rests on"], rows)
    small = any(finding.scope == MINI for finding in findings.values())
    note = (
        ["", f"What {MINI} shows, it shows of that setting; it decides no printed number."]
        if small
        else []
    )
    return "\n".join([BEGIN, *table, *note, END])


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
