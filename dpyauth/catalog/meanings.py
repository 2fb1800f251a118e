"""Explain what a call and each of its fields are for, in our own words.

The texts are in the files ``summaries`` and ``fields`` of each language. A key of ``summaries`` is an API, or ``*`` for
calls that both have. A key of ``fields`` is a group of calls, with spaces between their names; its value has the
sentences of fields that mean the same in all of them. The key ``*`` is for every call. The most specific sentence
counts: that of a call before that of ``*``, and that of ``parameters.amount`` before that of ``amount``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from dpyauth.catalog.calls import Call, Schema
from dpyauth.texts import read
from dpyauth.texts.languages import ENGLISH, negotiated

NAMES_THE_CALL = "1"
"""Key of the sentence for a field whose only value is 1."""


def meaning(call: Call, name: str, language: str = ENGLISH) -> str:
    """Return what a field of a call is for; empty if that is not known.

    Parameters
    ----------
    call : Call
        Call from a catalog.
    name : str
        Name of the field, or its dotted path, such as ``parameters.amount``.
    language : str
        Tag of the language. A sentence without a translation is in English.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> from dpyauth.catalog.calls import load
    >>> from dpyauth.catalog.meanings import meaning
    >>> meaning(load("v3")["sell"], "price")
    'Lowest price that you accept; 0 sells at the market price.'
    """
    return next((_in(language, group, key) for group, key in _keys(call, name) if key in _english(group)), "")


def paths(call: Call) -> Iterator[tuple[str, Schema]]:
    """Yield the name and schema of every field of a call, each followed by its inner fields."""
    for name, schema in call.fields.items():
        yield from _within(name, schema)


def _within(name: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield name, schema
    items = schema.get("items")
    for held in (schema, items if isinstance(items, dict) else {}):
        for inner, child in held.get("properties", {}).items():
            yield from _within(f"{name}.{inner}", child)


def _keys(call: Call, name: str) -> Iterator[tuple[str, str]]:
    """Yield the places where the sentence for a field may be, the most specific first."""
    if name == call.name and call.fields[name].get("enum") == [1]:
        yield "*", NAMES_THE_CALL
    parts = name.split(".")
    for at in range(len(parts)):
        for group in (call.name, "*"):
            yield group, ".".join(parts[at:])


def _in(language: str, group: str, key: str) -> str:
    return _sentences(negotiated(language)).get(group, {}).get(key) or _english(group)[key]


def _english(group: str) -> Mapping[str, str]:
    return _sentences(ENGLISH).get(group, {})


@functools.cache
def _sentences(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return the sentences of a language by call and field."""
    sentences: dict[str, dict[str, str]] = {}
    for calls, fields in read(language, "fields").items():
        for call in calls.split():
            sentences.setdefault(call, {}).update(fields)
    return sentences
