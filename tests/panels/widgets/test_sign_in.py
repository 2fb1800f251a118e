"""Test the widget of the sign-in panel: messages in, a view out. Its JavaScript is tested in tests/browser."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable
from types import CellType
from typing import TYPE_CHECKING, Any

import pytest
from helpers import arrive, verifier
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dpyauth.panels import widgets
from dpyauth.panels.sign_in import SignInModel
from dpyauth.panels.widgets import SignInPanel
from dpyauth.sandbox import Sandbox
from dpyauth.settings import settings

if TYPE_CHECKING:
    from conftest import Browser, Display

WRONG = "Canary-7f3a91-wrong"
READ_ONLY = "sandbox-rich-read"
RICH = ["CR900001", "CR900002", "VRTC900003"]
CALLBACK = "http://127.0.0.1:8888/dpyauth/callback"


def everything(browser: Browser) -> str:
    """Return everything that a front end, a saved notebook or a printed object could contain."""
    panel = browser.panel
    traits = {name: getattr(panel, name) for name in panel.trait_names() if name not in ("comm", "log")}
    return json.dumps([browser.seen, panel.get_state()], default=repr) + repr(panel) + repr(traits) + repr(vars(panel))


def begin(browser: Browser, **more: Any) -> dict[str, str]:
    """Begin to sign in with Deriv; return what the panel's JavaScript receives."""
    browser.say({"do": "browser", "app_id": "16303", "callback": CALLBACK, **more})
    begun: dict[str, str] = browser.told[-1]["browser"]
    return begun


def query_for(begun: dict[str, str], token: str, *, state: bool = True) -> str:
    mark = begun["url"].partition("state=")[2] if state else ""
    return f"?acct1=CR900001&token1={token}&cur1=usd&state={mark}"


# Display


def test_before_sign_in_shows_form(browser: Browser, box: Sandbox) -> None:
    view = browser.panel.view
    assert view == browser.model.view()
    assert view["phase"] == "form"
    assert [form["app_id"] for form in view["forms"]] == [str(box.app_id)]
    assert view["host"] == f"127.0.0.1:{box.port}"


def test_panel_of_a_signed_in_session_shows_the_account_at_once(signed_in: Browser, open_browser: Any) -> None:
    other = open_browser(signed_in.session)
    assert other.panel.view["phase"] == "in"
    assert other.panel.view["account"]["loginid"] == "CR900001"


def test_another_server_has_no_samples(browser: Browser) -> None:
    panel = SignInPanel(SignInModel(browser.session))
    assert panel.view["sandbox"] is False
    assert panel.view["samples"] == {}
    arrive(panel, {"do": "sample", "name": "rich, every scope"})
    assert panel.view["phase"] == "form"
    panel.close()


def test_closed_session_is_shown_and_takes_no_sign_in(signed_in: Browser) -> None:
    signed_in.session.close()
    view = signed_in.wait_for_phase("closed")
    assert view["account"] is None
    signed_in.sign_in(READ_ONLY)
    signed_in.say({"do": "sign-out"})
    assert signed_in.panel.view["phase"] == "closed"


# Messages from the browser


def test_sign_in_goes_from_form_to_busy_to_account(browser: Browser) -> None:
    browser.sign_in(READ_ONLY)
    view = browser.wait_for_phase("in")
    assert view["account"]["loginid"] == "CR900001"
    phases = [seen["phase"] for seen in browser.seen]
    assert phases[0] == "form"
    assert phases.index("busy") < phases.index("in")


