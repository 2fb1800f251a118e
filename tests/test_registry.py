"""Test the registry of APIs: which API a token, an app ID or a server belongs to."""

from __future__ import annotations

import pytest

from dpyauth.registry import APIS, DEFAULT, by_app_id, by_server, by_token
from dpyauth.texts.said import in_language


def test_the_default_is_the_current_api() -> None:
    assert DEFAULT == "options"
    assert not APIS[DEFAULT].retiring


@pytest.mark.parametrize(
    ("token", "certain", "likely"),
    [
        ("pat_" + "0" * 64, "options", "options"),
        (" ory_at_x.y\n", "options", "options"),
        ("eyJhbGciOi.eyJzdWIiOi.c2ln", "options", "options"),
        ("a1-x", "v3", "v3"),
        ("Kx9Lm2Qw8Rt5Yz1", None, "v3"),
        ("Kx9Lm2Qw8Rt5Yz12", None, None),
        ("", None, None),
    ],
)
def test_the_api_of_a_token(token: str, certain: str | None, likely: str | None) -> None:
    assert by_token(token) == certain
    assert by_token(token, likely=True) == likely


@pytest.mark.parametrize(
    ("app_id", "api"),
    [
        ("33XxAb9Qw2LmN4pR7sT1u", "options"),
        (1089, "v3"),
        (" 16303 ", "v3"),
        ("1" * 21, "options"),
        (None, None),
        ("", None),
        (True, None),
        ("two words", None),
        pytest.param(10**5000, None, id="huge"),
    ],
)
def test_the_api_of_an_app_id(app_id: object, api: str | None) -> None:
    assert by_app_id(app_id) == api


@pytest.mark.parametrize(
    ("server", "api"),
    [("https://x", "options"), (" HTTP://x", "options"), ("wss://x", "v3"), ("ws://x", "v3"), ("x", None), ("", None)],
)
def test_the_api_of_a_server(server: str, api: str | None) -> None:
    assert by_server(server) == api


def test_pages_are_on_derivs_own_domain() -> None:
    for facts in APIS.values():
        for page in facts.pages.all:
            assert page.startswith("https://")
            assert page.split("/")[2].endswith(".deriv.com")
        assert facts.smallest_scope in facts.scopes


@pytest.mark.parametrize("language", ["en", "es", "fr", "pt-BR"])
@pytest.mark.parametrize("api", APIS)
def test_facts_in_words(api: str, language: str) -> None:
    facts = APIS[api]
    words = [facts.title, facts.credential, facts.check_app_id(None), facts.lacks_app_id, facts.advice("X")]
    words += [untold.what for untold in facts.untold.values()]
    english = language == "en"
    assert [text for text in words if (in_language(text, language) == text) is not english] == []
    assert (facts.connections is None) is (facts.crowded == "")
    assert "X" in in_language(facts.advice("X"), language)
    assert in_language(facts.title, language) in in_language(facts.lacks_app_id, language)
