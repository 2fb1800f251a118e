"""Run the command line: `dpyauth`, or `python -m dpyauth`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, like `dpyauth.command.main`.

    Ctrl+C is handled here because it may also interrupt the import of the command, which takes a moment.
    """
    try:
        from dpyauth.command import main as run

        return run(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
