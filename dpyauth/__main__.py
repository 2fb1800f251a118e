"""`dpyauth`, or `python -m dpyauth`: the command."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, as `dpyauth.command.main` does, which Ctrl+C may interrupt while it is being loaded."""
    try:
        from dpyauth.command import main as run

        return run(arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
