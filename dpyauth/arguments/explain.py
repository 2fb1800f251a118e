"""Explain why arguments do not fit a signature, and what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dpyauth._nearest import nearest
from dpyauth.arguments.fits import fits, is_object
from dpyauth.arguments.signature import Signature
from dpyauth.arguments.words import shown, words
from dpyauth.errors import InvalidArgument

_OWNERS = ("sandbox", "stream", "fleet")
"""Classes whose own name is used in the example of a method call; for all others it is ``session``."""


def explain(signature: Signature, args: Sequence[Any], kwargs: Mapping[str, Any], of_dict: str) -> InvalidArgument:
    """Return the error for arguments that do not fit.

    Parameters
    ----------
    signature : Signature
        Parameters of the function.
    args, kwargs : sequence, mapping
        Arguments that were passed.
    of_dict : str
        Sentence to add to the error if a dict is passed in place of another value.
    """
    field, problem = _problem(signature, args, kwargs, of_dict)
    return InvalidArgument(f"{signature.name}() {problem}", field=field)


def _problem(
    signature: Signature, args: Sequence[Any], kwargs: Mapping[str, Any], of_dict: str
) -> tuple[str | None, str]:
    """Return the name of the wrong argument, if there is one, and the problem in words."""
    places, named = signature.places, signature.named
    unnamed = [name for name in places[len(args) if signature.open else 0 :] if name not in named and name in kwargs]
    if unnamed:
        return unnamed[0], f"takes {unnamed[0]!r} by position: leave out {unnamed[0]}=."
    if "self" in signature.parameters and not (args and is_object(args[0])):
        return None, _unbound(signature)
    strange = [name for name in kwargs if name not in named and not signature.open]
    if strange:
        return strange[0], _unknown(signature, strange[0])
    if len(args) > len(places) and not signature.endless:
        return None, _too_many(signature)
    twice = [name for name in places[: len(args)] if name in kwargs and name in named]
    if twice:
        return twice[0], f"was given {twice[0]!r} twice: by position and by name. Leave one out."
    given = dict(zip(places, args, strict=False)) | {name: kwargs[name] for name in kwargs if name in named}
    for name in signature.needed:
        if name not in given:
            kind = words(signature.hint(name)) or "a value"
            return name, f"needs {name!r}, {kind}.{signature.about(name)}"
    return _misfit(signature, given, places[: len(args)], of_dict)


def _unbound(signature: Signature) -> str:
    home = signature.function.__qualname__.split(".")[0].lower()
    owner = home if home in _OWNERS else "session"
    return f"is a method: call it on an object, such as {owner}.{signature.name}()."


def _unknown(signature: Signature, name: str) -> str:
    near = nearest(name, signature.own)
    known = f"It takes: {', '.join(signature.own)}." if signature.own else "It takes no arguments."
    return f"takes no argument {name!r}. " + (f"Did you mean {near!r}?" if near else known)


def _too_many(signature: Signature) -> str:
    places = [name for name in signature.places if name != "self"]
    others = [f"{name}=" for name in signature.own if name not in places]
    count = {0: "no positional arguments", 1: "one positional argument"}.get(
        len(places), f"{len(places)} positional arguments"
    )
    text = f"takes {count}" + (f" ({', '.join(places)})" if places else "")
    if signature.open:
        return f"{text}. Pass the others by name."
    return f"{text}. " + (f"Pass the others by name: {', '.join(others)}." if others else "")


def _misfit(signature: Signature, given: Mapping[str, Any], by_place: Collection[str], of_dict: str) -> tuple[str, str]:
    name, value = next((name, value) for name, value in given.items() if not fits(signature.tests[name], value))
    problem = f"takes {words(signature.hint(name))} for {name!r}, not {shown(value)}."
    hint = of_dict if isinstance(value, Mapping) else ""
    hint = _swapped(signature, name, value, given) or hint or _elsewhere(signature, name, value, given, by_place)
    return name, f"{problem}{hint and f' {hint}'}{signature.about(name)}"


def _swapped(signature: Signature, name: str, value: Any, given: Mapping[str, Any]) -> str:
    """Return a hint if two arguments are in each other's place."""
    tests = signature.tests
    for other, its in given.items():
        test = tests[other]
        if other != name and test and test(value) and fits(tests[name], its):
            return "" if test(its) else f"{name!r} and {other!r} are the wrong way round."
    return ""


def _elsewhere(signature: Signature, name: str, value: Any, given: Mapping[str, Any], by_place: Collection[str]) -> str:
    """Return a hint on where a value of the wrong kind belongs; empty if that is not known."""
    tests = signature.tests
    if value is None:
        return f"Leave {name!r} out." if name not in signature.needed else ""
    if not isinstance(value, bool | int | float):
        return ""
    if isinstance(value, float) and value.is_integer() and fits(tests[name], int(value)):
        return f"Write {int(value)}."
    if name not in by_place:
        return ""
    for free in signature.own:
        test = tests[free]
        if free not in given and test and test(value):
            return f"Did you mean {free}={shown(value)}?"
    return ""
