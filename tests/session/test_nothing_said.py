"""An answer without its payload is an error, and never a frame that reads as "there is none"."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.catalog import shapes
from dpyauth.catalog.calls import load
from dpyauth.catalog.shapes import ENVELOPE
from dpyauth.errors import ApiError, BadReply, InvalidRequest
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.encoding import Reply
from dpyauth.sandbox.v3.handlers import HANDLERS
from dpyauth.session import Session

Open = Callable[..., Session]

STATUS = "get_account_status"
ASKED: dict[str, tuple[str, Callable[[Session], Any]]] = {
    "account_status": (STATUS, lambda session: session.account_status()),
    "status_flags": (STATUS, lambda session: session.status_flags()),
    "verification": (STATUS, lambda session: session.verification()),
    "attempts": (STATUS, lambda session: session.verification("attempts")),
    "currencies": (STATUS, lambda session: session.currencies()),
    "cashier_problems": (STATUS, lambda session: session.cashier_problems()),
    "balance": ("balance", lambda session: session.balance()),
    "limits": ("get_limits", lambda session: session.limits()),
    "market_limits": ("get_limits", lambda session: session.limits("markets")),
    "portfolio": ("portfolio", lambda session: session.portfolio()),
    "settings": ("get_settings", lambda session: session.settings()),
    "exchange_rates": ("exchange_rates", lambda session: session.exchange_rates()),
    "trading_times": ("trading_times", lambda session: session.trading_times()),
    "landing_company": ("landing_company", lambda session: session.landing_company("id")),
    "site": ("website_status", lambda session: session.site()),
}
LISTS: dict[str, tuple[str, Callable[[Session], Any]]] = {
    "accounts": ("account_list", lambda session: session.accounts()),
    "apps": ("app_list", lambda session: session.apps()),
    "mt5_accounts": ("mt5_login_list", lambda session: session.mt5_accounts()),
    "login_history": ("login_history", lambda session: session.login_history()),
}


def answer(monkeypatch: pytest.MonkeyPatch, call: str, payload: Any, **more: Any) -> None:
    monkeypatch.setitem(HANDLERS, call, lambda ask: Reply(call, payload, more))


@pytest.mark.parametrize("name", ASKED)
def test_a_malformed_object(session: Session, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    call, ask = ASKED[name]
    for payload in ([], {}, "", "text", 5, False, [[]]):
        answer(monkeypatch, call, payload)
        with pytest.raises(BadReply, match=f"Deriv's reply to '{call}' contains nothing that can be read"):
            ask(session)


@pytest.mark.parametrize("name", LISTS)
def test_a_malformed_list(session: Session, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    call, ask = LISTS[name]
    for payload in ("text", 5, False):
        answer(monkeypatch, call, payload)
        with pytest.raises(BadReply, match="instead of a list"):
            ask(session)
    answer(monkeypatch, call, [])
    assert ask(session).empty


def test_the_error_names_the_type_and_not_the_value(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "balance", "C4nary")
    with pytest.raises(BadReply, match=r"a text instead of a dict\. Try again") as caught:
        session.balance()
    assert "C4nary" not in str(caught.value)
    assert "un texto en lugar de un dict" in caught.value.in_language("es")
    answer(monkeypatch, "balance", [])
    with pytest.raises(BadReply, match=r"\[\] instead of a dict"):
        asyncio.run(session.aio.balance())


def test_the_frame_of_any_call_fails_too(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for call, payload in (("balance", []), (STATUS, ""), ("get_limits", None)):
        answer(monkeypatch, call, payload)
        with pytest.raises(BadReply, match=f"Deriv's reply to '{call}'"):
            session.frame(call)
    answer(monkeypatch, "app_list", [])
    assert session.frame("app_list").empty
    answer(monkeypatch, "get_self_exclusion", {})  # no limit is set
    session.frame("get_self_exclusion")


def test_an_object_in_a_list_of_one_is_taken_out(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, STATUS, [{"status": ["authenticated"]}])
    assert session.status_flags()["flag"].tolist() == ["authenticated"]


def test_answers_of_the_options_api_fail_too(open_options: Open, box: Sandbox) -> None:
    session = open_options()
    for call, ask in (
        ("get_accounts", lambda: session.accounts()),
        ("get_accounts", lambda: session.account_status()),
        ("wallet_list", lambda: session.wallets()),
    ):
        box.faults.http(200, call, body='{"data": "none"}')
        with pytest.raises(BadReply, match="a text instead of a list"):
            ask()


def test_fields_beside_the_payload_are_shown(
    session: Session, open_options: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "get_limits", {"payout": 5}, news="zz", email="C4nary")
    limits = session.limits()
    assert set(limits["news"]) == {"zz"}
    assert set(limits["email"]) == {"•••"}
    body = {"data": [{"account_id": "DOT1", "account_type": "contest", "status": "frozen"}], "news": "zz", "meta": {}}
    options = open_options()
    box.faults.http(200, "get_accounts", body=json.dumps(body))
    accounts = options.accounts()
    assert accounts["news"].tolist() == ["zz"]
    assert "contest" in accounts.to_string()
    assert "frozen" in accounts.to_string()
    assert accounts["disabled"].isna().all()
    assert accounts["kind"].isna().all()


@pytest.mark.parametrize("call", ["statement", "profit_table"])
def test_fields_beside_the_rows_of_a_history_are_shown(
    session: Session, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    usual = HANDLERS[call]

    def handler(ask: Any) -> Reply:
        reply = usual(ask)
        return Reply(call, {**reply.payload, "zz_new": 7, "email": "C4nary"}, {"zz_other": {"a": 1}})

    monkeypatch.setitem(HANDLERS, call, handler)
    table = getattr(session, call)(since="2026-10-20")
    assert set(table["zz_new"]) == {7}
    assert set(table["zz_other.a"]) == {1}
    assert set(table["email"]) == {"•••"}
    assert getattr(session, call)(since="2026-11-28 23:59:00", until="2026-11-28 23:59:01").attrs["beside"]


def test_fields_beside_the_times_and_prices_of_ticks_are_shown(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = HANDLERS["ticks_history"]

    def handler(ask: Any) -> Reply:
        reply = usual(ask)
        reply.payload["zz_new"] = 7
        return reply

    monkeypatch.setitem(HANDLERS, "ticks_history", handler)
    assert set(session.ticks("R_100", dt.timedelta(minutes=1))["zz_new"]) == {7}


def test_every_kind_of_verification(session: Session) -> None:
    attempts = session.verification("attempts")
    assert attempts["status"].tolist() == ["verified", "rejected"]
    assert attempts["time"].is_monotonic_decreasing
    assert session.verification("ownership")[["payment_method", "documents_required"]].to_numpy().tolist() == [
        ["Sandbox Wallet", 1]
    ]
    places = asyncio.run(session.aio.verification("jurisdictions")).set_index("jurisdiction")["verified"]
    assert places.to_dict() == {"bvi": True, "labuan": False, "svg": True, "vanuatu": True, "virtual": False}


FIELDS: dict[str, Any] = {
    "active_symbols": "brief",
    "landing_company": "id",
    "paymentagent_list": "id",
    "states_list": "id",
    "ticks": "R_100",
    "trading_times": "today",
}
NONE = {"auto_list"}  # where the sample has none


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_answer_has_a_row_and_nothing_of_its_envelope(session: Session, open_options: Open, api: str) -> None:
    """For each call that needs no other field and that the sandbox answers."""
    asker = session if api == "v3" else open_options()
    seen = set()
    for name, call in load(api).items():
        fields = {name: FIELDS[name]} if name in FIELDS and name in call.fields else {}
        if call.changes or set(call.required) - {name}:
            continue
        try:
            table = asker.frame(name, **fields)
        except (ApiError, InvalidRequest):  # not simulated, or it has another field
            continue
        assert len(table) or name in NONE, name
        assert ENVELOPE.isdisjoint(column for column in table if column not in shapes.load(api)[name].reply), name
        assert not [column for column in table if column.endswith("_")], name  # every column has the expected type
        seen.add(name)
    assert {"ping", "balance", "portfolio", "active_symbols"} <= seen
    assert api == "v3" or {"health", "account_nickname", "payment_agent_statistics"} <= seen
