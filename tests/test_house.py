"""The house stands: rooms import downward and by the door, in no circle; the core is small."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import ModuleType

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


TOKEN = r"(?:\w{1,11}|\d*…|\.\.\.)(?: [-+/] \w+)?"
SHAPE = re.compile(rf"\({TOKEN},(?: ?{TOKEN},?)*\)|\bshapes?\b|\bscalar\b|\bone number\b")
ARRAY = re.compile(r"Tensor|ndarray|ArrayLike")
REFUSAL = re.compile(r"Error|[Rr]aise|[Rr]efuse|Conflict|Busy|Paused")
UNITS = {
    "accuracy": "percent|%", "top1": "percent|%", "difference": "points?|unit",
    "sd": "points?|unit", "margin": "points?|unit", "seconds": "seconds",
    "deadline": "monotonic", "bytes": "bytes",
}  # fmt: skip
"""What a quantity's name promises, and the unit that the docstring beside it has to say."""


@cache
def public() -> list[tuple[str, object, str]]:
    """(name, function or class, its docstring with its class's) of all that the doors give out."""
    found = {}
    todo = [name for name in FLOORS]
    for door in todo:
        module, names = import_module(f"fpl_lib.{door}"), exported(MODULES[door])
        if not names:  # a module that another door hands out as a whole
            names = {
                name for name, value in vars(module).items()
                if not is_private(name) and getattr(value, "__module__", "") == module.__name__
            }  # fmt: skip
        for name in sorted(names):
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                todo.append(value.__name__.removeprefix("fpl_lib."))
            elif inspect.isfunction(value) or inspect.ismethod(value):
                found[f"{door}.{name}"] = value, inspect.getdoc(value) or ""
            elif isinstance(value, type):
                about = inspect.getdoc(value) or ""
                found[f"{door}.{name}"] = value, about
                for each, method in vars(value).items():
                    if inspect.isfunction(method) and not each.startswith("_"):
                        words = inspect.getdoc(method)
                        said = f"{about} {words}" if words else ""
                        found[f"{door}.{name}.{each}"] = method, said
    return [(name, *rest) for name, rest in found.items()]


def quantities(value: object) -> dict[str, str]:
    """The parameters of a function or class, "return" among them, with their annotations."""
    function = value.__init__ if isinstance(value, type) else value
    return {name: str(kind) for name, kind in getattr(function, "__annotations__", {}).items()}


def refuses(value: object) -> bool:
    """Whether a function's own lines, or those that make an object, raise or check an argument."""
    makers = ("__init__", "__post_init__")
    own = [vars(value).get(name) for name in makers] if isinstance(value, type) else [value]
    for function in filter(inspect.isfunction, own):
        if function.__module__.startswith("fpl_lib") and "__create_fn__" not in str(function):
            try:
                tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            except OSError:  # a dataclass's own
                continue
            for node in ast.walk(tree):
                called = getattr(node, "func", None)
                name = getattr(called, "attr", getattr(called, "id", ""))
                if isinstance(node, ast.Raise) or re.match(r"_?check(ed)?_", name):
                    return True
    return False


def test_every_name_in_a_door_has_a_docstring():
    assert [name for name, _, doc in public() if not doc] == []


def test_a_shape_is_told_from_other_words_in_brackets():
    assert all(
        map(SHAPE.search, ("(N, C)", "(C,)", "(N, C, d1, …)", "(steps + 1, 3)", "any shape"))
    )
    assert not any(map(SHAPE.search, ("(Eq. 4, page 3)", "(simulated)", "shapeless", "f(x)")))


def test_docstrings_give_shapes_where_arrays_go_in_or_come_out():
    mute = [
        name for name, value, doc in public()
        if any(map(ARRAY.search, quantities(value).values())) and not SHAPE.search(doc)
    ]  # fmt: skip
    assert mute == []


def test_docstrings_say_what_is_refused():
    assert [n for n, value, doc in public() if refuses(value) and not REFUSAL.search(doc)] == []


def test_docstrings_give_units():
    """Of parameters, and of the fields of a dataclass."""
    mute = [
        f"{name}: {quantity}" for name, value, doc in public() for quantity in quantities(value)
        if quantity in UNITS and not re.search(UNITS[quantity], doc)
    ]  # fmt: skip
    assert mute == []


def test_the_picture_in_contributing_is_drawn_from_the_imports():
    """Where this fails, an arrow is new or gone: `make house` draws it."""
    page = house.PAGE.read_text(encoding="utf-8")
    assert page == house.drawn(page)
