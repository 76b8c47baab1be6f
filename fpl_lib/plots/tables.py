"""A table as a notebook shows it: words to the left, numbers to the right, a caption above."""

from __future__ import annotations

import html
import re

import pandas as pd
from pandas.api.types import is_numeric_dtype

from fpl_lib.plots.style import publish

NUMBER = re.compile(r"(?!0\d)[+−-]?\d[\d ,]*(\.\d+)?( ?%)?|")  # no label such as "07"; or nothing


def show_table(frame: pd.DataFrame, *, caption: str, decimals: int = 2) -> None:
    """Show a data frame's columns (its index is left out) under a caption.

    Floats get `decimals` decimal places, missing values an empty cell; a column of numbers, also
    of numbers in words such as "+0.25" or "12 %", stands to the right. A notebook shows an HTML
    table whose headers a screen reader finds; elsewhere the table is printed as plain text.

    Raises TypeError if `frame` is no data frame, ValueError if it has no rows.

    >>> top1 = pd.DataFrame({"loss": ["CE", "FPL"], "top-1": [94.93, 95.25]})
    >>> show_table(top1, caption="One run each")
    One run each
      loss  top-1
      CE    94.93
      FPL   95.25
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"expected a pandas DataFrame, got {type(frame).__name__}")
    if frame.empty:
        raise ValueError("the table has no rows: there is nothing to show")
    head = [str(name) for name in frame.columns]
    body = frame.map(lambda value: _text(value, decimals)).to_numpy().tolist()
    numeric = [
        is_numeric_dtype(kind) or all(map(NUMBER.fullmatch, column))
        for kind, column in zip(frame.dtypes, zip(*body, strict=True), strict=True)
    ]
    plain = "\n".join([caption, *_columns([head, *body], numeric)])
    publish({"text/plain": plain, "text/html": _html(caption, head, body, numeric)})


def show_ledger(ledger: pd.DataFrame, *, caption: str) -> None:
    """Show claims with their verdicts, evidence and what would change them, a row per claim.

    ledger: rows of `evidence.verdict_table`. Raises as `show_table` does.

    >>> from fpl_lib.evidence import verdict_table
    >>> show_ledger(verdict_table([]).query("id == 'top1-gain-text'"), caption="One claim")
    One claim
      section  claim  ...
          3.4  ...  refuted (the paper's printed numbers)  Table 3 gives 95.25 − 94.93 = ...
    """
    rows = []
    for r in ledger.itertuples():
        rows.append((r.section, r.claim, r.words, r.interval, r.why, r.change))
    names = ["section", "claim", "verdict", "estimate (interval), level", "evidence"]
    frame = pd.DataFrame(rows, columns=[*names, "what would change it"])
    show_table(frame.loc[:, (frame != "").any()], caption=caption)


def _columns(rows: list[list[str]], numeric: list[bool]) -> list[str]:
    """The rows as lines of plain text, column below column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = [str.rjust if number else str.ljust for number in numeric]
    lines = []
    for row in rows:
        cells = [side(*pair) for side, *pair in zip(sides, row, widths, strict=True)]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return lines


def _html(caption: str, head: list[str], body: list[list[str]], numeric: list[bool]) -> str:
    top = _row(head, numeric, 'th scope="col"')
    rows = "".join(_row(row, numeric, "td") for row in body)
    title = f'<caption style="text-align:left;white-space:nowrap">{html.escape(caption)}</caption>'
    return f"<table>{title}<thead>{top}</thead><tbody>{rows}</tbody></table>"


def _row(values: list[str], numeric: list[bool], tag: str) -> str:
    cells = (
        f'<{tag} style="text-align:{"right" if number else "left"}">{html.escape(value)}'
        f"</{tag.split()[0]}>"
        for value, number in zip(values, numeric, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: object, decimals: int) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
