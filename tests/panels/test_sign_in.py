"""Test the model of the sign-in panel: every way through a sign-in, on a sandbox with simulated time."""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import keyring
import pytest
from helpers import free_port
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import Secret
from dpyauth.errors import (
    DpyauthError,
    InvalidCredential,
    InvalidSetting,
    KeepingFailed,
    RedirectRefused,
)
from dpyauth.panels import browser_sign_in
from dpyauth.panels.sign_in import SignInModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.session.signing_in import SigningIn
from dpyauth.storage import recall

READ_ONLY, BTC, WRONG = "sandbox-rich-read", "sandbox-rich-btc", "C4nary-wr0ng-t0ken"
RICH = ["CR900001", "CR900002", "VRTC900003"]
CALLBACK = "http://127.0.0.1:8888/dpyauth/callback"


class Reader:
    """A user of a model: sees its state, and the results of going to Deriv in a browser."""

    def __init__(self, model: SignInModel, box: Sandbox, eventually: Callable[..., None]) -> None:
        self.model = model
        self.box = box
        self.seen: list[dict[str, Any]] = []
        self.url = self.nonce = ""
        self._eventually = eventually
        model.changed = lambda: self.seen.append(model.view())

    @property
    def view(self) -> dict[str, Any]:
        return self.model.view()

    def wait_for(self, phase: str, *, notice: str | None = None) -> dict[str, Any]:
        """Wait until this is shown, and (for a while after signing in) until no update will come by itself."""
        self._eventually(
            lambda: self.view["phase"] == phase and (notice is None or notice in str(self.view["notice"])) and quiet()
        )
        return self.view

    def begin(self, app_id: str = "16303", *, remember: bool = False) -> None:
        begun = self.model.browser(app_id, CALLBACK, remember=remember)
        self.url, self.nonce = begun["url"], begun["nonce"]

    def state(self) -> str:
        return dict(parse_qsl(urlsplit(self.url).query))["state"]

    def query(self, state: str | None = None, user: int = 0) -> str:
        """Return the query with which Deriv sends the browser back; ``state=""`` leaves out the mark of the sign-in."""
        app = self.box.world.apps.find(int(dict(parse_qsl(urlsplit(self.url).query))["app_id"]))
        assert app is not None
        grants = self.box.run(lambda: self.box.world.let_in(app, self.box.world.users[user]))
        fields = {}
        for number, grant in enumerate(grants, 1):
            fields |= {f"acct{number}": grant.owner, f"token{number}": grant.value, f"cur{number}": "usd"}
        return f"?{urlencode(fields | {'state': self.state() if state is None else state})}"

    def return_with(self, query: str, nonce: str | None = None) -> None:
        self.model.returned(self.nonce if nonce is None else nonce, Secret(query))

    def use(self, loginid: str) -> None:
        """Choose an account from the list, with all confirmations."""
        self.model.handle({"do": "use", "loginid": loginid})
        self.model.handle({"do": "yes", "loginid": loginid})

    def asked(self, call: str = "authorize") -> int:
        return sum(each.call == call for each in self.box.received)


