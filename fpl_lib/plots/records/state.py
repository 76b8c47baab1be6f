"""How far a question of the protocol is, in the two lines that a notebook prints."""

from __future__ import annotations

from collections.abc import Sequence

from fpl_lib.evidence.names import name_of
from fpl_lib.evidence.overview import question_commands, summary
from fpl_lib.evidence.questions import QUESTIONS, answer
from fpl_lib.evidence.records import Record
from fpl_lib.plots.style import signed


def question_state(name: str, records: Sequence[Record]) -> str:
    """A question's contrast, scope, pairs and estimate so far, and what runs the rest.

    records: all there are. Raises KeyError for a question that the protocol does not have.

    >>> print(question_state("Q3", []))
    Q3: FPL − CE, ResNet18 by Table 1's recipe, full CIFAR-10: 0 of 5 pairs, open.
      python -m fpl_lib reproduce table2 --models resnet18 --conditions float32 --seeds 1-5
    """
    asked = QUESTIONS[name]
    found = answer(asked, records)
    contrast = f"{name_of(asked.loss)} − {name_of(asked.rival)}"
    pairs = f"{found.n} of {len(asked.seeds)} pairs"
    state = "open" if found.obstacles else "can be answered"
    lines = [f"{name}: {contrast}, {asked.scope}: {pairs}, {state}."]
    if found.interval:
        low, high = signed(found.interval.low, 2), signed(found.interval.high, 2)
        estimate = signed(found.interval.estimate, 2)
        so_far = " so far" if found.n < len(asked.seeds) else ""
        level = f"{100 * asked.level:.4g} %"
        lines.append(f"  {contrast}{so_far} = {estimate} points ({level}: {low} to {high})")
    commands = question_commands(asked, table=summary(records))
    return "\n".join([*lines, *(f"  {command}" for command in commands)])
