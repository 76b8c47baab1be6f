"""Each claim gets a verdict from its rule, each kind of verdict is reached, none by hand."""

import math

import pytest
from made_runs import made, pair

from fpl_lib import paper
from fpl_lib.evidence.verdicts import (
    CONTRADICTED,
    INDISTINGUISHABLE,
    NOT_RUN,
    SUPPORTED,
    UNTESTABLE,
    VERDICTS,
    verdict_on,
    verdict_table,
)
from fpl_lib.evidence.verdicts.finding import FULL, MINI, PRINTED
from fpl_lib.evidence.verdicts.measured import roughness
from fpl_lib.evidence.verdicts.printed import IMAGES, comparisons
from fpl_lib.evidence.verdicts.rules import ANSWERS_TO_IMBALANCE, RULES

EXPERIMENT = ("table2", "table3", "imbalance", "noise")


def test_every_claim_has_a_rule_and_every_rule_a_claim():
    assert list(RULES) == list(paper.claims().index)


def test_the_table_has_a_row_a_claim_with_verdict_basis_and_reason():
    table = verdict_table([])
    assert table["id"].tolist() == list(paper.claims().index)
    assert set(table["verdict"]) == set(VERDICTS)
    assert (table["why"].str.len() >= 20).all() and (table["basis"].str.len() > 0).all()
    open_ = table["verdict"] == INDISTINGUISHABLE
    assert (table.loc[open_, "low"] < 0).all() and (table.loc[open_, "high"] > 0).all()
    assert (table.loc[open_, "seeds_needed"] >= 2).all()
    assert table.loc[~open_, "seeds_needed"].isna().all()


def test_what_proof_or_print_decides_needs_no_record_and_what_runs_decide_waits():
    table = verdict_table([]).set_index("id")["verdict"]
    for claim, experiments in paper.claims()["experiment"].items():
        if set(experiments) <= {"proof", "arithmetic"}:
            assert table[claim] in (SUPPORTED, CONTRADICTED), claim
        if experiments == ("none",):
            assert table[claim] == UNTESTABLE, claim
    waiting = table.index[table == NOT_RUN]
    assert all(set(paper.claims()["experiment"][c]) & set(EXPERIMENT) for c in waiting)


def test_what_waits_names_the_command_that_runs_it():
    for row in verdict_table([]).query("verdict == @NOT_RUN").itertuples():
        assert row.basis.startswith("`python -m fpl_lib reproduce "), row.id


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("top1-gain-text", CONTRADICTED),
        ("scratch-top5", CONTRADICTED),
        ("scratch-top1", INDISTINGUISHABLE),
        ("pretrained-top1", INDISTINGUISHABLE),
        ("resnet18-fp", INDISTINGUISHABLE),
        ("some-cases", SUPPORTED),
        ("alpha-weak", SUPPORTED),
        ("class-distance", SUPPORTED),
        ("margin", CONTRADICTED),
        ("second-maximum", CONTRADICTED),
        ("ce-ignores-false-class", CONTRADICTED),
        ("accuracy-formula", CONTRADICTED),
        ("learned-alpha", CONTRADICTED),
        ("full-adaptability", CONTRADICTED),
        ("many-tasks", CONTRADICTED),
        ("unreported-losses", UNTESTABLE),
    ],
)
def test_verdicts_that_no_run_can_change(claim, verdict):
    found = verdict_on(claim, [])
    assert found.verdict == verdict
    assert found == verdict_on(claim, pair(5.0))


@pytest.mark.parametrize("claim", ["beats-ce", "conclusion-beats-ce"])
def test_an_unconditional_claim_falls_with_one_setting_of_ours_and_not_with_one_printed_run(claim):
    found = verdict_on(claim, [])
    assert (found.verdict, found.scope) == (INDISTINGUISHABLE, PRINTED)
    assert found.estimate == pytest.approx(min(comparisons().values()))
    assert "CE is ahead in 1 (" in found.why
    against = verdict_on(claim, [*pair(3, experiment="table2-mini"), *pair(-3)])
    assert (against.verdict, against.scope) == (CONTRADICTED, MINI)
    assert against.estimate == pytest.approx(-3, abs=0.02) and "CE is ahead in 1 (" in against.why
    assert verdict_on(claim, pair(3)).verdict == SUPPORTED


def test_whether_alpha_helps_is_asked_of_the_same_loss_without_it():
    options = {"experiment": "imbalance-mini", "condition": "exp100"}
    levels = {"ce": 50.0, "fpl": 60.0, "fpl_uniform": 63.0}
    runs = fleet(levels, **options)
    found = verdict_on("alpha-favourable", runs)
    assert (found.verdict, found.n) == (CONTRADICTED, 10) and "To CE it is +" in found.why
    assert verdict_on("imbalance-superior", runs).verdict == SUPPORTED


