"""Check values against the JSON schemas of the catalog. Only the keywords that occur in them are supported."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sized
from typing import Any, Final, NamedTuple

from dpyauth.catalog.calls import Schema

Path = tuple[str | int, ...]

_LETTER: Final = r"a-zA-Z\u00aa-\U0010ffff"
_PERL: Final = (
    (r"^\p{L}", f"^[{_LETTER}]"),
    (r"(?:\p{L}", f"(?:[{_LETTER}]"),
    (r"\p{L}", _LETTER),
    (r"\p{Nd}", r"\d"),
    (r"\x{b0}", "°"),
    ("[:xdigit:]", "0-9a-fA-F"),
    # The second class contains the first, so backtracking would take a time that grows with the square of the length.
    (r"[0-9a-zA-Z\.-]+[\%\/\w \.-]*", r"[0-9a-zA-Z\.-]++[\%\/\w \.-]*"),
)


class Problem(NamedTuple):
    """Rule of a schema that a value breaks."""

    path: Path
    """Path within the value, from the outside in."""
    keyword: str
    rule: Any
    """Value of the keyword in the schema."""


def problems(schema: Schema, value: Any, *, draft: int = 4, path: Path = ()) -> Iterator[Problem]:
    """Yield the rules of a schema that a value breaks, in the schema's order.

    Parameters
    ----------
    schema : dict
        JSON schema of the catalog.
    value
        JSON value as a Python object.
    draft : int, optional
        Draft of JSON schema to apply: 1.0 is not an integer in draft 4, but is one in later drafts.
    path : tuple, optional
        Path of the value.

    Raises
    ------
    KeyError
        The schema has a keyword that is not supported.
    """
    for keyword, rule in schema.items():
        if keyword in _MEANINGLESS:
            continue
        if keyword in _PARTS:
            for step, inner in _PARTS[keyword](value, rule):
                yield from problems(inner, value[step], draft=draft, path=(*path, step))
        elif not _RULES[keyword](value, rule, schema, draft):
            yield Problem(path, keyword, rule)


def fits(schema: Schema, value: Any, *, draft: int = 4) -> bool:
    """Return True if a value breaks no rule of a schema; see `problems`."""
    return next(problems(schema, value, draft=draft), None) is None


@functools.cache
def expression(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Deriv's, which is written for Perl.

    Every non-ASCII character counts as a letter, and none as a digit. ``$`` matches only at the very end, not before a
    line break.
    """
    for perl, python in _PERL:
        pattern = pattern.replace(perl, python)
    return re.compile(re.sub(_DIGIT_OR_END, _exact, pattern))


_DIGIT_OR_END: Final = re.compile(r"(\[(?:\\.|[^\]\\])*\])|(\\[^d])|(\\d)|\$")


def _exact(found: re.Match[str]) -> str:
    """Return part of a pattern in the form that has the same meaning in Python."""
    inside, other, digit = found.groups()
    if inside:
        return str(inside).replace(r"\d", "0-9")
    return other or ("[0-9]" if digit else r"\Z")


def _type(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    names = [rule] if isinstance(rule, str) else rule
    if draft > 4 and "integer" in names and isinstance(value, float) and value.is_integer():
        return True
    return any(isinstance(value, _TYPES[name]) and (name == "boolean" or not _is_bool(value)) for name in names)


def _enum(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return any(value == choice and _is_bool(value) == _is_bool(choice) for choice in rule)


def _minimum(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    if not isinstance(value, (int, float)) or _is_bool(value):
        return True
    return bool(value > rule if schema.get("exclusiveMinimum") else value >= rule)


def _maximum(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return not isinstance(value, (int, float)) or _is_bool(value) or bool(value <= rule)


def _pattern(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return not isinstance(value, str) or expression(rule).search(value) is not None


def _unique(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return not rule or not isinstance(value, list) or len({_hashable(item) for item in value}) == len(value)


def _required(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return not isinstance(value, dict) or all(name in value for name in rule)


def _additional(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    if rule or not isinstance(value, dict):
        return True
    patterns = [expression(pattern) for pattern in schema.get("patternProperties", ())]
    others = value.keys() - schema.get("properties", {}).keys()
    return all(any(pattern.search(name) for pattern in patterns) for name in others)


def _any_of(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return any(fits(inner, value, draft=draft) for inner in rule)


def _one_of(value: Any, rule: Any, schema: Schema, draft: int) -> bool:
    return sum(fits(inner, value, draft=draft) for inner in rule) == 1


def _size(kind: type[Sized], fits: Callable[[int, int], bool]) -> Callable[[Any, Any, Schema, int], bool]:
    return lambda value, rule, schema, draft: not isinstance(value, kind) or fits(len(value), rule)


def _properties(value: Any, rule: Any) -> Iterator[tuple[str, Schema]]:
    if isinstance(value, dict):
        yield from ((name, schema) for name, schema in rule.items() if name in value)


def _pattern_properties(value: Any, rule: Any) -> Iterator[tuple[str, Schema]]:
    if isinstance(value, dict):
        for pattern, schema in rule.items():
            yield from ((name, schema) for name in value if expression(pattern).search(name))


def _items(value: Any, rule: Any) -> Iterator[tuple[int, Schema]]:
    if isinstance(value, list):
        yield from ((index, rule) for index in range(len(value)))


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)  # in Python True is an int and equals 1; in JSON it is neither


def _hashable(value: Any) -> Any:
    """Return a hashable object; two of them are equal if their values are equal in JSON."""
    match value:
        case bool():
            return bool, value
        case list():
            return list, tuple(map(_hashable, value))
        case dict():
            return dict, frozenset((name, _hashable(inner)) for name, inner in value.items())
        case _:
            return value


_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}

_PARTS: Final[dict[str, Callable[[Any, Any], Iterator[tuple[Any, Schema]]]]] = {
    "items": _items,
    "patternProperties": _pattern_properties,
    "properties": _properties,
}
"""Functions that yield the parts of a value that have their own schemas, by keyword."""

_RULES: Final[dict[str, Callable[[Any, Any, Schema, int], bool]]] = {
    "additionalProperties": _additional,
    "anyOf": _any_of,
    "enum": _enum,
    "maxItems": _size(list, lambda size, most: size <= most),
    "maxLength": _size(str, lambda size, most: size <= most),
    "maxProperties": _size(dict, lambda size, most: size <= most),
    "maximum": _maximum,
    "minItems": _size(list, lambda size, least: size >= least),
    "minLength": _size(str, lambda size, least: size >= least),
    "minProperties": _size(dict, lambda size, least: size >= least),
    "minimum": _minimum,
    "oneOf": _one_of,
    "pattern": _pattern,
    "required": _required,
    "type": _type,
    "uniqueItems": _unique,
}
"""Checks of a value against a rule, the schema around it and the draft, by keyword."""

_MEANINGLESS: Final = frozenset({"default", "sensitive", "exclusiveMinimum", "if", "then", "else"})
"""Keywords without a check: `exclusiveMinimum` is part of `minimum`, and draft 4, which v3 uses, has no `if`."""
