"""Test choosing the API and the server when the caller does not name both."""

from __future__ import annotations

import pytest

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.targets import Targets

PAT = Secret("pat_" + "0" * 64)
OLD = Secret("a1-oldtoken")
UNKNOWN = Secret("Kx9Lm2Qw8Rt5Yz1")
APP = "33XxAb9Qw2LmN4pR7sT1u"


@pytest.mark.parametrize(
    ("token", "app_id", "api"),
    [
        (PAT, None, "options"),
        (PAT, "1089", "options"),
        (Secret(f" {PAT.reveal()}\n"), None, "options"),
        (Secret("ory_at_x.y"), None, "options"),
        (Secret("eyJhbGciOi.eyJzdWIiOi.c2ln"), "1089", "options"),
        (UNKNOWN, APP, "options"),
        (None, APP, "options"),
        (OLD, APP, "v3"),
        (UNKNOWN, None, "v3"),
        (UNKNOWN, 1089, "v3"),
        (OLD, None, "v3"),
        (OLD, 1089, "v3"),
        (None, "1089", "v3"),
        (None, "", "options"),
        (None, None, "options"),
        (Secret("looks-like-nothing-known"), None, "options"),
        (Secret("looks-like-nothing-known"), 1089, "v3"),
        (Secret("of-no-known-looks"), None, "options"),
    ],
)
def test_the_api_is_guessed_from_what_is_given(token: Secret | None, app_id: object, api: str) -> None:
    assert Targets().guess(token, app_id) == api


def test_a_given_server_decides() -> None:
    assert Targets(server="https://example.com").guess(OLD, 1089) == "options"
    assert Targets(server=" wss://example.com").guess(PAT, APP) == "v3"


@pytest.mark.parametrize(("app_id", "has"), [(None, "1089"), ("", "1089"), (16303, "16303")])
def test_settings_of_v3(app_id: object, has: str) -> None:
    where = Targets(language="ES").settings("v3", app_id)
    assert (where.api, where.server, where.app_id, where.language) == ("v3", APIS["v3"].server, has, "es")


def test_settings_of_options() -> None:
    where = Targets().settings("options", APP)
    assert (where.api, where.server, where.app_id) == ("options", APIS["options"].server, APP)


def test_settings_of_a_sandbox(box: Sandbox) -> None:
    choice = Targets(box)
    assert choice.guess(Secret("sandbox-rich-all"), None) == "v3"
    assert choice.guess(Secret(box.options_tokens[0].token), None) == "options"
    old, new = choice.settings("v3", None), choice.settings("options", "")
    assert (old.server, old.app_id) == (box.url, str(box.app_id))
    assert (new.server, new.app_id) == (box.rest, box.options_app_id)
    assert choice.settings("v3", 5).app_id == "5"


def test_which_settings_suffice(box: Sandbox) -> None:
    assert Targets().complete("options", APP).app_id == APP
    assert Targets().complete("v3", "").app_id == "1089"
    assert Targets(box).complete("options", "").app_id == box.options_app_id
    with pytest.raises(InvalidSetting, match=r"needs your app ID.*type PAT: https://") as refused:
        Targets().complete("options", "")
    assert refused.value.field == "app_id"


def test_the_sandbox_knows_its_own_tokens(box: Sandbox) -> None:
    token = Secret(box.tokens[0].token)
    assert (Targets(box).kind(token), Targets().kind(token)) == ("v3", None)
    assert (Targets().kind(UNKNOWN), Targets().kind(UNKNOWN, likely=True)) == (None, "v3")
