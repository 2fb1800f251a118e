"""Test sessions on real sockets, against the sandbox and its faults."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import itertools
import logging
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import on_thread

from dpyauth.credentials import api_token
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    ConnectionLost,
    InputRefused,
    InvalidSetting,
    MissingScope,
    NotSignedIn,
    OutcomeUnknown,
    RateLimited,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net import rate_limits
from dpyauth.net.backoff import Backoff
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.pending import PendingCall
from dpyauth.progress import Notice
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.limits import Limits
from dpyauth.session import Session, blocking
from dpyauth.session.core import check_timeout
from dpyauth.settings import settings

Open = Callable[..., Session]
Eventually = Callable[..., None]

TOP_UP = "topup_virtual"  # changes something, takes no fields, and is simulated by the sandbox


def calls(box: Sandbox) -> list[str]:
    return [received.call for received in box.received]


def arrived(box: Sandbox, call: str, times: int = 1) -> None:
    """Wait until the sandbox has received a call."""
    assert box.wait_until(lambda box: calls(box).count(call) >= times)


# Signing in


def test_signing_in(session: Session) -> None:
    assert session.state == "signed in"
    assert session.loginid == "CR900001"
    assert repr(session) == "<dpyauth session: signed in, CR900001 (USD, sample)>"


def test_a_session_says_whether_it_uses_real_money(session: Session) -> None:
    assert session.sandbox
    assert not Session(settings()).sandbox


def test_before_signing_in(open_session: Open, box: Sandbox) -> None:
    session = open_session(None)
    assert session.state == "signed out"
    assert session.loginid is None
    assert repr(session) == "<dpyauth session: signed out>"
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login") as refused:
        session.balance()
    assert refused.value.call == "balance"
    assert box.connections_opened == 0


def test_calls_that_need_no_sign_in_work_without(open_session: Open) -> None:
    session = open_session(None)
    assert session.call("ping")["ping"] == "pong"
    assert session.state == "signed out"
    assert session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test")).loginid == "CR900001"
    assert session.call("ping")["ping"] == "pong"
    assert session.state == "signed in"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("nobody-s-token", "InvalidToken"),
        ("sandbox-rich-expired", "InvalidToken"),
        ("sandbox-rich-disabled", "AccountDisabled"),
    ],
)
def test_a_refused_token(open_session: Open, token: str, code: str) -> None:
    session = open_session(None)
    with pytest.raises(SignInRefused) as refused:
        session.core.sign_in_and_wait(api_token(token, "a test"))
    assert refused.value.code == code
    assert token not in str(refused.value)
    assert session.state == "signed out"
    with pytest.raises(NotSignedIn):
        session.balance()


def test_an_unknown_app_id(box: Sandbox) -> None:
    session = Session(settings(app_id=999_999, server=box.url), timeout=5)
    with pytest.raises(SignInRefused, match="app ID"):
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    session.close()


def test_each_caller_gets_its_own_error_of_a_sign_in(open_session: Open) -> None:
    session = open_session(None)
    future = session.core.start_sign_in(api_token("nobody-s-token", "a test"))
    assert isinstance(future.exception(5), SignInRefused)


def test_nothing_listens(box: Sandbox) -> None:
    port = box.port
    box.stop()
    session = Session(settings(app_id=box.app_id, server=box.url), timeout=5)
    credential = api_token("sandbox-rich-all", "a test")
    with pytest.raises(ConnectionFailed, match="nothing answers"):
        session.core.sign_in_and_wait(credential)
    box.start()
    assert box.port == port
    assert session.core.sign_in_and_wait(credential).loginid == "CR900001"
    session.close()


@pytest.mark.parametrize("status", [401, 503])
def test_a_refused_handshake(box: Sandbox, open_session: Open, status: int) -> None:
    session = open_session(None)
    box.faults.refuse(status)
    with pytest.raises(SignInRefused if status == 401 else ConnectionFailed, match=str(status)):
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    assert session.state == "signed in"


def test_maintenance(box: Sandbox, open_session: Open) -> None:
    session = open_session(None)
    box.faults.maintenance()
    with pytest.raises(ConnectionFailed, match="maintenance"):
        session.call("ping")
    box.faults.clear()
    assert session.call("ping")["ping"] == "pong"


def test_a_sign_in_that_takes_too_long_is_cancelled(box: Sandbox, open_session: Open, eventually: Eventually) -> None:
    session = open_session(None, timeout=0.2)
    box.faults.swallow("authorize")
    with pytest.raises(CallTimeout, match=r"sign-in within 0\.2 s"):
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    eventually(lambda: box.connections_open == 0)
    assert session.state == "signed out"


def test_a_rate_limit_at_the_sign_in_does_not_refuse_the_token(box: Sandbox, open_session: Open) -> None:
    session = open_session(None)
    box.faults.rate_limit("authorize")
    with pytest.raises(RateLimited):
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))


def test_signing_in_again_replaces_the_account(session: Session, box: Sandbox, eventually: Eventually) -> None:
    session.core.sign_in_and_wait(api_token("sandbox-rich-btc", "a test"))
    assert session.loginid == "CR900002"
    assert session.call("balance")["balance"]["currency"] == "BTC"
    eventually(lambda: box.connections_open == 1)


def test_a_failed_sign_in_keeps_the_account(session: Session) -> None:
    with pytest.raises(SignInRefused):
        session.core.sign_in_and_wait(api_token("nobody-s-token", "a test"))
    assert session.state == "signed in"
    assert session.balance()["loginid"].item() == "CR900001"


def test_a_call_under_way_ends_when_signing_in_again(session: Session, box: Sandbox) -> None:
    box.faults.swallow("balance")
    waiting = on_thread(session.balance)
    arrived(box, "balance")
    session.core.sign_in_and_wait(api_token("sandbox-rich-btc", "a test"))
    with pytest.raises(SessionClosed, match="signed in again"):
        waiting.result(5)


# Asking


def test_a_missing_scope_is_known_beforehand(open_session: Open, box: Sandbox) -> None:
    session = open_session("sandbox-rich-money")
    with pytest.raises(MissingScope, match=r"needs the scope read; your token has: trading_information") as refused:
        session.account_status()
    assert refused.value.scopes == ("read",)
    assert refused.value.call == "get_account_status"
    assert "get_account_status" not in calls(box)
    assert not session.can("get_account_status")
    assert session.can("balance")


def test_errors_of_deriv(session: Session, box: Sandbox) -> None:
    with pytest.raises(InputRefused) as refused:
        session.call("statement", limit=5000)
    assert refused.value.call == "statement"
    assert "limit" in refused.value.details
    box.faults.error("SomethingNew", "ping", message="Who knows")
    with pytest.raises(ApiError, match="SomethingNew: Who knows"):
        session.call("ping")
    assert session.state == "signed in"


def test_numpy_values_go_through(session: Session) -> None:
    reply = session.call("statement", limit=np.int64(2), offset=np.int32(0), description=np.bool_(True))
    assert len(reply["statement"]["transactions"]) == 2


def test_exact_money(open_session: Open) -> None:
    session = open_session("sandbox-rich-btc")
    exact = session.balance(decimal=True)["balance"].item()
    assert isinstance(exact, Decimal)
    assert exact == Decimal(repr(session.balance()["balance"].item()))


def test_a_reply_that_never_comes(session: Session, box: Sandbox) -> None:
    box.faults.swallow("balance")
    with pytest.raises(CallTimeout, match=r"'balance' within 0\.5 s"):
        session.call("balance", timeout=0.5)
    assert session.balance().shape[0] == 1


def test_a_change_without_a_reply(open_session: Open, box: Sandbox) -> None:
    session = open_session("sandbox-rich-demo")
    box.faults.swallow(TOP_UP)
    with pytest.raises(OutcomeUnknown, match=r"no reply within 0\.5 s"):
        session.call(TOP_UP, timeout=0.5)
    assert calls(box).count(TOP_UP) == 1


@pytest.mark.parametrize("leaves", [True, False])
def test_a_bug_on_the_way_out(open_session: Open, box: Sandbox, monkeypatch: pytest.MonkeyPatch, leaves: bool) -> None:
    """A change either stays here for good, or the user is told that it may have been made."""
    session = open_session("sandbox-rich-demo")
    submit = Connection.submit

    def submit_and_fail(connection: Connection, pending: PendingCall) -> None:
        submit(connection, pending)
        if leaves:
            connection._pump()
        raise LookupError

    monkeypatch.setattr(Connection, "submit", submit_and_fail)
    with pytest.raises(OutcomeUnknown if leaves else BadReply, match=r"\(an internal error, LookupError\)"):
        session.call(TOP_UP)
    with pytest.raises(BadReply, match=r"'balance' was not completed \(an internal error, LookupError\)"):
        session.call("balance")
    monkeypatch.undo()
    session.call("ping")
    assert calls(box).count(TOP_UP) == leaves


def test_repeated_replies_reach_no_other_call(session: Session, box: Sandbox, eventually: Eventually) -> None:
    box.faults.duplicate("balance", times=3)
    for _ in range(3):
        assert session.call("balance")["msg_type"] == "balance"
    assert session.call("ping")["msg_type"] == "ping"
    assert session.core.connection is not None
    eventually(lambda: session.core.connection.protocol.unmatched == 3)  # type: ignore[union-attr]


def test_replies_in_another_order_from_many_threads(session: Session, box: Sandbox) -> None:
    box.faults.reorder(20, "ping")
    asked = [
        on_thread(lambda number=number: session.call("ping", passthrough={"number": number}))  # type: ignore[misc]
        for number in range(20)
    ]
    replies = [future.result(10) for future in asked]
    assert [reply["passthrough"]["number"] if "passthrough" in reply else reply["echo_req"]["passthrough"]["number"]
            for reply in replies] == list(range(20))  # fmt: skip


@pytest.mark.parametrize("seconds", [0, -1, True, "30", None, float("nan"), float("inf"), 86_400, Decimal(5)])
def test_invalid_timeouts(seconds: Any, box: Sandbox) -> None:
    with pytest.raises(InvalidSetting):
        Session(settings(server=box.url), timeout=seconds)


@pytest.mark.parametrize("seconds", [1, 0.5, np.int64(5), np.float32(0.5), Fraction(1, 2)])
def test_valid_timeouts(seconds: Any) -> None:
    assert check_timeout(seconds) == seconds
    assert type(check_timeout(seconds)) is float


def test_the_timeout_of_one_call(session: Session) -> None:
    with pytest.raises(InvalidSetting):
        session.call("ping", timeout=-1)


# Losing the connection


@pytest.mark.parametrize("trouble", ["drop", "reset", "garbage"])
def test_a_read_survives_a_lost_connection(session: Session, box: Sandbox, at_once: None, trouble: str) -> None:
    getattr(box.faults, trouble)("balance")
    assert session.balance()["loginid"].item() == "CR900001"
    assert calls(box) == ["authorize", "balance", "authorize", "balance"]
    assert session.state == "signed in"


def test_a_change_does_not_survive_a_lost_connection(open_session: Open, box: Sandbox, at_once: None) -> None:
    session = open_session("sandbox-rich-demo")
    box.faults.reset(TOP_UP)
    with pytest.raises(OutcomeUnknown, match="may or may not have happened"):
        session.call(TOP_UP)
    session.call("ping")
    assert calls(box).count(TOP_UP) == 1


def test_a_connection_that_breaks_again_and_again(session: Session, box: Sandbox, at_once: None) -> None:
    box.faults.reset("balance", times=10)
    with pytest.raises(ConnectionLost, match="broke 3 times"):
        session.balance()
    assert calls(box).count("balance") == 3
    box.faults.clear()
    assert session.balance().shape[0] == 1


def test_a_server_that_is_away_for_a_while(
    session: Session, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    box.stop()
    eventually(lambda: session.state == "reconnecting")
    assert repr(session) == "<dpyauth session: reconnecting, CR900001 (USD, sample)>"
    with pytest.raises(ConnectionLost, match=r"not sent.*nothing answers|not sent.*closed"):
        session.call("set_settings", email_consent=1)
    with pytest.raises(ConnectionLost, match=r"no connection within 0\.1 s"):
        session.call("balance", timeout=0.1)
    waiting = on_thread(session.balance)
    box.start()
    assert waiting.result(5)["loginid"].item() == "CR900001"
    assert session.state == "signed in"


def test_a_stall(session: Session, box: Sandbox, at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.net.keepalive.PING_EVERY", 0.1)
    monkeypatch.setattr("dpyauth.net.keepalive.PING_TIMEOUT", 0.1)
    session.core.sign_in_and_wait(api_token("sandbox-rich-btc", "a test"))  # a connection that uses the new intervals
    box.faults.stall("balance")
    assert session.balance()["currency"].item() == "BTC"


def test_a_token_revoked_during_a_break(
    open_session: Open, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    session = open_session("sandbox-rich-read")
    heard: list[str] = []
    session.core.watch(lambda: heard.append(session.state))
    box.faults.revoke("sandbox-rich-read")
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    eventually(lambda: heard[-1] == "signed out")
    with pytest.raises(NotSignedIn, match="does not accept this API token"):
        session.balance()
    assert session.loginid is None
    assert session.call("ping")["ping"] == "pong"


def test_a_revoked_token_is_noticed_without_a_break_too(
    open_session: Open, box: Sandbox, eventually: Eventually
) -> None:
    session = open_session("sandbox-rich-read")
    box.faults.revoke("sandbox-rich-read")
    with pytest.raises((ApiError, NotSignedIn)):
        session.call("balance")
    eventually(lambda: session.state == "signed out")


def test_a_server_that_forgot_the_sign_in(session: Session, box: Sandbox) -> None:
    box.faults.error("AuthorizationRequired", "balance")
    assert session.balance().shape[0] == 1
    assert calls(box) == ["authorize", "balance", "authorize", "balance"]


def test_a_bug_signs_out_and_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    assert session.core.connection is not None
    monkeypatch.setattr(session.core.connection.protocol, "connection_lost", fail)
    background.post(session.core.connection._drop, "a test")
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match=r"internal error \(RuntimeError\)"):
        session.balance()
    assert caplog.records


# Two at once


def test_two_sessions_know_nothing_of_each_other(open_session: Open, at_once: None) -> None:
    one, other = open_session("sandbox-rich-all"), open_session("sandbox-rich-btc")
    assert one.balance()["loginid"].item() == "CR900001"
    assert other.balance()["loginid"].item() == "CR900002"
    one.close()
    assert other.balance()["loginid"].item() == "CR900002"


# Leaving


def test_closing(session: Session, box: Sandbox, eventually: Eventually) -> None:
    session.close()
    session.close()
    assert session.state == "closed"
    assert repr(session) == "<dpyauth session: closed>"
    for ask in (session.balance, lambda: session.call("ping"), session.logout):
        with pytest.raises((SessionClosed, NotSignedIn)):
            ask()
    with pytest.raises(SessionClosed):
        session.core.start_sign_in(api_token("sandbox-rich-all", "a test"))
    eventually(lambda: box.connections_open == 0)
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "dpyauth"])


def test_closing_while_a_call_waits(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.net.connector.CLOSE_TIMEOUT", 30.0)  # must not be waited for
    box.faults.swallow("balance")
    waiting = on_thread(session.balance)
    arrived(box, "balance")
    begin = time.monotonic()
    session.close()
    with pytest.raises(SessionClosed):
        waiting.result(10)
    assert time.monotonic() - begin < 15


def test_closing_cancels_a_waiting_sign_in(open_session: Open, box: Sandbox) -> None:
    session = open_session(None)
    box.faults.swallow("authorize")
    begun = session.core.start_sign_in(api_token("sandbox-rich-all", "a test"))
    arrived(box, "authorize")
    session.close()
    with pytest.raises(SessionClosed):
        begun.result(5)
    assert box.wait_until(lambda box: box.connections_open == 0)


def test_closing_while_the_server_stalls(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dpyauth.net.connector.CLOSE_TIMEOUT", 30.0)  # must not be waited for
    box.faults.stall(pongs=False)
    begin = time.monotonic()
    session.close()
    assert time.monotonic() - begin < 15


def test_closing_while_signing_in(open_session: Open, box: Sandbox) -> None:
    session = open_session(None)
    box.faults.delay(0.2, "authorize")
    future = session.core.start_sign_in(api_token("sandbox-rich-all", "a test"))
    arrived(box, "authorize")
    session.close()
    assert isinstance(future.exception(5), SessionClosed)
    assert session.state == "closed"


def test_as_a_context_manager(open_session: Open) -> None:
    with open_session() as session:
        assert session.state == "signed in"
    assert session.state == "closed"


def test_nothing_is_left_open(box: Sandbox) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        session = Session(settings(app_id=box.app_id, server=box.url))
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
        session.close()
        del session
        gc.collect()


def test_logging_out(session: Session, box: Sandbox, eventually: Eventually) -> None:
    session.logout()
    assert session.state == "signed out"
    assert "logout" in calls(box)
    eventually(lambda: box.connections_open == 0)
    with pytest.raises(NotSignedIn, match="You signed out"):
        session.balance()
    with pytest.raises(NotSignedIn):
        session.logout()
    session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    assert session.balance().shape[0] == 1


def test_a_session_cannot_be_pickled(session: Session) -> None:
    with pytest.raises(TypeError, match="session cannot be pickled"):
        pickle.dumps(session)


def test_watchers(session: Session, box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def fail() -> None:
        raise RuntimeError("with a secret")

    session.core.watch(fail)
    unwatch = session.core.watch(lambda: heard.append(session.state))
    session.logout()
    unwatch()
    unwatch()
    session.close()
    assert heard == ["signed out"]
    assert "RuntimeError" in caplog.text
    assert "with a secret" not in caplog.text


# Awaiting


def test_every_query_may_be_awaited(session: Session) -> None:
    async def main() -> None:
        assert (await session.aio.call("ping"))["ping"] == "pong"
        assert (await session.aio.balance()).equals(session.balance())
        assert (await session.aio.account_status())["loginid"].item() == "CR900001"
        with pytest.raises(InputRefused):
            await session.aio.call("statement", limit=5000)
        replies = await asyncio.gather(*(session.aio.call("ping", passthrough={"n": n}) for n in range(50)))
        assert [reply["echo_req"]["passthrough"]["n"] for reply in replies] == list(range(50))
        await session.aio.logout()

    asyncio.run(main())
    assert session.state == "signed out"


def test_an_awaited_call_may_be_cancelled(open_session: Open, box: Sandbox) -> None:
    session = open_session("sandbox-rich-demo")

    async def main() -> None:
        box.faults.swallow("*", times=2)
        for call, noted in (("balance", False), (TOP_UP, True)):
            task = asyncio.ensure_future(session.aio.call(call))
            await asyncio.to_thread(arrived, box, call)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await task
            assert any(call in note for note in getattr(cancelled.value, "__notes__", [])) == noted
        assert (await session.aio.call("ping"))["ping"] == "pong"

    asyncio.run(main())
    assert session.core.connection is not None
    assert not session.core.connection.protocol.is_awaited


def test_a_loop_that_ends_first_has_no_effect(session: Session, box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> None:
        task = asyncio.ensure_future(session.aio.call("ping"))
        await asyncio.to_thread(arrived, box, "ping")
        assert not task.done()

    box.faults.delay(0.2, "ping")
    asyncio.run(leave())
    assert session.call("time")["time"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# Interrupting


def interrupt_when_waiting(box: Sandbox, call: str, monkeypatch: pytest.MonkeyPatch) -> threading.Thread:
    """Interrupt the main thread as a kernel does, once the call was sent and is waited for."""
    waiting = threading.Event()

    def interrupt() -> None:
        arrived(box, call)
        assert waiting.wait(5)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    result_of, enter = blocking.result_of, Notice.__enter__

    def patched(future: Future[Any], timeout: float) -> Any:
        waiting.set()
        return result_of(future, timeout)

    def entered(notice: Notice) -> Notice:
        waiting.set()
        return enter(notice)

    monkeypatch.setattr(blocking, "result_of", patched)
    monkeypatch.setattr(Notice, "__enter__", entered)
    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


@pytest.mark.parametrize("changes", [False, True])
def test_an_interrupt_frees_the_cell_and_the_session_lives_on(
    open_session: Open, box: Sandbox, changes: bool, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session("sandbox-rich-demo")
    call = TOP_UP if changes else "balance"
    box.faults.swallow(call)

    thread = interrupt_when_waiting(box, call, monkeypatch)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        session.call(call)
    assert time.monotonic() - begin < 5
    thread.join()
    notes = getattr(interrupted.value, "__notes__", [])
    assert [call in note for note in notes] == ([True] if changes else [])
    assert session.call("ping")["ping"] == "pong"
    assert session.core.connection is not None
    eventually(lambda: not session.core.connection.protocol.is_awaited)  # type: ignore[union-attr]


def test_an_interrupted_sign_in_is_cancelled(
    open_session: Open, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(None)
    box.faults.swallow("authorize")

    thread = interrupt_when_waiting(box, "authorize", monkeypatch)
    with contextlib.suppress(KeyboardInterrupt):
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
        pytest.fail("it was not interrupted")
    thread.join()
    eventually(lambda: box.connections_open == 0)
    session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    assert session.state == "signed in"


# Rate limits


def statements(session: Session, count: int) -> list[Future[Any]]:
    return [on_thread(lambda: session.call("statement", limit=1)) for _ in range(count)]


def test_a_rate_limited_read_waits_and_succeeds(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "PENALTIES", (0.05, 0.1))
    box.faults.rate_limit("balance", times=2)
    assert session.balance()["loginid"].item() == "CR900001"
    assert calls(box).count("balance") == 3
    assert session.events()["what"].tolist().count("rate limit") == 2


def test_a_rate_limited_change_is_refused_and_not_repeated(open_session: Open, box: Sandbox) -> None:
    session = open_session("sandbox-rich-demo")
    box.faults.rate_limit(TOP_UP)
    with pytest.raises(RateLimited):
        session.call(TOP_UP)
    assert calls(box).count(TOP_UP) == 1


@pytest.fixture
def tight(nothing_left: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sandbox, Session]]:
    """Limit calls tightly, with minutes of half a second, and return a session that knows the limits."""
    minute = 0.5
    monkeypatch.setattr(rate_limits, "MINUTE", minute)
    started = time.time()
    fast = lambda: started + (time.time() - started) * 60 / minute  # noqa: E731
    with Sandbox(limits=Limits(general=(20, 1000), outcome=(5, 1000)), clock=fast) as box:
        session = Session(settings(app_id=box.app_id, server=box.url), timeout=10.0)
        session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
        session.call("website_status")
        yield box, session
        session.close()


def test_the_limits_are_learned_from_deriv(tight: tuple[Sandbox, Session]) -> None:
    health = tight[1].health()
    assert health["left_outcome"] == 5
    assert health["left_general"] <= 18  # the sign-in and the request count


def test_the_limits_are_requested_once_they_matter(session: Session, box: Sandbox, eventually: Eventually) -> None:
    before = session.health()["left_outcome"]
    for _ in range(13):
        session.call("statement", limit=1)
    eventually(lambda: "website_status" in calls(box))
    session.call("statement", limit=1)
    assert calls(box).count("website_status") == 1
    assert before == 25


def test_calls_beyond_the_limit_queue_and_all_are_answered(tight: tuple[Sandbox, Session]) -> None:
    box, session = tight
    began = time.monotonic()
    waiting = statements(session, 25)
    assert session.call("ping")["ping"] == "pong"  # another kind need not wait
    assert all(future.result(20)["statement"]["count"] == 1 for future in waiting)
    assert calls(box).index("ping") < len(calls(box)) - 10
    assert time.monotonic() - began >= 4 * 0.5 - 0.1
    # On a busy machine the two clocks may differ by a moment: a call that Deriv refuses then is repeated.
    assert calls(box).count("statement") >= 25


def test_a_change_beyond_the_limit_is_not_sent(tight: tuple[Sandbox, Session]) -> None:
    box, session = tight
    session.core.rate_limits_of("v3").learn({"api_call_limits": Limits(general=(1, 1000)).announce()})
    before = len(box.received)
    with pytest.raises(RateLimited, match="not sent"):
        session.call("set_settings", email_consent=1)
    assert len(box.received) == before


def test_a_call_that_waits_for_the_limits_survives_its_timeout_and_a_break(
    tight: tuple[Sandbox, Session], at_once: None, eventually: Eventually
) -> None:
    box, session = tight
    waiting = [on_thread(lambda: session.call("statement", limit=1, timeout=0.3)) for _ in range(12)]
    eventually(lambda: calls(box).count("statement") >= 5)
    box.faults.reset()
    assert all(future.result(20)["statement"]["count"] == 1 for future in waiting)


# Speed of reconnecting


def test_the_first_attempt_is_immediate_and_later_ones_at_most_one_a_second(
    session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    tries: list[float] = []
    pauses: list[float] = []
    started, next_delay = Backoff.started, Backoff.next_delay

    def noted(backoff: Backoff, now: float) -> None:
        tries.append(now)
        started(backoff, now)

    def paused(backoff: Backoff, now: float) -> float:
        pauses.append(next_delay(backoff, now))
        return pauses[-1]

    session.core.connection.protocol.connecting(time.monotonic() - 60)  # type: ignore[union-attr]
    monkeypatch.setattr(Backoff, "started", noted)
    monkeypatch.setattr(Backoff, "next_delay", paused)
    monkeypatch.setattr(random.Random, "uniform", lambda self, low, high: low)  # the shortest pauses
    box.faults.refuse(503, times=2)
    box.faults.reset()
    eventually(lambda: session.health()["reconnects"] == 1, timeout=10)
    assert len(tries) == len(pauses) == 3
    assert pauses[0] == 0
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(tries))


# Events


def test_events_and_health(session: Session, box: Sandbox, at_once: None, eventually: Eventually) -> None:
    box.faults.duplicate("balance")
    session.balance()
    box.faults.reset("balance")
    session.balance()
    eventually(lambda: session.health()["stray_replies"] == 1)
    health = session.health()
    assert health["state"] == "signed in"
    assert health["reconnects"] == 1
    assert health["streams"] == 0
    assert 0 < health["last_round_trip"] < 5
    assert health["p50"] <= health["p99"]
    assert 0 < health["uptime"] < 60
    assert 0 < health["left_general"] < 180
    events = session.events()
    assert events["what"].tolist() == ["connected", "connection lost", "reconnected"]
    assert "1 read will be sent again" in events["why"].iloc[1]
    assert events["took"].iloc[2] > 0
    assert events["time"].is_monotonic_increasing
    session.close()
    assert session.events()["what"].iloc[-1] == "closed"
    assert session.health()["state"] == "closed"
    assert pd.isna(session.health()["uptime"])


def test_events_of_a_new_session(open_session: Open) -> None:
    session = open_session(None)
    assert session.events().empty
    health = session.health()
    assert health["state"] == "signed out"
    assert health[["uptime", "last_round_trip"]].isna().all()


def test_a_revoked_token_is_an_event_and_the_next_call_says_why(
    open_session: Open, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    session = open_session("sandbox-rich-read")
    box.stop()
    box.faults.revoke("sandbox-rich-read")
    box.start()
    eventually(lambda: session.state == "signed out")
    assert session.events()["what"].iloc[-1] == "signed out"
    assert "does not accept this API token" in session.events()["why"].iloc[-1]
    with pytest.raises(NotSignedIn, match="does not accept this API token"):
        session.account_status()
    assert "sandbox-rich-read" not in session.events().to_string()


def test_stored_events_are_limited(session: Session) -> None:
    for number in range(2000):
        session.core.note_event("x", str(number), None)
    assert len(session.events()) == 1000
    assert session.events()["why"].iloc[-1] == "1999"


def test_a_machine_that_slept_checks_the_connection_at_once(
    session: Session, box: Sandbox, eventually: Eventually
) -> None:
    connection = session.core.connection
    assert connection is not None
    connection._clock_offset -= 3600
    background.post(lambda _: connection._watch_clock())
    eventually(lambda: "ping" in calls(box))
    assert session.events()["what"].tolist()[-1] == "woke up"


# Other processes


def run_python(code: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_gets_an_error_and_its_parent_goes_on() -> None:
    ran = run_python("""
        import os, dpyauth
        session = dpyauth.login(sandbox=True)
        print(session.loginid)
        stream = session.stream("balance")
        child = os.fork()
        if child == 0:
            try:
                session.balance()
            except dpyauth.SessionClosed as error:
                assert "forked" in str(error)
                session.close()
                stream.close()
                os._exit(7)
            os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, session.balance()["loginid"].item(), session.state, session.health()["reconnects"],
              session.health()["streams"], stream.ended)
        session.close()
    """)
    assert ran.stdout.split() == ["DOT900003", "7", "DOT900003", "signed", "in", "0", "1", "False"], ran.stderr


@pytest.mark.parametrize("how", ["pass", "sys.exit()", "del session", "stream = session.stream('balance')"])
def test_a_program_that_never_closes_its_session_ends_quickly_and_silently(how: str) -> None:
    began = time.monotonic()
    ran = run_python(
        f"""
        import sys, dpyauth
        session = dpyauth.login(sandbox=True)
        session.call("ping")
        sys.stderr.write("---")
        {how}
        """,
        "-W",
        "error",
    )
    assert ran.returncode == 0
    assert ran.stderr.endswith("---"), ran.stderr
    assert ran.stdout == ""
    assert time.monotonic() - began < 15


def test_a_session_that_is_only_opened_and_never_closed_does_not_hold_up_the_end() -> None:
    ran = run_python(
        """
        import sys
        from dpyauth.credentials import api_token
        from dpyauth.sandbox import shared
        from dpyauth.session import Session
        from dpyauth.settings import settings
        box = shared()
        session = Session(settings(app_id=box.app_id, server=box.url))
        session.core.sign_in_and_wait(api_token(box.tokens[0].token, "a test"))
        """,
        "-W",
        "error",
    )
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "Traceback" not in ran.stderr


PUBLIC = """
account_status accounts aio api api_tokens apps apps_panel balance call calls can candles card cashier_problems close
currencies events exchange_rates expires explorer frame health help landing_company language legacy_accounts
legacy_statement limits login_history loginid logout markup migration mt5_accounts needs nickname partial
partner_overview portfolio profit_table sandbox settings site state statement status_flags stream switcher ticks
tokens_panel trading_times transfers use verification wallet_transactions wallets
"""


def test_completion_shows_the_public_names_and_no_others(session: Session) -> None:
    assert [name for name in dir(session) if not name.startswith("_")] == PUBLIC.split()
    assert all(inspect.getdoc(getattr(Session, name)) for name in PUBLIC.split())
