"""A panel on a sandbox, told what to do as a browser would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dpyauth.credentials import api_token
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings
from dpyauth.widgets.signin import SignInPanel

PATIENCE = 10.0


class Browser:
    """What a browser sees of a panel, and says to it."""

    def __init__(self, session: Session, box: Sandbox) -> None:
        self.session = session
        self.panel = SignInPanel(session, box.tokens)
        self.seen: list[dict[str, Any]] = [self.panel.view]
        self._changed = threading.Condition()
        self.panel.observe(self._see, "view")

    def _see(self, change: Any) -> None:
        with self._changed:
            self.seen.append(change.new)
            self._changed.notify_all()

    def say(self, content: Any) -> None:
        """A custom message, on the way it takes when it comes from a front end."""
        self.panel._handle_custom_msg(content, [])

    def sign_in(self, token: Any, app_id: Any = None) -> None:
        self.say({"do": "sign-in", "token": token, "app_id": app_id or self.session._settings.app_id})

    def wait_for(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The view, once the condition holds for it."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.panel.view), PATIENCE), self.panel.view
            return self.panel.view

    def wait_for_phase(self, phase: str) -> dict[str, Any]:
        return self.wait_for(lambda view: view["phase"] == phase)

    def wait_for_notice(self) -> dict[str, str]:
        return self.wait_for(lambda view: view["phase"] != "busy" and view["notice"])["notice"]


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(limits=None) as running:
        yield running


@pytest.fixture
def session(box: Sandbox) -> Iterator[Session]:
    made = Session(settings(box.app_id, box.url), timeout=5)
    yield made
    made.close()


@pytest.fixture
def browser(session: Session, box: Sandbox) -> Iterator[Browser]:
    one = Browser(session, box)
    yield one
    one.panel.close()
    box.faults.clear()


@pytest.fixture
def signed_in(browser: Browser, box: Sandbox) -> Browser:
    browser.session._sign_in_and_wait(api_token(box.tokens[0].token, "a test"))
    browser.wait_for_phase("in")
    return browser
