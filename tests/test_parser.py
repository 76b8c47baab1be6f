"""What the command line takes, what it refuses and how, and what its help says."""

import os
import subprocess
import sys

import pytest
from repository import ROOT

from fpl_lib.__main__ import main
from fpl_lib.commands import cli, names
from fpl_lib.evidence import experiments

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reproduce", "mini", "--models", "resnet18"], "has no model 'resnet18': expected small"),
        (["reproduce", "mini", "--losses", "ce_matched"], "has no loss 'ce_matched'"),
        (
            ["reproduce", "noise-mini", "--conditions", "loud"],
            "no condition 'loud': expected noise00",
        ),
        (
            ["reproduce", "mini", "--weights", "x"],
            "weights are for conditions that start from some",
        ),
        (["reproduce", "mini", "--device", "cuda:99"], "cuda:99"),
        (["train", "--epochs", "1", "--batch-size", "1"], "batch_size of at least 2"),
        (["report", "--runs", "no-such-folder"], "no-such-folder: no such folder of records"),
        (["data", "--data-dir", "no-such-folder", "--source", "disk"], "no-such-folder"),
    ],
)
def test_errors_are_one_line_and_exit_2(arguments, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("fpl_lib: ") and error.count("\n") == 1
    assert words in error


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "required: COMMAND"),
        ("fly", "invalid choice: 'fly'"),
        ("reproduce", "required: EXPERIMENT"),
        ("reproduce table9", "invalid choice: 'table9'"),
        ("reproduce mini --losses mse", "invalid choice: 'mse'"),
        ("reproduce mini --device warp", "expected auto, cpu, cuda or cuda:N; got 'warp'"),
        ("reproduce mini --device meta", "expected auto, cpu, cuda or cuda:N; got 'meta'"),
        ("reproduce mini --seeds a", "such as 0, 0-9 or 0,2,4-6; got 'a'"),
        ("reproduce mini --seeds 1-", "got '1-'"),
        ("reproduce mini --seeds 3-1", "expected the smaller seed first"),
        ("reproduce mini --seeds 0,9-0", "expected the smaller seed first"),
        ("reproduce mini --seeds 0-99999999999", "10000 seeds at most"),
        ("reproduce mini --seeds 12345678901234567890", "from 0 to 9223372036854775807"),
        ("reproduce mini --threads x", "expected a whole number from 1 to 256; got 'x'"),
        ("reproduce mini --threads 100000", "expected a whole number from 1 to 256"),
        ("reproduce mini --max-seconds nan", "expected a number from 0"),
        ("train --loss mse", "invalid choice: 'mse'"),
        ("train --epochs 0", "expected a whole number from 1"),
        ("train --seed 12345678901234567890", "from 0 to 9223372036854775807"),
        ("train --lr -1", "expected a number from 1e-12"),
        ("train --momentum 1e300", "expected a number from 0 to 1; got '1e300'"),
        ("train --max-seconds -1", "expected a number from 0"),
        ("data --source cloud", "invalid choice: 'cloud'"),
    ],
)
def test_what_the_parser_refuses_is_exit_2_too(line, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(line.split())
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "usage: python -m fpl_lib" in error and words in error


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
    assert python(code) == "PASSIVE\n"


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
    assert cli.seeds(text) == seeds


def test_a_command_says_nothing_on_stderr_when_all_is_well():
    done = subprocess.run(
        [sys.executable, "-m", "fpl_lib", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["data", "train", "reproduce", "report", "bench"])
def test_help_names_every_argument(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"python -m fpl_lib {command}" in text and "None" not in text
    if command == "reproduce":
        assert "table2" in text and "mini" in text and "75" in text
