"""Test forks: the child starts anew, because threads do not survive a fork, and its parent continues undisturbed."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import dpyauth
from dpyauth import SessionClosed, _forks, _imports
from dpyauth.net.loop import background
from dpyauth.oauth.listener import Listener
from dpyauth.panels.held_token import HeldToken
from dpyauth.sandbox import Sandbox, shared
from dpyauth.secret import Secret
from dpyauth.storage import file

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

Eventually = Callable[..., None]
APIS = ("options", "v3")


def forked(work: Callable[[], Any], patience: float = 30.0) -> Callable[[], Any]:
    """Do this work in a forked child; return a function that waits for the child and returns its result."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python may warn about forking with threads running
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(40)  # a child that hangs must not outlive its test
            try:
                told = {"made": work()}
            except BaseException:
                told = {"error": traceback.format_exc()}
            os.write(theirs, json.dumps(told).encode()[:60_000])
        finally:
            os._exit(0)
    os.close(theirs)

    def made() -> Any:
        ready, _, _ = select.select([ours], [], [], patience)
        text = os.read(ours, 65_536) if ready else b""
        os.close(ours)
        if not text:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert text, "the child hangs" if not ready else "the child died"
        told = json.loads(text)
        assert "error" not in told, told["error"]
        return told["made"]

    return made


def in_child(work: Callable[[], Any]) -> Any:
    return forked(work)()


def sign_in(box: Sandbox, api: str) -> dpyauth.Session:
    side = box.side(api)
    return dpyauth.login(side.tokens[0].token, app_id=side.app_id, server=side.server, api=api, timeout=20)


def balance_of(session: dpyauth.Session) -> Any:
    return session.call("balance")["balance"]["loginid"]


def why(work: Callable[[], Any]) -> str:
    with pytest.raises(SessionClosed) as caught:
        work()
    return str(caught.value)


# Signing in


@pytest.mark.parametrize("api", APIS)
def test_a_child_and_its_child_sign_in_anew_and_the_parent_goes_on(box: Sandbox, api: str) -> None:
    session = sign_in(box, api)
    stream = session.stream("ticks", ticks="R_100")
    loginid = balance_of(session)

    def child() -> Any:
        own = sign_in(box, api)
        asked = [balance_of(own), asyncio.run(_balance(own)), own is session, sign_in(box, api) is own]
        with own.stream("ticks", ticks="R_50") as ticks:
            asked.append(ticks.next(10)["tick"]["symbol"])
        session.close()
        stream.close()
        theirs = in_child(lambda: [balance_of(sign_in(box, api)), own.state, session.state])
        return [*asked, theirs, balance_of(own)]

    assert in_child(child) == [loginid, loginid, False, True, "R_50", [loginid, "closed", "closed"], loginid]
    assert balance_of(session) == loginid
    assert stream.next(10)["tick"]["symbol"] == "R_100"
    assert session.health()["reconnects"] == 0
    assert session.state == "signed in"


async def _balance(session: dpyauth.Session) -> Any:
    return (await session.aio.call("balance"))["balance"]["loginid"]


def test_a_child_has_a_sandbox_of_its_own(nothing_left: None) -> None:
    theirs = shared()

    def child() -> Any:
        session = dpyauth.login(sandbox=True)
        return [balance_of(session), shared().url != theirs.url, repr(theirs)]

    assert in_child(child) == ["DOT900003", True, "<dpyauth sandbox not running>"]


@pytest.mark.parametrize("api", APIS)
def test_a_thread_may_fork(box: Sandbox, api: str) -> None:
    session = sign_in(box, api)
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(in_child(lambda: balance_of(sign_in(box, api)))))
    thread.start()
    thread.join()
    assert made == [balance_of(session)]


def test_the_background_thread_may_fork(box: Sandbox, eventually: Eventually) -> None:
    session = sign_in(box, "v3")
    waits: list[Callable[[], Any]] = []
    background.post(lambda _: waits.append(forked(lambda: balance_of(sign_in(box, "v3")))))
    eventually(lambda: waits)
    assert waits[0]() == balance_of(session)


def test_a_fleet_works_in_a_child(box: Sandbox) -> None:
    tokens = {sample.label: sample.token for sample in box.options_tokens[:2]}
    with dpyauth.fleet(tokens, app_id=box.options_app_id, server=box.rest, api="options") as clients:
        asked = clients.balance()["error"].isna().tolist()
        clients._turn.acquire()  # a question under way
        try:
            assert in_child(lambda: clients.balance()["error"].isna().tolist()) == asked == [True, True]
        finally:
            clients._turn.release()


# What belongs to the parent


def is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


