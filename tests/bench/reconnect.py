"""Measure how soon a session is signed in again after a break, in round trips.

    python tests/bench/reconnect.py [--rounds 10] [--latency 0.1]

The sandbox answers through the fault proxy, which delays every answer by this many seconds. The measurement begins with
the reset of a connection that had lasted; the network works again at once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

import dpyauth
from dpyauth.net import backoff
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from proxy import Proxy


def back_again(session: Session, proxy: Proxy, latency: float) -> float:
    """Break the connection, and wait until the session is signed in again; return how long that took, in seconds."""
    lost, back = threading.Event(), threading.Event()

    def look() -> None:
        if session.state != "signed in":
            lost.set()
        elif lost.is_set():
            back.set()

    leave = session.core.watch(look)
    try:
        proxy.next("delay", latency)
        begun = time.perf_counter()
        proxy.now("reset")
        if not back.wait(60):
            raise SystemExit("the session never came back")
        return time.perf_counter() - begun
    finally:
        leave()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--latency", type=float, default=0.1)
    options = parser.parse_args()
    backoff.SETTLED = 0.0  # as if each connection had lasted long
    with Sandbox(limits=None) as box, Proxy(box.port) as proxy:
        proxy.next("delay", options.latency)
        session = dpyauth.login("sandbox-rich-all", app_id=box.app_id, server=proxy.url)
        took, trips = [], []
        for _ in range(options.rounds):
            time.sleep(1.1)  # Deriv is called at most once a second
            begun = time.perf_counter()
            session.call("ping")
            trips.append(time.perf_counter() - begun)
            took.append(back_again(session, proxy, options.latency))
        session.close()
    trip, back = statistics.median(trips), statistics.median(took)
    print(
        f"round trip {trip * 1000:.1f} ms; signed in again after {back * 1000:.1f} ms, at worst {max(took) * 1000:.1f}"
    )
    print(f"| from the break to signed in again, handshake included, in round trips | {back / trip:.2f} |")


if __name__ == "__main__":
    main()
