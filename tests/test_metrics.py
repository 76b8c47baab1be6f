"""Counting, against plain loops."""

import numpy as np
import pytest
import torch

from fpl_lib.training import metrics


@pytest.fixture
def scored():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(200, 7, generator=generator), torch.randint(7, (200,), generator=generator)


def test_the_confusion_matrix_counts_pairs_of_true_and_predicted(scored):
    logits, target = scored
    expected = np.zeros((7, 7), int)
    for row, truth in zip(logits.tolist(), target.tolist(), strict=True):
        expected[truth, row.index(max(row))] += 1
    assert (metrics.confusion_matrix(logits, target) == expected).all()


def test_false_positives_are_counted_for_the_predicted_class_and_sum_to_the_errors(scored):
    logits, target = scored
    guess = logits.argmax(1)
    expected = [int(((guess == c) & (target != c)).sum()) for c in range(7)]
    found = metrics.false_positives(metrics.confusion_matrix(logits, target))
    assert found.tolist() == expected
    assert found.sum() == int((guess != target).sum())


def test_accuracy_is_the_share_of_right_predictions_and_top_1(scored):
    logits, target = scored
    expected = 100 * float((logits.argmax(1) == target).double().mean())
    assert metrics.accuracy(metrics.confusion_matrix(logits, target)) == pytest.approx(expected)
    assert metrics.top_k_accuracy(logits, target, 1) == pytest.approx(expected)


@pytest.mark.parametrize("k", range(1, 8))
def test_top_k_looks_among_the_k_largest(scored, k):
    logits, target = scored
    hits = [
        t in sorted(range(7), key=row.__getitem__)[-k:]
        for row, t in zip(logits.tolist(), target, strict=True)
    ]
    assert metrics.top_k_accuracy(logits, target, k) == pytest.approx(100 * np.mean(hits))


def test_two_classes_have_a_top_1_too():
    logits, target = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1])
    assert metrics.top_k_accuracy(logits, target, 1) == 50.0
    assert metrics.top_k_accuracy(logits, target, 2) == 100.0


def test_a_class_that_never_occurs_keeps_its_row():
    confusion = metrics.confusion_matrix(torch.eye(5)[:2], torch.tensor([0, 1]))
    assert confusion.shape == (5, 5)


def test_nll_is_cross_entropy(scored):
    logits, target = scored
    expected = torch.nn.functional.cross_entropy(logits.double(), target)
    assert metrics.nll(logits, target) == pytest.approx(float(expected), rel=1e-14)
    assert metrics.nll(logits + 1000, target) == pytest.approx(float(expected), rel=1e-3)
    assert metrics.nll(torch.tensor([[-1e4, 1e4]]), torch.tensor([0])) == 2e4


def test_the_calibration_error_is_that_of_a_loop_over_bins(scored):
    logits, target = scored
    p = (3 * logits).double().softmax(1)
    sure, guess = p.max(1)
    expected = 0.0
    for low in range(15):
        inside = (sure > low / 15) & (sure <= (low + 1) / 15)
        if inside.any():
            right = (guess == target)[inside].double().mean()
            expected += inside.double().mean() * abs(right - sure[inside].mean())
    found = metrics.ece(3 * logits, target)
    assert found == pytest.approx(100 * float(expected), rel=1e-12) and found > 10


def test_who_is_right_as_often_as_sure_is_calibrated():
    logits = torch.log(torch.tensor([[0.75, 0.25]], dtype=torch.float64)).expand(4, 2)
    assert metrics.ece(logits, torch.tensor([0, 0, 0, 1])) == pytest.approx(0, abs=1e-12)
    assert metrics.ece(logits, torch.tensor([1, 1, 1, 1])) == pytest.approx(75)
    certain = torch.tensor([[1e3, 0.0], [0.0, 1e3]])
    assert metrics.ece(certain, torch.tensor([0, 1])) == 0
    assert metrics.ece(certain, torch.tensor([1, 0])) == 100


def test_the_margin_is_p_true_less_the_largest_false_one(scored):
    logits, target = scored
    expected = [
        row[t] - max(p for c, p in enumerate(row) if c != t)
        for row, t in zip(logits.double().softmax(1).tolist(), target.tolist(), strict=True)
    ]
    assert metrics.margin(logits, target) == pytest.approx(np.mean(expected), rel=1e-12)
    certain = torch.tensor([[1e3, 0.0, 0.0]])
    assert metrics.margin(certain, torch.tensor([0])) == 1
    assert metrics.margin(certain, torch.tensor([2])) == -1


@pytest.mark.parametrize(
    ("logits", "target", "words"),
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.long), "logits \\(N, C\\)"),
        (torch.zeros(3, 2), torch.zeros(2, dtype=torch.long), "target \\(N,\\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), "at least 1"),
        (torch.full((1, 2), torch.nan), torch.tensor([0]), "diverged"),
        (torch.full((1, 2), torch.inf), torch.tensor([0]), "NaN or infinity"),
        (torch.zeros(1, 2), torch.tensor([2]), "0 .. 1, got 2"),
        (torch.zeros(1, 2), torch.tensor([1.0]), "expected integers; got torch.float32"),
    ],
)
def test_bad_input_is_refused_in_words(logits, target, words):
    with pytest.raises(ValueError, match=words):
        metrics.confusion_matrix(logits, target)


def test_small_integers_do_not_overflow():
    logits = torch.zeros(1, 100).index_fill(1, torch.tensor(7), 1.0)
    found = metrics.confusion_matrix(logits, torch.tensor([3], dtype=torch.uint8))
    assert found[3, 7] == found.sum() == 1


def test_what_is_no_confusion_matrix_is_refused():
    for wrong in (np.zeros((2, 3)), np.zeros((2, 2)), [1, 2]):
        with pytest.raises(ValueError, match="confusion matrix"):
            metrics.accuracy(wrong)
    with pytest.raises(ValueError, match="between 1 and the 2 classes, got 3"):
        metrics.top_k_accuracy(torch.zeros(1, 2), torch.tensor([0]), 3)
