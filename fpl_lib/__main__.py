"""The command line: python -m fpl_lib data | train | reproduce | report | contest | bench."""

import sys

from fpl_lib.commands.cli import main

if __name__ == "__main__":
    sys.exit(main())
