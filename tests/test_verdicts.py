"""Each claim gets a verdict from its rule, each word is reached, none is written by hand."""

import pytest
from made_runs import made, pair
from test_questions import compact

from fpl_lib import paper
from fpl_lib.evidence.verdicts import VERDICTS, verdict_on, verdict_table
from fpl_lib.evidence.verdicts.claims import RULES
from fpl_lib.evidence.verdicts.findings import (
    BORNE_OUT,
    NO_DIFFERENCE,
    NOT_BORNE_OUT,
    OPEN,
    PRINTED,
    PROVED,
    REFUTED,
    UNTESTABLE,
    Finding,
)
from fpl_lib.evidence.verdicts.printed import IMAGES, comparisons, spread_factors


def test_every_claim_has_a_rule_and_every_rule_a_claim():
    assert list(RULES) == list(paper.claims().index)


def test_the_ledger_has_a_row_per_claim_with_basis_reason_and_what_would_change_it():
    ledger = verdict_table([])
    assert ledger["id"].tolist() == list(paper.claims().index)
    assert set(ledger["verdict"]) == {PROVED, REFUTED, OPEN, UNTESTABLE}
    for column, least in (("basis", 10), ("why", 10), ("change", 15)):
        assert (ledger[column].str.len() >= least).all(), column


def test_formulas_and_print_decide_without_records_and_questions_wait_for_theirs():
    ledger = verdict_table([]).set_index("id")
    for claim, experiments in paper.claims()["experiment"].items():
        if experiments == "proof":
            assert ledger.loc[claim, "verdict"] in (PROVED, REFUTED), claim
        if experiments == "none":
            assert ledger.loc[claim, "verdict"] == UNTESTABLE, claim
    scoped = ledger[ledger["verdict"] != UNTESTABLE]["words"]
    assert scoped.str.fullmatch(r".+ \(.+\)").all()  # of what it holds is part of the word
    assert ledger.loc["resnet18-fp", "words"] == "open (the paper's printed numbers, n = 1)"
    asked = ledger[ledger["question"] != ""]
    assert (asked["verdict"] == OPEN).all()
    commands = asked.drop("always-comparable")["change"]
    assert commands.str.contains("python -m fpl_lib reproduce ").all()


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("top1-gain-text", REFUTED),
        ("scratch-top5", REFUTED),
        ("some-cases", PROVED),
        ("alpha-weak", PROVED),
        ("class-distance", PROVED),
        ("full-adaptability", PROVED),
        ("label-noise", PROVED),
        ("margin", REFUTED),
        ("ce-ignores-false-class", REFUTED),
        ("opposite-to-focal", UNTESTABLE),
        ("accuracy-formula", REFUTED),
        ("many-tasks", REFUTED),
        ("second-maximum", UNTESTABLE),
        ("learned-alpha", UNTESTABLE),
        ("unreported-losses", UNTESTABLE),
    ],
)
def test_verdicts_that_no_run_can_change(claim, verdict):
    found = verdict_on(claim, [])
    assert found.verdict == verdict
    assert str(found) == str(verdict_on(claim, compact()))  # NaN is what it was


def test_the_sizes_of_cifar10_are_not_judged_before_its_files_were_loaded():
    assert verdict_on("data-split", []).verdict == OPEN
    assert verdict_on("data-split", [made(experiment="mini")]).verdict == OPEN
    cut = made(experiment="long-tail", config={"imbalance": 100.0})
    assert verdict_on("data-split", [cut]).verdict == OPEN
    assert verdict_on("data-split", [cut, *compact()]).verdict == PROVED


