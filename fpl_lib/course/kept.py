"""What a student guessed: kept in a small file beside the notebooks, for a later one to recall.

Nothing is sent anywhere. Where the folder cannot be written, a guess lasts as long as the kernel.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fpl_lib import paper
from fpl_lib._files import write_atomically
from fpl_lib.plots.style import in_ipython, publish, widget_view
from fpl_lib.plots.tables import show_table

FILE = "my_guesses.json"
DRAWERS = ("I expect this to hold", "I doubt it", "I cannot tell what was measured")
_since_start: dict[str, str] = {}


def keep(name: str, said: str) -> None:
    """Remember what was said to a question or a claim, in `my_guesses.json` if possible."""
    _since_start[name] = said
    try:
        text = json.dumps(guesses(), ensure_ascii=False, indent=1)
        write_atomically(Path(FILE), text.encode("utf-8"))
    except OSError:  # a folder that may only be read
        pass


def guesses() -> dict[str, str]:
    """What was said so far, by the name of the question or claim; a spoilt file counts as none."""
    try:
        found = json.loads(Path(FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    kept = found.items() if isinstance(found, dict) else ()
    return {name: said for name, said in kept if isinstance(said, str)} | _since_start


def sort_claims() -> None:
    """Show three drawers for each of the paper's claims, and keep into which a student puts it.

    Without a kernel only a line is shown.

    >>> sort_claims()
    47 claims to sort: I expect this to hold · I doubt it · I cannot tell what was measured
    """
    claims = paper.claims()["claim"]
    line = f"{len(claims)} claims to sort: {' · '.join(DRAWERS)}"
    data: dict[str, Any] = {"text/plain": line, "text/html": f"<p>{line}</p>"}
    if in_ipython():
        data |= widget_view(_chest(claims.to_dict()))
    publish(data)


def _chest(claims: Mapping[str, str]) -> Any:
    """A row of three buttons below each claim, pressed where it was put before."""
    import ipywidgets as widgets

    rows, before = [], guesses()
    for name, claim in claims.items():
        said = before.get(name)
        buttons = widgets.ToggleButtons(
            options=DRAWERS, value=said if said in DRAWERS else None, style={"button_width": "auto"}
        )
        buttons.observe(lambda change, name=name: keep(name, change["new"]), names="value")
        rows += [widgets.HTML(html.escape(claim)), buttons]
    return widgets.VBox(rows, layout=widgets.Layout(max_height="30em", overflow="auto"))


def open_drawers(verdicts: Mapping[str, str]) -> None:
    """Show what lies in each drawer beside what became of it, and what was never put into one.

    verdicts: a word for each claim's id, e.g. the ledger's `words`.

    >>> open_drawers({"beats-ce": "open"})
    No claim lies in a drawer yet: notebook 00's `sort_claims()` is where they are put.
    """
    claims, said = paper.claims()["claim"], guesses()
    rows = [
        (drawer, claims[name], verdict)
        for drawer in DRAWERS
        for name, verdict in verdicts.items()
        if said.get(name) == drawer
    ]
    if not rows:
        line = "No claim lies in a drawer yet: notebook 00's `sort_claims()` is where they are put."
        publish({"text/plain": line, "text/html": f"<p>{html.escape(line)}</p>"})
        return
    frame = pd.DataFrame(rows, columns=["you said", "claim", "verdict"])
    show_table(frame, caption=f"Your drawers: {len(rows)} of {len(verdicts)} claims")
