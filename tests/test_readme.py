"""README.md and CONTRIBUTING.md keep their word: commands, map of the notebooks, links, steps."""

import base64
import json
import re

import pytest
import yaml
from repository import ROOT, text

CONTRIBUTING = ".github/CONTRIBUTING.md"


def blocks() -> list[str]:
    return [
        block.strip()
        for block in re.findall(r"^```\w*\n(.*?)^```$", text("README.md"), re.M | re.S)
    ]


def test_the_readme_gives_the_two_commands_first():
    assert blocks()[:2] == ["make lab", "make test"]


def test_the_readme_says_first_what_it_is_then_how_to_start_then_what_was_found():
    """A screen and a half: what is longer stands on a page of its own."""
    found = text("README.md")
    parts = ("A course in", "make lab", "make test", "![", "<!-- verdicts", "| [00", "| [fpl_lib")
    where = [found.index(part) for part in parts]
    assert where == sorted(where)
    assert len(found.splitlines()) <= 130


def test_ci_runs_what_the_readme_gives_and_the_browser():
    calls = [line for line in text(".ci/run").splitlines() if line.startswith("make test")]
    assert calls == [blocks()[1], "make test-browser"]


def test_the_workflow_runs_the_makefiles_commands():
    workflow, makefile = text(".github/workflows/test.yml"), text("Makefile")
    for part in (
        "-m ruff check .",
        "-m ruff format --check .",
        "--doctest-modules tests fpl_lib",
        "pip install -c .constraints.txt -e ",
    ):
        assert part in workflow and part in makefile, part
    assert "make check" in workflow and "make test" in workflow


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


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        CONTRIBUTING,
        "data/runs/README.md",
        "data/runs/REPRODUCTION.md",
        "data/bench/README.md",
    ],
)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", text(page))
    local = [link.split("#")[0] for link in links if "://" not in link]
    here = (ROOT / page).parent
    assert local and [link for link in local if link and not (here / link).exists()] == []


def test_each_addition_takes_five_steps_at_most_and_its_tests_and_files_exist():
    page = text(CONTRIBUTING)
    additions = re.findall(r"^## Add an? (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    assert [name for name, _ in additions] == ["loss", "exercise", "notebook", "claim"]
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    for name, steps in additions:
        assert 3 <= len(re.findall(r"^\d\. ", steps, re.M)) <= 5, name
        named = re.findall(r"`(test_\w+)`", steps)
        assert named and [test for test in named if f"def {test}(" not in tests] == [], name
    paths = re.findall(r"`((?:tests|fpl_lib|data|notebooks)/[\w./]+)`", page)
    assert [path for path in paths if "NN" not in path and not (ROOT / path).exists()] == []
    made = set(re.findall(r"`make ([\w-]+)`", page))
    assert made <= set(re.findall(r"^([\w-]+):", text("Makefile"), re.M))


def test_the_citation_names_kit_and_paper():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert f'version = "{citation["version"]}"' in text("pyproject.toml")
    (paper,) = citation["references"]
    assert f"https://doi.org/{paper['doi']}" in text("README.md")
    names = [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]]
    assert ", ".join(names) in " ".join(text("README.md").split())


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
