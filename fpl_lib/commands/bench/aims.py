"""What the bench aims at, and what its rows are called."""

COST, TRAINER, WHOLE = "what FPL costs", "what the trainer costs", "whole trainings"
ACCURACY, SHORTCUT = "time to 87 % on CIFAR-10", "the exact shortcut for 1 × 1 maps"
CLASS = "a class's time"
SAME, CE, BARE = "the same with cross-entropy", "cross-entropy", "bare step"
COMMON, USUAL = "common loop", "as many epochs of ResNet18 with a CIFAR stem"
OWN = "torch's own convolutions"
BY_AVX2 = ", by AVX2"  # what is measured on AVX-512, too, as a processor without it would do it

_STEPS = {(COST, f"a step of {name}", SAME): 1.02 for name in ("small", "compact", "resnet18")}
AIMS = {
    "cpu": {
        **_STEPS,
        (COST, "the loss alone, 8192 × 1000", CE): 1.1,
        (COST, "the loss alone, 1024 × 32000", CE): 0.7,
        (COST, "peak memory of the loss, 8192 × 1000", CE): 0.6,
        (TRAINER, "small", BARE): 0.97,
        (TRAINER, "small", COMMON): 2.5,
        (TRAINER, "resnet18", BARE): 0.97,
        (TRAINER, "resnet18", COMMON): 2.0,
        (ACCURACY, "compact", COMMON): 0.4,
        (ACCURACY, "compact", USUAL): 0.05,
        (SHORTCUT, "a step of resnet18", OWN): 0.65,
        (CLASS, "the longest notebook", ""): 60.0,
        (CLASS, "all notebooks", ""): 300.0,
    },
    "cuda": {
        **_STEPS,
        (COST, "peak memory of the loss, 8192 × 1000", CE): 0.6,
        (TRAINER, "resnet18", BARE): 0.97,
        (TRAINER, "resnet18", COMMON): 10.0,
        (WHOLE, "resnet18, 20 epochs at batch 64", ""): 20.0,
        (WHOLE, "efficientnet_v2_s, 20 epochs at batch 64", ""): 90.0,
        (WHOLE, "resnet50, 200 epochs at batch 128", ""): 720.0,
    },
}
"""By device, group, name and baseline what is aimed at; the seconds of whole trainings on an H100.

The trainer's ratios are of its speed, at least so much; all others of time or memory, at most."""
