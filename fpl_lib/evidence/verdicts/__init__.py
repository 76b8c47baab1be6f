"""A verdict on each claim of the paper, computed from proofs, the printed numbers and the runs.

No verdict is written down by hand: each claim has a rule (`claims`), and a rule asks the formulas
(`formulas`), what the paper prints (`printed`), or one of the protocol's questions (`asked`). New
records change the verdicts that rest on records, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fpl_lib import paper
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts.asked import finding
from fpl_lib.evidence.verdicts.claims import RULES
from fpl_lib.evidence.verdicts.findings import VERDICTS, Finding

__all__ = ["VERDICTS", "Finding", "finding", "verdict_on", "verdict_table"]


def verdict_on(claim: str, records: Sequence[Record]) -> Finding:
    """The finding on one claim, by its id in `data/paper/claims.csv`.

    Raises ValueError for an id that no claim has.

    >>> found = verdict_on("top1-gain-text", [])
    >>> found.verdict, found.why
    ('refuted', 'Table 3 gives 95.25 − 94.93 = 0.32 points.')
    """
    if claim not in RULES:
        raise ValueError(f"claim: expected one of {', '.join(RULES)}; got {claim!r}.")
    return RULES[claim](records)


def verdict_table(records: Sequence[Record]) -> pd.DataFrame:
    """The ledger: a row per claim, by section, with its verdict and all that it rests on.

    records: all there are, as `read_runs` gives them; an empty list leaves what needs none.
    Columns: id, section, claim, printed, notebook; the fields of `Finding`, and `words`. Source:
    `data/paper/claims.csv`.

    >>> table = verdict_table([]).set_index("id")
    >>> table.loc["scratch-top1", "verdict"], table.loc["beats-ce", "question"]
    ('open', 'Q1')
    """
    claims = paper.claims().reset_index()[["id", "section", "claim", "printed", "notebook"]]
    found = [verdict_on(claim, records) for claim in claims["id"]]
    ledger = pd.DataFrame(
        [{**vars(one), "words": one.words, "interval": one.interval} for one in found]
    )
    return pd.concat([claims, ledger], axis=1)
