"""Answers that misbehave: endless loops, interrupts, objects that refuse to be looked at."""

from __future__ import annotations

import linecache
import time

import numpy as np
import pytest
import torch
import trial_exercises as trial

from fpl_lib.course.checking import guard
from fpl_lib.course.checking.judge import WRONG, judge

pytestmark = pytest.mark.slow


def endless(z):
    while True:
        time.sleep(0.001)


def swallows_everything(z):
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def swallows_all(z):
    while True:
        try:
            time.sleep(1)
        except:  # noqa: E722
            continue


@pytest.mark.parametrize("answer", [endless, swallows_everything, swallows_all])
def test_endless_loop_is_stopped(answer, monkeypatch):
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    start = time.monotonic()
    verdict = judge(trial.SOFTMAX, answer)
    assert "an endless loop" in verdict.reason
    assert time.monotonic() - start < 10


def test_interrupting_the_kernel_is_not_an_answer():
    def interrupted(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(trial.SOFTMAX, interrupted)


def test_error_names_the_line_of_the_students_cell():
    namespace: dict = {}
    exec(compile("def f(z):\n    return z.nothing\n", "<cell>", "exec"), namespace)
    linecache.cache["<cell>"] = (1, None, ["def f(z):\n", "    return z.nothing\n"], "<cell>")
    reason = judge(trial.SOFTMAX, namespace["f"]).reason
    assert reason.endswith("in the line `return z.nothing`")
    assert "/" not in reason


class Nasty:
    """Refuses whatever a reader of answers might try."""

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no repr")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")


GARBAGE = [
    Nasty(), object(), "text", "", b"bytes", 10**400, 1j, [[1], [1, 2]], {"a": 1}, {1, 2},
    np.array(["x"]), np.empty((0, 3)), torch.empty(0), torch.empty(2, device="meta"), type,
    float("inf"), range(3), (i for i in range(3)), slice(1), np.datetime64("2020-01-01"),
]  # fmt: skip


@pytest.mark.parametrize("task", trial.EXERCISES, ids=lambda task: task.id)
@pytest.mark.parametrize("number", range(len(GARBAGE)))
def test_garbage_is_refused_without_an_exception(task, number):
    value = GARBAGE[number]
    for answer in (value, lambda *args: value):
        verdict = judge(task, answer)
        assert verdict.status == WRONG and verdict.reason
