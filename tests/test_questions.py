"""Questions of the protocol: text and code agree, and an answer counts only when it may."""

import math
import re

import numpy as np
import pytest
from made_runs import made, pair
from repository import ROOT, text
from scipy import stats

from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.planning import seeds_needed
from fpl_lib.evidence.questions import QUESTIONS, answer
from fpl_lib.evidence.records import read_runs

PROTOCOL = text("data/protocol.md")
Q1 = {"experiment": "compact", "model": "compact"}


def table(header):
    """The rows of the protocol's table that starts so, each a list of its cells."""
    _, after = PROTOCOL.split(f"| {header} |", 1)
    lines = after.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_protocols_table_is_what_the_code_asks():
    rows = table("question | experiment | contrast | network | images | pairs | level | margin")
    assert [row[0].split()[0] for row in rows] == list(QUESTIONS)
    for name, experiment, contrast, _, _, pairs, level, margin in rows:
        asked = QUESTIONS[name.split()[0]]
        assert name == f"{asked.name} {asked.asks}"
        assert experiment == f"`{asked.experiment}`"
        assert contrast == f"{asked.loss} − {asked.rival}"
        assert int(pairs) == len(asked.seeds)
        assert level == f"{100 * asked.level:.4g} %"
        assert float(margin) == asked.margin


def test_the_protocols_gates_are_the_codes():
    gates = {}
    for names, gate, _ in table(
        "question | gate: mean top-1 of cross-entropy | positive control, an effect of known "
        "direction"
    ):
        least = float(re.match(r"≥ ([\d.]+) %", gate)[1])
        gates |= dict.fromkeys(names.split(", "), least)
    for question in QUESTIONS.values():
        assert gates[question.name.rstrip("abcdef")] == question.gate


def test_every_question_has_its_runs_in_the_catalogue():
    for question in QUESTIONS.values():
        plan = EXPERIMENTS[question.experiment]
        assert question.model in plan.models
        assert {question.loss, question.rival, "ce"} <= {*plan.losses, *plan.more_losses}
        assert question.condition in [condition.name for condition in plan.conditions]


def compact(ahead=0.5, seeds=10, spoilt=-1.0, level=88.0, spread=0.1):
    runs = pair(ahead, seeds, spread=spread, level=level, **Q1)
    clean = {run.header["seed"]: run.result["top1"] for run in runs if run.header["loss"] == "ce"}
    return runs + [
        made("ce", seed, clean[seed] + spoilt + 0.02 * seed, condition="noise02", **Q1)
        for seed in range(min(5, seeds))
    ]


def test_the_estimate_is_students_interval_of_paired_differences():
    runs = compact(0.4, spread=0.3)
    found = answer(QUESTIONS["Q1"], runs)
    top1 = {(r.header["loss"], r.header["seed"]): r.result["top1"] for r in runs if not r.condition}
    d = np.array([top1["fpl", seed] - top1["ce", seed] for seed in range(10)])
    half = stats.t.ppf(0.975, 9) * d.std(ddof=1) / math.sqrt(10)
    assert found.n == 10 and found.interval.estimate == pytest.approx(d.mean())
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (d.mean() - half, d.mean() + half)
    )
    assert found.obstacles == []


@pytest.mark.parametrize(
    ("runs", "obstacle"),
    [
        (compact(seeds=9), "9 of 10 pairs"),
        (compact(level=80.0), "cross-entropy at 80."),
        (compact(spoilt=0.5), "the positive control is not clearly above zero"),
        (compact()[:-1], "4 of 5 pairs of the control"),
        ([], "0 of 10 pairs"),
    ],
)
def test_no_verdict_without_pairs_gate_and_control(runs, obstacle):
    assert any(obstacle in one for one in answer(QUESTIONS["Q1"], runs).obstacles)


def test_a_control_has_its_planned_pairs_and_no_others():
    """Q2's protocol: "No pairs are added to it, since the result has been seen"."""
    q2 = {"experiment": "finetune", "model": "efficientnet_lite0", "level": 89}
    clean = pair(1, 5, **q2)
    spoilt = [
        made(
            "ce",
            seed,
            87 + seed,
            condition="noise05",
            experiment=q2["experiment"],
            model=q2["model"],
        )
        for seed in range(5)
    ]
    assert answer(QUESTIONS["Q2"], clean + spoilt) == answer(QUESTIONS["Q2"], clean + spoilt[:3])


