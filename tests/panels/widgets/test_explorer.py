"""The call explorer's Python side: messages in, a view and other messages out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import arrive

from dpyauth import _environment, explorer
from dpyauth.errors import NotSignedIn
from dpyauth.panels import panel_views
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.panels.widgets import ExplorerPanel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session
from dpyauth.signin.current import put_session

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


def test_what_the_kernel_keeps_of_a_message_is_empty(panel: Any, eventually: Eventually) -> None:
    fields = {"password": "Canary-5up3r", "login": "MTR1"}
    said = {"do": "send", "call": "mt5_password_check", "fields": fields}
    arrive(panel, said)
    assert (said, fields) == ({}, {})
    say(panel, do="confirm", nonce=panel.told[-1]["ask"]["nonce"], typed="CR900001")
    eventually(lambda: "reply" in panel.told[-1])
    seen = [panel.told, panel.get_state(), panel.view, vars(panel.model), repr(panel)]
    assert "Canary" not in repr(seen)


def test_reply_is_no_part_of_the_state(panel: Any, eventually: Eventually) -> None:
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


def test_there_are_words_for_all_that_is_said_and_no_others(panel: Any) -> None:
    folder = Path(panel_views.__file__).parent
    files = [folder / "js/explorer.js", *folder.glob("*.py")]
    source = "".join(path.read_text() for path in files)
    shown = (folder / "js/explorer.js").read_text() + (folder / "js/common.js").read_text()
    assert set(re.findall(r'\bt\("(\w+)"', shown)) <= set(panel.texts)
    made = ("changes_", "streams_", "python_", "reply_", "mark_", "legend_")  # put together from parts
    own = json.loads((folder / "texts/en/explorer.json").read_text())
    used = set(re.findall(r"[\"'](\w+)[\"']", source))
    assert [key for key in own if key not in used and not key.startswith(made)] == []


def test_repr_names_the_session(panel: Any) -> None:
    assert repr(panel) == "dpyauth explorer panel: <dpyauth session: signed in, CR900001 (USD, real)>"


def test_without_a_session_it_takes_the_one_of_the_kernel(session: Session) -> None:
    with pytest.raises(NotSignedIn, match=r"dpyauth\.login\(\)"):
        explorer()
    put_session("default", session)
    panel = explorer()
    assert panel.model.session is session
    panel.close()


@pytest.mark.parametrize(("names", "variable"), [([], "session"), (["_", "s"], "s"), (["s", "session"], "session")])
def test_python_uses_the_readers_own_name(
    session: Session, monkeypatch: pytest.MonkeyPatch, names: list[str], variable: str
) -> None:
    shell = SimpleNamespace(user_ns=dict.fromkeys(names, session))
    monkeypatch.setattr(_environment, "kernel_shell", lambda: shell)
    panel = explorer(session)
    say(panel, do="choose", call="ping")
    assert panel.view["call"]["preview"]["python"]["call"] == f'{variable}.call("ping")'
    panel.close()


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