@pytest.mark.parametrize(
    ("runs", "verdict", "words"),
    [
        (compact(0.8), BORNE_OUT, "borne out (CompactNet"),
        (compact(-0.8), NOT_BORNE_OUT, "not borne out (CompactNet"),
        (compact(0.02), NO_DIFFERENCE, "no difference beyond ± 0.3 points of top-1 (CompactNet"),
        (compact(0.02, spread=1.0), OPEN, "open (CompactNet"),
        (compact(0.8, seeds=9), OPEN, "open (CompactNet"),
        (compact(0.8, level=80), OPEN, "open (CompactNet"),
    ],
)
def test_the_words_follow_the_interval_the_margin_the_gate_and_the_control(runs, verdict, words):
    found = verdict_on("beats-ce", runs)
    assert found.verdict == verdict and found.words.startswith(words)
    assert f"n = {found.n})" in found.words and found.level == 0.95


def test_a_difference_within_the_margin_on_one_side_of_zero_says_both():
    found = verdict_on("beats-ce", compact(-0.1, spread=0.05))
    assert found.verdict == NOT_BORNE_OUT
    both = "not borne out, no difference beyond ± 0.3 points of top-1 (CompactNet"
    assert found.words.startswith(both)
    assert "no difference" not in verdict_on("beats-ce", compact(-0.8)).words


def test_an_open_claim_says_how_many_pairs_would_settle_it():
    found = verdict_on("beats-ce", compact(0.02, spread=1.0))
    assert "pairs, enough to find a difference of 0.3 points with 80 % power" in found.change


def test_claims_on_one_question_share_its_one_statistic():
    runs = compact(-0.8)
    same = [verdict_on(name, runs) for name in ("beats-ce", "conclusion-beats-ce")]
    assert {(one.question, one.estimate, one.low, one.high) for one in same} == {
        ("Q1", same[0].estimate, same[0].low, same[0].high)
    }


def long_tail(**levels):
    return [
        made(loss, seed, level + 0.1 * seed * (-1) ** (seed + place), experiment="long-tail",
             condition="exp100")
        for place, (loss, level) in enumerate(levels.items())
        for seed in range(10)
    ]  # fmt: skip


def test_the_long_tails_claims_are_judged_beside_what_each_names():
    runs = long_tail(ce=50.0, fpl=53.0, focal=56.0, fpl_mean=53.0, balanced_softmax=60.0)
    assert verdict_on("imbalance-superior", runs).verdict == UNTESTABLE
    assert verdict_on("imbalance-improved", runs).verdict == NOT_BORNE_OUT
    found = verdict_on("alpha-favourable", runs)
    assert found.contrast == "FPL − (FPL, one α)" and found.n == 5 and found.verdict != BORNE_OUT


def test_comparable_is_a_matter_of_all_questions():
    found = verdict_on("always-comparable", compact(-3))
    assert found.verdict == NOT_BORNE_OUT and "1 of 8" not in found.words
    assert "further behind in 1" in found.why
    found = verdict_on("always-comparable", compact(0.5))
    assert found.words == "open (1 of 8 questions complete)" and not found.interval
    assert (
        found.change.endswith("narrower intervals or runs: Q2, Q3, Q5c, Q6, Q7a, Q7c, Q8")
        and "Q1 +0.50 points" in found.why
    )


def test_a_single_printed_run_is_weighed_by_the_largest_plausible_spread():
    alone, beside = verdict_on("scratch-top1", []), verdict_on("scratch-top1", pair(0, spread=2))
    assert (
        alone.scope == PRINTED and alone.verdict == OPEN and alone.estimate == pytest.approx(0.32)
    )
    least, most, settings = spread_factors(pair(0, spread=2))
    assert settings == 1 and least < most  # of CE, and of FPL
    assert (beside.high - beside.low) == pytest.approx(most * (alone.high - alone.low))
    assert "In 1 balanced settings of ours" in beside.why


def test_a_question_that_repeats_a_printed_row_takes_its_place_once_it_is_answered():
    options = {"experiment": "table2", "model": "resnet18", "condition": "float32"}
    runs = [
        made(loss, seed, level + 0.1 * (seed % 3) * (loss == "fpl"), **options)
        for loss, level in (("ce", 45.0), ("fpl", 40.0))
        for seed in range(1, 6)
    ]
    found = verdict_on("resnet18-fp", runs)
    assert (found.verdict, found.question, found.n) == (NOT_BORNE_OUT, "Q3", 5)
    assert verdict_on("resnet18-fp", runs[:-1]).scope == PRINTED


