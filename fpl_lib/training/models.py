"""The networks: torchvision's, as the paper names them, with or without a stem for small images.

The paper does not say how its networks meet a 32 x 32 image. With torchvision's stems, made for
224 x 224 (`stem="torchvision"`), the last block of a ResNet18 sees a single pixel. The usual cure
on CIFAR is a 3 x 3 convolution of stride 1 and no pooling (`stem="cifar"`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fpl_lib.training.shortcut import use_shortcuts

MODELS = ("resnet18", "resnet50", "efficientnet_v2_s", "efficientnet_lite0", "small", "compact")
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

    name: one of `MODELS`; stem: one of `STEMS` (`small` and `compact` have one stem only, for small
    images, and take either word). With a `seed` the weights depend on it alone, and the global
    random state is put back. `zero_init_residual` starts the last batch norm of each block of a
    ResNet at zero, so that each block is the identity at first. ValueError for anything else.

    Sources: He et al. 2016 (ResNet), Tan and Le 2021 (EfficientNetV2), as torchvision builds them.

    >>> build_model("resnet18", stem="cifar", seed=0)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    for what, given, known in (("model", name, MODELS), ("stem", stem, STEMS)):
        if given not in known:
            raise ValueError(f"unknown {what} {given!r}: expected one of {', '.join(known)}")
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    if zero_init_residual and not name.startswith("resnet"):
        raise ValueError(f"zero_init_residual is for ResNets, got it for {name!r}")
    options = {"zero_init_residual": True} if zero_init_residual else {}
    build = {"small": SmallResNet, "compact": CompactNet}.get(name) or _foreign(name)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        model = build(num_classes=num_classes, **options)
        if stem == "cifar" and name.startswith("resnet"):
            model.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
            nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
            model.maxpool = nn.Identity()
        elif stem == "cifar" and name.startswith("efficientnet"):
            model.features[0][0].stride = (1, 1)  # they halve an image five times: here four
    return use_shortcuts(model) if name.startswith("resnet") else model


def _foreign(name: str) -> type[nn.Module]:
    """What is made of torchvision, whose import takes as long as torch's, and 160 MB."""
    if name == "efficientnet_lite0":
        from fpl_lib.training.efficientnet_lite import EfficientNetLite0

        return EfficientNetLite0
    from torchvision import models

    return getattr(models, name)


class SmallResNet(nn.Module):
    """A ResNet for laptops, images (N, 3, H, W) to logits (N, num_classes): 16, 32, 64 channels.

    After He et al. 2016, section 4.2, with one block a stage, the first one halving the image, too.

    >>> sum(p.numel() for p in SmallResNet(10).parameters()) < 90_000
    True
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)
        )
        self.blocks = nn.Sequential(Block(16, 16, 2), Block(16, 32, 2), Block(32, 64, 2))
        self.head = nn.Linear(64, num_classes)
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


class CompactNet(nn.Module):
    """Full CIFAR-10 on one old core: a fixed whitening layer, then six 3 x 3 convolutions.

    Images (N, 3, H, W), H and W of at least 16, to logits (N, num_classes). The first layer is not
    trained: its 24 filters are random until `whiten` makes them of images. Convolutions start as
    the identity on their first channels; logits are divided by 8, for a soft start.

    Source: K. Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, 2024 (airbench), narrowed.

    >>> sum(p.numel() for p in CompactNet(10).parameters()) < 300_000
    True
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.register_buffer("filters", torch.empty(24, 3, 2, 2))
        nn.init.kaiming_normal_(self.filters, nonlinearity="relu")
        self.stages = nn.Sequential(Stage(24, 32), Stage(32, 64), Stage(64, 128))
        self.head = nn.Linear(128, num_classes, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        whitened = F.silu(F.conv2d(images, self.filters))
        return self.head(self.stages(whitened).amax(dim=(2, 3))) / 8

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Make the first layer of `images` (N, 3, H, W): patches' principal components, whitened.

        All 12 components of their 2 x 2 patches, each scaled to unit variance, and the same 12 with
        the opposite sign.
        """
        patches = F.unfold(images, 2, stride=2).transpose(1, 2).flatten(0, 1).double()
        variances, components = torch.linalg.eigh(patches.T @ patches / len(patches))
        scaled = (components / (variances + 5e-4).sqrt()).T.reshape(12, 3, 2, 2)
        self.filters.copy_(torch.cat([scaled, -scaled]))


class Stage(nn.Module):
    """Convolve, pool, convolve beside a shortcut: (N, C_in, H, W) to (N, C_out, H/2, W/2)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        first = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        second = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        for layer in (first, second):
            nn.init.dirac_(layer.weight.data[: layer.in_channels])
        # Pooled before it is normalised: a quarter of the pixels for all that follows.
        self.halved = nn.Sequential(first, nn.MaxPool2d(2), nn.BatchNorm2d(channels_out), nn.SiLU())
        self.residual = nn.Sequential(second, nn.BatchNorm2d(channels_out), nn.SiLU())

    def forward(self, x: Tensor) -> Tensor:
        x = self.halved(x)
        return x + self.residual(x)
