"""Test the model on the options API: tokens of both kinds, the sign-in with a code, and choosing the API."""

from __future__ import annotations

import asyncio
import html
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import keyring
import pytest
from helpers import free_port, verifier
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidCredential, InvalidSetting, PermissionDenied, RedirectRefused
from dpyauth.oauth import tokens
from dpyauth.panels import held_token
from dpyauth.panels.sign_in import SignInModel
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.storage import recall

V3 = "sandbox-rich-read"
CALLBACK = "http://127.0.0.1:8888/dpyauth/callback"
BACK = "https://me.example/back"
RICH = {"ROT900001", "DOT900003"}


class Reader:
    """A user of a model, and of a browser."""

    def __init__(self, model: SignInModel, box: Sandbox, eventually: Callable[..., None]) -> None:
        self.model = model
        self.box = box
        self.seen: list[dict[str, Any]] = []
        self.url = self.nonce = ""
        self.wait_until = eventually
        model.changed = lambda: self.seen.append(model.view())

    @property
    def view(self) -> dict[str, Any]:
        return self.model.view()

    def wait_for(self, phase: str, *, notice: str | None = None) -> dict[str, Any]:
        def quiet() -> bool:
            return not any(thread.name == "dpyauth-signed-in" for thread in threading.enumerate())

        self.wait_until(
            lambda: self.view["phase"] == phase and (notice is None or notice in str(self.view["notice"])) and quiet()
        )
        return self.view

    def pat(self, label: str = "rich, every scope") -> Secret:
        return Secret(self.box.options_token(label).token)

    def token(self, token: Secret, app_id: str | None = None, **more: Any) -> None:
        self.model.token(token, self.box.options_app_id if app_id is None else app_id, **more)

    def begin(self, app_id: str | None = None, *, callback: str | None = CALLBACK, **more: Any) -> dict[str, Any]:
        options = {"remember": False, "api": "options"} | more
        begun = self.model.browser(str(self.box.app_id) if app_id is None else app_id, callback, **options)
        self.url, self.nonce = begun["url"], begun["nonce"]
        return begun

    def asked(self, name: str) -> str:
        return dict(parse_qsl(urlsplit(self.url).query)).get(name, "")

    def at_deriv(self, choice: str = "allow", user: int = 9000001, url: str | None = None) -> str:
        """Sign in on Deriv's pages as a browser does; return the final address."""
        with httpx.Client(trust_env=False, timeout=10) as http:

            def send(path: str, page: httpx.Response, **more: str) -> httpx.Response:
                hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
                fields = {name: html.unescape(value) for name, value in hidden}
                return http.post(path, data=fields | more)

            first = http.get(url or self.url)
            if first.is_redirect:
                return str(first.headers["location"])
            action = html.unescape(re.findall(r'action="([^"]+)"', first.text)[0])
            consent = send(f"{self.box.auth_host}{action}", first, user=str(user))
            answer = send(f"{self.box.auth_host}/oauth2/auth/consent", consent, choice=choice)
            return str(answer.headers["location"])

    def return_with(self, address: str) -> None:
        self.model.returned(self.nonce, Secret(f"?{urlsplit(address).query}"))

    def paste(self, address: str) -> None:
        self.model.pasted(Secret(address))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


@pytest.fixture
def sit_down(box: Sandbox, eventually: Any) -> Iterator[Callable[..., Reader]]:
    """Return a function that seats users at models; afterwards nothing of theirs is running."""
    readers: list[Reader] = []

    def sit_down_one(sandbox: bool = True, **options: Any) -> Reader:
        if sandbox:
            session = Session(settings(box.app_id, box.url), timeout=5)
            readers.append(Reader(SignInModel(session, sandbox=box, **options), box, eventually))
        else:
            session = Session(settings(None, box.rest, api="options"), timeout=5)
            readers.append(Reader(SignInModel(session, oauth_host=box.auth_host, **options), box, eventually))
        return readers[-1]

    yield sit_down_one
    for reader in readers:
        reader.model.cancel()
        reader.model.session.close()
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


@pytest.fixture
def real(sit_down: Callable[..., Reader]) -> Reader:
    """Seat a user with an app, at a Deriv other than the kernel's own sandbox."""
    return sit_down(sandbox=False)


# With a token


