"""Test what all models have in common."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dpyauth.errors import DpyauthError
from dpyauth.panels.model import PanelModel
from dpyauth.session import Session
from dpyauth.settings import Settings


class Example(PanelModel):
    """A model with some content, which records whether it is visible."""

    name = "sign-in"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.visits: list[str] = []

    def content(self) -> dict[str, Any]:
        return {"number": 5}

    def on_shown(self) -> None:
        self.visits.append("shown")

    def on_hidden(self) -> None:
        self.visits.append("hidden")


class Watcher:
    """Reads the state of a model after every change."""

    def __init__(self, model: Example) -> None:
        self.model = model
        self.seen: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        model.changed = self._look

    def _look(self) -> None:
        with self._changed:
            self.seen.append(self.model.view())
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: self.seen and condition(self.seen[-1]), 5), self.seen
            return self.seen[-1]


@pytest.fixture
def model() -> Iterator[Example]:
    session = Session(Settings())
    yield Example(session)
    session.close()


@pytest.fixture
def watcher(model: Example) -> Watcher:
    return Watcher(model)


def test_state(model: Example) -> None:
    shown = {"state": "signed out", "sandbox": False, "busy": False, "notice": None, "ended": "", "number": 5}
    assert model.view() == {**shown, "back": "Run this cell again."}


def test_texts(model: Example) -> None:
    assert model.text("sign_in") == "Sign in"
    assert model.text("refused_api", title="{api}", api="<v3>") == "{api} (<v3> API)"
    with pytest.raises(KeyError):
        model.text("no_such_words")


def test_failure_is_shown_with_its_notes_until_it_is_dismissed(model: Example, watcher: Watcher) -> None:
    error = DpyauthError("Nothing there.")
    error.add_note("Look again.")
    model.fail(error)
    notice = {"title": "That did not work", "text": "Nothing there. Look again.", "kind": "error"}
    assert watcher.seen[-1]["notice"] == notice
    model.dismiss()
    assert watcher.seen[-1]["notice"] is None


def test_visibility(model: Example) -> None:
    model.seen()
    model.seen()
    model.close()
    model.close()
    model.seen()
    assert model.visits == ["shown", "hidden"]


def test_later(model: Example, watcher: Watcher) -> None:
    done, go_on = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(5)
        done.set()

    model.later(work)
    assert watcher.seen[-1]["busy"] is True
    assert not done.is_set()
    go_on.set()
    watcher.wait_for(lambda view: not view["busy"])
    assert done.is_set()


def test_tasks_run_one_after_another(model: Example, watcher: Watcher) -> None:
    at_work: list[int] = []
    together = threading.Event()

    def work(number: int) -> None:
        at_work.append(number)
        if len(at_work) > 1:
            together.set()
        together.wait(0.05)  # must not come: the next task has to wait for this one
        at_work.remove(number)

    for number in range(4):
        model.later(functools.partial(work, number))
    watcher.wait_for(lambda view: not view["busy"])
    assert not together.is_set()


def test_later_says_what_went_wrong(model: Example, watcher: Watcher) -> None:
    def work() -> None:
        raise DpyauthError("The server is asleep.")

    model.later(work)
    view = watcher.wait_for(lambda view: not view["busy"])
    assert view["notice"]["text"] == "The server is asleep."


def test_a_bug_ends_the_task_and_shows_only_its_type(
    model: Example, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> None:
        raise LookupError("C4nary")

    with caplog.at_level(logging.DEBUG):
        model.later(work)
        view = watcher.wait_for(lambda view: not view["busy"])
    assert view["notice"]["text"] == "Internal error in dpyauth: LookupError. Try again."
    assert "LookupError" in caplog.text
    assert "C4nary" not in caplog.text


def test_a_model_does_nothing_by_itself() -> None:
    session = Session(Settings())
    model = PanelModel(session)
    model.handle({"do": "anything"})
    model.seen()
    model.send({"any": "thing"})
    model.close()
    assert model.view() | {"back": ""} == {
        "state": "signed out",
        "sandbox": False,
        "busy": False,
        "notice": None,
        "ended": "",
        "back": "",
    }
    session.close()
    assert model.view()["state"] == "closed"
