"""`dpyauth`, or `python -m dpyauth`: the command."""

import sys

from dpyauth.command import main

if __name__ == "__main__":
    sys.exit(main())
