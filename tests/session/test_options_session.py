"""Test sessions of the options API on real sockets, against the sandbox and its faults."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from helpers import on_thread

from dpyauth import _environment
from dpyauth.apis.options import options_sign_in
from dpyauth.apis.options.options_sign_in import OptionsSignIn
from dpyauth.credentials import Credential, Secret, Tokens, access_token, api_token
from dpyauth.errors import (
    ApiError,
    BadReply,
    CallTimeout,
    ConnectionFailed,
    DpyauthError,
    InvalidRequest,
    InvalidSetting,
    MissingScope,
    NotInThisApi,
    NotSignedIn,
    OutcomeUnknown,
    PermissionDenied,
    SessionClosed,
    SignInRefused,
)
from dpyauth.net.loop import background
from dpyauth.oauth.tokens import http_client, refresh
from dpyauth.panels import account_view
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.registry import OPTIONS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.texts import texts

WORDS = texts("card", language="en")
Open = Callable[..., Session]
Eventually = Callable[..., None]

DEMO, REAL = "DOT900003", "ROT900001"
BACK = "http://localhost/back"


def _json(code: str, message: str) -> str:
    return json.dumps({"errors": [{"status": 401, "code": code, "message": message}]})


def calls(box: Sandbox, call: str) -> int:
    """Return how often the sandbox has received a call."""
    return [received.call for received in box.received].count(call)


def arrived(box: Sandbox, call: str, times: int = 1) -> None:
    """Wait until the sandbox has received a call."""
    assert box.wait_until(lambda box: calls(box, call) >= times)


def pat(box: Sandbox, label: str = "rich") -> Credential:
    return access_token(box.options_token(label).token, "a test")


class Browser:
    """The result of a browser sign-in, without the browser."""

    def __init__(self, box: Sandbox, loginid: str = DEMO, scopes: tuple[str, ...] = ("trade",)) -> None:
        self.box = box
        self.app_id = box.register_options_app("A test", BACK, scopes)
        self.scopes = scopes
        self.person = box.options.person(loginid)
        self.renewed = 0

    def credential(self, left: float | None = 3600.0, *, renewable: bool = True) -> Credential:
        """Return a credential whose token ends in this many seconds by this machine's clock."""
        self.box.options.gives_refresh_tokens = renewable
        holder, again = self.box.run(lambda: self.box.options.issue(self.app_id, self.person, self.scopes))
        tokens = Tokens(
            Secret(holder.value),
            Secret(again) if again else None,
            None if left is None else time.time() + left,
            self.scopes,
        )
        return Credential(tokens.access, "a test", tokens, self.renew)

    async def renew(self, token: Secret) -> Tokens:
        self.renewed += 1
        async with http_client(self.box.auth_host) as http:
            return await refresh(self.app_id, token, http, self.box.auth_host)


@pytest.fixture
def session(open_options: Open) -> Session:
    """Sign in with a personal access token of every scope, to the demo account."""
    return open_options()


@pytest.fixture
def browser(box: Sandbox) -> Browser:
    return Browser(box)


def token_of(session: Session) -> Any:
    access = session.core.sign_in
    assert access is not None
    return access.credential.token


# The state of the account


def test_the_state_of_the_account_takes_one_call_over_http(session: Session, box: Sandbox) -> None:
    before = len(box.received)
    for account in ("current", DEMO, REAL, "all"):
        session.account_status(account)
    assert [received.call for received in box.received[before:]] == ["get_accounts"] * 4


