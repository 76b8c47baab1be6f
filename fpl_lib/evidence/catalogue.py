"""The experiments as data: which networks, which losses, under which conditions, by which recipe.

Those of data/protocol.md ask its questions on full CIFAR-10; the `-mini` ones are of the small
network on cifar10-mini. Nothing here was tuned until one loss or the other won.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from torch import Tensor, nn

from fpl_lib.losses.alphas import batch_alpha, class_alpha, flipped_alpha
from fpl_lib.losses.fpl import FalsePositiveLoss
from fpl_lib.losses.matched import GradientMatched
from fpl_lib.losses.rivals import (
    LossModule,
    balanced_softmax_loss,
    class_balanced_loss,
    focal_loss,
    gce_loss,
    mae_loss,
    poly1_loss,
    sce_loss,
)
from fpl_lib.training.loop import Recipe
from fpl_lib.training.pretrained import name_weights


def _fpl(counts: Tensor) -> FalsePositiveLoss:
    return FalsePositiveLoss(class_alpha(counts))


def _false_part(counts: Tensor, factor: float) -> FalsePositiveLoss:
    alpha = class_alpha(counts)
    return FalsePositiveLoss((alpha, factor * alpha))


# A loss by name: a function of the training labels' counts (C,), so that Eq. 4 can be used.
LOSSES: dict[str, Callable[[Tensor], nn.Module]] = {
    "fpl": _fpl,
    "ce": lambda counts: nn.CrossEntropyLoss(),
    "focal": lambda counts: LossModule(focal_loss),
    "poly1": lambda counts: LossModule(poly1_loss),
    "gce": lambda counts: LossModule(gce_loss),
    "sce": lambda counts: LossModule(sce_loss),
    "mae": lambda counts: LossModule(mae_loss),
    "class_balanced": lambda counts: LossModule(class_balanced_loss, counts=counts),
    "balanced_softmax": lambda counts: LossModule(balanced_softmax_loss, counts=counts),
    "fpl_batch": lambda counts: FalsePositiveLoss(batch_alpha),  # Eq. 7
    # One weight for all classes: the mean of Eq. 4's over the training images, 1 - sum(share^2).
    "fpl_mean": lambda counts: FalsePositiveLoss(float(1 - ((counts / counts.sum()) ** 2).sum())),
    "fpl_flipped": lambda counts: FalsePositiveLoss((class_alpha(counts), flipped_alpha(counts))),
    # The false term alone by a factor; more false classes (Eq. 8).
    "fpl_quarter": lambda counts: _false_part(counts, 0.25),
    "fpl_half": lambda counts: _false_part(counts, 0.5),
    "fpl_double": lambda counts: _false_part(counts, 2.0),
    "fpl_k2": lambda counts: FalsePositiveLoss(class_alpha(counts), k=2),
    "fpl_k9": lambda counts: FalsePositiveLoss(class_alpha(counts), k=9),
    "ce_matched": lambda counts: GradientMatched(nn.CrossEntropyLoss(), _fpl(counts)),
    "ce_matched_sample": lambda counts: GradientMatched(
        nn.CrossEntropyLoss(), _fpl(counts), by="sample"
    ),
}


@dataclass(frozen=True)
class Condition:
    """One column of a grid: what it changes in the training data, the network or the recipe.

    noise: share of training labels made wrong, symmetrically; imbalance: size of the largest class
    over that of the smallest, exponential. Both are drawn with the run's seed, so that all losses
    of one seed see the same labels. `stem`, `recipe`: instead of the experiment's. weights: "" for
    random ones, a name of torchvision's weights, such as "IMAGENET1K_V1", or a file of them.
    validation: how many training images are held out, in their classes' shares, and take the test
    images' place; per_class: how many images of each class are trained on (0: all), drawn with the
    seed too. One that is `on_request` runs only when it is named.
    """

    name: str = ""
    noise: float = 0.0
    imbalance: float = 1.0
    stem: str | None = None
    recipe: Recipe | None = None
    weights: str = ""
    validation: int = 0
    per_class: int = 0
    on_request: bool = False


@dataclass(frozen=True)
class Experiment:
    """A table or figure as data: networks, losses and conditions, one recipe for all of them."""

    name: str
    about: str
    models: tuple[str, ...]
    losses: tuple[str, ...]
    recipe: Recipe
    conditions: tuple[Condition, ...] = (Condition(),)
    stem: str = "torchvision"
    source: str = "auto"  # where the images come from, as in load_cifar10
    keep_confusion: bool = False  # the confusion matrix of each epoch, not of the last alone
    more_losses: tuple[str, ...] = ()  # run only when they are named
    zero_init_residual: bool = False  # the last batch norm of each residual block starts at zero
    rates: tuple[tuple[str, float], ...] = ()  # (loss, factor): its own multiple of the recipe's lr


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run's outcome, the machine and the data aside."""

    experiment: str
    model: str
    loss: str
    seed: int
    recipe: Recipe
    stem: str = "torchvision"
    condition: str = ""
    noise: float = 0.0
    imbalance: float = 1.0
    weights: str = ""
    zero_init_residual: bool = False
    validation: int = 0
    rate: float = 1.0  # the loss's own multiple of the experiment's rate, which `recipe` contains
    per_class: int = 0

    @property
    def name(self) -> str:
        """What its record is called: MODEL-LOSS[-CONDITION]-SEED."""
        return "-".join(filter(None, (self.model, self.loss, self.condition, str(self.seed))))

    def as_dict(self) -> dict:
        """One flat dictionary of plain values, as a record keeps it."""
        names = "stem noise imbalance zero_init_residual validation per_class rate".split()
        fields = {**asdict(self.recipe), **{name: getattr(self, name) for name in names}}
        fields |= {"profile": "exponential", "weights": name_weights(self.weights)}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}


