"""Test the widget of the account card, and the still that stays with the notebook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from helpers import arrive

from dpyauth.credentials import api_token
from dpyauth.panels import switcher
from dpyauth.panels.card import CardModel
from dpyauth.panels.widgets import CardPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

if TYPE_CHECKING:
    from conftest import Display

Eventually = Callable[..., None]


@pytest.fixture
def shown(
    session: Session, display: Display, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CardPanel]:
    monkeypatch.setattr(switcher, "PATIENCE", 60.0)
    model = CardModel(session)
    model.prepare()
    panel = CardPanel(model)
    panel.show()
    yield panel
    panel.close()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-card"])


def here(panel: CardPanel) -> None:
    arrive(panel, {"do": "here"})


def test_picture_and_panel(shown: CardPanel, display: Display) -> None:
    still, live = display.shown
    assert "CR900001 · Sample account" in still["text/plain"]
    assert shown.still in still["text/html"]
    assert (live["text/plain"], live["text/html"]) == ("", "")  # the still beside it
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id


def test_the_card_is_live_while_visible(shown: CardPanel, box: Sandbox, eventually: Eventually) -> None:
    here(shown)
    assert box.wait_until(lambda box: sum(one.call == "balance" for one in box.received) == 2)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view["balance"] == "9,364.47")


def test_the_still_changes_only_with_the_user(
    shown: CardPanel, display: Display, box: Sandbox, eventually: Eventually
) -> None:
    here(shown)
    box.wait_until(lambda box: sum(one.call == "balance" for one in box.received) == 2)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view["balance"] == "9,364.47")
    assert len(display.stills) == 1  # a new still would mark the notebook as changed
    shown.model.session.core.sign_out("You signed out.")
    eventually(lambda: len(display.stills) == 2)
    assert "You signed out." in display.stills[-1]["text/plain"]
    shown.model.session.core.sign_in_and_wait(api_token("sandbox-trouble-read", "a test"))
    eventually(lambda: "466.92" in display.stills[-1]["text/plain"] and "closed" in display.stills[-1]["text/html"])
    assert len(display.stills) == 4  # once when signed in, and once when everything is known


def test_nothing_secret_in_what_is_saved(shown: CardPanel, display: Display) -> None:
    here(shown)
    everything = json.dumps([display.stills, shown.get_state()], default=repr) + repr(shown) + repr(vars(shown))
    assert "sandbox-rich-all" not in everything
    assert "Sandbox Rich" not in everything


def test_a_closed_card_is_not_updated(shown: CardPanel, display: Display, eventually: Eventually) -> None:
    here(shown)
    shown.close()
    shown.model.session.close()
    assert len(display.stills) == 1
    eventually(lambda: shown.model.session.core.watchers == [])


@pytest.mark.parametrize(
    "said", [{}, {"do": None}, {"do": "list", "loginid": []}, {"do": "use", "loginid": {}}, {"do": {}}]
)
def test_junk_is_ignored(shown: CardPanel, said: dict[str, Any]) -> None:
    before = shown.view["account"]
    arrive(shown, said)
    assert shown.view["account"] == before
    assert shown.view["notice"] is None
