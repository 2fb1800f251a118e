"""Test the address that starts a sign-in with code and PKCE, and everything that could come back from it."""

from __future__ import annotations

import base64
import copy
import hashlib
import logging
import pickle
import threading
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError, InvalidSetting, RedirectRefused
from dpyauth.oauth import pkce as module
from dpyauth.oauth.pkce import LIFETIME, Code, CodeSignIn

APP = "Sample21CharactersApp"
BACK = "https://notebooks.example/back"
CANARY = "ory_ac_c4naryc4naryc4nary.c4nary"


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


def begin(**options: Any) -> CodeSignIn:
    return CodeSignIn(APP, BACK, ["trade"], **options)


def right(sign_in: CodeSignIn, code: str = "abc", before: str = f"{BACK}?") -> str:
    return f"{before}code={quote(code)}&scope=trade&state={sign_in.state.reveal()}"


def refusal(sign_in: CodeSignIn, address: str | Secret) -> RedirectRefused:
    with pytest.raises(RedirectRefused) as refused:
        sign_in.accept(address)
    assert str(refused.value)
    return refused.value


# The address to open


def query(sign_in: CodeSignIn) -> dict[str, str]:
    fields = parse_qs(urlsplit(sign_in.url).query, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def test_the_plain_address() -> None:
    sign_in = begin()
    said = query(sign_in)
    challenge = said.pop("code_challenge")
    assert sign_in.url.startswith("https://auth.deriv.com/oauth2/auth?")
    assert said == {
        "response_type": "code",
        "client_id": APP,
        "redirect_uri": BACK,
        "scope": "trade",
        "state": sign_in.state.reveal(),
        "code_challenge_method": "S256",
    }
    verifier = sign_in.accept(right(sign_in)).verifier.reveal()
    assert 43 <= len(verifier) <= 128
    assert challenge == base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert verifier not in sign_in.url


def test_every_option() -> None:
    sign_in = CodeSignIn(
        f" {APP} ",
        " https://me.example:8443/a/b/?x=y&z=%20 ",
        ("trade", "account_manage"),
        host="https://auth.example/",
        language="es",
    )
    said = query(sign_in)
    assert sign_in.url.startswith("https://auth.example/oauth2/auth?")
    assert said["client_id"] == APP
    assert said["redirect_uri"] == "https://me.example:8443/a/b/?x=y&z=%20"
    assert (said["scope"], said["lang"]) == ("trade account_manage", "ES")


def test_scopes_in_one_text() -> None:
    assert query(CodeSignIn(APP, BACK, "trade payment"))["scope"] == "trade payment"


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:9", "https://x.example:1"])
def test_hosts(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OAUTHLIB_INSECURE_TRANSPORT", raising=False)
    sign_in = begin(host=host)
    assert sign_in.url.startswith(f"{host}/oauth2/auth?")
    assert sign_in.accept(right(sign_in)).host == host


@pytest.mark.parametrize(
    "host", ["http://auth.deriv.com", "auth.deriv.com", "https://auth.deriv.com/x", "https://", ""]
)
def test_invalid_hosts(host: str) -> None:
    with pytest.raises(InvalidSetting):
        begin(host=host)


@pytest.mark.parametrize(
    "given", ["http://localhost:3000", "http://127.0.0.1/x", "http://[::1]:5/", "https://x.example", f" {BACK}/\n"]
)
def test_redirect_urls(given: str) -> None:
    sign_in = CodeSignIn(APP, given, ["trade"])
    assert query(sign_in)["redirect_uri"] == given.strip()
    assert sign_in.accept(right(sign_in)).redirect_uri == given.strip()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "back",
        "http://notebooks.example/back",
        "http://localhost.example/",
        f"{BACK}#",
        f"{BACK}#x",
        "https://user@notebooks.example/",
        "https://notebooks.example:x/",
        "https://[::1/",
        "https:///back",
        "https://a b/",
        "https://ü.example/",
        "myapp://back",
        "javascript:alert(1)",
    ],
)
def test_invalid_redirect_urls(given: str) -> None:
    with pytest.raises(InvalidSetting, match="redirect URL"):
        CodeSignIn(APP, given, ["trade"])


@pytest.mark.parametrize("app_id", [None, ""])
def test_a_missing_app_id(app_id: Any) -> None:
    with pytest.raises(InvalidSetting, match="app ID of your own"):
        CodeSignIn(app_id, BACK, ["trade"])


@pytest.mark.parametrize("app_id", [" ", "my app", "x" * 65, "ä", "a&b", True])
def test_invalid_app_ids(app_id: Any) -> None:
    with pytest.raises(InvalidSetting, match="app ID"):
        CodeSignIn(app_id, BACK, ["trade"])


