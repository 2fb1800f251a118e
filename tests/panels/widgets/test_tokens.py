"""Test the widget of API tokens: messages in, a view out, and a new token in one message only."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import arrive

from dpyauth import tokens
from dpyauth.errors import NotSignedIn
from dpyauth.panels.widgets import TokensPanel
from dpyauth.session import Session
from dpyauth.signin.current import put_session

Eventually = Callable[..., None]


@pytest.fixture
def panel(session: Session) -> Iterator[TokensPanel]:
    made = tokens(session)
    yield made
    made.close()


def everything(panel: TokensPanel) -> str:
    """Return everything that a front end, a saved notebook or a printed object could contain."""
    traits = {name: getattr(panel, name) for name in panel.trait_names() if name not in ("comm", "log")}
    parts = (panel.get_state(), panel._repr_mimebundle_(), vars(panel), vars(panel.model), traits)
    return json.dumps([repr(part) for part in parts]) + repr(panel)


def say(panel: TokensPanel, eventually: Eventually, **said: Any) -> None:
    arrive(panel, said)
    eventually(lambda: not panel.view["busy"])


def test_a_new_token_is_in_one_message_and_nowhere_else(
    panel: TokensPanel, eventually: Eventually, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = [panel.view]
    monkeypatch.setattr(panel.model, "send", sent.append)
    panel.observe(lambda change: seen.append(change.new), "view")
    caplog.set_level(logging.DEBUG)
    say(panel, eventually, do="here")
    create = {"do": "create", "loginid": "CR900001", "name": "Mine", "scopes": ["read"], "asked": "x"}
    say(panel, eventually, **create)
    (told,) = sent
    assert told["made"] == "Mine"
    assert "Mine" in [row["name"] for row in panel.view["tokens"]]
    assert told["token"] not in everything(panel) + json.dumps(seen) + caplog.text


def test_messages_of_the_model_are_not_part_of_the_state(panel: TokensPanel) -> None:
    assert panel.model.send == panel.send
    assert set(panel.get_state()) & {"view", "texts"} == {"view", "texts"}


def test_every_text_exists(panel: TokensPanel) -> None:
    assert all(panel.texts.values())


def test_without_an_argument_the_panel_uses_the_kernels_session(session: Session) -> None:
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login"):
        tokens()
    put_session("default", session)
    panel = tokens()
    assert repr(panel).splitlines()[0] == "dpyauth tokens panel: <dpyauth session: signed in, CR900001 (USD, sample)>"
    panel.close()
