"""The repository as the tests about it see it: its files and their text."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tracked() -> list[str]:
    """The repository's files; in a copy without git, all files but what the tools leave behind."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0:
        return [name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]
    rules = text(".gitignore").splitlines() + text("data/.gitignore").splitlines()
    ignored = {rule.rstrip("/") for rule in rules}
    found = (path.relative_to(ROOT) for path in sorted(ROOT.rglob("*")) if path.is_file())
    return [path.as_posix() for path in found if not ignored & set(path.parts)]