def test_runs_of_two_precisions_give_no_verdict():
    runs = compact(0.8)
    runs[3].header["environment"]["numeric_mode"] = "TF32"
    assert answer(QUESTIONS["Q1"], runs).obstacles == [
        "runs of more than one precision: TF32, float32"
    ]


def test_runs_on_held_out_or_mini_images_or_other_seeds_are_not_asked():
    strangers = [
        *pair(9, condition="rate1", **Q1),
        *pair(9, source="mini", **Q1),
        *(run for run in pair(9, 12, **Q1) if run.header["seed"] > 9),
    ]
    found = answer(QUESTIONS["Q1"], strangers)
    assert found.n == 0 and found.interval is None


def test_a_small_difference_lies_within_the_margin_and_a_wide_interval_does_not():
    q1 = QUESTIONS["Q1"]
    assert answer(q1, compact(0.02, spread=0.1)).interval.within(q1.margin)
    wide = answer(q1, compact(0.02, spread=1.0))
    assert not wide.interval.within(q1.margin)
    assert seeds_needed(q1.margin, wide.sd, paired=True, level=q1.level) > 10


def test_a_control_by_longer_training_compares_the_end_with_half_way():
    runs = [
        made("ce", seed, 45, experiment="table2", model="resnet18", condition="float32")
        for seed in range(1, 6)
    ]
    found = answer(QUESTIONS["Q3"], runs)
    assert found.control_n == 5 and found.control.estimate == pytest.approx(22.5)


def test_wrong_labels_count_only_where_cross_entropy_forgets():
    """The protocol: it falls by 3 points or more from its best epoch to its last."""
    where = {"experiment": "wrong-labels", "condition": "noise40"}
    runs = [*pair(1, 5, **where), *pair(4, 5, loss="gce", **where)[::2]]
    found = answer(QUESTIONS["Q6"], runs)
    assert found.fall == 0 and found.obstacles == [
        "cross-entropy ends 0.0 points below its best epoch, expected 3 or more"
    ]
    for run in runs:
        run.epochs[1]["top1"] = run.result["top1"] + 3.5
    found = answer(QUESTIONS["Q6"], runs)
    assert found.fall == pytest.approx(3.5) and found.obstacles == []


def test_runs_of_two_recipes_are_never_pairs_of_one_question():
    runs = compact()
    for run in runs[:6]:
        run.header["config"]["lr"] = 0.7
    found = answer(QUESTIONS["Q1"], runs)
    assert found.n == 7 and found.obstacles[0] == "7 of 10 pairs"


def test_records_on_disk_name_no_tested_seed_among_those_for_choosing_rates():
    for record in read_runs(ROOT / "data" / "runs"):
        held_out = record.header["config"].get("validation", 0) > 0
        assert held_out == (record.header["seed"] >= 100), record.path


@pytest.mark.parametrize("plan", [p for p in EXPERIMENTS.values() if p.rates], ids=lambda p: p.name)
def test_a_chosen_rate_is_the_best_on_held_out_images_and_not_at_the_edge_of_those_tried(plan):
    """By the protocol; for Q1 and Q2 the mean of two seeds decides between the two best rates."""
    trials = [r for r in read_runs(ROOT / "data" / "runs", plan.name) if r.header["seed"] >= 100]
    for loss, chosen in plan.rates:
        top1 = {100: {}, 101: {}}
        for run in trials:
            if run.header["loss"] == loss:
                factor = float(run.header["condition"].removeprefix("rate"))
                top1[run.header["seed"]][factor] = run.result["top1"]
        once, again = top1.values()
        assert len(once) >= 4 and min(once) < chosen < max(once)
        if plan.name in ("compact", "finetune"):
            assert set(again) == set(sorted(once, key=once.get)[-2:])
            once = {factor: once[factor] + again[factor] for factor in again}
        assert chosen == max(once, key=once.get)
