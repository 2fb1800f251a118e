"""The sign-in panel's Python side; its JavaScript is tested in tests/browser."""

from __future__ import annotations

import gc
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.widgets import signin

if TYPE_CHECKING:
    from conftest import Browser

WRONG = "Canary-7f3a91-wrong"
READ_ONLY = "sandbox-rich-read"


def everything(browser: Browser) -> str:
    """All that a front end, a saved notebook or a curious print could get hold of."""
    panel = browser.panel
    return json.dumps([browser.seen, panel.get_state()], default=repr) + repr(panel) + repr(panel._notice)


# What is shown


def test_before_sign_in_shows_form(browser: Browser, box: Sandbox) -> None:
    view = browser.panel.view
    assert view["phase"] == "form"
    assert view["state"] == "signed out"
    assert view["account"] is None
    assert view["notice"] is None
    assert view["sandbox"] is True
    assert view["app_id"] == str(box.app_id)
    assert view["host"] == f"127.0.0.1:{box.port}"
    assert view["samples"] == [sample.label for sample in box.tokens]


def test_without_samples_it_is_not_called_a_sandbox(session: Session) -> None:
    panel = signin.SignInPanel(session)
    assert panel.view["sandbox"] is False
    assert panel.view["samples"] == []
    panel.close()


def test_sign_in_goes_from_form_to_busy_to_account(browser: Browser) -> None:
    browser.sign_in(READ_ONLY)
    view = browser.wait_for_phase("in")
    assert view["account"] == {"loginid": "CR900001", "currency": "USD", "kind": "real", "scopes": ["Read"]}
    assert view["state"] == "signed in"
    assert view["notice"] is None
    phases = [seen["phase"] for seen in browser.seen]
    assert phases[0] == "form"
    assert phases.index("busy") < phases.index("in")
    assert browser.session.loginid == "CR900001"


def test_demo_account_is_told_apart(browser: Browser) -> None:
    browser.sign_in("sandbox-rich-demo")
    account = browser.wait_for_phase("in")["account"]
    assert (account["loginid"], account["kind"]) == ("VRTC900003", "demo")


def test_panel_of_a_signed_in_session_shows_the_account_at_once(signed_in: Browser, box: Sandbox) -> None:
    panel = signin.SignInPanel(signed_in.session, box.tokens)
    assert panel.view["phase"] == "in"
    assert panel.view["account"]["loginid"] == "CR900001"
    panel.close()


def test_blanks_round_a_pasted_token_are_forgiven(browser: Browser) -> None:
    browser.sign_in(f"  {READ_ONLY}\n")
    browser.wait_for_phase("in")


def test_closed_session_is_shown_and_takes_no_sign_in(signed_in: Browser) -> None:
    signed_in.session.close()
    view = signed_in.wait_for_phase("closed")
    assert view["account"] is None
    signed_in.sign_in(READ_ONLY)
    signed_in.say({"do": "sign-out"})
    assert signed_in.panel.view["phase"] == "closed"


# What goes wrong


@pytest.mark.parametrize(
    ("token", "app_id", "title", "says"),
    [
        ("", None, "Check the API token", "empty"),
        ("two words", None, "Check the API token", "only letters"),
        ("pat.with.dots", None, "Check the API token", "dot"),
        ("x" * 200, None, "Check the API token", "200 characters"),
        (READ_ONLY, "abc", "Check the app ID", "whole number"),
        (READ_ONLY, "-1", "Check the app ID", "above 0"),
        (READ_ONLY, "999999", "Deriv did not let you in", "app ID"),
        (WRONG, None, "Deriv did not let you in", "InvalidToken"),
        ("sandbox-rich-disabled", None, "Deriv did not let you in", "disabled"),
    ],
)
def test_refusal_says_why(browser: Browser, token: str, app_id: str | None, title: str, says: str) -> None:
    browser.sign_in(token, app_id)
    notice = browser.wait_for_notice()
    assert notice["title"] == title
    assert says in notice["text"]
    assert browser.panel.view["phase"] == "form"
    assert browser.session.state == "signed out"


def test_unreachable_server(browser: Browser, box: Sandbox) -> None:
    box.stop()
    browser.sign_in(READ_ONLY)
    assert browser.wait_for_notice()["title"] == "Deriv cannot be reached"


def test_next_try_takes_the_notice_away(browser: Browser) -> None:
    browser.sign_in(WRONG)
    browser.wait_for_notice()
    browser.sign_in(READ_ONLY)
    assert browser.wait_for_phase("in")["notice"] is None


def test_same_mistake_twice_is_answered_twice(browser: Browser) -> None:
    """The browser takes a try that changes nothing for a kernel that does not answer."""
    browser.sign_in("")
    browser.wait_for_notice()
    seen = len(browser.seen)
    browser.sign_in("")
    assert browser.wait_for_notice()["title"] == "Check the API token"
    assert len(browser.seen) > seen


