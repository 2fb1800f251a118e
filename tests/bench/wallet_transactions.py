"""Measure 10,000 transactions of a wallet over a line with a long round trip, against a plain loop over the pages.

    python tests/bench/wallet_transactions.py [--rounds 5] [--latency 0.1]

Both ways run in turns, each in a process of its own that has signed in and made a first call before the clock starts:
over TLS at Deriv's own names, through a proxy that delays every answer, and without TLS with delayed answers. Prints
the number of requests for pages: Deriv sends 1,000 transactions at a time, and each page names the next, so ten in a
row are the minimum. Then prints the medians of the seconds, and their ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.ledgers import DAY, END

sys.path.insert(0, str(Path(__file__).parent))

from first_answer import Far, certificates

ROWS, PAGE = 10_000, 1_000
CALL = "wallet_transactions"
TIMED = """
import time
begun = time.perf_counter()
frame = fetch()
took = time.perf_counter() - begun
assert len(frame) == {rows}, len(frame)
print(took)
"""
OURS = """
import os, sys
import dpyauth
session = dpyauth.login(server=os.environ.get("SERVER"))
session.wallets()
fetch = session.wallet_transactions
"""
BARE = """
import os
import httpx
import pandas
server = os.environ.get("SERVER") or "https://api.derivws.com"
headers = {"Authorization": f"Bearer {os.environ['DERIV_TOKEN']}", "Deriv-App-ID": os.environ["DERIV_APP_ID"]}
client = httpx.Client(base_url=server, headers=headers)
client.get("/wallet/v1/wallets").raise_for_status()

def fetch():
    rows, address = [], "/wallet/v1/transactions/main?per_page=1000"
    while address:
        reply = client.get(address).raise_for_status().json()
        rows += reply["data"]["transactions"]
        address = reply["links"]["next"]
    frame = pandas.json_normalize(rows)
    frame["timestamp"] = pandas.to_datetime(frame["timestamp"])
    return frame
"""
WAYS = {"dpyauth": OURS, "bare loop": BARE}


def run(code: str, env: dict[str, str]) -> float:
    """Run code in a process of its own; return the seconds that it prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code + TIMED.format(rows=ROWS)], env=env, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return float(ran.stdout.splitlines()[-1])


def compare(line: str, rounds: int, env: dict[str, str], box: Sandbox, slow: Callable[[], object]) -> None:
    """Measure both ways in turns, and print the results."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    pages = dict.fromkeys(WAYS, 0)
    for turn in range(rounds + 1):
        for way, code in WAYS.items():
            before = len(box.received)
            slow()
            took = run(code, env)
            pages[way] = sum(each.call == CALL for each in box.received[before:])
            if turn:  # the first one may have compiled modules
                seconds[way].append(took)
    ours, bare = (statistics.median(seconds[way]) for way in WAYS)
    print(f"{line}: dpyauth {ours:.2f} s, the bare loop {bare:.2f} s, ratio {ours / bare:.2f}")
    print(f"  pages asked for: dpyauth {pages['dpyauth']}, the bare loop {pages['bare loop']}, fewest {ROWS // PAGE}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=None, clock=lambda: END + 30 * DAY) as box:
        wallet = box.options.person("ROT900001").wallet("main")
        assert wallet is not None
        box.options.grow_wallet("ROT900001", "main", ROWS - len(wallet.entries))
        certificates.make(Path(folder))
        env = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": folder,
            "DERIV_TOKEN": box.options_token("rich").token,
            "DERIV_APP_ID": box.options_app_id,
        }
        late = options.latency
        with Far(box.port, Path(folder), late) as front:
            behind = {"SSL_CERT_FILE": str(Path(folder, "roots.pem")), "HTTPS_PROXY": front.address}
            line = f"{ROWS:,} transactions over TLS, {late * 1000:.0f} ms away"
            compare(line, options.rounds, {**env, **behind}, box, lambda: None)
        line = f"{ROWS:,} transactions plainly, answered after {late * 1000:.0f} ms"
        plain = {**env, "SERVER": box.rest}
        compare(line, options.rounds, plain, box, lambda: box.faults.delay(late, CALL, times=ROWS // PAGE))


if __name__ == "__main__":
    main()
