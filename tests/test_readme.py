"""README.md keeps its word: its commands, its map of the notebooks and its links."""

import base64
import json
import re

from repository import ROOT, text


def blocks() -> list[str]:
    return [
        block.strip() for block in re.findall(r"^```\n(.*?)^```", text("README.md"), re.M | re.S)
    ]


def test_the_readme_gives_the_two_commands_first():
    assert blocks()[:2] == ["make lab", "make test"]


def test_the_readme_says_first_what_it_is_then_how_to_start_then_what_was_found():
    """A screen and a half: what is longer stands on a page of its own."""
    found = text("README.md")
    parts = ("A course in", "make lab", "make test", "![", "<!-- verdicts", "| [00", "data/runs/")
    where = [found.index(part) for part in parts[:-1]]
    assert where == sorted(where) and parts[-1] in found
    assert len(found.splitlines()) <= 125


def test_the_windows_commands_are_the_makefiles():
    block = next(block for block in blocks() if "Scripts" in block)
    makefile = re.sub(r"\s*\\\n\s*", " ", text("Makefile"))
    for part in (
        "pip install -c .constraints.txt -e ",
        "--doctest-modules --nbval tests fpl_lib notebooks",
    ):
        assert part in block and part in makefile, part
    assert ".[lab,teach,test]" in block and ".[lab,teach,test]" in makefile


def test_the_readme_names_the_pinned_pytorch():
    pinned = dict(re.findall(r"^(torch|torchvision)==(\S+)$", text(".constraints.txt"), re.M))
    assert dict(re.findall(r"\b(torch|torchvision) (\d[\d.]*\d)", text("README.md"))) == pinned


def test_the_readme_maps_the_notebooks_there_are():
    """A row a notebook, with the question of its title and the minutes of its first cell."""
    rows = []
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
        title = re.match(r"# \d\d · (.+)", "".join(first))[1]
        minutes = re.search(r"^\*\*Time\.?\*\*.*?(\d+) minutes", "".join(first), re.M)[1]
        name = path.stem.replace("_", " ")
        rows.append(f"| [{name}](notebooks/{path.name}) | {title} | {minutes} |")
    assert re.findall(r"^\| \[\d.*", text("README.md"), re.M) == rows


def test_the_readmes_links_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", text("README.md"))
    local = [link.split("#")[0] for link in links if "://" not in link]
    assert local and [link for link in local if link and not (ROOT / link).exists()] == []


def test_the_readmes_picture_is_a_notebooks_figure_with_its_words():
    (alt, name), *_ = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text("README.md"))
    figures = {
        output["metadata"]["image/png"]["alt"]: base64.b64decode(output["data"]["image/png"])
        for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    }
    assert figures[alt] == (ROOT / name).read_bytes()
