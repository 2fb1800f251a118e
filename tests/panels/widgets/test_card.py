"""The account card's Python side, and the still picture that stays with the notebook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import arrive

from dpyauth.credentials import api_token
from dpyauth.panels import switcher, widgets
from dpyauth.panels.card import CardModel
from dpyauth.panels.widgets import CardPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Eventually = Callable[..., None]


class Display:
    """What IPython's display is told."""

    def __init__(self) -> None:
        self.shown: list[Any] = []
        self.pictures: list[dict[str, str]] = []

    def __call__(self, thing: Any, **how: Any) -> Any:
        self.shown.append(thing)
        if how.get("display_id"):
            assert how["raw"] is True
            self.pictures.append(thing)
            return self
        return None

    def update(self, thing: Any, **how: Any) -> None:
        assert how == {"raw": True}
        self.pictures.append(thing)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    made = Display()
    monkeypatch.setattr(widgets, "display", made)
    return made


@pytest.fixture
def shown(
    session: Session, display: Display, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CardPanel]:
    monkeypatch.setattr(switcher, "PATIENCE", 60.0)
    model = CardModel(session)
    model.prepare()
    widgets.show(model)
    panel: CardPanel = display.shown[1]
    yield panel
    panel.close()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-card"])


def here(panel: CardPanel) -> None:
    arrive(panel, {"do": "here"})


def test_picture_and_panel(shown: CardPanel, display: Display) -> None:
    picture, panel = display.shown
    assert "CR900001 · Real account" in picture["text/plain"]
    assert panel.view["picture"] in picture["text/html"]
    data, _ = panel._repr_mimebundle_()
    assert (data["text/plain"], data["text/html"]) == ("", "")  # the picture is beside it
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id


def test_live_while_looked_at(shown: CardPanel, box: Sandbox, eventually: Eventually) -> None:
    here(shown)
    assert box.wait_until(lambda box: sum(one.call == "balance" for one in box.received) == 2)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view["balance"] == "9,364.47")


def test_the_picture_stays_as_it_is_until_it_is_of_somebody_else(
    shown: CardPanel, display: Display, box: Sandbox, eventually: Eventually
) -> None:
    here(shown)
    box.wait_until(lambda box: sum(one.call == "balance" for one in box.received) == 2)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view["balance"] == "9,364.47")
    assert len(display.pictures) == 1  # every new one would make the notebook one that is not saved
    shown.model.session.core.sign_out("you signed out")
    eventually(lambda: len(display.pictures) == 2)
    assert "You signed out." in display.pictures[-1]["text/plain"]
    shown.model.session.core.sign_in_and_wait(api_token("sandbox-trouble-read", "a test"))
    eventually(lambda: "466.92" in display.pictures[-1]["text/plain"] and "closed" in display.pictures[-1]["text/html"])
    assert len(display.pictures) == 4  # when signed in, and once when all is known


def test_nothing_secret_in_what_is_saved(shown: CardPanel, display: Display) -> None:
    here(shown)
    everything = json.dumps([display.pictures, shown.get_state()], default=repr) + repr(shown) + repr(vars(shown))
    assert "sandbox-rich-all" not in everything
    assert "Sandbox Rich" not in everything


def test_closed_it_follows_nothing(shown: CardPanel, display: Display, eventually: Eventually) -> None:
    here(shown)
    shown.close()
    shown.model.session.close()
    assert len(display.pictures) == 1
    eventually(lambda: shown.model.session.core.watchers == [])


@pytest.mark.parametrize(
    "said", [{}, {"do": None}, {"do": "list", "loginid": []}, {"do": "use", "loginid": {}}, {"do": {}}]
)
def test_junk_is_ignored(shown: CardPanel, said: dict[str, Any]) -> None:
    before = shown.view["account"]
    arrive(shown, said)
    assert shown.view["account"] == before
    assert shown.view["notice"] is None
