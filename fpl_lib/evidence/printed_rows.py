"""Which row of the paper's tables a setting of ours repeats.

Table 2 names no stem and no initial weights, so every reading of it is held against the same row.
Mini forms repeat no printed row: another network, other images.
"""

from __future__ import annotations

from fpl_lib import paper
from fpl_lib.evidence.pairs import Setting

START = {"none": "scratch", "imagenet": "finetuned"}
"""Table 3's column "pretrained", as the conditions of experiment table3 call it."""


def printed_accuracy(setting: Setting) -> dict[str, dict[str, float]]:
    """The paper's end values in percent, {"top1": {loss: value}, "top5": …}; empty where none.

    >>> printed_accuracy(Setting("table3", "scratch", "resnet50", "cifar10", "{}"))["top1"]
    {'fpl': 95.25, 'ce': 94.93}
    """
    if setting.experiment == "table2":
        counts = printed_false_positives(setting)
        return {"top1": {loss: 100 - sum(row) / 100 for loss, row in counts.items()}}
    if (setting.experiment, setting.model) == ("table3", "resnet50"):
        rows = paper.table3()
        rows = rows[rows["pretrained"].map(START) == setting.condition].set_index("loss")
        if len(rows):
            return {key: rows[key].to_dict() for key in ("top1", "top5")}
    return {}


def printed_false_positives(setting: Setting) -> dict[str, list[int]]:
    """The paper's false positives per class, {loss: ten counts}; empty where it prints none."""
    if setting.experiment != "table2":
        return {}
    rows = paper.table2().query("model == @setting.model").set_index("loss")
    return {loss: row.tolist() for loss, row in rows.loc[:, "airplane":"truck"].iterrows()}
