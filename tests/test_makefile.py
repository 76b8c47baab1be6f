"""The Makefile's set-up of .venv, with a stand-in for Python that logs what it is asked to do."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no make on Windows"),
]

INSTALL = "-m pip install -c .constraints.txt -e .[lab,teach,test]"

# Makes a .venv that holds itself, installs nothing, and leaves the rest to the real Python.
STAND_IN = f"""#!/bin/sh
case "$*" in -c*|*--version) ;; *) echo "$*" >> log ;; esac
case "$*" in
    "-m venv "*)
        rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python
        echo "VIRTUAL_ENV='$PWD/.venv'" > .venv/bin/activate ;;
    "-m pip --version") [ -d .venv ] ;;
    "-m pip install "*) if [ -e cut ]; then kill -INT $$; fi ;;
    "-m "*) ;;
    *) exec '{sys.executable}' "$@" ;;
esac
"""
OLD = """#!/bin/sh
case "$1" in --version) echo "Python 3.9.6" ;; *) exit 1 ;; esac
"""


class Checkout:
    """A folder with what make needs, a stand-in for python3 on the PATH, a log of its calls."""

    def __init__(self, folder: Path):
        self.folder, self.bin = folder, folder.parent / "bin"
        self.bin.mkdir()
        folder.mkdir()
        for name in ("Makefile", "pyproject.toml", ".constraints.txt"):
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / ".jupyter", folder / ".jupyter", ignore=lambda *_: ["workspaces"])
        self.python("python3", STAND_IN)

    def python(self, name: str, script: str) -> str:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)
        return str(path)

    def make(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run make as from a shell of its own; `arguments` may set variables."""
        outer = ("MAKE", "MFLAGS", "PYTHON", "LAB_FLAGS", "TEST_FLAGS")
        env = {key: value for key, value in os.environ.items() if not key.startswith(outer)}
        env["PATH"] = f"{self.bin}{os.pathsep}{env['PATH']}"
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self, *arguments: str) -> list[str]:
        """What Python was asked for in a run of make that has to succeed."""
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return [line.split(" tests fpl_lib")[0] for line in log.read_text().splitlines()]


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "a teacher's course")


def kinds(calls: list[str]) -> list[str]:
    """venv, pip and pytest, in the order in which they were called."""
    return [call.split()[1] for call in calls]


def test_the_first_time_sets_up_and_the_second_does_not(checkout):
    first = checkout.calls("test")
    assert first[:2] == ["-m venv --clear .venv", INSTALL]
    assert kinds(first) == ["venv", "pip", "pytest"]
    assert kinds(checkout.calls("test")) == ["pytest"]


def test_new_pins_or_requirements_install_again_but_keep_the_venv(checkout):
    checkout.calls("test")
    ready = checkout.folder / ".venv" / ".ready"
    for name in (".constraints.txt", "pyproject.toml"):
        later = ready.stat().st_mtime + 5
        os.utime(checkout.folder / name, (later, later))
        assert kinds(checkout.calls("test")) == ["pip", "pytest"], name
        os.utime(ready, (later + 5, later + 5))
    (checkout.folder / "README.md").write_text("new\n")
    assert kinds(checkout.calls("test")) == ["pytest"]


def test_an_interrupted_install_is_taken_up_again(checkout):
    (checkout.folder / "cut").touch()
    assert checkout.make("test").returncode != 0
    assert not (checkout.folder / ".venv" / ".ready").exists()
    (checkout.folder / "cut").unlink()
    assert kinds(checkout.calls("test")) == ["pip", "pytest"]
    assert kinds(checkout.calls("test")) == ["pytest"]


def test_a_half_made_venv_is_made_again(checkout):
    broken = checkout.folder / ".venv" / "bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to(checkout.folder / "gone")
    assert kinds(checkout.calls("test")) == ["venv", "pip", "pytest"]


def test_a_moved_checkout_gets_a_new_venv(checkout):
    checkout.calls("test")
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("elsewhere"))
    assert kinds(checkout.calls("test")) == ["venv", "pip", "pytest"]


