"""Put a fleet's question by the workers of a Dask cluster.

What travels is the question, names, and the name of the function that fetches the token of a name on the worker; what
comes back is frames. Tokens never travel, not even encrypted: whatever goes to a worker goes through the scheduler and
is kept there, and a key to read it by would have to be fetched on the worker as a token can be.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dpyauth.errors import ConnectionLost, DpyauthError, InvalidSetting
from dpyauth.fleets.members import fetched, resolve
from dpyauth.fleets.questions import asked
from dpyauth.fleets.running import Place, Runner
from dpyauth.targets import Targets

ROUNDS = 4
"""In so many parts each worker gets its work at least, so that the quick ones help the slow."""


@dataclass(frozen=True, slots=True)
class Order:
    """Order to a worker: the question, and how to sign in."""

    question: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    fetch: str
    app_id: str | int | None
    api: str | None
    server: str | None
    language: str
    timeout: float
    connections: int


def client_of(cluster: Any) -> Any:
    """Return the client of a Dask cluster, if it is one to wait for."""
    try:
        from distributed import Client
    except ImportError:
        raise InvalidSetting("For a fleet on a cluster, install Dask: pip install distributed.") from None
    if not isinstance(cluster, Client) or cluster.asynchronous:
        raise InvalidSetting("cluster must be a dask.distributed Client, and one that is not asynchronous.")
    return cluster


def ask(
    client: Any, order: Order, keys: Mapping[str, str], said: list[str]
) -> Generator[Mapping[str, Any], None, None]:
    """Have the workers ask, and yield answers as they come; their connections together are as many as were allowed.

    ``keys`` are the names of the members, each with what its token is fetched by; ``said`` gets what to warn of.
    """
    import distributed

    workers = max(1, min(sum(client.nthreads().values()), order.connections, len(keys)))
    order = replace(order, connections=order.connections // workers)
    size = max(order.connections, math.ceil(len(keys) / (workers * ROUNDS)))
    names = list(keys)
    chunks = iter([names[start : start + size] for start in range(0, len(names), size)])
    on_their_way: dict[Any, list[str]] = {}
    arriving: Any = distributed.as_completed()  # type: ignore[no-untyped-call]

    def begin() -> None:
        chunk = next(chunks, None)
        if chunk is not None:
            asked = {name: keys[name] for name in chunk}
            future = client.submit(answer, order, asked, pure=False)
            on_their_way[future] = chunk
            arriving.add(future)

    for _ in range(workers):
        begin()
    try:
        for future in arriving:
            answers, heard = future.result() if future.status == "finished" else ({}, [])
            said += heard
            yield {name: answers[name] if name in answers else _lost(future) for name in on_their_way.pop(future)}
            begin()
    finally:
        for future in on_their_way:
            future.release()  # what has begun goes on to the end of its chunk; nothing waits for it


def answer(order: Order, keys: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Ask for some of the members; runs on the worker. Return the answers, or errors, by name, and what to warn of."""
    import pandas  # noqa: F401  # before asking: on the loop it would hold up sign-ins, whose time runs

    place = Place(Targets(None, order.server, order.language), order.app_id, order.api, order.timeout)
    answers: dict[str, Any] = {}
    said: list[str] = []
    runner = Runner(fetched(keys, resolve(order.fetch)), place, order.connections)
    try:
        runner.gather(asked(order.question, order.args, order.kwargs), answers, said, lambda: None)
    finally:
        runner.close()
    return answers, said


def _lost(future: Any) -> DpyauthError:
    error = future.exception() if future.status == "error" else None
    if isinstance(error, DpyauthError):
        return error.copy()
    why = type(error).__name__ if error is not None else future.status
    return ConnectionLost(f"The worker that asked for this account failed ({why}). Run the cell again.")
