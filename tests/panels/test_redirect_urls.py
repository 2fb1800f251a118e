"""Test redirect URLs: those that Deriv takes are accepted, except for unwise ones."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.catalog.calls import load
from dpyauth.panels.redirect_urls import PASTE, spelled, trouble
from dpyauth.texts import texts

RULE = load("v3")["app_register"].fields["redirect_uri"]["pattern"]


@pytest.mark.parametrize(
    "url",
    [
        PASTE,
        "http://localhost",
        "http://127.0.0.1/cb",
        "https://u.github.io/dpyauth/callback.html",
        "https://hub.x/user/jane%40x/dpyauth/callback",
        "myapp://callback",
    ],
)
def test_right(url: str) -> None:
    assert trouble(url) == ""


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://hub.x/user/jane@x.org/dpyauth/callback", "https://hub.x/user/jane%40x.org/dpyauth/callback"),
        ("https://hub.x/user/jane%40x.org/dpyauth/callback", "https://hub.x/user/jane%40x.org/dpyauth/callback"),
        ("https://hub.x/~jane/dpyauth/callback", "https://hub.x/%7Ejane/dpyauth/callback"),
        ("https://hub.x/user/jané/dpyauth/callback", "https://hub.x/user/jan%C3%A9/dpyauth/callback"),
        ("https://hub.x/user/a+b,c/dpyauth/callback", "https://hub.x/user/a%2Bb%2Cc/dpyauth/callback"),
    ],
)
def test_the_address_of_a_hub_in_a_form_that_deriv_takes(address: str, url: str) -> None:
    assert spelled(address) == url
    assert trouble(url) == ""


@pytest.mark.parametrize("url", ["https://me@hub.x/", "https://hub.x/?a=@", "https://hub.x/#@", "http://hub.x:8000/@"])
def test_addresses_that_cannot_be_corrected(url: str) -> None:
    assert trouble(spelled(url)) == trouble(url) != ""


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "scheme"),
        ("example.com/back", "scheme"),
        ("HTTPS://example.com", "scheme"),
        ("com.example.app:/cb", "scheme"),
        ("urn:ietf:wg:oauth:2.0:oob", "scheme"),
        ("https://", "host"),
        ("https:///x", "host"),
        ("http://localhost:8888/", "port"),
        ("https://example.com:443", "port"),
        ("http://[::1]/cb", "ipv6"),
        ("https://me@example.com/", "user"),
        ("https://example.com/?a=b", "query"),
        ("https://example.com/#top", "fragment"),
        ("https://example.com/a b", "blank"),
        ("https://example.com/\n", "blank"),
        ("https://exämple.com/", "letters"),
        ("https://example.com/~jane", "signs"),
        ("https://example.com/" + "x" * 240, "long"),
        ("http://example.com/back", "plain"),
    ],
)
def test_wrong_and_why(url: str, key: str) -> None:
    assert trouble(url) == key
    assert texts("apps", language="en")[f"url_{key}"]


@given(
    st.text(max_size=40)
    | st.from_regex(re.compile(RULE, re.ASCII), fullmatch=True)
    | st.tuples(st.sampled_from(["https://", "http://", "x://"]), st.text("ab.:/?#[]@% ~-_1", max_size=20)).map("".join)
)
def test_accepted_urls_are_those_that_deriv_takes(url: str) -> None:
    fits = re.fullmatch(RULE, url, re.ASCII) is not None
    wrong = trouble(url)
    assert not wrong or f"url_{wrong}" in texts("apps", language="en")
    if not wrong:
        assert fits
    elif fits:
        assert wrong in ("blank", "long", "plain", "host")
