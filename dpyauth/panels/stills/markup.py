"""Make parts of stills: simple tags that sanitisers keep and that are readable without styles.

Spacing and fonts are inline, because an e-mail does not have JupyterLab's styles.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from dpyauth.panels.card_rows import plain
from dpyauth.registry import without_tokens as by_form
from dpyauth.secret import BLOTTED, scrub
from dpyauth.sensitive import MASK
from dpyauth.texts import Words

SENTENCES = 1000
"""Largest number of characters of an explanation."""

KINDS = {"real": "#b54708", "demo": "#067647", "sample": "#0b6bcb", "sandbox": "#6941c6", "api": "#57606a"}
"""Colours of the kinds of account."""

_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.45"
_BETWEEN = "margin:8px 0"
_CELL = "padding:3px 16px 3px 0;vertical-align:top"

View = Mapping[str, Any]


def clock(seconds: float) -> str:
    """Return a date and a time of day."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def still(words: Words, parts: Iterable[str], colour: str = KINDS["api"]) -> str:
    """Return a still of these parts, with the time when it was made."""
    made = small(f"{as_of(words)} {words['again']}")
    edge = f"border-left:6px solid {colour};padding:4px 16px;margin:8px 2px"
    return f'<div style="{edge};{_FONT}">{"".join(parts)}{made}</div>'


def as_of(words: Words) -> str:
    """Return the current time as text."""
    return words("as_of", time=clock(time.time()))


def without_tokens(made: str) -> str:
    """Return a still without tokens: the user may have pasted one into a field that is not hidden."""
    return by_form(str(scrub(made)).replace(BLOTTED, MASK))


def beside(picture: str, html: str) -> str:
    """Return a still that the live panel hides by its class name.

    Without the panel, JupyterLab shows an error in its place, or "Loading widget..." for ever; the style hides that.
    """
    place = f".jp-OutputArea-child:has(.{picture}) + .jp-OutputArea-child:not(:has(.dpyauth-panel))"
    return f'<div class="{picture}">{html}</div><style>{place} {{ display: none }}</style>'


def kinds(view: View, words: Words) -> dict[str, str]:
    """Return the labels for the kind of the account in use, by the key of their colour."""
    account = view["account"]
    found = {account["kind"]: words[account["kind"]], "api": words("api", api=account["api"])}
    return found | sandbox(view, words)


def sandbox(view: View, words: Words) -> dict[str, str]:
    """Return the label for the sandbox, if the session uses it."""
    return {"sandbox": words["sandbox"]} if view["sandbox"] else {}


def colour(view: View) -> str:
    """Return the colour of the account in use."""
    account = view.get("account")
    return KINDS[account["kind"] if account else "api"]


def heading(title: str, labels: Mapping[str, str] | None = None, size: str = "1.1em") -> str:
    """Return a heading with labels beside it; ``labels`` maps the key of a colour to a text."""
    pills = "".join(f" {pill(KINDS[kind], escape(word))}" for kind, word in (labels or {}).items())
    return f'<p style="{_BETWEEN}"><strong style="font-size:{size}">{quoted(plain(title))}</strong>{pills}</p>'


def line(text: str) -> str:
    """Return a paragraph."""
    return _paragraph(quoted(plain(text, SENTENCES)))


def small(text: str) -> str:
    """Return a paragraph in small letters."""
    return _paragraph(f"<small>{quoted(plain(text, SENTENCES))}</small>")


def link(text: str, address: str) -> str:
    """Return a paragraph with a link to a page that dpyauth itself names."""
    return _paragraph(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>')


def notice(view: View) -> list[str]:
    """Return the notice of the panel, if there is one."""
    said = view.get("notice")
    if not said:
        return []
    return [_paragraph(f"<strong>{quoted(plain(said['title']))}</strong> {quoted(plain(said['text'], SENTENCES))}")]


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return names with the text of each."""
    return table_of(named(name, quoted(plain(text, SENTENCES))) for name, text in rows if text)


def named(name: str, cell: str) -> str:
    """Return a row of a table: a name and its HTML value."""
    head = f'<th style="{_CELL};text-align:left;font-weight:normal;white-space:nowrap">{escape(name)}</th>'
    return f'<tr>{head}<td style="{_CELL};text-align:left">{cell}</td></tr>'


def grid(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Return a table of texts; ``numbers`` are the positions of columns to align to the right."""
    right = set(numbers)

    def cell(tag: str, place: int, text: str) -> str:
        way = "right" if place in right else "left"
        return f'<{tag} align="{way}" style="{_CELL};text-align:{way}">{quoted(plain(text))}</{tag}>'

    def row(tag: str, texts: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(tag, place, text) for place, text in enumerate(texts))}</tr>"

    return table_of([row("th", heads), *(row("td", each) for each in rows)])


def table_of(rows: Iterable[str]) -> str:
    """Return a table of rows that are HTML."""
    return f'<table style="{_BETWEEN};border-collapse:collapse;font-size:14px">{"".join(rows)}</table>'


def code(text: str) -> str:
    """Return preformatted text."""
    return f'<pre style="{_BETWEEN};font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere">{escape(text)}</pre>'


def pill(colour: str, inside: str) -> str:
    """Return a label in a colour."""
    style = f"background-color:{colour};color:#fff;border-radius:10px;padding:0 8px;font-weight:bold"
    return f'<span style="{style};display:inline-block;font-size:12px;line-height:19px">{inside}</span>'


def _paragraph(inside: str) -> str:
    return f'<p style="{_BETWEEN}">{inside}</p>'


def quoted(said: str) -> str:
    """Return a text isolated from its surroundings, so that its direction does not affect them."""
    return f'<span dir="auto">{escape(said)}</span>'
