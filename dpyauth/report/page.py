"""Write a report as one HTML page. Everything from outside is escaped here, once, as it goes in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib import resources
from typing import Any

import pandas as pd
from pandas.api.types import is_bool, is_float, is_number

from dpyauth._version import __version__
from dpyauth.panels import account_view
from dpyauth.report.parts import Part
from dpyauth.report.pictures import Picture
from dpyauth.texts import Words, date, listed, number, texts
from dpyauth.texts.languages import ENGLISH

SHOWN = 50
"""Most rows of a frame that the page shows; it shows the last ones."""

_LONG = 30  # longer texts may wrap
_OPEN = 12  # longer tables are collapsed
_MISSING = "–"
_LIGHTS = {
    "verified": "good",
    "pending": "wait",
    "rejected": "bad",
    "expired": "bad",
    "suspected": "bad",
    "locked": "bad",
}


@dataclass(slots=True)
class Report:
    """Content of a report."""

    loginid: str
    currency: str
    kind: str
    """Kind of the account, as `Core.kind_of` calls it."""
    api: str
    made: datetime
    since: datetime | None
    suffix: str
    """Extension of the files."""
    reason: str
    """Reason for their format, as a sentence."""
    frames: dict[Part, pd.DataFrame] = field(default_factory=dict)
    refused: dict[Part, str] = field(default_factory=dict)
    """Reasons why parts are missing, by part."""
    lacking: list[Part] = field(default_factory=list)
    """Parts that do not exist in this API."""
    sandbox: bool = False
    language: str = ENGLISH

    @property
    def words(self) -> Words:
        """Texts of the page; those of the card name the checks and their status."""
        return texts("card", "report", language=self.language)

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a frame by its name."""
        return next((frame for part, frame in self.frames.items() if part.name == name), None)


def page(report: Report, pictures: Iterable[Picture] = ()) -> str:
    """Return the whole page; it loads nothing from elsewhere."""
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    words = report.words
    title = words("report_title", loginid=report.loginid)
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(_about(report))}</p>',
        f'<p class="soft">{escape(report.reason)}</p>',
        _tiles(report),
        _lights(report.frame("verification"), words),
        *(_picture(picture) for picture in pictures),
        *(_section(part, frame, report.suffix, words) for part, frame in report.frames.items()),
        _left_out(report),
    ]
    return (
        f'<!doctype html>\n<html lang="{escape(words["lang"])}" dir="{words["dir"]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="dpyauth {__version__}">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, body))
        + "\n</main>\n</body>\n</html>\n"
    )


def _about(report: Report) -> str:
    words = report.words
    kind = "sandbox_demo" if report.sandbox and report.kind == "demo" else report.kind
    said = [words(f"about_{kind}", currency=report.currency or words["no_currency"], api=report.api)]
    for key, moment in (("made", report.made), ("trading_since", report.since)):
        if moment is not None:
            said.append(words(key, date=date(moment, words["lang"]), time=f"{moment:%H:%M}"))
    return " ".join(said)


def _tiles(report: Report) -> str:
    """Return the most important figures as HTML."""
    words = report.words
    balance, detail, closed = report.frame("balance"), report.frame("account_detail"), report.frame("profit_table")
    tiles = []
    if balance is not None:
        mine = balance[balance["loginid"] == report.loginid]
        tiles += [("balance", _sum(words, *row)) for row in zip(mine["balance"], mine["currency"], strict=True)]
    if detail is not None:
        for name in ("at_stake", "may_pay", "profit_month"):
            known = detail[detail[name].notna()]
            tiles += [(name, _sum(words, *row)) for row in zip(known[name], known["currency"], strict=True)]
    if closed is not None:
        tiles.append(("profit_closed", _sum(words, float(closed["profit"].sum()), report.currency)))
    for name in ("profit_table", "portfolio"):
        frame = report.frame(name)
        if frame is not None:
            tiles.append((name, number(len(frame), words["lang"])))
    items = "".join(f"<li><b>{escape(value)}</b> {escape(words[f'tile_{name}'])}</li>" for name, value in tiles)
    return items and f'<ul class="tiles">{items}</ul>'


def _sum(words: Words, amount: float, currency: Any) -> str:
    """Return an amount with its currency, if that is known."""
    told = _cell(amount, words)
    return told if pd.isna(currency) or not currency else f"{told} {currency}"


