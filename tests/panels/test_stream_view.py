"""Test the model of the stream view: what it sends to the browser, when, and until when."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dpyauth.apis import v3
from dpyauth.errors import SessionClosed
from dpyauth.panels import stream_view
from dpyauth.panels.stream_view import SHOWN, StreamModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.session.feed import Feed
from dpyauth.session.stream import Stream

Eventually = Callable[..., None]
Watch = Callable[[Stream], "Watched"]
PATIENCE = 10.0
CANDLES = {"ticks_history": "1HZ100V", "end": "latest", "count": 5, "style": "candles", "granularity": 60}


class Watched:
    """A model, and the messages that a browser receives from it."""

    def __init__(self, session: Session, stream: Stream) -> None:
        self.model = StreamModel(session, stream)
        self.told: list[dict[str, Any]] = []
        self.looks: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self.model.send = lambda message: self._note(self.told, message["updates"])
        self.model.changed = lambda: self._note(self.looks, self.model.view())

    def _note(self, where: list[dict[str, Any]], what: dict[str, Any]) -> None:
        with self._news:
            where.append(what)
            self._news.notify_all()

    def wait(self, condition: Callable[[], object]) -> None:
        with self._news:
            assert self._news.wait_for(condition, PATIENCE), (self.told, self.looks)

    def look(self, count: int = 0) -> None:
        """Become visible, and wait until this many updates have arrived."""
        self.model.seen()
        self.wait(lambda: self.told and self.told[-1]["count"] >= count)

    @property
    def shown(self) -> list[Any]:
        """Return the chart or table that the browser builds from the messages."""
        shown: list[Any] = []
        for message in self.told:
            shown = [] if message["anew"] else shown
            for each in message.get("points", message.get("rows")):
                if shown and "t" in each and shown[-1]["t"] == each["t"]:
                    shown.pop()
                shown.append(each)
        return shown


def lookers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "dpyauth-stream-view"]


def alone(call: str = "ticks", keep: int = 10_000) -> Stream:
    return Stream(object.__new__(Session), Feed(call, keep, lambda reply: v3.error(reply, call), many=False))


def tick(number: int, **more: Any) -> dict[str, Any]:
    return {"msg_type": "tick", "tick": {"symbol": "R_1", "epoch": number, "quote": number / 2}, **more}


@pytest.fixture
def watch(session: Session, eventually: Eventually) -> Iterator[Watch]:
    watched: list[Watched] = []

    def begin(stream: Stream) -> Watched:
        watched.append(Watched(session, stream))
        return watched[-1]

    yield begin
    for each in watched:
        each.model.close()
    eventually(lambda: not lookers())


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Make the model wait after a message until this is released, instead of pausing."""
    gate = threading.Semaphore(0)
    monkeypatch.setattr(stream_view.time, "sleep", lambda seconds: gate.acquire(timeout=PATIENCE))
    yield gate
    gate.release(1000)


# What is shown


def test_ticks_are_shown_as_the_sandbox_sends_them(session: Session, box: Sandbox, watch: Watch) -> None:
    with session.stream("ticks", ticks="1HZ100V") as stream:
        one = watch(stream)
        one.look(3)
        frame = stream.frame()
        view = one.model.view()
    assert (view["kind"], view["title"], view["live"]) == ("ticks", "1HZ100V, ticks", "open")
    shown = [(point["t"], point["p"][0]) for point in one.shown]
    epochs = (frame["epoch"] - datetime(1970, 1, 1, tzinfo=UTC)).dt.total_seconds()
    assert shown[:3] == list(zip(epochs, frame["quote"], strict=True))[:3]
    assert one.told[0]["digits"] == 2


def test_candles_are_shown_as_the_sandbox_sends_them(session: Session, watch: Watch) -> None:
    with session.stream("ticks_history", **CANDLES) as stream:
        history = stream.next(5)["candles"]
        one = watch(stream)
        one.look(1)
    assert (one.model.view()["kind"], one.model.view()["title"]) == ("candles", "1HZ100V, 1 min candles")
    sides = ("open", "high", "low", "close")
    assert one.told[0]["points"][:4] == [{"t": row["epoch"], "p": [row[s] for s in sides]} for row in history[:4]]


def test_a_balance_is_a_table(session: Session, box: Sandbox, watch: Watch) -> None:
    with session.stream("balance") as stream:
        one = watch(stream)
        one.look(1)
        box.pay("CR900001", 25.5)
        one.look(2)
        balances = stream.frame()["balance"]
    assert one.model.view()["title"] == "Balance"
    assert [row["cells"][1:] for row in one.shown] == [[f"{b:,.2f}", "USD", "CR900001"] for b in balances]


def test_ticks_of_several_symbols_are_a_table(watch: Watch) -> None:
    stream = alone()
    for symbol in ("R_1", "R_2"):
        stream.feed.push({"msg_type": "tick", "tick": {"symbol": symbol, "epoch": 1, "quote": 2.5}})
    one = watch(stream)
    one.look(2)
    assert one.model.view()["title"] == "Ticks of several symbols"
    assert [row["cells"][1] for row in one.shown] == ["R_1", "R_2"]


def test_new_columns_begin_the_table_anew(watch: Watch) -> None:
    stream = alone("odd")
    stream.feed.push({"msg_type": "odd", "odd": {"a": 1}})
    one = watch(stream)
    one.look(1)
    stream.feed.push({"msg_type": "odd", "odd": {"b": 2}})
    one.look(2)
    assert one.told[-1]["anew"]
    assert [column["label"] for column in one.told[-1]["columns"]] == ["Received (UTC)", "a", "b"]
    assert [row["cells"][1:] for row in one.shown] == [["1", ""], ["", "2"]]


