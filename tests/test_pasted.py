"""Test removing what comes along when a token or an app ID is copied: quotes, blanks, control characters, labels."""

from __future__ import annotations

import pytest

from dpyauth import _pasted

AROUND = [
    "{}",
    " {}\r\n",
    "\ufeff{}",
    "\xa0{}\xa0",
    "\u200b{}\u2060",
    "\x16{}",
    "\x1b[200~{}\x1b[201~",
    "\x16\x1b[200~{}\x1b[201~\r",
    "[200~{}[201~",
    '"{}"',
    "'{}'",
    "“{}”",
    "`{}`",
    "<{}>",
    "Bearer {}",
    'bearer "{}"',
]


@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_a_value_is_removed(around: str) -> None:
    assert _pasted.bare(around.format("pat_0f-0f")) == "pat_0f-0f"


@pytest.mark.parametrize("text", ["", "\x16", " \x16\x16 ", '""', "\x1b[200~\x1b[201~", "\ufeff"])
def test_an_empty_value_stays_empty(text: str) -> None:
    assert _pasted.bare(text) == ""


@pytest.mark.parametrize("text", ["a b", "a'b", 'a"', "bearer", "a\x16b", "\x1b[Aabc"])
def test_characters_inside_a_value_stay(text: str) -> None:
    assert _pasted.bare(text) == text


def test_the_time_grows_only_with_the_length() -> None:
    text = '"' * 500_000
    assert len(_pasted.bare(text)) >= len(text) - 2 * _pasted.LAYERS


@pytest.mark.parametrize(("text", "has"), [("abc", False), ("a b\xa0c", False), ("ü", False), ("a\x16b", True)])
def test_control_characters(text: str, has: bool) -> None:
    assert _pasted.has_controls(text) is has
