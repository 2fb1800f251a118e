"""Many sessions, thousands of faults, and what may not happen meanwhile.

    python tests/faults/chaos.py [--faults 10000] [--sessions 50] [--seed 1] [--seconds 540] [--tls FOLDER]

Every session reads, changes things and listens to streams, through a proxy that breaks connections at random and
against a sandbox that misbehaves at random. With --tls they go to Deriv's own names, which a proxy leads to the
sandbox behind TLS; the folder has the certificates, as tests/deployed/certificates.py makes them. One line tells what
came of it; the exit code is 1 when a change was sent twice, a call never ended, a stream fell silent, a reply went to
the wrong call, or anything was left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from client import PATIENCE, Client, Tally
from front import DERIV, PACKET, Front
from gremlin import Gremlin
from proxy import Proxy

from dpyauth.net.backoff import Backoff
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.sandbox.websocket import Socket

FASTER = 10.0
"""Pauses between attempts to connect are this many times shorter than in earnest."""

SHORTER = {
    "keepalive.PING_EVERY": 1.5,  # 25 s in earnest
    "keepalive.PING_TIMEOUT": 1.5,  # 10
    "keepalive.DOUBT_AFTER": 0.7,  # 5
    "protocol.HANDSHAKE_TIMEOUT": 2.0,  # 15
    "retries.REOPEN_TIMEOUT": 4.0,  # 30
    "connector.OPEN_TIMEOUT": 2.0,  # 10
    "connector.CLOSE_TIMEOUT": 0.5,  # 2
    "connection.PATIENT": 0.5,  # 5
    "rate_limits.PENALTIES": (0.1, 0.2),  # 5, 15, 30, 60
    "backoff.SETTLED": 1.0,  # 10
}

CLIENTS_PER_PROXY = 10


def run(faults: int, sessions: int, seed: int, seconds: float, rate: float = 25.0, tls: Path | None = None) -> Tally:
    """The whole of it, bounded in count and in time."""
    end = time.monotonic() + seconds
    threads, sockets = set(threading.enumerate()), open_sockets()
    tally = Tally()
    with ExitStack() as stack:
        for context in adjusted(tally):
            stack.enter_context(context)
        box = stack.enter_context(Sandbox(limits=None, idle_timeout=20.0, compress=tls is not None, hosts=DERIV))
        # What is created is counted, not kept: the replies would grow and grow.
        box.world.create_token = lambda loginid, name, *more: Token("none", loginid, (), name)  # type: ignore[method-assign]
        proxies: list[Proxy] = []
        if tls is None:
            proxies += [stack.enter_context(Proxy(box.port)) for _ in range(0, sessions, CLIENTS_PER_PROXY)]
        else:  # one for all: the environment has room for one
            front = stack.enter_context(Front(box.port, tls, record=PACKET))
            around = {"HTTPS_PROXY": front.address, "SSL_CERT_FILE": str(tls / "roots.pem")}
            stack.enter_context(mock.patch.dict(os.environ, around))
            proxies.append(front)
        clients = [Client(number, seed, box, proxies[number % len(proxies)], tally) for number in range(sessions)]
        for client in clients:
            client.start()
        gremlin = Gremlin(seed, box, proxies, clients)
        while tally.figures.faults < faults and time.monotonic() < end:
            gremlin.strike()
            tally.add("faults")
            time.sleep(gremlin.rng.expovariate(rate))
        box.faults.clear()
        for proxy in proxies:
            proxy.clear()
        for client in clients:
            client.over.set()
        last = time.monotonic() + 3 * PATIENCE
        for client in clients:
            client.join(max(0.0, last - time.monotonic()))
            if client.is_alive():
                tally.add("hangs", f"{client.name} never came to an end")
    count(tally, threads, sockets)
    return tally


def adjusted(tally: Tally) -> Iterator[Any]:
    """Shorter times, and a server that tells what arrives."""
    for name, value in SHORTER.items():
        yield mock.patch(f"dpyauth.net.{name}", value)
    next_delay, on_message = Backoff.next_delay, Socket.on_message

    def next_delay_faster(self: Backoff, now: float) -> float:
        return next_delay(self, now * FASTER) / FASTER

    def on_message_told(self: Socket, message: str | bytes) -> None:
        tally.arrived(message)
        on_message(self, message)

    yield mock.patch.object(Backoff, "next_delay", next_delay_faster)
    yield mock.patch.object(Socket, "on_message", on_message_told)


def count(tally: Tally, threads: set[threading.Thread], sockets: int) -> None:
    """What arrived twice, and what was left behind."""
    figures = tally.figures
    for mark, times in tally.seen.items():
        if mark.startswith("change"):
            figures.repeated_writes += times - 1
        else:
            figures.retried_reads += times - 1
    end = time.monotonic() + 5
    while True:
        gc.collect()
        left = [thread.name for thread in set(threading.enumerate()) - threads]
        figures.leaked_threads, figures.leaked_sockets = len(left), max(0, open_sockets() - sockets)
        if not (left or figures.leaked_sockets):
            return
        if time.monotonic() > end:
            tally.notes.append(f"left: {left}, {figures.leaked_sockets} sockets")
            return
        time.sleep(0.05)


def open_sockets() -> int:
    """How many sockets this process has; 0 where the system does not say."""
    found = 0
    for entry in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found += os.readlink(entry).startswith("socket:")
    return found


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description="Many sessions, thousands of faults.")
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=540.0, help="stop injecting after so many, whatever the count")
    parser.add_argument("--rate", type=float, default=25.0, help="faults a second")
    parser.add_argument("--tls", type=Path, help="a folder with certificates: go to Deriv's names, behind TLS")
    given = parser.parse_args()
    begin = time.monotonic()
    tally = run(**vars(given))
    print(f"{tally.figures} ({time.monotonic() - begin:.0f} s)")
    for note in tally.notes[:20]:
        print(note, file=sys.stderr)
    return 0 if tally.figures.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
