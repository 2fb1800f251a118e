"""Write the still of the call explorer: the last request and its reply, or what the explorer is for."""

from __future__ import annotations

from dpyauth.panels.reply_view import plain
from dpyauth.panels.stills.markup import View, code, heading, line, sandbox, small, still
from dpyauth.texts import Words

LONGEST = 2000
"""Largest number of characters of a request or reply; more would only make the notebook large."""


def explorer(view: View, words: Words, asked: View | None, otherwise: str) -> str:
    """Return the latest request as JSON, with secret and personal values masked, and its result."""
    labels = {"api": words("api", api=view["api"])} | sandbox(view, words)
    top = heading(words["title"], labels)
    if asked is None:
        return still(words, [top, line(words["pick"]), line(otherwise)])
    reply = asked["reply"]
    parts = [
        top,
        heading(words("still_request", call=asked["call"], account=asked["loginid"] or words["nobody"]), size="1em"),
        _cut(asked["request"]),
        heading(words["reply"], size="1em"),
    ]
    if trouble := reply.get("trouble"):
        parts += [line(trouble["title"]), line(trouble["text"])]
        parts += [line(words("error_code", code=trouble["code"]))] if trouble["code"] else []
    else:
        parts += [line(reply["note"])] if reply["note"] else []
        rows, columns = reply["frame"]["shape"]
        parts += [_cut(reply["json"]["text"]), small(words("shape", rows=rows, columns=columns))]
        parts += [small(words("still_cut", shown=LONGEST))] if len(reply["json"]["text"]) > LONGEST else []
    return still(words, parts)


def _cut(text: str) -> str:
    return code(plain(text if len(text) <= LONGEST else f"{text[:LONGEST]}…"))
