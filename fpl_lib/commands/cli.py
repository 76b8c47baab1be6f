"""The commands behind `python -m fpl_lib`: what each does with what its line says.

What is heavy is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import os
import sys

from fpl_lib._files import CHECKOUT, RUNS
from fpl_lib.commands import names
from fpl_lib.commands.parser import make_parser


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
        return COMMANDS[arguments.command](arguments)
    except (ValueError, OSError) as error:
        print(f"fpl_lib: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resumes = arguments.command in ("train", "reproduce")
        rest = "; the same command goes on from the last checkpoint" * resumes
        print(f"fpl_lib: interrupted{rest}", file=sys.stderr)
        return 130


def data(arguments: argparse.Namespace) -> int:
    from fpl_lib.cifar10 import load_cifar10

    print(load_cifar10(arguments.data_dir, source=arguments.source).describe())
    return 0


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


def reproduce(arguments: argparse.Namespace) -> int:
    from fpl_lib.evidence.experiments import EXPERIMENTS, configs

    todo = configs(
        arguments.experiment, arguments.models, arguments.losses, arguments.seeds,
        conditions=arguments.conditions, weights=arguments.weights,
    )  # fmt: skip
    return _run_all(todo, arguments, EXPERIMENTS[arguments.experiment].source)


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


COMMANDS = {
    "data": data, "train": train, "reproduce": reproduce, "report": report, "contest": contest,
    "bench": bench,
}  # fmt: skip


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
