"""Measure how long a new process takes from a personal access token to its first answer, against hand-written scripts.

    python tests/bench/first_answer.py [--rounds 7] [--latency 0.1]

The sandbox answers at Deriv's own names, over TLS, through a proxy that delays every answer by this many seconds:
those of opening a connection, of TLS, and all later ones. All ways run in turns. Prints the medians and the minima of
the seconds from Python's first line to the answer, with their ratios to the hand-written script that gives the same
result; their processor time; and the numbers of connections, round trips and HTTP requests.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import NamedTuple

from dpyauth.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parents[1] / "deployed"))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

import certificates
from front import Front, Tunnel

REST = """
import os
HEADERS = {"Authorization": f"Bearer {os.environ['DERIV_TOKEN']}", "Deriv-App-ID": os.environ["DERIV_APP_ID"]}
ACCOUNTS = "https://api.derivws.com/trading/v1/options/accounts"
"""
ACCOUNTS = f"""{REST}
import httpx
import pandas
print(pandas.DataFrame(httpx.get(ACCOUNTS, headers=HEADERS).raise_for_status().json()["data"]))
"""
BALANCE = f"""{REST}
import asyncio
import json
import httpx
import websockets

async def balance():
    async with httpx.AsyncClient(headers=HEADERS) as client:
        rows = (await client.get(ACCOUNTS)).raise_for_status().json()["data"]
        account = next(row["account_id"] for row in rows if row["account_type"] == "demo")
        url = (await client.post(f"{{ACCOUNTS}}/{{account}}/otp")).raise_for_status().json()["data"]["url"]
    socket = await websockets.connect(url)
    await socket.send('{{"balance": 1}}')
    return json.loads(await socket.recv())["balance"]

found = asyncio.run(balance())
"""
OURS = "import dpyauth; session = dpyauth.login(); "
BY_HAND, BALANCE_BY_HAND, REPLY_BY_HAND = "httpx: accounts", "httpx + websockets: balance", "the same, as a dict"
WAYS = {
    BY_HAND: (ACCOUNTS, BY_HAND),
    "dpyauth: account_status()": (f"{OURS} print(session.account_status())", BY_HAND),
    BALANCE_BY_HAND: (f"{BALANCE}import pandas; print(pandas.DataFrame([found]))", BALANCE_BY_HAND),
    "dpyauth: balance()": (f"{OURS} print(session.balance())", BALANCE_BY_HAND),
    REPLY_BY_HAND: (f"{BALANCE}print(found)", REPLY_BY_HAND),
    'dpyauth: call("balance")': (f'{OURS} print(session.call("balance")["balance"])', REPLY_BY_HAND),
}
TIMED = """import time
begun = time.perf_counter()
{}
import os
print(time.perf_counter() - begun, time.process_time(), flush=True)
os._exit(0)
"""  # the time that it takes to exit does not count


class Run(NamedTuple):
    """The result of one process."""

    seconds: float
    cpu: float
    connections: int
    trips: int
    requests: tuple[str, ...]


class Far(Front):
    """Deriv's names, this many seconds away."""

    def __init__(self, target: int, certificates: Path, latency: float) -> None:
        super().__init__(target, certificates)
        self.latency = latency
        self.trips = 0
        self.requests: list[str] = []

    def _passage(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> FarTunnel:
        passage = FarTunnel(self, number, reader, writer)
        passage.slow(self.latency)  # TCP's own round trip
        self.trips += 1
        return passage


class FarTunnel(Tunnel):
    """Delays everything that goes to the client equally: data that is sent together arrives together."""

    _front: Far

    def __init__(self, front: Far, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(front, number, reader, writer)
        self._under_way: deque[bytes] = deque()
        self._heard = True

    async def _spoil(self, data: bytes) -> None:
        self._front.trips += self._heard
        self._heard = False
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._front.latency, self._land)

    def _land(self) -> None:
        self._writer.write(self._under_way.popleft())

    def _decrypted(self) -> bytes | None:
        data = super()._decrypted()
        if data:
            self._heard = True
            found = re.findall(rb"^([A-Z]+ \S+?)(?:\?\S*)? HTTP/1\.1\r$", data, re.MULTILINE)
            self._front.requests.extend(line.decode() for line in found)
        return data


def run(code: str, env: dict[str, str], front: Far) -> Run:
    """Run code in a process of its own."""
    front.trips, front.requests, before = 0, [], front.accepted
    ran = subprocess.run([sys.executable, "-c", TIMED.format(code)], env=env, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    seconds, cpu = map(float, ran.stdout.splitlines()[-1].split())
    return Run(seconds, cpu, front.accepted - before, front.trips, tuple(front.requests))


def table(runs: dict[str, list[Run]]) -> None:
    """Print the results."""
    medians = {way: statistics.median(each.seconds for each in found) for way, found in runs.items()}
    bests = {way: min(each.seconds for each in found) for way, found in runs.items()}
    print("| way | median s | ratio | best s | ratio | CPU s | connections | round trips | requests |")
    print("|---|---|---|---|---|---|---|---|---|")
    for way, found in runs.items():
        by_hand, last = WAYS[way][1], found[-1]
        cpu = statistics.median(each.cpu for each in found)
        print(
            f"| {way} | {medians[way]:.2f} | {medians[way] / medians[by_hand]:.2f}x "
            f"| {bests[way]:.2f} | {bests[way] / bests[by_hand]:.2f}x "
            f"| {cpu:.2f} | {last.connections} | {last.trips} | {len(last.requests)} |"
        )
    for way, found in runs.items():
        print(f"{way}: {', '.join(found[-1].requests)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--latency", type=float, default=0.1)
    options = parser.parse_args()
    runs: dict[str, list[Run]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder, Sandbox(limits=None) as box:
        certificates.make(Path(folder))
        with Far(box.port, Path(folder), options.latency) as front:
            inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
            env = {
                **inherited,
                "HOME": folder,
                "SSL_CERT_FILE": str(Path(folder, "roots.pem")),
                "HTTPS_PROXY": front.address,
                "DERIV_TOKEN": box.options_token("rich").token,
                "DERIV_APP_ID": box.options_app_id,
            }
            for turn in range(options.rounds + 1):
                for way, (code, _) in WAYS.items():
                    came = run(code, env, front)
                    if turn:  # the first one may have compiled modules
                        runs[way].append(came)
    table(runs)


if __name__ == "__main__":
    main()
