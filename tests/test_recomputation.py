"""The answers to the protocol's questions, computed a second time: NumPy, SciPy and JSON lines.

`recomputed` and what it calls use none of the kit's code. They read what is asked from
data/protocol.md and the runs from the files, and must find what `evidence.answer` finds: for
whatever is in data/runs, and for a folder of made-up records in which every question is answered.
"""

import json
import re
from functools import cache
from math import nan, sqrt
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from repository import ROOT, text
from scipy import stats

from fpl_lib.evidence import QUESTIONS, answer, read_runs
from fpl_lib.evidence.records import Record, write_record
from fpl_lib.evidence.secondary import secondary
from fpl_lib.evidence.validation import result_of

CONDITION = {
    "table2": "float32", "table3": "scratch", "wrong-labels": "noise40", "long-tail": "exp100",
}  # fmt: skip
MODEL = {
    "compact": "compact", "EfficientNet-Lite0": "efficientnet_lite0", "ResNet18": "resnet18",
    "small": "small", "ResNet50": "resnet50",
}  # fmt: skip
CONTROL = {  # (loss, condition) that should be better, that which should be worse, pairs
    "Q1": (("ce", ""), ("ce", "noise02"), 5),
    "Q2": (("ce", ""), ("ce", "noise05"), 3),
    "Q4": (("ce", ""), ("ce", "noise05"), 5),
    "Q5": (("ce", ""), ("ce", "noise05"), 5),
    "Q6": (("gce", "noise40"), ("ce", "noise40"), 5),
    "Q7": (("balanced_softmax", "exp100"), ("ce", "exp100"), 5),
}  # Q3 and Q8: cross-entropy against itself at half the epochs


def rows_of(header: str) -> list[list[str]]:
    lines = text("data/protocol.md").split(f"| {header}", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


ASKED = {row[0].split()[0]: row for row in rows_of("question | experiment |")}
GATES = {
    name: float(re.match(r"≥ ([\d.]+)", gate)[1])
    for names, gate, _ in rows_of("question | gate")
    for name in names.split(", ")
}


def lines_of(folder: Path, experiment: str) -> list[list[dict]]:
    files = sorted((folder / experiment).glob("*.jsonl"))
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in files]


def interval(d: list[float], level: float) -> tuple[float, float, float] | None:
    """Mean and Student's t interval; None for fewer than two values."""
    if len(d) < 2:
        return None
    mean = sum(d) / len(d)
    sd = sqrt(sum((x - mean) ** 2 for x in d) / (len(d) - 1))
    half = stats.t.isf((1 - level) / 2, len(d) - 1) * sd / sqrt(len(d))
    return mean, mean - half, mean + half


