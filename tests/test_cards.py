"""What a card prints under *Expected* is what its solution gives and what its check takes."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest
import torch
from repository import ROOT
from test_answers import SHARED

from fpl_lib.course.checking import FigureExercise, FunctionExercise, as_numbers, curve
from fpl_lib.course.checking.judge import RIGHT, WRONG, judge
from fpl_lib.course.exercises import exercise

pytestmark = pytest.mark.slow

CELLS = {
    path.name[:2]: nbformat.read(path, as_version=4).cells
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
}
CARDS = {
    found[1]: cell.source[found.end() :]
    for cells in CELLS.values()
    for cell in cells
    if (found := re.search(r"<!-- card (\S+) -->", cell.source))
}
# Where the card says in words what the function gets: the call, and the value as it is printed.
IN_WORDS = {
    "00-false-positives": "f(np.array([[5, 2, 0], [3, 4, 0], [1, 1, 6]])) = [4, 3, 0]",
    "01-false-class": "f(P, target) = tensor([1, 4, 1, 3, 1])",
    "02-stable": "f(torch.tensor([[0.0, 200.0, 1.0]]), torch.tensor([0])) = 198.6867",
    "08-fitted": "f(torch.eye(3), torch.tensor([0, 2, 0]), torch.tensor([1, 1, 0])) = (0.5, 0.5)",
    "10-report": "f(pd.Series([62.0, 63.0, 61.5], index=[2, 0, 1]), pd.Series([60.0, 61.0, 61.0], "
    'index=[0, 1, 2])) = (3, 1.5, -1.79, 4.79, "cannot tell")',
}
# Words about a figure's curves: (label, x, height, how exactly it is printed).
OF_CURVES = {
    "01-draw": [("FPL", 0.3, 1.273, 5e-4)],
    "04-draw": [("Eq. 4", 100, 1.67, 5e-3), ("class-balanced", 100, 78.9, 0.05)]
    + [("inverse frequency", 100, 100, 0.5)],
    "05-first-step": [("AdaDelta 1.0", 100, 0.003, 5e-4), ("AdaDelta 0.001", 100, 3e-6, 5e-7)],
    "07-steps": [("CE", 2, 6.2, 0.2)],  # "or so"
    "10-best-of": [("looks", 10, 1.54, 5e-3), ("is", 10, 0, 0.05)],
}
# Cards whose answers are judged by what they have, and those that show a form or a rough size.
OPEN = {"01-costly", "03-torn", "05-adadelta", "05-step", "10-shift", "06-change"}
FORMS = {"01-by-hand", "04-limit", "05-all-right", "05-match", "06-seed", "06-single"}
FORMS |= {"10-rehearse"}


def examples(name: str) -> list[tuple[tuple, object, str]]:
    """The calls that a card prints: arguments, the value, and the value's text."""
    text, names = CARDS[name], namespace(name[:2])
    if name in IN_WORDS:
        call, _, value = IN_WORDS[name].partition(" = ")
        calls, printed = [ast.parse(call, mode="eval").body], [value]
        numbers = re.findall(r"-?\d+\.?\d*", value)
        assert all(number in " ".join(text.split()) for number in numbers), "the card says so"
    else:
        expected = " ".join(re.search(r"^Expected.*?(?:\n\n|\Z)", text, re.S | re.M)[0].split())
        number = r"-?\d[\d.]*(?<!\.)|True|\[+[^`]*\]|\([^`]*\)"
        found = re.findall(rf"`(\w+\([^`]*\))` is `?({number})(?:` and `({number}))?", expected)
        calls = [ast.parse(call, mode="eval").body for call, *_ in found]
        printed = [f"({a}, {b})" if b else a for _, a, b in found]
    return [
        (
            tuple(eval(ast.unparse(argument), names) for argument in call.args),
            eval(value, names),
            value,
        )
        for call, value in zip(calls, printed, strict=True)
    ]


def namespace(number: str) -> dict:
    """The names of a notebook that its cards use."""
    names: dict = {}
    exec(f"{SHARED}\nfrom torch import tensor", names)
    wanted = {"01": {"P", "Z", "target", "eq4", "counts", "alpha"}, "03": {"figure1", "z1", "t1"}}
    for cell in CELLS[number]:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else ():
            targets = {getattr(one, "id", "") for one in getattr(node, "targets", ())}
            if targets & wanted.get(number, set()) - names.keys():
                exec(ast.unparse(node), names)
    return names


FUNCTIONS = [
    name
    for name, text in CARDS.items()
    if isinstance(exercise(name), FunctionExercise)
    and name not in OPEN | FORMS
    and (name in IN_WORDS or re.search(r"^Expected", text, re.MULTILINE))
]


def test_every_expected_is_looked_at():
    printed = {name for name, text in CARDS.items() if re.search(r"^Expected", text, re.MULTILINE)}
    assert printed == {*FUNCTIONS, *OF_CURVES, *OPEN, *FORMS}


def digits(text: str) -> float:
    """Half a unit of the last place that the coarsest number of a text shows."""
    return 0.50001 * max(10.0 ** -len(part) for part in re.findall(r"\d\.(\d+)", text) or [""] * 1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_card_prints_is_what_the_solution_gives_and_the_check_takes(name):
    task, found = exercise(name), examples(name)
    assert found, "the card prints a call"
    for args, value, text in found:
        given = task.solution(*args)
        if name == "04-adjust":  # "or both plus the same number"
            given = given - given.mean() + torch.tensor(value).mean()
        near = {"rtol": 0, "atol": digits(text)}
        pairs = zip(given, value, strict=True) if isinstance(value, tuple) else [(given, value)]
        for one, other in pairs:
            if isinstance(other, str):
                assert one == other
            else:
                np.testing.assert_allclose(as_numbers(one), as_numbers(other), **near)
        alone = replace(task, cases=lambda rng, args=args: [args])
        assert judge(alone, task.solution).status == RIGHT
        if name not in {"02-stable", "03-taylor", "10-margin"}:  # their gradients count as well
            verdict = judge(alone, lambda *_, value=value: value)
            assert verdict.status == RIGHT, f"as the card rounds: {verdict}"
        assert judge(alone, lambda *_, value=value: other_than(value)).status == WRONG


def other_than(value):
    """A value that contradicts the printed one in its first number."""
    if isinstance(value, tuple | list):
        return type(value)([other_than(value[0]), *value[1:]])
    return not value if isinstance(value, bool) else value + 1


@pytest.mark.parametrize("name", OF_CURVES)
def test_what_a_card_says_of_its_curves_is_what_the_solution_draws(name):
    task = exercise(name)
    assert isinstance(task, FigureExercise)
    (ax,) = [one for one in judge(task, task.solution).figure.axes if one.has_data()]
    for label, x, height, near in OF_CURVES[name]:
        assert curve(ax, label, np.array([x]))[0] == pytest.approx(height, abs=near)
