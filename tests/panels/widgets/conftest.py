"""Open panels on a sandbox, and control them as a browser would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from helpers import arrive
from keyring.backends.fail import Keyring as FailKeyring

from dpyauth.credentials import api_token
from dpyauth.panels import widgets
from dpyauth.panels.sign_in import SignInModel
from dpyauth.panels.widgets import SignInPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.settings import settings

PATIENCE = 10.0


class Browser:
    """The messages of a browser to a panel, and what it receives."""

    def __init__(self, session: Session, box: Sandbox, api: str | None) -> None:
        self.session = session
        self.model = SignInModel(session, sandbox=box, api=api)
        self.defects: list[Exception] = []
        self.model.report_defect = self.defects.append  # type: ignore[method-assign]
        self.panel = SignInPanel(self.model)
        self.seen: list[dict[str, Any]] = [self.panel.view]
        self.told: list[Any] = []
        """Custom messages that the browser received."""
        self._changed = threading.Condition()
        self.panel.observe(self._see, "view")
        self.model.send = self.told.append

    def _see(self, change: Any) -> None:
        with self._changed:
            self.seen.append(change.new)
            self._changed.notify_all()

    def say(self, content: Any) -> None:
        """Send a custom message."""
        arrive(self.panel, content)

    def sign_in(self, token: Any, app_id: Any = None) -> None:
        self.say({"do": "sign-in", "token": token, "app_id": app_id or self.session.core.target.app_id})

    def wait_for(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Return the view once the condition holds for it."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.panel.view), PATIENCE), self.panel.view
            return self.panel.view

    def wait_for_phase(self, phase: str) -> dict[str, Any]:
        return self.wait_for(lambda view: view["phase"] == phase)

    def wait_for_notice(self) -> dict[str, str]:
        return self.wait_for(lambda view: view["phase"] != "busy" and view["notice"])["notice"]

    def close(self) -> None:
        self.model.cancel()
        self.panel.close()
        self.session.close()
        assert self.defects == []


class Display:
    """Records the calls of IPython's display."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []
        """Outputs of cells."""
        self.stills: list[dict[str, str]] = []
        """Stills, the newest last; each replaces the one before."""

    def __call__(self, bundle: dict[str, str], *, raw: bool, display_id: str = "", metadata: Any = None) -> Any:
        assert raw
        self.shown.append(bundle)
        if display_id:
            self.stills.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.stills.append(bundle)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    made = Display()
    monkeypatch.setattr(widgets, "display", made)
    return made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty home folder, without a keyring."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(keyring, "get_keyring", FailKeyring)
    return tmp_path


@pytest.fixture
def open_browser(box: Sandbox) -> Iterator[Callable[..., Browser]]:
    """Return a function that opens panels, each on a session of its own by default."""
    opened: list[Browser] = []

    def open_one(session: Session | None = None, language: str = "EN", api: str | None = "v3") -> Browser:
        opened.append(Browser(session or Session(settings(box.app_id, box.url, language), timeout=5), box, api))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.close()
    box.faults.clear()


@pytest.fixture
def browser(open_browser: Callable[..., Browser]) -> Browser:
    return open_browser()


@pytest.fixture
def of_both(open_browser: Callable[..., Browser]) -> Browser:
    """Open a panel with the fields of both APIs."""
    return open_browser(api=None)


@pytest.fixture
def signed_in(browser: Browser, box: Sandbox) -> Browser:
    browser.session.core.sign_in_and_wait(api_token(box.tokens[0].token, "a test"))
    browser.wait_for_phase("in")
    return browser
