"""Test calls that move money: each is sent once, has a request ID, and is looked up by it if the answer is lost."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import dpyauth
from dpyauth.apis.options import lookup
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Open = Callable[..., Session]

MAIN, P2P = "00000000-0000-4000-8000-000000000010", "00000000-0000-4000-8000-000000000011"
MINE = "00000000-0000-4000-8000-00000000000a"
USD = {"currency": "USD", "amount": "1.00"}
FIELDS: dict[str, dict[str, Any]] = {
    "wallet_transfer": {**USD, "source_wallet_id": MAIN, "destination_wallet_id": P2P},
    "wallet_transfer_exchange": {
        "source_wallet_id": MAIN,
        "source_currency": "USD",
        "amount": "1.00",
        "destination_wallet_id": MAIN,
        "destination_currency": "EUR",
        "exchange_rate": "0.9",
        "rate_token": "canary-rate-token",
    },
    "wallet_transfer_platforms": {
        **USD,
        "wallet_id": MAIN,
        "direction": "from_wallet",
        "platform_name": "options",
        "platform_account_id": "ROT900001",
    },
    "payment_agent_transfer": {"data": {**USD, "to_nickname": "sandbox_moved"}},
    "payment_agent_withdraw": {"data": {**USD, "agent_id": 41, "verification_code": "914625"}},
}
STATUS = {"payment_agent_transfer": "payment_agent_transfer_status"}
STATUS["payment_agent_withdraw"] = "payment_agent_withdraw_status"
LOST = [(500, "{}"), (502, "<html>"), (504, ""), (408, "{}"), (200, ""), (200, "<html>"), (200, "[]"), (302, "{}")]
LOST += [(204, ""), (200, "{}"), (200, '{"data": {}, "errors": [], "metadata": {}}'), (403, '{"message": "Forbidden"}')]
NOT_KNOWN = '{"data": {}, "errors": [{"status": 400, "code": "RequestIDNotFound"}], "metadata": {}}'


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make look-ups follow one another at once."""
    monkeypatch.setattr(lookup, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(lookup, "PATIENCE", 30.0)


@pytest.fixture
def session(open_options: Open) -> Session:
    return open_options("rich")


def sent(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


def outcomes(session: Session) -> list[str]:
    found: list[str] = session.transfers()["outcome"].tolist()
    return found


def with_id(name: str, request_id: str) -> dict[str, Any]:
    fields = FIELDS[name]
    return (
        {"data": {**fields["data"], "request_id": request_id}}
        if "data" in fields
        else {**fields, "request_id": request_id}
    )


def known_there(session: Session, box: Sandbox, name: str) -> str:
    """Make Deriv know a request; return its ID."""
    if name in STATUS:
        box.faults.http(200, STATUS[name], body='{"data": {"status": "pending", "transaction_id": 7}, "errors": []}')
        return "a-request-of-mine"
    listed = session.call("wallet_transactions", wallet_type="p2p")["data"]["transactions"]
    return str(next(row["request_id"] for row in listed if row["metadata"]["transaction_status"] == "completed"))


@pytest.mark.parametrize(("status", "body"), LOST)
@pytest.mark.parametrize("name", FIELDS)
def test_a_lost_answer_is_looked_up(session: Session, box: Sandbox, name: str, status: int, body: str) -> None:
    mine = known_there(session, box, name)
    box.faults.http(status, name, body=body)
    reply = session.call(name, **with_id(name, mine))
    assert reply["looked_up"] is True
    assert reply["data"]["request_id"] == mine
    assert sent(box, name) == 1
    assert session.transfers()["request_id"].tolist() == [mine]
    assert outcomes(session) == ["looked_up"]


def test_an_answer_of_another_transfer_is_looked_up(session: Session, box: Sandbox) -> None:
    box.faults.edit(lambda reply: reply["data"].update(request_id=MINE.replace("a", "b")), "wallet_transfer")
    reply = session.call("wallet_transfer", **FIELDS["wallet_transfer"], request_id=MINE)
    assert reply["looked_up"] is True
    assert reply["data"]["request_id"] == MINE


@pytest.mark.parametrize("fault", ["swallow", "garbage"])
@pytest.mark.parametrize("name", ["wallet_transfer", "wallet_transfer_platforms", "payment_agent_transfer"])
def test_a_transfer_that_was_carried_out_is_found(open_options: Open, box: Sandbox, name: str, fault: str) -> None:
    session = open_options("agent" if name in STATUS else "rich")
    getattr(box.faults, fault)(name)
    reply = session.call(name, timeout=0.5, **FIELDS[name])
    assert reply["looked_up"] is True
    assert reply["data"]["request_id"] == session.transfers()["request_id"].item()
    assert sent(box, name) == 1


def test_a_withdrawal_that_was_carried_out_is_found(session: Session, box: Sandbox) -> None:
    terms = {**USD, "amount": "20.00", "agent_id": 41}
    session.call("payment_agent_withdraw_verification", data=terms)
    (code,) = re.findall(r"\b[0-9]{6}\b", " ".join(box.options.mails("ROT900001")))
    box.faults.swallow("payment_agent_withdraw")
    reply = session.call("payment_agent_withdraw", timeout=0.5, data={**terms, "verification_code": code})
    assert (reply["looked_up"], reply["data"]["status"]) == (True, "complete")
    assert sent(box, "payment_agent_withdraw") == 1


@pytest.mark.parametrize("name", ["wallet_transfer", "wallet_transfer_platforms", "payment_agent_transfer"])
def test_sent_again_with_the_same_request_id(open_options: Open, box: Sandbox, name: str) -> None:
    """As `NotCarriedOut` says: it is carried out at most once."""
    session = open_options("agent" if name in STATUS else "rich")
    box.faults.http(502, name)
    with pytest.raises(dpyauth.NotCarriedOut) as told:
        session.call(name, **FIELDS[name])
    again = with_id(name, str(told.value.request_id))
    assert "looked_up" not in session.call(name, **again)
    wallet = "payment_agent" if name in STATUS else "main"
    booked = session.call("wallet_transactions", wallet_type=wallet, request_id=told.value.request_id)
    assert len(booked["data"]["transactions"]) == 1
    if name == "wallet_transfer":
        assert session.call(name, **again)["data"]["request_id"] == told.value.request_id
    else:
        with pytest.raises(dpyauth.ApiError, match="has been used before"):
            session.call(name, **again)
    booked_again = session.call("wallet_transactions", wallet_type=wallet, request_id=told.value.request_id)
    assert booked_again["data"] == booked["data"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_request_that_deriv_does_not_know(session: Session, box: Sandbox, name: str) -> None:
    box.faults.http(502, name)
    if name in STATUS:
        box.faults.http(400, STATUS[name], times=3, body=NOT_KNOWN)
    with pytest.raises(dpyauth.NotCarriedOut, match="most likely it was not carried out") as told:
        session.call(name, **FIELDS[name])
    assert (told.value.call, told.value.request_id) == (name, session.transfers()["request_id"].item())
    assert f'request_id="{told.value.request_id}"' in str(told.value)
    assert outcomes(session) == ["not_carried_out"]
    assert sent(box, name) == 1


@pytest.mark.parametrize("name", FIELDS)
def test_a_look_up_that_fails(session: Session, box: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PATIENCE", 0.3)
    box.faults.http(502, name)
    box.faults.http(503, STATUS.get(name, "wallet_transactions"), times=100)
    with pytest.raises(dpyauth.OutcomeUnknown, match="may or may not have happened") as told:
        session.call(name, **FIELDS[name])
    mine = session.transfers()["request_id"].item()
    assert told.value.request_id == mine
    assert f'request_id="{mine}")' in str(told.value)
    assert "without success" in " ".join(told.value.__notes__)
    assert "run the cell again" not in " ".join([str(told.value), *told.value.__notes__])
    assert outcomes(session) == ["unknown"]
    assert sent(box, name) == 1
    box.faults.clear()
    line = str(told.value).split("look at ")[1].split(', and the same with "p2p"')[0].split(". dpyauth")[0]
    if name not in STATUS:
        assert eval(line, {"session": session}).empty  # the exact line that looks it up


def test_a_transfer_that_did_not_go_through(session: Session, box: Sandbox) -> None:
    box.faults.http(500, "payment_agent_transfer")
    box.faults.http(
        200, "payment_agent_transfer_status", body='{"data": {"status": "rejected", "transaction_id": null}}'
    )
    with pytest.raises(dpyauth.ApiError, match="did not go through") as told:
        session.call("payment_agent_transfer", **FIELDS["payment_agent_transfer"])
    assert told.value.code == "rejected"
    assert outcomes(session) == ["refused"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("payment_agent_withdraw", {"status": "failed", "transaction_id": None}),
        ("wallet_transfer_platforms", {"status": {"transaction_status": "Rejected"}}),
    ],
)
def test_an_answer_that_says_that_it_did_not_go_through(
    session: Session, box: Sandbox, name: str, data: dict[str, Any]
) -> None:
    box.faults.http(200, name, body=json.dumps({"data": data}))
    assert session.call(name, **FIELDS[name])["data"] == data
    assert outcomes(session) == ["refused"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_refused_transfer_is_not_looked_up(session: Session, box: Sandbox, name: str) -> None:
    for status, code in (
        (400, "InsufficientFunds"),
        (403, "AccessDenied"),
        (422, "ValidationError"),
        (429, "RateLimit"),
    ):
        box.faults.http(status, name, body=json.dumps({"errors": [{"status": status, "code": code, "message": "no"}]}))
        with pytest.raises(dpyauth.ApiError):
            session.call(name, **FIELDS[name])
        if status == 429:
            break
    assert set(outcomes(session)) == {"refused"}
    assert sent(box, STATUS.get(name, "wallet_transactions")) == 0


def test_no_answer_in_time(session: Session, box: Sandbox) -> None:
    box.faults.stall("wallet_transfer")
    with pytest.raises(dpyauth.NotCarriedOut):
        session.call("wallet_transfer", timeout=0.1, **FIELDS["wallet_transfer"])
    assert sent(box, "wallet_transfer") == 1


def test_a_look_up_without_an_answer_is_repeated(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PATIENCE", 3.0)
    mine = with_id("wallet_transfer", known_there(session, box, "wallet_transfer"))
    box.faults.http(502, "wallet_transfer")
    box.faults.stall("wallet_transactions", times=4)
    assert session.call("wallet_transfer", **mine)["looked_up"] is True


def test_awaited_calls_and_frames_look_transfers_up_too(session: Session, box: Sandbox) -> None:
    name = "wallet_transfer"
    mine = with_id(name, known_there(session, box, name))
    box.faults.reset(name, times=2)
    assert asyncio.run(session.aio.call(name, **mine))["looked_up"] is True
    frame = session.frame(name, **mine)
    assert frame["looked_up"].tolist() == [True]
    assert frame["request_id"].tolist() == [mine["request_id"]]


@pytest.mark.parametrize(
    ("name", "code"), [("wallet_transfer_platforms", "DuplicateRequestID"), ("payment_agent_transfer", "RequestIDUsed")]
)
def test_repeating_a_request_id(session: Session, box: Sandbox, name: str, code: str) -> None:
    box.faults.http(400, name, body=json.dumps({"errors": [{"status": 400, "code": code}]}))
    with pytest.raises(dpyauth.ApiError, match=rf'been used before.*request_id="{MINE}"') as told:
        session.call(name, **with_id(name, MINE))
    assert told.value.code == code
    assert outcomes(session) == ["sent_before"]


def test_a_dry_run_is_a_read(session: Session, box: Sandbox) -> None:
    dry = {"data": {**FIELDS["payment_agent_transfer"]["data"], "dry_run": True}}
    box.faults.reset("payment_agent_transfer")
    box.faults.http(502, "payment_agent_transfer")
    done = {"data": {"status": "dry_run_ok", "transaction_id": None}, "errors": []}
    box.faults.http(200, "payment_agent_transfer", body=json.dumps(done))
    assert session.call("payment_agent_transfer", **dry)["data"]["status"] == "dry_run_ok"
    assert sent(box, "payment_agent_transfer") == 3
    assert session.transfers().empty
    box.faults.http(502, "payment_agent_transfer", times=100)
    with pytest.raises(dpyauth.ApiError, match="run the cell again"):
        session.call("payment_agent_transfer", timeout=0.3, **dry)


def test_a_dry_run_moves_nothing(open_options: Open) -> None:
    session = open_options("agent")
    before = session.call("wallet_list")
    dry = {"data": {**FIELDS["payment_agent_transfer"]["data"], "dry_run": True}}
    assert session.call("payment_agent_transfer", **dry)["data"]["status"] == "dry_run_ok"
    assert session.frame("payment_agent_transfer", **dry)["status"].tolist() == ["dry_run_ok"]
    assert session.call("wallet_list") == before


@pytest.mark.parametrize("name", ["wallet_transfer_validate", "partners_client_tags_check"])
def test_reads_with_the_method_post(session: Session, box: Sandbox, name: str) -> None:
    assert not session.core.catalog[name].changes_with({})
    box.faults.http(502, name)
    box.faults.http(200, name, body='{"data": {"is_valid": true}}')
    fields: dict[str, Any] = {"client_ids": ["1"]}
    if name == "wallet_transfer_validate":
        fields = {"source_type": "main", "source_id": MAIN, "source_currency": "USD", "amount": "1", "balance": "2"}
        fields |= {"destination_type": "p2p", "destination_id": P2P, "destination_currency": "USD"}
    assert session.call(name, **fields) == {"data": {"is_valid": True}}
    assert sent(box, name) == 2


def test_a_transfer_that_was_not_sent(session: Session, box: Sandbox) -> None:
    box.stop()
    with pytest.raises(dpyauth.ConnectionFailed, match="was not sent"):
        session.call("wallet_transfer", timeout=5, **FIELDS["wallet_transfer"])
    assert outcomes(session) == ["not_sent"]


def test_closing_the_session_during_a_look_up(session: Session, box: Sandbox, eventually: Callable[..., None]) -> None:
    box.faults.http(502, "wallet_transfer")
    box.faults.stall("wallet_transactions", times=4)
    ended: list[BaseException] = []

    def transfer() -> None:
        try:
            session.call("wallet_transfer", **FIELDS["wallet_transfer"])
        except dpyauth.DpyauthError as error:
            ended.append(error)

    thread = threading.Thread(target=transfer)
    thread.start()
    eventually(lambda: sent(box, "wallet_transactions") == 4)
    session.close()
    thread.join(10)
    (error,) = ended
    assert isinstance(error, dpyauth.OutcomeUnknown)
    assert error.request_id == session.transfers()["request_id"].item()


def test_an_interrupt_during_a_look_up(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    """The cell is free at once, and the interrupt says how to look the transfer up."""
    monkeypatch.setattr(lookup, "PATIENCE", 300.0)
    box.faults.http(502, "wallet_transfer")
    box.faults.stall("wallet_transactions", times=4)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        eventually(lambda: sent(box, "wallet_transactions") == 4)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt) as told:
        session.call("wallet_transfer", **FIELDS["wallet_transfer"])
    thread.join()
    (note,) = told.value.__notes__
    assert f'wallet_type="main", request_id="{session.transfers()["request_id"].item()}")' in note
    eventually(lambda: outcomes(session) == ["unknown"])
    assert session.call("wallet_list")["data"]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.mark.parametrize(
    ("name", "canary"), [("wallet_transfer_exchange", "canary-rate-token"), ("payment_agent_withdraw", "914625")]
)
def test_secrets_of_a_transfer_are_not_shown(
    session: Session, box: Sandbox, name: str, canary: str, logged: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    for body in ("", json.dumps({"errors": [{"status": 400, "code": "X", "message": f"bad {canary}"}]})):
        box.faults.http(400 if body else 502, name, body=body)
        try:
            session.call(name, **FIELDS[name])
        except dpyauth.DpyauthError as error:
            told += [str(error), repr(error), repr(error.__dict__), *error._render_traceback_()]
    told += [session.transfers().to_csv(), logged.text, repr(session.__dict__)]
    assert len(told) > 4
    assert canary not in "".join(told)
