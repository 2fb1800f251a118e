"""Test a fleet: it answers as separate sessions do, over a limited number of connections, whatever fails."""

from __future__ import annotations

import asyncio
import pickle
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
import pytest
from helpers import on_thread

from dpyauth.errors import (
    DpyauthError,
    InvalidArgument,
    InvalidRequest,
    InvalidSetting,
    NotInThisApi,
    SessionClosed,
    UnknownName,
)
from dpyauth.fleets import Fleet, fleet, running
from dpyauth.fleets.members import Member
from dpyauth.notes import PeriodWarning
from dpyauth.progress import Progress
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

CANARY = "C4nary-fl33t-t0ken"
CLIENTS = {"Zoe": "sandbox-rich-all", "Ann": "sandbox-trouble-read", "Ben": "sandbox-new-read"}
LOGINIDS = ["CR900001", "CR900011", "VRTC900021"]


@pytest.fixture
def make(box: Sandbox) -> Iterator[Any]:
    """Return a function that opens fleets on the sandbox; they are closed afterwards."""
    made: list[Fleet] = []

    def make_one(credentials: Any = CLIENTS, **options: Any) -> Fleet:
        options = {"server": box.url, "app_id": box.app_id, "timeout": 10, **options}
        made.append(fleet(credentials, **options))
        return made[-1]

    yield make_one
    for each in made:
        each.close()


def members(clients: Fleet) -> Sequence[Member]:
    return clients._runner.members


def many(box: Sandbox, count: int) -> dict[str, str]:
    """Create this many users, each with a token."""
    people = [box.world.sign_up(f"{number}@example.com").accounts[0].loginid for number in range(count)]
    return {f"client {loginid}": box.world.create_token(loginid, "a test", ("read",), "").value for loginid in people}


