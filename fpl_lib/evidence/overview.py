"""Tables of what was run: a row for each loss of each setting, those not run yet included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import fmean, stdev

import pandas as pd

from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import Setting, by_setting
from fpl_lib.evidence.records import Record
from fpl_lib.paper import printed_accuracy

PLACE = ["experiment", "condition", "model", "loss"]


def summary(records: Sequence[Record]) -> pd.DataFrame:
    """A row for each loss of each setting, and one for each planned one that was not begun.

    Columns: experiment, condition, model, loss, recipe (what sets this configuration apart from
    others of its kind, "" where there is one), n (finished seeds), begun (epochs of a run under
    way, of how many, as text), top1_mean, top1_sd, top5_mean (percent; the deviation is the
    sample's, NaN for one seed), errors_mean, printed (the paper's top-1, NaN where it has none),
    source, device. Only runs of one configuration on the same images are averaged.
    """
    rows = []
    settings = by_setting(records)
    for setting, runs in settings.items():
        alike = [other for other in settings if _kind(other) == _kind(setting)]
        for loss in dict.fromkeys(run.header["loss"] for run in runs):
            ours = [run for run in runs if run.header["loss"] == loss]
            rows.append(_row(setting, loss, ours, _recipe(setting, alike)))
    seen = {tuple(row[key] for key in PLACE) for row in rows}
    for plan in EXPERIMENTS.values():
        for condition in plan.conditions:
            for model in plan.models:
                for loss in plan.losses:
                    if (plan.name, condition.name, model, loss) not in seen:
                        setting = Setting(plan.name, condition.name, model, "", "{}")
                        rows.append(_row(setting, loss, [], ""))
    table = pd.DataFrame(rows)
    order = {key: place for place, key in enumerate(_planned_order())}
    place = [order.get(tuple(key), len(order)) for key in table[PLACE].itertuples(index=False)]
    table = table.assign(place=place).sort_values(["place", "recipe"], kind="stable")
    return table.drop(columns="place").reset_index(drop=True)


def _planned_order():
    return [
        (plan.name, condition.name, model, loss)
        for plan in EXPERIMENTS.values()
        for condition in plan.conditions
        for model in plan.models
        for loss in plan.losses + plan.more_losses
    ]


def _kind(setting: Setting) -> tuple[str, ...]:
    return setting.experiment, setting.condition, setting.model, setting.source


def _row(setting: Setting, loss: str, runs: Sequence[Record], recipe: str) -> dict:
    done = [run for run in runs if run.done]
    under_way = [
        f"{len(run.epochs)} of {run.header['config'].get('epochs')} epochs"
        for run in runs
        if not run.done
    ]
    top1 = [run.result["top1"] for run in done]
    nan = float("nan")
    printed = printed_accuracy(setting.experiment, setting.condition, setting.model)
    return {
        "experiment": setting.experiment, "condition": setting.condition, "model": setting.model,
        "loss": loss, "recipe": recipe, "n": len(done),
        "begun": under_way[0] if under_way else "",
        "top1_mean": fmean(top1) if done else nan,
        "top1_sd": stdev(top1) if len(done) > 1 else nan,
        "top5_mean": fmean(run.result["top5"] for run in done) if done else nan,
        "errors_mean": fmean(run.result["errors"] for run in done) if done else nan,
        "printed": printed.get("top1", {}).get(loss, nan),
        "source": setting.source,
        "device": ", ".join(sorted({run.header["environment"].get("device", "") for run in runs})),
    }  # fmt: skip


def _recipe(setting: Setting, alike: Sequence[Setting]) -> str:
    """What sets a configuration apart from the others of its kind, as "lr = 0.1, epochs = 5"."""
    configs = [json.loads(other.config) for other in alike]
    ours = json.loads(setting.config)
    differing = [key for key in ours if any(other.get(key) != ours[key] for other in configs)]
    return ", ".join(f"{key} = {ours[key]}" for key in differing)


def missing_command(rows: pd.DataFrame) -> str:
    """The one command that runs what is not run yet among an experiment's rows of `summary`.

    Conditions that run on request only are left out unless nothing else is missing.
    """
    gaps = rows[rows["n"] == 0]
    asked = gaps["condition"].isin(_on_request(gaps))
    return _command(gaps if asked.all() else gaps[~asked])


def requested_command(rows: pd.DataFrame) -> str:
    """The command for the conditions that run on request only and are not run yet; "" for none."""
    gaps = rows[rows["n"] == 0]
    gaps = gaps[gaps["condition"].isin(_on_request(gaps))]
    return _command(gaps) if len(gaps) else ""


def _on_request(rows: pd.DataFrame) -> set[str]:
    plans = [EXPERIMENTS[name] for name in set(rows["experiment"])]
    return {one.name for plan in plans for one in plan.conditions if one.on_request}


def _command(gaps: pd.DataFrame) -> str:
    """`reproduce` with the options that choose these rows of one experiment."""
    (name,) = set(gaps["experiment"])
    plan = EXPERIMENTS[name]
    command = f"python -m fpl_lib reproduce {name}"
    default = {
        "models": ("model", plan.models), "losses": ("loss", plan.losses),
        "conditions": ("condition", [c.name for c in plan.conditions if not c.on_request]),
    }  # fmt: skip
    for option, (column, everything) in default.items():
        wanted = list(dict.fromkeys(gaps[column]))
        if set(wanted) != set(everything):
            command += f" --{option} {' '.join(wanted)}"
    return command