def test_notice_can_be_dismissed(browser: Browser) -> None:
    browser.sign_in("")
    browser.wait_for_notice()
    browser.say({"do": "dismiss"})
    assert browser.panel.view["notice"] is None


def test_refused_token_keeps_who_was_signed_in(signed_in: Browser) -> None:
    signed_in.sign_in(WRONG)
    notice = signed_in.wait_for_notice()
    assert notice["title"] == "Deriv did not let you in"
    assert signed_in.panel.view["phase"] == "in"
    assert signed_in.panel.view["account"]["loginid"] == "CR900001"
    assert signed_in.session.call("balance")["balance"]["loginid"] == "CR900001"


def test_another_token_replaces_who_was_signed_in(signed_in: Browser) -> None:
    signed_in.sign_in("sandbox-rich-btc")
    signed_in.wait_for(lambda view: view["phase"] == "in" and view["account"]["currency"] == "BTC")
    assert signed_in.session.loginid == "CR900002"


def test_another_app_id_stays_with_the_session_only_if_it_works(browser: Browser, box: Sandbox) -> None:
    browser.sign_in(READ_ONLY, "999999")
    browser.wait_for_notice()
    assert browser.panel.view["app_id"] == str(box.app_id)
    browser.sign_in(READ_ONLY, "1089")
    assert browser.wait_for_phase("in")["app_id"] == "1089"


# Samples, cancelling, signing out


@pytest.mark.parametrize("index", [0, 4])
def test_sample_by_name(browser: Browser, box: Sandbox, index: int) -> None:
    sample = box.tokens[index]
    browser.say({"do": "sample", "name": sample.label})
    assert browser.wait_for_phase("in")["account"]["loginid"] == sample.loginid


