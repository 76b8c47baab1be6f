"""Runs sorted into settings, and two losses compared within one, seed by seed.

A *setting* is all that two runs must share to be compared or averaged: experiment, condition,
network, images and the whole configuration. Only the loss and the seed may differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from fpl_lib.evidence.experiments import completed
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import PairedDifference, paired_difference

LOWER_IS_BETTER = ("errors", "roughness")


@dataclass(frozen=True, order=True)
class Setting:
    """What runs of one kind share; `config` is the configuration as sorted JSON."""

    experiment: str
    condition: str
    model: str
    source: str
    config: str

    @property
    def label(self) -> str:
        """Experiment, condition and network in a few words."""
        return ", ".join(part for part in (self.experiment, self.condition, self.model) if part)

    @property
    def images(self) -> str:
        """What the runs were trained and tested on, in words."""
        return images(self.source)


def images(source: str) -> str:
    """A record's data source in words.

    >>> images("mini"), images("cifar10")
    ('cifar10-mini', 'CIFAR-10')
    """
    return {"cifar10": "CIFAR-10", "mini": "cifar10-mini"}.get(source, source)


def setting_of(record: Record) -> Setting:
    """The setting of a run."""
    header = record.header
    return Setting(
        header["experiment"],
        header.get("condition", ""),
        header["model"],
        header["data"].get("source", "unknown data"),
        json.dumps(completed(header["config"]), sort_keys=True),
    )


def by_setting(records: Sequence[Record]) -> dict[Setting, list[Record]]:
    """The records of each setting, in the order in which the settings first come."""
    groups: dict[Setting, list[Record]] = {}
    for record in records:
        groups.setdefault(setting_of(record), []).append(record)
    return groups


def values(
    records: Sequence[Record], loss: str, metric: str | Callable[[Record], float] = "top1"
) -> pd.Series:
    """A metric of one loss's finished runs by seed: a key of the result line, or a function.

    Raises ValueError if a seed comes twice: the records are then of more than one setting.
    """
    read = metric if callable(metric) else lambda record: record.result[metric]
    found = {}
    for record in records:
        if record.done and record.header["loss"] == loss:
            if record.header["seed"] in found:
                raise ValueError(
                    f"seed {record.header['seed']} of {loss} comes twice: these records are of "
                    "more than one setting; split them with `by_setting`"
                )
            found[record.header["seed"]] = float(read(record))
    return pd.Series(found, dtype=float).sort_index()


def differences(
    records: Sequence[Record],
    loss: str,
    rival: str,
    metric: str | Callable[[Record], float] = "top1",
) -> pd.Series:
    """loss - rival by seed, over the seeds that both have finished; records of one setting."""
    one, other = values(records, loss, metric), values(records, rival, metric)
    return (one - other).dropna()


def compared(by_seed: pd.Series, *, level: float = 0.95) -> PairedDifference | None:
    """Mean, Student's t interval and sign-flip test of differences; None for fewer than two."""
    if len(by_seed) < 2:
        return None
    return paired_difference(by_seed, 0 * by_seed, level=level, method="t")


def difference_table(
    records: Sequence[Record], rival: str = "ce", metric: str = "top1"
) -> pd.DataFrame:
    """Each loss minus `rival`, paired over seeds: a row a setting and loss.

    Columns: experiment, condition, model, source, loss, n (pairs), estimate, low, high (95 % t
    interval, NaN for one pair), sd (of the differences), p (sign-flip test), in points of accuracy
    for "top1" and "top5", in images for "errors".
    """
    rows = []
    for setting, runs in by_setting(records).items():
        for loss in dict.fromkeys(record.header["loss"] for record in runs):
            by_seed = differences(runs, loss, rival, metric) if loss != rival else pd.Series()
            if not len(by_seed):
                continue
            row = {
                "experiment": setting.experiment, "condition": setting.condition,
                "model": setting.model, "source": setting.source, "config": setting.config,
                "loss": loss, "n": len(by_seed), "estimate": by_seed.mean(),
            }  # fmt: skip
            if found := compared(by_seed):
                row |= {"low": found.mean.low, "high": found.mean.high, "sd": found.sd}
                row["p"] = found.test.p_value
            rows.append(row)
    columns = ["experiment", "condition", "model", "source", "config", "loss", "n"]
    return pd.DataFrame(rows, columns=[*columns, "estimate", "low", "high", "sd", "p"])
