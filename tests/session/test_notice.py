"""The line that says what a long wait is for."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Terminal, Time, on_thread

from dpyauth import _environment
from dpyauth.net.pending import PendingCall, WaitingFor
from dpyauth.session import notice
from dpyauth.session.notice import Notice


class Shown:
    """What a notebook shows: each text that the one output had."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.outputs = 0

    def display(self, shown: Any, *, display_id: bool, raw: bool) -> Shown:
        assert display_id
        self.outputs += 1
        self.update(shown)
        return self

    def update(self, shown: Any, *, raw: bool = True) -> None:
        assert raw
        assert shown["text/plain"] in shown["text/html"]
        self.texts.append(shown["text/html"])


def pending(**more: Any) -> PendingCall:
    return PendingCall("statement", 1, "C4nary", 30.0, 30.0, **more)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(notice, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(notice, "sys", SimpleNamespace(stderr=terminal))
    return terminal


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown()
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.display)
    return shown


def test_a_short_wait_is_not_worth_a_word(clock: Time, terminal: Terminal) -> None:
    with Notice() as said:
        clock.now += notice.AFTER - 0.1
        said.about(pending())
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("state", [{"sent_at": 100.0}, {"changes": True}])
def test_nor_is_one_for_the_reply(clock: Time, terminal: Terminal, state: dict[str, Any]) -> None:
    with Notice() as said:
        clock.now += 60
        said.about(pending(**state))
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("state", "what", "left", "said"),
    [
        ({}, "the connection to Deriv", math.inf, "Waiting for the connection to Deriv: 3 s"),
        ({}, "Deriv's limit", 45.0, "Waiting for Deriv's limit: 3 s, about 42 s more"),
        ({"sent_at": 100.0}, "the pause that Deriv asks for", 3.2, "Waiting for the pause that Deriv asks for: 3 s"),
    ],
)
def test_what_it_waits_for_and_how_long(
    clock: Time, terminal: Terminal, state: dict[str, Any], what: str, left: float, said: str
) -> None:
    call = pending(**state)
    call.waiting_for = lambda: WaitingFor(what, 100.0 + left)
    with Notice() as notice:
        clock.now += 3
        notice.about(call)
        assert terminal.getvalue().strip() == said


def test_in_a_terminal_the_line_is_overwritten_and_wiped(clock: Time, terminal: Terminal) -> None:
    with Notice() as said:
        for _ in range(2):
            clock.now += 3
            said.about(pending())
    lines = terminal.getvalue().split("\r")
    assert lines[0] == ""
    assert "limit of calls a minute" in lines[1]
    assert lines[1].rstrip().endswith(" 3 s")
    assert lines[2].rstrip().endswith(" 6 s")
    assert max(map(len, lines)) < 80
    assert lines[3].strip() == lines[4] == ""
    assert len(lines[3]) >= len(lines[2].rstrip())
    assert "\n" not in terminal.getvalue()
    assert "C4nary" not in terminal.getvalue()


def test_a_transfer_that_is_looked_up_is_worth_a_word(clock: Time, terminal: Terminal) -> None:
    sent = PendingCall("wallet_transfer_platforms", 1, "C4nary", 30.0, 30.0, changes=True, key="a", sent_at=100.0)
    with Notice() as said:
        clock.now += 60
        said.about(sent)
        assert terminal.getvalue() == ""
        sent.looking = True
        said.about(sent)
    line = terminal.getvalue().split("\r")[1]
    assert "what became of 'wallet_transfer_platforms': 60 s" in line
    assert len(line) < 80


def test_where_nobody_looks_nothing_is_written(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    with Notice() as said:
        clock.now += 60
        said.about(pending())
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_one_output_is_replaced_and_emptied(clock: Time, notebook: Shown) -> None:
    with Notice() as said:
        for _ in range(3):
            clock.now += 3
            said.about(pending())
    assert notebook.outputs == 1
    assert [text.rpartition(": ")[2] for text in notebook.texts[:3]] == ["3 s</i>", "6 s</i>", "9 s</i>"]
    assert notebook.texts[3:] == [""]


def test_an_interrupt_wipes_it_too(clock: Time, notebook: Shown) -> None:
    with pytest.raises(KeyboardInterrupt), Notice() as said:  # noqa: PT012
        clock.now += 3
        said.about(pending())
        raise KeyboardInterrupt
    assert notebook.texts[-1] == ""


def test_other_threads_than_the_main_one_say_nothing(clock: Time, notebook: Shown) -> None:
    def wait() -> None:
        with Notice() as said:
            clock.now += 10
            said.about(pending())

    on_thread(wait).result(5)
    assert notebook.texts == []