def test_the_reason_for_a_mean_over_conditions_names_its_extremes():
    runs = [
        *fleet({"fpl": 60.0, "fpl_uniform": 58.0}, experiment="imbalance-mini", condition="exp10"),
        *fleet({"fpl": 40.0, "fpl_uniform": 41.0}, experiment="imbalance-mini", condition="step10"),
    ]
    why = verdict_on("alpha-favourable", runs).why
    assert "(step10) to +" in why and why.endswith("(exp10).") and "By condition from -" in why


def test_none_of_the_papers_own_comparisons_exceeds_the_spread_between_seeds():
    """So says the reason given for the verdict on 'FPL beats CE'."""
    claims = ("efficientnet-fp", "resnet18-fp", "scratch-top1", "top5-gain-text",
              "pretrained-top1", "pretrained-top5")  # fmt: skip
    found = [verdict_on(claim, []) for claim in claims]
    assert {one.verdict for one in found} == {INDISTINGUISHABLE}
    points = [abs(o.estimate) * (100 / IMAGES if "false" in o.unit else 1) for o in found]
    assert sorted(points) == pytest.approx(sorted(map(abs, comparisons().values())))


def test_a_single_printed_run_weighs_as_the_planning_says():
    found = verdict_on("scratch-top1", [])
    assert found.n == 1 and found.estimate == pytest.approx(0.32) and found.seeds_needed == 5
    assert found.high - found.estimate == pytest.approx(found.estimate - found.low)


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(2, SUPPORTED), (-2, CONTRADICTED), (0.02, INDISTINGUISHABLE)]
)
def test_full_size_pairs_decide_on_the_printed_number(ahead, verdict):
    options = {"experiment": "table2", "model": "resnet18", "level": 64.0}
    found = verdict_on("resnet18-fp", pair(ahead, **options))
    assert (found.verdict, found.scope, found.n) == (verdict, FULL, 10)
    assert found.estimate == pytest.approx(-100 * ahead, abs=2)
    found = verdict_on("scratch-top1", pair(ahead, experiment="table3", model="resnet50",
                                            condition="scratch"))  # fmt: skip
    assert (found.verdict, found.scope) == (verdict, FULL)


def test_the_mini_set_never_decides_on_a_printed_number():
    runs = [*pair(9, experiment="table2-mini"), *pair(9), *pair(9, experiment="table3-mini")]
    for claim in ("resnet18-fp", "efficientnet-fp", "scratch-top1", "pretrained-top1"):
        assert verdict_on(claim, runs).scope == PRINTED


def test_one_pair_of_runs_is_not_enough():
    runs = pair(3, seeds=1, experiment="table2", model="resnet18")
    assert verdict_on("resnet18-fp", runs).scope == PRINTED
    assert verdict_on("fewer-fp", runs).verdict == NOT_RUN


def test_of_several_readings_of_table_2_the_closest_to_the_print_counts():
    far = pair(3, experiment="table2", model="resnet18", level=44.0)
    near = pair(-3, experiment="table2", model="resnet18", level=64.0, condition="cifar-stem")
    found = verdict_on("resnet18-fp", [*far, *near])
    assert found.verdict == CONTRADICTED and "cifar-stem" in found.basis


def test_fewer_false_positives_is_a_matter_of_sign():
    assert verdict_on("fewer-fp", pair(2)).verdict == SUPPORTED
    found = verdict_on("fewer-fp", pair(-2))
    assert (found.verdict, found.scope, found.unit) == (CONTRADICTED, MINI, "false positives")
    assert found.estimate == pytest.approx(200, abs=2)


def test_full_runs_come_before_the_mini_set():
    full = pair(2, experiment="table2", model="resnet18")
    assert verdict_on("fewer-fp", [*pair(-2), *full]).verdict == SUPPORTED
    assert verdict_on("fewer-fp", [*pair(-2), *full[:2]]).verdict == CONTRADICTED


def imbalance(ahead, conditions=("exp10", "exp100"), **options):
    return [
        run
        for place, condition in enumerate(conditions)
        for run in pair(ahead, experiment="imbalance-mini", condition=condition,
                        config={"imbalance": 10.0 ** (place + 1)}, **options)
    ]  # fmt: skip


def test_conditions_are_averaged_seed_by_seed():
    runs = [*imbalance(2, ["exp10"]), *imbalance(-1, ["exp100"])]
    found = verdict_on("imbalance-superior", runs)
    assert found.n == 10 and found.estimate == pytest.approx(0.5, abs=0.02)
    assert "exp10, exp100" in found.basis and found.scope == MINI


