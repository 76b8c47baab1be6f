"""A verdict on each claim of the paper, computed from the records, the printed numbers and proofs.

No verdict is written down by hand: `verdicts` asks each claim's rule (`rules.py`), and a rule looks
at records (`measured.py`, `families.py`), at what the paper prints (`printed.py`), or at the
formulas (`gradients.py`, `forms.py`). New records change the verdicts that rest on records, nothing
else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from fpl_lib import paper
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.finding import (
    CONTRADICTED,
    INDISTINGUISHABLE,
    NOT_RUN,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    Finding,
)
from fpl_lib.evidence.verdicts.rules import RULES

__all__ = [
    "CONTRADICTED",
    "INDISTINGUISHABLE",
    "NOT_RUN",
    "SUPPORTED",
    "UNTESTABLE",
    "VERDICTS",
    "Finding",
    "verdict_on",
    "verdict_table",
]


def verdict_on(claim: str, records: Sequence[Record]) -> Finding:
    """The finding on one claim, by its id in `data/paper/claims.csv`.

    Raises ValueError for an id that is no claim's.

    >>> found = verdict_on("top1-gain-text", [])
    >>> found.verdict, found.why
    ('contradicted', 'Table 3 gives 95.25 − 94.93 = 0.32 points.')
    """
    if claim not in RULES:
        raise ValueError(f"unknown claim {claim!r}: expected one of {', '.join(RULES)}")
    return RULES[claim](records)


def verdict_table(records: Sequence[Record]) -> pd.DataFrame:
    """A row a claim, in the paper's order: id, section, verdict, and what it rests on.

    records: all there are, as `runs.read_runs` gives them; an empty list leaves what needs none.
    Columns: id, section, claim, printed, notebook; verdict (one of `VERDICTS`); n (pairs of seeds),
    estimate, low, high (95 % interval), unit, seeds_needed (to settle an open comparison with 80 %
    power), scope (what it is evidence of), basis, why, contrast (what is compared). Source:
    `data/paper/claims.csv`.

    >>> table = verdict_table([])
    >>> len(table), table.loc[0, "id"], table.loc[0, "verdict"]
    (44, 'scratch-top1', 'indistinguishable at this n')
    """
    claims = paper.claims().reset_index()[["id", "section", "claim", "printed", "notebook"]]
    found = pd.DataFrame([asdict(verdict_on(claim, records)) for claim in claims["id"]])
    return pd.concat([claims, found], axis=1)
