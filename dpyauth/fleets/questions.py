"""What a fleet can be asked: the questions of a session."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from dpyauth.apis.access import NAMES, named
from dpyauth.apis.catalog import Call
from dpyauth.apis.request import seal, secrets
from dpyauth.errors import InvalidRequest
from dpyauth.session import Session

_NOT_ASKED = {"logout", "stream", "use"}
"""What is awaited of a session and is no question."""

_BY_NAME = {"call", "frame"}
"""The questions that take the name of a call, and its fields."""


@functools.cache
def questions() -> frozenset[str]:
    """Their names."""
    return frozenset(
        name for name in dir(Session) if hasattr(getattr(Session, name), "plan") and name not in _NOT_ASKED
    )


def sealed(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments with those wrapped that are secret: tracebacks may show variables."""
    if question in _BY_NAME:
        calls = _calls(args)
        for call in calls:
            kwargs = seal(call, kwargs)
        if not calls:
            kwargs = seal(None, kwargs)
    return dict(kwargs)


def check(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Hear before anything is sent what cannot be right for any account."""
    inspect.signature(getattr(Session, question)).bind(None, *args, **kwargs)
    if question in _BY_NAME and not _calls(args):
        named(NAMES[0]).CATALOG.find(args[0])  # says what is meant perhaps


def may_travel(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """See to it that a question may go to a cluster.

    Dask asks again when a worker is lost, so it must change nothing; and it must hold no secret.
    """
    if question not in _BY_NAME:
        return
    name = args[0]
    if any(call.changes_with(kwargs) for call in _calls(args)):
        raise InvalidRequest(
            f"'{name}' changes something at Deriv, and a cluster may repeat what a lost worker has begun. Use a fleet "
            "without cluster= for it. Nothing was sent.",
            call=name,
        )
    if secrets(dict(kwargs)):
        raise InvalidRequest(
            f"Fields of '{name}' are secret, or may be, and what a cluster is told can be read there. Use a fleet "
            "without cluster= for it. Nothing was sent.",
            call=name,
        )


def _calls(args: tuple[Any, ...]) -> list[Call]:
    """The calls of this name: each API may have one."""
    name = args[0] if args and isinstance(args[0], str) else ""
    return [named(api).CATALOG[name] for api in NAMES if name in named(api).CATALOG]
