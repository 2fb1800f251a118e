"""Test the widget of the call explorer: messages in, a view and other messages out."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import arrive

from dpyauth import _environment, explorer
from dpyauth.errors import NotSignedIn
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.panels.widgets import ExplorerPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.signin.current import put_session
from dpyauth.texts import texts

Eventually = Callable[..., None]


@pytest.fixture
def panel(session: Session) -> Any:
    panel = explorer(session)
    panel.told = []  # type: ignore[attr-defined]
    panel.model.send = panel.told.append  # type: ignore[attr-defined]
    yield panel
    panel.close()


def say(panel: ExplorerPanel, **said: Any) -> None:
    arrive(panel, said)


def test_chosen_call_is_shown(panel: Any) -> None:
    assert panel.view["call"] is None
    say(panel, do="choose", call="balance")
    assert panel.view["call"]["name"] == "balance"
    assert panel.view == panel.model.view()


def test_a_handled_message_is_emptied(panel: Any, eventually: Eventually) -> None:
    fields = {"password": "Canary-5up3r", "login": "MTR1"}
    said = {"do": "send", "call": "mt5_password_check", "fields": fields}
    arrive(panel, said)
    assert (said, fields) == ({}, {})
    say(panel, do="confirm", nonce=panel.told[-1]["ask"]["nonce"], typed="CR900001")
    eventually(lambda: "reply" in panel.told[-1])
    seen = [panel.told, panel.get_state(), panel.view, vars(panel.model), repr(panel)]
    assert "Canary" not in repr(seen)


def test_replies_are_not_part_of_the_state(panel: Any, eventually: Eventually) -> None:
    say(panel, do="send", call="statement", fields={"limit": "2"})
    eventually(lambda: panel.told and not panel.view["busy"])
    assert "transaction_id" in json.dumps(panel.told)
    assert "transaction_id" not in json.dumps(panel.get_state(), default=repr)


def test_view_follows_the_session(panel: Any, session: Session) -> None:
    assert panel.view["account"]["loginid"] == "CR900001"
    session.core.sign_out("a test")
    assert panel.view["account"] is None
    assert any(call["locked"] for call in panel.view["calls"])
    session.close()
    assert panel.view["state"] == "closed"


def test_files_are_not_part_of_the_state(panel: Any, eventually: Eventually) -> None:
    say(panel, do="send", call="statement", fields={"limit": "2"})
    eventually(lambda: panel.told and not panel.view["busy"])
    sent: list[Any] = []
    panel.model.send = lambda message, buffers=None: sent.append((message, buffers))
    say(panel, do="download", format="csv", asked="me")
    eventually(lambda: sent and not panel.view["busy"])
    ((message, (content,)),) = sent
    assert b"transaction_id" in content
    assert "transaction_id" not in json.dumps([panel.get_state(), message], default=repr)


def test_repr_names_the_session(panel: Any) -> None:
    assert repr(panel).startswith("dpyauth explorer panel: <dpyauth session: signed in, CR900001 (USD, sample)>\n")


def test_without_an_argument_the_panel_uses_the_kernels_session(session: Session) -> None:
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login\(\)"):
        explorer()
    put_session("default", session)
    panel = explorer()
    assert panel.model.session is session
    panel.close()


@pytest.mark.parametrize(("names", "variable"), [([], "session"), (["_", "s"], "s"), (["s", "session"], "session")])
def test_python_uses_the_name_of_the_users_session(
    session: Session, monkeypatch: pytest.MonkeyPatch, names: list[str], variable: str
) -> None:
    shell = SimpleNamespace(user_ns=dict.fromkeys(names, session))
    monkeypatch.setattr(_environment, "kernel_shell", lambda: shell)
    panel = explorer(session)
    say(panel, do="choose", call="ping")
    assert panel.view["call"]["preview"]["python"]["call"] == f'{variable}.call("ping")'
    panel.close()


def test_the_latest_result_in_another_language(panel: Any, session: Session, eventually: Eventually) -> None:
    """The browser asks for it again when the language changes, and the still follows."""
    spanish, french = (texts("explorer", language=language) for language in ("es", "fr"))
    say(panel, do="reword")
    assert panel.told == []  # nothing was sent yet
    say(panel, do="choose", call="ticks_history")
    say(panel, do="confirm", nonce="of another question")
    session.language = "es"
    say(panel, do="reword")
    before, after = panel.told
    assert (before.get("again"), after["again"]) == (None, True)
    assert after["reply"]["trouble"]["title"] == spanish["title_not_sent"]
    assert after["reply"]["trouble"]["text"] == spanish["not_confirmed"]
    say(panel, do="send", call="ticks_history", fields={"ticks_history": "NOPE", "end": "latest"})
    eventually(lambda: len(panel.told) > 2)
    session.language = "fr"
    say(panel, do="reword")
    told = panel.told[-1]["reply"]["trouble"]
    assert (told["title"], told["code"]) == (french["title_refused"], "InvalidSymbol")
    assert french["title_refused"] in panel.model.still(panel.view)


def test_closing_leaves_the_session_alone(session: Session) -> None:
    panel = ExplorerPanel(ExplorerModel(session))
    panel.close()
    assert session.state == "signed in"
    assert session.core.watchers == []


def test_both_apis(open_options: Callable[..., Session], box: Sandbox, eventually: Eventually) -> None:
    panel = explorer(open_options())
    told: list[Any] = []
    panel.model.send = told.append
    say(panel, do="send", call="get_accounts", fields={})
    eventually(lambda: told)
    assert told[0]["reply"]["frame"]["shape"][0] > 1
    panel.close()
