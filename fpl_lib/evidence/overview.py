"""Tables of what was run: a row for each loss of each setting, those not run yet included."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from statistics import fmean, stdev

import numpy as np
import pandas as pd

from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.comparisons import Setting, by_setting
from fpl_lib.evidence.questions import QUESTIONS, Question
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
    settings = by_setting(records)
    rows = [
        _row(setting, loss, [run for run in runs if run.header["loss"] == loss], settings)
        for setting, runs in settings.items()
        for loss in dict.fromkeys(run.header["loss"] for run in runs)
    ]
    seen = {tuple(row[key] for key in PLACE) for row in rows}
    places = _places()
    rows += [
        _row(Setting(*place[:3], "", "{}"), place[3], [], ())
        for place, planned in places.items()
        if planned and place not in seen
    ]
    table, order = pd.DataFrame(rows), [*places]
    of_row = [tuple(key) for key in table[PLACE].itertuples(index=False)]
    table["place"] = [order.index(one) if one in places else len(order) for one in of_row]
    table = table.sort_values(["place", "recipe"], kind="stable").drop(columns="place")
    return table.reset_index(drop=True)


def _places() -> dict[tuple[str, str, str, str], bool]:
    """All places there are, in order, and whether each is to be filled: a trial of rates is not."""
    return {
        (plan.name, condition.name, model, loss): loss in plan.losses and not condition.validation
        for plan in EXPERIMENTS.values()
        for condition in plan.conditions
        for model in plan.models
        for loss in plan.losses + plan.more_losses
    }


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


def unasked_commands(rows: pd.DataFrame) -> list[str]:
    """What runs those of an experiment's rows of `summary` that no question needs and no run has.

    One command, and another one for conditions that run on request only.
    """
    (name,) = set(rows["experiment"])
    needed = [place[:2] for question in _questions(name) for place in question.runs_needed()]
    asked = [place in needed for place in zip(rows["model"], rows["condition"], strict=True)]
    gaps = rows[(rows["n"] == 0) & ~np.array(asked)]
    by_request = {one.name for one in EXPERIMENTS[name].conditions if one.on_request}
    later = gaps["condition"].isin(by_request)
    return [
        _command(name, *(set(some[column]) for column in ("model", "loss", "condition")))
        for some in (gaps[~later], gaps[later])
        if len(some)
    ]


def missing_command(rows: pd.DataFrame) -> str:
    """The next of the commands that run what is missing among an experiment's rows of `summary`.

    What the protocol's questions ask for comes first, conditions on request last; "" for nothing.
    """
    (name,) = set(rows["experiment"])
    commands = question_commands(*_questions(name), table=rows) or unasked_commands(rows)
    return commands[0] if commands else ""


def requested_command(rows: pd.DataFrame) -> str:
    """The last of them, if it is for other conditions than the next; "" if there is none."""
    commands = unasked_commands(rows)
    return commands[-1] if commands and commands[-1] != missing_command(rows) else ""


def _questions(experiment: str) -> list[Question]:
    return [question for question in QUESTIONS.values() if question.experiment == experiment]


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
