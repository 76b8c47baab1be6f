"""Weights to start from: torchvision's own, by name, or a local file of them."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn


class WeightsError(RuntimeError):
    """Weights that cannot be had or do not fit: the message says how to get some that do."""


def load_weights(model: nn.Module, name: str, weights: str | os.PathLike) -> list[str]:
    """Copy pretrained weights into `model` and return the names of what stayed as it was.

    name: the network's, as in `models.build_model`. weights: a member of torchvision's enum for
    it, such as "IMAGENET1K_V1" (fetched once, then kept in torch's cache), or a file that
    `torch.save` wrote of its state_dict. Copied is all whose name and shape fit: neither the head,
    which has other classes, nor a stem of another size. What was left out starts fresh.

    Raises WeightsError if they cannot be had, are no state_dict, or fit less than half the model.
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
    try:
        known = torchvision.models.get_model_weights(name)
    except ValueError as error:
        raise WeightsError(f"torchvision has no weights for a model {name!r}") from error
    if weights not in known.__members__:
        raise WeightsError(
            f"no weights {weights!r} for {name}: expected a file, or one of torchvision's "
            f"{', '.join(known.__members__)}"
        )
    try:
        return known[weights].get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network, or a file that breaks off
        raise WeightsError(
            f"torchvision's weights {weights} for {name} cannot be fetched ({error}): where there "
            f"is a network, save torchvision.models.{name}(weights={weights!r}).state_dict() with "
            "torch.save, bring the file here and name it with --weights"
        ) from error


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path.name} cannot be read as weights ({type(error).__name__}): expected a "
            "state_dict that torch.save wrote"
        ) from error
    if not isinstance(found, Mapping) or not all(torch.is_tensor(v) for v in found.values()):
        raise WeightsError(f"{path.name} holds no state_dict: expected names with tensors")
    return found
