"""Measure how long a new process takes to sign in to the sandbox, against one that only imports pandas.

    python tests/bench/start.py [--rounds 15]

Prints medians of interleaved runs and their ratio. The measurement begins where Python runs its first line.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

WAYS = {
    "import pandas": "import pandas",
    **{f"login to {api}": f"import dpyauth; dpyauth.login(sandbox=True, api={api!r})" for api in ("v3", "options")},
}
TIMED = "import time; begun = time.perf_counter(); {}; print(); print(time.perf_counter() - begun)"


def took(code: str) -> float:
    """Return the milliseconds of this code in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(
        [sys.executable, "-c", TIMED.format(code)], env=kept, capture_output=True, text=True, check=True
    )
    return 1000 * float(ran.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way, code in WAYS.items():
            taken[way].append(took(code))
    # The first run may have compiled modules.
    medians = {way: statistics.median(times[1:]) for way, times in taken.items()}
    for way, median in medians.items():
        print(f"| {way} | {median:.0f} ms | {median / medians['import pandas']:.2f}x |")


if __name__ == "__main__":
    main()
