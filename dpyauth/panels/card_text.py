"""Write the account card for places without panels: as plain text, and as HTML that needs no style sheet."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dpyauth.panels.card_rows import plain
from dpyauth.panels.stills import markup as parts
from dpyauth.panels.stills.markup import SENTENCES, View, kinds, pill, quoted
from dpyauth.texts import Words

WIDTH = 100
"""Width of the text, in characters."""

_COLOURS = {"good": "#067647", "wait": "#0b6bcb", "act": "#b54708", "bad": "#b42318", "off": "#57606a"}


def text(view: View, words: Words, *, live: bool = True) -> str:
    """Return the card as plain text.

    Parameters
    ----------
    view : mapping
        View of the card's model.
    words : Words
        The words of the card.
    live : bool
        Whether the text is read now. If not, leave out values that are true only at this moment.
    """
    account = view["account"]
    if account is None:
        return "\n".join(_signed_out(view, words))
    pairs = [*_balance(view, words), *(_connection(view, words) if live else [])]
    for row in view["rows"]:
        # Break lines between lights, not within one.
        lights = "   ".join(plain(f"{light['symbol']} {light['text']}").replace(" ", "\xa0") for light in row["lights"])
        sentences = [plain(line, SENTENCES) for line in row["lines"]]
        pairs += [(row["name"], said) for said in (lights, *_columns(row["amounts"]), *sentences) if said]
    wide = max(len(name) for name, _ in pairs) + 2
    lines = [" · ".join([plain(account["loginid"]), *kinds(view, words).values()])]
    before = ""
    for name, said in pairs:
        for line in textwrap.wrap(said, WIDTH - wide):
            lines.append(f"{name if name != before else '':<{wide}}{line}".replace("\xa0", " "))
            before = name
    return "\n".join([*lines, *_said(view), parts.as_of(words)])


def _columns(amounts: Sequence[Mapping[str, str]]) -> list[str]:
    """Write amounts in lines, with the names aligned to the left and the values to the right."""
    names, values = ([plain(amount[key]) for amount in amounts] for key in ("name", "value"))
    wide = [max(map(len, texts), default=0) for texts in (names, values)]
    lines = [f"{name:<{wide[0]}}  {value:>{wide[1]}}" for name, value in zip(names, values, strict=True)]
    return [line.replace(" ", "\xa0") for line in lines]


def html(view: View, words: Words) -> str:
    """Return the card as a still, with simple tags and inline styles that sanitisers keep."""
    account = view["account"]
    if account is None:
        top = parts.heading(words["card"], parts.sandbox(view, words))
        return parts.still(words, [top, *map(parts.line, _signed_out(view, words))])
    top = parts.heading(account["loginid"], kinds(view, words), size="1.25em")
    rows = [parts.named(name, quoted(said)) for name, said in _balance(view, words)]
    rows += [parts.named(row["name"], _cell(row)) for row in view["rows"]]
    return parts.still(words, [top, parts.table_of(rows), *map(parts.small, _said(view))], parts.colour(view))


def _signed_out(view: View, words: Words) -> list[str]:
    notice = view["notice"]
    if view["ended"]:
        return [view["ended"]]
    return [words["signed_out"], *([plain(notice["text"], SENTENCES)] if notice else []), words["signed_out_text"]]


def _balance(view: View, words: Words) -> list[tuple[str, str]]:
    currency = plain(view["account"]["currency"]) or words["no_currency"]
    missing = plain(view["no_balance"], SENTENCES) or words["balance_unknown"]
    balance = f"{view['balance']} {currency}" if view["balance"] else missing
    return [(words["balance"], balance)]


def _connection(view: View, words: Words) -> list[tuple[str, str]]:
    return [(words["connection"], plain(view["connection"]["text"], SENTENCES))]


def _said(view: View) -> list[str]:
    said = [plain(view["notice"]["text"], SENTENCES)] if view["notice"] else []
    return [*said, *([plain(view["footnote"], SENTENCES)] if view["footnote"] else [])]


def _cell(row: Mapping[str, Any]) -> str:
    told = [_amount(amount) for amount in row["amounts"]]
    told += [_linked(line, row.get("link", "")) for line in row["lines"]]
    if row["lights"]:
        told.insert(0, " &nbsp; ".join(map(_light, row["lights"])))
    return "<br>".join(told)


def _linked(line: str, link: str) -> str:
    """Return a line; if it ends with the address, show that as a link."""
    if not link or not line.endswith(link):
        return quoted(line)
    anchor = f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">{escape(link)}</a>'
    return f'<span dir="auto">{escape(line.removesuffix(link))}{anchor}</span>'


def _amount(amount: Mapping[str, str]) -> str:
    value = quoted(amount["value"])
    if amount["tone"]:
        value = f'<strong style="color:{_COLOURS[amount["tone"]]}">{value}</strong>'
    return f"{quoted(amount['name'])} &nbsp; {value}"


def _light(light: Mapping[str, str]) -> str:
    symbol = f"{pill(_COLOURS[light['tone']], light['symbol'])} " if light["symbol"] else ""
    return f'<span style="display:inline-block">{symbol}{quoted(light["text"])}</span>'