def recomputed(folder: Path, name: str) -> dict:
    """Pairs, interval, gate, fall and control of a question, and whether a verdict may be given."""
    _, experiment, contrast, network, _, pairs, level, _ = ASKED[name]
    experiment, pairs, level = experiment.strip("`"), int(pairs), float(level.split()[0]) / 100
    level = {0.9833: 1 - 0.05 / 3, 0.9917: 1 - 0.05 / 6}.get(round(level, 4), level)
    condition, group = CONDITION.get(experiment, ""), name[:2]
    seeds = range(1, pairs + 1) if name == "Q3" else range(pairs)
    top1, curves = {}, {}
    for head, *epochs, last in lines_of(folder, experiment):
        full = head["data"]["source"] == "cifar10" and head["model"] == MODEL[network]
        if last["kind"] == "result" and full and head["seed"] in seeds:
            hits = sum(last["confusion"][i][i] for i in range(10))
            key = head["loss"], head["condition"], head["seed"]
            top1[key] = 100 * hits / sum(map(sum, last["confusion"]))
            curves[key] = [row["top1"] for row in epochs]

    def minus(first, second, seeds=seeds) -> list[float]:
        both = [s for s in seeds if (*first, s) in top1 and (*second, s) in top1]
        return [top1[(*first, s)] - top1[(*second, s)] for s in both]

    loss, rival = contrast.split(" − ")
    d = minus((loss, condition), (rival, condition))
    ce = [key for key in top1 if key[:2] == ("ce", condition)]
    mean_curve = np.mean([curves[key] for key in ce], axis=0) if ce else [nan]
    if group in CONTROL:
        better, worse, planned = CONTROL[group]
        control = minus(better, worse, seeds[:planned])
    else:
        planned = 5
        control = [curves[key][-1] - curves[key][len(curves[key]) // 2 - 1] for key in ce]
    gate = sum(top1[key] for key in ce) / len(ce) if ce else nan
    fall = max(mean_curve) - mean_curve[-1]
    ends = interval(control, 0.95)
    passed = gate >= GATES[group] and (group != "Q6" or fall >= 3)
    known = len(control) >= planned and ends[1] > 0
    return {
        "n": len(d), "interval": interval(d, level), "gate": gate, "fall": fall,
        "control": ends, "control_n": len(control), "counts": len(d) == pairs and passed and known,
    }  # fmt: skip


@cache
def records_of(folder: Path) -> list[Record]:
    return read_runs(folder)


def found(folder: Path, name: str) -> dict:
    """The same by the kit."""
    got = answer(QUESTIONS[name], records_of(folder))
    parts = [one and (one.estimate, one.low, one.high) for one in (got.interval, got.control)]
    return {
        "n": got.n, "interval": parts[0], "gate": got.gate, "fall": got.fall, "control": parts[1],
        "control_n": got.control_n, "counts": not got.obstacles,
    }  # fmt: skip


def agree(folder: Path, name: str) -> dict:
    ours, theirs = recomputed(folder, name), found(folder, name)
    for key, value in ours.items():
        assert theirs[key] == pytest.approx(value, abs=1e-9, nan_ok=True), (name, key)
    return ours


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answers_from_data_runs_are_found_a_second_time(name):
    agree(ROOT / "data" / "runs", name)


def plausible(question, loss, seed, condition, level, source="cifar10") -> Record:
    """A run with `level` percent right, errors scattered at random, and top-1 that rises."""
    rng = np.random.default_rng(crc32(f"{question.experiment} {loss} {condition} {seed}".encode()))
    right = (level + 0.8 * np.sin(seed) + rng.normal(0, 0.2)) / 100
    shares = np.full((10, 10), (1 - right) / 9) + np.diag([right - (1 - right) / 9] * 10)
    counts = np.array([rng.multinomial(1000, row) for row in shares])
    sure = {"nll": rng.uniform(0.4, 0.5), "ece": rng.uniform(1, 4), "margin": rng.uniform(0, 0.9)}
    result = result_of(counts, rng.uniform(99, 100), **sure)
    rising = np.array([0.5, 0.8, 1.05 if "noise40" in condition else 0.95, 1.0])
    rows = [
        {"epoch": e, "train_loss": 1.0, "top1": top1, "top5": result["top5"], "seconds": 1.0,
         "images_per_second": 9.0, **(sure if e == 4 else {})}
        for e, top1 in enumerate((result["top1"] * rising).tolist(), start=1)
    ]  # fmt: skip
    header = {
        "experiment": question.experiment, "model": question.model, "loss": loss, "seed": seed,
        "condition": condition, "config": {"epochs": 4, "lr": 0.1, "rate": 1.0},
        "data": {"source": source, "train": 50_000, "test": 10_000}, "environment": {},
    }  # fmt: skip
    return Record(header, rows, result)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every question's runs, and among them some that none may count.

    Strangers: other seeds, held-out images, the excerpt. Pairs are missing from Q2, runs of the
    control from Q4 and Q5, and Q8's cross-entropy stays below its gate.
    """
    runs = {}
    for number, question in enumerate(QUESTIONS.values()):
        for (_, condition, first, n), losses in question.runs_needed().items():
            for place, loss in enumerate(sorted(losses)):
                for seed in range(first, first + n):
                    level = 88 + 0.3 * ((place + number) % 4) - 3 * ("noise0" in condition)
                    level += {"gce": 2, "balanced_softmax": 2}.get(loss, 0)
                    level -= 20 if question.name == "Q8" else 0
                    run = plausible(question, loss, seed, condition, level)
                    runs.setdefault(run.path, run)
    q1 = QUESTIONS["Q1"]
    for loss in ("ce", "fpl"):
        for stranger in (
            plausible(q1, loss, 10, "", 50), plausible(q1, loss, 100, "rate1", 50),
            plausible(QUESTIONS["Q3"], loss, 0, "float32", 20),
            plausible(QUESTIONS["Q8"], loss, 5, "scratch", 99, source="mini"),
        ):  # fmt: skip
            runs[stranger.path] = stranger
    missing = ("finetune/efficientnet_lite0-fpl-4", "parts/small-ce-noise05-4")
    folder = tmp_path_factory.mktemp("runs")
    for path, run in runs.items():
        if path.with_suffix("").as_posix() not in missing:
            write_record(run, folder)
    return folder


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answers_from_made_up_runs_are_found_a_second_time(name, folder):
    ours, question = agree(folder, name), QUESTIONS[name]
    assert ours["n"] == len(question.seeds) - (name == "Q2") and ours["interval"][1] < 100
    assert ours["counts"] == (name[:2] in ("Q1", "Q3", "Q6", "Q7"))
    assert ours["control_n"] >= question.control.pairs - (name[:2] in ("Q4", "Q5"))


def test_q1s_secondary_measures_are_found_a_second_time(folder):
    last = {}
    for head, *_, result in lines_of(folder, "compact"):
        if head["condition"] == "" and head["seed"] < 10:
            last[head["loss"], head["seed"]] = result

    def by_seed(read):
        return np.array([read(last["fpl", s]) - read(last["ce", s]) for s in range(10)])

    cat, dog = 3, 5
    counts = [
        by_seed(lambda r, c=c: sum(row[c] for row in r["confusion"]) - r["confusion"][c][c])
        for c in range(10)
    ]
    as_dog = by_seed(lambda r: r["confusion"][cat][dog])
    as_cat = by_seed(lambda r: r["confusion"][dog][cat])
    counts.append(as_dog + as_cat)
    p = [stats.ttest_1samp(d, 0).pvalue for d in counts]
    adjusted, so_far = [nan] * 11, 0.0
    for place, i in enumerate(sorted(range(11), key=p.__getitem__)):
        adjusted[i] = so_far = max(so_far, min(1, (11 - place) * p[i]))
    sure = [by_seed(lambda r, key=key: r[key]) for key in ("top5", "nll", "ece", "margin")]
    expected = [*sure, *counts, as_dog, as_cat]

    table = secondary(read_runs(folder))
    assert (table["n"] == 10).all() and len(table) == len(expected) == 17
    ends = np.array([interval(list(d), 0.95) for d in expected])
    assert table[["estimate", "low", "high"]].to_numpy() == pytest.approx(ends, abs=1e-9)
    assert table["p"].tolist() == pytest.approx([nan] * 4 + adjusted + [nan] * 2, nan_ok=True)
    assert table["measure"][12] == "false positives of ship" and 0 < min(adjusted) < 1
