"""Test how a session is displayed: as a panel in a notebook, and as text elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

import dpyauth
from dpyauth import _environment
from dpyauth.errors import DpyauthError
from dpyauth.panels import widgets
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session, views


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the models of the panels that a notebook has shown."""
    models: list[Any] = []
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    monkeypatch.setattr(widgets, "show", models.append)
    return models


def test_outside_a_notebook_a_session_is_its_text(session: Session, box: Sandbox) -> None:
    data, _ = DisplayFormatter().format(session)  # type: ignore[no-untyped-call]
    assert data == {"text/plain": "<dpyauth session: signed in, CR900001 (USD, sample)>"}
    assert [one.call for one in box.received] == ["authorize"]


def test_outside_a_notebook_the_panels_are_text(session: Session) -> None:
    begins = {"card": "CR900001 · Sample account", "switcher": "CR900001  Sample account"}
    for made, begin in ((session.card(), begins["card"]), (session.switcher(), begins["switcher"])):
        data, _ = DisplayFormatter().format(made)  # type: ignore[no-untyped-call]
        assert list(data) == ["text/plain"]
        assert data["text/plain"] == str(made)
        assert str(made).startswith(begin)


def test_in_a_notebook_a_session_is_its_card(session: Session, shown: list[Any]) -> None:
    data, _ = DisplayFormatter().format(session)  # type: ignore[no-untyped-call]
    assert data == {}  # it has displayed itself
    (model,) = shown
    assert model.name == "card"
    assert model.view()["known"]


@pytest.mark.parametrize("name", ["card", "switcher"])
def test_a_panel_may_be_shown_more_than_once(name: str, session: Session, shown: list[Any]) -> None:
    made = getattr(session, name)()
    assert shown == []
    made._ipython_display_()
    made._ipython_display_()
    first, second = shown
    assert first is not second
    assert first.name == second.name == name
    assert str(made).startswith("CR900001")


def test_a_session_without_a_sign_in(open_session: Callable[..., Session], shown: list[Any]) -> None:
    session = open_session(None)
    session._ipython_display_()
    assert shown[0].view()["account"] is None
    assert "You are not signed in" in str(session.card())
    assert "You are not signed in" in str(session.switcher())
    session.close()
    assert "closed" in str(session.card())


def test_without_panels_a_session_is_its_text(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_installed", None)
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    data, _ = DisplayFormatter().format(session)  # type: ignore[no-untyped-call]
    assert data == {"text/plain": repr(session)}
    with pytest.raises(DpyauthError, match=r"import dpyauth\.signin first"):
        session.card()


def test_the_functions_open_panels_of_the_session(session: Session) -> None:
    for name, method in (("explorer", "explorer"), ("tokens", "tokens_panel"), ("apps", "apps_panel")):
        panel = getattr(session, method)()
        assert repr(panel).splitlines()[0] == f"dpyauth {name} panel: {session!r}"
        assert repr(panel) == repr(getattr(dpyauth, name)(session))


def test_in_a_terminal_panels_say_what_to_use_instead(session: Session, open_options: Callable[..., Session]) -> None:
    assert "A terminal cannot show panels. Instead: session.calls() lists the calls" in repr(session.explorer())
    assert "session.api_tokens() lists your tokens" in repr(session.tokens_panel())
    assert "session.apps() lists your apps" in repr(session.apps_panel())
    with session.stream("ticks", ticks="R_100") as stream:
        assert "Instead: stream.frame()" in repr(stream.view())
    elsewhere = open_options()
    assert "at https://" in repr(elsewhere.tokens_panel())
    assert "lists your" not in repr(elsewhere.tokens_panel()) + repr(elsewhere.apps_panel())


def test_in_a_notebook_a_panel_is_one_line(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    assert repr(session.explorer()) == f"dpyauth explorer panel: {session!r}"
