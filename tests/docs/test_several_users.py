"""Test the page "Several users in one process": its apps run, and keep their users apart."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import missing

import dpyauth
from dpyauth.sandbox import shared
from dpyauth.signin.current import open_sessions

PAGE = Path(__file__).parents[2] / "notebooks" / "guide" / "several-users.md"
APPS = dict(re.findall(r"^```python\n# (\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


@pytest.fixture(autouse=True)
def on_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sign in to the sandbox; a token in the environment belongs to another user, and must not be used."""
    monkeypatch.setenv("DERIV_TOKEN", shared().options_token("agent").token)
    monkeypatch.setattr(dpyauth, "login", functools.partial(dpyauth.login, sandbox=True))
    yield
    for session in open_sessions():
        session.close()


def credentials(who: str) -> dict[str, str]:
    return {"app_id": shared().side("options").app_id, "token": shared().options_token(who).token}


def test_streamlit() -> None:
    testing = pytest.importorskip("streamlit.testing.v1")

    def signed_in(who: str) -> Any:
        tab = testing.AppTest.from_string(APPS["streamlit"], default_timeout=60).run()
        for field, value in zip(tab.text_input, credentials(who).values(), strict=True):
            field.input(value)
        return tab.button[0].click().run()

    ann, ben = signed_in("rich"), signed_in("partner")
    assert not ann.exception
    assert not ann.error
    mine, others = (set(tab.run().dataframe[0].value["loginid"]) for tab in (ann, ben))
    assert mine
    assert others
    assert not mine & others
    token = credentials("rich")["token"]
    assert token not in repr(ann.session_state), "the token that the user typed is not kept"
    ann.button[0].click().run()
    assert [field.label for field in ann.text_input] == ["App ID", "Token"]
    assert set(ben.run().dataframe[0].value["loginid"]) == others, "a user who signs out does not sign out the others"


def test_fastapi() -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    where: dict[str, Any] = {"__name__": "app"}
    exec(APPS["fastapi"], where)
    browsers = [testclient.TestClient(where["app"], base_url="https://testserver") for _ in range(3)]
    ann, ben, stranger = browsers
    signed_in = [
        each.post("/sign-in", data=credentials(who)).json()["loginid"]
        for each, who in ((ann, "rich"), (ben, "partner"))
    ]
    assert [each.get("/balance").json()[0]["loginid"] for each in (ann, ben)] == signed_in
    assert stranger.get("/balance").status_code == 401
    refused = stranger.post("/sign-in", data=credentials("rich") | {"token": "pat_" + "0" * 40})
    assert refused.status_code == 401
    assert "pat_0" not in refused.text
    assert ann.post("/sign-out").status_code == 200
    assert [each.get("/balance").status_code for each in (ann, ben)] == [401, 200]


def test_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.environ.get("DPYAUTH_DASH") or missing("DPYAUTH_DASH names no folder with Dash; `make test` makes one")
    monkeypatch.setattr(sys, "path", [*sys.path, folder])  # after the installed packages
    where: dict[str, Any] = {"__name__": "app"}
    exec(APPS["dash"], where)
    server = where["app"].server

    def press(browser: Any, given: dict[str, str]) -> dict[str, Any]:
        outputs = "..account.children...token.value.."
        states = [
            {"id": name, "property": "value", "value": value}
            for name, value in zip(("app-id", "token"), given.values(), strict=True)
        ]
        said = {
            "output": outputs,
            "outputs": [{"id": "account", "property": "children"}, {"id": "token", "property": "value"}],
            "inputs": [{"id": "sign-in", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["sign-in.n_clicks"],
            "state": states,
        }
        response = browser.post("/_dash-update-component", json=said, base_url="https://localhost")
        assert response.status_code == 200
        return response.get_json()["response"]

    ann, ben = (press(server.test_client(), credentials(who)) for who in ("rich", "partner"))
    accounts = [set(re.findall(r"\b[DR]OT\d+\b", repr(each["account"]))) for each in (ann, ben)]
    assert all(accounts)
    assert not accounts[0] & accounts[1]
    assert ann["token"]["value"] == ""
    wrong = press(server.test_client(), credentials("rich") | {"token": "pat_" + "0" * 40})
    assert "token" in wrong["account"]["children"]
    assert "pat_0" not in wrong["account"]["children"]


def test_a_page_without_one_of_the_apps_would_be_noticed() -> None:
    assert APPS.keys() == {"streamlit", "fastapi", "dash"}