@pytest.mark.parametrize("scopes", [[], (), "", " ", ["trade payment"], [""], ["ä"], ["trade", None], ["a&b"]])
def test_invalid_scopes(scopes: Any) -> None:
    with pytest.raises(InvalidSetting, match="scope"):
        CodeSignIn(APP, BACK, scopes)


def test_every_sign_in_has_new_secrets() -> None:
    begun = [begin() for _ in range(30)]
    assert len({sign_in.state for sign_in in begun}) == 30
    assert min(len(sign_in.state.reveal()) for sign_in in begun) >= 32
    assert len({sign_in.accept(right(sign_in)).verifier for sign_in in begun}) == 30


# What comes back


@pytest.mark.parametrize(
    "shape",
    [
        BACK + "?code=abc&state={}",
        BACK + "?state={}&code=abc",
        BACK + "?code=abc&scope=trade+payment&state={}#",
        BACK + "/?code=abc&state={}#_=_",
        BACK + "#code=abc&state={}",
        "http://elsewhere.example:81/other?x=1&x=2&code=abc&state={}",
        "?code=abc&state={}",
        "code=abc&state={}",
        "  <" + BACK + "?code=abc&state={}>\n",
        '"' + BACK + '?code=abc&state={}"',
        "co%64e=%61bc&stat%65={}",
    ],
)
def test_one_code_in_many_shapes(shape: str) -> None:
    sign_in = begin()
    code = sign_in.accept(shape.format(sign_in.state.reveal()))
    assert code.value == Secret("abc")
    assert (code.client_id, code.redirect_uri, code.host) == (APP, BACK, "https://auth.deriv.com")


@pytest.mark.parametrize("value", [CANARY, "a+b/c==", "x" * 4096, "&?#=%"])
def test_codes_are_not_changed(value: str) -> None:
    sign_in = begin()
    assert (
        sign_in.accept(Secret(f"?code={quote(value, safe='')}&state={sign_in.state.reveal()}")).value.reveal() == value
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "?",
        "abc",
        CANARY,
        BACK,
        "hello there",
        f"{BACK}?acct1=CR1&token1=a1-x&cur1=usd",
        f"{BACK}?CODE=abc",
        "state={}",
        "\ud800",
        "\x00",
    ],
)
def test_addresses_that_are_not_redirects(address: str) -> None:
    sign_in = begin()
    refused = refusal(sign_in, address.format(sign_in.state.reveal()))
    assert refused.code == "not_a_redirect"
    assert "The code alone is not enough" in str(refused)
    assert sign_in.accept(right(sign_in))


def test_the_address_of_the_sign_in_page_is_not_an_answer() -> None:
    sign_in = begin()
    assert refusal(sign_in, sign_in.url).code == "not_a_redirect"
    assert sign_in.accept(right(sign_in))


@pytest.mark.parametrize("value", ["", "%20", "a%20b", "%C3%A9", "%FF", "a%0Ab", "x" * 4097])
def test_damaged_addresses(value: str) -> None:
    sign_in = begin()
    assert refusal(sign_in, f"?code={value}&state={sign_in.state.reveal()}").code == "damaged"
    assert sign_in.accept(right(sign_in))


@pytest.mark.parametrize(
    "address",
    [
        "?code=abc&code=abd&state={0}",
        "?code=abc&code=abc&state={0}",
        "?code=abc&state={0}&state={0}",
        "?code=abc&state={0}&state=x",
        "?code=abc&state={0}#code=abc",
        "?error=a&error=b&state={0}",
        "?code=abc&state={0}&x=" + "x" * 70_000,
        "?code=abc&state={0}" + "&" * 600,
    ],
)
def test_unreadable_addresses(address: str) -> None:
    sign_in = begin()
    assert refusal(sign_in, address.format(sign_in.state.reveal())).code == "unreadable"
    assert sign_in.accept(right(sign_in))


# State


@pytest.mark.parametrize("rest", ["code=abc", "error=access_denied", "error_description=x", "code="])
@pytest.mark.parametrize("came", ["x", "é", "%ed%a0%80", "0", "{0}x", " {0}", "{0}%00"])
def test_a_wrong_state(rest: str, came: str) -> None:
    sign_in = begin()
    assert refusal(sign_in, f"{rest}&state={came.format(sign_in.state.reveal())}").code == "state_mismatch"
    assert refusal(sign_in, f"{rest}&state={sign_in.state.reveal()[:-1]}").code == "state_mismatch"
    assert refusal(sign_in, right(begin())).code == "state_mismatch"
    assert sign_in.accept(right(sign_in))


