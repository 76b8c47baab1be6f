"""The house stands: rooms import downward and by the door, in no circle; the core is small."""

from __future__ import annotations

import ast
import inspect
import json
import re
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import FunctionType, ModuleType

import house
import pytest
from house import FLOORS, ROOT, exported, imports, is_private, modules, room

MODULES = modules()
IMPORTS = {
    (module, taken, name)
    for module, tree in MODULES.items()
    for taken, name in imports(tree, MODULES)
}
ACROSS = {
    (module, taken, name)
    for module, taken, name in IMPORTS
    if room(taken) not in ("", room(module)) and module not in ("", "__main__")
}
MAY_IMPORT = {"losses": set(), "cifar10": set(), "training": {"losses", "cifar10"}, "": set()}
CORE = 2800
"""Losses and training together have fewer lines."""


def of_notebooks() -> set[tuple[str, str, str]]:
    found = set()
    for path in sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        tree = ast.parse(re.sub(r"^[%!].*", "", "\n".join(code), flags=re.M))
        found |= {(path.stem, taken, name) for taken, name in imports(tree, MODULES)}
    return {one for one in found if room(one[1]) and ".grading" not in one[1]}


def test_there_are_seven_rooms_each_with_a_sign():
    assert {room(module) for module in MODULES} == {*FLOORS, ""}
    assert all(ast.get_docstring(MODULES[name]) for name in FLOORS)
    assert {name for name in MODULES if not room(name) and not is_private(name)} == {"", "paper"}


def test_rooms_import_only_downward():
    wrong = set()
    for module, taken, _ in ACROSS:
        here = room(module)
        below = set(FLOORS[: FLOORS.index(here)]) if here else set()
        if room(taken) not in MAY_IMPORT.get(here, below):
            wrong.add(f"{module} imports {taken}")
    assert not wrong, "\n".join(sorted(wrong))


def test_no_module_is_in_a_circle():
    graph = {module: set() for module in MODULES}
    for module, taken, _ in IMPORTS:
        graph[module] |= {taken} - {module}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" <- ".join(name or "fpl_lib" for name in error.args[1]))


def test_the_core_is_small():
    paths = [path for name in ("losses", "training") for path in (house.LIB / name).rglob("*.py")]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths) < CORE


def test_other_rooms_and_notebooks_come_in_by_the_door():
    """They take names that the door exports, or public names of modules that it exports."""
    doors = {name: exported(MODULES[name]) for name in FLOORS}
    around = set()
    for module, taken, name in ACROSS | of_notebooks():
        door, _, inner = taken.partition(".")
        asked = {inner.split(".")[0], name} - {""}
        if is_private(taken) or is_private(name) or asked and not asked & doors[door]:
            around.add(f"{module} takes {'.'.join(filter(None, (taken, name)))}")
    assert not around, "\n".join(sorted(around))


@pytest.mark.parametrize("name", FLOORS)
def test_every_name_in_a_door_is_there_and_has_a_docstring(name):
    door = import_module(f"fpl_lib.{name}")
    values = {each: getattr(door, each) for each in exported(MODULES[name])}
    mute = [
        each
        for each, value in values.items()
        if isinstance(value, (type, FunctionType, ModuleType)) and not inspect.getdoc(value)
    ]
    assert mute == []


def test_the_picture_in_contributing_is_drawn_from_the_imports():
    """Where this fails, an arrow is new or gone: `make house` draws it."""
    page = house.PAGE.read_text(encoding="utf-8")
    assert page == house.drawn(page)
