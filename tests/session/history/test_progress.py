"""The bar for what takes long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Terminal, Time

from dpyauth import _environment, progress
from dpyauth.progress import Progress


class Notebook:
    """What a notebook shows: each picture that the one output had."""

    def __init__(self) -> None:
        self.pictures: list[Any] = []
        self.outputs = 0

    def display(self, shown: Any, *, display_id: bool) -> Notebook:
        assert display_id
        self.outputs += 1
        self.update(shown)
        return self

    def update(self, shown: Any, *, raw: bool = False) -> None:
        self.pictures.append(shown if raw else shown.data)


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
    monkeypatch.setattr(_environment, "somebody_there", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.display)
    return shown


def test_what_takes_less_than_a_second_needs_no_bar(clock: Time, terminal: Terminal) -> None:
    with Progress("ticks_history") as bar:
        clock.now += progress.AFTER - 0.1
        bar.at(0.5, 100)
    assert terminal.getvalue() == ""


def test_in_a_terminal_it_is_overwritten_and_wiped(clock: Time, terminal: Terminal) -> None:
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


def test_a_burst_of_replies_is_one_picture(clock: Time, terminal: Terminal) -> None:
    with Progress("statement") as bar:
        clock.now += 2
        for _ in range(8):
            bar.at(0.5, 100)
        clock.now += progress.EVERY
        bar.at(0.6, 100)
        assert terminal.getvalue().count("\r") == 2


def test_where_nobody_looks_nothing_is_written(clock: Time, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("statement") as bar:
        clock.now += 60
        bar.at(0.5, 100)
    assert capsys.readouterr() == ("", "")


def test_without_a_place_to_write_to(clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under pythonw."""
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
    assert notebook.pictures == [
        '<progress max="1" value="0.250"></progress> a&lt;b: 1,000 rows',
        "<progress></progress> a&lt;b: 1,000 rows",
        {"text/html": "", "text/plain": ""},
    ]


def test_a_run_without_a_person_stores_none_of_it(
    clock: Time, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_environment, "somebody_there", lambda: False)
    with Progress("statement") as bar:
        clock.now += 60
        bar.at(0.5, 100)
    assert notebook.pictures == []


def test_an_interrupt_wipes_it_too(clock: Time, notebook: Notebook) -> None:
    with pytest.raises(KeyboardInterrupt), Progress("statement") as bar:  # noqa: PT012
        clock.now += 2
        bar.at(0.5, 100)
        raise KeyboardInterrupt
    assert notebook.pictures[-1] == {"text/html": "", "text/plain": ""}
