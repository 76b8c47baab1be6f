"""What the command line takes, what it refuses and how, and what its help says."""

import os
import subprocess
import sys

import pytest
from repository import ROOT

from fpl_lib.__main__ import main
from fpl_lib.commands import names, parser
from fpl_lib.evidence import experiments

pytestmark = pytest.mark.slow


def python(code, **environment):
    """What a new interpreter prints that runs `code`."""
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("line", ["--help", "train --help", "bench --help", "train --lr fast"])
def test_help_and_refusals_do_not_wait_for_torch(line):
    code = f"""
import sys
from fpl_lib.__main__ import main
try:
    main({line.split()})
except SystemExit:
    print(sorted({{"torch", "pandas", "matplotlib", "scipy"}} & set(sys.modules)))
"""
    assert python(code).endswith("[]\n")


@pytest.mark.parametrize("line", ["train --epochs 1", "reproduce mini"])
def test_waiting_threads_are_told_to_sleep_before_torch_is_imported(line):
    code = f"""
import os, sys
class Told:
    def find_spec(name, *_):
        if name == "torch":
            sys.exit(print(os.environ["OMP_WAIT_POLICY"]))
sys.meta_path.insert(0, Told)
os.environ.pop("OMP_WAIT_POLICY", None)
from fpl_lib.__main__ import main
main({line.split()})
"""
    assert python(code) == "passive\n"


def test_the_parser_knows_the_names_of_the_rooms():
    from fpl_lib.training import models, recipe

    assert names.EXPERIMENTS == tuple(experiments.EXPERIMENTS)
    assert names.LOSSES == tuple(experiments.LOSSES)
    assert (names.MODELS, names.STEMS) == (models.MODELS, models.STEMS)
    assert (names.OPTIMIZERS, names.SCHEDULES) == (recipe.OPTIMIZERS, recipe.SCHEDULES)
    mini = experiments.EXPERIMENTS["mini"].recipe
    assert names.MINI == {name: getattr(mini, name) for name in names.MINI}


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0", [0]), ("0-3", [0, 1, 2, 3]), ("0,2,4-6", [0, 2, 4, 5, 6]), ("1,1", [1])],
)
def test_seeds_are_ranges_and_lists(text, seeds):
    assert parser.seeds(text) == seeds


def test_a_command_says_nothing_on_stderr_when_all_is_well():
    done = subprocess.run(
        [sys.executable, "-m", "fpl_lib", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["data", "train", "reproduce", "report", "contest", "bench"])
def test_help_names_every_argument(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m fpl_lib {command}" in text and "None" not in text
    if command == "reproduce":
        assert "table2" in text and "mini" in text and "75" in text
