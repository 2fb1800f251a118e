"""Test the widget of the stream view: messages in, messages out, and none of them in the widget's state."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import arrive

from dpyauth.apis import v3
from dpyauth.panels import widgets
from dpyauth.panels.stream_view import StreamModel
from dpyauth.panels.widgets import StreamPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.session.feed import Feed
from dpyauth.session.stream import Stream
from dpyauth.settings import settings

PATIENCE = 10.0


class Looker:
    """A browser that shows a stream of its own."""

    def __init__(self, session: Session) -> None:
        self.stream = Stream(
            object.__new__(Session), Feed("ticks", 100, lambda reply: v3.error(reply, "ticks"), many=False)
        )
        self.panel = StreamPanel(StreamModel(session, self.stream))
        self.told: list[Any] = []
        self.views: list[Any] = []
        self._news = threading.Condition()
        self.panel.model.send = self._hear
        self.panel.observe(lambda change: self.views.append(change.new), "view")

    def _hear(self, message: dict[str, Any]) -> None:
        with self._news:
            self.told.append(message["updates"])
            self._news.notify_all()

    def wait_for(self, count: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.told and self.told[-1]["count"] >= count, PATIENCE)

    def say(self, said: Any) -> None:
        arrive(self.panel, said)


@pytest.fixture
def looker(box: Sandbox) -> Iterator[Looker]:
    session = Session(settings(box.app_id, box.url), timeout=5)
    looker = Looker(session)
    yield looker
    looker.panel.close()
    session.close()


def tick(number: int) -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"symbol": "R_1", "epoch": number, "quote": float(number)}}


def test_updates_are_not_part_of_the_state(looker: Looker) -> None:
    looker.say({"do": "replay"})
    looker.wait_for(0)
    before, views = json.dumps(looker.panel.get_state(), default=repr), len(looker.views)
    for number in range(1000):
        looker.stream.feed.push(tick(number))
    looker.wait_for(1000)
    assert json.dumps(looker.panel.get_state(), default=repr) == before
    assert len(looker.views) == views
    assert looker.told[-1]["points"][-1] == {"t": 999, "p": [999.0]}


def test_the_text_of_the_panel_is_short_and_contains_no_update(looker: Looker) -> None:
    looker.stream.feed.push(tick(1))
    assert repr(looker.panel).splitlines()[0] == "dpyauth stream panel: <dpyauth stream of ticks: 1 update, open>"


def test_closing_the_panel_leaves_the_stream_open(looker: Looker) -> None:
    looker.say({"do": "here"})
    looker.wait_for(0)
    looker.panel.close()
    assert not looker.stream.ended
    looker.stream.feed.push(tick(1))
    assert looker.stream.next(timeout=0) == tick(1)


@pytest.mark.parametrize("said", [None, [], "replay", {"do": 3}, {"do": "replay "}])
def test_unknown_messages_are_ignored(looker: Looker, said: Any) -> None:
    looker.say(said)
    assert looker.told == []


def test_every_text_of_the_script_exists(looker: Looker) -> None:
    asked = set(re.findall(r'\bt\("(\w+)"', (Path(widgets.__file__).parent / "js/stream.js").read_text()))
    assert len(asked) > 10
    assert asked <= set(looker.panel.texts)
