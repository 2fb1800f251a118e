"""Test an API whose servers refuse every connection, as after Deriv switches it off: users are told how to continue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import dpyauth
from dpyauth import _environment
from dpyauth.credentials import Secret
from dpyauth.errors import ApiUnavailable, ConnectionFailed, InvalidSetting, NotSignedIn, SignInRefused
from dpyauth.panels.sign_in import SignInModel
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.storage import recall, remember
from dpyauth.targets import Targets

TOKEN = "sandbox-rich-all"
Login = Callable[..., Session]


@pytest.fixture
def off(box: Sandbox) -> Sandbox:
    """Run the sandbox with v3's servers refusing every connection."""
    box.faults.refuse(520, times=1000)
    return box


@pytest.fixture
def login(off: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Login:
    monkeypatch.setattr(_environment, "has_user", lambda: False)
    return lambda *args, **more: dpyauth.login(*args, **{"server": off.url, "app_id": off.app_id, **more})


def refusals_of(box: Sandbox) -> int:
    return 1000 - len(box.faults._refusing)


def tells_the_way_on(text: str) -> None:
    options = APIS["options"]
    for part in ("HTTP 520", "retiring", "may be", options.pages.apps, options.pages.tokens, "DERIV_APP_ID"):
        assert part in text
    assert 'dpyauth.login(api="options", ask=True)' in text


def test_a_script_is_told_after_one_attempt_how_to_continue(login: Login, off: Sandbox) -> None:
    with pytest.raises(ApiUnavailable) as raised:
        login(TOKEN)
    assert isinstance(raised.value, ConnectionFailed)
    assert raised.value.api == "v3"
    assert refusals_of(off) == 1
    tells_the_way_on(str(raised.value))


def test_an_unattended_run_is_told_how_to_continue(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERIV_TOKEN", TOKEN)
    with pytest.raises(ApiUnavailable) as raised:
        login()
    tells_the_way_on(str(raised.value))


def test_an_old_token_in_the_environment_does_not_lock_the_user_out(
    login: Login, panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", TOKEN)
    session = login()
    assert session.state == "signed out"
    view = panels[0].view()
    assert view["phase"] == "form"
    tells_the_way_on(view["notice"]["text"])
    assert "DERIV_TOKEN" in view["notice"]["text"]
    with pytest.raises(NotSignedIn, match="HTTP 520"):
        session.balance()


def test_a_token_of_a_moved_user_does_not_lock_the_user_out(
    login: Login, panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch, off: Sandbox
) -> None:
    off.faults.clear()
    off.faults.move("CR900001")
    monkeypatch.setenv("DERIV_TOKEN", TOKEN)
    assert login().state == "signed out"
    said = panels[0].view()["notice"]["text"]
    assert "DERIV_TOKEN" in said
    assert APIS["options"].pages.tokens in said


def test_a_token_of_unknown_form_does_not_lock_the_user_out(
    panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch, off: Sandbox
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", "of-no-known-looks")
    assert dpyauth.login(server=off.rest).state == "signed out"
    said = panels[0].view()["notice"]["text"]
    assert "DERIV_TOKEN" in said
    assert 'dpyauth.login(api="v3")' in said


def test_such_tokens_passed_as_arguments_are_errors(panels: list[SignInModel], off: Sandbox) -> None:
    with pytest.raises(InvalidSetting):
        dpyauth.login("of-no-known-looks", server=off.rest)
    off.faults.clear()
    with pytest.raises(SignInRefused):
        dpyauth.login("sandbox-rich-expired", server=off.url)


def test_a_remembered_token_does_not_lock_the_user_out_and_is_kept(
    login: Login, panels: list[SignInModel], off: Sandbox
) -> None:
    profile = f"default@{off.url}"
    remember({"CR900001": Secret(TOKEN)}, active="CR900001", app_id=str(off.app_id), api="v3", profile=profile)
    assert login().state == "signed out"
    assert "the sign-in remembered in" in panels[0].view()["notice"]["text"]
    assert recall(profile) is not None
    off.faults.clear()
    assert login().loginid == "CR900001"


def test_a_terminal_shows_how_to_continue(
    login: Login, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", TOKEN)
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    assert login().state == "signed out"
    tells_the_way_on(capsys.readouterr().err)


def test_the_other_api_can_be_used_with_an_old_token_and_app_id_set(
    login: Login, panels: list[SignInModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DERIV_TOKEN", "a1-old")
    monkeypatch.setenv("DERIV_APP_ID", "1089")
    session = dpyauth.login(api="options", ask=True)
    assert session.api == "options"
    assert panels[0].view()["forms"][0]["app_id"] == ""


def test_no_browser_sign_in_is_started_in_vain(off: Sandbox, open_session: Any) -> None:
    model = SignInModel(open_session(None), sandbox=off)
    with pytest.raises(ApiUnavailable) as raised:
        model.browser("", None, api="v3", remember=False)
    assert model.view()["phase"] == "form"
    assert refusals_of(off) == 1
    tells_the_way_on(str(raised.value))
    off.faults.clear()
    assert model.browser("", None, api="v3", remember=False)["url"]
    model.cancel()


def test_the_current_api_is_not_probed(off: Sandbox, open_session: Any) -> None:
    model = SignInModel(open_session(None), sandbox=off)
    assert model.browser("", None, api="options", remember=False)["url"]
    assert refusals_of(off) == 0
    model.cancel()


def test_a_fleet_has_the_error_in_the_affected_rows(off: Sandbox) -> None:
    with dpyauth.fleet({"Ann": TOKEN, "Ben": TOKEN}, server=off.url, app_id=off.app_id) as fleet:
        rows = fleet.balance()
    assert len(rows) == 2
    for text in rows["error"]:
        tells_the_way_on(text)
    assert refusals_of(off) == 2


def test_an_api_that_answers_is_used(login: Login, off: Sandbox) -> None:
    off.faults.clear()
    assert login(TOKEN).loginid == "CR900001"
    assert Targets(off).guess(Secret(TOKEN), None) == "v3"


def test_a_question_without_a_sign_in_fails_too(open_session: Any, off: Sandbox) -> None:
    session = open_session(None)
    with pytest.raises(ApiUnavailable):
        session.call("time")
    off.faults.clear()
    assert session.call("time")["time"] > 0


def test_switching_accounts_keeps_the_one_in_use(box: Sandbox, open_session: Any) -> None:
    session = open_session("sandbox-rich-all")
    box.faults.refuse(520)
    again = session.core.start_sign_in(session.core.credential)
    with pytest.raises(ApiUnavailable):
        again.result(10)
    assert session.balance()["currency"].item() == "USD"
