"""Fresh answers to every exercise: right ones in other styles and types, wrong ones in ways that no
list of mistakes was looked at for. None of the wrong is accepted, none of the right refused.

`tests/answers/nbNN.txt` has the code that a notebook's answers share, then `## NN-id` and below it
answers as students would hand them in: `+` a right one, `-` a wrong one, an expression or code that
ends in a function. `#! words` behind a wrong one: the refusal must have these words in it.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections import Counter
from pathlib import Path

import pytest

from fpl_lib.course.calls import verdict
from fpl_lib.course.checking import TrainingExercise
from fpl_lib.course.checking.judge import RIGHT, WRONG
from fpl_lib.course.exercises import all_exercises, exercise

pytestmark = pytest.mark.slow

SHARED = """
import math
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy import stats
from scipy.stats import norm
import fpl_lib
from fpl_lib import FalsePositiveLoss, cifar10, class_alpha, evidence, false_positive_loss
from fpl_lib import losses, paper, plots, squared_term
"""


def sections(path: Path) -> tuple[str, dict[str, list[str]]]:
    """The code that a file's answers share, and for each exercise its answers, mark included."""
    head, *parts = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for part in parts:
        name, _, body = part.partition("\n")
        answers = re.split(r"^(?=[+-] )", body, flags=re.MULTILINE)
        found[name] = [answer.rstrip() for answer in answers if answer.strip()]
    return head, found


FOLDER = Path(__file__).parent / "answers"
FILES = {path.stem[2:]: sections(path) for path in sorted(FOLDER.glob("nb*.txt"))}
ANSWERS = {name: answers for _, parts in FILES.values() for name, answers in parts.items()}


def handed_in(task, answers: list[str]):
    """Each answer's mark, value, and the words that its refusal must have, if any."""
    names = {"__name__": f"answers_{task.id}"}
    if isinstance(task, TrainingExercise):
        names["KNOWN"] = [float(one) for one in task.known()]
    exec(SHARED + FILES[task.id[:2]][0], names)
    for number, text in enumerate(answers, start=1):
        mark, code = text[0], text[2:]
        words = re.search(r"  #! (.+)", code)
        file = f"<{task.id} {number}>"
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        tree = ast.parse(code)
        if isinstance(tree.body[-1], ast.Expr):
            value = eval(compile(code, file, "eval"), names)
        else:
            exec(compile(code, file, "exec"), names)
            value = names[tree.body[-1].name]
        yield mark, code, value, words[1].strip() if words else ""


def test_every_exercise_has_answers_of_both_kinds_and_the_course_two_hundred_and_more():
    tasks = {task.id for task in all_exercises()}
    assert tasks == ANSWERS.keys()
    marks = {name: Counter(text[0] for text in answers) for name, answers in ANSWERS.items()}
    assert {name: count for name, count in marks.items() if min(count["+"], count["-"]) < 3} == {}
    assert sum(marks.values(), Counter()).total() >= 200


@pytest.mark.parametrize("name", ANSWERS)
def test_no_right_answer_is_refused_and_no_wrong_one_accepted(name):
    task, faults = exercise(name), []
    for mark, code, value, words in handed_in(task, ANSWERS[name]):
        for seed in (1, 2):
            found, said = verdict(task, value, seed)
            if found.status != (RIGHT if mark == "+" else WRONG) or words not in said:
                faults.append(f"{mark} {code}\n    {found.status}: {said}")
                break
            if mark == "-" and (odd := odd_words(said)):
                faults.append(f"{mark} {code}\n    odd: {odd}: {said}")
                break
    assert not faults, "\n" + "\n".join(faults)


def odd_words(said: str) -> str:
    """What no message may show: a check's inner name, a dict, two equal numbers."""
    if inner := re.search(r"<lambda>|\bobserve\b|functools|fpl_lib\.course|\{'", said):
        return inner[0]
    shown = re.findall(r"^  (?:expected|got) +=(.*(?:\n {4,}.*)*)", said, flags=re.MULTILINE)
    return "equal numbers" if len(shown) == 2 and shown[0] == shown[1] else ""
