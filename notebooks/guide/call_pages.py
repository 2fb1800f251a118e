"""Write the pages that tell all about each call, from the catalog, when the documentation is built."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

from sphinx.application import Sphinx

from dpyauth import Session
from dpyauth.catalog.calls import Call, load
from dpyauth.frames.call_help import OTHERS, ColumnHelp, describe

PAGES = {"reference/calls-options": "options", "reference/calls-v3": "v3"}
PLACE = "<!-- the calls -->"


def write(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the calls of an API on its page."""
    if name in PAGES:
        assert PLACE in source[0], f"{name} has no place for its calls"
        source[0] = source[0].replace(PLACE, "\n".join(_page(PAGES[name])))


def _page(api: str) -> Iterator[str]:
    asked_by = _asked_by()
    for name, call in sorted(load(api).items()):
        yield from _section(call, api, asked_by.get(name, []))


def _asked_by() -> dict[str, list[str]]:
    """Return the session's own questions by the calls that their docstrings say they use."""
    found: dict[str, list[str]] = {}
    for name, method in inspect.getmembers(Session, callable):
        said = (inspect.getdoc(method) or "").partition("Uses Deriv's ")[2].partition("\n\n")[0]
        for call in dict.fromkeys(re.findall(r"``(\w+)``", said)) if not name.startswith("_") else ():
            found.setdefault(call, []).append(name)
    return found


def _section(call: Call, api: str, asked_by: Sequence[str]) -> Iterator[str]:
    told = describe(call, api)
    over = f"`{call.rest.method} {call.rest.path}`" if call.rest else "the WebSocket"
    yield from (f"## {call.name}", "", f"{call.summary}.", "")
    facts = {"Needs": told.needs, "Answers": told.answers, "Changes": told.changes, "Goes over": over}
    facts |= {"Known by": told.key} if told.key else {}
    facts |= {"Asked by": ", ".join(f"{{meth}}`dpyauth.Session.{name}`" for name in asked_by)} if asked_by else {}
    yield from (f"- **{head}:** {text}" for head, text in facts.items())
    yield ""
    if told.fields:
        yield from _table(
            ("field", "meaning", "takes"),
            [(_code(field.name) + " *required*" * field.required, field.meaning, field.takes) for field in told.fields],
        )
    else:
        yield "It takes no fields."
    yield from ("", f"It takes others, too: {OTHERS.partition(': ')[2]}." if call.open else "", "")
    for number, columns in enumerate(told.frames):
        yield from _columns(columns, ", or:" if number else "")


def _columns(columns: Sequence[ColumnHelp], which: str) -> Iterator[str]:
    if columns:
        yield from (f"Columns of its frame{which}", "")
        yield from _table(("column", "dtype", "meaning"), [(_code(name), *others) for name, *others in columns])
        yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table, without columns that are empty throughout."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(_plain(row[place]) for place in kept)} |"


def _code(name: str) -> str:
    return f"`{name}`"


def _plain(text: str) -> str:
    """Return text in which nothing is taken for a mark, and what you can write as it stands is code."""
    text = re.sub(r"(?<= like )(\S.*?)(?=; | or |$)", r"`\1`", text)
    text = re.sub(r"(?<![\w`])'([^'`]+)'(?!\w)", r"`\1`", text) if "`" not in text else text
    parts = re.split(r"(`[^`]*`|\*required\*|^---$)", text)
    return "".join(
        part.replace("|", r"\|") if place % 2 else re.sub(r"([\\|*_<>\[\]{}$])", r"\\\1", part)
        for place, part in enumerate(parts)
    )
