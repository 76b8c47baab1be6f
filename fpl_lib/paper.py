"""What the paper prints: its tables, its worked example, its claims, and where they disagree.

Read from `data/paper`, where the files can be read in a browser too; an installed package has a
copy. Numbers stand as printed, errors included; sentences are ours. Source of everything here:
Kiaei et al., "FPL: False Positive Loss", 2023, doi:10.20944/preprints202309.0280.v1 (CC BY).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd

from fpl_lib._files import PAPER as FOLDER

START = {"none": "scratch", "imagenet": "finetuned"}
"""Table 3's column "pretrained", as the conditions of experiment table3 call it."""


@dataclass(frozen=True)
class Figure1:
    """The paper's worked example: one sample, five classes.

    `classes`, `target` (one-hot) and `probabilities` (summing to 1) have one entry a class; `true`
    and `false` are the indices of T and F.
    """

    classes: tuple[str, ...]
    target: tuple[int, ...]
    probabilities: tuple[float, ...]
    true: int
    false: int


def figure1() -> Figure1:
    """Figure 1: what a network predicts for one sample, and which classes are T and F.

    >>> example = figure1()
    >>> example.classes[example.true], example.probabilities[example.true]
    ('c1', 0.25)
    >>> example.classes[example.false], example.probabilities[example.false]
    ('c3', 0.3)
    """
    rows = _read_csv("figure1.csv")
    marked = rows["marked"].tolist()
    return Figure1(
        classes=tuple(rows["class"]),
        target=tuple(rows["y"].tolist()),
        probabilities=tuple(rows["y_hat"].tolist()),
        true=marked.index("true"),
        false=marked.index("false"),
    )


def table1() -> SimpleNamespace:
    """Table 1: hardware and training settings of the runs in Table 2; batch_size in images.

    >>> table1().optimizer, table1().initial_learning_rate
    ('AdaDelta', 0.001)
    """
    return SimpleNamespace(**json.loads((FOLDER / "table1.json").read_text(encoding="utf-8")))


def table2() -> pd.DataFrame:
    """Table 2: false positives per class, in images of the 10 000 in CIFAR-10's test set.

    Four rows: `model` and `loss` as the kit's records name them, `network` as the paper does, an
    integer column for each class in CIFAR-10's order, and the printed `total`.

    >>> counts = table2().query("model == 'resnet18'").set_index("loss")
    >>> int(counts.loc["fpl", "cat"]), int(counts.loc["ce", "cat"])
    (883, 818)
    >>> int(counts.loc["fpl", "total"] - counts.loc["ce", "total"])
    -5
    """
    return _read_csv("table2.csv")


def table3() -> pd.DataFrame:
    """Table 3: ResNet50 on CIFAR-10, `top1` and `top5` accuracy in percent (0 to 100).

    Four rows: `model` and `loss` as the kit's records name them, `pretrained` ("none" or
    "imagenet"), `network` and `dataset` as the paper calls them, `epochs`, `top1`, `top5`.

    >>> top1 = table3().query("pretrained == 'none'").set_index("loss")["top1"]
    >>> round(float(top1["fpl"] - top1["ce"]), 2)
    0.32
    """
    return _read_csv("table3.csv")


def printed_accuracy(experiment: str, condition: str, model: str) -> dict[str, dict[str, float]]:
    """What a setting of ours repeats: end values in percent, {"top1": {loss: value}, "top5": …}.

    Empty where the paper prints none, as for the mini forms: another network, other images. Table 2
    names no stem and no initial weights, so every reading of it is held against the same row.

    >>> printed_accuracy("table3", "scratch", "resnet50")["top1"]
    {'fpl': 95.25, 'ce': 94.93}
    """
    if experiment == "table2":
        counts = printed_false_positives(experiment, model)
        return {"top1": {loss: 100 - sum(row) / 100 for loss, row in counts.items()}}
    if (experiment, model) == ("table3", "resnet50"):
        rows = table3()
        rows = rows[rows["pretrained"].map(START) == condition].set_index("loss")
        if len(rows):
            return {key: rows[key].to_dict() for key in ("top1", "top5")}
    return {}


def printed_false_positives(experiment: str, model: str) -> dict[str, list[int]]:
    """The false positives per class that a setting repeats, {loss: ten counts}; empty for none."""
    if experiment != "table2":
        return {}
    rows = table2().query("model == @model").set_index("loss")
    return {loss: row.tolist() for loss, row in rows.loc[:, "airplane":"truck"].iterrows()}


def claims() -> pd.DataFrame:
    """What the paper asserts and can be checked, by section, in our words and unjudged.

    One row a claim, indexed by `id`: `section` of the paper; `claim`; `printed`, the paper's own
    figure in `unit` (NaN where it gives none; FPL - CE where it compares); `evidence`, what the
    paper offers for it ("table", "figure", "formula", "text only", or "table disagrees");
    `notebook`, as "07".

    >>> one = claims().loc["top1-gain-text"]
    >>> print(one["printed"], one["unit"], one["evidence"], sep="; ")
    0.68; points of top-1; table disagrees
    """
    rows = _read_csv("claims.csv", {"notebook": str}).set_index("id")
    rows["printed"] = pd.to_numeric(rows["printed"])
    return rows


def contradictions() -> pd.DataFrame:
    """Where two places of the paper disagree, one row each, indexed by `id`.

    `kind` is "number", "scope" (promised here, absent there), "formula" or "reference"; `place_1`
    and `place_2` are the places, `says_1` and `says_2` what each says, in our words; `claim` is the
    id of the claim it weighs on, or "".

    >>> one = contradictions().loc["ce-top5"]
    >>> print(one["place_1"] + ":", one["says_1"])
    Abstract: CE reaches 99.86 % in top-5
    >>> print(one["place_2"] + ":", one["says_2"])
    Table 3: CE reaches 99.85 %
    """
    return _read_csv("contradictions.csv").set_index("id")


def _read_csv(name: str, dtype: dict | None = None) -> pd.DataFrame:
    # An empty cell is an empty string, and "none" a word: nothing is guessed to be missing.
    return pd.read_csv(FOLDER / name, dtype=dtype, keep_default_na=False)
