"""What a trained network got right and wrong, and how sure it was of that.

Right and wrong: Eq. 9, false positives per class, top-k, confusion. Sure: negative log-likelihood,
calibration error, margin, in float64. Logits are (N, C), finite, labels (N,), integers; a matrix of
counts is (C, C), rows true and columns predicted; ValueError for others. Percent means 0-100.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import log_softmax, softmax


def confusion_matrix(logits: torch.Tensor, target: torch.Tensor) -> np.ndarray:
    """Counts (C, C) of true and predicted class: the largest logit's, the lowest of a tie.

    >>> logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 1.0]])
    >>> confusion_matrix(logits, torch.tensor([0, 1, 1])).tolist()
    [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    """
    scores, truth = _checked(logits, target)
    classes = scores.shape[1]
    cell = classes * truth + scores.argmax(1)
    return np.bincount(cell, minlength=classes**2).reshape(classes, classes)


def false_positives(confusion: np.ndarray) -> np.ndarray:
    """False positives per class, (C,): samples predicted as the class that belong to another.

    This is the count in the paper's Table 2. Each wrong prediction is a false positive of exactly
    one class, so their sum is the number of errors. confusion: counts (C, C), else ValueError.

    >>> false_positives(np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])).tolist()
    [0, 0, 1]
    """
    confusion = _square(confusion)
    return confusion.sum(axis=0) - confusion.diagonal()


def accuracy(confusion: np.ndarray) -> float:
    """Eq. 9 read for many classes: the share of right predictions in counts (C, C), in percent.

    >>> round(accuracy(np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])), 2)
    66.67
    """
    confusion = _square(confusion)
    return float(100.0 * confusion.trace() / confusion.sum())


def top_k_accuracy(logits: torch.Tensor, target: torch.Tensor, k: int) -> float:
    """The share of samples whose true class is among the `k` largest logits, in percent.

    logits (N, C), target (N,), and 1 <= k <= C, else ValueError.

    >>> top_k_accuracy(torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]]), torch.tensor([0, 1]), k=1)
    50.0
    """
    scores, truth = _checked(logits, target)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k must lie between 1 and the {scores.shape[1]} classes, got {k}")
    largest = np.argsort(scores, axis=1, kind="stable")[:, -k:]
    return float(100.0 * (largest == truth[:, None]).any(axis=1).mean())


def nll(logits: torch.Tensor, target: torch.Tensor) -> float:
    """Mean negative log-likelihood of the true class, in nats: cross-entropy of logits (N, C).

    >>> round(nll(torch.zeros(3, 4), torch.tensor([0, 1, 2])), 4)  # log 4
    1.3863
    """
    scores, truth = _checked(logits, target)
    return float(-log_softmax(scores, axis=1)[np.arange(len(truth)), truth].mean())


def ece(logits: torch.Tensor, target: torch.Tensor) -> float:
    """Expected calibration error, in percent: how far confidence is from accuracy.

    Images are sorted by the probability of their predicted class into 15 bins of equal width; the
    error is the mean distance between a bin's share of right predictions and its mean probability,
    weighted by its images. logits (N, C), target (N,). Source: Guo et al. 2017, Eq. 3.

    >>> ece(torch.tensor([[99.0, 0.0], [99.0, 0.0]]), torch.tensor([0, 1]))  # sure, half right
    50.0
    """
    scores, truth = _checked(logits, target)
    confidence = softmax(scores, axis=1).max(axis=1)
    # A bin holds its upper edge and not its lower one, as in the paper.
    which = np.ceil(confidence * 15).astype(int) - 1
    surplus = np.bincount(which, confidence - (scores.argmax(1) == truth))
    return float(100.0 * np.abs(surplus).sum() / len(truth))


def margin(logits: torch.Tensor, target: torch.Tensor) -> float:
    """Mean of p_T - p_F, the true class's probability less the most probable false one's.

    From -1 (all wrong and sure) to 1 (all right and sure); an image is right where it is above 0.
    logits (N, C), target (N,), else ValueError.

    >>> margin(torch.zeros(3, 4), torch.tensor([0, 1, 2]))
    0.0
    """
    scores, truth = _checked(logits, target)
    p, rows = softmax(scores, axis=1), np.arange(len(truth))
    p_true = p[rows, truth]
    p[rows, truth] = 0.0
    return float((p_true - p.max(axis=1)).mean())


def _checked(logits: torch.Tensor, target: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    if logits.ndim != 2 or target.shape != logits.shape[:1] or not len(logits):
        raise ValueError(
            "expected logits (N, C) and target (N,) with N of at least 1, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.dtype == torch.bool or target.is_floating_point() or target.is_complex():
        raise ValueError(f"labels: expected integers; got {target.dtype}")
    scores, truth = logits.detach().cpu().double().numpy(), target.cpu().long().numpy()
    if not np.isfinite(scores).all():
        raise ValueError("the logits hold NaN or infinity: this network has diverged")
    if truth.max() > (last := scores.shape[1] - 1) or truth.min() < 0:
        raise ValueError(f"labels must lie in 0 .. {last}, got {truth.min()} .. {truth.max()}")
    return scores, truth


def _square(confusion: np.ndarray) -> np.ndarray:
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or confusion.sum() <= 0:
        raise ValueError(
            "expected a confusion matrix (C, C) of counts, rows true and columns predicted, "
            f"got shape {confusion.shape}"
        )
    return confusion
