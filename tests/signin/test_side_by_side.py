"""Several accounts in one kernel: each profile has its own session, which other logins do not affect."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import keyring
import pytest
from keyring.backends.fail import Keyring as FailKeyring

import dpyauth
from dpyauth import _environment
from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError, NoCredential, NotSignedIn, SessionClosed
from dpyauth.panels.card import CardModel
from dpyauth.panels.sign_in import SignInModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.signin.current import close_sessions, open_sessions

RICH, TROUBLE = "rich", "trouble"
Login = Callable[..., Session]


@pytest.fixture
def login(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Call login() as a user of the sandbox, on either API."""
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    old = {RICH: "sandbox-rich-all", TROUBLE: "sandbox-trouble-read"}

    def login(who: str | None = None, api: str = "options", **how: Any) -> Session:
        side = box.side(api)
        token = None if who is None else old[who] if api == "v3" else box.options_token(who).token
        return dpyauth.login(token, **{"server": side.server, "app_id": side.app_id, "timeout": 5, **how})

    return login


BOTH = pytest.mark.parametrize(
    ("api", "mine", "theirs"), [("options", "DOT900003", "DOT900012"), ("v3", "CR900001", "CR900011")]
)


@BOTH
def test_another_profile_leaves_the_session_alone(login: Login, api: str, mine: str, theirs: str) -> None:
    session = login(RICH, api)
    trouble = login(TROUBLE, api, profile="trouble")
    for one, loginid in ((session, mine), (trouble, theirs)):
        assert one.state == "signed in"
        assert one.balance()["loginid"].item() == loginid
    assert open_sessions() == [session, trouble]
    trouble.close()
    assert session.call("ping")["ping"] == "pong"
    assert open_sessions() == [session]


@BOTH
def test_the_default_profile_leaves_other_sessions_alone(login: Login, api: str, mine: str, theirs: str) -> None:
    trouble = login(TROUBLE, api, profile="trouble")
    first = login(RICH, api)
    second = login(TROUBLE, api)
    assert (first.state, second.loginid, trouble.state) == ("closed", theirs, "signed in")
    with pytest.raises(SessionClosed, match=r"opened a new session.*profile="):
        first.balance()


def test_two_apis_side_by_side(login: Login) -> None:
    current, older = login(RICH), login(RICH, "v3", profile="v3")
    assert (current.api, older.api) == ("options", "v3")
    assert {one.state for one in (current, older)} == {"signed in"}


def test_two_accounts_of_one_token(login: Login) -> None:
    demo, real = login(RICH), login(RICH, profile="real", loginid="ROT900001")
    assert (demo.loginid, real.loginid) == ("DOT900003", "ROT900001")
    assert [one.balance()["loginid"].item() for one in (demo, real)] == ["DOT900003", "ROT900001"]


def test_panels_name_their_cells(login: Login, panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch) -> None:
    """They say what to run after a restart, and where to look after another login has replaced their session."""

    def run(cell: int | None) -> None:
        shell = cell and SimpleNamespace(history_manager=SimpleNamespace(input_hist_parsed=["code"] * (cell + 1)))
        monkeypatch.setattr(_environment, "kernel_shell", lambda: shell)

    run(None)
    login(RICH).close()
    assert panels[0].view()["back"] == "Run this cell again."
    assert panels[0].view()["ended"] == "This session is closed. Run the cell with login() for a new one."
    run(3)
    session = login(RICH)
    seen: list[str] = []
    run(5)
    card = CardModel(session)
    session.core.watch(lambda: seen.append(card.view()["back"]))
    assert panels[1].view()["back"] == "Run this cell, [3], again."
    assert card.view()["back"] == "Run cell [3], which signs in, then this one, [5]."
    assert card.view()["ended"] == ""
    run(7)
    assert login(RICH) is session
    assert seen[-1] == "Run cell [7], which signs in, then this one, [5]."
    run(9)
    newer = login(TROUBLE)
    assert newer is not session
    for model in (card, panels[1]):
        assert model.view()["ended"].startswith(
            "A later login(), in cell [9], replaced this session. Use the panel there"
        )
    assert card.as_text() == card.view()["ended"]
    run(None)
    newest = login(RICH)
    assert newest is not newer
    assert panels[-2].view()["ended"].startswith("A later login() replaced this session. Use")
    card.close()


