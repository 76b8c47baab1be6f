"""The command line: python -m fpl_lib data | train | reproduce | report | bench."""

from __future__ import annotations

import sys

from fpl_lib.commands import cli


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 75 paused (call again), 2 an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a code page without a minus sign is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    parser = cli.Parser(
        prog="python -m fpl_lib",
        description="False Positive Loss: get the data, train, reproduce the paper, report, bench.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (cli.add_data, cli.add_train, cli.add_reproduce, cli.add_report, cli.add_bench):
        add(commands)
    arguments = parser.parse_args(argv)
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


if __name__ == "__main__":
    sys.exit(main())
