"""Interrupt every line of dpyauth that runs on the user's thread, one after the other.

After each interrupt, the cell is free, and three things hold: the user is told about a change that was sent, nothing
stays open without a way to close it, and the next call works.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import dpyauth
from dpyauth.net import connection
from dpyauth.net.loop import background
from dpyauth.net.rate_limits import RateLimits
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.signin.current import close_sessions

Eventually = Callable[..., None]
PACKAGE = str(Path(dpyauth.__file__).parent) + os.sep
SANDBOX = PACKAGE + "sandbox" + os.sep
CHANGE = "app_register"
FIELDS: dict[str, Any] = {"name": "Mine", "scopes": ["read"]}
MOST = 3_000
"""More lines than any of these paths has."""


class Interrupt:
    """Interrupt this thread at one of the lines of dpyauth that it runs, and count them."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.count = 0
        self.where = ""
        self.task: asyncio.Task[Any] | None = None  # the one that was interrupted

    @property
    def struck(self) -> bool:
        return bool(self.where)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(PACKAGE) or file.startswith(SANDBOX):
            return None
        if event == "line":
            self.count += 1
            if self.count == self.line:
                self.where = f"{file.removeprefix(PACKAGE)}:{frame.f_lineno}"
                self.task = asyncio.current_task() if asyncio._get_running_loop() else None
                raise KeyboardInterrupt
        return self


@contextmanager
def interrupted(line: int) -> Iterator[Interrupt]:
    """Interrupt the block at this line."""
    interrupt, before = Interrupt(line), sys.gettrace()
    sys.settrace(interrupt)
    try:
        yield interrupt
    finally:
        sys.settrace(before)


def each_line(once: Callable[[int], Interrupt]) -> int:
    """Interrupt a function at its first line, then at its second, to its end; return the number of lines."""
    for line in range(1, MOST):
        if not once(line).struck:
            return line - 1
    raise AssertionError("the function has too many lines")


def settled() -> None:
    """Wait until the background thread has finished its work."""
    done = threading.Event()
    background.post(lambda _: done.set())
    assert done.wait(10)


def notes(error: BaseException | None) -> str:
    """Return the notes of an error and of the errors before it."""
    said = []
    while error is not None:
        said += getattr(error, "__notes__", [])
        error = error.__context__
    return " ".join(said)


_TOLD = "had already been sent|was sent, but no answer came"


def is_told(error: BaseException | None) -> bool:
    """Return whether an error, or one that it interrupted, says that the change may have happened."""
    if error is None or isinstance(error, dpyauth.OutcomeUnknown) or re.search(_TOLD, notes(error)):
        return error is not None
    return is_told(error.__context__)