# Table 1 names batch size, epochs, learning rate, AdaDelta and the cosine schedule, and nothing
# else: so no augmentation and no weight decay.
TABLE_1 = Recipe()
# Table 3's is MMClassification's for CIFAR-10 (resnet50_8xb16_cifar10), on one device.
TABLE_3 = Recipe(
    batch_size=128, epochs=200, optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=1e-4,
    schedule="step", milestones=(100, 150), augment=True,
)  # fmt: skip
MINI = Recipe(
    batch_size=64, epochs=20, optimizer="sgd", lr=0.1, momentum=0.9, nesterov=True,
    weight_decay=5e-4, augment=True,
)  # fmt: skip
# For the compact network on full CIFAR-10, on one old core: see data/protocol.md. After K. Jordan's
# airbench (2024): small shifts, a rate that rises and falls in straight lines.
COMPACT = Recipe(
    batch_size=128, epochs=6, optimizer="sgd", lr=0.2, momentum=0.9, nesterov=True,
    weight_decay=5e-4, schedule="one_cycle", augment=True, padding=2,
)  # fmt: skip
# From ImageNet weights, with enlarged images.
FINETUNE = Recipe(
    batch_size=64, epochs=3, optimizer="sgd", lr=0.02, momentum=0.9, nesterov=True,
    weight_decay=5e-4, schedule="one_cycle", augment=True, image_size=64,
)  # fmt: skip
# The small network on all of CIFAR-10: what of FPL acts; wrong labels; a long tail.
PARTS = replace(MINI, batch_size=128, epochs=10)
WRONG_LABELS = replace(PARTS, augment=False, weight_decay=0.0, epochs=30)
LONG_TAIL = replace(MINI, epochs=30)

_MINI = {"models": ("small",), "source": "mini"}