@pytest.mark.parametrize("api", ["", "options", "v4"])
def test_personal_access_token(reader: Reader, api: str) -> None:
    reader.token(reader.pat(), api=api)
    view = reader.wait_for("in")
    assert view["account"]["api"] == reader.model.session.api == "options"
    assert view["account"]["source"] == "a token entered in the sign-in panel"
    assert (view["account"]["loginid"], view["account"]["kind"]) == ("DOT900003", "demo")
    assert view["forms"][0]["app_id"] == reader.box.options_app_id
    assert view["notice"] is None
    assert {account["loginid"]: account["kind"] for account in view["accounts"]} == {
        "ROT900001": "sample",
        "DOT900003": "demo",
    }
    assert all(re.fullmatch(r"[\d,]+\.\d\d", account["balance"]) for account in view["accounts"])


def test_each_api_has_its_own_app_id(reader: Reader) -> None:
    """In the sandbox, its own app is used if none is given."""
    app_ids = [reader.box.options_app_id, str(reader.box.app_id)]
    assert [form["app_id"] for form in reader.view["forms"]] == app_ids
    reader.token(reader.pat(), "")
    assert [form["app_id"] for form in reader.wait_for("in")["forms"]] == app_ids
    reader.model.token(Secret(V3), "1089", api="v3")
    view = reader.wait_for("in")
    assert view["account"]["api"] == "v3"
    assert [form["app_id"] for form in view["forms"]] == [app_ids[0], "1089"]
    assert view["notice"] is None


def test_samples_of_both_apis(reader: Reader) -> None:
    reader.model.sample("rich, every scope", "options")
    assert reader.wait_for("in")["account"]["api"] == "options"
    reader.model.sample("rich, every scope", "v3")
    assert reader.wait_for("in")["account"]["api"] == "v3"
    reader.model.sample("nobody's", "v3")
    reader.model.sample("rich, every scope", "v4")
    assert reader.view["phase"] == "in"


def test_an_app_of_another_kind(reader: Reader) -> None:
    app_id = reader.box.register_options_app("Mine", BACK)
    reader.token(reader.pat(), app_id, api="options")
    notice = reader.wait_for("form", notice="refused the sign-in")["notice"]
    assert notice["title"] == "Deriv refused the sign-in (options API)"
    assert "offer" not in notice
    assert (notice["field"], notice["api"]) == ("app_id", "options")


@pytest.mark.parametrize(
    ("app_id", "says"),
    [("", "needs your app ID"), ("4444", "belongs to Deriv's older API"), ("My app", "letters and digits")],
)
def test_an_invalid_app_id_is_reported_before_the_token_is_sent(real: Reader, app_id: str, says: str) -> None:
    """The user does not have to enter the token again."""
    with pytest.raises(InvalidSetting, match=says) as refused:
        real.token(real.pat(), app_id)
    real.model.fail(refused.value)
    notice = real.view["notice"]
    assert (notice["title"], notice["field"], notice["api"]) == ("Check the app ID", "app_id", "options")
    assert real.view["kept"] == "options"
    assert asked(real.box) == set()
    real.token(Secret(""))
    view = real.wait_for("in")
    assert view["account"]["loginid"] == "DOT900003"
    assert (view["kept"], view["notice"]) == ("", None)


def test_the_token_is_kept_if_deriv_refuses_the_app_id(real: Reader) -> None:
    real.token(real.pat(), "N0body5AppId")
    view = real.wait_for("form", notice="refused the sign-in")
    assert (view["notice"]["field"], view["notice"]["api"]) == ("app_id", "options")
    assert view["kept"] == "options"
    real.token(Secret(" "))
    assert real.wait_for("in")["account"]["loginid"] == "DOT900003"


def test_a_token_that_deriv_refuses_is_dropped(real: Reader) -> None:
    real.token(Secret("pat_" + "0" * 64))
    view = real.wait_for("form", notice="mistyped, deleted or expired")
    assert (view["notice"]["field"], view["kept"]) == ("token", "")
    with pytest.raises(InvalidCredential, match="empty"):
        real.token(Secret(""))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_token_is_kept_after_a_temporary_error(real: Reader, status: int) -> None:
    real.box.faults.http(status, "get_accounts", times=10)
    real.token(real.pat())
    view = real.wait_for("form", notice=str(status))
    assert view["kept"] == "options"
    assert "field" not in view["notice"]
    real.box.faults.clear()
    real.token(Secret(""))
    real.wait_for("in")