@pytest.mark.parametrize(
    ("token", "app_id", "title", "says"),
    [
        ("", None, "Check the token", "empty"),
        ("two words", None, "Check the token", "only letters"),
        ("pat.with.dots", None, "Check the token", "dot"),
        ("x" * 200, None, "Check the token", "200 characters"),
        (READ_ONLY, "a b", "Check the app ID", "above 0"),
        (READ_ONLY, "-1", "Check the app ID", "above 0"),
        (READ_ONLY, "999999", "Deriv refused the sign-in (v3 API)", "app ID"),
        (WRONG, None, "Deriv refused the sign-in (v3 API)", "InvalidToken"),
        ("sandbox-rich-disabled", None, "Deriv refused the sign-in (v3 API)", "disabled"),
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


def test_a_repeated_mistake_is_answered_again(browser: Browser) -> None:
    """The browser takes an attempt that changes nothing for a kernel that does not answer."""
    browser.sign_in("")
    browser.wait_for_notice()
    seen = len(browser.seen)
    browser.sign_in("")
    assert browser.wait_for_notice()["title"] == "Check the token"
    assert len(browser.seen) > seen


def test_the_same_pasted_mistake_twice_is_answered_twice(browser: Browser) -> None:
    begin(browser)
    browser.say({"do": "pasted", "address": "http://localhost/"})
    browser.wait_for_notice()
    seen = len(browser.seen)
    browser.say({"do": "pasted", "address": "http://localhost/"})
    assert browser.wait_for_notice()["title"] == "The sign-in with Deriv failed"
    assert len(browser.seen) > seen


def test_notice_can_be_dismissed(browser: Browser) -> None:
    browser.sign_in("")
    browser.wait_for_notice()
    browser.say({"do": "dismiss"})
    assert browser.panel.view["notice"] is None


def test_refused_token_keeps_who_was_signed_in(signed_in: Browser) -> None:
    signed_in.sign_in(WRONG)
    assert signed_in.wait_for_notice()["title"] == "Deriv refused the sign-in (v3 API)"
    assert signed_in.panel.view["phase"] == "in"
    assert signed_in.session.call("balance")["balance"]["loginid"] == "CR900001"


def test_another_token_replaces_who_was_signed_in(signed_in: Browser) -> None:
    signed_in.sign_in("sandbox-rich-btc")
    signed_in.wait_for(lambda view: view["phase"] == "in" and view["account"]["currency"] == "BTC")
    assert signed_in.session.loginid == "CR900002"


def test_another_app_id_stays_with_the_session_only_if_it_works(browser: Browser, box: Sandbox) -> None:
    browser.sign_in(READ_ONLY, "999999")
    browser.wait_for_notice()
    assert browser.panel.view["forms"][0]["app_id"] == str(box.app_id)
    browser.sign_in(READ_ONLY, "1089")
    assert browser.wait_for_phase("in")["forms"][0]["app_id"] == "1089"


@pytest.mark.parametrize("index", [0, 4])
def test_sample_by_name(browser: Browser, box: Sandbox, index: int) -> None:
    sample = box.tokens[index]
    browser.say({"do": "sample", "name": sample.label})
    assert browser.wait_for_phase("in")["account"]["loginid"] == sample.loginid


def test_cancel_keeps_who_was_signed_in(signed_in: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    signed_in.sign_in("sandbox-rich-btc")
    signed_in.wait_for_phase("busy")
    signed_in.say({"do": "cancel"})
    assert signed_in.panel.view["phase"] == "in"
    assert signed_in.session.call("balance")["balance"]["loginid"] == "CR900001"


def test_a_second_attempt_cancels_the_first(browser: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    browser.sign_in("sandbox-rich-btc")
    first = browser.model.attempt
    assert first is not None
    assert box.wait_until(lambda box: any(each.call == "authorize" for each in box.received))
    browser.sign_in(READ_ONLY)
    assert first.cancelled()
    assert browser.wait_for_phase("in")["account"]["loginid"] == "CR900001"


def test_a_mistake_in_a_second_attempt_does_not_cancel_the_first(browser: Browser, box: Sandbox) -> None:
    box.faults.stall("authorize")
    browser.sign_in(READ_ONLY)
    browser.sign_in("")
    assert browser.panel.view["phase"] == "busy"


def test_sign_out(signed_in: Browser, box: Sandbox) -> None:
    signed_in.say({"do": "sign-out"})
    view = signed_in.wait_for_phase("form")
    assert view["notice"] == {"title": "Signed out", "text": "You signed out.", "kind": "info"}
    assert box.wait_until(lambda box: box.connections_open == 0)
    signed_in.sign_in(READ_ONLY)
    assert signed_in.wait_for_phase("in")["notice"] is None


def test_remember(browser: Browser, home: Any, eventually: Any) -> None:
    kept = home / "dpyauth" / "credentials.json"
    browser.say({"do": "sign-in", "token": READ_ONLY, "app_id": "1089", "remember": "yes"})  # a tick is true or absent
    browser.wait_for_phase("in")
    browser.say({"do": "sign-in", "token": READ_ONLY, "app_id": "1089", "remember": True})
    eventually(kept.exists)
    assert READ_ONLY not in everything(browser)


# Signing in with Deriv


def test_begin(browser: Browser, box: Sandbox) -> None:
    begun = begin(browser)
    assert sorted(begun) == ["automatic", "nonce", "url"]
    assert begun["url"].startswith(box.oauth_host)
    assert browser.panel.view["phase"] == "browser"


def test_a_failed_begin_is_reported_so_that_the_window_can_close(browser: Browser) -> None:
    browser.say({"do": "browser", "app_id": "16303", "callback": "no address"})
    assert browser.told == [{"browser": None}]
    assert browser.wait_for_notice()["title"] == "The sign-in with Deriv failed"


def test_returned_and_choose(browser: Browser, box: Sandbox) -> None:
    begun = begin(browser)
    state = begun["url"].partition("state=")[2]
    app = box.world.apps.find(int(begun["url"].partition("app_id=")[2].partition("&")[0]))
    assert app is not None
    grants = box.run(lambda: box.world.let_in(app, box.world.users[0]))
    fields = "&".join(f"acct{n}={one.owner}&token{n}={one.value}" for n, one in enumerate(grants, 1))
    message = {"do": "returned", "nonce": begun["nonce"], "query": f"?{fields}&state={state}"}
    browser.say(message)
    assert "query" not in message
    view = browser.wait_for(lambda view: view["accounts"] and view["accounts"][0]["balance"])
    assert [account["loginid"] for account in view["accounts"]] == RICH
    assert view["account"]["loginid"] == "VRTC900003"
    browser.say({"do": "use", "loginid": "CR900001"})
    assert browser.panel.view["asking"] == "CR900001"
    browser.say({"do": "yes", "loginid": "CR900001"})
    browser.wait_for(lambda view: view["phase"] == "in" and view["account"]["loginid"] == "CR900001")
    assert [one.value for one in grants if one.value in everything(browser)] == []


def test_confirm(browser: Browser) -> None:
    begun = begin(browser)
    browser.say({"do": "returned", "nonce": begun["nonce"], "query": query_for(begun, READ_ONLY, state=False)})
    assert browser.panel.view["held"] == ["CR900001"]
    browser.say({"do": "confirm"})
    browser.wait_for_phase("in")


def test_pasted(browser: Browser) -> None:
    begun = begin(browser)
    message = {"do": "pasted", "address": f"http://localhost/{query_for(begun, READ_ONLY)}"}
    browser.say(message)
    assert "address" not in message
    browser.wait_for_phase("in")


# The options API


@pytest.fixture
def pat(box: Sandbox) -> str:
    return box.options_token("rich").token


@pytest.mark.parametrize("api", [{}, {"api": ""}, {"api": "options"}, {"api": "v4"}, {"api": None}])
def test_personal_access_token(of_both: Browser, pat: str, api: dict[str, Any]) -> None:
    message = {"do": "sign-in", "token": pat, "app_id": of_both.panel.view["forms"][0]["app_id"], **api}
    of_both.say(message)
    assert of_both.wait_for_phase("in")["account"]["api"] == "options"
    assert pat not in everything(of_both)
    assert "token" not in message


def test_a_token_for_another_try_is_nowhere_to_be_seen(of_both: Browser, pat: str) -> None:
    """The app ID is corrected, and the token is still there: in the kernel, and in nothing that leaves it."""
    of_both.say({"do": "sign-in", "api": "options", "token": pat, "app_id": "My app"})
    assert of_both.wait_for_notice()["field"] == "app_id"
    assert of_both.panel.view["kept"] == "options"
    assert pat not in everything(of_both)
    of_both.say({"do": "sign-in", "api": "options", "token": "", "app_id": ""})
    assert of_both.wait_for_phase("in")["kept"] == ""
    assert pat not in everything(of_both)


def test_an_old_token_goes_on_with_the_older_api(of_both: Browser) -> None:
    of_both.say({"do": "sign-in", "api": "options", "token": READ_ONLY, "app_id": ""})
    assert of_both.wait_for_notice()["offer"] == "go on"
    assert READ_ONLY not in everything(of_both)
    of_both.say({"do": "sign-in", "api": of_both.panel.view["kept"], "token": "", "app_id": "1089"})
    assert of_both.wait_for_phase("in")["account"]["api"] == "v3"


def test_samples_of_both_apis(of_both: Browser, box: Sandbox) -> None:
    samples = of_both.panel.view["samples"]
    assert list(samples) == ["options", "v3"]
    first = next(iter(samples["options"]))
    assert first in samples["v3"]  # so the API has to be named
    assert all(label == name for names in samples.values() for label, name in names.items())
    of_both.panel.model.session.language = "es"
    spanish = of_both.panel.view["samples"]
    assert all(label != name for names in spanish.values() for label, name in names.items())
    assert not any(sample.label in sample.token for api in samples for sample in box.side(api).tokens)
    of_both.say({"do": "sample", "api": "v3", "name": first})
    assert of_both.wait_for_phase("in")["account"]["api"] == "v3"
    assert [one.token for one in (*box.options_tokens, *box.tokens) if one.token in json.dumps(of_both.seen)] == []


def test_a_demo_account_when_asked(of_both: Browser, box: Sandbox) -> None:
    of_both.say({"do": "sign-in", "token": box.options_token("new, no account").token, "app_id": "", "api": "options"})
    notice = of_both.wait_for_notice()
    assert (notice["title"], notice["offer"]) == ("You have no account yet (options API)", "demo")
    of_both.say({"do": "create-demo"})
    assert of_both.wait_for_phase("in")["account"]["kind"] == "demo"


@pytest.mark.parametrize("do", ["returned", "pasted"])
@pytest.mark.parametrize("mark", ["right", "wrong"])
def test_a_code_is_nowhere_to_be_seen(of_both: Browser, do: str, mark: str) -> None:
    browser = of_both
    begun = begin(browser, api="options")
    way: Any = browser.model.browser_sign_in.flow  # type: ignore[union-attr]
    secret, state = verifier(way), way.state.reveal()
    query = f"?code={WRONG}&state={state if mark == 'right' else 'another-' + WRONG}"
    message = {"do": do, "nonce": begun["nonce"], "query": query, "address": query}
    browser.say(message)
    notice = browser.wait_for_notice()
    assert ("invalid_grant" in notice["text"]) == (mark == "right")
    shown = everything(browser)
    assert [one for one in (WRONG, secret, state, begun["nonce"]) if one in shown] == []
    assert ("query" if do == "returned" else "address") not in message


def test_refused_personal_access_token_is_forgotten(of_both: Browser) -> None:
    browser = of_both
    token = "_".join(("pat", "made", "at", "run", "time"))
    browser.say({"do": "sign-in", "token": token, "app_id": "", "api": "options"})
    browser.wait_for_notice()
    for thread in threading.enumerate():
        if thread.name == "dpyauth":
            thread.join(timeout=5)
    assert holders_of(token) == []


# Events outside the panel


def test_panel_follows_a_break(signed_in: Browser, box: Sandbox) -> None:
    box.stop()
    view = signed_in.wait_for(lambda view: view["state"] == "reconnecting")
    assert view["phase"] == "in"
    assert view["account"]["loginid"] == "CR900001"
    box.start()
    signed_in.wait_for(lambda view: view["state"] == "signed in")


def test_a_token_refused_on_reconnecting_shows_the_message_of_the_error(signed_in: Browser, box: Sandbox) -> None:
    box.faults.revoke(box.tokens[0].token)
    box.faults.drop()
    view = signed_in.wait_for_phase("form")
    assert view["notice"]["title"] == "Signed out"
    assert "API token" in view["notice"]["text"]  # its case is kept


def test_every_panel_of_a_session_follows_it(signed_in: Browser, open_browser: Any) -> None:
    other = open_browser(signed_in.session)
    signed_in.say({"do": "sign-out"})
    other.wait_for_phase("form")


def test_a_closed_panel_is_not_updated(signed_in: Browser, open_browser: Any) -> None:
    other = open_browser(signed_in.session)
    other.panel.close()
    seen = len(other.seen)
    signed_in.say({"do": "sign-out"})
    signed_in.wait_for_phase("form")
    assert len(other.seen) == seen


def test_sign_in_from_a_thread_without_a_loop(browser: Browser) -> None:
    thread = threading.Thread(target=browser.sign_in, args=(READ_ONLY,))
    thread.start()
    browser.wait_for_phase("in")
    thread.join(timeout=5)
    assert not thread.is_alive()


def test_an_older_state_never_overwrites_a_newer_one(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads refresh at any time: the view must show the last change."""
    looked, newer_shown = threading.Event(), threading.Event()
    real_look = browser.model.view

    def slow_look() -> dict[str, Any]:
        seen = real_look()
        if threading.current_thread() is slow:
            looked.set()
            newer_shown.wait(timeout=0.5)  # must not come: the newer state has to wait for this one
        return seen

    monkeypatch.setattr(browser.model, "view", slow_look)
    slow = threading.Thread(target=browser.model.changed)
    slow.start()
    assert looked.wait(timeout=5)
    browser.session.core.signed_out_because = "The test says so."
    browser.model.changed()
    newer_shown.set()
    slow.join(timeout=5)
    assert browser.panel.view["notice"] == {"title": "Signed out", "text": "The test says so.", "kind": "info"}


# Hostile and broken messages

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just("\ud800"),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
_DOINGS = [
    "sample",
    "cancel",
    "dismiss",
    "sign-out",
    "returned",
    "pasted",
    "confirm",
    "use",
    "yes",
    "no",
    "create-demo",
]
_NAMES = ["name", "token", "app_id", "nonce", "query", "address", "loginid", "remember", "callback"]
_NAMES += ["api", "redirect_url", "create_demo"]
_MESSAGES = _JSON | st.fixed_dictionaries(
    {"do": st.sampled_from(_DOINGS) | _JSON}, optional=dict.fromkeys(_NAMES, _JSON)
)


@given(message=_MESSAGES)
@examples(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(browser: Browser, message: Any) -> None:
    browser.say(message)
    assert browser.panel.view["phase"] == "form"
    assert browser.session.state == "signed out"


@given(message=_MESSAGES, callback=_JSON, api=_JSON | st.sampled_from(["v3", "options"]))
@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_during_a_browser_sign_in_is_ignored(of_both: Browser, message: Any, callback: Any, api: Any) -> None:
    browser = of_both
    browser.say({"do": "browser", "callback": callback, "app_id": "5", "api": api, "redirect_url": callback})
    browser.say(message)
    assert browser.panel.view["phase"] in ("browser", "form")
    assert browser.session.state == "signed out"
    assert browser.model.attempt is None


@pytest.mark.parametrize("token", [None, 5, True, [], {}, ["a b"], {"a": 1}, "\0", "é", "a\nb", "\ud800"])
@pytest.mark.parametrize("app_id", [None, 5.5, [], {}, "9" * 5000, "", "1e3"])
def test_sign_in_with_wrong_types(browser: Browser, token: object, app_id: object) -> None:
    browser.say({"do": "sign-in", "token": token, "app_id": app_id})
    assert browser.wait_for_notice()
    assert browser.panel.view["phase"] == "form"


@pytest.mark.parametrize("content", [{}, {"app_id": "1089"}])
def test_sign_in_with_parts_missing(browser: Browser, content: dict[str, str]) -> None:
    browser.say({"do": "sign-in", **content})
    assert browser.wait_for_notice()


def test_browser_cannot_set_the_view(browser: Browser) -> None:
    """The view comes from the session; a forged state changes nothing there."""
    browser.panel.set_state({"view": {"phase": "in"}})
    assert browser.session.state == "signed out"
    browser.say({"do": "sign-out"})
    assert browser.panel.view["phase"] == "form"


# Secrets


@pytest.mark.parametrize("token", [WRONG, READ_ONLY, f"{WRONG} with blanks", f"{WRONG}.dot", WRONG * 20])
def test_token_is_nowhere_to_be_seen(browser: Browser, token: str) -> None:
    message = {"do": "sign-in", "token": token, "app_id": browser.session.core.target.app_id}
    browser.say(message)
    browser.wait_for(lambda view: view["phase"] == "in" or (view["phase"] == "form" and view["notice"]))
    assert token not in everything(browser)
    assert "token" not in message


@pytest.mark.parametrize("do", ["returned", "pasted"])
@pytest.mark.parametrize("damage", ["", "%20x", "&state=x", "&token1=y"])
def test_redirect_is_nowhere_to_be_seen(browser: Browser, do: str, damage: str) -> None:
    begun = begin(browser)
    query = query_for(begun, WRONG + damage)
    browser.say({"do": do, "nonce": begun["nonce"], "query": query, "address": query})
    browser.wait_for_notice()
    shown = everything(browser)
    assert WRONG not in shown
    assert begun["nonce"] not in shown
    assert begun["url"].partition("state=")[2] not in shown


def test_token_in_the_wrong_field_is_not_repeated(browser: Browser) -> None:
    browser.sign_in("", app_id=WRONG)
    browser.wait_for_notice()
    begin(browser, app_id=WRONG, callback=f"no address {WRONG}")
    browser.say({"do": "use", "loginid": WRONG})
    browser.say({"do": "sample", "name": WRONG})
    assert WRONG not in everything(browser)


@pytest.mark.parametrize("how", ["sign-in", "returned", "pasted"])
def test_refused_token_is_forgotten(browser: Browser, how: str) -> None:
    token = "-".join(("Canary", "made", "at", "run", "time"))
    if how == "sign-in":
        browser.sign_in(token)
    else:
        begun = begin(browser)
        query = query_for(begun, token)
        browser.say({"do": how, "nonce": begun["nonce"], "query": query, "address": query})
        del query
    browser.wait_for_notice()
    for thread in threading.enumerate():
        if thread.name == "dpyauth":  # ends with the last connection, which is being closed
            thread.join(timeout=5)
    assert holders_of(token) == []


def holders_of(token: str) -> list[object]:
    """Return who still has a text equal to this: a container, or the closure of a `Secret`."""
    gc.collect()
    found = []
    for one in gc.get_objects():
        match one:
            case dict():
                held: Any = list(one.values())
            case list() | tuple() | set():
                held = one
            case CellType():
                held = [one.cell_contents] if one != CellType() else []
            case _:
                continue
        for text in held:
            if isinstance(text, str) and text == token:
                found.append(one)
    return found


def test_a_token_that_is_in_use_would_be_found(browser: Browser) -> None:
    token = "-".join(("sandbox", "rich", "read"))
    browser.sign_in(token)
    browser.wait_for_phase("in")
    assert [one for one in holders_of(token) if isinstance(one, CellType)]


def test_panel_says_who_is_signed_in(signed_in: Browser) -> None:
    assert repr(signed_in.panel) == "dpyauth sign-in panel: <dpyauth session: signed in, CR900001 (USD, sample)>"


def test_show_displays_a_still_and_a_panel(browser: Browser, display: Display) -> None:
    widgets.show(browser.model)
    still, live = display.shown
    assert "Run the cell again and sign in" in still["text/html"]
    assert live["application/vnd.jupyter.widget-view+json"]


def test_language_is_kept(open_browser: Callable[..., Browser], box: Sandbox) -> None:
    spanish = open_browser(language="ES")
    assert "&l=ES" in begin(spanish)["url"]
    spanish.sign_in(READ_ONLY, "1089")
    spanish.wait_for_phase("in")
    assert spanish.session.core.target == settings(1089, box.url, "ES")