@pytest.mark.parametrize("api", APIS)
def test_a_session_of_the_parent_refuses_every_question_in_a_child(box: Sandbox, api: str) -> None:
    session = sign_in(box, api)
    stream = session.stream("balance")
    loginid = session.loginid
    assert loginid is not None

    def child() -> Any:
        said = [
            why(lambda: session.balance()),
            why(lambda: session.balance("all")),
            why(lambda: session.logout()),
            why(lambda: session.use(loginid)),
            why(lambda: session.stream("balance")),
            why(lambda: session.statement()),
            why(lambda: asyncio.run(_balance(session))),
            why(lambda: stream.next(1)),
        ]
        return [sum("forked" in each for each in said), repr(session), session.loginid, stream.ended]

    with session.core._lock:  # another thread is using the loop
        assert in_child(child) == [8, "<dpyauth session: closed>", None, True]
    assert session.state == "signed in"


def test_a_child_that_uses_the_loops_of_its_parent_does_not_disturb_them(box: Sandbox) -> None:
    session = sign_in(box, "v3")
    loop = background.loop
    connection = session.core.connection
    assert connection is not None

    def child() -> Any:
        socket = connection._socket
        assert socket is not None
        socket.transport.write(b"\x88\x80\x00\x00\x00\x00")  # a WebSocket's closing frame
        socket.transport.abort()
        loop.remove_reader(loop._ssock.fileno())  # type: ignore[attr-defined]
        loop.run_forever()  # as at the end of the loop's thread
        loop.close()
        return True

    assert loop.is_running()
    asyncio_running = in_child(lambda: _without_thread(loop, child))
    assert asyncio_running is True
    assert balance_of(session) == "CR900001"
    assert session.health()["reconnects"] == 0


def _without_thread(loop: Any, work: Callable[[], Any]) -> Any:
    loop._thread_id = None  # the thread that ran it does not exist in the child
    return work()


def test_a_child_keeps_no_port_of_its_parent(eventually: Eventually) -> None:
    box = Sandbox().start()
    listener = Listener("http://127.0.0.1:0/back", lambda query: query)
    port = int(listener.url.split(":")[2].split("/")[0])
    gate, opened = os.pipe()
    wait = forked(lambda: os.read(gate, 1).decode())
    listener.close()
    box.stop()
    for each in (port, box.port):
        eventually(lambda each=each: is_free(each))
    Listener(f"http://127.0.0.1:{port}/back", lambda query: query).close()
    Sandbox(box.port).start().stop()
    os.write(opened, b"x")
    assert wait() == "x"


def test_a_child_ends_at_once_in_spite_of_what_its_parent_has_started() -> None:
    box = Sandbox().start()
    listener = Listener("http://127.0.0.1:0/back", lambda query: query)

    def child() -> Any:
        began = time.monotonic()
        listener.close()
        box.stop()
        box.register_app("An app", "https://example.org")
        with box.start():
            assert box.wait_until(lambda box: True)
        return time.monotonic() - began < 10

    assert in_child(child)
    assert not listener.future.done()
    listener.close()
    box.stop()


def test_a_token_kept_for_a_retry_does_not_outlive_its_timer_in_a_child() -> None:
    kept = HeldToken(lambda: None)
    kept.keep(Secret("C4nary-token"), "v3")
    assert in_child(lambda: [kept.api, kept.get("v3") is None]) == ["", True]
    assert kept.api == "v3"
    kept.drop()


def test_a_child_does_not_keep_the_file_of_credentials_locked(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "path", lambda: tmp_path / "dpyauth" / "credentials.json")
    monkeypatch.setattr(file, "PATIENCE", 0.1)
    gate, opened = os.pipe()
    with file.locked():
        wait = forked(lambda: os.read(gate, 1).decode())
    with file.locked():
        pass
    os.write(opened, b"x")
    assert wait() == "x"


# When a fork may happen


def test_a_fork_waits_for_an_import_on_another_thread(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\nstarted.set()\ntime.sleep(0.3)\ndone = True\n")
    started = threading.Event()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("builtins.started", started, raising=False)

    def load(_: Any = None) -> None:
        import slow_to_import  # type: ignore[import-not-found] # noqa: F401

    background.post(load)
    started.wait()
    try:
        assert in_child(lambda: __import__("slow_to_import").done)
    finally:
        sys.modules.pop("slow_to_import", None)


def test_a_fork_waits_for_the_background_thread_only_for_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_forks, "PATIENCE", 0.05)
    busy, go_on = threading.Event(), threading.Event()

    def work(_: Any) -> None:
        busy.set()
        go_on.wait()

    background.post(work)
    busy.wait()
    try:
        assert in_child(lambda: 1) == 1
    finally:
        go_on.set()


def test_packages_can_be_imported_while_a_public_name_is_imported() -> None:
    """Importing a public name holds up forks; an import on another thread that is part of it must not wait for that."""

    def load() -> bool:
        sys.modules.pop("colorsys", None)
        with _forks.importing:
            _imports.load("colorsys")
        return "colorsys" in sys.modules

    assert in_child(load)
