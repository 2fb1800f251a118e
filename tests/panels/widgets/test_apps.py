"""Test the widget of apps: messages in, a view out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import arrive

from dpyauth import apps
from dpyauth.errors import NotSignedIn
from dpyauth.panels.widgets import AppsPanel
from dpyauth.session import Session
from dpyauth.signin.current import put_session

Eventually = Callable[..., None]


@pytest.fixture
def panel(session: Session) -> Iterator[AppsPanel]:
    made = apps(session)
    yield made
    made.close()


def say(panel: AppsPanel, eventually: Eventually, **said: Any) -> None:
    arrive(panel, said)
    eventually(lambda: not panel.view["busy"])


def test_showing_the_list_and_registering_an_app(panel: AppsPanel, eventually: Eventually) -> None:
    assert panel.view["loaded"] is False
    say(panel, eventually, do="here")
    assert [row["app_id"] for row in panel.view["registered"]] == [16303, 16304]
    fields = {"loginid": "CR900001", "name": "New", "scopes": ["read"], "redirect_url": "http://localhost:1/x"}
    say(panel, eventually, do="register", **fields)
    assert "port" in panel.view["problems"]["redirect_url"]
    say(panel, eventually, do="register", **fields | {"redirect_url": "http://localhost/x"})
    assert panel.view["notice"]["title"] == "Registered"
    say(panel, eventually, do="dismiss")
    assert panel.view["notice"] is None


def test_without_an_argument_the_panel_uses_the_kernels_session(session: Session) -> None:
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login"):
        apps()
    put_session("default", session)
    panel = apps()
    assert repr(panel).splitlines()[0] == "dpyauth apps panel: <dpyauth session: signed in, CR900001 (USD, sample)>"
    panel.close()
