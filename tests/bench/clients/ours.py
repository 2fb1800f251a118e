"""Run dpyauth for one line of the comparison: ours.py URL LINE COUNT. Print JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import dpyauth

if TYPE_CHECKING:
    from dpyauth.session import Session


def main(url: str, line: str, count: int) -> None:
    session = dpyauth.login("benchmark", app_id=1, server=url)
    assert session.core.connection is not None
    session.core.connection.protocol.rate_limits.wait = lambda bucket, now: 0.0  # type: ignore[method-assign]  # limits off
    if line == "startup":
        session.call("balance")
        print(json.dumps({"done": True}), flush=True)
    elif line == "memory stream":
        print(json.dumps(stream_growth(session, count)))
    elif line == "memory":
        print(json.dumps(call_growth(session, count)))
    else:
        run: Callable[[int], None] = {"blocking": blocking, "awaited": awaited, "in flight": in_flight}[line](session)
        run(1000)
        wall, cpu = time.perf_counter(), time.process_time()
        run(count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"rate": count / wall, "cpu": cpu / count * 1e6}))
    session.close()


def blocking(session: Session) -> Callable[[int], None]:
    def run(count: int) -> None:
        for _ in range(count):
            session.call("ping")

    return run


def awaited(session: Session) -> Callable[[int], None]:
    async def calls(count: int) -> None:
        for _ in range(count):
            await session.aio.call("ping")

    return lambda count: asyncio.run(calls(count))


def in_flight(session: Session) -> Callable[[int], None]:
    async def calls(count: int) -> None:
        for _ in range(count // 1000):
            await asyncio.gather(*[session.aio.call("ping") for _ in range(1000)])

    return lambda count: asyncio.run(calls(count))


def call_growth(session: Session, count: int) -> dict[str, float]:
    blocking(session)(count // 5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    blocking(session)(count)
    return {"growth_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}


def stream_growth(session: Session, count: int) -> dict[str, float]:
    def read(messages: int) -> None:
        with session.stream("ticks", ticks="R_100", passthrough={"messages": messages}) as stream:
            while stream.next(timeout=60)["tick"]["epoch"] < 1_790_000_000 + messages - 1:
                pass

    read(count // 5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read(count)
    return {"growth_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
