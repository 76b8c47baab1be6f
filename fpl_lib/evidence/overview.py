"""Tables of what was run, a row for each loss of each setting; and what runs the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from statistics import fmean, stdev

import pandas as pd

from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import Setting, by_setting
from fpl_lib.evidence.questions import QUESTIONS, Question
from fpl_lib.evidence.records import Record
from fpl_lib.paper import printed_accuracy

PLACE = ["experiment", "condition", "model", "loss"]
COLUMNS = [
    *PLACE, "recipe", "n", "begun", "top1_mean", "top1_sd", "top5_mean", "errors_mean", "printed",
    "source", "device",
]  # fmt: skip


def summary(records: Sequence[Record]) -> pd.DataFrame:
    """A row for each loss of each setting that was begun, in the experiments' order.

    Columns: experiment, condition, model, loss, recipe (what sets this configuration apart from
    others of its kind, "" where there is one), n (finished seeds), begun (epochs of a run under
    way, of how many, as text), top1_mean, top1_sd, top5_mean (percent; the deviation is the
    sample's, NaN for one seed), errors_mean, printed (the paper's top-1, NaN where it has none),
    source, device. Only runs of one configuration on the same images are averaged.
    """
    settings = by_setting(records)
    rows = [
        _row(setting, loss, [run for run in runs if run.header["loss"] == loss], settings)
        for setting, runs in settings.items()
        for loss in dict.fromkeys(run.header["loss"] for run in runs)
    ]
    table, order = pd.DataFrame(rows, columns=COLUMNS), [*EXPERIMENTS]
    place = table["experiment"].map(lambda name: order.index(name) if name in order else 99)
    return table.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _row(
    setting: Setting, loss: str, runs: Sequence[Record], settings: Collection[Setting]
) -> dict:
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
        "loss": loss, "recipe": _recipe(setting, settings), "n": len(done),
        "begun": under_way[0] if under_way else "",
        "top1_mean": fmean(top1) if done else nan,
        "top1_sd": stdev(top1) if len(done) > 1 else nan,
        "top5_mean": fmean(run.result["top5"] for run in done) if done else nan,
        "errors_mean": fmean(run.result["errors"] for run in done) if done else nan,
        "printed": printed.get("top1", {}).get(loss, nan),
        "source": setting.source,
        "device": ", ".join(sorted({run.header["environment"].get("device", "") for run in runs})),
    }  # fmt: skip


def _recipe(setting: Setting, settings: Collection[Setting]) -> str:
    """What sets a configuration apart from the others of its kind, as "lr = 0.1, epochs = 5"."""
    alike = [replace(other, config=setting.config) == setting for other in settings]
    configs = [json.loads(s.config) for s, same in zip(settings, alike, strict=True) if same]
    ours = json.loads(setting.config)
    differing = [key for key in ours if any(other.get(key) != ours[key] for other in configs)]
    return ", ".join(f"{key} = {ours[key]}" for key in differing)


def question_commands(*questions: Question, table: pd.DataFrame | None = None) -> list[str]:
    """What runs one or more questions of one experiment, controls included, in order.

    With `table`, as `summary` gives it, what it has in full is left out.

    >>> from fpl_lib.evidence.questions import QUESTIONS
    >>> question_commands(QUESTIONS["Q3"])
    ['python -m fpl_lib reproduce table2 --models resnet18 --conditions float32 --seeds 1-5']
    """
    needed: dict[tuple[str, str, int, int], set[str]] = {}
    for question in questions:
        for place, losses in question.runs_needed().items():
            needed.setdefault(place, set()).update(losses)
    commands, planned = [], set()
    for (model, condition, first, n), losses in sorted(needed.items(), key=lambda one: -one[0][3]):
        losses = {loss for loss in losses if (condition, loss) not in planned}
        planned |= {(condition, loss) for loss in losses}
        if table is not None:
            place = [questions[0].experiment, condition, model]
            rows = table[(table[PLACE[:3]] == place).all(axis=1)]
            there = rows.groupby("loss")["n"].sum()
            losses = {loss for loss in losses if there.get(loss, 0) < n}
        if losses:
            command = _command(questions[0].experiment, {model}, losses, {condition})
            commands.append(f"{command} --seeds {first}-{first + n - 1}")
    return commands


def unasked_commands(name: str, table: pd.DataFrame) -> list[str]:
    """What runs those places of an experiment that no question needs and `summary`'s table lacks.

    One command, and another one for conditions that run on request only; no trials of rates.
    """
    plan = EXPERIMENTS[name]
    ours = [question for question in QUESTIONS.values() if question.experiment == name]
    asked = [place[:2] for question in ours for place in question.runs_needed()]
    done = [*table[table["n"] > 0][PLACE].itertuples(index=False, name=None)]
    commands = []
    for requested in (False, True):
        gaps = [
            (model, loss, one.name)
            for one in plan.conditions
            for model in plan.models
            for loss in plan.losses
            if one.on_request is requested and not one.validation
            and (model, one.name) not in asked and (name, one.name, model, loss) not in done
        ]  # fmt: skip
        if gaps:
            commands.append(_command(name, *map(set, zip(*gaps, strict=True))))
    return commands


def _command(experiment: str, models: set[str], losses: set[str], conditions: set[str]) -> str:
    """`reproduce` with the options that choose these: those that it would not choose by itself."""
    plan = EXPERIMENTS[experiment]
    command = f"python -m fpl_lib reproduce {experiment}"
    by_itself = {one.name for one in plan.conditions if not one.on_request}
    for option, wanted, everything, order in (
        ("models", models, set(plan.models), plan.models),
        ("losses", losses, set(plan.losses), plan.losses + plan.more_losses),
        ("conditions", conditions, by_itself, [one.name for one in plan.conditions]),
    ):
        if wanted != everything:
            command += f" --{option} {' '.join(name for name in order if name in wanted)}"
    return command
