"""Write the account card where no panel can be: as plain text, and as HTML that needs no styles."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dpyauth.panels.card_rows import plain

WIDTH = 100
"""Width of the text, in characters."""

SENTENCES = 1000
"""Characters shown of an explanation."""

_COLOURS = {"good": "#067647", "wait": "#0b6bcb", "act": "#b54708", "bad": "#b42318", "off": "#57606a"}
_KINDS = {"real": "#b54708", "demo": "#067647", "sandbox": "#6941c6", "api": "#57606a"}

View = Mapping[str, Any]
Words = Mapping[str, str]


def clock(seconds: float) -> str:
    """Return a date and a time of day."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))


def text(view: View, words: Words) -> str:
    """Return the card as plain text.

    Parameters
    ----------
    view : mapping
        What the card's model shows.
    words : mapping of str to str
        The words of the card.
    """
    account = view["account"]
    if account is None:
        return "\n".join(_signed_out(view, words))
    pairs = _pairs(view, words)
    for row in view["rows"]:
        # Broken between lights, not within one.
        lights = "   ".join(plain(f"{light['symbol']} {light['text']}").replace(" ", "\xa0") for light in row["lights"])
        sentences = [plain(line, SENTENCES) for line in row["lines"]]
        pairs += [(row["name"], said) for said in (lights, *_columns(row["amounts"]), *sentences) if said]
    wide = max(len(name) for name, _ in pairs) + 2
    lines = [" · ".join([plain(account["loginid"]), *_kinds(view, words).values()])]
    before = ""
    for name, said in pairs:
        for line in textwrap.wrap(said, WIDTH - wide):
            lines.append(f"{name if name != before else '':<{wide}}{line}".replace("\xa0", " "))
            before = name
    return "\n".join([*lines, *_below(view, words)])


def _columns(amounts: Sequence[Mapping[str, str]]) -> list[str]:
    """Write amounts one below the other, the names on the left and the values on the right."""
    names, values = ([plain(amount[key]) for amount in amounts] for key in ("name", "value"))
    wide = [max(map(len, texts), default=0) for texts in (names, values)]
    lines = [f"{name:<{wide[0]}}  {value:>{wide[1]}}" for name, value in zip(names, values, strict=True)]
    return [line.replace(" ", "\xa0") for line in lines]


def html(view: View, words: Words) -> str:
    """Return the card as a still picture: simple tags with styles of their own, which sanitisers leave in."""
    account = view["account"]
    if account is None:
        title, *more = _signed_out(view, words)
        body = f"<p><strong>{escape(title)}</strong></p>{''.join(f'<p>{_quoted(line)}</p>' for line in more)}"
    else:
        kinds = " ".join(_pill(_KINDS[kind], escape(word)) for kind, word in _kinds(view, words).items())
        size = "font-size:1.25em"
        title = f'<p><strong style="{size}">{_quoted(plain(account["loginid"]))}</strong> {kinds}</p>'
        rows = "".join(_line(name, _quoted(said)) for name, said in _pairs(view, words))
        rows += "".join(_line(row["name"], _cell(row)) for row in view["rows"])
        lines = _below(view, words)
        lines[-1] += f" {words['again']}"
        below = "".join(f"<p><small>{_quoted(line)}</small></p>" for line in lines)
        body = f'{title}<table style="margin:0">{rows}</table>{below}'
    edge = f"border-left:6px solid {_KINDS[account['kind'] if account else 'api']}"
    return f'<div class="{view["picture"]}" style="{edge};padding:2px 14px;margin:6px 2px">{body}</div>'


def hiding(picture: str) -> str:
    """Return a style that goes with the picture: JupyterLab then shows no complaint below it that the panel is gone."""
    place = f".jp-OutputArea-child:has(.{picture}) + .jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    return f"<style>{place} {{ display: none }}</style>"


def _signed_out(view: View, words: Words) -> list[str]:
    notice = view["notice"]
    if view["state"] == "closed":
        return [words["closed"]]
    return [words["signed_out"], *([plain(notice["text"], SENTENCES)] if notice else []), words["signed_out_text"]]


def _kinds(view: View, words: Words) -> dict[str, str]:
    """Return the kinds of account that it is, by what decides their colour."""
    account = view["account"]
    kinds = {account["kind"]: words[account["kind"]], "api": words["api"].format(api=account["api"])}
    return kinds | ({"sandbox": words["sandbox"]} if view["sandbox"] else {})


def _pairs(view: View, words: Words) -> list[tuple[str, str]]:
    currency = plain(view["account"]["currency"]) or words["no_currency"]
    missing = plain(view["no_balance"], SENTENCES) or words["balance_unknown"]
    balance = f"{view['balance']} {currency}" if view["balance"] else missing
    return [(words["balance"], balance), (words["connection"], plain(view["connection"]["text"], SENTENCES))]


def _below(view: View, words: Words) -> list[str]:
    said = [plain(view["notice"]["text"], SENTENCES)] if view["notice"] else []
    said += [plain(view["footnote"], SENTENCES)] if view["footnote"] else []
    return [*said, words["as_of"].format(time=clock(time.time()))]


def _line(name: str, cell: str) -> str:
    head = "text-align:left;vertical-align:top;font-weight:normal;white-space:nowrap"
    return f'<tr><th style="{head}">{escape(name)}</th><td style="text-align:left">{cell}</td></tr>'


def _cell(row: Mapping[str, Any]) -> str:
    parts = [_amount(amount) for amount in row["amounts"]]
    parts += [_linked(line, row.get("link", "")) for line in row["lines"]]
    if row["lights"]:
        parts.insert(0, " &nbsp; ".join(map(_light, row["lights"])))
    return "<br>".join(parts)


def _linked(line: str, link: str) -> str:
    """Return a line, with the address at its end as a link where there is one."""
    if not link or not line.endswith(link):
        return _quoted(line)
    anchor = f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">{escape(link)}</a>'
    return f'<span dir="auto">{escape(line.removesuffix(link))}{anchor}</span>'


def _amount(amount: Mapping[str, str]) -> str:
    value = _quoted(amount["value"])
    if amount["tone"]:
        value = f'<strong style="color:{_COLOURS[amount["tone"]]}">{value}</strong>'
    return f"{_quoted(amount['name'])} &nbsp; {value}"


def _light(light: Mapping[str, str]) -> str:
    symbol = f"{_pill(_COLOURS[light['tone']], light['symbol'])} " if light["symbol"] else ""
    return f'<span style="display:inline-block">{symbol}{_quoted(light["text"])}</span>'


def _pill(colour: str, inside: str) -> str:
    style = f"background-color:{colour};color:#fff;border-radius:10px;padding:1px 8px;font-weight:bold"
    return f'<span style="{style}">{inside}</span>'


def _quoted(said: str) -> str:
    """Return a text isolated from its surroundings, whichever way it is written."""
    return f'<span dir="auto">{escape(said)}</span>'
