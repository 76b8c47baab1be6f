"""What the command line offers, as plain names: to refuse a slip it need not wait for torch.

Each name belongs to a room, which says what it means; a test holds these lists against the rooms.
"""

EXPERIMENTS = (
    "table2", "table3", "compact", "finetune", "parts", "wrong-labels", "long-tail", "imbalance",
    "noise", "scale", "mini", "short", "table2-mini", "table3-mini", "imbalance-mini",
    "noise-mini", "scale-mini", "noise-long-mini",
)  # fmt: skip
LOSSES = (
    "fpl", "ce", "focal", "poly1", "gce", "sce", "mae", "class_balanced", "balanced_softmax",
    "logit_adjusted", "fpl_batch", "fpl_uniform", "fpl_mean", "fpl_flipped", "fpl_quarter",
    "fpl_half", "fpl_double", "fpl_k2", "fpl_k9", "ce_matched", "ce_matched_sample",
)  # fmt: skip
MODELS = ("resnet18", "resnet50", "efficientnet_v2_s", "efficientnet_lite0", "small", "compact")
STEMS = ("torchvision", "cifar")
OPTIMIZERS = ("adadelta", "sgd")
SCHEDULES = ("cosine", "step", "constant", "one_cycle")
PARTS = ("loss", "trainer", "growth")
# Of the recipe of `reproduce mini`, where `train` starts from.
MINI = {
    "epochs": 20, "batch_size": 64, "optimizer": "sgd", "lr": 0.1, "momentum": 0.9,
    "weight_decay": 5e-4, "schedule": "cosine", "augment": True, "image_size": 32,
    "amp": False,
}  # fmt: skip
