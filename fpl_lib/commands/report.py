"""What the records say: tables as Markdown and CSV, figures as PNG, from `data/runs` alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fpl_lib.commands.readme import ledger_table
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import LEAST_SEEDS, by_setting, compare, difference_table
from fpl_lib.evidence.overview import summary
from fpl_lib.evidence.pages import markdown_table, not_run, number
from fpl_lib.evidence.records import Record, read_runs
from fpl_lib.evidence.verdicts import verdict_table
from fpl_lib.plots import records as figures


def to_markdown(records: Sequence[Record]) -> str:
    """All tables as Markdown: the verdicts, then each experiment's runs and differences to CE.

    >>> "has not been run" in to_markdown([])
    True
    """
    text = ["# Report", "", "## Verdicts", "", *ledger_table(verdict_table(records)), ""]
    differences = difference_table(records)
    for name, rows in summary(records).groupby("experiment", sort=False):
        about = (
            EXPERIMENTS[name].about if name in EXPERIMENTS else "runs of `python -m fpl_lib train`"
        )
        text += [f"## {name}", "", f"{about}.", "", *_run_table(rows), ""]
        paired = differences[differences["experiment"] == name]
        if len(paired):
            text += [*_difference_table(paired), ""]
    text += not_run(records)
    return "\n".join(text)


def _run_table(table: pd.DataFrame) -> list[str]:
    columns = ["network", "condition", "loss", "recipe", "runs", "top-1 %", "paper's", "top-5 %",
               "errors", "data", "device"]  # fmt: skip
    rows = []
    for row in table.itertuples():
        runs = "1 seed" if row.n == 1 else f"{row.n} seeds"
        spread = f" ± {row.top1_sd:.2f}" if row.n > 1 else ""
        rows.append(
            [row.model, row.condition, row.loss, row.recipe,
             runs if row.n else row.begun,
             number(row.top1_mean) + spread, number(row.printed), number(row.top5_mean),
             number(row.errors_mean, 1), row.source, row.device]
        )  # fmt: skip
    return markdown_table(columns, rows)


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

    Files: report.md, and as CSV results (a row a finished run, with all that its record's header
    and result say), summary, differences and verdicts; as PNG for each setting accuracy over
    epochs, false positives, confusion and differences to CE. Raises FileNotFoundError if there is
    no folder `runs`, RecordError for a record that does not hold together.
    """
    records = read_runs(runs)
    text = to_markdown(records)
    if to is not None:
        to = Path(to)
        to.mkdir(parents=True, exist_ok=True)
        done = [{**run.header, "result": run.result} for run in records if run.done]
        tables = {
            "results": pd.json_normalize(done), "summary": summary(records),
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
        if (difference_table(ours)["n"] >= LEAST_SEEDS).any():
            drawing = figures.comparison_plot(compare(ours), where=setting.label)
            text += _save(drawing, to, f"{stem}-differences")
    return text


def _save(drawing, to: Path, name: str) -> str:
    import matplotlib.pyplot as plt

    figure, alt = drawing
    figure.savefig(to / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    return f"\n![{alt}]({name}.png)\n"