@pytest.mark.parametrize("profile", ["default", "alice"])
def test_the_same_cell_again(login: Login, box: Sandbox, profile: str) -> None:
    session = login(RICH, profile=profile)
    session.balance()
    opened = box.connections_opened
    assert login(RICH, profile=profile, timeout=7) is session
    assert box.connections_opened == opened
    after = login(TROUBLE, profile=profile)
    assert (session.state, after.state) == ("closed", "signed in")
    with pytest.raises(SessionClosed, match="another"):
        session.balance()


def test_after_closing_there_is_a_new_one(login: Login) -> None:
    with login(RICH, profile="alice") as before:
        pass
    after = login(RICH, profile="alice")
    assert after is not before
    assert after.state == "signed in"


def test_several_at_the_same_time(login: Login) -> None:
    """As on a page for several users, each on its own thread."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: login(RICH, "v3", profile=name), ["a", "b", "c", "a"]))
    assert made[0] is made[3]
    assert len(set(map(id, made))) == 3
    assert {one.call("ping")["ping"] for one in made} == {"pong"}


@pytest.mark.parametrize("wrong", [None, "", "  ", 5, b"alice", ["alice"], object()])
def test_valid_profiles(login: Login, box: Sandbox, wrong: Any) -> None:
    with pytest.raises(DpyauthError, match="profile"):
        login(RICH, profile=wrong)
    assert box.received == []


# Panels and functions that use the current session


def test_each_has_a_panel_of_its_own(
    panels: list[SignInModel], login: Login, box: Sandbox, eventually: Callable[..., None]
) -> None:
    alice, bob = login(profile="alice"), login(profile="bob")
    models = list(panels)
    assert [model.session for model in models] == [alice, bob]
    assert login(profile="alice") is alice
    for model, who in zip(models, (RICH, TROUBLE), strict=True):
        model.token(Secret(box.options_token(who).token), box.options_app_id)
    eventually(lambda: alice.state == bob.state == "signed in")
    eventually(lambda: [model.view()["phase"] for model in models] == ["in", "in"])
    assert login(profile="alice") is alice  # running the cell again does not ask again
    assert alice.state == bob.state == "signed in"


def test_a_browser_sign_in_under_way_is_not_taken_over(panels: list[SignInModel], login: Login, box: Sandbox) -> None:
    login(profile="alice")
    alice = panels[-1]
    alice.browser(box.options_app_id, None, remember=False, redirect_url="https://example.org/back")
    login(profile="bob")
    login()
    assert alice.view()["phase"] == "browser"
    login(profile="alice")
    assert alice.view()["phase"] == "form"
    for model in panels:
        model.close()


def test_the_current_session(login: Login) -> None:
    alice = login(RICH, "v3", profile="alice")
    assert dpyauth.explorer().model.session is alice
    bob = login(RICH, "v3", profile="bob")
    for panel in (dpyauth.explorer, dpyauth.tokens, dpyauth.apps):
        with pytest.raises(NotSignedIn, match="Several sessions"):
            panel()
    mine = login(TROUBLE, "v3")
    assert dpyauth.explorer().model.session is mine
    assert bob.state == "signed in"


def test_the_check_up_counts_sessions(login: Login) -> None:
    kept = [login(RICH), login(RICH, "v3", profile="alice"), login(TROUBLE, profile="bob")]
    found = dpyauth.doctor(kept[0], timeout=2).checks.set_index("check")["found"]
    assert found["sessions open"] == "3 in this kernel: 2 with Deriv's current API, 1 with Deriv's older API (v3)"
    assert "alice" not in "".join(found)


# Remembering


def test_each_profile_remembers_its_own(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    kept = [login(who, profile=name, remember=True) for name, who in (("alice", RICH), ("bob", TROUBLE))]
    for session in kept:
        session.close()
    alice, bob = login(profile="alice"), login(profile="bob")
    assert (alice.loginid, bob.loginid) == ("DOT900003", "DOT900012")
    assert alice.state == "signed in"


# The end


@pytest.mark.parametrize("api", ["options", "v3"])
def test_a_session_without_a_name_is_closed_quietly(
    login: Login, box: Sandbox, api: str, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    kept = login(RICH, api)
    session = login(TROUBLE, api, profile="alice")
    session.balance()
    stream = session.stream("balance")
    kept.balance()
    assert box.connections_open == 2
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is not None  # the stream keeps a reference to it
    assert not stream.ended
    stream.close()
    del stream
    gc.collect()
    assert gone() is None
    assert box.wait_until(lambda box: box.connections_open == 1)
    assert kept.state == "signed in"
    assert kept.balance()["loginid"].item() == kept.loginid
    assert "Traceback" not in capfd.readouterr().err
    assert list(recwarn) == []


@pytest.mark.parametrize("api", ["options", "v3"])
def test_finished_work_keeps_no_reference_to_a_session(login: Login, box: Sandbox, api: str) -> None:
    session = login(RICH, api, profile="alice")
    str(session.card())
    session.statement()
    session.account_status(account="all")
    for call in ("partners_analytics_overview", "no such call"):  # over HTTP on options, whose connections stay open
        with suppress(DpyauthError):
            session.call(call)
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None
    assert box.wait_until(lambda box: box.connections_open == 0)


@pytest.mark.parametrize("api", ["options", "v3"])
def test_a_session_without_references_is_gone_at_once(login: Login, box: Sandbox, api: str) -> None:
    gc.collect()
    gc.disable()
    try:
        login(RICH, api, profile="alice").account_status()
        assert box.wait_until(lambda box: box.connections_open == 0)
    finally:
        gc.enable()
    assert open_sessions() == []


def test_a_panel_keeps_its_session(login: Login) -> None:
    panel = dpyauth.explorer(login(RICH, "v3", profile="alice"))
    gc.collect()
    assert panel.view["state"] == "signed in"
    assert login(RICH, "v3", profile="alice") is panel.model.session
    panel.close()


def test_a_closed_session_is_not_the_current_one_while_another_is_open(login: Login) -> None:
    session = login(RICH, "v3")
    alice = login(RICH, "v3", profile="alice")
    session.close()
    with closing(dpyauth.explorer()) as panel:
        assert panel.model.session is alice
    trouble = login(TROUBLE, "v3", profile="trouble")
    with pytest.raises(NotSignedIn, match="Several"):
        dpyauth.explorer()
    alice.close()
    trouble.close()
    with closing(dpyauth.explorer()) as panel:
        assert panel.model.session is session


def test_an_awaited_question_keeps_its_session(login: Login) -> None:

    async def ask() -> str:
        question = login(RICH, profile="alice").aio.balance()
        gc.collect()
        return str((await question)["loginid"].item())

    assert asyncio.run(ask()) == "DOT900003"


def test_at_the_end_of_the_program_all_are_closed(login: Login) -> None:
    made = [login(RICH), login(RICH, "v3", profile="alice")]
    close_sessions()
    assert [one.state for one in made] == ["closed", "closed"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_leaves_the_parents_alone(login: Login, box: Sandbox) -> None:
    session = login(RICH, "v3", profile="alice")
    child = os.fork()
    if child == 0:
        try:
            del session
            gc.collect()
            close_sessions()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert session.call("ping")["ping"] == "pong"
    assert box.connections_open == 1


def test_a_thread_of_an_app_finds_the_session_of_no_visitor(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = threading.local()  # marimo knows only its own threads
    marimo = SimpleNamespace(
        running_in_notebook=lambda: hasattr(visitor, "page"),
        app_meta=lambda: SimpleNamespace(request=object(), mode=visitor.page),
    )
    monkeypatch.setitem(sys.modules, "marimo", cast("ModuleType", marimo))
    visitor.page = "run"
    assert open_sessions() == []
    with ThreadPoolExecutor(1) as pool:  # set by the app, so it is for all visitors
        mine = pool.submit(login, RICH).result()
        assert mine.state == "signed in"
        assert pool.submit(open_sessions).result() == []
        for ask in (None, True, "prompt"):
            with pytest.raises(NoCredential, match="in a cell"):
                pool.submit(login, ask=ask).result()
        theirs = pool.submit(login, TROUBLE).result()
    assert [mine.state, theirs.state] == ["signed in", "signed in"]
    assert open_sessions() == []
    mine.close()
    theirs.close()