def test_a_gap_is_described(watch: Watch) -> None:
    moment = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)
    gap = {"since": moment, "until": moment.replace(second=9), "reason": "<b>" + "x" * 1000, "filled": False}
    stream = alone()
    stream.feed.push(tick(1))
    stream.feed.push(tick(9, gap=gap))
    one = watch(stream)
    one.look(2)
    text = one.shown[1]["gap"]["text"]
    assert text.startswith("The connection was lost from 12:00:05 to 12:00:09 UTC: <b>x")
    assert "are missing here" in text
    assert len(text) < 500


# Timing


def test_nothing_is_sent_while_the_panel_is_not_visible(watch: Watch, eventually: Eventually) -> None:
    stream = alone()
    one = watch(stream)
    stream.feed.push(tick(1))
    assert not lookers()
    one.look(1)
    assert len(lookers()) == 1
    one.model.visibility.visible = False  # as Visibility does it
    one.model.on_hidden()
    eventually(lambda: not lookers())
    before = len(one.told)
    stream.feed.push(tick(2))
    assert len(one.told) == before
    one.look(2)
    assert one.told[before]["anew"]  # the missed updates are there
    assert [point["t"] for point in one.shown] == [1, 2]


def test_updates_between_two_messages_are_sent_together(watch: Watch, gate: threading.Semaphore) -> None:
    stream = alone()
    one = watch(stream)
    one.look()
    for number in range(1000):
        stream.feed.push(tick(number))
    assert len(one.told) == 1
    gate.release()
    one.look(1000)
    assert [message["count"] for message in one.told] == [0, 1000]
    assert [point["t"] for point in one.told[1]["points"]] == list(range(1000 - SHOWN["ticks"], 1000))


def test_at_most_twenty_messages_a_second(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    stream = alone()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        stream.feed.push(tick(len(pauses)))

    monkeypatch.setattr(stream_view.time, "sleep", pause)
    one = watch(stream)
    one.look(50)
    stream.feed.end(None)
    assert len(one.told) <= len(pauses) + 1
    assert set(pauses) == {1 / 20}


def test_every_browser_that_appears_gets_everything(watch: Watch) -> None:
    stream = alone()
    stream.feed.push(tick(1))
    one = watch(stream)
    one.model.handle({"do": "replay"})
    one.wait(lambda: one.told)
    stream.feed.push(tick(2))
    one.look(2)
    count = len(one.told)
    one.model.handle({"do": "replay"})
    one.wait(lambda: any(message["anew"] for message in one.told[count:]))
    assert [point["t"] for point in one.shown] == [1, 2]
    assert len(lookers()) == 1


def test_the_view_takes_no_updates_from_readers_of_the_stream(watch: Watch) -> None:
    stream = alone()
    one = watch(stream)
    one.look()
    for number in range(20):
        stream.feed.push(tick(number))
    one.look(20)
    stream.feed.end(None)
    assert [update["tick"]["epoch"] for update in stream] == list(range(20))
    assert stream.dropped == 0


def test_stored_updates_are_limited(watch: Watch) -> None:
    stream = alone(keep=50)
    one = watch(stream)
    one.look()
    before = json.dumps(one.model.view())
    for number in range(10_000):
        stream.feed.push(tick(number))
    one.look(10_000)
    assert json.dumps(one.model.view()) == before
    assert max(len(message["points"]) for message in one.told) <= SHOWN["ticks"]
    held = [value for value in vars(one.model._ink).values() if hasattr(value, "__len__")]
    assert sum(map(len, held)) == 0


# State


def test_the_end_is_shown_with_its_reason_and_ends_the_thread(watch: Watch, eventually: Eventually) -> None:
    stream = alone()
    one = watch(stream)
    one.look()
    stream.feed.push(tick(1))
    stream.feed.end(SessionClosed("You signed out."))
    one.wait(lambda: one.looks and one.looks[-1]["live"] == "ended")
    eventually(lambda: not lookers())
    assert one.looks[-1]["why"] == "You signed out."
    assert one.shown[-1]["t"] == 1
    one.model.handle({"do": "replay"})  # a browser that looks later gets everything too
    one.wait(lambda: one.told[-1]["anew"])
    eventually(lambda: not lookers())


def test_reconnecting_is_shown(session: Session, box: Sandbox, watch: Watch, at_once: None) -> None:
    with session.stream("ticks", ticks="1HZ100V") as stream:
        one = watch(stream)
        session.core.watch(one.model.changed)
        one.look(1)
        box.stop()
        one.wait(lambda: one.looks[-1]["live"] == "reconnecting")
        assert one.looks[-1]["why"]
        box.start()
        one.wait(lambda: one.looks[-1]["live"] == "open" and any("gap" in point for point in one.shown))


# Keeping updates


def test_keep_as_frame(watch: Watch) -> None:
    stream = alone()
    one = watch(stream)
    stream.feed.push(tick(1))
    assert stream.kept is None
    one.model.handle({"do": "keep"})
    one.wait(lambda: one.looks and one.looks[-1]["kept"] and not one.looks[-1]["busy"])
    stream.feed.push(tick(2))
    assert stream.kept is not None
    assert stream.kept["quote"].tolist() == [0.5]
    assert one.looks[-1]["kept"]["count"] == 1


@pytest.mark.parametrize("said", [{}, {"do": None}, {"do": "close"}, {"do": ["keep"]}])
def test_unknown_messages_are_ignored(watch: Watch, said: dict[str, Any]) -> None:
    one = watch(alone())
    one.model.handle(said)
    assert not one.told
    assert not one.looks
    assert not lookers()
