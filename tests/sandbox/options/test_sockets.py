"""Test WebSockets: who may open one, and what its calls return."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dpyauth.catalog.calls import load
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.options.socket_calls import SIMULATED

WEBSOCKETS = "/trading/v1/options/ws"


def refused(url: str) -> tuple[int, str, str]:
    """Return how a handshake is refused."""
    with pytest.raises(InvalidStatus) as caught, connect(url):
        pass
    [error] = json.loads(caught.value.response.body)["errors"]
    return caught.value.response.status_code, error["code"], error["message"]


@pytest.fixture
def clocked(clock: Any) -> Any:
    with Sandbox(limits=None, clock=clock) as running:
        yield running


def base(box: Sandbox) -> str:
    return box.rest.replace("http", "ws", 1) + WEBSOCKETS


def test_a_one_time_password_opens_one_socket(box: Sandbox, rest: Any) -> None:
    url = rest().otp("DOT900003")
    with connect(url) as one:
        one.send('{"balance": 1}')
        assert json.loads(one.recv())["balance"]["loginid"] == "DOT900003"
    assert refused(url) == (401, "Unauthorized", "Invalid or expired OTP token")


@pytest.mark.parametrize("kind", ["demo", "real"])
def test_a_missing_or_wrong_password(box: Sandbox, kind: str) -> None:
    assert refused(f"{base(box)}/{kind}") == (400, "ValidationError", "OTP parameter is required")
    assert refused(f"{base(box)}/{kind}?otp=") == (400, "ValidationError", "OTP parameter is required")
    assert refused(f"{base(box)}/{kind}?otp=abc") == (401, "Unauthorized", "Invalid or expired OTP token")


def test_the_kind_of_account_must_be_right(box: Sandbox, rest: Any) -> None:
    assert refused(rest().otp("DOT900003").replace("/demo", "/real"))[0] == 401


def test_a_password_lives_two_minutes(clocked: Sandbox, rest: Any, clock: Any) -> None:
    one = rest(on=clocked)
    fresh, stale = one.otp("DOT900003"), one.otp("DOT900003")
    clock.now += 119
    with connect(fresh) as opened:
        assert opened.ping().wait(5)
    clock.now += 1
    assert refused(stale)[0] == 401


def test_a_password_ends_with_its_token(box: Sandbox, rest: Any) -> None:
    one = rest()
    url = one.otp("DOT900003")
    box.faults.revoke(one.token)
    assert refused(url)[0] == 401


def test_a_user_may_have_five_sockets(box: Sandbox, rest: Any, socket: Any) -> None:
    held = [socket("DOT900003") for _ in range(4)] + [socket("ROT900001")]
    assert refused(rest().otp("DOT900003"))[:2] == (429, "RateLimit")
    assert "balance" in socket("ROT900031", "moved").ask(balance=1), "other users are not affected"
    assert socket().ask(ping=1)["ping"] == "pong"
    held[0].socket.close()
    assert box.wait_until(lambda box: box.connections_open == 6)
    assert "balance" in socket("DOT900003").ask(balance=1)
    box.options.most_sockets = 1
    assert refused(rest().otp("DOT900003"))[0] == 429


def test_public_calls_need_no_sign_in(socket: Any) -> None:
    one = socket()
    assert one.ask(time=1, req_id=4)["req_id"] == 4
    assert one.ask(ticks="R_50")["tick"]["symbol"] == "R_50"
    assert one.ask(ticks_history="R_50", end="latest", count=3, style="candles")["candles"][2]["close"]
    reply = one.ask(balance=1, req_id=3)
    assert reply["error"] == {"code": "AuthorizationRequired", "message": "Please log in."}
    assert (reply["msg_type"], reply["req_id"]) == ("balance", 3)


@pytest.mark.parametrize("call", ["authorize", "logout", "get_accounts", "health", "account_list"])
def test_calls_that_a_socket_does_not_have(socket: Any, call: str) -> None:
    reply = socket().ask(**{call: "a secret"})
    assert reply["error"]["code"] == "UnrecognisedRequest"
    if call == "authorize":
        assert "a secret" not in json.dumps(reply)


def test_fields_are_checked(socket: Any) -> None:
    one = socket("DOT900003")
    for request in ({"proposal": 1, "symbol": "R_50"}, {"balance": 1, "symbol": 1}):
        error = one.ask(**request)["error"]
        assert (error["code"], error["message"]) == ("InputValidationFailed", "Properties not allowed: symbol")
    for request, field in (
        ({"balance": 2}, "balance"),
        ({"balance": 1, "req_id": "x"}, "req_id"),
        ({"statement": 1, "limit": 1000}, "limit"),
        ({"statement": 1, "date_from": "2026-01-01"}, "date_from"),
        ({"profit_table": 1, "date_from": 1}, "date_from"),
        ({"transaction": 1}, "subscribe"),
        ({"forget_all": "website_status"}, "forget_all"),
        ({"ticks": "R 50"}, "ticks"),
        ({"sell": 1, "price": "1"}, "price"),
    ):
        error = one.ask(**request)["error"]
        assert error["code"] == "InputValidationFailed"
        assert list(error["details"]) == [field]
        assert field in error["message"]


def test_malformed_frames(socket: Any) -> None:
    one = socket()
    for frame in (b"\x00", "{", "[1]", "{}", '{"a": ' * 5000):
        one.socket.send(frame)
        assert one.receive()["error"]["code"] in ("MalformedRequest", "UnrecognisedRequest")
    assert one.ask(ping=1)["ping"] == "pong"


def test_every_call_is_simulated(socket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {name for name, call in load("options").items() if call.rest is None}
    assert calls == SIMULATED
    monkeypatch.setattr("dpyauth.sandbox.options.socket_calls.SIMULATED", calls - {"time"})  # as a new call would be
    assert socket().code(time=1) == "NotSimulated"


def test_fields_have_the_names_of_this_api(socket: Any) -> None:
    one = socket("ROT900001")
    contracts = one.ask(portfolio=1)["portfolio"]["contracts"]
    assert len(contracts) == 4
    assert all({"underlying_symbol", "contract_id"} <= set(row) and "symbol" not in row for row in contracts)
    rows = one.ask(profit_table=1, description=1, limit=3)["profit_table"]["transactions"]
    assert all("app_id" not in row and row["underlying_symbol"] for row in rows)
    actions = {row["action_type"] for row in one.ask(statement=1, limit=999)["statement"]["transactions"]}
    assert actions <= {"buy", "sell", "deposit", "withdrawal"}
    symbols = one.ask(active_symbols="brief")["active_symbols"]
    assert {row["underlying_symbol"] for row in symbols} >= {"R_50", "frxEURUSD"}
    assert one.ask(active_symbols="brief", contract_type=["ACCU"])["active_symbols"] == []
    assert one.ask(contracts_for="R_50")["contracts_for"]["available"][0]["underlying_symbol"] == "R_50"
    assert one.code(contracts_for="NOWHERE") == "InvalidSymbol"
    assert one.ask(contracts_list=1)["contracts_list"][0]["contract_types"] == ["CALL", "PUT"]


def test_a_page_of_history_and_the_next(socket: Any) -> None:
    one = socket("ROT900001")
    first = one.ask(statement=1, limit=10)["statement"]
    assert first["count"] == 10
    assert one.ask(statement=1, limit=5, offset=5)["statement"]["transactions"] == first["transactions"][5:]


def test_contracts_as_a_stream(socket: Any, box: Sandbox) -> None:
    one = socket("DOT900003")
    held = len(one.ask(portfolio=1)["portfolio"]["contracts"])
    one.send(proposal_open_contract=1, subscribe=1)
    first = [one.receive() for _ in range(held)]
    update = one.receive()
    contract = update["proposal_open_contract"]
    assert update["subscription"]["id"] in {reply["subscription"]["id"] for reply in first}
    assert contract["id"] == update["subscription"]["id"]
    for name in ("buy_price", "bid_price", "profit", "payout", "current_spot", "entry_spot"):
        assert isinstance(contract[name], str), name
        assert Decimal(contract[name]).is_finite(), name
    assert "underlying_symbol" in contract


def test_one_contract(socket: Any) -> None:
    one = socket("DOT900003")
    row = one.ask(profit_table=1, limit=1)["profit_table"]["transactions"][0]
    closed = one.ask(proposal_open_contract=1, contract_id=row["contract_id"])["proposal_open_contract"]
    assert closed["is_sold"] == 1
    assert (float(closed["buy_price"]), float(closed["sell_price"])) == (row["buy_price"], row["sell_price"])
    assert {"exit_spot", "exit_spot_time", "entry_spot_time"} <= set(closed)
    assert one.code(proposal_open_contract=1, contract_id=1) == "ContractNotFound"


def test_no_open_contract(socket: Any) -> None:
    assert socket("DOT900032", "moved").ask(proposal_open_contract=1)["proposal_open_contract"] == {}


@pytest.mark.parametrize(
    ("money", "kinds"), [("documented", (float, str)), ("text", (str, str)), ("numbers", (float, float))]
)
def test_how_money_is_sent(box: Sandbox, socket: Any, money: Any, kinds: Any) -> None:
    box.options.money = money
    one = socket("DOT900003")
    balance = one.ask(balance=1)["balance"]["balance"]
    contract = one.ask(proposal_open_contract=1)["proposal_open_contract"]["buy_price"]
    assert (type(balance), type(contract)) == kinds


def test_streams_of_an_account(box: Sandbox, socket: Any) -> None:
    one = socket("DOT900003")
    before = one.ask(balance=1, subscribe=1)["balance"]["balance"]
    started = one.ask(transaction=1, subscribe=1)
    box.pay("DOT900003", 12.5)
    balance, transaction = one.receive(), one.receive()
    assert balance["balance"]["balance"] == pytest.approx(before + 12.5)
    assert (transaction["transaction"]["action"], transaction["transaction"]["amount"]) == ("deposit", 12.5)
    assert transaction["subscription"] == started["subscription"]
    assert one.ask(forget_all=["balance"])["forget_all"] == [balance["subscription"]["id"]]
    assert one.ask(forget=started["subscription"]["id"])["forget"] == 1
    assert one.ask(forget=started["subscription"]["id"])["forget"] == 0


def test_the_maximum_number_of_streams(box: Sandbox, socket: Any) -> None:
    box.options.most_streams = 1
    one = socket("DOT900003")
    stream = one.ask(balance=1, subscribe=1)["subscription"]["id"]
    assert one.code(transaction=1, subscribe=1) == "RateLimit"
    one.ask(forget=stream)
    assert "error" not in one.ask(transaction=1, subscribe=1)


def test_a_socket_stays_open_after_its_token_ends(box: Sandbox, socket: Any) -> None:
    one = socket("DOT900003", "rich, trading")
    one.ask(balance=1, subscribe=1)
    box.expire(box.options_token("rich, trading").token)
    box.pay("DOT900003", 1)
    assert one.receive()["msg_type"] == "balance"
    assert "balance" in one.ask(balance=1)
    box.options.sockets_outlive_tokens = False
    box.pay("DOT900003", 1)
    assert one.ask(ping=1)["ping"] == "pong", "the stream has ended without a message"
    assert one.code(balance=1) == "InvalidToken"


def test_nothing_secret_is_logged_or_remembered(
    box: Sandbox, rest: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    one = rest()
    url = one.otp("DOT900003")
    otp = url.partition("=")[2]
    assert one.http.get(url.replace("ws", "http", 1).partition("?")[0], params={"otp": "x" + otp}).status_code == 401
    with connect(url) as opened:
        opened.send(json.dumps({"authorize": one.token}))
        assert one.token not in opened.recv()
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("tornado", "dpyauth")))
    assert otp not in ours + repr(box.received)
    assert one.token not in ours + repr(box.received)


def test_a_silent_client_is_dropped(rest: Any, socket: Any) -> None:
    with Sandbox(limits=None, idle_timeout=0.1) as box:
        one = socket("DOT900003", on=box)
        with pytest.raises(ConnectionClosed):
            one.receive()


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("api.derivws.com", "wss://api.derivws.com/"),
        ("localhost:8080", "ws://localhost:8080/"),
        ("127.0.0.1:8080", "ws://127.0.0.1:8080/"),
    ],
)
def test_the_address_is_at_the_host_that_was_asked(rest: Any, host: str, place: str) -> None:
    """Under a name other than this machine's, the sandbox is behind something that encrypts."""
    with Sandbox(hosts=["api.derivws.com"]) as box:
        one = rest(on=box)
        one.http.headers["Host"] = host
        assert one.otp("DOT900003").startswith(f"{place}trading/v1/options/ws/demo?otp=")
