"""No regular expression of the package takes longer than the length of a text explains, whatever the text is."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dpyauth
from dpyauth.catalog.calls import load
from dpyauth.catalog.schemas import expression
from dpyauth.registry import APIS

ROOT = Path(dpyauth.__file__).parent
USES = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer")

LENGTH = 20_000
BOUND = 0.05
"""Limit in seconds of processor time; an expression that is linear in the length takes about a twentieth of it."""

PIECES = (
    *("a", "A", "1", "_", "-", ".", " ", "\t", "*", '"', "'", "(", "[", "{", "/", ",", "@", "=", "%", "?", ":", "+"),
    *("aA", "a1", "1_", "a.", "a ", "1 ", " a", "a,", "a=", "a@", "1.", "1-", "a/", '"a', "()"),
)
BEGINNINGS = ("", "a://a", "2026-01-31")
END = "\n!\x00"
SHORT = 24
"""Length of a text that passes a length limit: long enough to notice a time that doubles with every character."""


@cache
def sources() -> dict[str, ast.Module]:
    names = {path: path.relative_to(ROOT).with_suffix("").parts for path in sorted(ROOT.rglob("*.py"))}
    return {
        ".".join(("dpyauth", *parts)).removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8"))
        for path, parts in names.items()
    }


def expressions() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Yield the patterns stored in a module and those written in calls, each with the function that uses it."""
    uses: dict[str, set[str]] = {}
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in USES:
                held = node.value
                name = held.id if isinstance(held, ast.Name) else held.attr if isinstance(held, ast.Attribute) else ""
                uses.setdefault(name, set()).add(node.attr)
    for name, tree in sources().items():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
        in_place = [node for node in calls if ast.unparse(node.func).partition(".")[0] == "re"]
        if not in_place or name.endswith("__main__"):
            continue
        for key, value in vars(importlib.import_module(name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                for use in uses.get(key, {"fullmatch"}):
                    yield f"{name}.{key}", value, use
        for node in in_place:
            use = ast.unparse(node.func).partition(".")[2]
            if use in USES and isinstance(node.args[0], ast.Constant):
                flags = sum(flag for flag in (re.ASCII, re.IGNORECASE) if flag.name in ast.unparse(node))
                yield f"{name}:{node.lineno}", re.compile(node.args[0].value, flags), use


@cache
def texts(use: str) -> list[str]:
    """Return repetitions of one piece, with an end that no expression accepts; a search begins anywhere anyway."""
    begin = BEGINNINGS if use in ("match", "fullmatch") else BEGINNINGS[:1]
    short = [piece * (SHORT // len(piece)) + "!" for piece in PIECES]
    return short + [first + piece * (LENGTH // len(piece)) + END for first in begin for piece in PIECES]


def seconds(pattern: re.Pattern[str], use: str, text: str) -> float:
    look = pattern.fullmatch if use == "fullmatch" else pattern.match if use == "match" else pattern.search
    began = time.thread_time()
    look(text)
    return time.thread_time() - began


def is_slow(pattern: re.Pattern[str], use: str, text: str) -> bool:
    return all(seconds(pattern, use, text) > BOUND for _ in range(2))


def test_a_slow_expression_would_be_found() -> None:
    assert is_slow(re.compile(r"\d*\.?\d*"), "fullmatch", "1" * (LENGTH // 2) + END)


def test_no_expression_takes_longer_than_the_text_is_long() -> None:
    found = {(each.pattern, each.flags, use): name for name, each, use in expressions()}
    assert len(found) > 80
    slow = {
        f"{name} ({use}): {text[:8]!r}..."
        for (pattern, flags, use), name in found.items()
        for text in texts(use)
        if is_slow(re.compile(pattern, flags), use, text)
    }
    assert not slow


def rules(schema: Any) -> Iterator[str]:
    """Yield the patterns of a schema and of its subschemas."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    for inner in schema if isinstance(schema, list) else ():
        yield from rules(inner)


def test_no_pattern_of_the_catalog_takes_longer_than_the_text_is_long() -> None:
    found = {rule for api in APIS for call in load(api).values() for rule in rules(call.schema)}
    assert len(found) > 80
    given = [begin + piece * (LENGTH // len(piece)) + END for begin in ("", "https://a") for piece in PIECES]
    assert not {rule for rule in found for text in given if is_slow(expression(rule), "search", text)}
