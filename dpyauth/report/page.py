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

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a frame by its name."""
        return next((frame for part, frame in self.frames.items() if part.name == name), None)


def page(report: Report, pictures: Iterable[Picture] = ()) -> str:
    """Return the whole page; it loads nothing from elsewhere."""
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    title = f"Account report: {report.loginid}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(_about(report))}</p>',
        f'<p class="soft">{escape(report.reason)}</p>',
        _tiles(report),
        _lights(report.frame("verification")),
        *(_picture(picture) for picture in pictures),
        *(_section(part, frame, report.suffix) for part, frame in report.frames.items()),
        _left_out(report),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="dpyauth {__version__}">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, body))
        + "\n</main>\n</body>\n</html>\n"
    )


def _about(report: Report) -> str:
    since = f" Trading since {report.since:%Y-%m-%d %H:%M} UTC." if report.since else ""
    currency = report.currency or "no currency yet"
    where = " in the sandbox, where nothing is real" if report.sandbox else ""
    return f"{currency}, {report.kind} account{where}, {report.api} API. Made {report.made:%Y-%m-%d %H:%M} UTC.{since}"


def _tiles(report: Report) -> str:
    """Return the most important figures as HTML."""
    balance, detail, closed = report.frame("balance"), report.frame("account_detail"), report.frame("profit_table")
    tiles = []
    if balance is not None:
        mine = balance[balance["loginid"] == report.loginid]
        tiles += [("balance", _sum(*row)) for row in zip(mine["balance"], mine["currency"], strict=True)]
    if detail is not None:
        for name, label in (
            ("at_stake", "at stake"),
            ("may_pay", "possible payout"),
            ("profit_month", "profit this month"),
        ):
            known = detail[detail[name].notna()]
            tiles += [(label, _sum(*row)) for row in zip(known[name], known["currency"], strict=True)]
    if closed is not None:
        tiles.append(("profit of closed contracts", _sum(float(closed["profit"].sum()), report.currency)))
    for name, label in (("profit_table", "closed contracts"), ("portfolio", "open contracts")):
        frame = report.frame(name)
        if frame is not None:
            tiles.append((label, f"{len(frame):,}"))
    items = "".join(f"<li><b>{escape(value)}</b> {escape(label)}</li>" for label, value in tiles)
    return items and f'<ul class="tiles">{items}</ul>'


def _sum(amount: float, currency: Any) -> str:
    """Return an amount with its currency, if that is known."""
    return _cell(amount) if pd.isna(currency) or not currency else f"{_cell(amount)} {currency}"


def _lights(checks: pd.DataFrame | None) -> str:
    """Return the verification checks as HTML, with a colour for each status."""
    if checks is None:
        return ""
    items = []
    for check, status, expires in zip(checks["check"], checks["status"], checks["expires"], strict=True):
        said = "unknown" if pd.isna(status) else str(status)
        until = "" if pd.isna(expires) else f"<small>until {expires:%Y-%m-%d}</small>"
        items.append(
            f'<li class="{_LIGHTS.get(said, "none")}">{escape(str(check))}<br><b>{escape(said)}</b>{until}</li>'
        )
    return f'<ul class="lights" aria-label="Verification">{"".join(items)}</ul>'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.svg).decode()
    image = f'<img alt="{escape(picture.text)}" src="data:image/svg+xml;base64,{data}">'
    return f'<div class="wide" tabindex="0">{image}</div>'


def _section(part: Part, frame: pd.DataFrame, suffix: str) -> str:
    """Return the HTML of one frame: a table, and a link to the file that has all of it."""
    file = part.file(suffix)
    sheet = f", sheet {part.name}" if suffix == "xlsx" else ""
    rows = f"{len(frame):,} {'row' if len(frame) == 1 else 'rows'}"
    link = f'<a href="{file}">{file}</a>{sheet}'
    note = rows + (f"; the last {SHOWN} are shown" if len(frame) > SHOWN else "")
    head = f'<h2 id="{part.name}">{escape(part.title)}</h2>\n'
    if remark := frame.attrs.get("note"):
        head += f'<p class="soft">{escape(remark)}</p>\n'
    if frame.empty:
        return f'{head}<p class="soft">Empty: {rows} in {link}.</p>'
    told = frame.tail(SHOWN).dropna(axis="columns", how="all")
    table = _facts(told) if len(frame) == 1 and len(told.columns) > 6 else _table(told)
    state = " open" if len(frame) <= _OPEN else ""
    folded = f'<details{state}><summary>{note}</summary><div class="wide" tabindex="0">{table}</div></details>'
    # The link is not in the summary: the keyboard could not reach it there.
    return f'{head}<p class="soft">Complete: {link}</p>\n{folded}'


def _table(frame: pd.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in frame.columns)
    columns = [[_td(value) for value in column] for _, column in frame.items()]
    body = "".join(f"<tr>{''.join(cells)}</tr>\n" for cells in zip(*columns, strict=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _facts(frame: pd.DataFrame) -> str:
    """Return a single row as a table with one line per column."""
    lines = (
        f'<tr><th scope="row">{escape(str(name))}</th>{_td(column.iloc[0])}</tr>\n' for name, column in frame.items()
    )
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def _td(value: Any) -> str:
    text = _cell(value)
    kind = "n" if is_number(value) else "t" if len(text) > _LONG else ""
    return f"<td{kind and f' class={kind}'}>{escape(text)}</td>"


def _cell(value: Any) -> str:
    """Return a value as text for the page."""
    match value:
        case list():
            texts = [item if isinstance(item, str) else json.dumps(item, default=str) for item in value]
            return ", ".join(texts) or _MISSING
        case dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case pd.Timestamp() if not pd.isna(value):
            return f"{value:%Y-%m-%d %H:%M:%S}"
    if pd.isna(value):
        return _MISSING
    if is_bool(value):
        return "yes" if value else "no"
    return account_view.money(round(value, 8)) if is_float(value) else str(value)


def _left_out(report: Report) -> str:
    """Return the HTML that says what is not in the report, and why."""
    parts = []
    if report.refused:
        rows = "".join(
            f'<tr><th scope="row">{escape(part.title)}</th><td class=t>{escape(reason)}</td></tr>\n'
            for part, reason in report.refused.items()
        )
        parts.append(f'<div class="wide" tabindex="0"><table><tbody>{rows}</tbody></table></div>')
    if report.lacking:
        titles = escape(", ".join(part.title for part in report.lacking))
        parts.append(f'<p class="soft">Deriv\'s {escape(report.api)} API does not report: {titles}.</p>')
    parts.append(
        '<p class="soft">••• stands for a secret or for personal data, which dpyauth leaves out. All times are in '
        "UTC. This page leaves out columns without any value; the files have them.</p>"
    )
    return "<h2>What is not in this report</h2>\n" + "\n".join(parts)
