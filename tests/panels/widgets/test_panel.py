"""Test what all widgets have in common: messages in, a view out, and no secret in a log."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import arrive

from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError
from dpyauth.panels import widgets
from dpyauth.panels.model import PanelModel
from dpyauth.panels.widgets import Panel, style
from dpyauth.session import Session
from dpyauth.settings import Settings

CANARY = "Canary-7f3a91"


class ExampleModel(PanelModel):
    """A model that counts, refuses, fails, and takes a secret."""

    name = "sign-in"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.count = 0
        self.visits: list[str] = []
        self.secret: Secret | None = None

    def content(self) -> dict[str, Any]:
        return {"count": self.count}

    def handle(self, said: dict[str, Any]) -> None:
        match said:
            case {"do": "count"}:
                self.count += 1
                self.changed()
            case {"do": "refuse"}:
                raise DpyauthError("Not like that.")
            case {"do": "break"}:
                raise LookupError(CANARY)
            case {"do": "keep"}:
                self.secret = Secret(said.pop("value"))
                self.send({"made": CANARY})

    def on_shown(self) -> None:
        self.visits.append("shown")

    def on_hidden(self) -> None:
        self.visits.append("hidden")


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(Settings())
    yield session
    session.close()


@pytest.fixture
def model(session: Session) -> ExampleModel:
    return ExampleModel(session)


@pytest.fixture
def panel(model: ExampleModel) -> Iterator[Panel]:
    panel = Panel(model)
    yield panel
    panel.close()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("Comm", "IPKernelApp", "traitlets"):
        caplog.set_level(1, name)
    caplog.set_level(1)
    return caplog


def told(panel: Panel) -> list[Any]:
    """Return the list of custom messages that the browser receives from now on."""
    got: list[Any] = []
    panel.model.send = got.append
    return got


# Messages in, a view out


def test_what_is_synchronised(panel: Panel, model: ExampleModel) -> None:
    assert panel.view == model.view()
    assert panel.texts["sign_in"] == "Sign in"
    kept = panel.get_state()
    names = {name for name in kept if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}
    assert names == {"view", "texts", "still"}


def test_a_message_reaches_the_model_and_is_emptied(panel: Panel) -> None:
    message = arrive(panel, {"do": "count"})
    assert panel.view["count"] == 1
    assert message["content"]["data"]["content"] == {}


@pytest.mark.parametrize("content", [None, 5, "count", [], ["count"], {}, {"do": None}, {"do": ["count"]}, {"do": "x"}])
def test_junk_is_ignored(panel: Panel, content: Any) -> None:
    before = dict(panel.view)
    arrive(panel, content)
    assert panel.view == before


def test_a_refusal_is_shown_until_it_is_dismissed(panel: Panel) -> None:
    arrive(panel, {"do": "refuse"})
    assert panel.view["notice"]["text"] == "Not like that."
    arrive(panel, {"do": "dismiss"})
    assert panel.view["notice"] is None


def test_a_bug_is_shown_with_its_type_only(panel: Panel, logged: pytest.LogCaptureFixture) -> None:
    """Otherwise the user would think that the kernel is busy."""
    arrive(panel, {"do": "break"})
    assert panel.view["notice"]["text"] == "Internal error in dpyauth: LookupError. Try again."
    assert "LookupError" in logged.text
    assert CANARY not in logged.text


def test_visible_views(panel: Panel, model: ExampleModel) -> None:
    assert model.visits == []
    arrive(panel, {"do": "here"})
    arrive(panel, {"do": "here"})
    panel.close()
    panel.close()
    assert model.visits == ["shown", "hidden"]


def test_the_browser_cannot_set_the_view(panel: Panel) -> None:
    panel.set_state({"view": {"count": 99}})
    arrive(panel, {"do": "count"})
    assert panel.view["count"] == 1


# The session


def test_the_panel_follows_the_session(panel: Panel, session: Session) -> None:
    assert panel.view["state"] == "signed out"
    session.close()
    assert panel.view["state"] == "closed"


def test_a_change_while_the_panel_is_created_is_not_missed(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ExampleModel(session)
    real_watch = session.core.watch

    def watch(watcher: Any) -> Any:
        session.close()  # just before the panel begins to listen
        return real_watch(watcher)

    monkeypatch.setattr(session.core, "watch", watch)
    panel = Panel(model)
    assert panel.view["state"] == "closed"
    panel.close()


def test_a_closed_panel_is_not_updated(panel: Panel, session: Session) -> None:
    panel.close()
    assert session.core.watchers == []
    session.close()
    assert panel.view["state"] == "signed out"


def test_a_panel_that_fails_to_open_leaves_nothing(model: ExampleModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, Any]:
        raise DpyauthError("No.")

    monkeypatch.setattr(model, "view", fail)
    with pytest.raises(DpyauthError):
        Panel(model)
    gc.collect()  # an error while it is garbage-collected would fail this test
    assert model.session.core.watchers == []


def test_every_change_of_any_thread_is_shown(panel: Panel, model: ExampleModel) -> None:
    def count() -> None:
        for _ in range(50):
            with lock:
                model.count += 1
            model.changed()

    lock = threading.Lock()
    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert panel.view["count"] == 200


# Secrets


def test_a_secret_is_in_no_log_and_no_state(
    panel: Panel, model: ExampleModel, logged: pytest.LogCaptureFixture
) -> None:
    arrive(panel, {"do": "keep", "value": CANARY})
    assert model.secret == Secret(CANARY)
    assert CANARY not in logged.text
    assert CANARY not in json.dumps(panel.get_state(), default=repr) + repr(panel) + repr(vars(model))


@pytest.mark.parametrize("name", ["Comm", "IPKernelApp", "traitlets"])
def test_messages_of_panels_are_not_logged(name: str, logged: pytest.LogCaptureFixture) -> None:
    """ipykernel and comm log messages; everything else is still logged."""
    said = {"comm_id": "1", "data": {"method": "custom", "content": {"do": "anything", "value": CANARY}}}
    other = {"comm_id": "1", "data": {"method": "update", "state": {"value": "harmless"}}}
    log = logging.getLogger(name)
    for content in (said, other):
        log.debug("   Content: %s\n   --->\n   ", content)
        log.debug("handle_msg[%s](%s)", "1", {"content": content})
        log.debug("%s: %s", "comm_msg", {"content": content})
    assert CANARY not in logged.text
    assert logged.text.count("harmless") == 3


def test_a_new_secret_is_sent_only_to_the_browser(panel: Panel, logged: pytest.LogCaptureFixture) -> None:
    got = told(panel)
    arrive(panel, {"do": "keep", "value": "x"})
    assert got == [{"made": CANARY}]
    panel.send({"made": CANARY})
    assert CANARY not in logged.text + json.dumps(panel.get_state(), default=repr)


def test_the_style_of_a_panel_wins_over_the_common_style() -> None:
    added = style("card").removeprefix(style())
    own = (Path(widgets.__file__).parent / "css/card.css").read_text()
    assert added.count(".dpyauth-panel.dpyauth-panel") == own.count(".dpyauth-panel") > 0
    assert ".dpyauth-panel.dpyauth-panel" not in style()
