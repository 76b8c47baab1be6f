"""The house as its imports build it; `python tests/house.py` draws it into CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "fpl_lib"
PAGE = ROOT / ".github" / "CONTRIBUTING.md"
MARKERS = "<!-- house -->", "<!-- /house -->"
FLOORS = ("losses", "cifar10", "training", "evidence", "plots", "course", "commands")
"""The rooms from the bottom up: each imports only those before it, and the modules of the root."""


def modules() -> dict[str, ast.Module]:
    """Every module of the library by its dotted name below `fpl_lib` ("" for its door)."""
    found = {}
    for path in sorted(LIB.rglob("*.py")):
        parts = path.relative_to(LIB).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imports(tree: ast.Module, known: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """(module, name) of all that is imported from the library, in functions too.

    `name` is "" where a module as a whole is taken.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fpl_lib":
            module = node.module.removeprefix("fpl_lib").removeprefix(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                yield (inner, "") if inner in known else (module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "fpl_lib":
                    yield alias.name.removeprefix("fpl_lib").removeprefix("."), ""


def room(module: str) -> str:
    """The room that a module is in; "" for the modules of the root."""
    first = module.split(".")[0]
    return first if first in FLOORS else ""


def is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


def exported(tree: ast.Module) -> set[str]:
    """The public names of a door: its `__all__`, or what it hands to `lazy_loader.attach`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "attach":
            given = {word.arg: word.value for word in node.keywords}
            if not any(isinstance(part, ast.Name) for part in ast.walk(given["submod_attrs"])):
                names = set(ast.literal_eval(given.get("submodules", ast.List([]))))
                return names.union(*ast.literal_eval(given["submod_attrs"]).values())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def arrows() -> list[tuple[str, str]]:
    """(room, room it imports), from the top down, less what follows from two others."""
    known = modules()
    found = {
        (room(module), room(taken))
        for module, tree in known.items()
        for taken, _ in imports(tree, known)
        if room(module) and room(taken) and room(module) != room(taken)
    }
    floor = {name: number for number, name in enumerate(FLOORS)}
    down = {(a, b) for a, b in found if floor[a] > floor[b]}
    reach = set(down)
    for middle in FLOORS:
        reach |= {(a, c) for a, b in reach for d, c in reach if b == d == middle}
    shown = found - {(a, c) for a, b in reach for d, c in reach if b == d}
    return sorted(shown, key=lambda pair: [-floor[name] for name in pair])


def mermaid() -> str:
    """The rooms with their signs, and the arrows between them."""
    known = modules()
    lines = ["```mermaid", "flowchart TD"]
    for name in reversed(FLOORS):
        sign = ast.get_docstring(known[name]).splitlines()[0].rstrip(".").replace("`", "")
        lines.append(f'    {name}["{name}<br>{sign}"]')
    lines += [f"    {above} --> {below}" for above, below in arrows()]
    return "\n".join([MARKERS[0], *lines, "```", MARKERS[1]])


def drawn(page: str) -> str:
    """The page with the picture made anew between its markers."""
    before, rest = page.split(MARKERS[0])
    return before + mermaid() + rest.split(MARKERS[1])[1]


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
