"""What Q1's runs show besides top-1 accuracy, as the protocol lists it: descriptions, no verdicts.

Top-5, negative log-likelihood, calibration error and mean margin; and eleven counts of test images,
whose p-values are corrected together by Holm's method: the false positives of each of the ten
classes, and the cats taken for dogs together with the dogs taken for cats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from fpl_lib.cifar10 import CLASSES
from fpl_lib.evidence.comparisons import compared, t_test_p, values
from fpl_lib.evidence.questions import QUESTIONS
from fpl_lib.evidence.records import Record
from fpl_lib.evidence.stats import holm

Measure = tuple[str, str, Callable[[dict], float]]
"""Its name, its unit, and how it is read from a result line."""
COLUMNS = ["measure", "unit", "n", "loss", "rival", "estimate", "low", "high", "p"]


def measures() -> Iterator[Measure]:
    """The four measures of sureness, the eleven counts, and the last count's two directions."""
    yield "top-5 accuracy", "% (points)", lambda result: result["top5"]
    yield "negative log-likelihood", "nats", lambda result: result.get("nll", nan)
    yield "calibration error", "% (points)", lambda result: result.get("ece", nan)
    yield "mean margin", "probability", lambda result: result.get("margin", nan)
    for i, name in enumerate(CLASSES):
        said = f"false positives of {name}"
        yield said, "images", lambda result, i=i: result["false_positives"][i]
    cat, dog = CLASSES.index("cat"), CLASSES.index("dog")
    as_dog, as_cat = (
        lambda result: result["confusion"][cat][dog],
        lambda result: result["confusion"][dog][cat],
    )
    yield "cat and dog confused", "images", lambda result: as_dog(result) + as_cat(result)
    yield "… cats taken for dogs", "", as_dog
    yield "… dogs taken for cats", "", as_cat


def secondary(records: Sequence[Record]) -> pd.DataFrame:
    """The secondary measures over the pairs that Q1 has so far: a row a measure.

    Columns: measure, unit ("" for a part of the count above it), n (pairs), loss and rival (means
    over these pairs), estimate (loss - rival) with low and high (t interval at the question's
    level, each taken alone; NaN for one pair), and p, of the paired t test, of the eleven counts
    alone and adjusted by Holm for all of them. Empty without pairs.

    >>> secondary([]).empty
    True
    """
    question = QUESTIONS["Q1"]
    rows, runs = [], question.column(records)
    for name, unit, read in measures():
        one, other = (
            values(runs, loss, lambda run, read=read: read(run.result))
            for loss in (question.loss, question.rival)
        )
        by_seed = (one - other).dropna()
        if not len(by_seed):
            continue
        means = (float(column[by_seed.index].mean()) for column in (one, other))
        found = compared(by_seed, level=question.level)
        ends = (found.mean.low, found.mean.high) if found else (nan, nan)
        p = t_test_p(by_seed) if found and unit == "images" else nan
        rows.append((name, unit, len(by_seed), *means, float(by_seed.mean()), *ends, p))
    table = pd.DataFrame(rows, columns=COLUMNS)
    counts = np.flatnonzero(table["p"].notna())
    if len(counts):
        table.loc[counts, "p"] = holm(table.loc[counts, "p"])
    return table
