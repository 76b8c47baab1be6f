"""The networks: torchvision's, as the paper names them, with or without a stem for small images.

The paper does not say how its networks meet a 32 x 32 image. torchvision's stems are made for
224 x 224: ResNet's divides each side by four before the first block, so that the last block of a
ResNet18 sees a single pixel. The usual cure on CIFAR is a 3 x 3 convolution of stride 1 and no
pooling. Both are configurations here, called `stem="torchvision"` and `stem="cifar"`.
"""

from __future__ import annotations

import torch
import torchvision
from torch import Tensor, nn

from fpl_lib.efficientnet_lite import EfficientNetLite0
from fpl_lib.shortcut import use_shortcuts

MODELS = ("resnet18", "resnet50", "efficientnet_v2_s", "efficientnet_lite0", "small")
STEMS = ("torchvision", "cifar")


def build_model(
    name: str,
    *,
    num_classes: int = 10,
    stem: str = "torchvision",
    seed: int | None = None,
    zero_init_residual: bool = False,
) -> nn.Module:
    """A network with fresh weights: float images (N, 3, 32, 32) to logits (N, num_classes).

    name: one of `MODELS`; stem: one of `STEMS` (`small` has the CIFAR stem only, and takes either
    word). With a `seed` the weights depend on it alone, and the global random state is put back.
    `zero_init_residual` starts the last batch norm of each block of a ResNet at zero, so that
    each block is the identity at first.
    Raises ValueError for an unknown name or stem, or fewer than two classes.

    Sources: He et al. 2016 (ResNet), Tan and Le 2021 (EfficientNetV2), as torchvision builds them;
    `efficientnet_lite.EfficientNetLite0`.

    >>> model = build_model("resnet18", stem="cifar", seed=0)
    >>> model(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    if name not in MODELS:
        raise ValueError(f"unknown model {name!r}: expected one of {', '.join(MODELS)}")
    if stem not in STEMS:
        raise ValueError(f"unknown stem {stem!r}: expected one of {', '.join(STEMS)}")
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    if zero_init_residual and not name.startswith("resnet"):
        raise ValueError(f"zero_init_residual is for ResNets, got it for {name!r}")
    options = {"zero_init_residual": True} if zero_init_residual else {}
    if seed is None:
        return _build(name, num_classes, stem, options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _build(name, num_classes, stem, options)


def _build(name: str, num_classes: int, stem: str, options: dict[str, bool]) -> nn.Module:
    if name == "small":
        return SmallResNet(num_classes)
    if name == "efficientnet_lite0":
        model = EfficientNetLite0(num_classes)
    else:
        model = getattr(torchvision.models, name)(num_classes=num_classes, **options)
    if stem == "cifar" and name.startswith("resnet"):
        model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
        nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
        model.maxpool = nn.Identity()
    elif stem == "cifar":
        model.features[0][0].stride = (1, 1)  # EfficientNets halve five times: here four
    return use_shortcuts(model) if name.startswith("resnet") else model


class SmallResNet(nn.Module):
    """A ResNet for laptops: three residual blocks, `width`, 2 and 4 times `width` channels wide.

    float images (N, 3, H, W) to logits (N, num_classes). After He et al. 2016, section 4.2, with
    one block a stage and the first one halving the image, too.

    >>> sum(p.numel() for p in SmallResNet(10).parameters()) < 90_000
    True
    """

    def __init__(self, num_classes: int = 10, width: int = 16) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)
        )
        self.blocks = nn.Sequential(
            Block(width, width, stride=2),
            Block(width, 2 * width, stride=2),
            Block(2 * width, 4 * width, stride=2),
        )
        self.head = nn.Linear(4 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(images)).mean(dim=(2, 3)))


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a 1 x 1 shortcut: (N, C_in, H, W) to (N, C_out, H/s, W/s)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
            nn.BatchNorm2d(channels_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))