def quiet() -> bool:
    return not any(thread.name == "dpyauth-signed-in" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    for name in ("JUPYTERHUB_USER", "BINDER_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def sit_down(box: Sandbox, open_session: Any, eventually: Any) -> Iterator[Callable[..., Reader]]:
    """Return a function that seats users at models; afterwards no timer, listener or thread is left."""
    readers: list[Reader] = []

    def sit_down_one(token: str | None = None, sandbox: bool = True, **options: Any) -> Reader:
        here = {"sandbox": box} if sandbox else {"oauth_host": box.oauth_host}
        readers.append(Reader(SignInModel(open_session(token), **here, **{"api": "v3", **options}), box, eventually))
        return readers[-1]

    yield sit_down_one
    for reader in readers:
        reader.model.cancel()
    box.faults.clear()
    names = ("dpyauth-signed-in", "dpyauth-listener")
    eventually(
        lambda: not [one for one in threading.enumerate() if one.name in names or isinstance(one, threading.Timer)]
    )


@pytest.fixture
def reader(sit_down: Callable[..., Reader]) -> Reader:
    return sit_down()


@pytest.fixture
def away(reader: Reader) -> Reader:
    """Begin a sign-in with the browser."""
    reader.begin()
    return reader


def can_listen(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def visit(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, body


# With a token


def test_before_anything(reader: Reader, box: Sandbox) -> None:
    view = reader.view
    assert (view["phase"], view["state"], view["notice"]) == ("form", "signed out", None)
    assert (view["account"], view["accounts"], view["held"]) == (None, [], [])
    assert view["sandbox"] is True
    assert view["samples"] == {"v3": {sample.label: sample.label for sample in box.tokens if sample.kind == "api"}}
    assert [form["api"] for form in view["forms"]] == ["v3"]
    assert json.dumps(view)


def test_token(reader: Reader) -> None:
    reader.model.token(Secret(f"  {READ_ONLY}\n"), "16303")
    view = reader.wait_for("in")
    account = {"loginid": "CR900001", "currency": "USD", "kind": "sample", "api": "v3"}
    assert view["account"] == account | {"source": "a token entered in the sign-in panel"}
    assert [light["text"] for light in view["scopes"]] == ["Read"]
    assert view["accounts"] == []  # with one account there is no choice
    phases = [seen["phase"] for seen in reader.seen]
    assert phases.index("busy") < phases.index("in")


@pytest.mark.parametrize(
    ("token", "app_id", "error"),
    [("", "16303", InvalidCredential), ("a.b", "16303", InvalidCredential), (READ_ONLY, "x y", InvalidSetting)],
)
def test_invalid_input_is_not_sent(
    reader: Reader, token: str, app_id: str, error: type[DpyauthError], box: Sandbox
) -> None:
    with pytest.raises(error):
        reader.model.token(Secret(token), app_id)
    assert reader.view["phase"] == "form"
    assert box.connections_opened == 0


def test_refused_token(reader: Reader) -> None:
    reader.model.token(Secret(WRONG), "16303")
    notice = reader.wait_for("form", notice="InvalidToken")["notice"]
    assert notice["title"] == "Deriv refused the sign-in (v3 API)"
    assert notice["kind"] == "error"
    assert "another machine" not in notice["text"]


@pytest.mark.parametrize(("token", "told"), [(WRONG, True), ("sandbox-rich-disabled", False)])
def test_on_a_hosted_server_a_limited_token_is_the_likely_reason(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, token: str, told: bool
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "jane")
    reader.model.token(Secret(token), "16303")
    text = reader.wait_for("form", notice="Deriv")["notice"]["text"]
    assert ("restricted to your internet address" in text) == told


def test_sample(reader: Reader) -> None:
    reader.model.sample("rich, the demo account")
    account = reader.wait_for("in")["account"]
    assert (account["loginid"], account["kind"]) == ("VRTC900003", "demo")
    reader.model.sample("nobody's")
    assert reader.view["phase"] == "in"


def test_cancel(reader: Reader, box: Sandbox) -> None:
    box.faults.stall("authorize")
    reader.model.token(Secret(READ_ONLY), "16303")
    assert box.wait_until(lambda box: reader.asked() == 1)
    reader.model.cancel()
    assert reader.view["phase"] == "form"
    assert reader.view["notice"] is None
    assert box.wait_until(lambda box: box.connections_open == 0)
    box.faults.clear()
    reader.model.token(Secret(READ_ONLY), "16303")
    reader.wait_for("in")


def test_closed_session(reader: Reader) -> None:
    reader.model.session.close()
    assert reader.view["phase"] == "closed"
    reader.model.token(Secret(READ_ONLY), "16303")
    assert reader.view["phase"] == "closed"


# Going to the browser


def test_begin(reader: Reader, box: Sandbox) -> None:
    reader.begin()
    address = urlsplit(reader.url)
    asked = dict(parse_qsl(address.query))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{box.oauth_host}/oauth2/authorize"
    app = box.world.apps.find(int(asked["app_id"]))
    assert app is not None
    assert app.redirect_uri == CALLBACK
    assert asked["l"] == "EN"
    assert "signup_device" not in asked
    assert len(asked["state"]) >= 32
    assert len(reader.nonce) >= 32
    assert asked["state"] != reader.nonce
    assert reader.view["phase"] == "browser"
    assert reader.view["listening"] is False
    assert reader.nonce not in str(reader.seen)
    assert asked["state"] not in str(reader.seen)


def test_at_deriv_itself_the_user_needs_an_app(sit_down: Callable[..., Reader]) -> None:
    reader = sit_down(sandbox=False)
    with pytest.raises(InvalidSetting, match="app ID of your own"):
        reader.begin("1089")
    assert reader.view["phase"] == "form"
    reader.begin(" 16303 ")
    assert "app_id=16303&" in reader.url


@pytest.mark.parametrize("callback", ["not an address", "http://x/ö", "", None, "http://h/" + "x" * 9])
def test_any_callback_address_is_harmless(reader: Reader, callback: str | None) -> None:
    try:
        reader.model.browser("1", callback, remember=False)
    except RedirectRefused:
        assert reader.view["phase"] == "form"
    else:
        assert reader.view["phase"] == "browser"


def test_another_begin_replaces_the_first(away: Reader) -> None:
    first_nonce, first = away.nonce, away.query()
    away.begin()
    away.return_with(first, first_nonce)
    assert away.view["phase"] == "browser"
    with pytest.raises(RedirectRefused) as refused:
        away.return_with(first)
    assert refused.value.code == "state_mismatch"
    away.return_with(away.query())
    away.wait_for("in")


# Back by the callback page


def test_returned(away: Reader) -> None:
    away.return_with(away.query())
    view = away.wait_for("in")
    # Deriv lists the demo account last; no real account is used without being asked for.
    assert view["account"]["loginid"] == "VRTC900003"
    assert view["notice"] is None
    assert view["account"]["source"] == "Deriv in the browser"
    assert [account["loginid"] for account in view["accounts"]] == RICH
    assert [account["kind"] for account in view["accounts"]] == ["sample", "sample", "demo"]
    assert [account["current"] for account in view["accounts"]] == [False, False, True]
    assert [account["currency"] for account in view["accounts"]] == ["USD", "BTC", "USD"]
    assert view["forms"][0]["app_id"] == dict(parse_qsl(urlsplit(away.url).query))["app_id"]
    assert list(away.model.session.core.grants) == RICH


def test_balances_are_exact(away: Reader) -> None:
    """Money is not rounded for display."""
    for _ in range(3):
        away.box.pay("CR900001", 333_333_333.33)
    units = {account.loginid: account.ledger.balance for account in away.box.world.users[0].accounts}
    away.return_with(away.query())
    shown = {account["loginid"]: account["balance"] for account in away.wait_for("in")["accounts"]}
    assert len(str(units["CR900001"])) > 10
    assert shown["CR900001"].replace(",", "").replace(".", "").rstrip("0") == str(units["CR900001"]).rstrip("0")
    assert shown["CR900001"].count(",") == 3
    assert all(shown.values())


@pytest.mark.parametrize("nonce", ["", "x", "\ud800", "é", "x" * 100_000, "\0"])
def test_a_wrong_nonce_is_ignored(away: Reader, nonce: str) -> None:
    away.return_with(away.query(), nonce)
    assert away.view["phase"] == "browser"
    assert away.asked() == 0


def test_an_answer_counts_once(away: Reader) -> None:
    query = away.query()
    away.return_with(query)
    away.wait_for("in")
    asked = away.asked()
    away.return_with(query)
    away.model.confirm()
    assert away.view["phase"] == "in"
    assert away.asked() == asked


def test_two_answers_at_the_same_time_count_once(away: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    query, session = away.query(), away.model.session
    begin = session.core.start_sign_in
    threads: list[threading.Thread] = []
    begun: list[Any] = []

    def in_between(*args: Any, **kwargs: Any) -> Any:
        begun.append(args)
        if not threads:
            threads.append(threading.Thread(target=away.return_with, args=(query,)))
            threads[0].start()
            threads[0].join(5)
        return begin(*args, **kwargs)

    monkeypatch.setattr(session.core, "start_sign_in", in_between)
    away.return_with(query)
    away.wait_for("in")
    assert not threads[0].is_alive()
    assert len(begun) == 1


def test_too_late(away: Reader, sit_down: Callable[..., Reader]) -> None:
    query = away.query()
    assert away.model.browser_sign_in is not None
    away.model.browser_sign_in.timer.function()
    view = away.wait_for("form", notice="too long")
    assert view["notice"]["kind"] == "info"
    assert "within 10 minutes" in view["notice"]["text"]
    away.return_with(query)
    assert away.view["phase"] == "form"
    assert away.asked() == 0


def test_time_goes_by_itself(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_sign_in, "PATIENCE", 0.05)
    reader.begin()
    reader.wait_for("form", notice="too long")


def test_the_time_of_another_sign_in_does_not_matter(away: Reader) -> None:
    assert away.model.browser_sign_in is not None
    first = away.model.browser_sign_in.timer.function
    away.begin()
    first()
    assert away.view["phase"] == "browser"


def test_cancelled(away: Reader) -> None:
    query = away.query()
    away.model.cancel()
    assert away.view["phase"] == "form"
    away.return_with(query)
    assert away.view["phase"] == "form"
    assert away.asked() == 0


def test_of_another_sign_in(away: Reader) -> None:
    with pytest.raises(RedirectRefused) as refused:
        away.return_with(away.query(state="somebody-elses"))
    assert refused.value.code == "state_mismatch"
    assert away.view["phase"] == "browser"
    assert away.asked() == 0
    away.model.pasted(Secret(f"{CALLBACK}{away.query()}"))
    away.wait_for("in")


def test_without_the_mark_the_user_must_confirm(away: Reader) -> None:
    away.model.confirm()
    away.return_with(away.query(state=""))
    view = away.view
    assert (view["phase"], view["held"]) == ("browser", RICH)
    assert away.asked() == 0
    away.model.confirm()
    assert away.wait_for("in")["account"]["loginid"] == "VRTC900003"
    assert away.view["held"] == []


def test_without_the_mark_the_user_may_refuse(away: Reader) -> None:
    query = away.query(state="")
    away.return_with(query)
    away.model.cancel()
    away.model.confirm()
    away.return_with(query)
    assert away.view["phase"] == "form"
    assert away.view["held"] == []
    assert away.asked() == 0


def denied(state: str) -> str:
    fields = {"error": "access_denied", "error_description": "The user denied the request.", "state": state}
    return f"?{urlencode(fields)}"


def test_denied(away: Reader) -> None:
    with pytest.raises(RedirectRefused, match="did not give the app access") as refused:
        away.return_with(denied(away.state()))
    away.model.fail(refused.value)
    assert away.view["phase"] == "form"
    assert away.view["notice"]["title"] == "The sign-in with Deriv failed"


def test_a_damaged_answer_can_be_pasted_again(away: Reader) -> None:
    with pytest.raises(RedirectRefused, match="damaged"):
        away.return_with(f"?acct1=CR900001&token1={WRONG}%20%20x&state={away.state()}")
    assert away.view["phase"] == "browser"


def test_a_token_that_deriv_refuses(away: Reader) -> None:
    away.return_with(f"?acct1=CR900001&token1={WRONG}&cur1=usd&state={away.state()}")
    assert away.wait_for("form", notice="InvalidToken")
    assert WRONG not in str(away.seen)


def test_sign_in_by_token_meanwhile(away: Reader) -> None:
    query = away.query()
    away.model.token(Secret(READ_ONLY), "16303")
    away.wait_for("in")
    away.return_with(query)
    assert away.wait_for("in")["accounts"] == []


# Back by pasting


@pytest.mark.parametrize("before", [CALLBACK, "http://localhost/", "  'https://example.org/x", ""])
def test_pasted(away: Reader, before: str) -> None:
    away.model.pasted(Secret(before + away.query()))
    assert [account["loginid"] for account in away.wait_for("in")["accounts"]] == RICH


@pytest.mark.parametrize("around", ['"{}"', "<{}>", "\ufeff{}\r\n", "\x1b[200~{}\x1b[201~", "\u200b{}\xa0"])
def test_pasted_with_what_comes_along(away: Reader, around: str) -> None:
    away.model.pasted(Secret(around.format(CALLBACK + away.query())))
    assert [account["loginid"] for account in away.wait_for("in")["accounts"]] == RICH


def test_pasted_without_the_mark(away: Reader) -> None:
    """The user has pasted it, so there is no further question."""
    away.model.pasted(Secret(CALLBACK + away.query(state="")))
    away.wait_for("in")


@pytest.mark.parametrize("address", ["", "http://localhost/", "not an address", "x" * 100_000, "?state=", READ_ONLY])
def test_pasted_something_else(away: Reader, address: str) -> None:
    with pytest.raises(RedirectRefused):
        away.model.pasted(Secret(address))
    assert away.view["phase"] == "browser"
    away.model.pasted(Secret(away.query()))
    away.wait_for("in")


def test_pasted_of_another_sign_in(away: Reader) -> None:
    with pytest.raises(RedirectRefused) as refused:
        away.model.pasted(Secret(away.query(state="somebody-elses")))
    assert refused.value.code == "state_mismatch"
    assert away.asked() == 0


def test_pasted_refusal(away: Reader) -> None:
    with pytest.raises(RedirectRefused):
        away.model.pasted(Secret(CALLBACK + denied(away.state())))
    assert away.view["phase"] == "form"


def test_pasted_with_none_begun(away: Reader) -> None:
    """The panel has no field for it then, but the message may come late."""
    query = away.query()
    away.model.cancel()
    away.model.pasted(Secret(query))
    assert away.view["phase"] == "form"
    assert away.asked() == 0


# By the listener


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def listened(sit_down: Callable[..., Reader], port: int) -> Reader:
    reader = sit_down(redirect_url=f"http://localhost:{port}/back")
    reader.begin()
    return reader


def test_the_listener_takes_it(listened: Reader, port: int) -> None:
    assert listened.view["listening"] is True
    assert visit(port, f"/back{listened.query()}")[0] == 303
    visit(port, "/back")
    assert len(listened.wait_for("in")["accounts"]) == 3
    assert can_listen(port)


@pytest.mark.parametrize("state", ["", "somebody-elses"])
def test_the_listener_takes_no_other(listened: Reader, port: int, state: str) -> None:
    visit(port, f"/back{listened.query(state=state)}")
    visit(port, "/favicon.ico")
    assert listened.view["phase"] == "browser"
    assert listened.asked() == 0
    visit(port, f"/back{listened.query()}")
    visit(port, "/back")
    listened.wait_for("in")


def test_the_listener_hears_a_refusal(listened: Reader, port: int) -> None:
    visit(port, f"/back{denied(listened.state())}")
    visit(port, "/back")
    listened.wait_for("form", notice="did not give the app access")
    assert can_listen(port)


@pytest.mark.parametrize("how", ["cancel", "hand over", "paste", "callback", "token", "again elsewhere"])
def test_the_port_is_free_again(listened: Reader, port: int, how: str, eventually: Any) -> None:
    model = listened.model
    match how:
        case "cancel":
            model.cancel()
        case "hand over":
            model.hand_over()
            assert listened.view["phase"] == "form"
        case "paste":
            model.pasted(Secret(listened.query()))
        case "callback":
            listened.return_with(listened.query())
        case "token":
            model.token(Secret(READ_ONLY), "16303")
        case "again elsewhere":
            model._redirect_url = None
            listened.begin()
    eventually(lambda: can_listen(port))


def test_a_port_that_is_taken_leaves_pasting(sit_down: Callable[..., Reader], port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        reader = sit_down(redirect_url=f"http://localhost:{port}/back")
        reader.begin()
        view = reader.view
        assert (view["phase"], view["listening"]) == ("browser", False)
        assert view["notice"]["kind"] == "info"
        assert "another program is using it" in view["notice"]["text"]
        reader.model.pasted(Secret(reader.query()))
        assert reader.wait_for("in")["notice"] is None


def test_a_redirect_url_elsewhere_leaves_pasting(sit_down: Callable[..., Reader]) -> None:
    reader = sit_down(redirect_url="https://example.org/back")
    reader.begin()
    assert "Paste the address" in reader.view["notice"]["text"]
    reader.model.pasted(Secret("https://example.org/back" + reader.query()))
    reader.wait_for("in")


def test_the_listener_has_the_same_time_limit(
    sit_down: Callable[..., Reader], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same message is shown, whichever of the two clocks is first."""
    monkeypatch.setattr(browser_sign_in, "PATIENCE", 0.05)
    reader = sit_down(redirect_url=f"http://localhost:{port}/back")
    reader.begin()
    reader.wait_for("form", notice="too long")
    assert reader.view["notice"]["kind"] == "info"


def test_the_session_is_closed_meanwhile(
    listened: Reader, port: int, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    listened.model.session.close()
    visit(port, f"/back{listened.query()}")
    visit(port, "/back")
    eventually(lambda: can_listen(port))
    assert listened.view["phase"] == "closed"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


# Choosing an account


def test_a_user_with_only_real_accounts_is_told(away: Reader) -> None:
    query = "&".join(part for part in away.query()[1:].split("&") if not part.split("=")[0].endswith("3"))
    away.return_with(f"?{query}")
    view = away.wait_for("in")
    assert (view["account"]["loginid"], view["account"]["kind"]) == ("CR900001", "sample")
    said = "At Deriv this would be real money: CR900001 is a sample account, and there is no demo account."
    assert view["notice"] == {"title": "Note", "text": said, "kind": "info"}
    away.use("CR900002")
    assert away.wait_for("in")["notice"] is None  # it belonged to the other account


def test_the_account_named_in_login(sit_down: Callable[..., Reader]) -> None:
    reader = sit_down(loginid="CR900002")
    reader.begin()
    reader.return_with(reader.query())
    view = reader.wait_for("in")
    assert (view["account"]["loginid"], view["notice"]) == ("CR900002", None)
    reader.model.token(Secret(READ_ONLY), "16303")  # another account
    notice = reader.wait_for("in", notice="AccountNotFound")["notice"]
    assert "no access to an account CR900002, only to: CR900001" in notice["text"]
    assert reader.model.session.loginid == "CR900002"


def test_a_demo_account_that_is_refused_leaves_no_way_to_real_money(away: Reader) -> None:
    away.box.faults.error("AccountDisabled", "authorize")
    away.return_with(away.query())
    text = away.wait_for("form", notice="AccountDisabled")["notice"]["text"]
    assert (
        "dpyauth does not use real money unless you ask for it. To use CR900001 or CR900002 instead, name it: dpyauth"
        in text
    )
    assert away.asked() == 1


def test_choosing_a_demo_account_takes_one_click(away: Reader) -> None:
    away.return_with(away.query())
    away.wait_for("in")
    away.use("CR900001")
    away.wait_for("in")
    away.model.handle({"do": "use", "loginid": "VRTC900003"})
    view = away.wait_for("in")
    assert view["account"]["loginid"] == "VRTC900003"
    assert [account["current"] for account in view["accounts"]] == [False, False, True]
    assert away.model.session.balance()["loginid"].item() == "VRTC900003"
    for loginid in ("CR1", "", "VRTC900003"):
        away.use(loginid)
    assert away.view["phase"] == "in"


def test_an_account_with_real_money_is_asked_about_first(away: Reader) -> None:
    """The question and its rules are those of the account switcher."""
    away.return_with(away.query())
    away.wait_for("in")
    opened = away.box.connections_opened
    away.model.handle({"do": "use", "loginid": "CR900001"})
    view = away.view
    assert (view["phase"], view["asking"], view["account"]["loginid"]) == ("in", "CR900001", "VRTC900003")
    away.model.handle({"do": "yes", "loginid": "CR900002"})  # not the account that was asked about
    away.model.handle({"do": "no"})
    assert away.view["asking"] == ""
    away.model.handle({"do": "yes", "loginid": "CR900001"})  # nothing is asked now either
    assert (away.view["phase"], away.model.session.loginid) == ("in", "VRTC900003")
    assert away.box.connections_opened == opened
    away.use("CR900001")
    assert away.wait_for("in")["account"]["loginid"] == "CR900001"
    assert away.view["asking"] == ""


def test_an_account_that_cannot_be_chosen(away: Reader) -> None:
    away.return_with(away.query())
    away.wait_for("in")
    away.box.faults.revoke(away.model.session.core.grants["CR900002"].token.reveal())
    away.use("CR900002")
    view = away.wait_for("in", notice="InvalidToken")
    assert view["account"]["loginid"] == "VRTC900003"
    assert away.model.session.balance()["loginid"].item() == "VRTC900003"


def test_sign_out(away: Reader) -> None:
    away.return_with(away.query())
    away.wait_for("in")
    away.model.sign_out()
    view = away.view
    assert (view["phase"], view["accounts"]) == ("form", [])
    assert view["notice"] == {"title": "Signed out", "text": "You signed out.", "kind": "info"}
    away.use("CR900001")
    assert away.view["phase"] == "form"


def test_another_person_signs_in(away: Reader, eventually: Any) -> None:
    """Nothing of the previous user stays open."""
    away.return_with(away.query())
    away.wait_for("in")
    away.model.session.account_status("all")
    assert away.box.connections_open == 3
    away.begin()
    away.return_with(away.query(user=1))
    view = away.wait_for("in")
    assert view["account"]["loginid"] == "CR900011"
    assert view["accounts"] == []
    eventually(lambda: away.box.connections_open == 1)
    assert away.model.session.core.other_connections == {}


# Remembering tokens


def kept_file(home: Path) -> Path:
    return home / "dpyauth" / "credentials.json"


def test_nothing_is_remembered_without_the_users_choice(away: Reader, home: Path) -> None:
    away.return_with(away.query())
    away.wait_for("in")
    away.use("CR900002")
    away.wait_for("in")
    assert not kept_file(home).exists()


def test_remembered_by_token(sit_down: Callable[..., Reader], home: Path) -> None:
    reader = sit_down(profile="mine", remember=True)
    assert reader.view["remember"] is True
    reader.model.token(Secret(READ_ONLY), "1089", remember=True)
    reader.wait_for("in")
    assert stat.S_IMODE(kept_file(home).stat().st_mode) == 0o600
    kept = recall("mine")
    assert kept is not None
    assert (kept.active, kept.app_id) == ("CR900001", "1089")
    assert kept.tokens["CR900001"] == Secret(READ_ONLY)
    assert recall() is None


def test_remembered_by_browser_and_chosen(reader: Reader, eventually: Callable[..., None]) -> None:
    reader.begin(remember=True)
    reader.return_with(reader.query())
    app_id = reader.wait_for("in")["forms"][0]["app_id"]
    kept = recall()
    assert kept is not None
    assert (list(kept.tokens), kept.active, kept.app_id) == (RICH, "VRTC900003", app_id)
    reader.use("CR900002")
    reader.wait_for("in")
    eventually(lambda: (again := recall()) and (list(again.tokens), again.active) == (RICH, "CR900002"))


def test_unticking_remember(reader: Reader, home: Path) -> None:
    reader.model.token(Secret(WRONG), "16303", remember=True)
    reader.wait_for("form", notice="InvalidToken")
    reader.model.token(Secret(READ_ONLY), "16303", api="v3")
    reader.wait_for("in")
    assert not kept_file(home).exists()


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_failure_to_remember_is_shown_and_the_sign_in_stays(reader: Reader, home: Path) -> None:
    (home / "dpyauth").symlink_to(home)
    reader.model.token(Secret(READ_ONLY), "16303", remember=True)
    view = reader.wait_for("in", notice="is a link")
    assert view["notice"]["title"] == "Signed in, but not remembered"
    assert view["account"]["loginid"] == "CR900001"


def test_missing_balances_do_not_matter(reader: Reader) -> None:
    reader.begin(remember=True)
    reader.box.faults.error("PermissionDenied", "balance", times=10)
    reader.return_with(reader.query())
    view = reader.wait_for("in")
    assert view["notice"] is None
    assert [account["balance"] for account in view["accounts"]] == [""] * 3
    assert recall() is not None


def test_signed_out_before_it_could_be_kept(
    reader: Reader, home: Path, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    """Work left to do after a sign-in finds that the user has signed out."""
    keep: Callable[..., str] = SigningIn.remember
    left = threading.Event()

    def late(session: Session, profile: str) -> str:
        assert left.wait(5)
        return keep(session, profile)

    monkeypatch.setattr(SigningIn, "remember", late)
    reader.model.token(Secret(READ_ONLY), "16303", remember=True)
    eventually(lambda: reader.view["phase"] == "in")
    reader.model.sign_out()
    left.set()
    assert reader.wait_for("form")["notice"]["title"] == "Signed out"
    assert not kept_file(home).exists()


# Texts


def test_no_secret_is_ever_shown(sit_down: Callable[..., Reader], port: int) -> None:
    reader = sit_down(redirect_url=f"http://localhost:{port}/back")
    reader.begin(remember=True)
    query = reader.query()
    secrets = [value for name, value in parse_qsl(query[1:]) if "token" in name] + [reader.state(), reader.nonce]
    assert len(secrets) == 5
    reader.return_with(query)
    reader.wait_for("in")
    reader.use("CR900002")
    reader.wait_for("in")
    reader.model.sign_out()
    shown = json.dumps(reader.seen) + repr(reader.model) + repr(vars(reader.model)) + repr(vars(reader.model.session))
    assert [secret for secret in secrets if secret in shown] == []


def test_errors_have_titles(reader: Reader) -> None:
    reader.model.fail(KeepingFailed("No disk."))
    assert reader.view["notice"] == {"title": "Signed in, but not remembered", "text": "No disk.", "kind": "error"}
    reader.model.fail(DpyauthError("Who knows."))
    assert reader.view["notice"]["title"] == "That did not work"
    reader.model.dismiss()
    assert reader.view["notice"] is None


def test_deriv_is_asked_in_the_language_chosen_last(sit_down: Callable[..., Reader]) -> None:
    reader = sit_down()
    reader.model.receive({"do": "language", "language": "es"})
    reader.begin()
    assert dict(parse_qsl(urlsplit(reader.url).query))["l"] == "ES"
