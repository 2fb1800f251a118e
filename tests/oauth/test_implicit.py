"""Test the address of the sign-in page, and every form in which the answer has been seen or could come."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidSetting, RedirectRefused
from dpyauth.oauth.implicit import Grant, authorize_url, new_state, parse
from dpyauth.texts.languages import available

ONE = "acct1=CR1&token1=a1-x&cur1=usd"
TWO = f"{ONE}&acct2=VRTC2&token2=a1-y&cur2=btc"
STATE = "the-state-of-this-sign-in"
CANARY = "a1-r3directc4naryr3direct"


def read(entered: str, state: str | None = None, pasted: bool = True) -> list[tuple[str, str, str]]:
    grants = parse(entered, state=None if state is None else Secret(state), pasted=pasted)
    return [(grant.loginid, grant.token.reveal(), grant.currency) for grant in grants]


def code(entered: str, state: str | None = None, pasted: bool = True) -> str:
    with pytest.raises(RedirectRefused) as refused:
        read(entered, state, pasted)
    assert str(refused.value)
    return refused.value.code


# The address to open


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, strict_parsing=True)


def test_the_plain_address() -> None:
    url = authorize_url(12345, state=Secret("abc"))
    assert url == "https://oauth.deriv.com/oauth2/authorize?app_id=12345&l=EN&state=abc"


def test_every_option() -> None:
    url = authorize_url(
        " 7 ",
        host="https://oauth.binary.com/",
        language="zh_cn",
        brand="deriv",
        affiliate_token="a&b=c#d",
        state=Secret("s"),
    )
    assert url.startswith("https://oauth.binary.com/oauth2/authorize?")
    assert query(url) == {
        "app_id": ["7"],
        "l": ["ZH_CN"],
        "brand": ["deriv"],
        "affiliate_token": ["a&b=c#d"],
        "state": ["s"],
    }


@pytest.mark.parametrize("host", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:9", "https://x.example:1"])
def test_hosts(host: str) -> None:
    assert authorize_url(5, host=host, state=new_state()).startswith(f"{host}/oauth2/authorize?")


@pytest.mark.parametrize(
    "host",
    [
        "http://oauth.deriv.com",
        "http://127.0.0.1.example.com",
        "oauth.deriv.com",
        "ftp://localhost",
        "javascript:alert(1)",
        "https://user@oauth.deriv.com",
        "https://oauth.deriv.com/x",
        "https://oauth.deriv.com?x",
        "https://oauth.deriv.com#x",
        "https://oauth.deriv.com:x",
        "https://[::1",
        "https://",
        'https://a"b',
        "https://a b",
        "",
    ],
)
def test_invalid_hosts(host: str) -> None:
    with pytest.raises(InvalidSetting):
        authorize_url(5, host=host, state=new_state())


@pytest.mark.parametrize("app_id", [None, 1089, "1089", 0, -1, "x", True, 1.5])
def test_invalid_app_ids(app_id: object) -> None:
    with pytest.raises(InvalidSetting, match="app ID"):
        authorize_url(app_id, state=new_state())


def test_states_differ_and_are_long() -> None:
    states = {new_state() for _ in range(50)}
    assert len(states) == 50
    assert min(len(state.reveal()) for state in states) >= 32


# What comes back

GOOD = [
    ONE,
    f"?{ONE}",
    f"#{ONE}",
    f"&{ONE}&",
    f"http://localhost/?{ONE}",
    f"http://localhost/callback?{ONE}#",
    f"http://localhost/callback#{ONE}",
    f"http://localhost/callback#/?{ONE}",
    f"http://localhost?x=1#{ONE}",
    f"myapp://callback?{ONE}",
    f"/callback?{ONE}",
    f"  {ONE}\n",
    f'"{ONE}"',
    f"<https://x.example/?{ONE}>",
    f"{ONE}&state=",
    f"{ONE}&utm_source=x&utm_source=y&flag",
    f"{ONE}&{ONE}",
    "token1=a1-x&cur1=usd&acct1=CR1",
    "ACCT1=cr1&Token1=a1-x&CUR1=USD",
    "acct1=cr1&token1=a1-x&curr1=usd",
    "acct1=CR1& token1=a1-x& cur1=usd",
    "acct1 = CR1 &token1 = a1-x &cur1= usd",
    "acct1=CR1&token1=+a1-x%20%0A&cur1=usd",
    "%61cct1=CR%31&token1=%61%31%2Dx&cur1=%75sd",
]


@pytest.mark.parametrize("entered", GOOD)
def test_one_account_in_many_shapes(entered: str) -> None:
    assert read(entered) == [("CR1", "a1-x", "USD")]


@pytest.mark.parametrize(
    ("entered", "grants"),
    [
        (TWO, [("CR1", "a1-x", "USD"), ("VRTC2", "a1-y", "BTC")]),
        ("&".join(reversed(TWO.split("&"))), [("CR1", "a1-x", "USD"), ("VRTC2", "a1-y", "BTC")]),
        ("acct1=CR1&token1=a1-x", [("CR1", "a1-x", "")]),
        ("acct1=CR1&token1=a1-x&cur1=", [("CR1", "a1-x", "")]),
        (f"{ONE}&acct3=CR3&token3=a1-z", [("CR1", "a1-x", "USD")]),  # up to the first missing number
        (f"{ONE}&acct02=CR2&token02=a1-y", [("CR1", "a1-x", "USD")]),
    ],
)
def test_several_accounts(entered: str, grants: list[tuple[str, str, str]]) -> None:
    assert read(entered) == grants


@pytest.mark.parametrize("length", [1, 128])
def test_tokens_of_any_length_allowed(length: int) -> None:
    assert read(f"acct1=CR1&token1={'x' * length}")[0][1] == "x" * length


def test_an_address_with_twice_as_many_accounts_as_deriv_allows() -> None:
    entered = "&".join(f"acct{n}=CR{n}&token{n}={'x' * 128}&cur{n}=usd" for n in range(1, 51))
    assert len(read(entered)) == 50


@pytest.mark.parametrize(
    "entered",
    [
        "",
        " ",
        "?",
        "#",
        "a1-x",
        "hello there",
        "http://localhost/callback",
        "http://localhost/?state=x",
        "http://localhost/?code=abc&scope=read",
        "acct=CR1&token=a1-x",
        "acct١=CR1&token١=a1-x",
        "https://oauth.deriv.com/oauth2/authorize?app_id=1&l=EN",
        "\ud800",
        "\x00",
    ],
)
def test_addresses_that_are_not_redirects(entered: str) -> None:
    assert code(entered) == "not_a_redirect"


@pytest.mark.parametrize(
    "entered",
    [
        "acct1",
        "acct1=CR1",
        "token1=a1-x",
        "cur1=usd",
        "acct2=CR1&token2=a1-x",
        "acct1=&token1=a1-x",
        "acct1=CR1&token1=",
        "acct1=CR&token1=a1-x",
        "acct1=1&token1=a1-x",
        "acct1=CR1x&token1=a1-x",
        "acct1=C<R1&token1=a1-x",
        "acct1=ıR1&token1=a1-x",
        "acct1=CR١&token1=a1-x",
        f"acct1=CR{'1' * 40}&token1=a1-x",
        "acct1=CR1&token1=a1-x&cur1=u$d",
        "acct1=CR1&token1=a1-x&cur1=" + "u" * 17,
        "acct1=CR1&token1=a1.x",
        "acct1=CR1&token1=a1-é",
        "acct1=CR1&token1=a1-x y",
        "acct1=CR1&token1=" + "x" * 129,
        f"{ONE}&acct2=VRTC2",
        f"{ONE}&acct2=VRTC2&tok",
        f"{ONE}&acct2=VRTC2&token2=<b>",
    ],
)
def test_damaged_addresses(entered: str) -> None:
    assert code(entered) == "damaged"


@pytest.mark.parametrize(
    "entered",
    [
        f"{ONE}&token1=a1-z",
        f"{ONE}&acct1=CR2",
        f"{ONE}&curr1=eur",
        f"{ONE}#token1=a1-z",
        f"{ONE}&state=a&state=b",
        ONE + "x" * 70_000,
        "&".join(f"acct{n}=CR{n}&token{n}=a1-x" for n in range(1, 2000)),
        "&" * 100_000,
        "%" * 65_000 + "&" * 500,
    ],
)
def test_unreadable_addresses(entered: str) -> None:
    assert code(entered) == "unreadable"


# State


@pytest.mark.parametrize("pasted", [False, True])
def test_the_right_state(pasted: bool) -> None:
    assert read(f"{ONE}&state={STATE}", STATE, pasted)


@pytest.mark.parametrize("pasted", [False, True])
@pytest.mark.parametrize("state", [STATE, None])
@pytest.mark.parametrize("came", [STATE[:-1], f"{STATE}x", STATE.upper(), "é", "%ed%a0%80", "0"])
@pytest.mark.parametrize("rest", [ONE, "error=access_denied", "acct1=x"])
def test_a_wrong_state(pasted: bool, state: str | None, came: str, rest: str) -> None:
    assert code(f"{rest}&state={came}", state, pasted) == "state_mismatch"


@pytest.mark.parametrize("entered", [ONE, f"{ONE}&state=", f"{ONE}&state=+", "error=access_denied", "acct1=x"])
@pytest.mark.parametrize("state", [STATE, None, ""])
def test_a_missing_state_needs_the_users_confirmation(entered: str, state: str | None) -> None:
    assert code(entered, state, pasted=False) == "state_missing"
    if "acct1=CR1" in entered:
        assert read(entered, state, pasted=True)


# Refusals by Deriv


def test_denied() -> None:
    with pytest.raises(RedirectRefused, match="You did not give the app access") as refused:
        read("error=access_denied&error_description=no&state=")
    assert refused.value.code == "access_denied"
    assert code(f"error=access_denied&{ONE}") == "access_denied"


@pytest.mark.parametrize(
    ("entered", "named", "said"),
    [
        ("error=server_error", "server_error", "ended with server_error. Start"),
        (
            "error=SERVER_ERROR&error_description=Try+later.",
            "server_error",
            "ended with server_error: Try later. Start",
        ),
        ("error_description=Try+later", "unknown_error", "unknown_error: Try later. Start"),
        ("error=", "unknown_error", "unknown_error. Start"),
        ("error=%3Cb%3E", "unknown_error", "unknown_error. Start"),
        ("error=a1-x", "unknown_error", "unknown_error. Start"),
        ("error=" + "x" * 41, "unknown_error", "unknown_error. Start"),
        ("error=state_missing", "unknown_error", "unknown_error. Start"),
        ("error=damaged", "unknown_error", "unknown_error. Start"),
        ("error=x&error_description=%3Cimg/src=x%3E%1b[31m%00%e2%80%aehi", "x", "x: img src x 31m hi. Start"),
        (f"error=x&error_description=not+{CANARY}+there", "x", "x: not … there. Start"),
        ("error=x&error_description=you+said+short&acct1=CR1&token1=short", "x", "x: you said secret. Start"),
        (f"error=x&error_description=you+said+{STATE}&state={STATE}", "x", "x: you said secret. Start"),
    ],
)
def test_other_refusals(entered: str, named: str, said: str) -> None:
    with pytest.raises(RedirectRefused) as refused:
        read(entered, STATE)
    assert refused.value.code == named
    assert said in str(refused.value)


def test_a_long_message_is_cut() -> None:
    with pytest.raises(RedirectRefused) as refused:
        read("error=x&error_description=" + "blah+" * 10_000)
    assert len(str(refused.value)) < 400


# Arbitrary input

anything = st.text(st.characters(), max_size=300)
names = st.sampled_from(
    ["acct1", "token1", "cur1", "acct2", "token2", "curr2", "state", "error", "error_description", "x", " TOKEN1"]
)
values = st.one_of(anything, st.sampled_from(["CR1", "a1-x", "usd", STATE, "", CANARY, "access_denied"]))
queries = st.lists(st.tuples(names, values), max_size=12)


@given(anything, st.booleans())
@example("?" * 70_000, True)
@example("&;&;" * 20_000, True)
@example("acct1=" + "\U0010ffff" * 70_000, True)
def test_any_text_is_handled(entered: str, pasted: bool) -> None:
    try:
        grants = parse(entered, state=Secret(STATE), pasted=pasted)
    except RedirectRefused:
        return
    assert grants


@given(queries, st.booleans(), st.booleans(), st.sampled_from(["", "?", "#", "http://localhost/?", "http://x/#"]))
@settings(max_examples=300)
def test_any_query_is_handled_and_gives_valid_tokens_only(
    pairs: list[tuple[str, str]], pasted: bool, encoded: bool, before: str
) -> None:
    parts = [f"{name}={quote(value, safe='', errors='replace') if encoded else value}" for name, value in pairs]
    entered = before + "&".join(parts)
    try:
        grants = parse(entered, state=Secret(STATE), pasted=pasted)
    except RedirectRefused as refused:
        text = str(refused)
        assert "c4nary" not in text
        assert text.isprintable()
        assert not set('<>&"') & set(text)
        assert (STATE in text) is False
        return
    assert pasted or STATE in entered
    for grant in grants:
        assert isinstance(grant, Grant)
        assert grant.loginid.isascii()
        assert grant.loginid.isalnum()
        assert grant.loginid == grant.loginid.upper()
        assert 1 <= len(grant.token.reveal()) <= 128
        assert set(grant.token.reveal()) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


tokens = st.text("abcXYZ019_-", min_size=1, max_size=128)
accounts = st.lists(
    st.tuples(st.from_regex(r"[A-Za-z]{1,6}[0-9]{1,12}", fullmatch=True), tokens, st.sampled_from(["usd", "BTC", ""])),
    min_size=1,
    max_size=25,
)


@given(accounts, st.randoms(use_true_random=False), st.sampled_from(["", STATE]))
def test_a_written_address_is_read_back(accounts: list[tuple[str, str, str]], dice: Any, state: str) -> None:
    pairs = [("state", state)]
    for number, (loginid, token, currency) in enumerate(accounts, 1):
        pairs += [(f"acct{number}", loginid), (f"token{number}", token), (f"cur{number}", currency)]
    dice.shuffle(pairs)
    assert read(f"http://localhost/?{urlencode(pairs)}", STATE) == [
        (loginid.upper(), token, currency.upper()) for loginid, token, currency in accounts
    ]


# Secrets


@pytest.mark.parametrize(
    "entered",
    [
        f"acct1=CR1&token1={CANARY}.",
        f"acct1=&token1={CANARY}",
        f"acct1={CANARY}&token1={CANARY}",
        f"acct1=CR1&token1={CANARY}&token1=x",
        f"acct1=CR1&token1={CANARY}&state={CANARY}",
        f"error={CANARY}&error_description={CANARY}",
        f"{CANARY}",
        f"acct1=CR1&token1={CANARY}" + "x" * 70_000,
        f"acct1=CR1&token1={CANARY}" + "&" * 600,
    ],
)
def test_no_error_holds_a_secret(entered: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.NOTSET)
    secret = Secret(entered)
    del entered
    with pytest.raises(RedirectRefused) as refused:
        parse(secret, state=Secret(STATE), pasted=True)
    error = refused.value
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown = "".join(told.format()) + repr(error) + str(vars(error)) + str(pickle.loads(pickle.dumps(error)))
    assert error.__context__ is None
    assert "state=<secret>" in shown.replace(" = ", "=")  # the traceback does show variables
    assert "c4nary" not in shown
    assert STATE not in shown
    assert not caplog.records


def test_no_grant_shows_its_token() -> None:
    [grant] = parse(f"acct1=CR1&token1={CANARY}", state=None, pasted=True)
    assert "c4nary" not in f"{grant!r} {grant}"
    with pytest.raises(TypeError):
        pickle.dumps(grant)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?", "not_a_redirect"),
        ("?acct1=CR1&token1=a1-C4nary", "state_missing"),
        ("?acct1=CR1&token1=a1-C4nary&state=another", "state_mismatch"),
        ("?error=access_denied&state=right-state", "access_denied"),
        ("?error=server_error&state=right-state", "server_error"),
        ("?error=server_error&error_description=Busy&state=right-state", "server_error"),
        ("?acct1=CR1&state=right-state", "damaged"),
        ("?acct1=&token1=a1-C4nary&state=right-state", "damaged"),
        ("?acct2=CR1&token2=a1-C4nary&state=right-state", "damaged"),
        ("?acct1=CR1&acct1=CR2", "unreadable"),
        ("?" + "a" * 70_000, "unreadable"),
        ("?" + "a=1&" * 600, "unreadable"),
    ],
    ids=lambda text: text[:70],
)
def test_refusals_speak_the_users_language(query: str, code: str) -> None:
    with pytest.raises(RedirectRefused) as refused:
        parse(query, state=Secret("right-state"), pasted=False)
    assert refused.value.code == code
    told = [refused.value.in_language(language) for language in available()]
    assert len(set(told)) == len(told)
    assert str(refused.value) in told
    assert "C4nary" not in "".join(told)
