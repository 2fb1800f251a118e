from __future__ import annotations

import pytest

from dpyauth.credentials import Secret
from dpyauth.sandbox import Sandbox
from dpyauth.settings import SERVERS
from dpyauth.signin.choice import Choice

PAT = Secret("pat_" + "0" * 64)
OLD = Secret("a1-oldtoken")
APP = "33XxAb9Qw2LmN4pR7sT1u"


@pytest.mark.parametrize(
    ("token", "app_id", "api"),
    [
        (PAT, None, "options"),
        (PAT, "1089", "options"),
        (Secret(f" {PAT.reveal()}\n"), None, "options"),
        (Secret("ory_at_x.y"), None, "options"),
        (OLD, APP, "options"),
        (None, APP, "options"),
        (OLD, None, "v3"),
        (OLD, 1089, "v3"),
        (None, "1089", "v3"),
        (None, "", "v3"),
        (None, None, "v3"),
    ],
)
def test_guesses(token: Secret | None, app_id: object, api: str) -> None:
    assert Choice().guess(token, app_id) == api


def test_a_given_server_decides() -> None:
    assert Choice(server="https://example.com").guess(OLD, 1089) == "options"
    assert Choice(server=" wss://example.com").guess(PAT, APP) == "v3"


@pytest.mark.parametrize(("app_id", "has"), [(None, "1089"), ("", "1089"), (16303, "16303")])
def test_settings_of_v3(app_id: object, has: str) -> None:
    where = Choice(language="ES").settings("v3", app_id)
    assert (where.api, where.server, where.app_id, where.language) == ("v3", SERVERS["v3"], has, "ES")


def test_settings_of_options() -> None:
    where = Choice().settings("options", APP)
    assert (where.api, where.server, where.app_id) == ("options", SERVERS["options"], APP)


def test_settings_of_a_sandbox(box: Sandbox) -> None:
    choice = Choice(box)
    old, new = choice.settings("v3", None), choice.settings("options", "")
    assert (old.server, old.app_id) == (box.url, str(box.app_id))
    assert (new.server, new.app_id) == (box.rest, box.options_app_id)
    assert choice.settings("v3", 5).app_id == "5"


def test_the_other_one_where_that_can_be_tried() -> None:
    choice = Choice()
    assert choice.other("v3", None) is None  # no app ID for it
    assert choice.other("v3", 1089) is None
    to_v3 = choice.other("options", APP)
    assert to_v3 is not None
    assert (to_v3.api, to_v3.app_id) == ("v3", "1089")
    assert (choice.other("options", 16303) or to_v3).app_id == "16303"
    to_options = choice.other("v3", APP)
    assert to_options is not None
    assert (to_options.api, to_options.app_id) == ("options", APP)
    assert Choice(server="wss://example.com").other("v3", APP) is None


def test_the_other_one_of_a_sandbox(box: Sandbox) -> None:
    other = Choice(box).other("v3", None)
    assert other is not None
    assert (other.server, other.app_id) == (box.rest, box.options_app_id)