@pytest.mark.parametrize("address", ["?code=abc", "?code=abc&state=", "?error=access_denied", "?code=&STATE={}"])
def test_no_state(address: str) -> None:
    sign_in = begin()
    refused = refusal(sign_in, address.format(sign_in.state.reveal()))
    assert refused.code == "state_missing"
    assert "app ID and the redirect URL" in str(refused)
    assert sign_in.accept(right(sign_in))


# Once, and in time


def kept_by(sign_in: CodeSignIn) -> list[Secret]:
    """Return the secrets that a sign-in holds, except its state."""
    return [value for value in vars(sign_in).values() if isinstance(value, Secret) and value is not sign_in.state]


def test_a_sign_in_can_be_completed_once() -> None:
    sign_in = begin()
    assert len(kept_by(sign_in)) == 1
    address = right(sign_in)
    assert sign_in.accept(address)
    for again in (address, right(sign_in, "other"), "?code=abc&state=x", "nonsense"):
        assert refusal(sign_in, again).code == "used"
    assert not kept_by(sign_in)


def test_two_answers_at_the_same_time() -> None:
    sign_in = begin()
    results: dict[threading.Thread, Code | str] = {}

    class Watched(Secret):
        def reveal(self) -> str:  # the second answer comes while the first one is being read
            if threading.current_thread() is first and second.ident is None:
                second.start()
                second.join(0.2)
            return super().reveal()

    def come() -> None:
        try:
            results[threading.current_thread()] = sign_in.accept(Watched(right(sign_in)))
        except RedirectRefused as refused:
            results[threading.current_thread()] = refused.code

    first, second = threading.Thread(target=come), threading.Thread(target=come)
    first.start()
    first.join(10)
    second.join(10)
    assert isinstance(results[first], Code)
    assert results[second] == "used"


def test_a_sign_in_expires() -> None:
    clock = Clock()
    sign_in, slow = begin(clock=clock), begin(clock=clock)
    clock.now += LIFETIME - 0.5
    assert sign_in.accept(right(sign_in))
    clock.now += 0.5
    refused = refusal(slow, right(slow))
    assert refused.code == "expired"
    assert "10 minutes" in str(refused)
    assert not kept_by(slow)
    assert refusal(slow, "nonsense").code == "expired"
    assert refusal(sign_in, right(sign_in)).code == "used"


# Refusals by Deriv


def test_denied() -> None:
    sign_in = begin()
    state = sign_in.state.reveal()
    refused = refusal(sign_in, f"{BACK}?error=access_denied&error_description=no&state={state}")
    assert refused.code == "access_denied"
    assert "You did not give the app access" in str(refused)
    assert refusal(sign_in, right(sign_in)).code == "used"


@pytest.mark.parametrize(
    ("said", "named", "text"),
    [
        (
            "error=invalid_scope&error_description=The+OAuth+2.0+Client+may+not+ask+for+%27x%27.",
            "invalid_scope",
            "invalid_scope: The OAuth 2.0 Client may not ask for 'x'.",
        ),
        ("error_description=Try+later", "unknown_error", "unknown_error: Try later."),
        ("error=", "unknown_error", "unknown_error."),
        ("error=used", "unknown_error", "unknown_error."),
        ("error=EXPIRED", "unknown_error", "unknown_error."),
        ("error=state_missing", "unknown_error", "unknown_error."),
        ("error=x&error_description=%3Cimg/src=x%3E%1b[31m", "x", "x: img src x 31m."),
        (f"error=x&error_description=not+{CANARY}&code={CANARY}", "x", "x: not secret."),
        ("error=x&error_description=you+said+{0}", "x", "x: you said secret."),
        ("error=x&code=abc", "x", "x."),
    ],
)
def test_other_refusals(said: str, named: str, text: str) -> None:
    sign_in = begin()
    refused = refusal(sign_in, f"{said.format(sign_in.state.reveal())}&state={sign_in.state.reveal()}")
    assert refused.code == named
    assert f"ended with {text}" in str(refused)
    assert refusal(sign_in, right(sign_in)).code == "used"


# Arbitrary input

anything = st.text(st.characters(), max_size=300)
names = st.sampled_from(["code", "state", "error", "error_description", "scope", "x", "Code"])
values = st.one_of(anything, st.sampled_from(["abc", "STATE", "", CANARY, "access_denied", "used"]))
queries = st.lists(st.tuples(names, values), max_size=8)


@given(anything)
@example("?" * 70_000)
@example("&;&;" * 20_000)
@example("%" * 65_000 + "&" * 500)
@example("code=" + "\U0010ffff" * 70_000)
def test_any_text_is_handled(address: str) -> None:
    sign_in = begin()
    assert refusal(sign_in, address).code in {"not_a_redirect", "unreadable", "state_missing", "state_mismatch"}
    assert sign_in.accept(right(sign_in))


