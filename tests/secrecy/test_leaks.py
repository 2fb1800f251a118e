"""Sign in in every way with recognisable tokens, and check that nothing shown or kept afterwards contains them."""

from __future__ import annotations

import json
import pickle
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import keyring
import pytest
from canaries import clean, shown, told
from keyring.backends.fail import Keyring as FailKeyring

import dpyauth
from dpyauth import _environment
from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError
from dpyauth.panels import widgets
from dpyauth.panels.sign_in import SignInModel
from dpyauth.panels.widgets import SignInPanel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session
from dpyauth.signin.current import close_sessions
from dpyauth.storage import remember

RIGHT = {"CR900001": "C4nary-r1ght-1", "CR900002": "C4nary-r1ght-2"}
WRONG = {"CR900001": "C4nary-wr0ng-1", "CR900002": "C4nary-wr0ng-2"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


class Ring:
    """A keyring that works."""

    priority = 5.0

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.held.get(name)

    def set_password(self, service: str, name: str, password: str) -> None:
        self.held[name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.held[name]


class Ways:
    """The ways to sign in. Each returns the session, signed in or (with wrong tokens) refused."""

    def __init__(self, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box = box
        self.patch = monkeypatch
        self.seen: list[Any] = []
        """Everything that was shown, sent to the browser, or raised."""
        self.model: SignInModel | None = None
        for loginid, token in RIGHT.items():
            box.world.issued[token] = Token(token, loginid, ("read", "trade", "admin"), "canary")
        monkeypatch.setattr(_environment, "has_user", lambda: False)

    def _login(self, token: str | None = None, **options: Any) -> Session | None:
        try:
            return dpyauth.login(token, **{"server": self.box.url, "app_id": 1089, "timeout": 5, **options})
        except DpyauthError as error:
            self.seen.append(error)
            return None

    def argument(self, tokens: dict[str, str]) -> Session | None:
        return self._login(tokens["CR900001"], remember=tokens is RIGHT)

    def environment(self, tokens: dict[str, str]) -> Session | None:
        self.patch.setenv("DERIV_TOKEN", tokens["CR900001"])
        return self._login()

    def prompt(self, tokens: dict[str, str]) -> Session | None:
        self.patch.setattr(_environment, "has_user", lambda: True)
        self.patch.setattr("getpass.getpass", lambda prompt: tokens["CR900001"])
        return self._login()

    def colab(self, tokens: dict[str, str]) -> Session | None:
        package = ModuleType("google.colab")
        package.userdata = SimpleNamespace(get={"DERIV_TOKEN": tokens["CR900001"]}.__getitem__)  # type: ignore[attr-defined]
        self.patch.setitem(sys.modules, "google", ModuleType("google"))
        self.patch.setitem(sys.modules, "google.colab", package)
        self.patch.setattr(_environment, "in_colab", lambda: True)
        return self._login()

    def file(self, tokens: dict[str, str]) -> Session | None:
        secrets = {loginid: Secret(token) for loginid, token in tokens.items()}
        remember(secrets, active="CR900001", app_id="1089", profile=f"default@{self.box.url}", api="v3")
        return self._login()

    def ring(self, tokens: dict[str, str]) -> Session | None:
        made = Ring()
        self.patch.setattr(keyring, "get_keyring", lambda: made)
        return self.file(tokens)

    def damaged(self, tokens: dict[str, str]) -> Session | None:
        """Read a file with a token in it that was damaged by hand."""
        self.file(tokens)
        path = dpyauth.storage.file.path()  # type: ignore[attr-defined]
        path.write_text(path.read_text()[:-2] + "x")
        close_sessions()
        return self._login()

    def dropped(self, tokens: dict[str, str]) -> Session | None:
        """Forget a token that Deriv refuses, in a notebook."""
        self._notebook()
        return self.file(tokens)

    def panel(self, tokens: dict[str, str]) -> Session | None:
        return self._panel(lambda say: say({"do": "sign-in", "token": tokens["CR900001"], "app_id": "1089"}))

    def remembered(self, tokens: dict[str, str]) -> Session | None:
        return self._panel(
            lambda say: say({"do": "sign-in", "token": tokens["CR900001"], "app_id": "1089", "remember": True})
        )

    def callback(self, tokens: dict[str, str]) -> Session | None:
        return self._redirect(tokens, lambda nonce, query: {"do": "returned", "nonce": nonce, "query": query})

    def paste(self, tokens: dict[str, str]) -> Session | None:
        return self._redirect(tokens, lambda nonce, query: {"do": "pasted", "address": f"http://localhost/{query}"})

    def vouched(self, tokens: dict[str, str]) -> Session | None:
        def go(say: Callable[[Any], None]) -> None:
            say({"do": "browser", "app_id": "16303"})
            begun = self._begun()
            say({"do": "returned", "nonce": begun["nonce"], "query": _query(tokens, "")})
            self.seen += [self.model.browser_sign_in, vars(self.model)] if self.model else []
            say({"do": "confirm"})

        return self._panel(go)

    def mistaken(self, tokens: dict[str, str]) -> Session | None:
        """Return from another sign-in, with damaged values and in wrong fields; the sign-in fails."""

        def go(say: Callable[[Any], None]) -> None:
            say({"do": "browser", "app_id": "16303"})
            begun = self._begun()
            query = _query(tokens, "another")
            say({"do": "returned", "nonce": begun["nonce"], "query": query})
            say({"do": "returned", "nonce": query, "query": query})
            for address in (query, query + "%20", query.replace("acct", "ac"), tokens["CR900001"]):
                say({"do": "pasted", "address": address, "app_id": query})
            for do in ("sign-in", "choose", "sample", "browser", query):
                wrong = dict.fromkeys(("token", "app_id", "loginid", "name", "callback"), query)
                say({"do": do, **wrong})
            assert self.model is not None
            self.model.fail(DpyauthError("The end."))

        return self._panel(go)

    def listener(self, tokens: dict[str, str]) -> Session | None:
        def go(say: Callable[[Any], None]) -> None:
            say({"do": "browser", "app_id": "16303"})
            model = self.model
            assert model is not None
            assert model.browser_sign_in is not None
            listener = model.browser_sign_in.listener
            assert listener is not None
            for state in ("", "another", model.browser_sign_in.flow.state.reveal()):
                try:
                    with urllib.request.urlopen(listener.url + _query(tokens, state), timeout=10) as page:
                        self.seen += [page.read(), page.headers.as_string(), page.url]
                except OSError as error:
                    self.seen += [str(error)]
            self.seen += [listener, vars(listener)]

        return self._panel(go, redirect_url="http://127.0.0.1:0/back")

    def _begun(self) -> dict[str, str]:
        """Return what the browser was told about the sign-in that has begun."""
        return next(one["browser"] for one in reversed(self.seen) if isinstance(one, dict) and "browser" in one)

    def _notebook(self) -> None:
        self.patch.setattr(widgets, "show", self._show)
        self.patch.setattr(_environment, "has_user", lambda: True)
        self.patch.setattr(_environment, "in_notebook", lambda: True)

    def _show(self, model: SignInModel) -> None:
        self.model = model
        self.panel_shown = SignInPanel(model)
        self.panel_shown.observe(lambda change: self.seen.append(change.new), "view")
        model.send = self.seen.append

    def _panel(self, act: Callable[[Callable[[Any], None]], None], **options: Any) -> Session | None:
        self._notebook()
        session = self._login(oauth_host=self.box.oauth_host, **options)

        def say(content: Any) -> None:
            self.panel_shown._handle_custom_msg(content, [])
            self.seen.append(content)  # ipykernel keeps the message for a while

        act(say)
        return session

    def _redirect(self, tokens: dict[str, str], message: Callable[[str, str], dict[str, str]]) -> Session | None:
        def go(say: Callable[[Any], None]) -> None:
            say({"do": "browser", "app_id": "16303"})
            begun = self._begun()
            say(message(begun["nonce"], _query(tokens, begun["url"].partition("state=")[2])))

        return self._panel(go)


def _query(tokens: dict[str, str], state: str) -> str:
    fields = [f"acct{n}={loginid}&token{n}={token}" for n, (loginid, token) in enumerate(tokens.items(), 1)]
    return f"?{'&'.join(fields)}&state={state}"


WAYS = [name for name in vars(Ways) if not name.startswith("_")]
NEVER = ("mistaken", "damaged")  # these do not sign in, whichever token they get


@pytest.fixture
def ways(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None], logged: Any, at_once: None
) -> Iterator[Ways]:
    made = Ways(box, monkeypatch)
    yield made
    if made.model is not None:
        made.model.cancel()
        made.panel_shown.close()
    names = ("dpyauth-signed-in", "dpyauth-listener")
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name in names])


