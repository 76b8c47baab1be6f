"""A JupyterLab of its own and a headless browser in it: make test-browser

These tests need a Chromium, so that plain `pytest` and `make test` leave them out: they run only
where the command line names this folder. CHROMIUM names another browser than the first that is
found; LAB_SCREENSHOTS names a folder for pictures of every notebook at two widths.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NO_BROWSER = """\
The browser tests need Chromium or Chrome, and none was found. Install one and run them again:
    Debian         sudo apt-get install chromium
    macOS          brew install --cask google-chrome
    anywhere else  .venv/bin/python -m playwright install chromium
or name the one that you have: CHROMIUM=/path/to/chrome make test-browser"""
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # What asked for another machine would fail here as it would in a classroom without a network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
SECONDS = 180
# Otherwise JupyterLab takes cells that are out of sight out of the page.
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: runs JupyterLab in a headless Chromium")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = [
        Path(config.invocation_params.dir, arg.split("::")[0]).resolve() for arg in config.args
    ]
    if not any(path == HERE or HERE in path.parents for path in named):
        return True
    return None


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder that it shows."""

    url: str
    token: str
    folder: Path
    pid: int

    def page(self, notebook: str) -> str:
        workspace = Path(notebook).stem  # one each, else the last notebook's tab opens again
        return f"{self.url}/lab/workspaces/{workspace}/tree/{notebook}?token={self.token}"

    def most_memory(self) -> float:
        """The most memory, in GiB, that a running kernel has held so far (Linux only)."""
        states = [path.read_text() for path in Path("/proc").glob("[0-9]*/status")]
        kernels = [s for s in states if f"PPid:\t{self.pid}\n" in s and "VmHWM" in s]
        return max(int(state.split("VmHWM:")[1].split()[0]) for state in kernels) / 2**20

    def stop_kernels(self) -> None:
        """Give the memory of the last notebook back before the next one starts."""
        for kernel in json.load(self._ask("/api/kernels")):
            self._ask(f"/api/kernels/{kernel['id']}", method="DELETE")

    def _ask(self, path: str, method: str = "GET"):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        return urllib.request.urlopen(request, timeout=SECONDS)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, set up as `make lab` does, on a copy of the students' notebooks."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        _copy_without_outputs(path, folder / path.name)
    for plugin, values in SETTINGS.items():
        path = home / "settings" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    port, token = _free_port(), secrets.token_hex(16)
    (home / "workspaces").mkdir()
    for path in (ROOT / ".jupyter").glob("*.jupyterlab-workspace"):
        shutil.copy(path, home / "workspaces")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    if _is_root():
        command.append("--allow-root")
    log = home / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=_environment(home), stdout=output, stderr=output)
        lab = Lab(f"http://127.0.0.1:{port}", token, folder, server.pid)
        try:
            _wait_for(lab, server, log)
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """One window of a headless Chromium that asks for nothing on its own."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        path = _chromium(playwright.chromium.executable_path)
        arguments = [*QUIET, "--no-sandbox"] if _is_root() else list(QUIET)
        try:
            started = playwright.chromium.launch(executable_path=path, args=arguments)
        except Error as error:
            pytest.exit(f"{path} does not start:\n{error}", returncode=1)
        # One window for all notebooks: JupyterLab's own files are fetched once.
        yield started.new_context()
        started.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go that are taken on request, or of a notebook that got stuck."""
    named = os.environ.get("LAB_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _chromium(of_playwright: str) -> str:
    """The browser to use: the one named, one of this machine, or the one Playwright fetched."""
    if named := os.environ.get("CHROMIUM"):
        if found := shutil.which(named):
            return found
        pytest.exit(f"CHROMIUM names {named}, which is no program", returncode=1)
    for candidate in (*BROWSERS, of_playwright):
        if found := shutil.which(candidate):
            return found
    pytest.exit(NO_BROWSER, returncode=1)


def _copy_without_outputs(path: Path, target: Path) -> None:
    """Whatever the page then shows, this browser's kernel has made."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, target)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(home: Path) -> dict[str, str]:
    """The server's environment and its kernels': fpl_lib importable, nobody's own settings."""
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    folders = {name: str(home / folder) for name, folder in own.items()}
    # A backend that a test chose for itself would leave the notebooks without figures.
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    shared = {"PYTHONPATH": paths, "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter")}
    return {**inherited, **folders, **shared, "JUPYTER_PREFER_ENV_PATH": "1"}


def _wait_for(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{lab.url}/api?token={lab.token}", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
