"""What the command line offers, as plain names: to refuse a slip it need not wait for torch.

Each name belongs to a room, which says what it means; a test holds these lists against the rooms.
"""

from fpl_lib.evidence.names import NAMES

EXPERIMENTS = (
    "table2", "table3", "compact", "finetune", "parts", "wrong-labels", "long-tail", "mini",
    "short",
)  # fmt: skip
LOSSES = tuple(NAMES)
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
