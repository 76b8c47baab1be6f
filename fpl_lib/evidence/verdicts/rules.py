"""Which rule judges which claim of `data/paper/claims.csv`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fpl_lib.evidence.records import Record
from fpl_lib.evidence.verdicts import families, forms, gradients, measured, printed
from fpl_lib.evidence.verdicts.finding import Finding, untestable

Rule = Callable[[Sequence[Record]], Finding]

ANSWERS_TO_IMBALANCE = ("focal", "class_balanced", "balanced_softmax", "logit_adjusted")
ANSWERS_TO_NOISE = ("gce", "sce", "mae")
PLAIN_RIVALS = ("focal", "poly1", "gce", "sce", "mae")


def questions(*experiments: tuple[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(experiment, rival) for every rival of every experiment."""
    return [(experiment, rival) for experiment, rivals in experiments for rival in rivals]


def no_records(why: str) -> Rule:
    """A rule that no record can change."""
    return lambda records: untestable(why)


RULES: dict[str, Rule] = {
    "scratch-top1": partial(printed.table3_pair, pretrained="none", metric="top1", sign=1),
    "scratch-top5": printed.scratch_top5,
    "some-cases": printed.some_cases,
    "beats-ce": measured.unconditional,
    "beats-other-losses": families.all_better(
        questions(
            ("imbalance", ANSWERS_TO_IMBALANCE), ("noise", ANSWERS_TO_NOISE),
            ("noise-long", ANSWERS_TO_NOISE), ("mini", PLAIN_RIVALS),
        )
    ),
    "many-tasks": printed.many_tasks,
    "true-class-in-top5": printed.true_class_in_top5,
    "full-adaptability": forms.full_adaptability,
    "losses-ignore-false-class": gradients.designers_ignore,
    "imbalance-superior": measured.better("imbalance"),
    "opposite-to-focal": gradients.opposite_to_focal,
    "imbalance-improved": families.all_better(questions(("imbalance", ANSWERS_TO_IMBALANCE))),
    "imbalance-insight": no_records("No loss is made for a data set, and no reason is given."),
    "label-noise": measured.robust("noise", ANSWERS_TO_NOISE),
    "hyperparameters-imbalance": families.any_better(
        "imbalance", ("fpl", "fpl_batch", "fpl_uniform", "fpl_flipped")
    ),
    "class-distance": gradients.class_distance,
    "figure1-false-class": forms.figure1_false_class,
    "alpha-damps-frequent": forms.damps_frequent,
    "alpha-weak": forms.weak_weight,
    "alpha-favourable": measured.weights_help,
    "mse-terms": forms.squared_terms,
    "batch-alpha": forms.eq7,
    "k-false-classes": forms.eq8,
    "no-tuning": no_records(
        "No search and no code are published, and the author contributions credit two authors with "
        "tuning the hyperparameters."
    ),
    "data-split": forms.data_split,
    "accuracy-formula": printed.accuracy_formula,
    "efficientnet-fp": partial(printed.table2_pair, model="efficientnet_v2_s"),
    "resnet18-fp": partial(printed.table2_pair, model="resnet18"),
    "top1-gain-text": printed.top1_gain,
    "top5-gain-text": partial(printed.table3_pair, pretrained="none", metric="top5", sign=1),
    "pretrained-top1": partial(printed.table3_pair, pretrained="imagenet", metric="top1", sign=-1),
    "pretrained-top5": partial(printed.table3_pair, pretrained="imagenet", metric="top5", sign=1),
    "smoother-curve": measured.everywhere(
        measured.roughness, -1, "points of top-1 (second difference)"
    ),
    "better-optimum": no_records(
        "A loss may lead anywhere, and the paper measures nothing about its minima."
    ),
    "second-maximum": gradients.second_maximum,
    "fewer-fp": measured.everywhere("errors", -1, "false positives"),
    "four-free-parts": forms.four_free_parts,
    "ce-ignores-false-class": gradients.ce_ignores,
    "margin": gradients.margin,
    "mean-median": forms.pooled,
    "always-comparable": families.never_far_behind(
        questions(
            ("table2", ("ce",)), ("table3", ("ce",)), ("mini", ("ce", *PLAIN_RIVALS)),
            ("imbalance", ("ce", *ANSWERS_TO_IMBALANCE)), ("noise", ("ce", *ANSWERS_TO_NOISE)),
            ("noise-long", ("ce", *ANSWERS_TO_NOISE)),
        )
    ),
    "unreported-losses": no_records("It speaks of results that were never published."),
    "learned-alpha": forms.learned,
    "conclusion-beats-ce": measured.unconditional,
}  # fmt: skip
