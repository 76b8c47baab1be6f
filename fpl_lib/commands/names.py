"""What the command line offers, as plain names: to refuse a slip it need not wait for torch.

Each name belongs to a room, which says what it means; a test holds these lists against the rooms.
"""

EXPERIMENTS = (
    "table2", "table3", "imbalance", "noise", "scale", "mini", "short", "table2-mini",
    "table3-mini", "imbalance-mini", "noise-mini", "scale-mini", "noise-long-mini",
)  # fmt: skip
LOSSES = (
    "fpl", "ce", "focal", "poly1", "gce", "sce", "mae", "class_balanced", "balanced_softmax",
    "logit_adjusted", "fpl_batch", "fpl_uniform", "fpl_flipped", "ce_matched",
)  # fmt: skip
MODELS = ("resnet18", "resnet50", "efficientnet_v2_s", "small")
STEMS = ("torchvision", "cifar")
OPTIMIZERS = ("adadelta", "sgd")
SCHEDULES = ("cosine", "step", "constant")
PARTS = ("loss", "trainer", "class", "growth")
# Of the recipe of `reproduce mini`, where `train` starts from.
MINI = {
    "epochs": 20, "batch_size": 64, "optimizer": "sgd", "lr": 0.1, "momentum": 0.9,
    "weight_decay": 5e-4, "schedule": "cosine", "augment": True, "amp": False,
}  # fmt: skip
