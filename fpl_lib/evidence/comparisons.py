"""Runs sorted into settings, and losses compared within one, seed by seed.

A *setting* is all that two runs must share to be compared or averaged: experiment, condition,
network, images and the whole configuration. Only the loss and the seed may differ. Accuracies are
top-1 in percent (0 to 100), differences in points; intervals are Student's t over the differences
by seed. `difference_table` looks at many settings, `compare` at the losses of one, with Holm's
correction over all of them and the sign-flip test where six seeds or more allow it to find
anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import pandas as pd
from scipy import stats

from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.planning import seeds_needed
from fpl_lib.evidence.records import Record, completed, recorded_runs
from fpl_lib.evidence.stats import Interval, PairedDifference, holm, mean_interval, sign_flip

LEAST_SEEDS = 3
FLIP_SEEDS = 6  # with fewer, no sign-flip p-value is below 0.05
MANY_SEEDS = 1000


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
        return ", ".join(dict.fromkeys(filter(None, (self.experiment, self.condition, self.model))))


def images(source: str) -> str:
    """A record's data source in words.

    >>> images("mini"), images("cifar10")
    ('cifar10-mini', 'CIFAR-10')
    """
    return {"cifar10": "CIFAR-10", "mini": "cifar10-mini"}.get(source, source)


def by_setting(records: Sequence[Record]) -> dict[Setting, list[Record]]:
    """The records of each setting, in the order in which the settings first come.

    Losses share a setting even where each has its own multiple of the recipe's learning rate.
    """
    groups: dict[Setting, list[Record]] = {}
    for record in records:
        header = record.header
        config = completed(header["config"])
        if "lr" in config:
            config["lr"] = round(config["lr"] / config["rate"], 12)
        del config["rate"]
        setting = Setting(
            header["experiment"], record.condition, header["model"],
            header["data"].get("source", "unknown data"),
            json.dumps(config, sort_keys=True),
        )  # fmt: skip
        groups.setdefault(setting, []).append(record)
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


def known_accuracies(
    experiment: str, model: str, loss: str, *, epoch: int | None = None
) -> tuple[float, ...]:
    """The recorded test accuracy (top-1, percent) of each finished run, in the order of the seeds.

    Of runs without a condition; with `epoch` (from 1) after this epoch, else at the end. Raises
    LookupError naming the command if there are none.

    >>> known_accuracies("table2", "resnet18", "ce")[0]  # seed 0
    45.19
    """
    place = [
        r for r in recorded_runs(experiment) if (r.header["model"], r.condition) == (model, "")
    ]
    found = values(place, loss, lambda r: (r.epochs[epoch - 1] if epoch else r.result)["top1"])
    if found.empty:
        raise LookupError(
            f"no run of {experiment}, {model}, {loss} is recorded yet: `python -m fpl_lib "
            f"reproduce {experiment} --models {model} --losses {loss} --seeds 0-9`"
        )
    return tuple(found)


def compared(by_seed: pd.Series, *, level: float = 0.95) -> PairedDifference | None:
    """Mean, Student's t interval and sign-flip test of differences; None for fewer than two."""
    if len(by_seed) < 2:
        return None
    sd, interval = float(by_seed.std()), mean_interval(by_seed, level=level)
    return PairedDifference(len(by_seed), interval, sd, sign_flip(by_seed))


def t_test_p(by_seed: pd.Series) -> float:
    """Two-sided p-value of the paired t test on two differences or more.

    Where all are equal, and t is 0/0 or without bound, that of the sign-flip test.
    """
    # To nine digits, since 94.6 - 94.5 and 94.8 - 94.7 are not the same floats.
    differences = by_seed.round(9)
    if differences.std() < 1e-9:
        return sign_flip(differences).p_value
    return float(stats.ttest_1samp(differences, 0).pvalue)


