"""What the records say: tables as Markdown and CSV, figures as PNG, from `data/runs` alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from . import paper, record_plots
from .experiments import EXPERIMENTS
from .runs import Record, read_runs, results_table

GROUP = ["experiment", "model", "loss"]


def summary(records: Sequence[Record]) -> pd.DataFrame:
    """A row for each model and loss of each experiment, those not run yet included.

    Columns: experiment, model, loss, n (finished seeds), top1_mean, top1_sd, top5_mean (percent;
    the deviation is the sample's, NaN for one seed), errors_mean, data, device. Runs on
    different data are never averaged: each kind of data has a row of its own.
    """
    done = results_table(list(records))
    groups = done.groupby([*GROUP, "source"], sort=False)
    rows = groups.agg(
        n=("seed", "size"), top1_mean=("top1", "mean"), top1_sd=("top1", "std"),
        top5_mean=("top5", "mean"), errors_mean=("errors", "mean"),
        device=("device", lambda names: ", ".join(sorted(set(names)))),
    ).reset_index()  # fmt: skip
    planned = pd.DataFrame(
        [
            (plan.name, model, loss)
            for plan in EXPERIMENTS.values()
            for model in plan.models
            for loss in plan.losses
        ],
        columns=GROUP,
    )
    table = planned.merge(rows, on=GROUP, how="outer", sort=False)
    table["n"] = table["n"].fillna(0).astype(int)
    order = {name: place for place, name in enumerate(EXPERIMENTS)}
    table["place"] = table["experiment"].map(order).fillna(len(order))
    table = table.sort_values(
        ["place", "model", "loss"], ascending=[True, False, False], kind="stable"
    )
    return table.drop(columns="place").reset_index(drop=True)


def to_markdown(records: Sequence[Record]) -> str:
    """The summary as Markdown: a heading and a table an experiment, with the command for each gap.

    >>> "not run yet" in to_markdown([])
    True
    """
    table = summary(records)
    text = []
    for name, rows in table.groupby("experiment", sort=False):
        about = (
            EXPERIMENTS[name].about if name in EXPERIMENTS else "runs of `python -m fpl_lib train`"
        )
        text += [f"## {name}", "", f"{about}.", ""]
        text += ["| network | loss | runs | top-1 % | paper's | top-5 % | errors | data | device |"]
        text += ["|---|---|---|---|---|---|---|---|---|"]
        text += [_row(row, records) for row in rows.itertuples()]
        gaps = [row for row in rows.itertuples() if row.n == 0]
        if gaps:
            models, losses = (
                list(dict.fromkeys(column))
                for column in zip(*((g.model, g.loss) for g in gaps), strict=True)
            )
            text += ["", "Not run yet: "
                     f"`python -m fpl_lib reproduce {name} --models {' '.join(models)} "
                     f"--losses {' '.join(losses)}`."]  # fmt: skip
        text.append("")
    return "\n".join(text)


def _row(row, records: Sequence[Record]) -> str:
    if row.n == 0:
        begun = [
            f"{len(r.epochs)} of {r.header['config']['epochs']} epochs"
            for r in records
            if (r.header["experiment"], r.header["model"], r.header["loss"])
            == (row.experiment, row.model, row.loss)
        ]
        said = begun[0] if begun else "not run yet"
        return f"| {row.model} | {row.loss} | {said} | | {printed_top1(row)} | | | | |"
    spread = "" if row.n == 1 else f" ± {row.top1_sd:.2f}"
    seeds = "1 seed" if row.n == 1 else f"{row.n} seeds"
    return (
        f"| {row.model} | {row.loss} | {seeds} | {row.top1_mean:.2f}{spread} | {printed_top1(row)} "
        f"| {row.top5_mean:.2f} | {row.errors_mean:.1f} | {row.source} | {row.device} |"
    )


def printed_top1(row) -> str:
    """The paper's top-1 for a row of `summary`, from Table 2's total of false positives, or ""."""
    if row.experiment != "table2":
        return ""
    table = paper.table2().set_index(["model", "loss"])["total"]
    total = table.get((row.model, row.loss))
    return "" if total is None else f"{100 - total / 100:.2f}"


def report(runs: str | os.PathLike, to: str | os.PathLike | None = None) -> str:
    """The report on all records below `runs`, as Markdown; with `to`, files are written there too.

    Files: report.md, results.csv (a row a finished run), and for each experiment with records
    EXPERIMENT-accuracy.png and EXPERIMENT-false-positives.png. Raises FileNotFoundError if there
    is no folder `runs`, RecordError for a record that does not hold together.
    """
    runs = Path(runs)
    if not runs.is_dir():
        raise FileNotFoundError(
            f"{runs}: no such folder of records; `python -m fpl_lib reproduce mini` makes one"
        )
    records = read_runs(runs)
    text = to_markdown(records)
    if to is not None:
        to = Path(to)
        to.mkdir(parents=True, exist_ok=True)
        results_table(records).to_csv(to / "results.csv", index=False)
        text += _write_figures(records, to)
        (to / "report.md").write_text(text, encoding="utf-8")
    return text


def _write_figures(records: Sequence[Record], to: Path) -> str:
    import matplotlib.pyplot as plt

    text = ""
    for name in dict.fromkeys(record.header["experiment"] for record in records):
        ours = [record for record in records if record.header["experiment"] == name]
        drawings = {}
        if any(record.epochs for record in ours):
            drawings["accuracy"] = record_plots.accuracy_over_epochs(ours)
        if any(record.done for record in ours):
            drawings["false-positives"] = record_plots.false_positive_map(ours)
        for kind, (figure, alt) in drawings.items():
            figure.savefig(to / f"{name}-{kind}.png", metadata={"Software": None})
            plt.close(figure)
            text += f"\n![{alt}]({name}-{kind}.png)\n"
    return text
