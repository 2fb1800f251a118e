"""Compare Deriv's replies with the catalog: names, kinds and counts, never a value. No I/O.

In addition to the shapes of replies (`dpyauth.catalog.shapes`), it uses facts in ``expected.json``, by API and call:

==============  ==========================================================================================
``"required"``  by the path of an object, the names of the fields that Deriv's schema requires in it; of lists of
                transactions and contracts also those that only Deriv's pages call required
``"also"``      by the path of a value, the JSON types that the schema allows beyond those of its kind
==============  ==========================================================================================

A path consists of field names, ``[]`` for any item of a list and ``{}`` for any key that is data, separated by dots.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dpyauth import _times, sensitive
from dpyauth.catalog.shapes import ENVELOPE, Node, Shape
from dpyauth.texts import Either
from dpyauth.texts.said import in_language, said

TYPES: Mapping[str, frozenset[str]] = {
    "text": frozenset({"string"}),
    "flag": frozenset({"boolean", "integer"}),
    "count": frozenset({"integer"}),
    "number": frozenset({"integer", "number"}),
    "money": frozenset({"integer", "number", "string"}),
    "exact": frozenset({"integer", "number", "string"}),
    "time": frozenset({"integer", "number"}),
    "moment": frozenset({"integer", "number", "string"}),
}
"""JSON types of each kind. Deriv sends money as numbers in some places and as text in others; both are right."""

_DOCUMENTED = {kind: said(f"kind_{kind}") for kind in (*TYPES, "any")}
_FOUND = {
    "string": said("kind_text"),
    "integer": said("kind_count"),
    "boolean": said("kind_boolean"),
    "array": said("kind_list"),
    "number": said("kind_number"),
    "object": said("kind_object"),
    "null": "null",
}
ABSENT = said("kind_absent")

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"(?=.{1,40}$)[a-z]++(_?[A-Z]?[a-z]++|_?\d{1,2}(?!\d))*+", re.ASCII)
"""Pattern of a field name or a word. No login ID, currency, key or address matches it, so a match is safe to show."""

UNSHOWN = "{}"
"""Stand-in for a name that may be data."""

NEW_VALUE = "new value"
UNKNOWN_FIELD = "unknown field"
ANOTHER_WORD = said("kind_another_word")


class Finding(NamedTuple):
    """Difference between a reply and its documentation."""

    field: str
    """Path of the place in the reply."""
    finding: str
    """``"unknown field"``, ``"missing"``, ``"other type"``, ``"null"`` or ``"new value"``."""
    documented: str
    found: str

    def in_language(self, language: str) -> Finding:
        """Return the finding with its texts in a language."""
        place, found = in_language(self.field, language), in_language(self.found, language)
        return self._replace(field=place, documented=in_language(self.documented, language), found=found)

    def without(self, words: Collection[str]) -> Finding:
        """Return the finding with a new value, or the name of an unknown field, masked if it is one of these words."""
        way, dot, name = self.field.rpartition(".")
        if self.finding == NEW_VALUE and self.found in words:
            return self._replace(found=ANOTHER_WORD)
        if self.finding == UNKNOWN_FIELD and name.casefold() in words:
            return self._replace(field=f"{way}{dot}{UNSHOWN}")
        return self


@dataclass(frozen=True, slots=True)
class Expected:
    """Facts about one call's reply beyond its shape."""

    required: Mapping[str, Collection[str]] = field(default_factory=dict)
    also: Mapping[str, Collection[str]] = field(default_factory=dict)
    stated: bool = False
    """True if these facts come from Deriv's schema; without a schema, a null is not a finding."""


@functools.cache
def expected(api: str, call: str) -> Expected:
    """Return the facts about the reply to a call."""
    entry = _load().get(api, {}).get(call)
    return Expected() if entry is None else Expected(entry["required"], entry["also"], stated=True)


@functools.cache
def _load() -> Mapping[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "expected.json"), encoding="utf-8") as file:
        loaded: Mapping[str, Any] = json.load(file)
    return loaded


def types_of(node: Node) -> frozenset[str]:
    """Return the JSON types that a place allows; empty if any type is allowed."""
    if isinstance(node, str):
        return TYPES.get(node.removeprefix("!"), frozenset())
    if isinstance(node, list):
        return frozenset({"string"})
    container = frozenset({"array" if "[]" in node or "()" in node else "object"})
    return container | types_of(node[""]) if "" in node else container


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object" if isinstance(value, Mapping) else "number"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Result of comparing one reply, or several of the same call."""

    findings: Counter[Finding] = field(default_factory=Counter)
    """Number of times that each finding occurred."""
    seen: set[str] = field(default_factory=set)
    """Paths of the documented fields that were present."""
    absent: set[str] = field(default_factory=set)
    """Paths of the documented fields that were missing from an object that was present."""

    @property
    def not_seen(self) -> list[str]:
        """Paths of documented fields that were absent wherever they could have been. Many are optional."""
        return sorted(map(shown, self.absent - self.seen))