def _lights(checks: pd.DataFrame | None, words: Words) -> str:
    """Return the verification checks as HTML, with a colour for each status."""
    if checks is None:
        return ""
    items = []
    for check, status, expires in zip(checks["check"], checks["status"], checks["expires"], strict=True):
        code = "unknown" if pd.isna(status) else str(status)
        name, said = words.get(f"check_{check}", str(check)), words.get(f"status_{code}", code)
        until = "" if pd.isna(expires) else words("light_until", date=date(expires, words["lang"]))
        small = until and f"<small>{escape(until)}</small>"
        items.append(f'<li class="{_LIGHTS.get(code, "none")}">{escape(name)}<br><b>{escape(said)}</b>{small}</li>')
    return f'<ul class="lights" aria-label="{escape(words["checks"])}">{"".join(items)}</ul>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.svg).decode()
    image = f'<img alt="{escape(picture.text)}" src="data:image/svg+xml;base64,{data}">'
    return f'<div class="wide" tabindex="0">{image}</div>'


def _section(part: Part, frame: pd.DataFrame, suffix: str, words: Words) -> str:
    """Return the HTML of one frame: a table, and a link to the file that has all of it."""
    key = f"file_{'empty' if frame.empty else 'complete'}{'_sheet' if suffix == 'xlsx' else ''}"
    where = f'<p class="soft">{_linked(words, key, part.file(suffix), part.name)}</p>'
    note = words("rows_shown" if len(frame) > SHOWN else "rows", count=len(frame), shown=SHOWN)
    head = f'<h2 id="{part.name}">{escape(words[f"part_{part.name}"])}</h2>\n'
    if remark := frame.attrs.get("note"):
        head += f'<p class="soft">{escape(remark)}</p>\n'
    if frame.empty:
        return head + where
    told = frame.tail(SHOWN).dropna(axis="columns", how="all")
    table = _facts(told, words) if len(frame) == 1 and len(told.columns) > 6 else _table(told, words)
    state = " open" if len(frame) <= _OPEN else ""
    folded = f'<details{state}><summary>{escape(note)}</summary><div class="wide" tabindex="0">{table}</div></details>'
    # The link is not in the summary: the keyboard could not reach it there.
    return f"{head}{where}\n{folded}"


def _linked(words: Words, key: str, file: str, sheet: str) -> str:
    """Return a text as HTML, with a link to a file."""
    return escape(words[key]).format(link=f'<a href="{file}">{file}</a>', sheet=sheet)


def _table(frame: pd.DataFrame, words: Words) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    columns = [[_td(value, words) for value in column] for _, column in frame.items()]
    body = "".join(f"<tr>{''.join(cells)}</tr>\n" for cells in zip(*columns, strict=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _facts(frame: pd.DataFrame, words: Words) -> str:
    """Return a single row as a table with one line per column."""
    lines = (
        f'<tr><th scope="row">{escape(str(name))}</th>{_td(column.iloc[0], words)}</tr>\n'
        for name, column in frame.items()
    )
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def _td(value: Any, words: Words) -> str:
    text = _cell(value, words)
    kind = "n" if is_number(value) else "t" if len(text) > _LONG else ""
    return f"<td{kind and f' class={kind}'}>{escape(text)}</td>"


def _cell(value: Any, words: Words) -> str:
    """Return a value as text for the page."""
    match value:
        case list():
            items = [item if isinstance(item, str) else json.dumps(item, default=str) for item in value]
            return listed(items, words["lang"]) or _MISSING
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case pd.Timestamp() if not pd.isna(value):
            return f"{value:%Y-%m-%d %H:%M:%S}"
    if pd.isna(value):
        return _MISSING
    if is_bool(value):
        return words["yes" if value else "no"]
    return account_view.money(round(value, 8), words["lang"]) if is_float(value) else str(value)


def _left_out(report: Report) -> str:
    """Return the HTML that says what is not in the report, and why."""
    words, parts = report.words, []
    if report.refused:
        rows = "".join(
            f'<tr><th scope="row">{escape(words[f"part_{part.name}"])}</th><td class=t>{escape(reason)}</td></tr>\n'
            for part, reason in report.refused.items()
        )
        parts.append(f'<div class="wide" tabindex="0"><table><tbody>{rows}</tbody></table></div>')
    if report.lacking:
        titles = [words[f"part_{part.name}"] for part in report.lacking]
        parts.append(f'<p class="soft">{escape(words("not_in_api", api=report.api, parts=titles))}</p>')
    parts.append(f'<p class="soft">{escape(words["masked"])}</p>')
    return f"<h2>{escape(words['left_out'])}</h2>\n" + "\n".join(parts)
