"""Notebook 08's exercise on memorisation: which wrong labels has a network learnt by heart?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from fpl_lib.course.checking import FunctionExercise


def _fitted(
    logits: Tensor,
    given: Tensor,
    true: Tensor,
    *,
    share: Callable[[Tensor, Tensor], Tensor] = lambda hit, wrong: hit[wrong].double().mean(),
) -> tuple[float, float]:
    predicted, wrong = logits.argmax(1), given != true
    return share(predicted == given, wrong).item(), share(predicted == true, wrong).item()


_SHARES = {
    "over all samples": lambda hit, wrong: (hit & wrong).double().mean(),
    "among all samples": lambda hit, wrong: hit.double().mean(),
    "among the right labels": lambda hit, wrong: hit[~wrong].double().mean(),
}


def _batch(rng: np.random.Generator, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """A third of the labels wrong; of these some fitted, some seen through, some neither."""
    true = torch.from_numpy(rng.integers(0, 6, n))
    given = true.clone()
    k = n // 3
    given[:k] = (true[:k] + torch.from_numpy(rng.integers(1, 6, k))) % 6
    predicted = (given + torch.from_numpy(rng.integers(0, 2, n))) % 6
    predicted[0], predicted[1:3], predicted[3] = given[0], true[1:3], given[3]
    predicted[k], predicted[k + 1] = true[k], (true[k + 1] + 1) % 6
    logits = torch.from_numpy(rng.standard_normal((n, 6)))
    logits[torch.arange(n), predicted] = 5.0
    order = torch.from_numpy(rng.permutation(n))
    return logits[order], given[order], true[order]


def _rest(logits: Tensor, given: Tensor, true: Tensor) -> tuple[float, float]:
    memorised, _ = _fitted(logits, given, true)
    return memorised, 1 - memorised


def _batches(rng: np.random.Generator) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Two batches in each of which every mistake gives another answer than all the rest."""
    cases = []
    while len(cases) < 2:
        case = _batch(rng, int(rng.choice([18, 24, 30, 36])))
        right = _fitted(*case)
        wrong = [_fitted(*case, share=share) for share in _SHARES.values()]
        answers = [right, right[::-1], _rest(*case), (0.5, 0.5), *wrong]
        apart = [np.abs(np.subtract(a, b)).max() for a, b in combinations(answers, 2)]
        if min(apart) > 0.02:
            cases.append(case)
    return cases


FITTED = FunctionExercise(
    "08-fitted",
    solution=_fitted,
    cases=_batches,
    mistakes={
        **{name: {"share": share} for name, share in _SHARES.items()},
        "a constant": lambda logits, given, true: (0.5, 0.5),
        "swapped": lambda logits, given, true: _fitted(logits, given, true)[::-1],
        "one minus the other": _rest,
        "mask as index": {"share": lambda hit, wrong: hit[wrong].double().sum()},
    },
)