def difference_table(
    records: Sequence[Record], rival: str = "ce", metric: str = "top1"
) -> pd.DataFrame:
    """Each loss minus `rival`, paired over seeds: a row a setting and loss.

    Columns: experiment, condition, model, source, config, loss, n (pairs), estimate, low, high
    (95 % t interval, NaN for one pair), sd (of the differences), p (sign-flip test), in points of
    accuracy for "top1" and "top5", in images for "errors".
    """
    rows = []
    for setting, runs in by_setting(records).items():
        for loss in dict.fromkeys(record.header["loss"] for record in runs):
            by_seed = differences(runs, loss, rival, metric) if loss != rival else pd.Series()
            if not len(by_seed):
                continue
            row = {**asdict(setting), "loss": loss, "n": len(by_seed), "estimate": by_seed.mean()}
            if found := compared(by_seed):
                row |= {"low": found.mean.low, "high": found.mean.high, "sd": found.sd}
                row["p"] = found.test.p_value
            rows.append(row)
    columns = [*Setting.__annotations__, "loss", "n", "estimate", "low", "high", "sd", "p"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Comparison:
    """`loss` minus `baseline` over the seeds that both have, in points.

    `differences`: one a seed; `mean` with its t interval; `sd` of the differences; `p_value` of the
    paired t test, `adjusted` by Holm for all comparisons of the table; `flip_p` of the sign-flip
    test, None below six seeds.
    """

    loss: str
    baseline: str
    differences: tuple[float, ...]
    mean: Interval
    sd: float
    p_value: float
    adjusted: float
    flip_p: float | None
    of: int  # comparisons in the table

    @property
    def n(self) -> int:
        return len(self.differences)

    @property
    def found(self) -> bool:
        """Whether the losses differ: the adjusted p-value is below 1 - level."""
        return self.adjusted < 1 - self.mean.level

    def needed(self) -> int | None:
        """Seeds that would find a difference of the size seen, four times in five; None for 0."""
        if round(self.mean.estimate, 9) == 0 or self.sd < 1e-9:
            return None
        return seeds_needed(self.mean.estimate, self.sd, paired=True, level=self.mean.level)

    def verdict(self) -> str:
        """What may be said, in one or two sentences."""
        mine, other = name_of(self.loss), name_of(self.baseline)
        low, high = (f"{x:+.1f}" for x in (self.mean.low, self.mean.high))
        size = f"{self.mean.estimate:+.1f} points, interval {low} to {high}"
        if self.found:
            way = "above" if self.mean.estimate > 0 else "below"
            return f"{mine} is {way} {other} here: {size}, {self.n} seeds."
        if not any(self.differences):
            return (
                f"{mine} gave {other}'s very accuracy with each of {self.n} seeds: the same loss?"
            )
        said = f"{mine} and {other} are indistinguishable at n = {self.n}: {size}."
        if 0 not in self.mean:
            said += (
                f" Alone, the interval would leave out 0; as one of {self.of} comparisons it does "
                "not count."
            )
        seeds = self.needed()
        if seeds is None:
            return f"{said} No number of seeds finds a difference of 0."
        if seeds <= self.n:
            return said
        many = f"more than {MANY_SEEDS}" if seeds > MANY_SEEDS else f"about {seeds}"
        return f"{said} If the true difference is the one seen, {many} seeds would be needed."


def compare(records: Sequence[Record], baseline: str = "ce") -> list[Comparison]:
    """Every loss among runs of one setting against `baseline`, in pairs of equal seeds, best first.

    Args:
        records: runs that differ in loss and seed only; unfinished ones are left out.
        baseline: the loss that the others are compared with.

    Returns:
        A Comparison for each loss that shares at least three finished seeds with the baseline.

    Raises:
        ValueError: runs of several settings, a seed that comes twice, or nothing to compare.

    Example:
        >>> top1 = {"ce": (60.0, 61.0, 62.0), "mine": (62.0, 64.0, 63.0)}
        >>> same = {"experiment": "mini", "model": "small", "config": {}, "data": {}}
        >>> runs = [
        ...     Record({**same, "loss": loss, "seed": seed}, [], {"top1": value})
        ...     for loss in top1 for seed, value in enumerate(top1[loss])
        ... ]
        >>> (found,) = compare(runs)
        >>> found.n, found.mean.estimate, found.found
        (3, 2.0, False)

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65, for the correction.
    """
    if len(settings := by_setting(records)) > 1:
        raise ValueError(
            f"records: expected runs of one setting; got {len(settings)}, of "
            f"{' and '.join(sorted({one.label for one in settings}))}: choose with `by_setting`."
        )
    losses = dict.fromkeys(record.header["loss"] for record in records)
    pairs = {loss: differences(records, loss, baseline) for loss in losses if loss != baseline}
    enough = {loss: pairs[loss] for loss in pairs if len(pairs[loss]) >= LEAST_SEEDS}
    if not enough:
        counts = {loss: len(by_seed) for loss, by_seed in pairs.items()}
        raise ValueError(
            f"records: expected a loss with at least {LEAST_SEEDS} seeds that {baseline!r} has, "
            f"too; shared are {counts}."
        )
    p_values = [t_test_p(by_seed) for by_seed in enough.values()]
    adjusted = map(float, holm(p_values))
    found = []
    for (loss, by_seed), p, p_holm in zip(enough.items(), p_values, adjusted, strict=True):
        paired = compared(by_seed)
        flip_p = paired.test.p_value if paired.n >= FLIP_SEEDS else None
        seen, of = tuple(by_seed.round(9)), len(enough)
        found.append(
            Comparison(loss, baseline, seen, paired.mean, paired.sd, p, p_holm, flip_p, of)
        )
    return sorted(found, key=lambda one: -one.mean.estimate)


def comparison_table(found: Sequence[Comparison]) -> pd.DataFrame:
    """A row a comparison, as a notebook shows it; no sign-flip p where n is below six."""
    return pd.DataFrame(
        {
            "loss": [name_of(one.loss) for one in found],
            "n": [one.n for one in found],
            "difference": [one.mean.estimate for one in found],
            "from": [one.mean.low for one in found],
            "to": [one.mean.high for one in found],
            "sd": [one.sd for one in found],
            "p, t test": [shown_p(one.p_value) for one in found],
            "p, Holm": [shown_p(one.adjusted) for one in found],
            "p, sign flip": ["" if one.flip_p is None else shown_p(one.flip_p) for one in found],
        }
    )


def shown_p(p_value: float) -> str:
    """A p-value with as many digits as it deserves.

    >>> shown_p(0.23), shown_p(0.0123), shown_p(2e-7)
    ('0.23', '0.012', '< 0.001')
    """
    if p_value < 0.001:
        return "< 0.001"
    return f"{p_value:.2f}" if p_value >= 0.1 else f"{p_value:.3f}"
