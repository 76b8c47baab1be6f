"""What is committed: nothing large, nothing foreign, nothing of one machine, nothing ruff minds."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from repository import ROOT, tracked

TOP_LEVEL = {
    *("notebooks", "fpl_lib", "data", "tests"),
    *("README.md", "LICENSE", "CITATION.cff", "Makefile", "pyproject.toml"),
    *("environment.yml", "postBuild"),
}
LARGEST = 1_000_000


def tracked_text():
    for name in tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            yield name, data.decode("utf-8")


def test_the_top_level_holds_only_what_the_readme_explains():
    top = {name.split("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_no_file_is_large_and_the_full_data_stays_out():
    sizes = {name: (ROOT / name).stat().st_size for name in tracked()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
    assert sum(sizes.values()) < 30_000_000
    full = r"data/cifar-10-|\.(tar|tgz|gz|pt|pth|part|pyc)$"
    assert [name for name in sizes if re.search(full, name)] == []


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine():
    hosts = ("pypi" + ".org", "python" + "hosted", "npmjs" + ".org", "npmjs" + ".com")
    hosts += ("conda." + "anaconda.org", "download." + "pytorch.org", "--index" + "-url")
    # Invented homes such as /home/me are examples; this one's home and checkout are not.
    here = "|".join(re.escape(str(folder)) for folder in (ROOT, Path.home()))
    folders = re.compile(rf"(?<![\w.:/<~])(?:/(?:root|work|opt)/\w|(?:{here})\b)")
    for name, content in tracked_text():
        assert [host for host in hosts if host in content] == [], name
        assert folders.findall(content) == [], name


def test_ruff_finds_nothing():
    for command in (["check", "--output-format=concise"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:]


def test_the_attacks_page_has_a_row_for_each_of_them_and_nothing_wrong():
    page = (ROOT / "tests" / "ATTACK.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| (?:\*\*)?(.+?)(?:\*\*)? \|.*\| (?:\*\*)?(\d+)(?:\*\*)? \|$", page, re.M)
    )
    functions = [
        (node, {argument.arg for argument in node.args.args})
        for path in sorted((ROOT / "tests" / "attack").glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    attacks = [
        " ".join(ast.get_docstring(node).split()).rstrip(".")
        for node, arguments in functions
        if arguments == {"problem", "data"} or "tally" in arguments and "law" not in arguments
    ]
    assert [attack for attack in attacks if attack not in rows] == []
    assert {name: wrong for name, wrong in rows.items() if wrong != "0"} == {}
