"""Run python_deriv_api for one line of the comparison: official.py URL LINE COUNT. It has an environment of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

import websockets
from deriv_api import DerivAPI


async def main(url: str, line: str, count: int) -> None:
    logging.disable(logging.CRITICAL)
    socket = await websockets.connect(f"{url}?app_id=1&l=EN&brand=deriv", ping_interval=None)
    api = DerivAPI(connection=socket)
    await api.authorize("benchmark")
    if line == "startup":
        await api.balance({"balance": 1})
        print(json.dumps({"done": True}), flush=True)
    else:
        run = {"awaited": awaited, "in flight": in_flight}[line]
        await run(api, 1000)
        wall, cpu = time.perf_counter(), time.process_time()
        await run(api, count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"rate": count / wall, "cpu": cpu / count * 1e6}))
    await api.clear()


async def awaited(api: DerivAPI, count: int) -> None:
    for _ in range(count):
        await api.ping({"ping": 1})


async def in_flight(api: DerivAPI, count: int) -> None:
    for _ in range(count // 1000):
        await asyncio.gather(*[api.ping({"ping": 1}) for _ in range(1000)])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
