"""Show the result of a check-up as text, HTML and frames."""

from __future__ import annotations

import html
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dpyauth import _terminal
from dpyauth._version import __version__
from dpyauth.checkup.asking import Asked
from dpyauth.checkup.check_rows import Result, Row, clauses
from dpyauth.texts.languages import ENGLISH
from dpyauth.texts.said import said

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
"""Width of the text, in characters."""

_CODE = "print(_)"
_COLOURS = {"ok": "#067647", "note": "#b54708", "problem": "#b42318"}


class Checkup:
    """Result of `dpyauth.doctor`, displayed as a table in a notebook and as text elsewhere.

    Its texts are in one language. What a program may compare is the same in every language: ``result``, ``outcome``
    and ``finding``.

    It contains no secret, no value of a reply, and neither your name nor your login IDs nor paths on your machine, so
    you can paste it into a public issue: ``print(dpyauth.doctor())`` writes the text for that.

    Attributes
    ----------
    checks : pandas.DataFrame
        One row per check: ``group``, ``check``, ``result`` (``"ok"``, ``"note"`` or ``"problem"``), ``found``,
        ``advice`` (all string).
    calls : pandas.DataFrame
        If replies were compared, one row per call: ``call``, ``outcome`` (``"asked"``, ``"skipped"``,
        ``"refused"``, ``"no answer"`` or ``"left out"``), ``why`` (string; for a refused one Deriv's code),
        ``findings`` (int64, how many), ``not_seen`` (string, the documented fields that were absent everywhere; many
        fields are optional).
    findings : pandas.DataFrame
        Differences from the documentation, one row per field and finding: ``call``, ``field``, ``finding``
        (``"unknown field"``, ``"missing"``, ``"other type"``, ``"null"`` or ``"new value"``), ``documented``, ``found``
        (all string), ``times`` (int64, in how many places of the reply).
    """

    def __init__(
        self,
        rows: Sequence[Row],
        asked: Sequence[Asked] | None,
        now: float | None = None,
        language: str = ENGLISH,
    ) -> None:
        self._language = language
        self._rows = [row.in_language(language) for row in rows]
        self._asked = [one.in_language(language) for one in asked or ()]
        self._at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))

    @property
    def problems(self) -> int:
        """Number of checks that found a problem."""
        return sum(row.result == "problem" for row in self._rows)

    @property
    def checks(self) -> pd.DataFrame:
        """One row per check."""
        return _frame([row._asdict() for row in self._rows], Row._fields)

    @property
    def calls(self) -> pd.DataFrame:
        """One row per call whose reply was compared, or was not."""
        return _frame(list(map(_call, self._asked)), ("call", "outcome", "why", "findings", "not_seen"))

    @property
    def findings(self) -> pd.DataFrame:
        """Differences between replies and their documentation."""
        return _frame(self._found, ("call", "field", "finding", "documented", "found", "times"))

    @property
    def _found(self) -> list[dict[str, Any]]:
        return [
            {"call": one.call, **finding._asdict(), "times": times}
            for one in self._asked
            for finding, times in sorted(one.came.findings.items())
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values for JSON.

        Returns
        -------
        dict
            ``dpyauth`` (the version), ``at`` (string, UTC), ``problems`` (int), and the rows of ``checks``, ``calls``
            and ``findings`` as lists of dicts.
        """
        return {
            "dpyauth": __version__,
            "at": self._at,
            "problems": self.problems,
            "checks": [row._asdict() for row in self._rows],
            "calls": list(map(_call, self._asked)),
            "findings": self._found,
        }

    def __str__(self) -> str:
        return _terminal.writable("\n".join(self._lines()), sys.stdout)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(self._html_rows())
        table = f'<table style="margin:0">{rows}</table>'
        shown = [f"<p><strong>{html.escape(self._title)}</strong></p>{table}"]
        if self._asked:
            shown.append(f"<p>{'<br>'.join(map(html.escape, self._of_calls()))}</p>")
        if self._found:
            shown.append(self._html_table())
        hint = html.escape(self._said("as_text", code=_CODE)).replace(_CODE, f"<code>{_CODE}</code>")
        shown.append(f"<p><small>{hint}</small></p>")
        return "".join(shown)

    @property
    def _title(self) -> str:
        notes = sum(row.result == "note" for row in self._rows)
        counts = [self._said("count_problems", count=self.problems), self._said("count_notes", count=notes)]
        return self._said("checkup_title", time=self._at, counts=counts)

    def _label(self, kind: str, code: str) -> str:
        """Return how a code is shown: a result, an outcome, a finding or the name of a column."""
        return self._said(f"{kind}_{code.replace(' ', '_')}")

    def _said(self, key: str, **values: object) -> str:
        return said(key, **values).said_in(self._language)

    def _lines(self) -> Iterator[str]:
        yield self._title
        wide = 2 + max(len(self._label("result", each)) for each in _COLOURS)
        for row in _once(self._rows):
            if row.group:
                yield from ("", row.group)
            told = self._said("check_line", check=row.check, found=row.found)
            yield from _wrapped(f"{self._label('result', row.result):<{wide}}{told}", "  ", wide)
            if row.advice:
                yield from _wrapped(f"-> {row.advice}", " " * (2 + wide), 3)
        if self._asked:
            yield from ("", self._said("heading_calls"))
            for line in self._of_calls():
                yield from _wrapped(line, "  ")
        if self._found:
            yield from ("", self._said("heading_differences"))
            for one in self._found:
                kinds = f"{one['documented']} -> {one['found']}" if one["documented"] else one["found"]
                told = self._said(
                    "difference_times" if one["times"] > 1 else "difference",
                    finding=self._label("finding", one["finding"]),
                    kinds=kinds,
                    count=one["times"],
                )
                yield from _wrapped(f"{one['call']}  {one['field']}  {told}", "  ")

    def _of_calls(self) -> Iterator[str]:
        """Yield a line for each outcome, with the calls that had it."""
        by: dict[tuple[str, str], list[str]] = {}
        for one in self._asked:
            by.setdefault((one.outcome, one.why), []).append(one.call)
        order = {"asked": 0, "refused": 1, "no answer": 2, "skipped": 3, "left out": 4}
        for (outcome, why), names in sorted(by.items(), key=lambda item: (order[item[0][0]], item[0][1])):
            key = "calls_left_out" if outcome == "left out" else "calls_because" if why else "calls_with"
            label = self._label("outcome", outcome)
            yield self._said(key, outcome=label, why=why, count=len(names), calls=names)

    def _html_rows(self) -> Iterator[str]:
        cell = "text-align:left;vertical-align:top"
        for row in _once(self._rows):
            if row.group:
                yield f'<tr><th colspan="3" style="{cell};padding-top:10px">{html.escape(row.group)}</th></tr>'
            style = (
                f"background-color:{_COLOURS[row.result]};color:#fff;border-radius:10px;padding:1px 8px;"
                "font-weight:bold"
            )
            advice = f"<br><em>{html.escape(row.advice)}</em>" if row.advice else ""
            label = html.escape(self._label("result", row.result))
            yield (
                f'<tr><td style="{cell}"><span style="{style}">{label}</span></td>'
                f'<td style="{cell}">{html.escape(row.check)}</td>'
                f'<td style="{cell}">{html.escape(row.found)}{advice}</td></tr>'
            )

    def _html_table(self) -> str:
        def line(tag: str, texts: Iterable[str]) -> str:
            return "".join(f'<{tag} style="text-align:left">{html.escape(text)}</{tag}>' for text in texts)

        rows = [{**row, "finding": self._label("finding", row["finding"])} for row in self._found]
        head = line("th", (self._label("column", name) for name in rows[0]))
        body = "".join(f"<tr>{line('td', map(str, row.values()))}</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table>"


def _call(one: Asked) -> dict[str, Any]:
    return {
        "call": one.call,
        "outcome": one.outcome,
        "why": one.why,
        "findings": len(one.came.findings),
        "not_seen": ", ".join(one.came.not_seen),
    }


def replies_row(asked: Sequence[Asked], what: str) -> Row:
    """Return a row with the result of comparing replies."""
    outcomes = Counter(one.outcome for one in asked)
    unlike = [one.call for one in asked if one.came.findings]
    compared = said("replies_compared", count=outcomes["asked"], source=what)
    group, check = said("group_replies"), said("check_replies")
    if not outcomes["asked"]:
        return Row(group, check, "note", compared, said("see_reasons"))
    if not unlike:
        found = clauses(
            said("replies_alike", compared=compared),
            said("replies_refused", count=outcomes["refused"]) if outcomes["refused"] else "",
            said("replies_lacking", count=outcomes["no answer"]) if outcomes["no answer"] else "",
        )
        result: Result = "note" if outcomes["no answer"] else "ok"
        return Row(group, check, result, found)
    differ = said("replies_differing", count=len(unlike), calls=unlike)
    return Row(
        group, check, "problem", said("replies_unlike", compared=compared, differing=differ), said("report_differences")
    )


def _frame(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd  # imported late: the check-up must also work if pandas cannot be loaded

    numbers = {"findings", "times"}
    columns = {
        name: pd.Series([row[name] for row in rows], dtype="int64" if name in numbers else "string") for name in names
    }
    return pd.DataFrame(columns)


def _once(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield rows without the group and the advice that repeat those of the row before."""
    before = Row("", "", "ok", "")
    for row in rows:
        same = row.group == before.group
        advice = "" if same and row.advice == before.advice else row.advice
        yield row._replace(group="" if same else row.group, advice=advice)
        before = row


def _wrapped(text: str, indent: str, more: int = 9) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + " " * more,
        break_long_words=False,
        break_on_hyphens=False,
    )
