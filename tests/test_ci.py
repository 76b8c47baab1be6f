""".ci/run: the README's tests, then those in a browser, which is installed where it is missing."""

import shutil
import subprocess

import pytest
from repository import ROOT
from test_readme import blocks

BOTH = [blocks()[1], f"{blocks()[1]}-browser"]
UPDATE, INSTALL = "apt-get update", "apt-get install --yes chromium"


@pytest.fixture
def machine(tmp_path):
    """A machine that has just these programs, each of which logs how it was called."""

    def run(*programs: str, **environment: str) -> tuple[int, list[str], str]:
        for name in ("bash", "dirname"):
            (tmp_path / name).symlink_to(shutil.which(name))
        for program in programs:
            name, _, script = program.partition(":")
            path = tmp_path / name
            path.write_text(script or f'#!/bin/sh\necho "{name} $*"\n[ "$*" != "$FAILS" ]\n')
            path.chmod(0o755)
        done = subprocess.run(
            [shutil.which("bash"), ROOT / ".ci" / "run"],
            cwd=tmp_path,
            env={"PATH": str(tmp_path), **environment},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


ROOT_USER, OTHER_USER = "id:#!/bin/sh\necho 0\n", "id:#!/bin/sh\necho 1000\n"
SUDO = 'sudo:#!/bin/sh\necho "sudo $1"; shift; exec "$@"\n'


@pytest.mark.parametrize("browser", ("chromium", "chromium-browser", "google-chrome"))
def test_both_suites_run_and_a_browser_that_is_there_is_used(machine, browser):
    assert machine("make", browser) == (0, BOTH, "")


def test_a_named_browser_is_taken(machine):
    assert machine("make", "mine", CHROMIUM="mine") == (0, BOTH, "")


@pytest.mark.parametrize("suite", BOTH)
def test_a_failing_suite_fails_ci(machine, suite):
    code, calls, _ = machine("make", "chromium", FAILS=suite.removeprefix("make "))
    assert code != 0 and calls[-1] == suite


def test_a_missing_browser_is_installed_first(machine):
    assert machine("make", "apt-get", ROOT_USER) == (0, [UPDATE, INSTALL, *BOTH], "")


def test_other_users_than_root_install_by_sudo_without_a_password(machine):
    code, calls, _ = machine("make", "apt-get", OTHER_USER, SUDO)
    assert (code, calls) == (0, ["sudo -n", UPDATE, "sudo -n", INSTALL, *BOTH])


@pytest.mark.parametrize("programs", [(ROOT_USER,), (OTHER_USER, "apt-get")], ids=("apt", "sudo"))
def test_no_browser_and_no_way_to_one_fails_before_the_tests(machine, programs):
    code, calls, error = machine("make", *programs)
    assert code == 1 and calls == []
    assert "need Chromium" in error and "CHROMIUM" in error


def test_a_failing_installation_fails_ci(machine):
    install = INSTALL.removeprefix("apt-get ")
    code, calls, error = machine("make", "apt-get", ROOT_USER, FAILS=install)
    assert code == 1 and calls == [UPDATE, INSTALL] and "need Chromium" in error
