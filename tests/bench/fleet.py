"""Measure 300 accounts: how long a fleet takes against one session after the other, and its memory per account.

    python tests/bench/fleet.py [--accounts 300] [--one-by-one 30]

The server is a sandbox in another process, behind a line with a round trip of 100 ms. One by one, fewer accounts are
asked (``--one-by-one``), and the time is scaled up to all.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from dpyauth.credentials import api_token
from dpyauth.fleets import CONNECTIONS, fleet
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

ROUND_TRIP = 0.1


async def line(port: int) -> None:
    """Pass data on half a round trip later; print the port, and never end."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65_536):
            loop.call_later(ROUND_TRIP / 2, writer.write, data)
        loop.call_later(ROUND_TRIP / 2, writer.close)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, far_writer), pass_on(far_reader, writer), return_exceptions=True)

    near = await asyncio.start_server(client, "127.0.0.1", 0, backlog=1000)
    print(near.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()


def serve(accounts: int) -> None:
    """Run a sandbox with this many users; print their tokens, then the port of the line to it."""
    with Sandbox(limits=None) as box:
        people = [box.world.sign_up(f"{number}@example.com") for number in range(accounts)]
        grants = [box.world.create_token(user.accounts[0].loginid, "bench", ("read",), "") for user in people]
        print(json.dumps([grant.value for grant in grants]), flush=True)
        asyncio.run(line(box.port))


def one_by_one(tokens: Sequence[str], url: str) -> float:
    began = time.perf_counter()
    for token in tokens:
        with Session(settings(app_id=1089, server=url)) as session:
            session.core.sign_in_and_wait(api_token(token, "a benchmark"))
            assert len(session.account_status()) == 1
    return time.perf_counter() - began


def by_fleet(tokens: Sequence[str], url: str, connections: int) -> float:
    began = time.perf_counter()
    with fleet({token: token for token in tokens}, server=url, connections=connections) as clients:
        frame = clients.account_status()
    took = time.perf_counter() - began
    assert frame["error"].isna().all()
    assert frame["loginid"].nunique() == len(tokens)
    return took


def resident(which: str) -> float:
    """Return the memory of this process in kB: ``VmRSS`` now, ``VmHWM`` at its highest."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(which))) * 1.024


def memory(tokens: Sequence[str], url: str) -> tuple[float, float, float]:
    """Return the kB per account, answers included: of a fleet, and with all sessions open by the process and by Python.

    Run this before anything else, because memory that was once in use is seldom given back.
    """

    def all_open() -> None:
        with fleet({token: token for token in tokens}, server=url, connections=len(tokens)) as clients:
            frame = clients.account_status()
            gc.collect()
            grown.append(resident("VmRSS") - before)
            traced.append(tracemalloc.get_traced_memory()[0] / 1000)
            assert frame["error"].isna().all()

    grown: list[float] = []
    traced: list[float] = []
    by_fleet(tokens[:5], url, 5)  # shared objects exist now
    gc.collect()
    before = resident("VmRSS")
    by_fleet(tokens, url, CONNECTIONS)
    bounded = resident("VmHWM") - before
    all_open()
    tracemalloc.start()
    all_open()
    tracemalloc.stop()
    return bounded / len(tokens), grown[0] / len(tokens), traced[1] / len(tokens)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--one-by-one", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.accounts)
        return
    command = [sys.executable, __file__, "--serve", "--accounts", str(options.accounts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            tokens = json.loads(process.stdout.readline())
            url = f"ws://127.0.0.1:{process.stdout.readline().strip()}/websockets/v3"
            by_memory = memory(tokens, url)
            few = tokens[: options.one_by_one]
            times = sorted(by_fleet(tokens, url, CONNECTIONS) for _ in range(options.rounds))
            plain = one_by_one(few, url) * len(tokens) / len(few)
        finally:
            process.kill()
    ours = times[len(times) // 2]
    print(
        f"{len(tokens)} accounts' status at {ROUND_TRIP * 1000:.0f} ms round trip, {CONNECTIONS} connections: "
        f"{ours:.2f} s, one by one {plain:.1f} s, ratio 1/{plain / ours:.1f}"
    )
    bounded, process_kb, python_kb = by_memory
    print(
        f"memory per account at its highest: {bounded:.0f} kB; with all {len(tokens)} sessions open at a time "
        f"{process_kb:.0f} kB, {python_kb:.0f} kB of them Python's"
    )


if __name__ == "__main__":
    main()