def compare(reply: Mapping[str, Any], shape: Shape, facts: Expected, call: str) -> Comparison:
    """Compare a reply with its documentation.

    Parameters
    ----------
    reply : mapping
        The whole reply.
    shape : Shape
        Shape of the reply in the catalog.
    facts : Expected
        Other facts about the reply.
    call : str
        Name of the call.

    Returns
    -------
    Comparison
        Names, kinds and counts. It contains no value of the reply, except new values of a fixed set of words, if they
        are words themselves.
    """
    came = Comparison()
    whole = {name: value for name, value in reply.items() if name not in ENVELOPE}
    if shape.reply and whole.keys().isdisjoint(shape.reply) and not facts.required.get(""):
        first = next(iter(shape.reply))  # schemas of WebSocket replies never list the main field as required
        came.findings[Finding(first, "missing", _words(shape.reply[first]), ABSENT)] += 1
    _Look(facts, call, came).object(whole, shape.reply, "")
    return came


class _Look:
    def __init__(self, facts: Expected, call: str, came: Comparison) -> None:
        self._facts = facts
        self._call = call
        self._came = came

    def at(self, value: Any, node: Node, path: str, hidden: bool) -> None:
        """Compare a value and everything in it."""
        kind, allowed = type_of(value), types_of(node)
        if not allowed or kind in self._facts.also.get(path, ()):
            return
        if kind == "null":
            if self._facts.stated:
                self._note(path, "null", node, "null")
            return
        if kind not in allowed:
            self._note(path, "other type", node, _FOUND[kind])
            return
        if isinstance(node, Mapping) and not (isinstance(value, Mapping | list)):
            node = node[""]
        if isinstance(node, Mapping):
            self._into(value, node, path)
        elif isinstance(node, list):
            if value and value not in node:
                self._note(path, NEW_VALUE, node, value if not hidden and _NAME.fullmatch(value) else ANOTHER_WORD)
        elif (wrong := _content(value, node)) is not None:
            self._note(path, "other type", node, wrong)

    def object(self, value: Mapping[str, Any], node: Mapping[str, Any], path: str) -> None:
        """Compare the fields of an object."""
        fields = {name: each for name, each in node.items() if name not in {"", "{}"}}
        for name in fields:
            (self._came.seen if name in value else self._came.absent).add(_join(path, name))
        for name in self._facts.required.get(path, ()):
            if name not in value:
                self._note(_join(path, name), "missing", fields.get(name, "any"), ABSENT)
        for key, held in value.items():
            name = str(key)
            if name in fields:
                hidden = sensitive.kind(name, self._call, path.rpartition(".")[2], value) is not None
                self.at(held, fields[name], _join(path, name), hidden)
            elif "{}" in node:
                self.at(held, node["{}"], _join(path, "{}"), hidden=True)
            else:
                place = _join(path, name if _NAME.fullmatch(name) else UNSHOWN)
                kind = type_of(held)
                self._note(place, UNKNOWN_FIELD, None, _FOUND[kind])

    def _into(self, value: Any, node: Mapping[str, Any], path: str) -> None:
        if "||" in node:
            self.object(value, {name: {"[]": each} for name, each in node["||"].items()}, path)
        elif isinstance(value, Mapping):
            self.object(value, node, path)
        elif "()" in node:
            for item, each in zip(value, node["()"].values(), strict=False):
                self.at(item, each, _join(path, "[]"), hidden=True)
        else:
            for item in value:
                self.at(item, node["[]"], _join(path, "[]"), hidden=False)

    def _note(self, path: str, finding: str, node: Node | None, found: str) -> None:
        documented = "" if node is None else _words(node)
        self._came.findings[Finding(shown(path), finding, documented, found)] += 1


def personal_words(value: Any, call: str, parent: str = "") -> Iterator[str]:
    """Yield the personal words in a reply, in lower case: a name may also appear as a key or a status."""
    if isinstance(value, list):
        for item in value:
            yield from personal_words(item, call, parent)
    elif isinstance(value, Mapping):
        for name, held in value.items():
            if not isinstance(held, str):
                yield from personal_words(held, call, name)
            elif name == "nickname" or sensitive.kind(name, call, parent, value) is not None:
                words = re.findall(r"[^\W_]{3,}", held.casefold())
                yield from (*words, "_".join(words), "".join(words))


def _content(value: Any, node: str) -> str | None:
    """Return, in words, what is wrong with a value whose type is right; None if nothing is."""
    kind = node.removeprefix("!")
    if isinstance(value, str) and kind in {"money", "exact"} and value and not _NUMBER.fullmatch(value):
        return said("kind_no_number")
    if isinstance(value, str) and kind == "moment" and value and _times.microseconds(value) is None:
        return said("kind_no_time")
    if kind == "flag" and value not in (0, 1):
        return said("kind_another_number")
    return None


def _words(node: Node) -> str:
    """Return the documented kind, in words."""
    if isinstance(node, str):
        return _DOCUMENTED[node.removeprefix("!")]
    if isinstance(node, list):
        return said("kind_words", count=len(node))
    return said("listed", items=Either(_FOUND[kind] for kind in sorted(types_of(node))))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def shown(path: str) -> str:
    """Return a path in a form that reads well."""
    return path.replace(".[]", "[]")


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield the places of a shape with their paths."""
    yield path, node
    if isinstance(node, Mapping):
        if "||" in node:
            inner: Mapping[str, Any] = {name: {"[]": each} for name, each in node["||"].items()}
        else:
            inner = node
        for name, each in inner.items():
            if name not in {"", "()"}:  # the items of such a list share the path of the list
                yield from leaves(each, _join(path, name))