def test_none_of_the_papers_own_comparisons_exceeds_the_spread_between_seeds():
    claims = ("efficientnet-fp", "resnet18-fp", "scratch-top1", "top5-gain-text",
              "pretrained-top1", "pretrained-top5")  # fmt: skip
    found = [verdict_on(claim, []) for claim in claims]
    assert all(one.verdict == OPEN and one.low < 0 < one.high for one in found)
    points = [abs(o.estimate) * (100 / IMAGES if "false" in o.unit else 1) for o in found]
    assert sorted(points) == pytest.approx(sorted(map(abs, comparisons().values())))


def test_errors_that_gather_do_not_show_that_the_classes_are_similar():
    found = verdict_on("similar-class", compact())  # made runs call every error cat
    assert "100 to 100 % of a class's errors" in found.why and "not measured" in found.why
    assert found.verdict == verdict_on("similar-class", []).verdict == OPEN


def test_what_can_happen_is_judged_by_whether_it_did_and_the_mean_stands_beside_it():
    assert verdict_on("fewer-fp", []).verdict == PROVED
    found = verdict_on("fewer-fp", compact(-0.8))
    assert found.verdict == PROVED and "In our question Q1, FPL − CE = −0.8" in found.why


def test_a_verdict_on_a_part_of_a_claim_names_the_part():
    assert verdict_on("alpha-weak", []).words == "proved (the effect, not the reason given)"


def test_a_question_that_is_one_case_of_a_claim_leaves_it_open_either_way():
    for fpl in (53.0, 47.0):
        runs = long_tail(ce=50.0, fpl=fpl, focal=50.0, balanced_softmax=60.0)
        found = verdict_on("hyperparameters-imbalance", runs)
        assert found.verdict == OPEN and found.change.startswith("weights that are named")
    assert verdict_on("beats-other-losses", runs).verdict == REFUTED
    assert "FPL − focal = −2.90 points" in verdict_on("beats-other-losses", runs).why


def test_an_unknown_claim_is_refused():
    with pytest.raises(ValueError, match="claim: expected one of .*; got 'nothing'"):
        verdict_on("nothing", [])


def test_no_rule_gives_a_word_of_its_own():
    for runs in ([], compact(0.8), compact(-0.8), compact(0.02), compact(-3)):
        assert set(verdict_table(runs)["verdict"]) <= set(VERDICTS)


def test_an_interval_stands_in_the_unit_with_true_minus_signs():
    numbers = {"estimate": -0.5, "low": -1.25, "high": 0.25, "level": 0.9917}
    some = Finding(OPEN, "", "", "", "", unit="points of top-1", contrast="FPL − poly-1", **numbers)
    assert some.interval == "FPL − poly-1 = −0.50 points of top-1, 99.17 % −1.25 to +0.25"
    whole = {"estimate": -39, "low": -170.4, "high": 92.4, "level": 0.95}
    bare = Finding(OPEN, "", "", "", "", unit="false positives", **whole)
    assert bare.interval == "−39 false positives, 95 % −170 to +92"
    assert Finding(OPEN, "", "", "", "").interval == ""
    table = verdict_table(compact(-2)).set_index("id")
    assert table.loc["beats-ce", "interval"] == verdict_on("beats-ce", compact(-2)).interval
    assert (table["interval"] != "").equals(table["low"].notna())


def test_every_word_is_reached():
    reached = {verdict_on(claim, runs).verdict
               for runs in ([], compact(0.8), compact(-0.8), compact(0.02))
               for claim in ("beats-ce", "margin", "mse-terms", "unreported-losses")}  # fmt: skip
    assert reached == set(VERDICTS)
