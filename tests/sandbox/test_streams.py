"""Test how subscriptions begin, send updates and end."""

from __future__ import annotations

from typing import Any

import pytest

from dpyauth.sandbox import Sandbox


def quiet(one: Any) -> bool:
    """Return whether the next message is the answer to a ping sent now."""
    return one.ask(ping=1)["msg_type"] == "ping"


def test_a_balance_stream(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-read")
    first = one.ask(balance=1, subscribe=1, req_id=9)
    stream = first["subscription"]["id"]
    assert len(stream) >= 32
    assert first["balance"]["id"] == stream
    box.pay("CR900001", 10)
    update = one.receive()
    assert update["req_id"] == 9
    assert update["echo_req"] == {"balance": 1, "subscribe": 1, "req_id": 9}
    assert update["subscription"]["id"] == stream
    assert update["balance"]["balance"] == round(first["balance"]["balance"] + 10, 2)
    box.pay("CR900002", 0.1)
    assert quiet(one), "it does not report another account"
    assert one.ask(forget=stream)["forget"] == 1
    assert one.ask(forget=stream)["forget"] == 0
    box.pay("CR900001", 10)
    assert quiet(one)


def test_a_transaction_stream_and_the_statement_agree(box: Sandbox, client: Any) -> None:
    one = client("sandbox-trouble-read")
    assert set(one.ask(transaction=1, subscribe=1)["transaction"]) == {"id"}
    box.pay("CR900011", -5, "withdrawal")
    told = one.receive()["transaction"]
    booked = one.ask(statement=1, limit=1)["statement"]["transactions"][0]
    assert (told["transaction_id"], told["amount"], told["balance"], told["action"]) == (
        booked["transaction_id"],
        -5,
        booked["balance_after"],
        "withdrawal",
    )
    box.pay("CR900011", -1, "hold")
    assert one.receive()["transaction"]["action"] == "escrow"


def test_no_stream_can_be_opened_twice(client: Any) -> None:
    one = client("sandbox-rich-read")
    one.ask(balance=1, subscribe=1)
    assert one.code(balance=1, subscribe=1) == "AlreadySubscribed"
    assert "balance" in one.ask(balance=1), "asking again without a subscription is allowed"
    one.ask(forget_all="balance")
    assert "subscription" in one.ask(balance=1, subscribe=1)


def test_ticks_of_several_symbols(client: Any) -> None:
    one = client()
    one.send({"ticks": ["R_50", "R_100", "NOPE"], "subscribe": 1, "req_id": 4})
    replies = [one.receive() for _ in range(3)]
    assert [reply["req_id"] for reply in replies] == [4, 4, 4]
    assert [reply["tick"]["symbol"] for reply in replies[:2]] == ["R_50", "R_100"]
    assert replies[2]["error"]["code"] == "InvalidSymbol"
    ids = {reply["subscription"]["id"] for reply in replies[:2]}
    assert len(ids) == 2
    update = one.receive()
    assert update["subscription"]["id"] in ids
    assert update["tick"]["epoch"] % 2 == 0


def test_forget_all_stops_only_what_it_names(client: Any) -> None:
    one = client()
    one.send({"ticks": ["R_50", "R_100"], "subscribe": 1})
    ticks = [one.receive()["subscription"]["id"] for _ in range(2)]
    other = one.ask(website_status=1, subscribe=1)["subscription"]["id"]
    one.send({"forget_all": ["ticks", "candles"]})
    while (reply := one.receive())["msg_type"] == "tick":
        pass
    assert sorted(reply["forget_all"]) == sorted(ticks)
    assert one.ask(forget=other)["forget"] == 1


def test_every_open_contract_has_its_stream(client: Any) -> None:
    one = client("sandbox-rich-read")
    held = one.ask(portfolio=1)["portfolio"]["contracts"]
    one.send({"proposal_open_contract": 1, "subscribe": 1, "req_id": 6})
    firsts = [one.receive() for _ in held]
    assert {reply["proposal_open_contract"]["contract_id"] for reply in firsts} == {
        contract["contract_id"] for contract in held
    }
    assert len({reply["subscription"]["id"] for reply in firsts}) == len(held)
    assert {reply["req_id"] for reply in firsts} == {6}


def test_a_closed_contract_answers_once(client: Any) -> None:
    one = client("sandbox-rich-read")
    closed = one.ask(profit_table=1, limit=1)["profit_table"]["transactions"][0]["contract_id"]
    reply = one.ask(proposal_open_contract=1, contract_id=closed, subscribe=1)
    assert reply["proposal_open_contract"]["is_sold"] == 1
    assert "subscription" not in reply


def test_account_streams_end_with_the_account(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-read")
    ends = [
        lambda: one.ask(logout=1),
        lambda: one.ask(authorize="sandbox-rich-btc"),
        lambda: box.faults.revoke("sandbox-rich-read"),
    ]
    for end in ends:
        one.ask(authorize="sandbox-rich-read")
        stream = one.ask(balance=1, subscribe=1)["subscription"]["id"]
        site = one.ask(website_status=1, subscribe=1)["subscription"]["id"]
        end()
        box.pay("CR900001", 1)
        assert quiet(one)
        assert one.ask(forget=stream)["forget"] == 0
        assert one.ask(forget=site)["forget"] == 1, "a stream without an account goes on"
    assert one.code(balance=1) == "InvalidToken"


def test_signing_in_again_to_the_same_account_keeps_its_streams(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-read")
    one.ask(balance=1, subscribe=1)
    one.ask(authorize="sandbox-rich-all")
    box.pay("CR900001", 1)
    assert one.receive()["msg_type"] == "balance"


def test_streams_belong_to_their_connection(box: Sandbox, client: Any) -> None:
    one, two = client("sandbox-rich-read"), client("sandbox-rich-read")
    stream = one.ask(balance=1, subscribe=1)["subscription"]["id"]
    assert two.ask(forget=stream)["forget"] == 0
    one.socket.close()
    assert box.wait_until(lambda box: box.connections_open == 1)
    box.pay("CR900001", 1)
    assert quiet(two)


def test_a_stream_that_fails_ends_alone(
    box: Sandbox, client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = client("sandbox-rich-read")
    one.ask(transaction=1, subscribe=1)
    one.ask(balance=1, subscribe=1)
    monkeypatch.setattr("dpyauth.sandbox.v3.money_calls._ESCROW", None)
    box.pay("CR900001", 1)
    assert one.receive()["msg_type"] == "balance"
    assert quiet(one)
    assert "stream of transaction" in caplog.text


def test_maintenance_is_announced(box: Sandbox, client: Any) -> None:
    one = client()
    assert one.ask(website_status=1, subscribe=1)["website_status"]["site_status"] == "up"
    box.faults.maintenance("down")
    assert one.receive()["website_status"]["site_status"] == "down"
    box.faults.maintenance("up")
    assert one.receive()["website_status"]["site_status"] == "up"
