"""Test checking values against the catalog's schemas, and compare the results with those of the library jsonschema."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from dpyauth.catalog.calls import Schema, load
from dpyauth.catalog.schemas import expression, fits, problems

DRAFTS = {"v3": 4, "options": 7}
CALLS = [(api, name) for api in DRAFTS for name in load(api)]
TEXTS = [
    *("0", "1", "7.5", "-3.25", "123456", "12345678", "1790812800", "10.0.0.1", "1.2.3", "5d", "10:30", "10-20"),
    *("2026-11-01", "2026-11", "2026-11-01 10:00:00", "latest", "R_50", "USD", "us", "EN", "id", "CALL", "CR900001"),
    *("MTR9000041", "a1-b2c3d4e5f6", "a@example.com", "https://example.com/a", "S3cret!pass", "Abcdef12", "a\nb"),
    *("", "~", "two words", "Zoë O'Neil", "李", "Jl. Braga 1, 2", "+62 812345678", "x" * 40, "f" * 32, "x" * 300),
    "8d3d29c2-0d6b-4f0e-9f5c-0c1f6a2b7e11",
]
LISTS = [[], ["text", "text"], [1, 1.0], [1, True], [[1], [2]], [{"a": 1}, {"a": 1}]]
ANYTHING = [None, True, False, 0, 1, 1.0, -1, 2.5, 10**20, "", "text", *LISTS, {}, {"a": [{}]}]


def parts(schema: Schema) -> Iterator[Schema]:
    """Yield a schema and all schemas inside it."""
    yield schema
    inner = [schema["items"]] if "items" in schema else []
    for keyword in ("properties", "patternProperties"):
        inner += schema.get(keyword, {}).values()
    for keyword in ("anyOf", "oneOf"):
        inner += schema.get(keyword, ())
    for each in inner:
        yield from parts(each)


class Maker:
    """Makes values that a schema allows, or nearly allows."""

    def __init__(self, seed: str, wrong: float) -> None:
        self.dice = random.Random(seed)
        self.wrong = wrong

    def value(self, schema: Schema) -> Any:
        """Make a value for a schema; one in several is wrong in some way."""
        dice = self.dice
        if dice.random() < self.wrong:
            return dice.choice([*ANYTHING, dice.choice(TEXTS), *self.bounds(schema)])
        if "enum" in schema:
            return dice.choice(schema["enum"])
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self.value(dice.choice(schema[keyword]))
        types = schema.get("type", "string")
        return getattr(self, dice.choice([types] if isinstance(types, str) else types))(schema)

    def bounds(self, schema: Schema) -> list[Any]:
        """Make values at the limits of a schema, and just beyond."""
        limits = [schema[key] + step for key in ("minimum", "maximum") if key in schema for step in (-1, 0, 0.5, 1)]
        sizes = [schema[key] + step for key in ("minLength", "maxLength") if key in schema for step in (-1, 0, 1)]
        counts = [schema[key] + step for key in ("minItems", "maxItems") if key in schema for step in (-1, 0, 1)]
        lists = [[self.value(schema.get("items", {}))] * count for count in counts]
        named = [inner for inner in schema.get("patternProperties", {}).values() if "maxProperties" in schema]
        objects = [
            {str(n): self.value(inner) for n in range(schema["maxProperties"] + more)}
            for inner in named
            for more in (0, 1)
        ]
        return [*limits, *("x" * size for size in sizes), *lists, *objects]

    def null(self, schema: Schema) -> None:
        """Make null."""

    def boolean(self, schema: Schema) -> bool:
        """Make true or false."""
        return self.dice.random() < 0.5

    def integer(self, schema: Schema) -> int:
        """Make a whole number between the limits."""
        least = int(schema.get("minimum", -5)) + bool(schema.get("exclusiveMinimum"))
        return self.dice.randint(least, max(least, int(schema.get("maximum", least + 5))))

    def number(self, schema: Schema) -> float:
        """Make a number."""
        return self.dice.choice([self.integer(schema), float(self.integer(schema))])

    def string(self, schema: Schema) -> str:
        """Make a text."""
        texts = [text for text in TEXTS if fits({**schema, "type": "string"}, text)]
        return self.dice.choice(texts or TEXTS)

    def array(self, schema: Schema) -> list[Any]:
        """Make a list."""
        return [self.value(schema.get("items", {})) for _ in range(self.dice.randint(schema.get("minItems", 0), 3))]

    def object(self, schema: Schema) -> dict[str, Any]:
        """Make an object, with its required fields and some others."""
        dice = self.dice
        needed = schema.get("required", ())
        made = {
            name: self.value(inner)
            for name, inner in schema.get("properties", {}).items()
            if dice.random() < (1 - self.wrong if name in needed else 0.3)
        }
        for pattern, inner in schema.get("patternProperties", {}).items():
            names = [name for name in ("1", "22", "name", "bank_name") if expression(pattern).search(name)]
            made |= {name: self.value(inner) for name in dice.sample(names, 2)}
        return made | {name: 1 for name in ["unknown", "others"] if dice.random() < self.wrong}


def _perl(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and not expression(pattern).search(value):
        yield ValidationError("pattern")


def once(found: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return what was found without repetitions, because jsonschema reports each of several missing fields."""
    return [first for first, _ in itertools.groupby(found)]


