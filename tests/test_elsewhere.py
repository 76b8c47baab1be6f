"""The kit where nobody has set it up: Colab's first cell, Binder's files, a dev container."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from repository import ROOT, text, tracked

WANTED = ("pyproject.toml", "fpl_lib/", "notebooks/GLOSSARY", "data/paper/", "data/cifar10-mini/")
WALK = """
import torch
import fpl_lib
from fpl_lib import cifar10, plots
from fpl_lib.course import check, predict
print(fpl_lib.__file__)
assert len(cifar10.load_cifar10(source="mini").test_labels) == 1000
"""


@pytest.mark.slow
def test_colabs_first_cell_gives_a_notebook_the_kit(tmp_path):
    """As Colab runs it: by IPython, in an empty folder, with the address of a repository."""
    cell = re.search(r"```\n(!git clone.*?)```", text("notebooks/README.md"), re.S)[1]
    assert "pip" not in cell
    source, content = tmp_path / "source", tmp_path / "content"
    for name in tracked():
        if name.startswith(WANTED):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    git = ["git", "-C", str(source), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    content.mkdir()
    cell = cell.replace("ADDRESS-OF-THIS-REPOSITORY", source.as_uri())
    script = content / "cell.ipy"
    script.write_text(cell.replace("/content", str(content)) + WALK)
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", str(script)],
        cwd=content,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(content / "fpl" / "fpl_lib" / "__init__.py") in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Binder's machines are Linux")
def test_binder_starts_jupyterlab_as_make_lab_does(tmp_path):
    prefix, home = tmp_path / "prefix", tmp_path / "home"
    folders = {"NB_PYTHON_PREFIX": str(prefix), "HOME": str(home)}
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env={**os.environ, **folders}, check=True)
    page = json.loads((prefix / "etc/jupyter/labconfig/page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyter/nbgrader"]
    (layout,) = (home / ".jupyter/lab/workspaces").iterdir()
    assert layout.read_text() == text(f".jupyter/{layout.name}")


def test_the_dev_container_is_set_up_by_make_with_a_supported_python():
    container = json.loads(text(".devcontainer/devcontainer.json"))
    python = container["image"].removeprefix("python:")
    assert f":: {python}" in text("pyproject.toml")
    assert container["postCreateCommand"] == "make .venv/.ready"
    settings = container["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
