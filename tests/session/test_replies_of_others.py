"""Replies that carry the number of another call reach no caller, on either API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.errors import CallTimeout, OutcomeUnknown
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Edit = Callable[[dict[str, Any]], object]
SHORT = 0.15


@pytest.fixture(params=["v3", "options"])
def session(request: pytest.FixtureRequest, open_session: Any, open_options: Any) -> Session:
    session: Session = open_session() if request.param == "v3" else open_options()
    return session


def strays(session: Session) -> int:
    return int(session.health()["stray_replies"])


def whole(**more: Any) -> Edit:
    """Return a whole reply of another call, with the number replaced."""
    return lambda reply: (reply.pop(reply["msg_type"]), reply.update(more))


def echo(**more: Any) -> Edit:
    return lambda reply: reply["echo_req"].update(more)


OTHERS: dict[str, Edit] = {
    "another kind": lambda reply: reply.update(msg_type="portfolio"),
    "another kind and payload": whole(msg_type="portfolio", portfolio={"contracts": []}),
    "another kind with its echo": whole(msg_type="time", time=5, echo_req={"time": 1}),
    "no kind, another payload": whole(msg_type=None, time=5),
    "an error of another call": whole(msg_type="portfolio", error={"code": "Odd", "message": "?"}),
    "another call in the echo": lambda reply: reply.update(echo_req={"portfolio": 1}),
    "another number in the echo": lambda reply: reply["echo_req"].update(req_id=reply["req_id"] + 1),
    "another value": echo(limit=99),
    "another text": echo(action_type="sell"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_read_goes_on_waiting(box: Sandbox, session: Session, what: str) -> None:
    box.faults.edit(OTHERS[what], "statement")
    with pytest.raises(CallTimeout):
        session.call("statement", limit=5, action_type="buy", timeout=SHORT)
    assert strays(session) == 1
    assert "reply of another call" in session.events()["what"].tolist()
    assert "statement" in session.call("statement", limit=5, action_type="buy")
    assert strays(session) == 1


@pytest.mark.parametrize("what", ["another kind", "another number in the echo"])
def test_a_change_may_have_happened(box: Sandbox, session: Session, what: str) -> None:
    name = "sell"
    box.faults.edit(OTHERS[what], name)
    with pytest.raises(OutcomeUnknown, match="'sell' was sent"):
        session.call(name, sell=1, price=0, timeout=SHORT)
    assert strays(session) == 1


def test_two_swapped_replies_reach_no_caller(box: Sandbox, session: Session) -> None:
    assert session.core.connection is not None
    new_id = session.core.connection.protocol.new_id
    if new_id() % 2 == 0:
        new_id()  # the next number is even

    def swap(reply: dict[str, Any]) -> None:
        reply["req_id"] ^= 1

    async def both(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
        begun = (session.aio.call(name, timeout=SHORT, **fields) for name, fields in calls)
        return await asyncio.gather(*begun, return_exceptions=True)

    history = [("ticks_history", {"ticks_history": symbol, "end": "latest"}) for symbol in ("R_50", "R_100")]
    pairs: list[list[tuple[str, dict[str, Any]]]] = [
        history,
        [("balance", {}), ("statement", {})],
        [("statement", {"limit": 1}), ("statement", {"limit": 2})],
        [("time", {}), ("time", {})],
    ]
    for first, second in pairs:
        box.faults.edit(swap, "*", times=2)
        assert [type(told) for told in asyncio.run(both(first, second))] == [CallTimeout, CallTimeout], first
    assert strays(session) == 2 * len(pairs)
