"""Measure whole histories against the plain way: print two ratios of interleaved medians.

    python tests/bench/histories.py [--rounds 9]

1. A page of 999 statement rows, from the bytes of the message to a typed frame; the plain way is ``json.loads``,
   ``pd.DataFrame`` and ``pd.to_datetime``.
2. Ten thousand statement rows over a line with a round trip of 100 ms; the plain way requests page after page.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
from websockets.asyncio.server import ServerConnection, serve

from dpyauth.credentials import api_token
from dpyauth.frames import Context
from dpyauth.frames.ledger import statement
from dpyauth.net.messages import parse
from dpyauth.session import Session
from dpyauth.settings import settings

ROUND_TRIP = 0.1
NEWEST, EVERY, ROWS, PAGE = 1_790_000_000, 600, 10_000, 999


def row(number: int) -> dict[str, Any]:
    """Return a transaction in Deriv's form: every other one is a sale."""
    when, sold = NEWEST - EVERY * number, number % 2 == 0
    shown = {
        "action_type": "sell" if sold else "buy",
        "amount": 19.5 if sold else -10.0,
        "app_id": 16929,
        "balance_after": 10_000.25 + number % 1000,
        "contract_id": 267_916_992_852 + number,
        "longcode": "Win payout if Volatility 100 Index is strictly higher than entry spot at 15 minutes after start.",
        "payout": 19.5,
        "reference_id": 400_900_063_260 + number if sold else None,
        "shortcode": f"CALL_R_100_19.50_{when - 900}_{when}_S0P_0",
        "transaction_id": 400_900_063_280 - number,
        "transaction_time": when,
    }
    return {**shown, "purchase_time": when - 900} if sold else shown


def page(offset: int, limit: int, req_id: int) -> str:
    rows = [row(number) for number in range(offset, min(ROWS, offset + limit))]
    payload = {"count": len(rows), "transactions": rows}
    return json.dumps({"echo_req": {}, "msg_type": "statement", "statement": payload, "req_id": req_id})


async def server() -> None:
    """Answer every request one round trip later; print the port."""
    encoded: dict[tuple[int, int], str] = {}

    async def answer(client: ServerConnection, asked: dict[str, Any]) -> None:
        began = time.monotonic()
        if "statement" in asked:
            place = (asked.get("offset", 0), asked["limit"])
            encoded.setdefault(place, page(*place, 0))
            text = encoded[place].removesuffix('"req_id": 0}') + f'"req_id": {asked["req_id"]}}}'
        else:
            who = {"loginid": "CR900001", "currency": "USD", "is_virtual": 0, "scopes": ["read"], "account_list": []}
            name = next(iter(asked))
            payload = {"authorize": who, "website_status": {}}.get(name, "pong")
            text = json.dumps({"echo_req": {}, "msg_type": name, name: payload, "req_id": asked["req_id"]})
        await asyncio.sleep(max(0.0, ROUND_TRIP - (time.monotonic() - began)))
        await client.send(text)

    async def talk(client: ServerConnection) -> None:
        async with asyncio.TaskGroup() as answers:
            async for message in client:
                answers.create_task(answer(client, json.loads(message)))

    async with serve(talk, "127.0.0.1", 0, compression=None) as listening:
        print(next(iter(listening.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


def dated(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a frame of rows in the plain way."""
    frame = pd.DataFrame(rows)
    for name in ("transaction_time", "purchase_time"):
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True)
    return frame


def compare(rounds: int, ours: Callable[[], float], plain: Callable[[], float]) -> tuple[float, float]:
    """Return medians in seconds, measured in turns."""
    pairs = [(ours(), plain()) for _ in range(rounds)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def timed(function: Callable[[], pd.DataFrame], rows: int) -> float:
    began = time.perf_counter()
    frame = function()
    took = time.perf_counter() - began
    assert len(frame) == rows
    return took


def one_page(rounds: int) -> None:
    message = page(0, PAGE, 1).encode()

    def ours() -> pd.DataFrame:
        reply = parse(message)
        assert reply is not None
        return statement(reply["statement"]["transactions"], Context("statement", "CR900001"), currency="USD")

    def plain() -> pd.DataFrame:
        return dated(json.loads(message)["statement"]["transactions"])

    medians = compare(rounds * 10, lambda: timed(ours, PAGE), lambda: timed(plain, PAGE))
    show("999 rows, bytes to frame", *medians)
    parsing = statistics.median(timed(lambda: pd.DataFrame({"x": [len(parse(message) or ())]}), 1) for _ in range(50))
    print(f"  (of which parsing JSON: {parsing * 1000:.2f} ms)")


def many_pages(rounds: int, url: str) -> None:
    def signed_in() -> Session:
        session = Session(settings(app_id=1089, server=url))
        session.core.sign_in_and_wait(api_token("benchmark", "a benchmark"))
        return session

    def one_by_one(session: Session) -> pd.DataFrame:
        rows: list[dict[str, Any]] = []
        while True:
            reply = session.call("statement", description=1, limit=PAGE, offset=len(rows))
            rows += reply["statement"]["transactions"]
            if len(reply["statement"]["transactions"]) < PAGE:
                return dated(rows)

    def run(function: Callable[[Session], pd.DataFrame]) -> float:
        with signed_in() as session:  # a new one each time, with all its calls per minute left
            return timed(lambda: function(session), ROWS)

    begin = pd.Timestamp(NEWEST - EVERY * ROWS, unit="s")
    plain = functools.partial(run, one_by_one)
    show("10,000 rows at 100 ms", *compare(rounds, lambda: run(lambda session: session.statement(begin)), plain))
    show("the same, since the beginning", *compare(rounds, lambda: run(lambda session: session.statement()), plain))


def show(what: str, ours: float, plain: float) -> None:
    print(f"{what}: {ours * 1000:.2f} ms, the plain way {plain * 1000:.2f} ms, ratio {ours / plain:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(server())
        return
    one_page(options.rounds)
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            many_pages(options.rounds, f"ws://127.0.0.1:{process.stdout.readline().strip()}/websockets/v3")
        finally:
            process.kill()


if __name__ == "__main__":
    main()