def test_cancel_leaves_at_once(browser: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    browser.sign_in(READ_ONLY)
    browser.wait_for_phase("busy")
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    browser.say({"do": "cancel"})
    assert browser.panel.view["phase"] == "form"
    assert browser.panel.view["notice"] is None
    browser.sign_in(READ_ONLY)
    browser.wait_for_phase("in")


def test_cancel_keeps_who_was_signed_in(signed_in: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    signed_in.sign_in("sandbox-rich-btc")
    signed_in.wait_for_phase("busy")
    signed_in.say({"do": "cancel"})
    assert signed_in.panel.view["phase"] == "in"
    assert signed_in.session.call("balance")["balance"]["loginid"] == "CR900001"


def test_second_try_calls_the_first_off(browser: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    browser.sign_in("sandbox-rich-btc")
    first = browser.panel._attempt
    assert first is not None
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    browser.sign_in(READ_ONLY)
    assert first.cancelled()
    assert browser.wait_for_phase("in")["account"]["loginid"] == "CR900001"


def test_mistake_in_a_second_try_leaves_the_first_alone(browser: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    browser.sign_in(READ_ONLY)
    browser.sign_in("")
    assert browser.panel.view["phase"] == "busy"


def test_cancel_with_nothing_to_cancel(signed_in: Browser) -> None:
    signed_in.say({"do": "cancel"})
    assert signed_in.panel.view["phase"] == "in"


def test_sign_out(signed_in: Browser, box: Sandbox) -> None:
    signed_in.say({"do": "sign-out"})
    view = signed_in.wait_for_phase("form")
    assert view["notice"] == {"title": "Signed out", "text": "You signed out.", "kind": "info"}
    assert signed_in.session.state == "signed out"
    assert box.wait_until(lambda box: box.connections_open == 0)
    signed_in.sign_in(READ_ONLY)
    assert signed_in.wait_for_phase("in")["notice"] is None


# What happens outside the panel


def test_panel_follows_a_break(signed_in: Browser, box: Sandbox) -> None:
    box.stop()
    view = signed_in.wait_for(lambda view: view["state"] == "reconnecting")
    assert view["phase"] == "in"
    assert view["account"]["loginid"] == "CR900001"
    box.start()
    signed_in.wait_for(lambda view: view["state"] == "signed in")


def test_token_refused_on_reconnect_is_told_in_the_errors_own_words(signed_in: Browser, box: Sandbox) -> None:
    box.faults.revoke(box.tokens[0].token)
    box.faults.drop()
    view = signed_in.wait_for_phase("form")
    assert view["notice"]["title"] == "Signed out"
    assert "API token" in view["notice"]["text"]  # case kept


def test_every_panel_of_a_session_follows_it(signed_in: Browser, box: Sandbox) -> None:
    other = type(signed_in)(signed_in.session, box)
    signed_in.say({"do": "sign-out"})
    other.wait_for_phase("form")
    other.panel.close()


def test_sign_in_from_a_thread_without_a_loop(browser: Browser) -> None:
    thread = threading.Thread(target=browser.sign_in, args=(READ_ONLY,))
    thread.start()
    browser.wait_for_phase("in")
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_a_late_look_never_overwrites_a_newer_one(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads refresh at any time: the view must end as the last change left it."""
    looked, newer_shown = threading.Event(), threading.Event()
    real_look = browser.panel._look

    def slow_look() -> dict[str, Any]:
        seen = real_look()
        if threading.current_thread() is slow:
            looked.set()
            newer_shown.wait(timeout=0.5)  # must not come: the newer look has to wait for this one
        return seen

    monkeypatch.setattr(browser.panel, "_look", slow_look)
    slow = threading.Thread(target=browser.panel._refresh)
    slow.start()
    assert looked.wait(timeout=5)
    browser.session._signed_out_because = "the test says so"
    browser.panel._refresh()
    newer_shown.set()
    slow.join(timeout=5)
    assert browser.panel.view["notice"] == {"title": "Signed out", "text": "The test says so.", "kind": "info"}


# Hostile and broken messages

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
_MESSAGES = _JSON | st.fixed_dictionaries(
    {"do": st.sampled_from(["sample", "cancel", "dismiss", "sign-out"]) | _JSON},
    optional={"name": _JSON, "token": _JSON, "app_id": _JSON},
)


@given(message=_MESSAGES)
@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(browser: Browser, message: Any) -> None:
    browser.say(message)
    assert browser.panel.view["phase"] == "form"
    assert browser.session.state == "signed out"


@pytest.mark.parametrize("token", [None, 5, True, [], {}, ["a b"], {"a": 1}, "\0", "é", "a\nb"])
@pytest.mark.parametrize("app_id", [None, 5.5, [], {}, "9" * 5000, "", "1e3"])
def test_sign_in_with_wrong_types(browser: Browser, token: object, app_id: object) -> None:
    browser.say({"do": "sign-in", "token": token, "app_id": app_id})
    assert browser.wait_for_notice()
    assert browser.panel.view["phase"] == "form"


@pytest.mark.parametrize("content", [{}, {"token": READ_ONLY}, {"app_id": "1089"}])
def test_sign_in_with_parts_missing(browser: Browser, content: dict[str, str]) -> None:
    browser.say({"do": "sign-in", **content})
    assert browser.wait_for_notice()


def test_browser_cannot_set_the_view(browser: Browser) -> None:
    """What is shown comes from the session; a forged state changes nothing there."""
    browser.panel.set_state({"view": {"phase": "in"}})
    assert browser.session.state == "signed out"
    browser.say({"do": "sign-out"})
    assert browser.panel.view["phase"] == "form"


# Secrets


@pytest.mark.parametrize("token", [WRONG, READ_ONLY, f"{WRONG} with blanks", f"{WRONG}.dot", WRONG * 20])
def test_token_is_nowhere_to_be_seen(browser: Browser, token: str) -> None:
    message = {"do": "sign-in", "token": token, "app_id": browser.session._settings.app_id}
    browser.say(message)
    browser.wait_for(lambda view: view["phase"] == "in" or (view["phase"] == "form" and view["notice"]))
    assert token not in everything(browser)
    assert "token" not in message


def test_token_in_the_wrong_field_is_not_repeated(browser: Browser) -> None:
    browser.sign_in("", app_id=WRONG)
    browser.wait_for_notice()
    assert WRONG not in everything(browser)


def test_refused_token_is_forgotten(browser: Browser) -> None:
    token = "-".join(("Canary", "made", "at", "run", "time"))
    browser.sign_in(token)
    browser.wait_for_notice()
    for thread in threading.enumerate():
        if thread.name == "dpyauth":  # ends with the last connection, which is being closed
            thread.join(timeout=5)
    gc.collect()
    assert gc.get_referrers(token) == []


def test_panel_says_who_is_signed_in(signed_in: Browser) -> None:
    assert repr(signed_in.panel) == "dpyauth sign-in panel: <dpyauth session: signed in, CR900001 (USD, real)>"


def test_show_displays_a_panel(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(signin, "display", shown.append)
    signin.show(session)
    (panel,) = shown
    assert isinstance(panel, signin.SignInPanel)
    panel.close()


def test_sample_tokens_are_not_offered_to_other_servers(session: Session) -> None:
    panel = signin.SignInPanel(session)
    panel._handle_custom_msg({"do": "sample", "name": "rich, every scope"}, [])
    assert panel.view["phase"] == "form"
    panel.close()


def test_language_is_kept(browser: Browser, box: Sandbox) -> None:
    spanish = type(browser)(Session(settings(box.app_id, box.url, "ES"), timeout=5), box)
    spanish.sign_in(READ_ONLY, "1089")
    spanish.wait_for_phase("in")
    assert spanish.session._settings == settings(1089, box.url, "ES")
    spanish.session.close()
    spanish.panel.close()
