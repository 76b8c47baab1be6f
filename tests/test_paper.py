"""The paper's printed figures add up where they should, and disagree where we say they do."""

import math
import re

import pytest
import torch

from fpl_lib import false_positive_loss, paper
from fpl_lib.cifar10.load import CLASSES

EXPERIMENTS = {
    "compact", "finetune", "parts", "table2", "table3", "wrong-labels", "long-tail", "proof",
    "arithmetic", "none",
}  # fmt: skip
EVIDENCE = {"table", "figure", "formula", "text only", "table disagrees"}
TEST_IMAGES = 10_000
PLACES = r"Abstract|Simple Summary|Author Contributions|(Table|Figure|Eq\.|Section) \d(\.\d)?"


def gain(column, pretrained):
    """FPL minus CE in Table 3, in points."""
    rows = paper.table3().query("pretrained == @pretrained").set_index("loss")[column]
    return round(rows["fpl"] - rows["ce"], 2)


def test_figure_1_is_a_distribution_with_the_false_class_likeliest_of_the_wrong_ones():
    example = paper.figure1()
    assert sum(example.probabilities) == pytest.approx(1, abs=1e-15)
    assert example.target == tuple(int(i == example.true) for i in range(5))
    wrong = [p for i, p in enumerate(example.probabilities) if i != example.true]
    assert example.probabilities[example.false] == max(wrong)


def test_figure_1_gives_the_losses_worked_by_hand():
    example = paper.figure1()
    p_true, p_false = example.probabilities[example.true], example.probabilities[example.false]
    loss_true, loss_false = -math.log(p_true), -math.log(1 - p_false)
    assert (round(loss_true, 6), round(loss_false, 6)) == (1.386294, 0.356675)
    assert round(loss_true + loss_false, 6) == 1.742969

    logits = torch.tensor(example.probabilities, dtype=torch.float64).log()
    loss = false_positive_loss(logits, torch.tensor(example.true))
    assert loss.item() == pytest.approx(loss_true + loss_false, abs=1e-14)


def test_table_1_is_typed_and_fresh():
    setup = paper.table1()
    assert (setup.batch_size, setup.epochs, setup.initial_learning_rate) == (64, 20, 0.001)
    assert setup.scheduler == "CosineAnnealingLR" and hasattr(
        torch.optim.lr_scheduler, setup.scheduler
    )
    setup.epochs = 200
    assert paper.table1().epochs == 20


def test_table_2_rows_sum_to_their_printed_totals():
    counts = paper.table2()
    assert list(counts.columns) == ["model", "loss", "network", *CLASSES, "total"]
    assert counts[list(CLASSES)].size == 40
    assert counts[list(CLASSES)].sum(axis=1).equals(counts["total"])


def test_table_2_totals_are_errors_of_networks_at_55_to_65_percent():
    accuracy = 100 * (TEST_IMAGES - paper.table2()["total"]) / TEST_IMAGES
    assert accuracy.round(2).tolist() == [55.75, 55.36, 64.69, 64.64]


def test_table_2_differences_are_those_the_text_states():
    total = paper.table2().pivot(index="model", columns="loss", values="total")
    fewer = (total["fpl"] - total["ce"]).to_dict()
    assert fewer == {"efficientnet_v2_s": -39, "resnet18": -5}
    printed = paper.claims()["printed"]
    assert printed["efficientnet-fp"] == -39 and printed["resnet18-fp"] == -5


def test_table_2_has_fpl_ahead_in_half_of_the_classes_only():
    counts = paper.table2().set_index(["loss", "model"])[list(CLASSES)].sort_index()
    difference = counts.loc["fpl"] - counts.loc["ce"]
    assert (difference < 0).sum(axis=1).to_dict() == {"efficientnet_v2_s": 5, "resnet18": 5}
    assert (difference > 0).sum(axis=1).to_dict() == {"efficientnet_v2_s": 4, "resnet18": 5}


def test_table_3_disagrees_with_the_text_on_top_1():
    claims = paper.claims()["printed"]
    assert gain("top1", "none") == 0.32 == claims["scratch-top1"]
    assert claims["top1-gain-text"] == 0.68


def test_table_3_disagrees_with_the_abstract_on_top_5():
    row = paper.table3().query("pretrained == 'none' and loss == 'ce'")
    assert row["top5"].tolist() == [99.85]
    claims = paper.claims()["printed"]
    assert gain("top5", "none") == 0.02 == claims["top5-gain-text"]
    assert claims["scratch-top5"] == round(99.87 - 99.86, 2) != gain("top5", "none")


def test_table_3_has_ce_ahead_from_imagenet_weights():
    claims = paper.claims()["printed"]
    assert gain("top1", "imagenet") == -0.2 == claims["pretrained-top1"]
    assert gain("top5", "imagenet") == 0.04 == claims["pretrained-top5"]


def test_table_3_has_most_errors_among_the_five_best_guesses():
    table = paper.table3()
    caught = (table["top5"] - table["top1"]) / (100 - table["top1"])
    assert caught.between(0.97, 0.99).all()


def test_claims_are_complete_and_in_known_words():
    rows = paper.claims()
    assert list(rows.columns) == [
        "section", "claim", "printed", "unit", "evidence", "experiment", "notebook",
    ]  # fmt: skip
    assert rows.index.is_unique and rows.index.str.fullmatch("[a-z0-9-]+").all()
    assert set(rows["evidence"]) == EVIDENCE
    assert set(rows["experiment"].str.split().explode()) == EXPERIMENTS
    assert rows["notebook"].str.fullmatch("0[0-9]|10").all()
    assert rows["claim"].str.fullmatch(r"[A-Z].{20,160}\.").all()
    assert (rows["printed"].notna() == (rows["unit"] != "")).all()
    sections = rows["section"]
    assert sections.str.fullmatch(r"Abstract|Simple Summary|Table 3|[1-5](\.\d)?").all()
    for place in ("Abstract", "Simple Summary", "1", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "2.3",
                  "3", "3.1", "3.2", "3.4", "3.5", "4", "5"):  # fmt: skip
        assert place in set(sections), place


def test_a_claim_with_nothing_shown_for_it_cites_no_table():
    rows = paper.claims()
    shown = rows[rows["evidence"].isin(["table", "table disagrees"])]
    assert not shown["experiment"].str.split().explode().isin(["proof", "none"]).any()


def test_contradictions_name_two_places_and_a_claim():
    rows = paper.contradictions()
    assert rows.index.is_unique
    assert set(rows["kind"]) == {"number", "scope", "formula", "reference"}
    assert not (rows["place_1"] == rows["place_2"]).any()
    for column in ("place_1", "place_2"):
        assert all(re.fullmatch(PLACES, place) for place in rows[column])
    assert (rows[["says_1", "says_2"]].map(len) > 10).all(axis=None)
    assert set(rows["claim"]) - {""} <= set(paper.claims().index)


def test_every_claim_a_table_disagrees_with_has_its_contradiction():
    rows, disagree = paper.claims(), paper.contradictions()
    numbers = set(disagree.loc[disagree["kind"] == "number", "claim"])
    expected = set(rows.index[rows["evidence"] == "table disagrees"])
    # The abstract's and the conclusion's unconditional claim is one claim, made twice.
    assert expected - numbers == {"beats-ce"}


def test_frames_are_fresh_so_that_changing_one_changes_no_other():
    frame = paper.table2()
    frame.loc[0, "total"] = 0
    assert paper.table2().loc[0, "total"] == 4425