def wait_for_the_end(ways: Ways, eventually: Callable[..., None]) -> None:
    model = ways.model
    if model is not None:
        eventually(lambda: model.view()["phase"] in ("form", "in") and not any(_busy()))


def _busy() -> Iterator[bool]:
    yield from (thread.name == "dpyauth-signed-in" for thread in threading.enumerate())


@pytest.mark.parametrize("tokens", [RIGHT, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_sign_in(
    way: str, tokens: dict[str, str], ways: Ways, box: Sandbox, logged: Any, capfd: Any, eventually: Any, home: Path
) -> None:
    session = getattr(ways, way)(tokens)
    wait_for_the_end(ways, eventually)
    signed_in = session is not None and session.state == "signed in"
    assert signed_in == (tokens is RIGHT and way not in NEVER)
    things: list[Any] = list(ways.seen)
    if session is not None:
        things += [
            session,
            session.core.credential,
            session.core.active_account,
            session.core.grants,
            session.aio,
            session.core.target,
        ]
        connection = session.core.connection
        if connection is not None:
            things += [connection, connection.protocol, connection.protocol._calls]
        with pytest.raises(TypeError):
            pickle.dumps(session)
    if signed_in:
        box.faults.drop("balance")
        frames = [session.account_status("all"), session.balance(), session.events()]
        for frame in frames:
            clean(frame.to_string() + str(frame.attrs) + repr(pickle.dumps(frame)))
        clean(session.health().to_string())
        things += [thing for other in session.core.other_connections.values() for thing in (other, other.protocol)]
        box.faults.error("Odd", "time", message=f"You said {tokens['CR900001']}", details={"you": [tokens["CR900001"]]})
        with pytest.raises(DpyauthError, match="You said <secret>") as refused:
            session.call("time")
        things.append(refused.value)
        for bad in ({"limit": 5000}, {"nonsense": 1}):
            with pytest.raises(DpyauthError) as refused:
                session.call("statement", **bad)
            things.append(refused.value)
    elif session is not None:
        with pytest.raises(DpyauthError) as refused:
            session.balance()
        things.append(refused.value)
    if ways.model is not None:
        panel = ways.panel_shown
        things += [ways.model, ways.model.view(), panel, panel.get_state(), panel.trait_values(), dict(vars(panel))]
        clean(json.dumps(ways.model.view()))
        for thing in (ways.model, panel):
            with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
                pickle.dumps(thing)
    if way == "dropped" and not signed_in:
        assert "was forgotten" in str(ways.model.view()) if ways.model else False
    for thing in things:
        clean(told(thing) if isinstance(thing, BaseException) else shown(thing))
    if session is not None:
        session.close()
        clean(shown(session))
    clean("".join(capfd.readouterr()))
    kept = home / "dpyauth" / "credentials.json"
    assert [
        path for path in home.rglob("*") if path.is_file() and b"C4nary" in path.read_bytes() and path != kept
    ] == []
    assert (kept.exists() and "C4nary" in kept.read_text()) == (
        way in ("file", "damaged") or (way in ("argument", "remembered", "dropped") and tokens is RIGHT)
    )


def test_every_source_of_credentials_has_a_case() -> None:
    """A new source of credentials needs a case here."""
    assert len(WAYS) == 15
    with pytest.raises(AssertionError):
        clean(shown(SimpleNamespace(token=RIGHT["CR900001"])))
    with pytest.raises(AssertionError):
        clean(told(ValueError(WRONG["CR900001"])))
