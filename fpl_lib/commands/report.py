"""What the records say: tables as Markdown and CSV, figures as PNG, from `data/runs` alone."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import by_setting, difference_table
from fpl_lib.evidence.overview import missing_command, requested_command, summary
from fpl_lib.evidence.pages import markdown_table, number
from fpl_lib.evidence.records import Record, read_runs, results_table
from fpl_lib.evidence.verdicts import verdict_table
from fpl_lib.plots import records as figures


def to_markdown(records: Sequence[Record]) -> str:
    """All tables as Markdown: the verdicts, then each experiment's runs and differences to CE.

    >>> "not run yet" in to_markdown([])
    True
    """
    text = ["# Report", "", "## Verdicts", "", *_markdown_verdicts(verdict_table(records)), ""]
    differences = difference_table(records)
    for name, rows in summary(records).groupby("experiment", sort=False):
        about = (
            EXPERIMENTS[name].about if name in EXPERIMENTS else "runs of `python -m fpl_lib train`"
        )
        text += [f"## {name}", "", f"{about}.", "", *_run_table(rows), ""]
        if name in EXPERIMENTS:
            first, later = missing_command(rows), requested_command(rows)
            text += [f"Not run yet: `{first}`.", ""] if first else []
            text += [f"On request: `{later}`.", ""] if later else []
        paired = differences[differences["experiment"] == name]
        if len(paired):
            text += [*_difference_table(paired), ""]
    return "\n".join(text)


def _markdown_verdicts(table: pd.DataFrame) -> list[str]:
    columns = ["claim", "section", "verdict", "question", "estimate", "interval", "level",
               "rests on", "why", "what would change it"]  # fmt: skip
    rows = [
        [
            row.claim, row.section, row.words, row.question,
            " ".join(filter(None, (number(row.estimate), row.unit))),
            f"{number(row.low)} to {number(row.high)}" if not math.isnan(row.low) else "",
            f"{100 * row.level:.4g} %" if not math.isnan(row.low) else "",
            row.basis, row.why, row.change,
        ]
        for row in table.itertuples()
    ]  # fmt: skip
    return markdown_table(columns, rows)


def _run_table(table: pd.DataFrame) -> list[str]:
    columns = ["network", "condition", "loss", "recipe", "runs", "top-1 %", "paper's", "top-5 %",
               "errors", "data", "device"]  # fmt: skip
    rows = []
    for row in _losses_joined(table).itertuples():
        runs = "1 seed" if row.n == 1 else f"{row.n} seeds"
        spread = f" ± {row.top1_sd:.2f}" if row.n > 1 else ""
        rows.append(
            [row.model, row.condition, row.loss, row.recipe,
             runs if row.n else row.begun or "not run yet",
             number(row.top1_mean) + spread, number(row.printed), number(row.top5_mean),
             number(row.errors_mean, 1), row.source if row.n else "", row.device if row.n else ""]
        )  # fmt: skip
    return markdown_table(columns, rows)


def _losses_joined(table: pd.DataFrame) -> pd.DataFrame:
    """One row for all losses of a setting that wait for their runs and have no printed number."""
    waits = (table["n"] == 0) & (table["begun"] == "") & table["printed"].isna()
    table = table.copy()
    for _, rows in table[waits].groupby(["model", "condition"], sort=False):
        table.loc[rows.index, "loss"] = ", ".join(rows["loss"])
    return table.drop_duplicates(["model", "condition", "loss", "recipe", "source"])


def _difference_table(table: pd.DataFrame) -> list[str]:
    columns = ["network", "condition", "difference", "pairs", "points of top-1", "95 % interval",
               "sd", "p (sign flip)"]  # fmt: skip
    rows = [
        [
            row.model, row.condition, f"{row.loss} − ce", str(row.n), number(row.estimate, 2, "+"),
            f"{number(row.low, 2, '+')} to {number(row.high, 2, '+')}" if row.n > 1 else "",
            number(row.sd), number(row.p, 3),
        ]
        for row in table.itertuples()
    ]  # fmt: skip
    return markdown_table(columns, rows)


def report(runs: str | os.PathLike, to: str | os.PathLike | None = None) -> str:
    """The report on all records below `runs`, as Markdown; with `to`, files are written there too.

    Files: report.md, and as CSV results (a row a finished run), summary, differences and verdicts;
    as PNG the differences to CE of each experiment, and for each setting accuracy over epochs,
    false positives and confusion. Raises FileNotFoundError if there is no folder `runs`,
    RecordError for a record that does not hold together.
    """
    records = read_runs(runs)
    text = to_markdown(records)
    if to is not None:
        to = Path(to)
        to.mkdir(parents=True, exist_ok=True)
        tables = {
            "results": results_table(records), "summary": summary(records),
            "differences": difference_table(records).drop(columns="config"),
            "verdicts": verdict_table(records),
        }  # fmt: skip
        for name, table in tables.items():
            table.to_csv(to / f"{name}.csv", index=False)
        text += _write_figures(records, to)
        (to / "report.md").write_text(text, encoding="utf-8")
    return text


def _write_figures(records: Sequence[Record], to: Path) -> str:
    text = ""
    for name in dict.fromkeys(record.header["experiment"] for record in records):
        ours = [record for record in records if record.header["experiment"] == name]
        if len(difference_table(ours)):
            text += _save(figures.loss_differences(ours), to, f"{name}-differences")
    names: dict[str, int] = {}
    for setting, ours in by_setting(records).items():
        stem = "-".join(filter(None, (setting.experiment, setting.model, setting.condition)))
        names[stem] = names.get(stem, 0) + 1
        stem += f"-{names[stem]}" if names[stem] > 1 else ""  # another recipe, or other images
        losses = list(dict.fromkeys(run.header["loss"] for run in ours))
        drawn = [loss for loss in losses if loss in ("fpl", "ce")] or losses
        if any(run.epochs and run.header["loss"] in drawn for run in ours):
            curves = figures.accuracy_over_epochs(ours, drawn)
            text += _save(curves, to, f"{stem}-accuracy")
        done = {run.header["loss"] for run in ours if run.done}
        if done & set(drawn):
            text += _save(figures.false_positive_map(ours, drawn), to, f"{stem}-false-positives")
        if {"fpl", "ce"} <= done:
            text += _save(figures.confusion_map(ours), to, f"{stem}-confusion")
    return text


def _save(drawing, to: Path, name: str) -> str:
    import matplotlib.pyplot as plt

    figure, alt = drawing
    figure.savefig(to / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    return f"\n![{alt}]({name}.png)\n"
