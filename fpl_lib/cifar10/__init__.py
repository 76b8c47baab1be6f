"""The images, from wherever they can be had; cut, skewed, mislabelled."""

from fpl_lib.cifar10.load import CIFAR10, CLASSES, DataError, data_root, load_cifar10
from fpl_lib.cifar10.subsets import (
    balanced_subset,
    long_tail,
    long_tail_counts,
    noisy_labels,
    train_val_split,
)

__all__ = [
    "CIFAR10",
    "CLASSES",
    "DataError",
    "balanced_subset",
    "data_root",
    "load_cifar10",
    "long_tail",
    "long_tail_counts",
    "noisy_labels",
    "train_val_split",
]
