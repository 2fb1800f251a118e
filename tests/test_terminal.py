"""Test writing messages to the user, whatever state the program's streams are in."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import Terminal

from dpyauth import _terminal
from dpyauth.errors import DpyauthError

TEXT = "✓ active · 9,969.39 … “Ann” → São Paulo •••"


class Broken(io.StringIO):
    """A stream that is no longer read."""

    def isatty(self) -> bool:
        raise OSError("gone")

    def write(self, text: str) -> int:
        raise BrokenPipeError


class Strange:
    """A stream of the program itself, which raises errors of its own."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def detached() -> io.TextIOWrapper:
    stream = io.TextIOWrapper(io.BytesIO())
    stream.detach()
    return stream


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


NO_STREAMS: dict[str, Any] = {
    "none": None,
    "closed": closed(),
    "object": object(),
    "half": SimpleNamespace(write=lambda text: len(text)),
    "broken": Broken(),
    "binary": io.BytesIO(),
    "detached": detached(),
    "strange": Strange(),
}


def encoded(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


@pytest.fixture(params=NO_STREAMS)
def no_stream(request: pytest.FixtureRequest) -> Any:
    return NO_STREAMS[request.param]


def test_without_a_stream_nothing_is_written(no_stream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", no_stream)
    _terminal.say(TEXT)
    assert not _terminal.overwrite(TEXT, no_stream)
    assert not _terminal.is_terminal(no_stream)
    monkeypatch.setattr(sys, "stdout", no_stream)
    assert str(DpyauthError("id=…")) == "id=…"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", TEXT),
        ("cp1252", "OK active · 9,969.39 … “Ann” -> São Paulo •••"),
        ("ascii", 'OK active - 9,969.39 ... "Ann" -> Sao Paulo ***'),
        ("cp437", 'OK active · 9,969.39 ... "Ann" -> Sao Paulo ***'),
        ("iso8859-1", 'OK active · 9,969.39 ... "Ann" -> São Paulo ***'),
    ],
)
def test_characters_missing_from_the_encoding_are_replaced(encoding: str, written: str) -> None:
    stream = encoded(encoding)
    _terminal.say(TEXT, stream)
    assert stream.buffer.getvalue().decode(encoding) == f"{written}\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "plain", "日本語", "\U0001f600", "\ud800", "ı", "\u202e"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "cp932"])
def test_any_text_can_be_written(encoding: str, text: str) -> None:
    _terminal.writable(text, encoded(encoding)).encode(encoding)


@pytest.mark.parametrize("encoding", [None, 5, "no-such-encoding"])
def test_an_unknown_encoding(encoding: Any) -> None:
    assert _terminal.writable("plain", SimpleNamespace(encoding=encoding)) == "plain"
    assert "plain" in _terminal.writable("plain ✓", SimpleNamespace(encoding=encoding))


def test_a_line_is_overwritten_and_taken_away() -> None:
    screen = Terminal()
    assert _terminal.overwrite("x" * 200, screen)
    assert _terminal.overwrite("", screen)
    assert screen.getvalue() == "\r" + "x" * _terminal.WIDTH + "\r" + " " * _terminal.WIDTH + "\r"


def test_an_error_can_be_printed_wherever_the_output_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    error = DpyauthError("id=… cannot be")
    monkeypatch.setattr(sys, "stdout", encoded("ascii"))
    print(error)
    assert str(error) == "id=... cannot be"
    monkeypatch.setattr(sys, "stdout", None)
    assert str(error) == "id=… cannot be"
