"""Ask a fleet's question with the workers of a Dask cluster.

The question, the names, and the name of the function that fetches a token on the worker travel to the cluster; frames
come back. Tokens never travel, not even encrypted: whatever goes to a worker passes through the scheduler and is kept
there, and a worker that could fetch the key to decrypt a token could fetch the token as well.
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
"""Least number of chunks per worker, so that fast workers can take over work from slow ones."""


@dataclass(frozen=True, slots=True)
class Order:
    """Work for a worker: the question, and how to sign in."""

    question: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    fetch: str
    app_id: str | int | None
    api: str | None
    server: str | None
    language: str | None
    timeout: float
    connections: int


def client_of(cluster: Any) -> Any:
    """Return the client of a Dask cluster, or raise an error if it is not one that can be waited for."""
    try:
        from distributed import Client
    except ImportError:
        raise InvalidSetting("A fleet on a cluster needs Dask. Run pip install distributed.") from None
    if not isinstance(cluster, Client) or cluster.asynchronous:
        raise InvalidSetting("cluster must be a dask.distributed Client that is not asynchronous.")
    return cluster


def ask(
    client: Any, order: Order, keys: Mapping[str, str], said: list[str]
) -> Generator[Mapping[str, Any], None, None]:
    """Let the workers ask, and yield answers as they arrive; together they open no more connections than allowed.

    ``keys`` maps the names of the members to the names that their tokens are fetched by; ``said`` gets the warnings.
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
            future.release()  # a chunk that has begun runs to its end on the worker; its answers are dropped


def answer(order: Order, keys: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Ask for some of the members, on the worker; return the answers or errors by name, and the warnings."""
    import pandas  # noqa: F401  # before asking: on the loop, the import would block sign-ins, which could time out

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
    return ConnectionLost(f"The worker that was asking for this account failed ({why}). Run the cell again.")
