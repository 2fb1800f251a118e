"""Test the line that explains a long wait: a progress bar, or a notice."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Terminal, Time, on_thread

from dpyauth import _environment, progress
from dpyauth.net.pending import PendingCall, WaitingFor
from dpyauth.progress import Notice, Progress


class Notebook:
    """The output of a cell: each text that it showed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.outputs = 0

    def display(self, shown: Any, *, display_id: bool, raw: bool) -> Notebook:
        assert display_id
        self.outputs += 1
        self.update(shown, raw=raw)
        return self

    def update(self, shown: Any, *, raw: bool) -> None:
        assert raw
        assert shown.keys() == {"text/plain", "text/html"}
        assert bool(shown["text/plain"]) == bool(shown["text/html"])
        self.texts.append(shown["text/html"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=terminal))
    return terminal


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    shown = Notebook()
    monkeypatch.setattr(_environment, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.display)
    return shown


def pending(**more: Any) -> PendingCall:
    return PendingCall("statement", 1, "C4nary", 30.0, 30.0, **more)


# A progress bar


def test_no_bar_for_less_than_a_second(clock: Time, terminal: Terminal) -> None:
    with Progress("ticks_history") as bar:
        clock.now += progress.AFTER - 0.1
        bar.at(0.5, 100)
    assert terminal.getvalue() == ""


def test_in_a_terminal_the_bar_is_overwritten_and_wiped(clock: Time, terminal: Terminal) -> None:
    with Progress("ticks_history") as bar:
        for share in (0.25, 0.5, None):
            clock.now += 2
            bar.at(share, 12_345)
    lines = terminal.getvalue().split("\r")
    assert lines[1].startswith("[######..................]  25%  ticks_history: 12,345 rows")
    assert lines[2].startswith("[############............]  50%  ")
    assert lines[3].startswith("ticks_history: 12,345 rows")
    assert lines[4].strip() == lines[5] == ""
    assert {len(line) for line in lines[1:5]} == {79}
    assert "\n" not in terminal.getvalue()


def test_a_burst_of_replies_updates_the_bar_once(clock: Time, terminal: Terminal) -> None:
    with Progress("statement") as bar:
        clock.now += 2
        for _ in range(8):
            bar.at(0.5, 100)
        clock.now += progress.EVERY
        bar.at(0.6, 100)
        assert terminal.getvalue().count("\r") == 2


def test_nothing_is_written_without_a_terminal_or_notebook(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("statement") as bar:
        clock.now += 60
        bar.at(0.5, 100)
    assert capsys.readouterr() == ("", "")


def test_without_output_streams(clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under pythonw, which has no output streams."""
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=None))
    with Progress("statement") as bar:
        clock.now += 60
        bar.at(0.5, 100)


def test_in_a_notebook_one_output_is_replaced_and_emptied(clock: Time, notebook: Notebook) -> None:
    with Progress("a<b") as bar:
        for share in (0.25, None):
            clock.now += 2
            bar.at(share, 1000)
    assert notebook.outputs == 1
    assert notebook.texts == [
        '<progress max="1" value="0.250"></progress> a&lt;b: 1,000 rows',
        "<progress></progress> a&lt;b: 1,000 rows",
        "",
    ]


def test_an_unattended_run_stores_no_progress(clock: Time, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environment, "unattended", lambda: True)
    with Progress("statement") as bar:
        clock.now += 60
        bar.at(0.5, 100)
    with Notice() as notice:
        clock.now += 60
        notice.about(pending())
    assert notebook.texts == []


def test_an_interrupt_wipes_the_bar(clock: Time, notebook: Notebook) -> None:
    with pytest.raises(KeyboardInterrupt), Progress("statement") as bar:  # noqa: PT012
        clock.now += 2
        bar.at(0.5, 100)
        raise KeyboardInterrupt
    assert notebook.texts[-1] == ""


# A notice


def test_a_short_wait_shows_no_notice(clock: Time, terminal: Terminal) -> None:
    with Notice() as said:
        clock.now += progress.NOTICE_AFTER - 0.1
        said.about(pending())
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("state", [{"sent_at": 100.0}, {"changes": True}])
def test_waiting_for_a_reply_shows_no_notice(clock: Time, terminal: Terminal, state: dict[str, Any]) -> None:
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
def test_a_notice_says_what_it_waits_for_and_how_long(
    clock: Time, terminal: Terminal, state: dict[str, Any], what: str, left: float, said: str
) -> None:
    call = pending(**state)
    call.waiting_for = lambda: WaitingFor(what, 100.0 + left)
    with Notice() as notice:
        clock.now += 3
        notice.about(call)
        assert terminal.getvalue().strip() == said


def test_in_a_terminal_a_notice_is_overwritten_and_wiped(clock: Time, terminal: Terminal) -> None:
    with Notice() as said:
        for _ in range(2):
            clock.now += 3
            said.about(pending())
    lines = terminal.getvalue().split("\r")
    assert lines[0] == ""
    assert "limit on calls per minute" in lines[1]
    assert lines[1].rstrip().endswith(" 3 s")
    assert lines[2].rstrip().endswith(" 6 s")
    assert max(map(len, lines)) < 80
    assert lines[3].strip() == lines[4] == ""
    assert len(lines[3]) >= len(lines[2].rstrip())
    assert "\n" not in terminal.getvalue()
    assert "C4nary" not in terminal.getvalue()


def test_looking_up_a_transfer_shows_a_notice(clock: Time, terminal: Terminal) -> None:
    sent = PendingCall("wallet_transfer_platforms", 1, "C4nary", 30.0, 30.0, changes=True, key="a", sent_at=100.0)
    with Notice() as said:
        clock.now += 60
        said.about(sent)
        assert terminal.getvalue() == ""
        sent.looking = True
        said.about(sent)
    line = terminal.getvalue().split("\r")[1]
    assert "asking Deriv about 'wallet_transfer_platforms': 60 s" in line
    assert len(line) < 80


def test_without_a_terminal_no_notice_is_written(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    with Notice() as said:
        clock.now += 60
        said.about(pending())
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_a_notice_is_replaced_and_emptied(clock: Time, notebook: Notebook) -> None:
    with Notice() as said:
        for _ in range(3):
            clock.now += 3
            said.about(pending())
    assert notebook.outputs == 1
    assert [text.rpartition(": ")[2] for text in notebook.texts[:3]] == ["3 s</i>", "6 s</i>", "9 s</i>"]
    assert notebook.texts[3:] == [""]


def test_an_interrupt_wipes_the_notice(clock: Time, notebook: Notebook) -> None:
    with pytest.raises(KeyboardInterrupt), Notice() as said:  # noqa: PT012
        clock.now += 3
        said.about(pending())
        raise KeyboardInterrupt
    assert notebook.texts[-1] == ""


def test_other_threads_than_the_main_one_say_nothing(clock: Time, notebook: Notebook) -> None:
    def wait() -> None:
        with Notice() as said:
            clock.now += 10
            said.about(pending())

    on_thread(wait).result(5)
    assert notebook.texts == []