def test_the_token_is_kept_without_a_network(real: Reader) -> None:
    real.box.stop()
    real.token(real.pat())
    assert real.wait_for("form", notice="Deriv cannot be reached")["kept"] == "options"
    real.box.start()
    real.token(Secret(""))
    real.wait_for("in")


@pytest.mark.parametrize("how", ["cancel", "dismiss", "hand over", "leave", "close", "in time", "by another"])
def test_the_token_is_kept_for_this_attempt_only(real: Reader, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "in time":
        monkeypatch.setattr(held_token, "PATIENCE", 0.05)
    pat, model = real.pat(), real.model
    with pytest.raises(InvalidSetting):
        real.token(pat, "")
    match how:
        case "cancel":
            model.cancel()
        case "dismiss":
            model.dismiss()
        case "hand over":
            model.hand_over()
        case "leave":
            model.close()
        case "close":
            model.session.close()
        case "by another":
            real.token(Secret("pat_" + "0" * 64))
            real.wait_for("form", notice="mistyped")
    real.wait_until(lambda: real.view["kept"] == "")
    assert pat.reveal() not in repr(vars(model)) + repr(vars(model._held)) + json.dumps(real.seen)
    with pytest.raises((InvalidCredential, InvalidSetting)):
        real.token(Secret(""), "")
    assert real.view["kept"] == ""


def test_a_part_of_a_token(reader: Reader) -> None:
    half = reader.pat().reveal()[:30]
    reader.token(Secret(half), api="options")
    assert "part of it is missing" in reader.wait_for("form", notice="options API")["notice"]["text"]
    assert half not in str(reader.seen)


@pytest.mark.parametrize(
    ("token", "app_id", "error"), [("a b", "x", InvalidCredential), ("pat_1", "ö", InvalidSetting)]
)
def test_invalid_input_is_not_sent(reader: Reader, token: str, app_id: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        reader.token(Secret(token), app_id)
    assert reader.view["phase"] == "form"


# Choosing the API


def asked(box: Sandbox) -> set[str]:
    """Return the calls that the sandbox has received on either API."""
    return {each.call for each in box.received if each.call}


def test_a_token_of_options_is_never_sent_to_v3(reader: Reader) -> None:
    """Not even if it is refused there."""
    reader.token(reader.pat(), reader.box.register_options_app("Mine", BACK))  # not an app for such tokens
    notice = reader.wait_for("form", notice="refused the sign-in")["notice"]
    assert notice["title"] == "Deriv refused the sign-in (options API)"
    reader.token(Secret("pat_" + "0" * 64))
    reader.wait_for("form", notice="mistyped, deleted or expired")
    assert asked(reader.box) == {"get_accounts"}


def test_a_token_of_unknown_form_is_sent_to_one_api_only(reader: Reader) -> None:
    """It goes to the API whose fields it was entered in."""
    reader.model.token(Secret("C4nary-wr0ng"), "16303", api="v3")
    reader.wait_for("form", notice="v3 API")
    assert asked(reader.box) == {"authorize"}
    reader.model.token(Secret("C4nary-wr0ng"), "")
    reader.wait_for("form", notice="options API")
    assert asked(reader.box) == {"get_accounts", "authorize"}
    assert "C4nary" not in str(reader.seen)


@pytest.mark.parametrize("token", ["a1-0ld", "Kx9Lm2Qw8Rt5Yz1", V3])
def test_an_old_token_is_recognized_before_anything_is_sent(reader: Reader, token: str) -> None:
    """The user can continue with the older API without typing the token again."""
    reader.model.token(Secret(token), "")
    view = reader.view
    assert view["notice"]["title"] == "This looks like a token for Deriv's older API (v3)"
    assert {name: view["notice"][name] for name in ("field", "api", "offer")} == {
        "field": "token",
        "api": "options",
        "offer": "go on",
    }
    assert (view["phase"], view["kept"]) == ("form", "v3")
    assert asked(reader.box) == set()
    assert reader.box.connections_opened == 0
    reader.model.token(Secret(""), "1089", api="v3")
    reader.wait_until(lambda: reader.view["phase"] != "busy")
    assert asked(reader.box) >= {"authorize"}
    assert "get_accounts" not in asked(reader.box)


def test_a_token_of_the_current_api_among_those_of_v3(reader: Reader) -> None:
    reader.token(reader.pat(), "1089", api="v3")
    view = reader.view
    assert view["notice"]["title"] == "This looks like a token for Deriv's current API"
    assert (view["notice"]["api"], view["kept"]) == ("v3", "options")
    assert asked(reader.box) == set()
    reader.token(Secret(""))
    assert reader.wait_for("in")["account"]["api"] == "options"


@pytest.mark.parametrize(
    ("kind", "api"), [("pat", "v3"), ("ory_at_x", "v3"), ("eyJh.eyJh.x", "v3"), ("a1-x", "options")]
)
def test_the_api_named_in_login_is_kept(sit_down: Callable[..., Reader], kind: str, api: str) -> None:
    reader = sit_down(api=api)
    token = reader.pat() if kind == "pat" else Secret(kind)
    with pytest.raises(InvalidCredential, match=f"but {api} was chosen, so nothing was sent. Choose") as refused:
        reader.token(token, "", api=api)
    assert token.reveal() not in str(refused.value)
    reader.model.fail(refused.value)
    assert reader.view["notice"]["title"] == "Check the token"
    assert reader.view["kept"] == ""
    assert reader.box.connections_opened == 0
    assert asked(reader.box) == set()


@pytest.mark.parametrize("token", ["ory_rt_x", "ory_ac_x"])
def test_values_that_are_not_tokens_are_not_sent(reader: Reader, token: str) -> None:
    with pytest.raises(InvalidCredential, match="cannot open an account, so nothing was sent"):
        reader.token(Secret(token))
    assert asked(reader.box) == set()


def test_the_form_of_a_token_is_no_proof(sit_down: Callable[..., Reader]) -> None:
    """Deriv does not document the form of its tokens."""
    reader = sit_down(api="options")
    reader.token(Secret("Kx9Lm2Qw8Rt5Yz1"))
    assert reader.wait_for("form", notice="options API")
    assert asked(reader.box) == {"get_accounts"}


def test_a_user_who_has_moved_to_the_other_api(sit_down: Callable[..., Reader]) -> None:
    """v3 only says that the token is invalid; the panel offers the other API."""
    reader = sit_down(api="v3")
    reader.box.run(lambda: reader.box.options.move("CR900001", "complete"))
    reader.model.token(Secret(V3), "16303")
    view = reader.wait_for("form", notice="current API")
    assert view["notice"]["offer"] == "move"
    assert [form["api"] for form in view["forms"]] == ["options", "v3"]


def test_an_api_that_deriv_has_switched_off(sit_down: Callable[..., Reader]) -> None:
    """The error explains it, and the fields of the current API are shown."""
    reader = sit_down(api="v3")
    assert [form["api"] for form in reader.view["forms"]] == ["v3"]
    reader.box.faults.refuse(520, times=99)
    reader.model.token(Secret(V3), "16303")
    view = reader.wait_for("form", notice="HTTP 520")
    assert view["notice"]["title"] == "Deriv's older API (v3) is not responding"
    assert APIS["options"].pages.tokens in view["notice"]["text"]
    assert (view["notice"]["offer"], view["kept"]) == ("move", "v3")
    assert [(form["api"], form["open"]) for form in view["forms"]] == [("options", False), ("v3", False)]


# No account yet


def test_no_account_yet(reader: Reader) -> None:
    reader.token(reader.pat("new, no account"))
    assert reader.wait_for("form", notice="no options account yet")["notice"]["offer"] == "demo"
    people = len(reader.box.options.people[2].accounts)
    assert people == 0  # no account is created without being asked for
    reader.model.create_demo()
    view = reader.wait_for("in")
    assert view["account"]["kind"] == "demo"
    reader.model.create_demo()
    assert len(reader.box.options.people[2].accounts) == 1


def test_an_api_that_has_just_refused_is_not_offered(reader: Reader) -> None:
    reader.token(Secret("pat_" + "x" * 40))
    assert "offer" not in reader.wait_for("form", notice="(Unauthorized)")["notice"]
    reader.token(Secret("x" * 15), "1089", api="v3")
    notice = reader.wait_for("form", notice="(InvalidToken)")["notice"]
    assert "offer" not in notice
    assert "has just refused" in notice["text"]
    assert 'dpyauth.login(api="options"' not in notice["text"]
    reader.token(reader.pat())
    reader.wait_for("in")
    reader.model.sign_out()
    reader.token(Secret("x" * 15), "1089", api="v3")
    assert reader.wait_for("form", notice="(InvalidToken)")["notice"]["offer"] == "move"


def test_the_offer_to_create_an_account_expires(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token for it is dropped after a while."""
    reader.token(reader.pat("new, no account"))
    reader.wait_for("form", notice="no options account yet")
    monkeypatch.setattr(held_token, "PATIENCE", 0.05)
    reader.token(reader.pat("new, no account"))
    reader.wait_until(lambda: reader.view["notice"] and "offer" not in reader.view["notice"])
    reader.model.create_demo()
    assert reader.view["phase"] == "form"


def test_a_withdrawn_offer_has_no_effect(reader: Reader) -> None:
    reader.token(reader.pat("new, no account"))
    reader.wait_for("form", notice="no options account yet")
    reader.model.dismiss()
    reader.model.create_demo()
    assert reader.view["phase"] == "form"


def test_no_account_after_signing_in_with_deriv(away: Reader) -> None:
    """That token cannot create an account, so the user goes to Deriv again."""
    away.return_with(away.at_deriv(user=9000021))
    assert away.wait_for("form", notice="no options account yet")["notice"]["offer"] == "demo with Deriv"
    away.begin(create_demo=True)
    assert away.asked("scope") == "trade account_manage"
    away.return_with(away.at_deriv(user=9000021))
    assert away.wait_for("in")["account"]["kind"] == "demo"


# Signing in with a code


def test_begin(reader: Reader) -> None:
    begun = reader.begin()
    assert reader.url.startswith(f"{reader.box.auth_host}/oauth2/auth?")
    assert reader.asked("redirect_uri") == CALLBACK
    assert reader.asked("scope") == "trade"
    assert reader.asked("code_challenge_method") == "S256"
    assert begun["automatic"] is True
    assert reader.view["phase"] == "browser"
    assert reader.begin(callback=None)["automatic"] is False


@pytest.mark.parametrize("how", ["callback", "paste"])
def test_code(away: Reader, how: str) -> None:
    address = away.at_deriv()
    (away.return_with if how == "callback" else away.paste)(address)
    view = away.wait_for("in")
    assert view["account"] == {
        "loginid": "DOT900003",
        "currency": "USD",
        "kind": "demo",
        "api": "options",
        "source": "Deriv in the browser",
    }
    assert [light["text"] for light in view["scopes"]] == ["Trade"]
    assert {account["loginid"] for account in view["accounts"]} == RICH
    assert away.model.session.balance()["loginid"].item() == "DOT900003"
    away.model.handle({"do": "use", "loginid": "ROT900001"})
    away.model.handle({"do": "yes", "loginid": "ROT900001"})
    away.wait_for("in")
    assert away.model.session.balance()["loginid"].item() == "ROT900001"


@pytest.mark.parametrize("life", [3600, 2_591_999])
def test_the_end_of_the_sign_in_is_known(away: Reader, life: int) -> None:
    away.box.options.expires_in = life
    before = datetime.now(UTC)
    away.paste(away.at_deriv())
    away.wait_for("in")
    expires = away.model.session.expires
    assert expires is not None
    whole = timedelta(seconds=1)  # Deriv gives it in whole seconds
    assert before - whole <= expires - timedelta(seconds=life) <= datetime.now(UTC)


def test_the_tokens_are_renewed(away: Reader) -> None:
    away.box.options.gives_refresh_tokens = True
    away.box.options.expires_in = 2  # seconds; a token is renewed before its end, a short-lived one after half its life
    away.paste(away.at_deriv())
    away.wait_for("in")
    before = set(away.box.options.issued)

    def renewed() -> bool:
        time.sleep(0.2)  # within the limit on calls per minute
        away.model.session.call("get_accounts")
        return bool(set(away.box.options.issued) - before)

    away.wait_until(renewed)


@pytest.mark.parametrize("state", ["", "somebody-elses"])
@pytest.mark.parametrize("how", ["callback", "paste"])
def test_of_another_sign_in(away: Reader, how: str, state: str) -> None:
    """The user cannot confirm it: with a code there is always a state."""
    address = away.at_deriv()
    wrong = re.sub("state=[^&]*", f"state={state}", address)
    with pytest.raises(RedirectRefused) as refused:
        (away.return_with if how == "callback" else away.paste)(wrong)
    assert refused.value.code == ("state_mismatch" if state else "state_missing")
    assert (away.view["phase"], away.view["held"]) == ("browser", [])
    away.model.confirm()
    assert away.view["phase"] == "browser"
    away.paste(address)
    away.wait_for("in")


def test_denied(away: Reader) -> None:
    with pytest.raises(RedirectRefused, match="did not give the app access"):
        away.return_with(away.at_deriv("deny"))
    assert away.view["phase"] == "form"


def test_a_code_that_was_used(away: Reader) -> None:
    address = away.at_deriv()
    secret = verifier(away.model.browser_sign_in.flow)  # type: ignore[union-attr]
    code = dict(parse_qsl(urlsplit(address).query))["code"]
    fields = {"grant_type": "authorization_code", "client_id": away.asked("client_id"), "code": code}
    fields |= {"redirect_uri": CALLBACK, "code_verifier": secret}
    httpx.post(f"{away.box.auth_host}/oauth2/token", data=fields, trust_env=False).raise_for_status()
    away.paste(address)
    notice = away.wait_for("form", notice="invalid_grant")["notice"]
    assert notice["title"] == "Deriv refused the sign-in (options API)"
    assert code not in str(away.seen)
    assert secret not in str(away.seen)


def test_pasting_twice_counts_once(away: Reader) -> None:
    address = away.at_deriv()
    before = len(away.box.options.issued)
    away.paste(address)
    away.paste(address)
    away.return_with(address)
    assert away.wait_for("in")["notice"] is None
    assert len(away.box.options.issued) == before + 1


def test_two_ways_back_at_once_count_once(away: Reader) -> None:
    """The second one finds the code used, which is not reported."""
    browser, address = away.model.browser_sign_in, away.at_deriv()
    assert browser is not None
    away.paste(address)
    browser.pasted(Secret(address))
    browser.returned(away.nonce, Secret(f"?{urlsplit(address).query}"))
    assert away.wait_for("in")["notice"] is None


def test_cancelled_while_the_code_is_exchanged(away: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = threading.Event()

    async def never(*args: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(tokens, "exchange", never)
    away.paste(away.at_deriv())
    assert reached.wait(5)
    assert away.view["phase"] == "busy"
    away.model.cancel()
    assert away.view["phase"] == "form"
    assert away.view["notice"] is None


def test_the_session_is_closed_meanwhile(away: Reader) -> None:
    address = away.at_deriv()
    away.model.session.close()
    away.paste(address)
    assert away.wait_for("closed")["account"] is None


def test_remembered(reader: Reader) -> None:
    reader.begin(remember=True)
    reader.paste(reader.at_deriv())
    reader.wait_for("in")
    kept = recall()
    assert kept is not None
    assert (kept.api, kept.active, set(kept.tokens)) == ("options", "DOT900003", RICH)


# At Deriv itself, with the user's own app


def test_the_redirect_url_must_be_known(real: Reader) -> None:
    app_id = real.box.register_options_app("Mine", BACK)
    for given, options, field, says in (
        (app_id, {}, "redirect_url", "needs the redirect URL of your app"),
        (app_id, {"redirect_url": "me.example/back"}, "redirect_url", "exactly the one registered"),
        ("", {"redirect_url": BACK}, "app_id", "app ID of your own"),
        ("16303", {"redirect_url": BACK}, "app_id", "older API"),
    ):
        with pytest.raises((InvalidSetting, RedirectRefused), match=says) as refused:
            real.begin(given, **options)
        real.model.fail(refused.value)
        assert (real.view["notice"]["field"], real.view["notice"]["api"]) == (field, "options")
    assert real.view["phase"] == "form"
    begun = real.begin(app_id, redirect_url=f" {BACK} ", api="")
    assert real.asked("redirect_uri") == BACK
    assert begun["automatic"] is False
    assert real.view["notice"] is None
    real.paste(real.at_deriv())
    assert real.wait_for("in")["account"]["api"] == "options"


def test_a_redirect_url_that_is_not_the_registered_one(real: Reader) -> None:
    app_id = real.box.register_options_app("Mine", BACK)
    real.begin(app_id, redirect_url=f"{BACK}/")
    page = httpx.get(real.url, trust_env=False)
    assert "exactly the registered one" in page.text


def test_a_scope_that_the_app_does_not_have(real: Reader) -> None:
    app_id = real.box.register_options_app("Mine", BACK, ("payment",))
    real.begin(app_id, redirect_url=BACK)
    with pytest.raises(RedirectRefused, match="invalid_scope"):
        real.paste(real.at_deriv())
    assert real.view["phase"] == "form"


def test_by_the_listener(sit_down: Callable[..., Reader]) -> None:
    back = f"http://127.0.0.1:{free_port()}/back"
    reader = sit_down(sandbox=False, redirect_url=back)
    reader.begin(reader.box.register_options_app("Mine", back))
    assert reader.view["listening"] is True
    address = reader.at_deriv()
    wrong = re.sub("state=[^&]*", "state=another", address)
    with httpx.Client(trust_env=False, follow_redirects=True) as http:
        http.get(wrong)
        assert reader.view["phase"] == "browser"
        assert "Sign-in received" in http.get(address).text
    assert reader.wait_for("in")["account"]["loginid"] == "DOT900003"


def test_only_one_api_at_a_given_server(real: Reader, reader: Reader) -> None:
    assert [form["api"] for form in real.view["forms"]] == ["options"]
    assert [form["api"] for form in reader.view["forms"]] == ["options", "v3"]


def test_the_initial_values_of_the_fields() -> None:
    """The older API is folded, unless an app ID was given for it."""

    def fields(app_id: Any, api: str) -> tuple[str, str, bool]:
        session = Session(settings(app_id, api=api))
        first, folded = SignInModel(session).view()["forms"]
        session.close()
        return first["app_id"], folded["app_id"], folded["open"]

    assert fields(None, "options") == ("", "1089", False)
    assert fields("33abcDEF", "options") == ("33abcDEF", "1089", False)
    assert fields(None, "v3") == ("", "1089", False)
    assert fields(16303, "v3") == ("", "16303", True)


def test_links_lead_to_derivs_own_pages(reader: Reader) -> None:
    for form in reader.view["forms"]:
        pages = APIS[form["api"]].pages
        assert (form["apps"], form["tokens"], form["account"]) == (pages.apps, pages.tokens, pages.account)


# Secrets


def test_no_secret_is_ever_shown(reader: Reader) -> None:
    pat = reader.pat().reveal()
    reader.token(Secret(pat))
    reader.wait_for("in")
    reader.model.sign_out()
    reader.begin(remember=True)
    address = reader.at_deriv()
    secret = verifier(reader.model.browser_sign_in.flow)  # type: ignore[union-attr]
    code = dict(parse_qsl(urlsplit(address).query))["code"]
    shown = [
        repr(reader.model.browser_sign_in),
        repr(vars(reader.model.browser_sign_in)),
        repr(vars(reader.model.browser_sign_in.flow)),
    ]  # type: ignore[union-attr]
    before = set(reader.box.options.issued)
    reader.paste(address)
    reader.wait_for("in")
    reader.model.handle({"do": "use", "loginid": "ROT900001"})
    reader.model.handle({"do": "yes", "loginid": "ROT900001"})
    reader.wait_for("in")
    secrets = [pat, secret, code, reader.asked("state"), reader.nonce, *(set(reader.box.options.issued) - before)]
    assert len(secrets) == 6
    model = vars(reader.model) | {"_samples": ""}  # public tokens of the sandbox; only their labels are shown
    shown += [json.dumps(reader.seen), repr(reader.model), repr(model), repr(vars(reader.model.session))]
    assert [secret for secret in secrets for text in shown if secret in text and secret not in reader.url] == []
    assert [secret for secret in secrets for text in shown[3:] if secret in text] == []


def test_scopes_of_a_token_are_shown_as_they_become_known(reader: Reader) -> None:
    reader.model.sample("rich, trading only", "options")
    said = [light["text"] for light in reader.wait_for("in")["scopes"]]
    assert said == ["Trade", "not stated: Manage account, Payment, Read applications"]
    with pytest.raises(PermissionDenied):
        reader.model.session.wallets()
    said = [light["text"] for light in reader.view["scopes"]]
    assert said == ["Trade", "missing: Payment", "not stated: Manage account, Read applications"]
