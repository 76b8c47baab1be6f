"""Convolutions of maps so small that they are a matrix product, and the weights that never count.

A network made for 224 x 224 images has shrunk a 32 x 32 one to a pixel or four before its last
blocks. A 3 x 3 kernel that is laid on a single pixel meets it with its middle element; the other
eight meet the padding. The output is then `linear` with those elements that meet the map. That is
the same number, up to the order of a sum, and torch's convolution takes several times as long.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ShortcutConv2d(nn.Conv2d):
    """`nn.Conv2d` that multiplies matrices where the kernel has one place on the map.

    That is where the output is one pixel wide and high. Parameters, their names and their gradients
    are the convolution's: zero for elements that meet the padding alone. Made by `use_shortcuts`.
    """

    def forward(self, x: Tensor) -> Tensor:
        places = zip(x.shape[-2:], self.kernel_size, self.padding, self.stride, strict=True)
        one = all(0 <= size + 2 * pad - kernel < step for size, kernel, pad, step in places)
        if not one or x.dim() != 4:
            return super().forward(x)
        (top, left), (height, width) = self.padding, self.kernel_size
        x = x[:, :, : height - top, : width - left]
        # Pixels before channels, as the weights lie under channels_last: then so do the gradients.
        kernel = self.weight.permute(0, 2, 3, 1)
        kernel = kernel[:, top : top + x.shape[2], left : left + x.shape[3]]
        out = F.linear(x.permute(0, 2, 3, 1).flatten(1), kernel.flatten(1), self.bias)
        return out[:, :, None, None]


def use_shortcuts(model: nn.Module) -> nn.Module:
    """Turn the plain convolutions of `model` into `ShortcutConv2d`, in place, and return it.

    Left as they are: dilated and grouped ones, and those with another padding than zeros.

    >>> conv, pixel = nn.Conv2d(2, 3, 3, padding=1), torch.ones(4, 2, 1, 1)
    >>> before = conv(pixel)
    >>> torch.allclose(use_shortcuts(conv)(pixel), before)
    True
    """
    for module in model.modules():
        if (
            type(module) is nn.Conv2d
            and module.groups == 1
            and module.dilation == (1, 1)
            and module.padding_mode == "zeros"
            and not isinstance(module.padding, str)
        ):
            module.__class__ = ShortcutConv2d  # as torch.nn.utils.parametrize does it
    return model


def unused_weights(model: nn.Module, image_size: int = 32) -> dict[str, int]:
    """How many elements of each kernel meet nothing but padding, so that no gradient moves them.

    For images (N, 3, image_size, image_size); by parameter name, without kernels that have none.

    >>> unused_weights(nn.Conv2d(3, 5, 3, padding=1), image_size=1)
    {'weight': 120}
    """
    unused, hooks = {}, []

    def count(name: str, module: nn.Conv2d, arguments: tuple[Tensor]) -> None:
        # The derivative of a sum over a map of ones counts the pixels that an element meets.
        with torch.enable_grad():
            out = module.forward(torch.ones_like(arguments[0]))
            (meets,) = torch.autograd.grad(out.sum(), module.weight)
        if never := int((meets == 0).sum()):
            unused[f"{name}.weight".lstrip(".")] = never

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_pre_hook(partial(count, name)))
    was_training = model.training
    try:
        with torch.no_grad():
            model.eval()(next(model.parameters()).new_zeros(1, 3, image_size, image_size))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return unused
