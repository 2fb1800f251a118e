"""Turn a call into a form, and the entries of the form into a request."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dpyauth.catalog.calls import Call, Schema
from dpyauth.catalog.dependent_fields import check_together
from dpyauth.catalog.meanings import meaning
from dpyauth.catalog.request import Fields, build, reveal
from dpyauth.catalog.schemas import fits
from dpyauth.credentials import Secret
from dpyauth.errors import InvalidRequest
from dpyauth.panels.hints import TextOf, hint, kind, types, values, word
from dpyauth.sensitive import kind_of
from dpyauth.texts.languages import ENGLISH

OTHERS = "*"
"""Name of the field for further fields, which the catalog does not list."""


@dataclass(frozen=True, slots=True)
class Field:
    """Field of the call, or of an object within it."""

    path: tuple[str, ...]
    schema: Schema
    required: bool = False
    """True if the field is required; within an object, only if the object is given."""
    sensitive: bool = False

    @property
    def name(self) -> str:
        """Return the name of the field, including the objects that contain it."""
        return ".".join(self.path)

    @property
    def kind(self) -> str:
        """Return the kind of input."""
        return kind(self.schema)


@dataclass(frozen=True, slots=True)
class Entered:
    """Result of reading what the user entered."""

    fields: Fields = field(default_factory=dict)
    """Fields of the request; secrets are wrapped."""
    wrong: dict[str, str] = field(default_factory=dict)
    """Reasons why fields cannot be sent, by name."""
    doubtful: dict[str, str] = field(default_factory=dict)
    """Reasons why Deriv may refuse fields, by name."""
    missing: tuple[str, ...] = ()
    """Required fields without a value."""

    @property
    def ready(self) -> bool:
        """Return whether the request can be sent."""
        return not self.wrong and not self.missing


class Form:
    """Form of a call.

    Parameters
    ----------
    call : Call
        Call from a catalog.
    text_of : callable
        Function that returns the text for a key.
    language : str
        Language of the descriptions of fields.
    """

    def __init__(self, call: Call, text_of: TextOf, language: str = ENGLISH) -> None:
        self.call = call
        self.fields = tuple(_fields(call))
        self._text_of = text_of
        self._language = language

    @property
    def kinds(self) -> dict[str, str]:
        """Return the kind of input of each field, by name."""
        return {each.name: each.kind for each in self.fields}

    def shown(self) -> list[dict[str, Any]]:
        """Return the fields for the browser, required ones first."""
        ordered = sorted(self.fields, key=lambda each: each.path[0] not in self.call.required)
        return [self._shown(each) for each in ordered]

    def groups(self) -> dict[str, str]:
        """Return the description of each object whose fields are shown one by one."""
        names = dict.fromkeys(each.path[0] for each in self.fields if len(each.path) > 1)
        return {name: meaning(self.call, name, self._language) for name in names}

    def read(self, texts: Mapping[str, str | Secret], hidden: Collection[str] = ()) -> Entered:
        """Turn the entries into a request; the values of ``hidden`` fields stay in the browser and are unknown here."""
        fields: Fields = {self.call.name: 1} if implied(self.call) else {}
        wrong: dict[str, str] = {}
        doubtful: dict[str, str] = {}
        for each in self.fields:
            text = texts.get(each.name, "")
            if each.sensitive and each.name in hidden:
                _put(fields, each.path, Secret(""))
            elif str(reveal(text)).strip():
                try:
                    value = self._value(each, text)
                except InvalidRequest as error:
                    wrong[each.name] = error.in_language(self._language)
                    continue
                if each.path == (OTHERS,):
                    fields |= value
                    continue
                _put(fields, each.path, value)
                if not each.sensitive and not fits(each.schema, value):
                    doubtful[each.name] = self._text_of("doubtful", takes=self._hint(each))
        missing = tuple(self._missing(fields, wrong))
        if not wrong and not missing:
            try:
                check_together(self.call.name, fields)
            except InvalidRequest as error:
                wrong[str(error.field)] = error.in_language(self._language)
        return Entered(fields, wrong, doubtful, missing)

    # Inside

    def _shown(self, each: Field) -> dict[str, Any]:
        default = each.schema.get("default")
        return {
            "name": each.name,
            "label": self._text_of("others") if each.path == (OTHERS,) else each.path[-1],
            "group": ".".join(each.path[:-1]),
            "front": each.path[0] in self.call.required,
            "kind": each.kind,
            "choices": [self._choice(value) for value in values(each.schema)] if each.kind == "choice" else [],
            "required": each.required,
            "sensitive": each.sensitive,
            "nullable": len(each.path) > 1 and "null" in types(each.schema),
            "default": "" if default is None else word(default),
            "about": "" if each.path == (OTHERS,) else meaning(self.call, each.name, self._language),
            "help": self._hint(each),
        }

    def _choice(self, value: Any) -> tuple[str, str]:
        """Return a choice with its label."""
        text = word(value)
        flag = {"0": "choice_no", "1": "choice_yes"}.get(text) if isinstance(value, int) else None
        return text, self._text_of(flag, value=text) if flag else text

    def _hint(self, each: Field) -> str:
        if each.path == (OTHERS,):
            return self._text_of("takes_others")
        told = hint(each.schema, self._text_of, nullable=len(each.path) > 1)
        return f"{told} {self._text_of('takes_key')}".lstrip() if each.name == self.call.key else told

    def _value(self, each: Field, text: str | Secret) -> Any:
        """Return the value of a field, or raise `InvalidRequest`."""
        given: Any = text if isinstance(text, Secret) else text.strip()
        if each.kind == "choice":
            given = self._chosen(each, str(reveal(text)))
        elif each.kind == "json":
            given = self._json(each, text)
        elif each.kind in ("list", "one or list"):
            parts = [part.strip() for part in str(reveal(text)).split(",") if part.strip()]
            given = parts[0] if each.kind == "one or list" and len(parts) == 1 else parts
        elif each.kind == "number" and re.fullmatch(r"[+-]?\d{1,18}", str(reveal(given)), re.ASCII):
            given = int(str(reveal(given)))
        elif given == "null" and len(each.path) > 1 and "null" in types(each.schema):
            return None
        if each.path == (OTHERS,):
            return given
        schema = {**each.schema, "sensitive": 1} if each.sensitive else each.schema
        alone = Call(self.call.name, "", {each.name: schema}, (), rest=self.call.rest)
        return build(alone, {each.name: given}, whole=False)[each.name]

    def _chosen(self, each: Field, text: str) -> Any:
        for value in values(each.schema):
            if word(value) == text:
                return value
        raise self._refused(each, "wrong_choice")

    def _json(self, each: Field, text: str | Secret) -> Any:
        try:
            value = json.loads(str(reveal(text)), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise self._refused(each, "wrong_json") from None
        if each.path == (OTHERS,) and not (
            isinstance(value, dict) and {*self.call.fields, "passthrough", "req_id"}.isdisjoint(value)
        ):
            raise self._refused(each, "wrong_others")
        return value

    def _refused(self, each: Field, key: str) -> InvalidRequest:
        return InvalidRequest(self._text_of(key), call=self.call.name, field=each.name)

    def _missing(self, fields: Fields, wrong: Collection[str]) -> Iterator[str]:
        for each in self.fields:
            if not each.required or each.name in wrong:
                continue
            holder: Any = fields
            for step, name in enumerate(each.path[:-1]):
                holder = holder.get(name, {} if step == 0 and name in self.call.required else None)
                if holder is None:
                    break
            if holder is not None and each.path[-1] not in holder:
                yield each.name


def implied(call: Call) -> bool:
    """Return whether the field with the name of the call can only be 1."""
    return call.fields.get(call.name, {}).get("enum") == [1]


def _fields(call: Call) -> Iterator[Field]:
    for name, schema in call.fields.items():
        if name != "subscribe" and not (name == call.name and implied(call)):
            yield from _spread(call, (name,), schema, name in call.required and name != call.key, call.siblings)
    if call.open:
        yield Field((OTHERS,), {"type": "object"})


def _spread(
    call: Call, path: tuple[str, ...], schema: Schema, required: bool, beside: Collection[str]
) -> Iterator[Field]:
    parent = path[-2] if len(path) > 1 else ""
    sensitive = kind_of(path[-1], schema, call.name, parent, beside) is not None
    inner = schema.get("properties")
    if not inner or sensitive:
        yield Field(path, schema, required, sensitive)
        return
    needed = schema.get("required", ())
    for name, child in inner.items():
        yield from _spread(call, (*path, name), child, name in needed, inner.keys())


def _put(fields: Fields, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        fields = fields.setdefault(name, {})
    fields[path[-1]] = value


def _no_constant(name: str) -> None:
    raise ValueError(name)
