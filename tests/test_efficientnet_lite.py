"""EfficientNet-Lite0: its size, its padding, and what stochastic depth does."""

import pytest
import torch
import torch.nn.functional as F

from fpl_lib.training.efficientnet_lite import EfficientNetLite0, MBConv, SamePadConv2d

pytestmark = pytest.mark.slow


def test_its_widths_and_its_cost_are_the_published_ones():
    """4.7 M parameters and 407 M multiplications for an image of 224 x 224."""
    model, count = EfficientNetLite0().eval(), 0

    def multiplications(module, arguments, out):
        nonlocal count
        weight = module.weight
        count += weight[0].numel() * out[0].numel()

    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(multiplications)
    model(torch.zeros(1, 3, 224, 224))
    assert round(count / 1e6) in range(380, 410)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == 4.7


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 7), (6, 3)])
def test_padding_keeps_a_size_divided_by_the_stride_and_puts_the_odd_pixel_last(
    kernel, stride, size
):
    conv = SamePadConv2d(2, 3, kernel, stride, bias=False).double()
    x = torch.randn(2, 2, *size, dtype=torch.float64)
    out = conv(x)
    wide = F.conv2d(F.pad(x, (9, 9, 9, 9)), conv.weight)  # the kernel at every place
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            # TensorFlow's rule: what is padded in all, and the smaller half of it before.
            before = [max((-(-n // stride) - 1) * stride + kernel - n, 0) // 2 for n in size]
            at = (9 - before[0] + row * stride, 9 - before[1] + column * stride)
            torch.testing.assert_close(out[:, :, row, column], wide[:, :, at[0], at[1]])
    assert out.shape[2:] == tuple(-(-n // stride) for n in size)


def test_a_block_whose_branch_is_dropped_is_the_identity():
    block = MBConv(4, 4, 3, stride=1, expansion=6, drop=1.0)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x)
    assert not torch.equal(block.eval()(x), x)
