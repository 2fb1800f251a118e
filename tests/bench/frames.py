"""Measure a page of a statement, 5,000 candles and 5,000 ticks from bytes to a typed frame, against plain pandas.

    python tests/bench/frames.py

Prints medians of interleaved runs and their ratio.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import pandas as pd

import dpyauth
from dpyauth import frames
from dpyauth.catalog.calls import load
from dpyauth.frames.ledger import statement
from dpyauth.net.messages import parse
from dpyauth.sandbox import Sandbox

ROUNDS = 40
COUNT = 5_000
PAGE = 999
CONTEXT = frames.Context("statement", "CR900001")


def replies() -> tuple[bytes, bytes]:
    """Return the messages of one ticks_history of each style."""
    dice = random.Random(1)
    start = 1_700_000_000
    prices = [round(100 + dice.random(), 4) for _ in range(COUNT)]
    rows = [
        {"epoch": start + 60 * i, "open": p, "high": round(p + 0.5, 4), "low": round(p - 0.5, 4), "close": p + 0.25}
        for i, p in enumerate(prices)
    ]
    times = [start + 2 * i for i in range(COUNT)]
    return (
        json.dumps({"candles": rows, "msg_type": "candles", "pip_size": 4}).encode(),
        json.dumps({"history": {"prices": prices, "times": times}, "msg_type": "history", "pip_size": 4}).encode(),
    )


def page() -> bytes:
    """Return the message of one full page of a statement, as the sandbox makes it."""
    with Sandbox(limits=None) as box, dpyauth.login("sandbox-rich-all", app_id=box.app_id, server=box.url) as session:
        reply = session.call("statement", limit=PAGE, description=1)
    assert len(reply["statement"]["transactions"]) == PAGE
    return json.dumps(reply).encode()


def plain_statement(message: bytes) -> pd.DataFrame:
    table = pd.DataFrame(json.loads(message)["statement"]["transactions"])
    table["transaction_time"] = pd.to_datetime(table["transaction_time"], unit="s", utc=True)
    return table


def shaped_statement(reply: Any) -> pd.DataFrame:
    return statement(reply["statement"]["transactions"], CONTEXT, currency="USD")


def plain_candles(message: bytes) -> pd.DataFrame:
    table = pd.DataFrame(json.loads(message)["candles"])
    table["epoch"] = pd.to_datetime(table["epoch"], unit="s", utc=True)
    return table


def plain_ticks(message: bytes) -> pd.DataFrame:
    history = json.loads(message)["history"]
    pairs = zip(history["times"], history["prices"], strict=True)
    table = pd.DataFrame([{"epoch": when, "quote": price} for when, price in pairs])
    table["epoch"] = pd.to_datetime(table["epoch"], unit="s", utc=True)
    return table


def medians(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the milliseconds of each, measured in turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            taken[name].append(1000 * (time.perf_counter() - begin))
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Measure and print."""
    candles, ticks = replies()
    for title, call, message, plain, shaped in (
        ("statement", "statement", page(), plain_statement, shaped_statement),
        ("candles", "ticks_history", candles, plain_candles, lambda reply: frames.candles(reply["candles"])),
        ("ticks", "ticks_history", ticks, plain_ticks, lambda reply: frames.ticks(reply["history"])),
    ):
        entry = load("v3")[call]
        ways: dict[str, Callable[[], Any]] = {"pandas, plainly": lambda m=message, p=plain: p(m)}
        ways["only read"] = lambda m=message: parse(m)
        ways["tidy"] = lambda m=message, s=shaped: s(parse(m))
        ways["frames.generic"] = lambda m=message, c=entry: frames.generic(c, parse(m))
        result = medians(ways)
        base = result["pandas, plainly"]
        for name, took in result.items():
            print(f"{title:10} {name:16} {took:7.2f} ms {took / base:6.2f}x")


if __name__ == "__main__":
    main()