REFERENCES: dict[str, type[Validator]] = {
    "v3": extend(Draft4Validator, {"pattern": _perl}),
    "options": extend(Draft7Validator, {"pattern": _perl}),
}


@pytest.mark.parametrize(("api", "name"), CALLS)
def test_verdicts_and_reasons_are_those_of_jsonschema(api: str, name: str) -> None:
    schema = load(api)[name].schema
    reference = REFERENCES[api](schema)
    verdicts = set()
    for number, wrong in itertools.product(range(25), (0, 0.03, 0.3)):
        request = Maker(f"{number} {wrong}", wrong).object(schema)
        theirs = [(tuple(e.absolute_path), e.validator, e.validator_value) for e in reference.iter_errors(request)]
        ours = list(problems(schema, request, draft=DRAFTS[api]))
        assert once(ours) == once(theirs), request
        verdicts.add(not ours)
    assert verdicts == {True, False}


def test_every_keyword_and_pattern_of_the_catalog_is_understood() -> None:
    every = [part for api, name in CALLS for part in parts(load(api)[name].schema)]
    for part in every:
        list(problems(part, "text"))
    assert {part["additionalProperties"] for part in every if "additionalProperties" in part} == {False}


def test_one_of_means_exactly_one() -> None:
    either = {"oneOf": [{"type": "integer"}, {"minimum": 0}]}
    assert [fits(either, value) for value in (-1, -0.5, 0, 0.5)] == [True, False, False, True]


def test_items_are_compared_as_in_json() -> None:
    unique = {"uniqueItems": True}
    assert all(fits(unique, items) for items in ([1, True], [[1], [2]], [[1], 1], [{"a": 0}, {"a": False}]))
    assert not any(fits(unique, items) for items in ([1, 1.0], [[1], [1.0]], [{"a": [1]}, {"a": [1]}]))


def test_an_unknown_keyword_is_an_error() -> None:
    with pytest.raises(KeyError, match="multipleOf"):
        fits({"type": "integer", "multipleOf": 2}, 3)


def test_names_in_any_script_are_letters() -> None:
    names = expression(load("v3")["new_account_real"].fields["first_name"]["pattern"])
    assert names.search("Zoë O'Neil-Łukasz 李")
    assert not names.search("1234")
    city = expression(load("v3")["new_account_real"].fields["address_city"]["pattern"])
    assert city.search("Łódź")
    assert not city.search("'s-Gravenhage")
