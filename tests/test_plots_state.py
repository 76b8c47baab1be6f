"""What notebooks 06 to 09 print in one call: a question's state, chance, and the ledger."""

from __future__ import annotations

import copy
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from fpl_lib import evidence, plots


def as_compact(count):
    """The recorded `mini` pairs of the first seeds, as if they were Q1's."""
    found = []
    for run in evidence.recorded_runs("mini"):
        if run.done and run.header["loss"] in ("fpl", "ce") and run.header["seed"] < count:
            header = copy.deepcopy(run.header)
            header |= {"experiment": "compact", "model": "compact"}
            header["data"]["source"] = "cifar10"
            found.append(replace(run, header=header))
    return found


@pytest.mark.parametrize("pairs, interval", [(0, False), (1, False), (4, True), (10, True)])
def test_a_state_names_the_pairs_and_what_runs_the_rest(pairs, interval):
    runs = as_compact(pairs)
    said = evidence.question_state("Q1", runs).split("\n")
    assert said[0].endswith(f"full CIFAR-10: {pairs} of 10 pairs, open.")
    assert said[0].startswith("Q1: FPL − CE, ")
    estimates = [line for line in said[1:] if "points of top-1 (95 % interval" in line]
    assert len(estimates) == interval
    if interval:
        mean = evidence.answer(evidence.QUESTIONS["Q1"], runs).interval
        numbers = [f"{x:+.2f}".replace("-", "−") for x in (mean.estimate, mean.low, mean.high)]
        assert estimates == [
            "  {} points of top-1 (95 % interval {} to {}, n = ".format(*numbers) + f"{pairs})"
        ]
    main = "  python -m fpl_lib reproduce compact --seeds 0-9"
    assert (main in said) == (pairs < 10)
    assert any("--conditions noise02" in line for line in said)
    assert max(map(len, said)) <= 112


def test_an_unknown_question_is_refused():
    with pytest.raises(KeyError):
        evidence.question_state("Q99", [])


def test_each_difference_stands_in_a_row_of_its_own():
    names, lengths = ["paper, A", "ours, B"], [-0.58, 1.8]
    figure, alt = plots.records.beside_chance(
        names, lengths, message="Chance does as much", ours=["ours, B"]
    )
    rows = figure.axes[1]
    assert [label.get_text() for label in rows.get_yticklabels()] == names
    points = {line.get_ydata()[0]: line for line in rows.get_lines() if line.get_marker() in "Do"}
    assert [points[place].get_xdata()[0] for place in (0, 1)] == lengths
    assert [points[place].get_marker() for place in (0, 1)] == ["D", "o"]
    assert "paper, A at -0.58" in alt and "ours, B at +1.80" in alt
    plt.close(figure)


def test_the_ledger_has_a_row_per_claim_with_what_would_change_it(capsys):
    ledger = evidence.verdict_table([]).query("id in ('top1-gain-text', 'efficientnet-fp')")
    plots.show_ledger(ledger, caption="Two claims")
    said = capsys.readouterr().out
    assert said.startswith("Two claims") and "what would change it" in said
    assert "FPL − CE = −39 false positives, 95 % −170 to +92" in said and "refuted" in said
