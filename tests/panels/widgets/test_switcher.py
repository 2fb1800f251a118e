"""Test the widget of the account switcher: messages in, a view out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from helpers import arrive

from dpyauth.credentials import Credential, Secret
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.panels.widgets import SwitcherPanel
from dpyauth.session import Session

if TYPE_CHECKING:
    from conftest import Display

TOKENS = {"CR900001": "a1-sandbox-rich-usd", "CR900002": "a1-sandbox-rich-btc", "VRTC900003": "a1-sandbox-rich-demo"}


@pytest.fixture
def panel(open_session: Callable[..., Session], eventually: Callable[..., None]) -> Iterator[SwitcherPanel]:
    session = open_session(None)
    grants = {loginid: Credential(Secret(token), "a test") for loginid, token in TOKENS.items()}
    session.core.sign_in_and_wait(grants["CR900001"], grants=grants)
    made = SwitcherPanel(SwitcherModel(session))
    yield made
    made.close()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-switcher"])
    assert session.core.watchers == []


def say(panel: SwitcherPanel, **said: Any) -> None:
    arrive(panel, said)


def in_use(panel: SwitcherPanel) -> list[str]:
    return [one["loginid"] for one in panel.view["accounts"] if one["current"]]


def test_showing_clicking_and_confirming(panel: SwitcherPanel, eventually: Callable[..., None]) -> None:
    say(panel, do="here")
    eventually(lambda: [one["balance"] for one in panel.view["accounts"]] == ["9,363.47", "0.249345", "9,942.83"])
    say(panel, do="use", loginid="VRTC900003")
    eventually(lambda: in_use(panel) == ["VRTC900003"] and not panel.view["busy"])
    say(panel, do="use", loginid="CR900002")
    assert panel.view["asking"] == "CR900002"
    say(panel, do="yes", loginid="CR900002")
    eventually(lambda: in_use(panel) == ["CR900002"])
    state = json.dumps(panel.get_state(), default=repr)
    assert [token for token in TOKENS.values() if token in state + repr(panel)] == []


@pytest.mark.parametrize("said", [{}, {"do": "use"}, {"do": "use", "loginid": 5}, {"do": "yes"}, {"do": ["use"]}])
def test_junk_is_ignored(panel: SwitcherPanel, said: dict[str, Any]) -> None:
    before = panel.view
    say(panel, **said)
    assert panel.view == before


def test_the_switcher_is_text_without_widgets(panel: SwitcherPanel, display: Display) -> None:
    data, _ = panel._repr_mimebundle_()
    assert data["text/plain"].startswith("CR900001  Sample account")
    assert "application/vnd.jupyter.widget-view+json" in data
    panel.show()
    still, live = display.shown
    assert still["text/plain"] == data["text/plain"]
    assert live["text/plain"] == ""