@pytest.fixture
def most(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the largest number of connections and threads at a time."""
    seen = [0, 0]
    note = box.note

    def noted(*args: Any) -> None:
        seen[:] = max(seen[0], box.connections_open), max(seen[1], threading.active_count())
        note(*args)

    monkeypatch.setattr(box, "note", noted)
    return seen


def interrupt() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


# Answers


def test_answers_are_those_of_separate_sessions_in_the_given_order(make: Any, open_session: Any) -> None:
    clients = make()
    frame = clients.account_status()
    assert frame["name"].tolist() == list(CLIENTS)
    assert frame["loginid"].tolist() == LOGINIDS
    assert frame["error"].isna().all()
    alone = pd.concat([open_session(token).account_status() for token in CLIENTS.values()], ignore_index=True)
    pd.testing.assert_frame_equal(frame[list(alone.columns)], alone)
    assert list(frame.columns) == ["name", *alone.columns, "error"]
    assert frame.attrs["call"] == "get_account_status"
    assert frame.attrs["api"] == "v3"
    assert "loginid" not in frame.attrs


def test_money_of_each_member_is_in_its_own_currency(make: Any) -> None:
    clients = make({"Ann": "a1-sandbox-rich-usd", "Ben": "a1-sandbox-rich-btc"})
    markets = clients.limits("markets").groupby("name")["currency"].unique().map(list).to_dict()
    lifetime = clients.limits("transfers").query("period == 'lifetime'")
    assert markets == lifetime.groupby("name")["unit"].unique().map(list).to_dict() == {"Ann": ["USD"], "Ben": ["BTC"]}
    assert clients.frame("get_self_exclusion")["currency"].tolist() == ["USD", "BTC"]


@pytest.mark.parametrize("connections", [1, 3])
def test_every_kind_of_question(make: Any, connections: int) -> None:
    clients = make(connections=connections)
    assert clients.balance(decimal=True)["balance"].map(type).nunique() == 1
    statement = clients.statement(since="2026-09-01")
    assert statement["name"].unique().tolist() == ["Zoe", "Ann"]  # Ben has none, and no error either
    assert clients.call("ping")["result"].map(lambda reply: reply["ping"]).tolist() == ["pong"] * 3
    assert clients.migration()["result"].map(type).tolist() == [str] * 3
    assert clients.account_status(account="current").shape[0] == 3
    candles = clients.candles("R_100", "1h", since="2026-11-23", until="2026-11-23 05:00")
    assert candles.columns.tolist() == ["name", "time", "open", "high", "low", "close", "error"]


def test_both_apis_in_one() -> None:
    from dpyauth.sandbox import shared

    tokens = {"old": "sandbox-rich-all", "new": shared().options_tokens[0].token}
    with fleet(tokens, sandbox=True) as clients:
        frame = clients.balance()
    assert frame["error"].isna().all()
    assert frame["balance"].notna().all()
    assert frame["name"].unique().tolist() == ["old", "new"]


def test_a_call_missing_from_one_api_is_named_as_it_was_typed() -> None:
    from dpyauth.sandbox import shared

    new = shared().options_tokens[0].token
    with fleet({"old": "sandbox-rich-all", "new": new}, sandbox=True) as clients:
        error = clients.limits().set_index("name")["error"]["new"]
        assert error.startswith("fleet.limits(): Deriv's current API does not report ")
        assert "fleet.account_status()" in error
    with fleet({"new": new}, sandbox=True) as clients:
        with pytest.raises(NotInThisApi, match=r'^fleet\.call\("get_limits"\): '):
            clients.call("get_limits")
        with pytest.raises(NotInThisApi, match=r"^fleet\.limits\(\): "):
            clients.limits()


def test_failing_accounts_do_not_affect_the_others(make: Any, box: Sandbox) -> None:
    def broken() -> str:
        raise KeyError(CANARY)

    box.faults.error("Odd", "get_account_status", message="Not now")
    clients = make(
        {"first": "sandbox-rich-all", "unknown": "nobody", "no token": "a b", "broken": broken, "empty": lambda: None}
        | {"good": lambda: "sandbox-rich-btc"},
        connections=1,
    )
    frame = clients.account_status().set_index("name")
    assert frame["error"].isna().tolist() == [False] * 5 + [True]
    assert "Odd: Not now" in frame["error"]["first"]
    assert "InvalidToken" in frame["error"]["unknown"]
    assert "cannot be an API token" in frame["error"]["no token"]
    assert frame["error"]["broken"] == "Fetching the token failed (KeyError)."
    assert "No token for this name" in frame["error"]["empty"]
    assert frame["loginid"]["good"] == "CR900002"
    assert frame["flags"].map(type).tolist()[-1] is list


def test_all_accounts_fail(make: Any) -> None:
    frame = make({"Ann": "nobody", "Ben": "nobody-either"}).account_status()
    assert frame.columns.tolist() == ["name", "error"]
    assert frame["name"].tolist() == ["Ann", "Ben"]
    assert frame["error"].str.contains("InvalidToken").all()


def test_a_sign_in_that_is_never_answered(make: Any, box: Sandbox) -> None:
    box.faults.swallow("authorize")
    frame = make(timeout=3.0, connections=1).account_status()
    assert "did not answer the sign-in within 3 s" in frame["error"][0]
    assert frame["error"][1:].isna().all()


def test_a_fleet_recovers_from_a_break(make: Any, box: Sandbox, at_once: None) -> None:
    box.faults.drop("get_account_status")
    assert make().account_status()["error"].isna().all()


def test_a_bug_is_an_error_of_that_account(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(Session.balance, "steps", defect)
    assert make().balance()["error"].str.contains("ZeroDivisionError").all()


# Connections


def test_connections_are_limited_and_closed_afterwards(
    make: Any, box: Sandbox, most: list[int], eventually: Any
) -> None:
    clients = make(many(box, 40), connections=4)
    before = threading.active_count()
    frame = clients.account_status()
    assert frame["error"].isna().all()
    assert frame["loginid"].nunique() == 40
    assert frame["name"].tolist() == list(clients.names)
    assert box.connections_opened == 40
    assert most[0] == 4
    assert most[1] <= before + 1
    eventually(lambda: box.connections_open == 0)


def test_a_few_stay_connected_until_the_end(make: Any, box: Sandbox, eventually: Any) -> None:
    with make(connections=3) as clients:
        clients.balance()
        clients.account_status()
        assert box.connections_opened == box.connections_open == 3
        box.faults.revoke("sandbox-trouble-read")
        assert clients.balance()["error"].notna().tolist() == [False, True, False]
    eventually(lambda: box.connections_open == 0)
    with pytest.raises(SessionClosed, match="fleet is closed"):
        clients.balance()
    clients.close()
    assert repr(clients) == "<dpyauth fleet: 3 accounts, closed>"


def test_rate_limits_of_an_account_outlive_its_session(make: Any, box: Sandbox) -> None:
    clients = make(connections=1)
    clients.call("portfolio")
    clients.call("portfolio")
    budgets = [member.rate_limits["v3"] for member in members(clients)]
    assert len(set(map(id, budgets))) == 3
    assert [budget.left(0.0)["outcome"] for budget in budgets] == [23] * 3


def test_one_question_at_a_time(make: Any, box: Sandbox, most: list[int]) -> None:
    clients = make(many(box, 12), connections=2)
    asked = [on_thread(clients.balance) for _ in range(3)]
    assert [len(each.result(20)) for each in asked] == [12] * 3
    assert most[0] == 2


def test_closing_waits_for_the_question_under_way(make: Any, box: Sandbox, eventually: Any) -> None:
    clients = make()
    box.faults.delay(0.2, "balance", times=3)
    asked = on_thread(clients.balance)
    assert box.wait_until(lambda box: any(each.call == "balance" for each in box.received))
    clients.close()
    assert asked.result(5)["error"].isna().all()
    eventually(lambda: box.connections_open == 0)


# Interrupts


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread")
def test_an_interrupt_keeps_what_arrived_and_closes_everything(make: Any, box: Sandbox, eventually: Any) -> None:
    clients = make(connections=2)
    assert clients.partial is None
    box.faults.swallow("get_account_status", times=2)
    box.faults.error("Odd", "get_account_status")  # for the third account, if it were asked

    def stop() -> None:
        asked = lambda box: sum(each.call == "get_account_status" for each in box.received)  # noqa: E731
        assert box.wait_until(lambda box: asked(box) == 2)
        interrupt()

    stopper = on_thread(stop)
    with pytest.raises(KeyboardInterrupt):
        clients.account_status()
    stopper.result(5)
    assert clients.partial is None  # no answer had arrived
    eventually(lambda: box.connections_open == 0)
    assert all(member.session is None for member in members(clients))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread")
def test_what_arrived_before_an_interrupt(make: Any, box: Sandbox, eventually: Any) -> None:
    def wait() -> str:
        if not release.is_set():
            interrupt()
            release.wait(5)
        return "sandbox-new-read"

    release = threading.Event()
    clients = make({**CLIENTS, "Ben": wait}, connections=1)
    with pytest.raises(KeyboardInterrupt) as stopped:
        clients.account_status()
    release.set()
    frame = clients.partial
    assert frame is not None
    assert frame["loginid"].tolist()[:2] == LOGINIDS[:2]
    assert frame["error"].isna().tolist() == [True, True, False]
    assert "interrupted" in frame["error"][2]
    assert stopped.value.__notes__ == [
        "What had arrived is in the fleet's partial: 2 of 3 accounts. Run the cell again to get all."
    ]
    eventually(lambda: box.connections_open == 0)
    assert clients.balance()["error"].isna().all()  # the fleet keeps working
    assert clients.partial is None


def test_the_next_question_waits_until_an_interrupted_one_has_left(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, enter, leave = asyncio.Event(), running.enter, running.leave
    first = threading.Event()

    async def entering(*args: Any) -> None:
        await enter(*args)
        entered.set()

    async def leaving_late(members: Any) -> None:
        with suppress(TimeoutError):  # the next question gets this far only if it does not wait
            await asyncio.wait_for(entered.wait(), 0.3)
        await leave(members)

    def once() -> str:
        if not first.is_set():
            first.set()
            interrupt()
        return "sandbox-new-read"

    clients = make({"Ben": once})
    monkeypatch.setattr(running, "leave", leaving_late)
    monkeypatch.setattr(running, "enter", entering)
    with pytest.raises(KeyboardInterrupt):
        clients.balance()
    assert clients.balance()["error"].isna().all()


# Invalid questions and settings


def test_a_wrong_question_fails_at_once(make: Any, box: Sandbox) -> None:
    clients = make()
    with pytest.raises(InvalidArgument, match="takes no argument 'nonsense'"):
        clients.balance(nonsense=1)
    with pytest.raises(InvalidArgument, match="needs 'name'"):
        clients.call()
    with pytest.raises(InvalidRequest, match="no call named"):
        clients.call("pnig")
    for name in ("stream", "use", "logout", "health", "aio"):
        with pytest.raises(UnknownName, match="Methods of a fleet: account_status"):
            getattr(clients, name)
    for name, meant in (("acount_status", "account_status"), ("blance", "balance")):
        with pytest.raises(UnknownName, match=f"Did you mean '{meant}'"):
            getattr(clients, name)
    assert not hasattr(clients, "_account")
    assert box.connections_opened == 0
    with pytest.raises(InvalidRequest, match="no field"):
        clients.call("balance", nonsense=1)
    assert {"account_status", "statement", "close", "partial"} <= set(dir(clients))
    assert "one row" in clients.account_status.__doc__


@pytest.mark.parametrize(
    ("credentials", "options", "said"),
    [
        ({}, {}, "at least one"),
        ("sandbox-rich-all", {}, "mapping"),
        (5, {}, "mapping"),
        ({"": "x"}, {}, "name"),
        ({1: "x"}, {}, "name"),
        (["a", "a"], {"fetch": str}, "twice"),
        (["a"], {"fetch": 5}, "function"),
        (["a"], {"fetch": "os:nothing"}, "function"),
        (["a"], {"fetch": "no.such.module:function"}, "function"),
        (["a"], {"fetch": CANARY}, "function"),
        ({"a": "b"}, {"fetch": str}, "not both"),
        ({"a": "b"}, {"connections": 0}, "connections"),
        ({"a": "b"}, {"connections": True}, "connections"),
        ({"a": "b"}, {"timeout": 0}, "time-out"),
        ({"a": "b"}, {"app_id": "a b"}, "app ID"),
        ({"a": "b"}, {"api": "v4"}, "API"),
        ({"a": "b"}, {"server": "ws://example.com"}, "unencrypted"),
        ({"a": "b"}, {"sandbox": True, "server": "ws://127.0.0.1"}, "not both"),
        ({"a": "b"}, {"cluster": object()}, "names only"),
        (["a"], {"cluster": object(), "fetch": "os:getenv"}, "Client"),
        (["a"], {"cluster": object(), "fetch": lambda name: name}, "import"),
    ],
)
def test_invalid_settings(credentials: Any, options: Any, said: str) -> None:
    with pytest.raises(InvalidSetting, match=said) as refused:
        fleet(credentials, **options)
    assert CANARY not in str(refused.value)


# Progress


def test_progress_is_told_by_share_and_rows(make: Any, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[float | None, int]] = []
    monkeypatch.setattr(Progress, "at", lambda self, share, rows: told.append((share, rows)))
    monkeypatch.setattr(running, "EVERY", 0.01)
    box.faults.delay(0.05, "balance", times=3)
    make(connections=1).balance()
    assert told == sorted(told)
    assert (0.0, 0) in told
    assert (2 / 3, 2) in told


# Secrets


def test_no_token_turns_up_anywhere(make: Any, box: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    caplog.set_level(1, logger="websockets")
    box.world.issued[CANARY] = Token(CANARY, "CR900001", ("read",), "canary")
    box.faults.error("Odd", "get_account_status", message=f"You said {CANARY}", times=2)
    clients = make({"right": CANARY, "wrong": f"{CANARY}x", "no token": f"{CANARY} y", "good": "sandbox-new-read"})
    frames = [clients.account_status(), clients.balance(), clients.call("copy_start", copy_start=CANARY)]
    told = [clients, vars(clients), dir(clients), *members(clients), *[each.session for each in members(clients)]]
    told += [frame.to_string() + str(frame.attrs) + str(frame.to_dict()) for frame in frames[1:]]
    for question in (
        lambda: clients.call("copy_strat", copy_start=CANARY),
        lambda: clients.call("copy_start", copy_start=CANARY, x=1),
        lambda: fleet({"right": CANARY}, connections=0),
        lambda: fleet({"right": CANARY, 5: CANARY}),
    ):
        with pytest.raises(DpyauthError) as refused:
            question()
        seen = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
        told += [str(frame.locals) for frame in seen.stack if frame.filename != __file__] + [str(refused.value)]
    assert len(told) > 15
    assert CANARY not in "\n".join(map(str, told))
    assert CANARY not in caplog.text
    with pytest.raises(TypeError):
        pickle.dumps(clients)


def test_a_warning_about_omissions_comes_once_at_the_users_own_line(make: Any, box: Sandbox) -> None:
    some = {name: token for name, token in CLIENTS.items() if name != "Ben"}
    with pytest.warns(PeriodWarning, match="no ticks of R_50 from this period") as caught:
        whole = make(some).ticks("R_50", until="2022-01-01 00:13:22")
    assert [warning.filename for warning in caught] == [__file__]
    assert str(caught[0].message).startswith(whole.attrs["note"][:40])
