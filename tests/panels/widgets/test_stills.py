"""Test the stills of all panels: shown before the panel, renewed when necessary, and without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from canaries import PAT, clean
from helpers import arrive

from dpyauth import _environment
from dpyauth.apis import v3
from dpyauth.panels import stream_view
from dpyauth.panels.stream_view import StreamModel
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.panels.widgets import Panel, StreamPanel, SwitcherPanel
from dpyauth.session import Session
from dpyauth.session.feed import Feed
from dpyauth.session.stream import Stream

if TYPE_CHECKING:
    from conftest import Browser, Display

Eventually = Callable[..., None]
PERSON = ("Sandbox Rich", "rich@", "1980-")
"""Names of the sandbox's user."""


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Set up a kernel whose front end has a user, or none."""
    kernel = SimpleNamespace(_allow_stdin=True)
    monkeypatch.setattr(_environment, "kernel_shell", lambda: SimpleNamespace(kernel=kernel, user_ns={}))
    return kernel


@pytest.fixture
def opened(session: Session, display: Display) -> Iterator[Callable[[str], Any]]:
    """Open a panel by its name."""
    made: list[Panel] = []
    makers = {
        "switcher": lambda: SwitcherPanel(SwitcherModel(session)),
        "tokens": session.tokens_panel,
        "apps": session.apps_panel,
        "explorer": session.explorer,
        "stream": lambda: session.stream("balance").view(),
    }

    def open_one(name: str) -> Any:
        made.append(makers[name]())
        return made[-1]

    yield open_one
    for panel in made:
        panel.close()


LISTED = {"tokens": "rich, read only", "apps": "Sandbox notebook"}
NAMES = ("switcher", "tokens", "apps", "explorer", "stream")


@pytest.mark.parametrize("name", NAMES)
def test_a_panel_that_is_shown_has_a_still_before_it(
    opened: Callable[[str], Any], display: Display, notebook: SimpleNamespace, name: str
) -> None:
    panel = opened(name)
    panel._ipython_display_()
    still, live = display.shown
    assert panel.still in still["text/html"]
    assert "As of 20" in still["text/html"]
    assert still["text/plain"] == panel.as_text()
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert panel.still == f"dpyauth-{panel.model_id}"


@pytest.mark.parametrize("name", NAMES)
def test_without_a_user_only_a_complete_still_is_shown(
    opened: Callable[[str], Any], display: Display, notebook: SimpleNamespace, name: str
) -> None:
    notebook._allow_stdin = False
    panel = opened(name)
    panel._ipython_display_()
    (still,) = display.shown
    assert panel.still not in still["text/html"]  # nothing that would differ from run to run
    assert LISTED.get(name, "As of") in still["text/html"]
    assert panel._repr_mimebundle_()[0]["text/html"]


def test_without_a_user_the_still_does_not_change_after_its_cell(
    opened: Callable[[str], Any], display: Display, notebook: SimpleNamespace, session: Session
) -> None:
    notebook._allow_stdin = False
    opened("switcher").show()
    session.core.sign_out("a test")
    assert len(display.stills) == 1
    assert "CR900001" in display.stills[0]["text/html"]


def test_outside_a_notebook_the_text_is_shown(opened: Callable[[str], Any]) -> None:
    with pytest.raises(NotImplementedError):  # then IPython shows the text
        opened("explorer")._ipython_display_()


@pytest.mark.parametrize("name", LISTED)
def test_the_still_contains_lists_once_they_are_read(
    opened: Callable[[str], Any], display: Display, eventually: Eventually, name: str
) -> None:
    panel = opened(name)
    panel.show()
    assert "had not been loaded" in display.stills[-1]["text/html"]
    arrive(panel, {"do": "here"})
    eventually(lambda: LISTED[name] in display.stills[-1]["text/html"])
    assert len(display.stills) == 2
    arrive(panel, {"do": "refresh"})
    eventually(lambda: not panel.view["busy"])
    assert len(display.stills) == 2


def test_the_still_of_the_explorer_shows_the_last_call(
    opened: Callable[[str], Any], display: Display, eventually: Eventually
) -> None:
    panel = opened("explorer")
    panel.show()
    assert "Choose a call" in display.stills[-1]["text/html"]
    arrive(panel, {"do": "send", "call": "statement", "fields": {"limit": "2"}})
    eventually(lambda: "transaction_id" in display.stills[-1]["text/html"])
    assert "limit&quot;: 2" in display.stills[-1]["text/html"]
    arrive(panel, {"do": "choose", "call": "balance"})
    assert len(display.stills) == 2


def test_a_stream_has_a_new_still_now_and_then_and_at_its_end(
    opened: Callable[[str], Any], display: Display, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_view, "PAUSES", (0.0, 3600.0))
    panel = opened("stream")
    panel.show()
    arrive(panel, {"do": "here"})
    eventually(lambda: "9,363.47" in display.stills[-1]["text/html"])
    for _ in range(50):
        panel.model.stream.feed.push({"msg_type": "balance", "balance": {"balance": 5, "loginid": "CR1"}})
    eventually(lambda: panel.model._seen == 51)
    assert len(display.stills) == 2
    panel.model.stream.close()
    eventually(lambda: "The stream has ended" in display.stills[-1]["text/html"])
    assert "51 updates" in display.stills[-1]["text/html"]


def test_the_sign_in_panel_says_who_is_signed_in(browser: Browser, display: Display, eventually: Eventually) -> None:
    browser.panel.show()
    assert "Run the cell again and sign in" in display.stills[-1]["text/html"]
    browser.sign_in("sandbox-rich-read")
    eventually(lambda: "Signed in to Deriv" in display.stills[-1]["text/html"])
    assert "CR900001" in display.stills[-1]["text/html"]
    browser.sign_in("Canary-7f3a91-wr0ng")
    browser.wait_for_notice()
    browser.session.core.sign_out("You signed out.")
    eventually(lambda: "Run the cell again and sign in" in display.stills[-1]["text/html"])
    assert "CR900001" not in display.stills[-1]["text/html"]
    clean(display.stills)
    assert "sandbox-rich-read" not in json.dumps(display.stills)


def test_no_still_contains_a_secret_or_identifies_the_user(
    opened: Callable[[str], Any], display: Display, eventually: Eventually
) -> None:
    panels = {name: opened(name) for name in NAMES}
    told: list[Any] = []
    panels["tokens"].model.send = told.append
    for panel in panels.values():
        panel.show()
        arrive(panel, {"do": "here"})
    create = {"do": "create", "loginid": "CR900001", "name": "Mine", "scopes": ["read"], "asked": "x"}
    eventually(lambda: panels["tokens"].view["loaded"])
    arrive(panels["tokens"], create)
    eventually(lambda: told)
    explorer, asked = panels["explorer"], []
    explorer.model.send = asked.append
    for call in ("get_settings", "api_token"):
        arrive(explorer, {"do": "send", "call": call, "fields": {}})
        eventually(lambda call=call: f"Request: {call}" in display.stills[-1]["text/html"])
    fields = {"password": "C4nary-5up3r", "login": "MTR1"}
    arrive(explorer, {"do": "send", "call": "mt5_password_check", "fields": fields})
    eventually(lambda: "ask" in asked[-1])
    arrive(explorer, {"do": "confirm", "nonce": asked[-1]["ask"]["nonce"], "typed": "CR900001"})
    eventually(lambda: "Request: mt5_password_check" in display.stills[-1]["text/html"])
    everything = json.dumps([display.shown, display.stills], default=repr)
    clean(everything)
    assert [each for each in ("sandbox-rich-all", told[0]["token"], *PERSON) if each in everything] == []


@pytest.mark.parametrize(
    "token", ["sandbox-rich-all", PAT, "a1-C4naryt0ken", "ory_at_C4naryt0ken", "eyJC4nary.t0ken.r1ght"]
)
def test_a_token_in_a_field_that_is_not_for_it_is_masked(
    opened: Callable[[str], Any], display: Display, eventually: Eventually, token: str
) -> None:
    explorer = opened("explorer")
    explorer.show()
    arrive(explorer, {"do": "send", "call": "ticks", "fields": {"ticks": f"of {token}"}})
    eventually(lambda: "Request: ticks" in display.stills[-1]["text/html"])
    assert "of •••" in display.stills[-1]["text/html"]
    assert [each for each in display.stills if token in json.dumps(each)] == []
    clean(display.stills)


def test_personal_data_of_a_stream_is_masked(session: Session, display: Display) -> None:
    call = "p2p_order_info"
    feed = Feed(call, 10, lambda reply: v3.error(reply, call), many=False)
    panel = StreamPanel(StreamModel(session, Stream(object.__new__(Session), feed)))
    feed.push({"msg_type": call, call: {"id": "77", "payment_info": "C4nary 12-34", "first_name": "C4nary"}})
    panel.show()
    assert "77" in display.stills[-1]["text/html"]
    assert "•••" in display.stills[-1]["text/html"]
    clean(display.stills)
    panel.close()
