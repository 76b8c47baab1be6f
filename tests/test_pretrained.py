"""Weights to start from: what fits is copied, what cannot be had is said."""

import pytest
import torch
import torchvision

from fpl_lib.training.models import build_model
from fpl_lib.training.pretrained import WeightsError, load_weights, name_weights


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """A file as torchvision's weights for ImageNet are: a thousand classes, its own stem."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(torchvision.models.resnet18().state_dict(), path)
    return path


@pytest.mark.parametrize(
    ("stem", "fresh"), [("torchvision", set()), ("cifar", {"conv1.weight"})]
)  # fmt: skip
def test_all_is_copied_but_the_head_and_a_stem_of_another_size(imagenet, stem, fresh):
    model = build_model("resnet18", stem=stem, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    left = set(load_weights(model, "resnet18", imagenet))
    assert left == {"fc.weight", "fc.bias"} | fresh
    given = torch.load(imagenet, weights_only=True)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key] if key in left else given[key])


def test_weights_of_another_network_are_refused(imagenet, tmp_path):
    with pytest.raises(WeightsError, match="resnet18.pth fit .* of efficientnet_v2_s"):
        load_weights(build_model("efficientnet_v2_s"), "efficientnet_v2_s", imagenet)


@pytest.mark.parametrize("content", [[1, 2], {"weight": 3}])
def test_a_file_of_something_else_is_refused(content, tmp_path):
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(WeightsError, match="holds no state_dict"):
        load_weights(build_model("small"), "small", tmp_path / "x.pt")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="x.pt cannot be read as weights"):
        load_weights(build_model("small"), "small", tmp_path / "x.pt")


def test_a_name_that_torchvision_does_not_know_is_refused():
    with pytest.raises(WeightsError, match="IMAGENET1K_V9.*one of torchvision's IMAGENET1K_V1"):
        load_weights(build_model("resnet18"), "resnet18", "IMAGENET1K_V9")
    with pytest.raises(WeightsError, match="no weights for a model 'small'"):
        load_weights(build_model("small"), "small", "IMAGENET1K_V1")


def test_without_a_network_the_message_says_how_to_bring_a_file(monkeypatch, tmp_path):
    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="cannot be fetched.*name it with --weights"):
        load_weights(build_model("resnet18"), "resnet18", "IMAGENET1K_V1")


def test_a_record_names_a_file_without_its_folder(imagenet):
    assert name_weights(imagenet).startswith("resnet18.pth sha256:")
    assert len(name_weights(imagenet)) == len("resnet18.pth sha256:") + 64