def fleet(levels, seeds=10, **options):
    """Runs of several losses, each at its own accuracy, with a spread that is not the losses'."""
    shake = [
        0.2 * math.sin(7 * seed + place) for place in range(len(levels)) for seed in range(seeds)
    ]
    return [
        made(loss, seed, level + shake[place * seeds + seed], **options)
        for place, (loss, level) in enumerate(levels.items())
        for seed in range(seeds)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("best", "verdict"),
    [(None, SUPPORTED), ("balanced_softmax", CONTRADICTED), ("tie", INDISTINGUISHABLE)],
)
def test_better_than_all_earlier_answers_means_all(best, verdict):
    levels = {"fpl": 60.0, **dict.fromkeys(ANSWERS_TO_IMBALANCE, 58.0)}
    if best == "tie":
        levels["focal"] = 60.0
    elif best:
        levels[best] = 63.0
    found = verdict_on("imbalance-improved", fleet(levels, experiment="imbalance-mini",
                                                   condition="exp100"))  # fmt: skip
    assert found.verdict == verdict


def test_better_than_all_is_never_supported_by_some():
    levels = {"fpl": 60.0, "focal": 50.0}
    runs = fleet(levels, experiment="imbalance-mini", condition="exp100")
    assert verdict_on("imbalance-improved", runs).verdict == INDISTINGUISHABLE


def test_one_good_variant_is_enough_where_hyperparameters_may_be_chosen():
    levels = {"ce": 60.0, "fpl": 57.0, "fpl_batch": 57.0, "fpl_flipped": 63.0}
    options = {"experiment": "imbalance-mini", "condition": "exp100"}
    assert verdict_on("hyperparameters-imbalance", fleet(levels, **options)).verdict == SUPPORTED
    levels["fpl_flipped"] = 57.0
    assert verdict_on("hyperparameters-imbalance", fleet(levels, **options)).verdict == CONTRADICTED


def test_runs_without_noise_say_nothing_about_noise():
    runs = pair(5, experiment="noise-mini", condition="noise00")
    assert verdict_on("label-noise", runs).verdict == NOT_RUN


def test_what_long_training_shows_is_added_to_the_reason_and_decides_nothing():
    short = pair(-3, experiment="noise-mini", condition="noise40")
    long = {"ce": 30.0, "fpl": 30.0, "gce": 36.0, "mae": 33.0}
    runs = [*short, *fleet(long, experiment="noise-long-mini", condition="noise40")]
    found, alone = verdict_on("label-noise", runs), verdict_on("label-noise", short)
    assert found.verdict == alone.verdict == CONTRADICTED and found.why.startswith(alone.why)
    assert "learnt by heart: FPL − CE " in found.why and "is gce: +6." in found.why


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(-0.4, SUPPORTED), (-3, CONTRADICTED), (-1, INDISTINGUISHABLE)]
)
def test_far_behind_has_a_measure(ahead, verdict):
    assert verdict_on("always-comparable", pair(ahead)).verdict == verdict


def test_the_smoother_curve_is_the_straighter_one():
    assert roughness(made(top1=60, epochs=4)) == pytest.approx(0)
    runs = pair(0, epochs=6)
    bumpy = [made(r.header["loss"], r.header["seed"], r.result["top1"], epochs=6,
                  bumps=3.0 + 0.1 * r.header["seed"] if r.header["loss"] == "ce" else 0.0)
             for r in runs]  # fmt: skip
    assert verdict_on("smoother-curve", bumpy).verdict == SUPPORTED
    assert verdict_on("smoother-curve", runs).verdict == INDISTINGUISHABLE


def test_an_unknown_claim_is_refused():
    with pytest.raises(ValueError, match="unknown claim 'nothing'"):
        verdict_on("nothing", [])


def test_one_setting_against_it_contradicts_a_claim_without_condition():
    fewer, more = pair(3, experiment="table2-mini"), pair(-3, experiment="mini")
    assert verdict_on("fewer-fp", fewer).verdict == SUPPORTED
    found = verdict_on("fewer-fp", [*fewer, *more])
    assert found.verdict == CONTRADICTED and found.basis.startswith("mini") and "of 2" in found.why


def test_one_setting_that_says_nothing_leaves_it_open():
    runs = [*pair(3, experiment="table2-mini"), *pair(0.02, experiment="mini")]
    found = verdict_on("fewer-fp", runs)
    assert found.verdict == INDISTINGUISHABLE and found.basis.startswith("mini")
    assert found.seeds_needed > 10
