"""What is declared, pinned, offered to conda and imported is one and the same set of packages."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from importlib import metadata

import nbformat
import pytest
import yaml
from hatchling import build
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repository import ROOT, text, tracked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [c.split(" :: ")[-1] for c in PROJECT["classifiers"] if ":: Python :: 3." in c]
SYSTEMS = {
    "linux": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    "mac": {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
}
MODULES = {"beautifulsoup4": "bs4", "ipython": "IPython", "pillow": "PIL", "pyyaml": "yaml"}
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "playwright-python": "playwright",
    "pytorch": "torch",
    "seaborn-base": "seaborn",
}


def core() -> list[Requirement]:
    return [Requirement(line) for line in PROJECT["dependencies"]]


def extra(name: str) -> list[Requirement]:
    return [Requirement(line) for line in PROJECT["optional-dependencies"][name]]


def declared() -> list[Requirement]:
    return core() + [one for name in PROJECT["optional-dependencies"] for one in extra(name)]


def pins() -> list[Requirement]:
    lines = text(".constraints.txt").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def names(requirements) -> set[str]:
    return {canonicalize_name(one.name) for one in requirements}


def modules(requirements) -> set[str]:
    """What is imported by another name than it is installed by is in MODULES."""
    return {MODULES.get(name, name.replace("-", "_")) for name in names(requirements)}


def test_conda_installs_what_pyproject_declares():
    environment = yaml.safe_load(text("environment.yml"))["dependencies"]
    listed = [*environment[2:-1], *environment[-1]["pip"][1:]]
    conda = {one.name: one.specifier for one in map(Requirement, listed)}
    left_out = extra("recipes") + extra("cluster")  # which the course does without
    wanted = {
        one.name: one.specifier for one in declared() if not one.marker and one not in left_out
    }
    assert {CONDA_NAMES.get(name, name): bounds for name, bounds in conda.items()} == wanted
    assert environment[1] == "pip" and environment[-1]["pip"][0] == "-e ."
    assert environment[0].removeprefix("python=") in PYTHONS


def test_the_supported_pythons_are_the_same_everywhere():
    minors = [int(python.split(".")[1]) for python in PYTHONS]
    assert minors == list(range(minors[0], minors[-1] + 1))
    makefile = dict(re.findall(r"^(MIN|MAX) := (\d+)$", text("Makefile"), re.M))
    assert (int(makefile["MIN"]), int(makefile["MAX"])) == (minors[0], minors[-1])
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in text("README.md")
    (job,) = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == PYTHONS


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_has_one_pin_that_satisfies_it(python, system):
    place = {"python_version": python, "python_full_version": f"{python}.9", **SYSTEMS[system]}
    here = [one for one in pins() if not one.marker or one.marker.evaluate(place)]
    assert len(here) == len(names(here)), "a package with two pins"
    versions = {canonicalize_name(one.name): str(one.specifier)[2:] for one in here}
    for one in declared():
        if not one.marker or one.marker.evaluate(place):
            version = versions.get(canonicalize_name(one.name))
            assert version and version in one.specifier, f"{one} is pinned to {version}"


def test_the_hooks_ruff_is_the_pinned_one():
    (hooks,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert f"ruff=={hooks['rev'][1:]}" in text(".constraints.txt").splitlines()


def test_pins_hold_released_versions_and_no_address():
    for one in pins():
        assert re.fullmatch(r"==\d[\w.]*", str(one.specifier)), one
        assert not one.url and not one.extras, one
    assert "://" not in text(".constraints.txt") and "--" not in text(".constraints.txt")


def test_what_the_requirements_require_is_pinned_too():
    here = metadata.version("torch").split("+")[0]
    if not any(one.name == "torch" and one.specifier.contains(here) for one in pins()):
        pytest.skip(f"torch {here} is here, not the pinned one, whose companions are pinned")
    pinned, seen = names(pins()), set()
    # These need not be installed here.
    absent = extra("pretrained") + extra("recipes") + extra("cluster")
    todo = [one for one in declared() if one not in absent]
    while todo:
        one = todo.pop()
        key = (canonicalize_name(one.name), frozenset(one.extras))
        applies = not one.marker or any(
            one.marker.evaluate({"extra": e}) for e in ("", *one.extras)
        )
        if key in seen or not applies:
            continue
        seen.add(key)
        assert key[0] in pinned, f"{key[0]} has no pin: run make pins"
        for line in metadata.requires(one.name) or []:
            needed = Requirement(line)
            given = [{"extra": name} for name in ("", *one.extras)]
            if not needed.marker or any(needed.marker.evaluate(each) for each in given):
                needed.marker = None
                todo.append(needed)
    assert len(seen) > 100


def imports(source: str) -> set[str]:
    """What a module imports from outside the standard library and this repository."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    own = {"fpl_lib", "tomllib", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    return found - own - sys.stdlib_module_names


