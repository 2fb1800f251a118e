"""The questions themselves; what they look like as frames is tested with the frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dpyauth.errors import BadReply, InvalidRequest
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]


@pytest.mark.parametrize(("name", "hint"), [("authorize", r"dpyauth\.login\(\)"), ("logout", r"session\.logout\(\)")])
def test_some_calls_are_not_for_call(session: Session, box: Sandbox, name: str, hint: str) -> None:
    before = len(box.received)
    with pytest.raises(InvalidRequest, match=hint):
        session.call(name, authorize="C4nary-t0ken")
    assert len(box.received) == before


@pytest.mark.parametrize(
    ("name", "fields"),
    [("ticks", {"ticks": "R_100", "subscribe": 1}), ("balance", {"subscribe": True}), ("transaction", {})],
)
def test_streams_are_not_either(session: Session, name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="stream") as refused:
        session.call(name, **fields)
    assert refused.value.field == "subscribe"


def test_wrong_calls_and_fields_are_not_sent(session: Session, box: Sandbox) -> None:
    before = len(box.received)
    for name, fields in (("balanse", {}), ("balance", {"acount": 1}), ("statement", {"limit": "many"}), (5, {})):
        with pytest.raises(InvalidRequest):
            session.call(name, **fields)  # type: ignore[arg-type]
    assert len(box.received) == before


def test_a_call_returns_the_whole_reply(session: Session) -> None:
    reply = session.call("balance", passthrough={"mine": 1})
    assert reply["msg_type"] == "balance"
    assert reply["balance"]["loginid"] == "CR900001"
    assert reply["echo_req"]["passthrough"] == {"mine": 1}


def test_none_leaves_a_field_out(session: Session) -> None:
    assert "account" not in session.call("balance", account=None)["echo_req"]


@pytest.mark.parametrize(
    ("token", "can"),
    [
        (None, {"ping": True, "balance": False, "buy": False}),
        ("sandbox-rich-all", {"ping": True, "balance": True, "buy": True}),
        ("sandbox-rich-read", {"ping": True, "balance": True, "buy": False}),
    ],
)
def test_what_a_token_may_do(open_session: Open, token: str | None, can: dict[str, bool]) -> None:
    session = open_session(token)
    assert {call: session.can(call) for call in can} == can


def test_what_a_call_needs(open_session: Open) -> None:
    session = open_session(None)
    assert session.needs("ping") == ()
    assert session.needs("balance") == ("read", "trading_information")
    for ask in (session.needs, session.can):
        with pytest.raises(InvalidRequest, match="Did you mean 'balance'"):
            ask("balanse")


FRAMES = ["account_status", "accounts", "balance", "currencies", "status_flags", "verification"]


@pytest.mark.parametrize("name", FRAMES)
def test_frames_say_where_they_come_from(session: Session, name: str) -> None:
    frame = getattr(session, name)()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) >= 1
    assert "CR900001" in frame.to_string() + str(frame.attrs)


@pytest.mark.parametrize("name", FRAMES)
def test_a_reply_without_its_payload_is_no_reply(
    session: Session, box: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dpyauth.sandbox.messages.encode",
        lambda reply, echo: '{"msg_type": "x", "req_id": %d}' % echo["req_id"],  # noqa: UP031
    )
    with pytest.raises(BadReply, match="nothing under that name"):
        getattr(session, name)()