@given(queries, st.booleans(), st.sampled_from(["", "?", "#", f"{BACK}?", f"{BACK}#/?"]))
@settings(max_examples=300)
def test_any_query_is_handled_and_needs_the_right_state(
    pairs: list[tuple[str, str]], encoded: bool, before: str
) -> None:
    sign_in = begin()
    state = sign_in.state.reveal()
    pairs = [(name, value.replace("STATE", state)) for name, value in pairs]
    parts = [f"{name}={quote(value, safe='', errors='replace') if encoded else value}" for name, value in pairs]
    try:
        code = sign_in.accept(before + "&".join(parts))
    except RedirectRefused as refused:
        text = str(refused)
        assert "c4nary" not in text
        assert state not in text
        assert text.isprintable()
        assert not set('<>&"') & set(text)
        return
    assert any(state in value for name, value in pairs)
    assert not any(name == "error" for name, _ in pairs)
    assert code.value.reveal().isascii()
    assert code.value.reveal().isprintable()
    assert " " not in code.value.reveal()


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=200), st.randoms())
def test_a_written_address_is_read_back(value: str, dice: Any) -> None:
    sign_in = begin()
    pairs = [("state", sign_in.state.reveal()), ("code", value), ("scope", "trade"), ("iss", "https://x.example")]
    dice.shuffle(pairs)
    assert sign_in.accept(f"{BACK}?{urlencode(pairs)}").value.reveal() == value


# Secrets


def shown(thing: object) -> str:
    slots = {name: getattr(thing, name, None) for name in dir(thing) if not name.startswith("__")}
    return f"{thing!r} {thing} {slots} {getattr(thing, '__dict__', '')}"


def test_neither_sign_in_nor_code_shows_a_secret() -> None:
    sign_in = begin()
    before = shown(sign_in)
    (verifier,) = kept_by(sign_in)
    code = sign_in.accept(right(sign_in, CANARY))
    assert code.verifier == verifier
    assert verifier.reveal() not in before + shown(sign_in)
    for thing in (sign_in, code):
        assert "c4nary" not in shown(thing)
        assert verifier.reveal() not in shown(thing)
        with pytest.raises(TypeError):
            pickle.dumps(thing)
    assert copy.copy(code) == code
    assert isinstance(code, Code)


@pytest.mark.parametrize(
    "shape",
    [
        "?code={1}",
        "?code={1}&state={1}",
        "?code={1}+&state={0}",
        "?code={1}&code=x&state={0}",
        "?error={1}&error_description={1}&state={0}",
        "?error=x&error_description={1}+{0}&code={1}&state={0}",
        "{1}",
        "?code={1}&state={0}" + "x" * 70_000,
        "?code={1}&state={0}" + "&" * 600,
    ],
)
def test_no_error_holds_a_secret(shape: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET)
    sign_in = begin()
    secret = Secret(shape.format(sign_in.state.reveal(), CANARY))
    check_told(lambda: sign_in.accept(secret), sign_in)
    assert not caplog.records


def test_no_error_of_a_finished_sign_in_holds_a_secret() -> None:
    clock = Clock()
    used, late = begin(clock=clock), begin(clock=clock)
    used.accept(right(used))
    clock.now += LIFETIME
    for sign_in in (used, late):
        secret = Secret(right(sign_in, CANARY))
        check_told(lambda sign_in=sign_in, secret=secret: sign_in.accept(secret), sign_in)  # type: ignore[misc]


def check_told(accept: Callable[[], Code], sign_in: CodeSignIn) -> None:
    """Check what a traceback with variables shows, without the frames of this file."""
    with pytest.raises(RedirectRefused) as refused:
        accept()
    error = refused.value
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [f"{frame.locals} {frame.line}" for frame in told.stack if frame.filename == module.__file__]
    assert len(frames) == 1
    text = "".join(frames) + repr(error) + str(vars(error)) + str(pickle.loads(pickle.dumps(error)))
    assert error.__context__ is None
    assert error.__cause__ is None
    assert "<secret>" in text  # the traceback does show variables
    assert "c4nary" not in text
    assert sign_in.state.reveal() not in text


@pytest.mark.parametrize("wrong", ["redirect_uri", "client_id", "host"])
def test_no_error_about_settings_repeats_a_pasted_address(wrong: str) -> None:
    given: dict[str, Any] = {"client_id": APP, "redirect_uri": BACK, "scopes": ["trade"]}
    with pytest.raises(DpyauthError) as refused:
        CodeSignIn(**{**given, wrong: f"x?code={CANARY}#"})
    assert "c4nary" not in str(refused.value)