def test_a_link_to_another_checkouts_venv_is_neither_cleared_nor_used(checkout):
    checkout.calls("test")
    other = checkout.folder
    checkout.folder = other.with_name("second")
    checkout.folder.mkdir()
    for name in ("Makefile", "pyproject.toml", ".constraints.txt"):
        shutil.copy(ROOT / name, checkout.folder)
    (checkout.folder / ".venv").symlink_to(other / ".venv")
    before = sorted((other / ".venv").rglob("*"))
    done = checkout.make("test")
    assert done.returncode != 0 and "rm .venv" in done.stderr
    assert sorted((other / ".venv").rglob("*")) == before
    (checkout.folder / ".venv").unlink()
    assert kinds(checkout.calls("test")) == ["venv", "pip", "pytest"]


def test_a_venv_on_another_disk_may_be_linked_to(checkout):
    """A link to an empty folder is set up there and then used."""
    disk = checkout.folder.with_name("disk")
    disk.mkdir()
    (checkout.folder / ".venv").symlink_to(disk)
    assert kinds(checkout.calls("test")) == ["venv", "pip", "pytest"]
    assert kinds(checkout.calls("test")) == ["pytest"]


def test_check_runs_ruff_and_what_is_not_slow(checkout):
    ruff, formatted, tests = checkout.calls("check")[-3:]
    assert (ruff, formatted) == ("-m ruff check .", "-m ruff format --check .")
    assert "-m not slow --doctest-modules" in tests and "--nbval" not in tests


def test_another_python_asked_for_gets_a_new_venv(checkout):
    checkout.calls("test")
    same = checkout.python("same", STAND_IN)
    assert kinds(checkout.calls("test", f"PYTHON={same}")) == ["pytest"]
    marked = STAND_IN.replace('"-m venv "*', '*base_prefix*) echo other ;;\n    "-m venv "*')
    other = checkout.python("other", marked)
    assert kinds(checkout.calls("test", f"PYTHON={other}")) == ["venv", "pip", "pytest"]
    assert kinds(checkout.calls("test")) == ["pytest"], "the one made last stays in use"


def test_a_newer_python_on_the_path_is_found_where_python3_is_too_old(checkout):
    checkout.python("python3", OLD)
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10"):
        checkout.python(name, "#!/bin/sh\nexit 127\n")  # as pyenv's shims do
    checkout.python("python3.11", STAND_IN)
    assert kinds(checkout.calls("test")) == ["venv", "pip", "pytest"]


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        (None, ["Python 3.10 to 3.14 is needed", "is not there", "PYTHON=python3.12 make lab"]),
        (OLD, ["Python 3.10 to 3.14 is needed", "is Python 3.9.6", "PYTHON=python3.12 make lab"]),
        (
            STAND_IN.replace('"-m venv "*', '*ensurepip*) exit 1 ;;\n    "-m venv "*'),
            ["cannot make a virtual environment", "sudo apt install python3-venv"],
        ),
    ],
    ids=["missing", "too old", "without ensurepip"],
)
def test_an_unfit_python_is_refused_in_one_line(checkout, script, parts):
    python = checkout.python("unfit", script) if script else "python-that-is-not"
    done = checkout.make("lab", f"PYTHON={python}")
    assert done.returncode != 0 and not (checkout.folder / ".venv").exists()
    line, *rest = done.stderr.splitlines()
    assert all(part in line for part in parts), line
    assert all(text.startswith("make") for text in rest), rest


def test_lab_listens_on_this_machine_only_with_its_token_on(checkout):
    call = checkout.calls("lab", "LAB_FLAGS=--no-browser --port=8899")[-1]
    assert call.startswith("-m jupyterlab --ip=127.0.0.1 ")
    assert "/lab/tree/notebooks/00_start_here.ipynb" in call
    assert call.endswith("--no-browser --port=8899") and "token" not in call


def test_lab_starts_with_a_folded_side_bar_and_keeps_a_students_layout(checkout):
    checkout.calls("lab")
    (kept,) = (checkout.folder / ".jupyter" / "workspaces").iterdir()
    layout = json.loads(kept.read_text())["data"]["layout-restorer:data"]
    assert layout["left"]["collapsed"] and layout["right"]["collapsed"]
    kept.write_text("as the student left it")
    checkout.calls("lab")
    assert kept.read_text() == "as the student left it"


def test_the_browser_tests_run_only_where_they_are_named(checkout):
    assert checkout.calls("test-browser")[-1] == "-m pytest tests/browser"
    assert "browser" not in checkout.calls("test")[-1]