def test_the_state_of_the_account_waits_for_no_socket(
    session: Session, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    box.faults.refuse(503, times=1_000_000)
    box.faults.drop()
    eventually(lambda: session.state == "reconnecting")
    assert session.account_status()["loginid"].tolist() == [DEMO]
    assert session.account_status("all")["loginid"].tolist() == [REAL, DEMO]
    assert session.state == "reconnecting"


# Signing in


def test_signing_in(session: Session, box: Sandbox) -> None:
    assert repr(session) == f"<dpyauth session: signed in, {DEMO} (USD, demo)>"
    assert session.api == "options"
    assert list(session.core.grants) == [REAL, DEMO]
    assert (calls(box, "get_accounts"), calls(box, "otp"), calls(box, "balance")) == (1, 1, 1)


def test_the_requested_account(open_options: Open, box: Sandbox) -> None:
    credential = pat(box)
    session = open_options(credential, loginid=REAL)
    assert repr(session) == f"<dpyauth session: signed in, {REAL} (USD, sample)>"
    assert session.core.grants == {REAL: credential, DEMO: credential}
    assert session.core.remarks == ""  # this account was asked for


def test_facts_about_the_account_belong_to_that_account(open_options: Open, box: Sandbox) -> None:
    session = open_options(kept="DOT1")
    assert (
        session.core.remarks == f"The remembered account DOT1 is no longer available. This is the demo account {DEMO}."
    )
    session.use(REAL)
    assert session.core.remarks == ""


def test_an_inactive_account_is_not_the_first_choice(open_options: Open) -> None:
    session = open_options("trouble")
    assert session.loginid == "DOT900012"
    with pytest.raises(ApiError, match="inactive"):
        session.use("ROT900011")
    assert session.loginid == "DOT900012"


def test_an_inactive_demo_account_is_no_reason_to_take_the_real_one(open_options: Open, box: Sandbox) -> None:
    demo = next(account for account in box.options.person(DEMO).accounts if account.is_virtual)
    demo.disabled = True
    with pytest.raises(ApiError, match="inactive") as refused:
        open_options()
    assert refused.value.__notes__ == [
        f"{DEMO} is the demo account, and dpyauth does not use real money unless you ask for it. To use {REAL} "
        f'instead, name it: dpyauth.login(loginid="{REAL}").'
    ]
    assert open_options(loginid=REAL).loginid == REAL


@pytest.mark.parametrize("gone", [DEMO, REAL])
def test_a_reconnection_leads_to_no_other_account(
    open_options: Open, box: Sandbox, at_once: None, eventually: Eventually, gone: str
) -> None:
    """Whatever Deriv lists by then, and in whatever order."""
    session = open_options(loginid=gone)
    people = box.options.person(DEMO).accounts
    people.reverse()
    box.faults.drop()
    arrived(box, "otp", 2)
    assert session.balance()["loginid"].tolist() == [gone]
    people[:] = [account for account in people if account.loginid != gone]
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(NotSignedIn, match="AccountNotFound"):
        session.balance()


def test_signing_in_with_the_browser(open_options: Open, browser: Browser) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    assert session.state == "signed in"
    assert session.core.active_account is not None
    assert session.core.active_account.scopes == ("trade",)


def test_without_a_sign_in(open_options: Open, box: Sandbox) -> None:
    session = open_options(None)
    assert session.call("ping")["ping"] == "pong"
    for call in ("balance", "get_accounts", "health"):
        with pytest.raises(NotSignedIn) as refused:
            session.call(call)
        assert refused.value.call == call
    assert calls(box, "otp") == 0


def test_without_an_app_id(box: Sandbox) -> None:
    with (
        Session(settings(None, box.rest, api="options")) as session,
        pytest.raises(InvalidSetting, match="ID of an app"),
    ):
        session.core.start_sign_in(pat(box))


def test_a_call_of_v3(session: Session) -> None:
    with pytest.raises(NotInThisApi, match="get_accounts"):
        session.call("get_account_status")


@pytest.mark.parametrize("kind", ["pat", "oauth"])
def test_the_wrong_kind_of_app(open_options: Open, box: Sandbox, browser: Browser, kind: str) -> None:
    credential, app_id = (
        (pat(box), browser.app_id) if kind == "pat" else (browser.credential(renewable=False), box.options_app_id)
    )
    with pytest.raises(SignInRefused, match="of the same kind as the token") as refused:
        open_options(credential, app_id=app_id)
    assert refused.value.code == "Unauthorized"
    assert credential.token.reveal() not in str(refused.value)


def test_an_app_id_of_v3(open_options: Open) -> None:
    with pytest.raises(InvalidSetting, match="belongs to Deriv's older API"):
        open_options(app_id="1089")


@pytest.mark.parametrize(
    ("cut", "said"), [(slice(0, -1), "part of it is missing"), (slice(4, None), "part of it is missing")]
)
def test_an_incomplete_token(open_options: Open, box: Sandbox, cut: slice, said: str) -> None:
    with pytest.raises(SignInRefused, match=said):
        open_options(access_token(box.options_token("rich").token[cut], "a test"))


def test_an_expired_token(open_options: Open) -> None:
    with pytest.raises(SignInRefused, match="mistyped, deleted or expired"):
        open_options("refused")


def test_a_token_that_may_not_trade(open_options: Open) -> None:
    with pytest.raises(PermissionDenied, match="a token with the scope 'trade'"):
        open_options("rich, account management only")


@pytest.mark.parametrize("create", [False, True])
def test_a_user_without_an_account(open_options: Open, box: Sandbox, create: bool) -> None:
    if create:
        session = open_options("new", create_demo=True)
        assert session.core.active_account is not None
        assert session.core.active_account.kind == "demo"
        assert session.balance()["balance"].tolist() == [10_000.0]
    else:
        with pytest.raises(SignInRefused, match="create_demo=True") as refused:
            open_options("new")
        assert refused.value.code == "NoAccount"
    assert calls(box, "create_account") == create


def test_no_second_demo_account_is_created(open_options: Open, box: Sandbox) -> None:
    assert open_options(create_demo=True).loginid == DEMO
    assert calls(box, "create_account") == 0


def test_a_demo_account_that_deriv_refuses_to_create(open_options: Open, box: Sandbox) -> None:
    newcomer = Browser(box, "VRTC900021")
    with pytest.raises(PermissionDenied, match="account_manage"):
        open_options(newcomer.credential(), app_id=newcomer.app_id, create_demo=True)


def test_a_demo_account_is_requested_once(open_options: Open, box: Sandbox) -> None:
    box.faults.reset("create_account")
    with pytest.raises(OutcomeUnknown):
        open_options("new", create_demo=True)
    assert calls(box, "create_account") == 1


# One-time passwords


@pytest.mark.parametrize("trouble", ["used", "too old"])
def test_a_password_that_is_refused(
    open_options: Open, box: Sandbox, trouble: str, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = box.options.one_time_password

    def bad_once(*args: Any) -> str:
        monkeypatch.setattr(box.options, "one_time_password", give)
        if trouble == "used":
            used = give(*args)
            box.options.redeem(used, "demo")
            return used
        monkeypatch.setattr(box.options, "otp_lifetime", -1.0)
        old = give(*args)
        monkeypatch.undo()
        return old

    monkeypatch.setattr(box.options, "one_time_password", bad_once)
    assert open_options().state == "signed in"
    assert calls(box, "otp") == 2


def test_passwords_that_are_always_refused(open_options: Open, box: Sandbox, at_once: None) -> None:
    box.options.otp_lifetime = -1.0
    with pytest.raises(SignInRefused, match="three times in a row"):
        open_options()
    assert calls(box, "otp") == 3


def test_each_connection_has_its_own_password(session: Session, box: Sandbox, at_once: None) -> None:
    with session.stream("transaction") as stream:
        for times in (2, 3):
            box.faults.drop()
            arrived(box, "transaction", times)
            box.pay(DEMO, 5.0)
            update = stream.next(timeout=5)
            assert update["transaction"]["amount"] == 5.0
            assert update["gap"]["reason"]
            assert calls(box, "otp") == times
    assert session.state == "signed in"


# Several accounts


def test_switching(session: Session, box: Sandbox) -> None:
    stream = session.stream("balance")
    session.use(REAL)
    assert session.loginid == REAL
    assert session.call("balance")["balance"]["loginid"] == REAL
    assert calls(box, "otp") == 2
    assert box.wait_until(lambda box: box.connections_open == 1)
    with pytest.raises(SessionClosed):
        list(stream)
    asyncio.run(session.aio.use(DEMO.lower()))
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert calls(box, "get_accounts") == 1


def test_an_account_of_another_user(session: Session) -> None:
    with pytest.raises(InvalidRequest, match=f"only to: {REAL}, {DEMO}"):
        session.use("DOT900032")


def test_other_accounts_are_asked_on_their_own_connections(session: Session, box: Sandbox) -> None:
    assert set(session.balance("all")["loginid"]) == {REAL, DEMO}
    assert box.connections_opened == 1
    assert session.balance(REAL)["loginid"].tolist() == [REAL]
    assert session.loginid == DEMO
    assert box.connections_opened == 2
    session.use(REAL)
    assert session.balance(REAL)["loginid"].tolist() == [REAL]


def test_a_switch_that_a_new_sign_in_overtakes(session: Session, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    held, go_on = threading.Event(), asyncio.Event()
    access = session.core.sign_in
    assert isinstance(access, OptionsSignIn)
    otp = access.rest.otp

    async def slow(*args: Any, **more: Any) -> Any:
        address = await otp(*args, **more)
        held.set()
        await go_on.wait()
        return address

    monkeypatch.setattr(access.rest, "otp", slow)
    switching = on_thread(lambda: session.use(REAL))
    assert held.wait(5)
    session.core.sign_in_and_wait(pat(box, "trouble"))
    background.post(lambda _: go_on.set())
    with pytest.raises(DpyauthError, match="signed in again"):
        switching.result(5)
    assert session.loginid == "DOT900012"
    assert session.accounts()["loginid"].tolist() == ["ROT900011", "DOT900012"]


# Signing out


def test_a_token_stays_valid_after_signing_out_and_the_user_is_told(
    session: Session, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(box.received)
    session.logout()
    said = f"Your personal access token stays valid until you revoke it ({OPTIONS.pages.tokens})"
    assert capsys.readouterr().err == f"You signed out here. {said}.\n"
    news = account_view.news(session, WORDS)
    assert news is not None
    assert news["text"] == f"You signed out here. {said}."
    spanish = account_view.news(session, texts("sign-in", language="es"))
    assert spanish is not None
    assert spanish["text"].startswith("Cerraste la sesión aquí. ")
    assert spanish["title"] == "Sesión cerrada"
    with pytest.raises(NotSignedIn, match="stays valid until you revoke it"):
        session.balance()
    assert len(box.received) == before
    session.core.sign_in_and_wait(pat(box))  # it does
    asyncio.run(session.aio.logout())
    assert said in capsys.readouterr().err


def test_in_a_notebook_the_panel_says_that_the_token_stays_valid(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    session.logout()
    assert capsys.readouterr().err == ""


def test_the_token_of_a_browser_sign_in_stays_valid_until_it_ends(
    open_options: Open, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    for renewable, end in ((False, r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC"), (True, "until it expires")):
        session = open_options(browser.credential(renewable=renewable), app_id=browser.app_id)
        session.logout()
        assert re.search(f"its token stays valid {end}", capsys.readouterr().err)


# Scopes


def test_a_refusal_shows_that_a_scope_is_missing(open_options: Open, box: Sandbox) -> None:
    session = open_options("rich, trading only")
    assert session.can("account_nickname") is None
    assert session.can("buy")  # otherwise there would be no sign-in
    with pytest.raises(PermissionDenied, match="scope 'account_manage'"):
        session.call("account_nickname")
    assert session.state == "signed in"
    assert session.can("account_nickname") is False
    assert session.can("create_account") is False  # it needs the same scope
    assert session.can("payment_agent_list") is None
    listed = session.calls().set_index("call")["allowed"]
    assert listed[["buy", "ping", "account_nickname"]].tolist() == [True, True, False]
    assert listed[["payment_agent_list", "markup_statistics"]].isna().all()
    with pytest.raises(PermissionDenied):  # Deriv has to decide
        session.call("account_nickname")
    assert calls(box, "account_nickname") == 2


def test_a_reply_shows_that_a_scope_is_there(session: Session) -> None:
    assert session.can("create_account") is None
    asyncio.run(session.aio.call("account_nickname"))
    assert session.can("create_account") is True


def test_a_refusal_of_a_gateway_says_nothing_about_scopes(session: Session, box: Sandbox) -> None:
    box.faults.http(403, "account_nickname", body='{"message": "Blocked"}')
    with pytest.raises(PermissionDenied):
        session.call("account_nickname")
    assert session.can("account_nickname") is None


def test_the_latest_answer_counts(session: Session, box: Sandbox) -> None:
    box.faults.http(403, "account_nickname", body='{"errors": [{"status": 403, "code": "AccessDenied"}]}')
    with pytest.raises(PermissionDenied):
        session.call("account_nickname")
    assert session.can("account_nickname") is False
    session.call("account_nickname")
    assert session.can("account_nickname") is True


def test_known_scopes_belong_to_their_token(session: Session, box: Sandbox) -> None:
    session.call("account_nickname")
    session.use(REAL)
    assert session.can("account_nickname") is True  # the same token
    session.core.sign_in_and_wait(pat(box, "rich, trading only"))
    assert session.can("account_nickname") is None


def test_an_answer_is_about_the_token_of_its_request(session: Session, box: Sandbox, eventually: Eventually) -> None:
    box.faults.delay(0.5, "account_nickname")
    asking = on_thread(lambda: session.call("account_nickname"))
    arrived(box, "account_nickname")
    session.core.sign_in_and_wait(pat(box, "rich, trading only"))
    eventually(asking.done)
    assert session.can("account_nickname") is None


def test_watchers_are_told_about_known_scopes(session: Session) -> None:
    told: list[bool | None] = []
    session.core.watch(lambda: told.append(session.can("account_nickname")))
    session.call("account_nickname")
    session.call("account_nickname")
    assert told == [True]


def test_a_scope_known_to_be_missing(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    assert not session.can("account_nickname")
    with pytest.raises(MissingScope, match="'Manage account'") as refused:
        session.call("account_nickname")
    assert refused.value.scopes == ("account_manage",)
    assert calls(box, "account_nickname") == 0


# Tokens that end


def test_renewing(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(30.0), app_id=browser.app_id)
    first = token_of(session)
    assert browser.renewed == calls(box, "token") == 1
    session.accounts()
    session.use(REAL)
    assert browser.renewed == 1
    assert token_of(session) == first != session.core.credential
    assert session.core.credential is not None
    assert session.core.credential.token == first  # the current token is remembered
    assert session.core.active_account is not None
    assert session.core.active_account.scopes == ("trade",)


def test_renewed_tokens_without_scopes(open_options: Open, browser: Browser) -> None:
    credential = browser.credential(30.0)

    async def renew(token: Secret) -> Tokens:
        return replace(await browser.renew(token), scopes=None)

    session = open_options(credential._replace(renew=renew), app_id=browser.app_id)
    assert session.core.active_account is not None
    assert session.core.active_account.scopes == ("trade",)


def test_two_calls_that_wait_for_one_renewal(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    box.expire(token_of(session).reveal())
    box.faults.delay(0.2, "token")
    both = [on_thread(session.accounts), on_thread(session.accounts)]
    assert [len(one.result(5)) for one in both] == [2, 2]
    assert browser.renewed == calls(box, "token") == 1


def test_a_renewal_goes_on_when_its_callers_are_cancelled(open_options: Open, browser: Browser, box: Sandbox) -> None:
    """A refresh token may work only once: if the renewal were cancelled with the call, the new one would be lost."""
    session = open_options(browser.credential(), app_id=browser.app_id)
    box.expire(token_of(session).reveal())
    box.faults.delay(0.6, "token")
    with pytest.raises((CallTimeout, ConnectionFailed)):
        session.call("get_accounts", timeout=0.1)
    assert len(session.accounts()) == 2
    assert browser.renewed == 1


def test_a_call_cancelled_while_it_waits_for_a_renewal(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    box.expire(token_of(session).reveal())
    box.faults.delay(0.3, "token")

    async def impatient() -> None:
        task = asyncio.create_task(session.aio.accounts())
        while calls(box, "token") < 1:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(impatient())
    assert len(session.accounts()) == 2
    assert browser.renewed == 1


def test_the_old_refresh_token_may_stay(open_options: Open, browser: Browser, box: Sandbox) -> None:
    box.options.rotates = False
    session = open_options(browser.credential(), app_id=browser.app_id)
    for times in (1, 2):
        box.expire(token_of(session).reveal())
        assert len(session.accounts()) == 2
        assert browser.renewed == times


def test_a_refused_renewal(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    before = token_of(session)
    box.faults.error("invalid_grant", "token")
    box.expire(before.reveal())
    with pytest.raises(SignInRefused, match=r"Sign in again") as refused:
        session.accounts()
    assert refused.value.call == "get_accounts"
    assert browser.renewed == 1
    assert session.state == "signed out"
    for ask in (session.accounts, session.balance):
        with pytest.raises(NotSignedIn, match="does not accept this token"):
            ask()


def test_a_renewal_that_has_to_wait(open_options: Open, browser: Browser, box: Sandbox, at_once: None) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    box.expire(token_of(session).reveal())
    box.faults.http(503, "token", times=2)
    with pytest.raises(ConnectionFailed, match="has to be renewed"):
        session.accounts()
    box.faults.drop()
    arrived(box, "token", 3)
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert session.state == "signed in"


def test_a_change_after_a_renewal_is_made_once(open_options: Open, browser: Browser, box: Sandbox) -> None:
    session = open_options(browser.credential(), app_id=browser.app_id)
    box.pay(DEMO, -100.0, "withdrawal")
    box.expire(token_of(session).reveal())
    with pytest.raises(SignInRefused, match=r"nothing was sent again"):
        session.call("reset_demo_balance", account_id=DEMO)
    assert calls(box, "reset_demo_balance") == 1
    session.call("reset_demo_balance", account_id=DEMO)
    assert session.balance()["balance"].tolist() == [10_000.0]
    assert calls(box, "reset_demo_balance") == 2


@pytest.mark.parametrize("renewable", [False, True])
@pytest.mark.parametrize("left", [-3600.0, None])
def test_a_clock_that_is_wrong(
    open_options: Open, browser: Browser, box: Sandbox, renewable: bool, left: float | None
) -> None:
    """The token is valid, whatever this machine's clock says; also if it cannot be renewed at the moment."""
    box.faults.http(503, "token", times=100)
    session = open_options(browser.credential(left, renewable=renewable), app_id=browser.app_id)
    assert len(session.accounts()) == 2
    session.use(REAL)
    assert session.state == "signed in"


def test_a_clock_that_is_slow(open_options: Open, browser: Browser, box: Sandbox) -> None:
    """Deriv says that the token has expired, when this machine's clock still gives it an hour."""
    session = open_options(browser.credential(3600.0), app_id=browser.app_id)
    box.expire(token_of(session).reveal())
    session.use(REAL)
    assert browser.renewed == 1


def test_a_socket_stays_open_after_its_token_ends(session: Session, box: Sandbox) -> None:
    with session.stream("transaction") as stream:
        box.expire(token_of(session).reveal())
        box.pay(DEMO, 7.0)
        assert stream.next(timeout=5)["transaction"]["amount"] == 7.0
        assert session.state == "signed in"


ASKED = {
    "a question": lambda session: session.accounts(),
    "a change": lambda session: session.call("reset_demo_balance", account_id=DEMO),
    "another account": lambda session: session.portfolio(REAL),
    "a switch": lambda session: session.use(REAL),
}


@pytest.mark.parametrize("asked", ASKED)
def test_after_a_refused_token_every_question_fails(
    session: Session, box: Sandbox, asked: str, eventually: Eventually
) -> None:
    """Over HTTP, while the socket is still open: there is one state, and every question reports it."""
    told: list[str] = []
    session.core.watch(lambda: told.append(session.state))
    stream = session.stream("transaction")
    access, switcher = session.core.sign_in, SwitcherModel(session)
    box.faults.revoke(token_of(session).reveal())
    with pytest.raises(SignInRefused, match="mistyped, deleted or expired"):
        ASKED[asked](session)
    assert (session.state, session.loginid, session.health()["state"]) == ("signed out", None, "signed out")
    assert told[-1] == "signed out"
    assert repr(session) == "<dpyauth session: signed out>"
    for ask in (session.accounts, session.balance):
        with pytest.raises(
            NotSignedIn, match=r"does not accept this token: .* create a new token at https://developers"
        ):
            ask()
    with pytest.raises(SignInRefused, match="does not accept this token"):
        stream.next(timeout=5)
    assert "does not accept this token" in switcher.as_text() + str(switcher.view()["notice"])
    assert access is not None
    assert access.dispatcher is not None
    assert not access.dispatcher.alive
    eventually(lambda: box.connections_open == 0)
    assert session.events()["what"].iloc[-1] == "closed"


def test_several_questions_at_once_are_all_refused(session: Session, box: Sandbox) -> None:
    box.faults.revoke(token_of(session).reveal())
    for one in [on_thread(session.accounts), on_thread(lambda: session.call("account_nickname"))]:
        assert isinstance(one.exception(10), SignInRefused | NotSignedIn)
    assert session.state == "signed out"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((401, _json("Unauthorized", "Invalid or expired token"), 1), id="once"),
        pytest.param((401, "<html>", 9), id="a page of something in between"),
        pytest.param((401, _json("Unauthorized", "Invalid application"), 9), id="the app ID"),
        pytest.param((401, _json("Unauthorized", "Deriv-App-ID header is required for PAT tokens"), 9), id="no app ID"),
        pytest.param((403, _json("AccessDenied", "No scope"), 9), id="the scope"),
    ],
)
def test_errors_that_do_not_end_the_sign_in(session: Session, box: Sandbox, answer: tuple[int, str, int]) -> None:
    status, body, times = answer
    box.faults.http(status, "*", times=times, body=body)
    with pytest.raises(ApiError):
        session.call("account_nickname")
    assert session.state == "signed in"
    box.faults.clear()
    assert session.balance()["loginid"].tolist() == [DEMO]


@pytest.mark.parametrize("trouble", ["unreachable", "slow"])
def test_an_undecided_refusal_does_not_end_the_sign_in(session: Session, box: Sandbox, trouble: str) -> None:
    box.faults.error("Unauthorized", "account_nickname")
    if trouble == "slow":
        box.faults.stall("get_accounts")
    else:
        box.faults.http(503, "get_accounts", times=99)
    with pytest.raises(SignInRefused):
        session.call("account_nickname", timeout=0.3)
    assert session.state == "signed in"
    assert session.balance()["loginid"].tolist() == [DEMO]


def test_a_refused_reconnection_ends_the_sign_in(
    session: Session, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    stream = session.stream("transaction")
    box.expire(token_of(session).reveal())
    box.faults.drop()
    eventually(lambda: session.state == "signed out")
    with pytest.raises(SignInRefused):
        stream.next(timeout=5)
    with pytest.raises(NotSignedIn, match="mistyped, deleted or expired"):
        session.balance()
    with pytest.raises(NotSignedIn):
        session.accounts()


def test_a_socket_that_ends_with_its_token(
    session: Session, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    box.options.sockets_outlive_tokens = False
    box.expire(token_of(session).reveal())
    with pytest.raises(SignInRefused) as refused:
        session.balance()
    assert refused.value.code == "InvalidToken"
    eventually(lambda: session.state == "signed out")


def test_a_socket_that_ends_with_its_token_is_reopened_with_a_renewed_one(
    open_options: Open, browser: Browser, box: Sandbox, at_once: None, eventually: Eventually
) -> None:
    box.options.sockets_outlive_tokens = False
    session = open_options(browser.credential(), app_id=browser.app_id)
    with session.stream("transaction") as stream:
        box.expire(token_of(session).reveal())
        with pytest.raises(SignInRefused):
            session.balance()
        arrived(box, "transaction", 2)
        box.pay(DEMO, 9.0)
        assert stream.next(timeout=5)["transaction"]["amount"] == 9.0
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert browser.renewed == 1


# Gateways and proxies


@pytest.mark.parametrize("call", ["get_accounts", "otp"])
@pytest.mark.parametrize("status", [200, 302, 403, 502])
def test_a_page_instead_of_an_answer(
    open_options: Open, box: Sandbox, call: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options_sign_in, "HTTP_TIMEOUT", 0.9)  # not enough for another attempt
    box.faults.http(status, call, times=100, headers={"Location": "https://example.com/"})
    with pytest.raises((BadReply, ConnectionFailed, ApiError), match=rf"HTTP ?{status}") as failed:
        open_options()
    assert not isinstance(failed.value, SignInRefused)
    assert "A page of something" not in str(failed.value)


def test_a_page_in_between(session: Session, box: Sandbox) -> None:
    box.faults.http(403, "get_accounts")
    with pytest.raises(BadReply, match="company proxy"):
        session.accounts()
    box.faults.http(502, "get_accounts")
    assert len(session.accounts()) == 2


@pytest.mark.parametrize("status", [302, 403, 429, 500, 502, 503, 520])
def test_a_refused_handshake(open_options: Open, box: Sandbox, status: int) -> None:
    box.faults.refuse(status)
    with pytest.raises(ConnectionFailed, match=f"HTTP {status}"):
        open_options()


def test_a_refused_handshake_of_a_new_connection(session: Session, box: Sandbox, at_once: None) -> None:
    for status in (401, 403, 429, 502):
        box.faults.refuse(status)
    box.faults.drop()
    arrived(box, "otp", 6)
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert calls(box, "otp") == 6


def test_more_sockets_than_allowed(open_options: Open, box: Sandbox) -> None:
    for _ in range(box.options.most_sockets):
        open_options()
    with pytest.raises(
        ConnectionFailed, match=r"five connections at a time.* Close those of other notebooks"
    ) as failed:
        open_options()
    assert failed.value.status == 429


def test_one_socket_too_many_that_login_does_not_wait_for(open_options: Open, box: Sandbox) -> None:
    for _ in range(box.options.most_sockets):
        open_options()
    session = open_options(None, timeout=1.0)
    session.core.sign_in_and_wait(pat(box), early=True)
    assert session.account_status()["loginid"].tolist() == [DEMO]  # this call needs none
    with pytest.raises(ConnectionFailed, match="five connections at a time"):
        session.balance()


@pytest.mark.parametrize("status", [400, 403, 409, 429])
def test_every_form_of_refusing_one_socket_too_many(open_options: Open, box: Sandbox, status: int) -> None:
    box.faults.refuse(status)
    with pytest.raises(ConnectionFailed, match="five connections at a time"):
        open_options()


@pytest.mark.parametrize("status", [400, 403, 409])
def test_one_socket_too_many_refused_over_http(open_options: Open, box: Sandbox, status: int) -> None:
    body = json.dumps({"errors": [{"status": status, "code": "New", "message": "Too many connections"}]})
    box.faults.http(status, "otp", body=body)
    with pytest.raises(ConnectionFailed, match="five connections at a time"):
        open_options()


@pytest.mark.parametrize("status", [302, 500, 502, 503, 520])
def test_refusals_unrelated_to_the_number_of_sockets(open_options: Open, box: Sandbox, status: int) -> None:
    box.faults.refuse(status)
    with pytest.raises(ConnectionFailed) as failed:
        open_options()
    assert "five" not in str(failed.value)


def test_another_account_explains_one_socket_too_many(session: Session, box: Sandbox) -> None:
    box.options.most_sockets = 1
    error = session.frame("balance", account="all").set_index("loginid")["error"]
    assert "five connections at a time" in error[REAL]
    assert pd.isna(error[DEMO])


def test_switching_closes_a_connection_if_no_more_are_allowed(
    session: Session, box: Sandbox, eventually: Eventually
) -> None:
    box.options.most_sockets = 1
    session.use(REAL)
    assert session.balance()["loginid"].tolist() == [REAL]
    assert "connections closed" in session.events()["what"].tolist()
    asyncio.run(session.aio.use(DEMO))
    assert session.balance()["loginid"].tolist() == [DEMO]
    eventually(lambda: box.connections_open == 1)


def test_switching_closes_connections_to_other_accounts_too(session: Session, box: Sandbox) -> None:
    session.frame("balance", account="all")
    assert box.connections_open == 2
    box.options.most_sockets = 2
    session.use(REAL)
    assert session.balance()["loginid"].tolist() == [REAL]


@pytest.mark.parametrize("status", [429, 500])
def test_a_switch_that_fails_in_spite_of_that_changes_nothing(session: Session, box: Sandbox, status: int) -> None:
    box.faults.refuse(429)
    box.faults.refuse(status)
    with pytest.raises(ConnectionFailed, match=f"HTTP {status}"):
        session.use(REAL)
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert (session.state, session.loginid) == ("signed in", DEMO)


def test_a_switch_interrupted_after_closing_a_connection_changes_nothing(session: Session, box: Sandbox) -> None:
    box.faults.refuse(429)
    otp = calls(box, "otp")

    async def switching() -> None:
        box.faults.delay(0.0, "otp")
        box.faults.delay(60.0, "otp")  # of the second attempt
        task = asyncio.create_task(session.aio.use(REAL))
        while calls(box, "otp") < otp + 2:
            await asyncio.sleep(0.005)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(switching())
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert session.loginid == DEMO


def test_returning_to_the_old_account_may_take_several_attempts(session: Session, box: Sandbox, at_once: None) -> None:
    box.faults.refuse(429)
    box.faults.refuse(500, times=3)
    with pytest.raises(ConnectionFailed, match="HTTP 500"):
        session.use(REAL)
    assert session.balance()["loginid"].tolist() == [DEMO]


def test_a_switch_that_fails_for_another_reason_closes_nothing(session: Session, box: Sandbox) -> None:
    with session.stream("balance") as stream:
        box.faults.refuse(503)
        with pytest.raises(ConnectionFailed):
            session.use(REAL)
        box.pay(DEMO, 1)
        stream.next(timeout=10)
        stream.next(timeout=10)
    assert "connections closed" not in session.events()["what"].tolist()


def test_a_call_in_the_middle_of_a_switch_is_answered(session: Session, box: Sandbox) -> None:
    """While the connection in use is closed, and the other account's is not yet open."""
    box.options.most_sockets = 1
    box.faults.delay(0.2, "otp", times=2)
    switching = on_thread(lambda: session.use(REAL))
    seen: set[str] = set()
    pause = threading.Event()
    while not switching.done():
        with suppress(SessionClosed):
            seen.update(session.balance()["loginid"])
        pause.wait(0.02)  # otherwise the test would wait for Deriv's limits of calls per minute
    switching.result()
    assert session.balance()["loginid"].tolist() == [REAL]
    assert seen <= {DEMO, REAL}


def test_a_call_in_the_middle_of_a_switch_that_fails_is_answered(session: Session, box: Sandbox) -> None:
    box.options.most_sockets = 1
    box.faults.refuse(429)
    box.faults.refuse(503)
    switching = on_thread(lambda: session.use(REAL))
    pause = threading.Event()
    while not switching.done():
        with suppress(SessionClosed):
            assert session.balance()["loginid"].tolist() == [DEMO]
        pause.wait(0.02)
    with pytest.raises(ConnectionFailed, match="HTTP 503"):
        switching.result()
    assert session.balance()["loginid"].tolist() == [DEMO]


@pytest.mark.parametrize("fault", ["zombie", "hang_up"])
def test_a_socket_that_does_not_work(open_options: Open, box: Sandbox, fault: str, at_once: None) -> None:
    getattr(box.faults, fault)()
    with pytest.raises(BadReply if fault == "zombie" else ConnectionFailed) as failed:
        open_options()
    assert ("does not answer" if fault == "zombie" else "code 1011") in str(failed.value)
    session = open_options()
    getattr(box.faults, fault)(times=2)
    box.faults.drop()
    arrived(box, "otp", 5)
    assert session.balance()["balance"].notna().all()
    assert session.state == "signed in"
    assert calls(box, "otp") == 5


def test_errors_of_the_first_question_are_not_final(session: Session, box: Sandbox, at_once: None) -> None:
    for code in ("RateLimit", "NobodyKnowsThis", "Unauthorized"):
        box.faults.error(code, "balance")
    box.faults.drop()
    arrived(box, "balance", 5)
    assert session.balance()["loginid"].tolist() == [DEMO]
    assert calls(box, "otp") == 5


@pytest.mark.parametrize("fault", ["drop", "reset", "swallow", "stall", "garbage", "delay"])
@pytest.mark.parametrize("call", ["get_accounts", "otp", "balance"])
def test_every_sign_in_ends(open_options: Open, box: Sandbox, fault: str, call: str, at_once: None) -> None:
    arguments = {"delay": (30.0, call), "garbage": (call, 1000)}.get(fault, (call, 1000))
    getattr(box.faults, fault)(*arguments)
    began = time.monotonic()
    with pytest.raises(DpyauthError):
        open_options(timeout=0.4)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("fault", ["drop", "reset", "swallow", "stall", "garbage"])
def test_every_call_ends(session: Session, box: Sandbox, fault: str) -> None:
    for call in ("get_accounts", "balance"):
        getattr(box.faults, fault)(call, 1000)
        with pytest.raises((CallTimeout, ConnectionFailed, BadReply)):
            session.call(call, timeout=0.3)


# Changes


@pytest.mark.parametrize(("call", "kind"), [("reset_demo_balance", OutcomeUnknown), ("get_accounts", CallTimeout)])
def test_an_error_names_the_timeout_of_the_call(
    session: Session, box: Sandbox, call: str, kind: type[DpyauthError]
) -> None:
    box.faults.swallow(call, 100)
    with pytest.raises(kind, match=r"within 0\.3 s"):
        session.call(call, timeout=0.3, **({"account_id": DEMO} if call == "reset_demo_balance" else {}))


@pytest.mark.parametrize("fault", ["drop", "reset", "swallow", "stall", "garbage"])
@pytest.mark.parametrize("call", ["reset_demo_balance", "sell"])
def test_a_change_that_is_not_answered(session: Session, box: Sandbox, fault: str, call: str, at_once: None) -> None:
    fields: dict[str, Any] = {"account_id": DEMO} if call == "reset_demo_balance" else {"sell": 1, "price": 1}
    getattr(box.faults, fault)(call, 100)
    with pytest.raises(OutcomeUnknown) as unknown:
        session.call(call, timeout=1.0, **fields)
    assert unknown.value.call == call
    assert len(session.accounts()) == 2  # the session goes on
    assert calls(box, call) == 1


@pytest.mark.parametrize("end", ["close", "logout", "sign in anew"])
def test_a_change_under_way_during_a_break(session: Session, box: Sandbox, end: str) -> None:
    box.faults.stall("reset_demo_balance")
    changing = on_thread(lambda: session.call("reset_demo_balance", account_id=DEMO))
    arrived(box, "reset_demo_balance")
    if end == "sign in anew":
        session.core.sign_in_and_wait(pat(box, "trouble"))
    else:
        getattr(session, end)()
    with pytest.raises(OutcomeUnknown):
        changing.result(5)
    assert calls(box, "reset_demo_balance") == 1


def test_a_change_that_was_not_sent(session: Session, box: Sandbox) -> None:
    box.stop()
    with pytest.raises(ConnectionFailed):
        session.call("reset_demo_balance", account_id=DEMO, timeout=0.5)
    box.start()


# Moving from v3


def test_a_user_who_has_moved(open_session: Open, open_options: Open, box: Sandbox) -> None:
    box.faults.move("CR900001")
    with pytest.raises(SignInRefused, match=r'run: dpyauth\.login\(api="options", ask=True\)'):
        open_session()
    assert open_options().migration() == "complete"
    assert open_options("moved").migration() == "complete"


@pytest.mark.parametrize("status", ["complete", "pending", "failed", "not_applicable"])
def test_the_progress_of_the_move(session: Session, box: Sandbox, status: str) -> None:
    box.faults.move(DEMO, status)
    assert session.migration() == status.replace("_", " ")


# Closing


@pytest.mark.parametrize("way", ["close", "logout"])
def test_nothing_is_left(open_options: Open, box: Sandbox, eventually: Eventually, way: str) -> None:
    session = open_options()
    session.balance(REAL)
    session.accounts()
    stream = session.stream("transaction")
    getattr(session, way)()
    assert stream.ended
    assert box.wait_until(lambda box: box.connections_open == 0)
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth"])
    with pytest.raises((NotSignedIn, SessionClosed)):
        session.accounts()
    gc.collect()  # an unclosed resource would cause a warning


@pytest.mark.parametrize("call", ["get_accounts", "otp", "balance"])
def test_closing_in_the_middle_of_a_sign_in(open_options: Open, box: Sandbox, call: str) -> None:
    session = open_options(None)
    box.faults.stall(call)
    future = session.core.start_sign_in(pat(box))
    arrived(box, call)
    session.close()
    assert isinstance(future.exception(5), DpyauthError)
    gc.collect()


def test_a_cancelled_sign_in(open_options: Open, box: Sandbox, eventually: Eventually) -> None:
    session = open_options(None)
    box.faults.stall("get_accounts")
    future = session.core.start_sign_in(pat(box))
    arrived(box, "get_accounts")
    assert future.cancel()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth"])
    gc.collect()


def test_a_failed_sign_in_keeps_the_previous_one(session: Session, box: Sandbox) -> None:
    with pytest.raises(SignInRefused):
        session.core.sign_in_and_wait(pat(box, "refused"))
    assert session.loginid == DEMO
    assert len(session.accounts()) == 2


@pytest.mark.parametrize("direction", ["to v3", "to options"])
def test_from_one_api_to_the_other(
    open_session: Open, open_options: Open, box: Sandbox, direction: str, eventually: Eventually
) -> None:
    here = open_options() if direction == "to v3" else open_session()
    v3, current = settings(box.app_id, box.url), settings(box.options_app_id, box.rest, api="options")
    if direction == "to v3":
        here.core.sign_in_and_wait(api_token("sandbox-rich-read", "a test"), settings=v3)
        assert (here.api, here.loginid) == ("v3", "CR900001")
        assert here.account_status()["loginid"].tolist() == ["CR900001"]
    else:
        here.core.sign_in_and_wait(pat(box), settings=current)
        assert (here.api, here.loginid) == ("options", DEMO)
        assert here.account_status()["loginid"].tolist() == [DEMO]
    eventually(lambda: box.connections_open == 1)


def test_a_session_needs_no_event_loop_of_its_own(session: Session) -> None:
    async def both() -> list[pd.DataFrame]:
        return list(await asyncio.gather(session.aio.balance(), session.aio.accounts()))

    balance, accounts = asyncio.run(both())
    assert balance["loginid"].tolist() == [DEMO]
    assert accounts["kind"].tolist() == ["real", "demo"]


def test_limits_are_never_requested(session: Session, box: Sandbox) -> None:
    for _ in range(120):
        session.call("time")
    session.call("ping")
    assert {received.call for received in box.received} == {"get_accounts", "otp", "balance", "time", "ping"}
