"""Format rows as text for a terminal: one row as a list of names and values, several as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dpyauth.command.frame_values import as_text
from dpyauth.command.output import plain, room, width

_GAP = "  "
_WORDS = {"loginid": "login ID", "account_type": "type", "account_category": "category"}
_UNITS = {"converted_amount": "converted_currency"}
_UNTOLD = {"group"}
"""Columns that mean little to the user."""


def text_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as text, without columns that are empty in all of them."""
    if not rows:
        return "Nothing to show."
    names = [name for name in rows[0] if name not in _UNTOLD and any(row[name] not in (None, []) for row in rows)]
    if len(rows) == 1:
        return listed((title(name), text) for name, text in _with_units(rows[0], names))
    cells = [[_line(as_text(row[name])) for name in names] for row in rows]
    return _table([title(name) for name in names], cells, [_is_number([row[name] for row in rows]) for name in names])


def _with_units(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield names and texts. Amounts are followed by their currency, which then needs no line of its own."""
    units = {name: _UNITS.get(name, "currency") for name in names if isinstance(row[name], float)}
    for name in names:
        if name in units:
            yield name, f"{as_text(row[name])} {row.get(units[name]) or ''}"
        elif name not in units.values():
            yield name, as_text(row[name])


def _is_number(values: Sequence[object]) -> bool:
    return any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def title(name: str) -> str:
    """Return the name of a column as shown to the user."""
    return _WORDS.get(name, name.replace("_", " "))


def listed(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and values, one pair a line."""
    known = [(name, _line(value)) for name, value in pairs if value]
    wide = max(len(name) for name, _ in known)
    lines = []
    for name, value in known:
        lines += textwrap.wrap(
            value,
            width(),
            initial_indent=f"{name:<{wide}}{_GAP}",
            subsequent_indent=" " * wide + _GAP,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _table(titles: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool]) -> str:
    """Return a table of the columns that fit, and say which do not."""
    widths = [max(len(title), *(len(row[at]) for row in cells)) for at, title in enumerate(titles)]
    fits, taken = 0, 0
    for wide in widths:
        taken += wide + len(_GAP)
        if taken - len(_GAP) > room():
            break
        fits += 1
    fits = max(fits, 1)

    def line(row: Sequence[str]) -> str:
        parts = [f"{text:{'>' if numbers[at] else '<'}{widths[at]}}" for at, text in enumerate(row[:fits])]
        return _GAP.join(parts).rstrip()

    lines = [line(titles), _GAP.join("-" * wide for wide in widths[:fits]), *map(line, cells)]
    if left := titles[fits:]:
        many = f"{len(left)} more columns do" if len(left) > 1 else "One more column does"
        lines += [
            "",
            *textwrap.wrap(
                f"{many} not fit: {', '.join(left)}. A wider terminal shows them, and so does --json.", width()
            ),
        ]
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(plain(text).split())
