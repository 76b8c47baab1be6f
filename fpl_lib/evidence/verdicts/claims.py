"""Which rule judges which claim of `data/paper/claims.csv`, each as it is worded."""

from __future__ import annotations

from fpl_lib.evidence.verdicts import formulas, printed
from fpl_lib.evidence.verdicts.asked import Rule, asked, comparable
from fpl_lib.evidence.verdicts.findings import UNTESTABLE, Finding

ALL_OF_FPL = ("Q1", "Q2", "Q3", "Q5c", "Q6", "Q7a", "Q7c", "Q8")


def no_runs(why: str, change: str) -> Rule:
    """A rule that no record can change."""
    return lambda records: Finding(UNTESTABLE, "", "the paper's text", why, change)


RULES: dict[str, Rule] = {
    "scratch-top1": printed.single_runs("table3", "resnet50", "top1", "none", question="Q8"),
    "scratch-top5": printed.scratch_top5,
    "some-cases": printed.some_cases,
    "beats-ce": asked("Q1"),
    "beats-other-losses": printed.beats_other_losses,
    "many-tasks": printed.many_tasks,
    "true-class-in-top5": printed.true_class_in_top5,
    "similar-class": printed.similar_class,
    "full-adaptability": formulas.full_adaptability,
    "losses-ignore-false-class": no_runs(
        "This is about what researchers pay attention to. CE pushes the preferred wrong class down "
        "hardest, by p_F, and margin losses have used it since Crammer and Singer (2001).",
        "a survey of the literature",
    ),
    "imbalance-superior": no_runs(
        "A purpose is stated, and no result of it; what came of it in one setting is question Q7a.",
        "a loss that is named as that purpose's result",
    ),
    "opposite-to-focal": formulas.opposite_to_focal,
    "imbalance-improved": asked(
        "Q7c", "The passage does not say which loss; FPL with Eq. 4's weights stands in for it."
    ),
    "imbalance-insight": no_runs(
        "No loss is made for a data set, and no reason is given.", "such a loss and its reason"
    ),
    "label-noise": formulas.broader_framework,
    "noise-robust": asked(
        "Q6", note="The section's title suggests it; its text does not claim it."
    ),
    "hyperparameters-imbalance": asked(
        "Q7a",
        note="The weights tried are Eq. 4's. The claim is about the right ones, and the paper does "
        "not say which they are; the experiments that Section 2 announces are not in it.",
        only="weights that are named beforehand, and how far ahead of CE they are",
    ),
    "class-distance": formulas.class_distance,
    "figure1-false-class": formulas.figure1_false_class,
    "alpha-damps-frequent": formulas.damps_frequent,
    "background-class": no_runs(
        "No detector is trained, and Eq. 4 needs the background's count, which a detector chooses.",
        "a detector trained with and without Eq. 4",
    ),
    "alpha-weak": formulas.weak_weight,
    "alpha-favourable": asked("Q7b"),
    "mse-terms": formulas.squared_terms,
    "batch-alpha": formulas.eq7,
    "k-false-classes": formulas.eq8,
    "no-tuning": no_runs(
        "No search and no code are published, and the author contributions credit two authors with "
        "tuning the hyperparameters. How those of Table 1, of the authors' own implementation, "
        "were chosen is not said.",
        "the authors' code and logs",
    ),
    "data-split": printed.data_split,
    "accuracy-formula": printed.accuracy_formula,
    "efficientnet-fp": printed.single_runs("table2", "efficientnet_v2_s", "errors"),
    "resnet18-fp": printed.single_runs("table2", "resnet18", "errors", question="Q3"),
    "top1-gain-text": printed.top1_gain,
    "top5-gain-text": printed.single_runs("table3", "resnet50", "top5", "none"),
    "pretrained-top1": printed.single_runs("table3", "resnet50", "top1", "imagenet"),
    "pretrained-top5": printed.single_runs("table3", "resnet50", "top5", "imagenet"),
    "smoother-curve": no_runs(
        "Smoothness is not defined, and Figure 3 shows one curve of each loss.",
        "a measure of smoothness, and several seeds of ResNet50",
    ),
    "better-optimum": no_runs(
        "A loss may lead anywhere, and the paper measures nothing about its minima.",
        "a measure of the minima reached",
    ),
    "second-maximum": no_runs(
        "No probability of a second maximum is reported. In one gradient CE does push it down, by "
        "p_F (notebook 02); what a whole training with CE leaves of it the paper does not show.",
        "the second-largest probabilities of both networks over training",
    ),
    "fewer-fp": printed.can_decrease,
    "four-free-parts": formulas.four_free_parts,
    "ce-ignores-false-class": formulas.ce_ignores,
    "margin": formulas.margin,
    "mean-median": formulas.pooled,
    "always-comparable": comparable(ALL_OF_FPL),
    "unreported-losses": no_runs(
        "It speaks of results that were never published.", "the results in question"
    ),
    "learned-alpha": no_runs(formulas.LEARNED, "a method for tuning or learning α, and its runs"),
    "conclusion-beats-ce": asked("Q1"),
}
