"""Run websockets alone, without matching replies, for one line of the comparison: raw.py URL LINE COUNT."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect


async def main(url: str, line: str, count: int) -> None:
    async with connect(f"{url}?app_id=1", ping_interval=None) as socket:
        run = {"awaited": awaited, "in flight": in_flight}[line]
        await run(socket, 1000)
        wall, cpu = time.perf_counter(), time.process_time()
        await run(socket, count)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"rate": count / wall, "cpu": cpu / count * 1e6}))


async def awaited(socket: ClientConnection, count: int) -> None:
    for number in range(count):
        await socket.send(json.dumps({"ping": 1, "req_id": number}))
        json.loads(await socket.recv())


async def in_flight(socket: ClientConnection, count: int) -> None:
    for _ in range(count // 1000):
        for number in range(1000):
            await socket.send(json.dumps({"ping": 1, "req_id": number}))
        for _ in range(1000):
            json.loads(await socket.recv())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
