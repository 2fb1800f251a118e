"""Send recognisable tokens and one-time passwords through the options API, and check that they turn up nowhere."""

from __future__ import annotations

import asyncio
import itertools
import json
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest
from canaries import PAT, clean, held, shown, told

import dpyauth
from dpyauth.credentials import Credential, Secret, Tokens, access_token
from dpyauth.errors import DpyauthError, SignInRefused
from dpyauth.oauth.tokens import http_client, refresh
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

Open = Callable[..., Session]

DEMO, REAL = "DOT900003", "ROT900001"


@pytest.fixture
def place(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Run a sandbox that knows the token and gives out only recognisable secrets."""
    box.options.issued[PAT] = Token(PAT, box.options.person(DEMO), ("trade",))
    counter = itertools.count()
    monkeypatch.setattr("secrets.token_urlsafe", lambda size=32: f"C4nary{next(counter)}")
    return box


@pytest.fixture
def browser(place: Sandbox) -> tuple[str, Credential]:
    """Return an app, and a credential for it that can be renewed."""
    app_id = place.register_options_app("A test", "http://localhost/back")
    place.options.gives_refresh_tokens = True
    holder, again = place.options.issue(app_id, place.options.person(DEMO), ("trade",))

    async def renew(token: Secret) -> Tokens:
        async with http_client(place.auth_host) as http:
            return await refresh(app_id, token, http, place.auth_host)

    tokens = Tokens(Secret(holder.value), Secret(again), time.time() + 30, ("trade",))
    return app_id, Credential(tokens.access, "a test", tokens, renew)


def test_a_session(open_options: Open, place: Sandbox, logged: Any, capfd: Any, at_once: None) -> None:
    session = open_options(access_token(PAT, "a test"))
    connection, access = session.core.connection, session.core.sign_in
    assert connection is not None
    assert access is not None
    results = [session.balance(), session.balance(REAL), session.accounts(), session.account_status("all")]
    place.faults.drop()
    assert place.wait_until(lambda box: [one.call for one in box.received].count("otp") >= 4)
    results += [session.statement(since="2026-10-01"), session.events(), session.health()]
    session.use(REAL)
    for frame in results:
        clean(frame.to_string())
        clean(frame.attrs)
        clean(pickle.dumps(frame))
    things: list[Any] = [
        session,
        connection,
        connection.protocol,
        access,
        access.dispatcher,
        access.endpoint(DEMO),
        access.credential,
        session.core.active_account,
        session.core.other_connections,
        session.aio,
    ]
    for thing in things:
        clean(shown(thing))
    for thing in (session, connection, access, access.dispatcher, access.credential, access.endpoint(DEMO)):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(thing)
    assert held(session) == []
    session.close()
    assert held(session) == []
    clean(capfd.readouterr())


def test_a_token_that_is_renewed(open_options: Open, browser: Any, place: Sandbox, logged: Any) -> None:
    app_id, credential = browser
    session = open_options(credential, app_id=app_id)
    assert session.core.credential is not None
    assert session.core.credential.token != credential.token
    for thing in (session, session.core.sign_in, session.core.credential, session.core.credential.tokens):
        clean(shown(thing))
    assert held(session) == []
    place.faults.error("invalid_grant", "token", message="You said C4nary1")
    place.expire(session.core.credential.token.reveal())
    with pytest.raises(SignInRefused) as refused:
        session.accounts()
    clean(told(refused.value))


FAULTS: dict[str, Callable[[Any, str], None]] = {
    "reset": lambda faults, call: faults.reset(call, 100),
    "stall": lambda faults, call: faults.stall(call, 100),
    "page": lambda faults, call: faults.http(403, call, 100),
    "gateway": lambda faults, call: faults.http(502, call, 100),
    "garbage": lambda faults, call: faults.garbage(call, 100, frame=f'"{PAT} C4nary'),
    "refusal": lambda faults, call: faults.error("Unauthorized", call, 100, message=f"I do not know {PAT}"),
    "limit": lambda faults, call: faults.rate_limit(call, 100),
}


WRONG = [(call, fault) for fault in FAULTS for call in ("get_accounts", "otp", "token")]
WRONG += [("balance", fault) for fault in FAULTS if fault not in ("page", "gateway")]


@pytest.mark.parametrize(("call", "fault"), WRONG)
def test_a_sign_in_that_goes_wrong(
    call: str,
    fault: str,
    open_options: Open,
    browser: Any,
    place: Sandbox,
    logged: Any,
    at_once: None,
    eventually: Any,
) -> None:
    app_id, credential = browser if call == "token" else (None, access_token(PAT, "a test"))
    if call == "token":
        place.expire(credential.token.reveal())
    FAULTS[fault](place.faults, call)
    session = open_options(None, timeout=0.5, app_id=app_id)
    with pytest.raises(DpyauthError) as failed:
        session.core.sign_in_and_wait(credential)
    clean(told(failed.value))
    clean(shown(session))
    assert held(failed.value) == []
    eventually(lambda: held(session) == [])


@pytest.mark.parametrize("otp", ["used", "elsewhere", "not an address"])
def test_addresses_that_lead_nowhere(
    otp: str, open_options: Open, place: Sandbox, logged: Any, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if otp == "used":
        place.options.otp_lifetime = -1
    else:
        url = "wss://C4nary.example/?otp=C4nary" if otp == "elsewhere" else "C4nary"
        place.faults.http(200, "otp", 9, body=json.dumps({"data": {"url": url}}))
    with pytest.raises(DpyauthError) as failed:
        open_options(access_token(PAT, "a test"), timeout=5)
    clean(told(failed.value))
    assert held(failed.value) == []


@pytest.mark.parametrize("awaited", [False, True])
def test_calls_that_go_wrong(awaited: bool, open_options: Open, place: Sandbox, logged: Any) -> None:
    session = open_options(access_token(PAT, "a test"))

    def call(name: str) -> None:
        if awaited:
            asyncio.run(session.aio.call(name, timeout=0.3))
        else:
            session.call(name, timeout=0.3)

    for name, fault in FAULTS.items():
        for asked in ("get_accounts", *(() if name in ("page", "gateway", "refusal") else ("portfolio",))):
            fault(place.faults, asked)
            with pytest.raises(DpyauthError) as failed:
                call(asked)
            clean(told(failed.value))
            place.faults.clear()


CODE = "471108"
EXCHANGE = {
    "source_wallet_id": "0a1b2c3d-0000-4000-8000-000000000001",
    "destination_wallet_id": "0a1b2c3d-0000-4000-8000-000000000002",
    "request_id": "0a1b2c3d-0000-4000-8000-00000000000a",
    "source_currency": "USD",
    "destination_currency": "EUR",
    "amount": "5.00",
    "exchange_rate": "0.9",
    "rate_token": "C4nary-quote",
    "description": "for C4nary",
}
WITHDRAWAL = {"agent_id": 7, "amount": "5.00", "currency": "USD", "verification_code": CODE, "notes": "for C4nary"}
PAYMENTS: list[tuple[str, dict[str, Any]]] = [
    ("wallet_transfer_exchange", EXCHANGE),
    ("wallet_transfer_exchange", {**EXCHANGE, "amount": 5.0}),
    ("wallet_transfer_exchange", {**EXCHANGE, "rate_tokem": "C4nary-quote"}),
    ("payment_agent_withdraw", {"data": WITHDRAWAL}),
    ("payment_agent_withdraw", {"data": {**WITHDRAWAL, "verification_code": f"{CODE}7"}}),
    ("payment_agent_withdraw", {"data": {**WITHDRAWAL, "verification_kode": CODE}}),
]


@pytest.mark.parametrize("fault", ["none", "repeats", "reset", "gateway"])
@pytest.mark.parametrize(("call", "fields"), PAYMENTS)
def test_proofs_of_a_payment(
    call: str, fields: dict[str, Any], fault: str, open_options: Open, place: Sandbox, logged: Any, capfd: Any
) -> None:
    place.options.issued[PAT].scopes = ("trade", "payment")
    session = open_options(access_token(PAT, "a test"))
    proof = CODE if "data" in fields else "C4nary-quote"
    said = json.dumps({"errors": [{"code": "Odd", "status": 400, "message": f"Not {proof}"}]})
    if fault == "repeats":
        place.faults.http(400, call, 9, body=said)
    elif fault != "none":
        FAULTS[fault](place.faults, call)
    with pytest.raises(DpyauthError) as failed:
        session.call(call, timeout=2, **fields)
    shown_anywhere = [told(failed.value), shown(session), session.events().to_csv(), capfd.readouterr(), logged.text]
    for place_of_it in shown_anywhere:
        clean(place_of_it)
        assert CODE not in str(place_of_it)
    assert held(session) == []


@pytest.mark.parametrize("token", [PAT[:-1], PAT.upper(), PAT.replace("51", "52"), "ory_at_C4nary"])
def test_login_with_a_wrong_token(token: str, place: Sandbox, logged: Any, capfd: Any) -> None:
    with pytest.raises(DpyauthError) as refused:
        dpyauth.login(token, api="options", app_id=place.options_app_id, server=place.rest, ask=False, timeout=5)
    clean(told(refused.value).replace("C0FFEE51", "c0ffee51"))
    clean(capfd.readouterr())
