"""Write the stills of the panels of tokens and apps. Their input contains no token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dpyauth.panels.stills.markup import View, colour, grid, heading, kinds, line, link, notice, sandbox, still
from dpyauth.texts import Words, listed


def tokens(view: View, words: Words) -> str:
    """Return the API tokens: their names and scopes, and when each was last used."""

    def tables() -> list[str]:
        heads = [words[key] for key in ("name", "scopes", "still_used", "still_also")]
        rows = [
            [
                row["name"],
                _scopes(view, row, words),
                _used(row, words),
                _also(words, own=row["own"], bound=row["bound"]),
            ]
            for row in view["tokens"]
        ]
        return [grid(heads, rows) if rows else line(words["none"])]

    return _admin(view, words, tables)


def apps(view: View, words: Words) -> str:
    """Return the apps that the user has registered, and those that may use the user's accounts."""

    def tables() -> list[str]:
        heads = [words[key] for key in ("name", "still_app_id", "scopes", "redirect_url", "still_also")]
        registered = [
            [
                row["name"],
                str(row["app_id"]),
                _scopes(view, row, words),
                row["redirect_url"] or words["no_redirect"],
                _also(words, own=row["own"], official=row["official"], inactive=not row["active"]),
            ]
            for row in view["registered"]
        ]
        connected = [
            [
                row["name"],
                str(row["app_id"]),
                _scopes(view, row, words),
                _used(row, words),
                _also(words, own=row["own"], official=row["official"]),
            ]
            for row in view["connected"]
        ]
        other = [*heads[:3], words["still_used"], heads[4]]
        return [
            heading(words["registered_heading"], size="1em"),
            grid(heads, registered) if registered else line(words["registered_none"]),
            heading(words["connected_heading"], size="1em"),
            grid(other, connected) if connected else line(words["connected_none"]),
        ]

    return _admin(view, words, tables)


def _admin(view: View, words: Words, tables: Callable[[], list[str]]) -> str:
    phase = view["phase"]
    if view["account"] is None or phase in ("out", "closed"):
        empty = line(view["ended"] or words["signed_out_text"])
        return still(words, [heading(words["title"], sandbox(view, words)), *notice(view), empty])
    top = [
        heading(words["title"], kinds(view, words)),
        line(words("still_of", loginid=view["account"]["loginid"])),
    ]
    if phase == "elsewhere":
        told = [line(words["elsewhere_title"]), line(words["elsewhere"]), link(words["elsewhere_link"], view["page"])]
    elif phase == "denied":
        told = [line(words["denied_title"]), line(words["denied"]), line(view["advice"])]
    else:
        told = tables() if view["loaded"] else [line(words["still_unread"])]
    return still(words, [*top, *notice(view), *told], colour(view))


def _scopes(view: View, row: Mapping[str, Any], words: Words) -> str:
    return listed((view["scopes"].get(scope, scope) for scope in row["scopes"]), words["lang"]) or "–"


def _used(row: Mapping[str, Any], words: Words) -> str:
    return row["last_used"] or words["unused"]


def _also(words: Words, **facts: bool) -> str:
    return listed((words[key] for key, true in facts.items() if true), words["lang"])