def of_python(folder: str) -> set[str]:
    sources = [text(name) for name in tracked() if re.fullmatch(rf"{folder}/.*\.py", name)]
    return set().union(*map(imports, sources))


def of_notebooks() -> set[str]:
    found = set()
    for path in sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                found |= imports(re.sub(r"^\s*[%!].*", "", cell.source, flags=re.M))
    return found


def test_what_is_imported_is_declared():
    library = of_python("fpl_lib")
    assert library <= modules(core() + extra("lab") + extra("teach") + extra("cluster"))
    assert of_notebooks() <= modules(core() + extra("lab"))
    assert of_python("tests") <= modules(declared())
    assert modules(core()) <= library | of_notebooks(), "declared but not used"


FOR_JUPYTER = ("fpl_lib.course", "fpl_lib.plots.live", "fpl_lib.__main__")


@pytest.mark.slow
def test_the_library_imports_without_the_extras():
    """Without Jupyter and nbgrader all but what is made for them still imports."""
    absent = modules(extra("lab") + extra("teach") + extra("cluster"))
    code = (
        "import importlib, pkgutil, sys, fpl_lib\n"
        f"sys.modules.update(dict.fromkeys({sorted(absent)!r}))\n"
        "for module in pkgutil.walk_packages(fpl_lib.__path__, 'fpl_lib.'):\n"
        f"    if not module.name.startswith({FOR_JUPYTER!r}):\n"
        "        importlib.import_module(module.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / build.build_wheel(str(folder))


@pytest.mark.slow
def test_the_wheel_holds_the_library_with_its_data_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if not name.endswith("/")}
    tables = {
        name.replace("data/paper", "fpl_lib/_paper") for name in tracked() if "data/paper" in name
    }
    packed = {name for name in inside if name.startswith("fpl_lib/")}
    assert packed == tables | {name for name in tracked() if name.startswith("fpl_lib/")}
    assert all(name in packed or ".dist-info/" in name for name in inside)
    assert {"fpl_lib/py.typed", "fpl_lib/_paper/claims.csv"} < packed
    assert any(name.endswith("licenses/LICENSE") for name in inside)


@pytest.mark.slow
def test_the_packages_page_has_only_links_that_work_there(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        page = message_from_bytes(archive.read(name))
    assert page["Author"] and page["Project-URL"].startswith("Paper, https://doi.org/")
    described = page.get_payload()
    assert described.startswith("# The loss in your own training code")
    assert [link for link in re.findall(r"\]\((.*?)\)", described) if "://" not in link] == []


WALK = """
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import torch

import fpl_lib
from fpl_lib import FalsePositiveLoss, paper
from fpl_lib._files import DATA
from fpl_lib.cifar10 import DataError, load_cifar10

site, home = map(Path, sys.argv[1:])
assert Path(fpl_lib.__file__).is_relative_to(site)
assert fpl_lib.__version__ == version("fpl-lib")
assert FalsePositiveLoss()(torch.zeros(2, 10), torch.tensor([3, 7])).item() > 0
assert len(paper.table2()) == 4 and len(paper.claims()) > 10
assert not DATA.is_relative_to(site)
(main,) = {script.load() for script in entry_points(group="console_scripts", name="fpl")}
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0
try:
    load_cifar10(source="mini")
except DataError as error:
    print(error)
sys.exit(main(["report"]) or main(["reproduce", "mini"]))
"""


def test_the_installed_wheel_works_without_a_checkout(wheel, tmp_path):
    site, home = tmp_path / "site", tmp_path / "home"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}  # pip's own code warns
    subprocess.run([*command, "--target", str(site), str(wheel)], check=True, env=quiet)
    folders = {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA")}
    done = subprocess.run(
        [sys.executable, "-c", WALK, str(site), str(home)],
        capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site), **folders},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    for line in (done.stdout.splitlines()[-2], done.stderr.strip()):
        assert "the excerpt comes with a clone" in line and "python -m fpl_lib data" in line
    assert done.stdout.splitlines()[-1].startswith("No records yet in ")
    assert not [path for path in site.iterdir() if path.name == "data"]
    (script,) = (site / "bin").glob("fpl*")
    env = {**os.environ, "PYTHONPATH": str(site), **folders}
    helped = subprocess.run(
        [script, "--help"], capture_output=True, text=True, cwd=tmp_path, env=env
    )
    assert helped.returncode == 0 and "reproduce" in helped.stdout, helped.stderr