def _question(
    name: str, about: str, model: str, losses: tuple[str, ...], recipe: Recipe,
    *conditions: Condition, **more,
) -> Experiment:  # fmt: skip
    """An experiment of data/protocol.md: its conditions, and on request the rates to choose among.

    Rates are tried in the first condition, on held-out images, in half the epochs.
    """
    trials = tuple(
        replace(
            conditions[0], name=f"rate{factor:g}", validation=5000, on_request=True,
            recipe=replace(recipe, lr=recipe.lr * factor, epochs=recipe.epochs // 2),
        )
        for factor in (0.25, 0.5, 1, 2, 4, 8, 16)
    )  # fmt: skip
    return Experiment(name, about, (model,), losses, recipe, conditions + trials, **more)


def _spoilt(share: float, **how) -> Condition:
    """The positive control: some wrong labels."""
    return Condition(f"noise{100 * share:02.0f}", noise=share, on_request=True, **how)


_LITE0 = {"weights": "efficientnet_lite0"}
_IMAGENET = {"weights": "IMAGENET1K_V1", "on_request": True}
_ALL = (
    Experiment(
        "table2",
        "Table 2: false positives per class on CIFAR-10, by the recipe of Table 1",
        models=("resnet18", "efficientnet_v2_s"),
        losses=("fpl", "ce"),
        recipe=replace(TABLE_1, amp=True),
        # The paper says neither which stem nor which initial weights.
        conditions=(
            Condition(),
            Condition("float32", recipe=TABLE_1, on_request=True),
            Condition("cifar-stem", stem="cifar", on_request=True),
            Condition("imagenet", **_IMAGENET),
            Condition("imagenet-cifar-stem", stem="cifar", **_IMAGENET),
        ),
    ),
    Experiment(
        "table3",
        "Table 3, Figure 3: ResNet50 on CIFAR-10, from scratch and from ImageNet weights",
        models=("resnet50",),
        losses=("fpl", "ce"),
        recipe=TABLE_3,
        conditions=(
            Condition("scratch"),
            Condition("scratch-bf16", recipe=replace(TABLE_3, amp=True), on_request=True),
            # The paper says 10 epochs and nothing more: a tenth of the rate, falling smoothly.
            Condition(
                "finetuned",
                recipe=replace(TABLE_3, epochs=10, lr=0.01, schedule="cosine", milestones=()),
                **_IMAGENET,
            ),
        ),
        stem="cifar",
        zero_init_residual=True,
    ),
    # The questions of data/protocol.md, in its order.
    _question(
        "compact", "Q1: FPL and CE on full CIFAR-10, each at the rate chosen for it",
        "compact", ("ce", "fpl"), COMPACT, Condition(), _spoilt(0.02),
        rates=(("ce", 2), ("fpl", 2)),
    ),
    _question(
        "finetune", "Q2: FPL and CE from ImageNet weights, on enlarged images of full CIFAR-10",
        "efficientnet_lite0", ("ce", "fpl"), FINETUNE,
        Condition(**_LITE0), _spoilt(0.05, **_LITE0), rates=(("ce", 2), ("fpl", 1)),
    ),
    _question(
        "parts",
        "Q4, Q5: direction, length or reweighting; how much false term, how many false classes",
        "small", ("ce", "fpl", "ce_matched", "ce_matched_sample", "fpl_quarter", "fpl_half",
                  "fpl_double", "fpl_k2", "fpl_k9"),
        PARTS, Condition(), _spoilt(0.05),
        rates=(
            ("ce", 4), ("fpl", 4), ("ce_matched", 4), ("ce_matched_sample", 4), ("fpl_quarter", 4),
            ("fpl_half", 2), ("fpl_double", 2), ("fpl_k2", 2), ("fpl_k9", 4),
        ),
    ),
    _question(
        "wrong-labels", "Q6: 40 % of the labels wrong, until CE learns them by heart",
        "small", ("ce", "fpl", "gce"), WRONG_LABELS,
        Condition("noise40", noise=0.4, per_class=1000),
        rates=(("ce", 8), ("fpl", 4), ("gce", 2)),
    ),
    _question(
        "long-tail", "Q7: CIFAR-10-LT in full, ratio 100; tested on balanced classes",
        "small", ("ce", "fpl", "fpl_mean", "focal", "balanced_softmax"), LONG_TAIL,
        Condition("exp100", imbalance=100.0), Condition("exp10", imbalance=10.0, on_request=True),
        more_losses=("fpl_flipped", "class_balanced"),
        rates=(
            ("ce", 2), ("fpl", 1), ("fpl_mean", 1), ("focal", 2), ("balanced_softmax", 2),
            ("class_balanced", 2), ("fpl_flipped", 2),
        ),
    ),
    Experiment(
        "mini", "A small network on cifar10-mini: a minute a run on a laptop",
        losses=("fpl", "ce"), more_losses=("focal", "poly1", "gce", "sce", "mae"), recipe=MINI,
        keep_confusion=True, **_MINI,
    ),
    Experiment(
        "short", "Two epochs of mini: the known runs beside which notebook 05 sets a reader's own",
        losses=("fpl", "ce"), recipe=replace(MINI, epochs=2), **_MINI,
    ),
)  # fmt: skip
EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}
