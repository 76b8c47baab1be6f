"""Convolutions of a pixel or four: the convolution's numbers, and the weights that never count."""

import copy

import pytest
import torch
import torchvision
from torch import nn

from fpl_lib.training.loop import Recipe, make_optimizer
from fpl_lib.training.models import build_model
from fpl_lib.training.shortcut import ShortcutConv2d, unused_weights, use_shortcuts

# ResNet18's last stage on 32 x 32: one kernel meets 2 x 2 pixels, three meet one.
UNUSED = {
    "layer4.0.conv1.weight": 512 * 256 * 5,
    **{f"layer4.{n}.weight": 512 * 512 * 8 for n in ("0.conv2", "1.conv1", "1.conv2")},
}


def forward_and_gradients(conv, x):
    x = x.clone().requires_grad_()
    out = conv(x)
    (out * torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)).sum().backward()
    return [out.detach(), x.grad, *(p.grad for p in conv.parameters())]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [
        (3, 1, 1, (1, 1)),
        (3, 2, 1, (2, 2)),
        (3, 2, 1, (1, 2)),
        (1, 2, 0, (2, 2)),  # part of the map is left out
        (3, 3, 1, (3, 3)),
        (5, 2, 2, (1, 2)),
        ((3, 1), (2, 1), (1, 0), (2, 1)),
        (7, 2, 3, (2, 1)),
        (3, 1, 1, (2, 2)),  # four places: the convolution itself
        (3, 2, 1, (5, 4)),
    ],
)
def test_a_shortcut_is_the_convolution_and_has_its_gradients(
    kernel, stride, padding, size, batch, layout
):
    conv = nn.Conv2d(4, 6, kernel, stride, padding).double().to(memory_format=layout)
    short = use_shortcuts(copy.deepcopy(conv))
    x = torch.randn(batch, 4, *size, dtype=torch.float64).to(memory_format=layout)
    ours, theirs = forward_and_gradients(short, x), forward_and_gradients(conv, x)
    for found, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)
    assert short.weight.grad.is_contiguous(memory_format=layout)
    assert torch.equal(short.weight.grad == 0, conv.weight.grad == 0)


def resnets(**options):
    """A ResNet18 as torchvision builds it, and the same with shortcuts."""
    torch.manual_seed(0)
    plain = torchvision.models.resnet18(num_classes=10).to(**options)
    return plain, use_shortcuts(copy.deepcopy(plain))


def test_a_resnet_with_shortcuts_is_torchvisions_to_1e_14():
    plain, short = resnets(dtype=torch.float64)
    assert list(plain.state_dict()) == list(short.state_dict())
    x, target = torch.randn(8, 3, 32, 32, dtype=torch.float64), torch.arange(8)
    logits = plain(x), short(x)
    assert (logits[0] - logits[1]).abs().max() < 1e-14
    for some in logits:
        nn.functional.cross_entropy(some, target).backward()
    for name, theirs in plain.named_parameters():
        ours = short.get_parameter(name).grad
        torch.testing.assert_close(ours, theirs.grad, rtol=1e-9, atol=1e-13)
        if name in UNUSED:
            assert torch.equal(ours == 0, theirs.grad == 0)


def test_weight_decay_shrinks_what_no_gradient_moves():
    plain, short = resnets()
    x, target = torch.randn(4, 3, 32, 32), torch.arange(4)
    for model in (plain, short):
        optimizer = make_optimizer([*model.parameters()], Recipe(lr=1.0, weight_decay=0.1))
        nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()
    for ours, theirs in zip(short.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    corner = (short.layer4[1].conv2.weight[:, :, 0, 0], plain.layer4[1].conv2.weight[:, :, 0, 0])
    assert torch.equal(*corner)


def test_a_shortcut_goes_with_autocast_and_torch_compile():
    conv = use_shortcuts(nn.Conv2d(4, 6, 3, 2, 1))
    x = torch.randn(3, 4, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    compiled = torch.compile(conv, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), conv(x))


def test_an_image_without_a_batch_and_one_too_small_are_the_convolutions_business():
    conv = use_shortcuts(nn.Conv2d(4, 6, 3, padding=1))
    assert conv(torch.randn(4, 1, 1)).shape == (6, 1, 1)
    with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
        use_shortcuts(nn.Conv2d(4, 6, 3))(torch.randn(2, 4, 1, 1))


def test_what_is_no_plain_convolution_stays_as_it_is():
    others = nn.ModuleList(
        [
            nn.Conv2d(4, 4, 3, groups=4),
            nn.Conv2d(4, 4, 3, dilation=2),
            nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
            nn.Conv2d(4, 4, 3, padding="same"),
        ]
    )
    assert all(type(module) is nn.Conv2d for module in use_shortcuts(others))
    assert isinstance(build_model("resnet18").layer4[1].conv2, ShortcutConv2d)


@pytest.mark.parametrize("build", [build_model, lambda name, **_: resnets()[0]])
def test_62_percent_of_resnet18_never_count_on_small_images(build):
    model = build("resnet18", seed=0)
    assert unused_weights(model, 32) == UNUSED
    share = sum(UNUSED.values()) / sum(p.numel() for p in model.parameters())
    assert sum(UNUSED.values()) == 6_946_816 and round(share, 3) == 0.621
    assert unused_weights(model, 224) == {} and model.training
    assert unused_weights(build_model("resnet18", stem="cifar"), 32) == {}


def test_autograd_moves_all_other_weights_and_none_of_these():
    model = torchvision.models.resnet18(num_classes=10).double()
    moved = {name: torch.zeros(p.shape, dtype=torch.bool) for name, p in model.named_parameters()}
    for _ in range(2):  # large batches: a ReLU may close a corner's only pixel in a few images
        x = torch.randn(64, 3, 32, 32, dtype=torch.float64)
        model.zero_grad()
        nn.functional.cross_entropy(model(x), torch.randint(10, (64,))).backward()
        for name, parameter in model.named_parameters():
            moved[name] |= parameter.grad != 0
    still = {name: int((~mask).sum()) for name, mask in moved.items()}
    assert {name: count for name, count in still.items() if count} == UNUSED