def sent(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


def at_deriv(box: Sandbox) -> int:
    """Return the number of streams that the sandbox keeps."""
    found: list[int] = []
    box.run(lambda: found.append(sum(len(client.connection.streams) for client in box.sockets)))
    return found[0]


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lift the rate limits for hundreds of calls in a row."""
    monkeypatch.setattr(RateLimits, "wait", lambda self, lane, now: 0.0)
    monkeypatch.setattr(connection, "CLOCK_EVERY", 0.05)


@pytest.fixture
def session(session: Session) -> Session:
    session.balance()  # imports on first use have a test of their own
    return session


def told(box: Sandbox, before: int, error: BaseException | None, where: str) -> None:
    """Check that the caller is told if the change was sent, and that no note says so if it was not."""
    settled()
    left = sent(box, CHANGE) > before
    assert is_told(error) >= left, f"interrupted at {where}: sent, but the caller is not told"
    if not left:
        assert "carried it out" not in notes(error), where


@pytest.mark.parametrize("answered", [True, False])
def test_a_change(session: Session, box: Sandbox, answered: bool, eventually: Eventually) -> None:
    def once(line: int) -> Interrupt:
        if not answered:
            box.faults.swallow(CHANGE)
        before, error = sent(box, CHANGE), None
        with interrupted(line) as interrupt:
            try:
                session.call(CHANGE, timeout=30 if answered else 0.02, **FIELDS)
            except (KeyboardInterrupt, dpyauth.OutcomeUnknown) as stopped:
                error = stopped
        box.faults.clear()
        if interrupt.struck:
            told(box, before, error, interrupt.where)
        assert session.call("ping", timeout=10)["ping"] == "pong"
        return interrupt

    assert each_line(once) > 100
    eventually(lambda: not session.core.connection or not session.core.connection.protocol.is_awaited)


def test_a_change_that_is_awaited(session: Session, box: Sandbox) -> None:
    def once(line: int) -> Interrupt:
        async def main() -> None:
            with interrupted(line) as interrupt:
                found.append(interrupt)
                await session.aio.call(CHANGE, **FIELDS)

        found: list[Interrupt] = []
        before, error = sent(box, CHANGE), None
        try:
            asyncio.run(main())
        except KeyboardInterrupt as stopped:
            error = stopped
        # asyncio.run cancels the task at an interrupt, so that no interrupt hits code that the loop itself calls.
        if found[0].struck and found[0].task is not None:
            told(box, before, error, found[0].where)
        assert session.call("ping", timeout=10)["ping"] == "pong"
        return found[0]

    assert each_line(once) > 100


def test_a_change_over_http(open_options: Any, box: Sandbox) -> None:
    session = open_options("rich")
    account = next(loginid for loginid in session.core.grants if loginid.startswith("DOT"))

    def once(line: int) -> Interrupt:
        before, error = sent(box, "reset_demo_balance"), None
        with interrupted(line) as interrupt:
            try:
                session.call("reset_demo_balance", account_id=account)
            except KeyboardInterrupt as stopped:
                error = stopped
        if interrupt.struck:
            settled()
            left = sent(box, "reset_demo_balance") > before
            assert is_told(error) >= left, interrupt.where
        assert session.call("ping", timeout=10)["ping"] == "pong"
        return interrupt

    assert each_line(once) > 100


@pytest.mark.parametrize("lost", [False, True])
def test_a_transfer(open_options: Any, box: Sandbox, lost: bool, eventually: Eventually) -> None:
    """At any line: if the transfer was sent, the interrupt gives its request ID, and the session lists it."""
    session = open_options("rich")
    call, fields = "payment_agent_transfer", {"to_nickname": "sandbox_moved", "amount": "1.00", "currency": "USD"}
    status = json.dumps({"data": {"status": "complete", "transaction_id": 7}, "errors": []})

    def once(line: int) -> Interrupt:
        box.faults.http(*((502, call) if lost else (200, call, 1, status)))
        box.faults.http(200, f"{call}_status", body=status)
        before, listed, error = sent(box, call), len(session.transfers()), None
        with interrupted(line) as interrupt:
            try:
                session.call(call, data=fields)
            except KeyboardInterrupt as stopped:
                error = stopped
        if interrupt.struck:
            settled()
            eventually(lambda: "under_way" not in session.transfers()["outcome"].tolist())
            new = session.transfers().iloc[listed:]
            may_have_left = set(new["outcome"]) - {"not_sent"}
            assert len(may_have_left) >= (sent(box, call) > before), interrupt.where
            assert is_told(error) >= bool(may_have_left), interrupt.where
            if may_have_left:
                assert new["request_id"].item() in notes(error), interrupt.where
        box.faults.clear()
        assert session.call("ping", timeout=10)["ping"] == "pong"
        return interrupt

    assert each_line(once) > 100
    assert session.transfers()["outcome"].iloc[-1] == ("looked_up" if lost else "done")


def test_a_loop_of_changes_ended_by_real_signals(session: Session, box: Sandbox) -> None:
    """Interrupt as a kernel does, at whatever line is running."""
    import signal
    import time

    main = threading.main_thread().ident
    assert main is not None
    told_of = 0
    for number in range(60):
        before, done, error = sent(box, CHANGE), 0, None
        timer = threading.Timer(0.001 + number % 20 * 0.0004, signal.pthread_kill, [main, signal.SIGINT])
        try:
            timer.start()
            while time.monotonic():
                session.call(CHANGE, **FIELDS)
                done += 1
        except KeyboardInterrupt as stopped:
            error = stopped
        timer.join()
        session.call("ping")  # this reaches the sandbox after everything that was sent before
        left = sent(box, CHANGE) - before - done
        assert left in (0, 1)
        assert is_told(error) >= bool(left)
        told_of += left
    assert session.call("ping")["ping"] == "pong"


def test_a_stream(session: Session, box: Sandbox, eventually: Eventually) -> None:
    session.stream("ticks", ticks="R_100").close()

    def once(line: int) -> Interrupt:
        def use() -> None:
            with session.stream("ticks", ticks="R_100") as stream:
                stream.next(10)

        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            use()
        settled()
        assert session.call("ping", timeout=10)["ping"] == "pong"
        if at_deriv(box):  # closed by now, or not yet assigned to a name
            gc.collect()
            eventually(lambda: at_deriv(box) == 0)
        protocol = session.core.connection and session.core.connection.protocol
        assert protocol is not None
        eventually(lambda: protocol.streams == 0)
        return interrupt

    assert each_line(once) > 150


def test_a_history(session: Session, box: Sandbox) -> None:
    whole = len(session.statement())

    def once(line: int) -> Interrupt:
        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            session.statement()
        assert session.call("ping", timeout=10)["ping"] == "pong"
        return interrupt

    # Building the frame takes a thousand lines that do not matter here: every 17th line is enough.
    for line in range(1, MOST, 17):
        if not once(line).struck:
            break
    assert len(session.statement()) == whole


def test_a_history_that_continues_where_it_was_interrupted(
    open_options: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dpyauth.session.wallets.PAGE", 100)
    session = open_options("partner")
    whole = session.wallet_transactions("partner")["transaction_id"].tolist()
    assert len(whole) == 150

    def once(line: int) -> Interrupt:
        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            session.wallet_transactions("partner")
        assert session.wallet_transactions("partner")["transaction_id"].tolist() == whole, interrupt.where
        return interrupt

    # The same lines run for each of the rows: with every 151st, each of them is interrupted at some row.
    for line in range(1, 10 * MOST, 151):
        if not once(line).struck:
            break
    else:
        raise AssertionError("the function has too many lines")


@pytest.mark.parametrize("api", ["v3", "options"])
def test_signing_in(box: Sandbox, api: str, eventually: Eventually, capsys: Any) -> None:
    token, server, app_id = "sandbox-rich-all", box.url, str(box.app_id)
    if api == "options":
        token, server, app_id = box.options_token("rich").token, box.rest, box.options_app_id
    descriptors = Path("/proc/self/fd")

    def enter() -> Session:
        return dpyauth.login(token, ask=False, timeout=10, server=server, app_id=app_id)

    def leave() -> None:
        close_sessions()
        eventually(lambda: not any(thread.name == "dpyauth" for thread in threading.enumerate()))
        eventually(lambda: box.connections_open == 0)

    enter()
    leave()
    gc.collect()
    opened = len(list(descriptors.iterdir())) if descriptors.exists() else 0

    def once(line: int) -> Interrupt:
        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            enter()
        leave()
        return interrupt

    assert each_line(once) > 100
    gc.collect()
    if descriptors.exists():
        eventually(lambda: len(list(descriptors.iterdir())) <= opened)
    assert enter().call("ping")["ping"] == "pong"
    leave()


def test_closing(box: Sandbox, open_session: Any, eventually: Eventually) -> None:
    def once(line: int) -> Interrupt:
        session = open_session()
        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            session.close()
        session.close()  # closing ends what an interrupt has left open
        assert session.state == "closed"
        eventually(lambda: box.connections_open == 0)
        eventually(lambda: not any(thread.name == "dpyauth" for thread in threading.enumerate()))
        return interrupt

    assert each_line(once) > 10


def test_switching(box: Sandbox, open_options: Any, eventually: Eventually) -> None:
    """An interrupted switch leaves the session on one of the two accounts, signed in."""
    session = open_options("rich")
    accounts = list(session.core.grants)

    def once(line: int) -> Interrupt:
        target = next(loginid for loginid in accounts if loginid != session.loginid)
        with interrupted(line) as interrupt, suppress(KeyboardInterrupt):
            session.use(target)
        settled()
        eventually(lambda: box.connections_open == 1)
        assert session.balance()["loginid"].tolist() == [session.loginid]
        return interrupt

    assert each_line(once) > 40


def test_a_fleet_of_changes(box: Sandbox) -> None:
    with dpyauth.fleet({"Ann": "sandbox-rich-all"}, server=box.url, app_id=box.app_id) as fleet:
        fleet.call("ping")

        def once(line: int) -> Interrupt:
            before, error = sent(box, CHANGE), None
            with interrupted(line) as interrupt:
                try:
                    fleet.call(CHANGE, **FIELDS)
                except KeyboardInterrupt as stopped:
                    error = stopped
            if interrupt.struck:
                settled()
                left = sent(box, CHANGE) > before
                known = is_told(error) or "What had arrived" in notes(error)
                assert known >= left, interrupt.where
            return interrupt

        for line in range(1, MOST, 5):
            if not once(line).struck:
                break
        assert fleet.call("ping")["error"].isna().all()


IMPORTING = """
import json, sys, threading
import dpyauth
session = dpyauth.login("sandbox-rich-all", server=sys.argv[1], app_id=1089, ask=False)

def interrupt(frame, event, argument):
    global left
    if threading.current_thread() is threading.main_thread() and event == "line":
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
    return interrupt

left = int(sys.argv[2])
sys.settrace(interrupt)
try:
    session.balance()
except KeyboardInterrupt:
    pass
sys.settrace(None)
print(json.dumps([left, session.balance()["loginid"].tolist()]))
"""


@pytest.mark.parametrize("line", [1, 30, 300, 1_000, 3_000, 10_000, 100_000])
def test_interrupts_of_first_imports(box: Sandbox, line: int) -> None:
    """An interrupt in the middle of the first import of pandas leaves pandas importable."""
    import subprocess

    command = [sys.executable, "-c", IMPORTING, box.url, str(line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[1] == ["CR900001"]
