"""Questions that a fleet can be asked: those of a session."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dpyauth.apis.base import named
from dpyauth.arguments import Takes
from dpyauth.catalog.calls import Call
from dpyauth.catalog.request import seal, secrets, spread
from dpyauth.errors import InvalidRequest
from dpyauth.registry import APIS
from dpyauth.session import Session

_NOT_ASKED = {"logout", "stream", "use"}
"""Awaited methods of a session that are no questions."""

_OF_A_CALL = {
    name: frozenset(inspect.signature(getattr(Session, name)).parameters) - {"self", "name", "fields"}
    for name in ("call", "frame")
}
"""Questions with the name and the fields of a call, and what else they take."""


@functools.cache
def questions() -> frozenset[str]:
    """Return their names."""
    return frozenset(
        name for name in dir(Session) if hasattr(getattr(Session, name), "steps") and name not in _NOT_ASKED
    )


def asked(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Callable[[Session], Awaitable[Any]]:
    """Return a question as a function of a session."""

    async def put(session: Session) -> Any:
        return await getattr(session.aio, question)(*args, **kwargs)

    return put


def takes(question: str) -> Takes:
    """Return what a question takes."""
    found: Takes = getattr(Session, question).takes
    return found


def sealed(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Wrap those of the arguments that are secret, as tracebacks may show variables; a request is spread into them."""
    if question not in _OF_A_CALL:
        return args, dict(kwargs)
    name, kwargs = spread([named(api).CATALOG for api in APIS], args[0], kwargs)
    args = (name, *args[1:])
    calls = _calls(args)
    own = {name: value for name, value in kwargs.items() if name in _OF_A_CALL[question]}
    fields = {name: value for name, value in kwargs.items() if name not in own}
    known = [seal(call, {name: fields[name] for name in fields.keys() & call.fields.keys()}) for call in calls]
    strange = fields.keys() - {name for found in known for name in found}
    done = seal(None, {name: fields[name] for name in strange})
    for found in known:  # what is a secret for one of them is one
        done.update({name: value for name, value in found.items() if name not in done or secrets(value)})
    return args, {**own, **done}


def check(question: str, args: tuple[Any, ...], api: str) -> None:
    """Raise an error for what cannot be right for any account, before anything is sent."""
    if question in _OF_A_CALL and not _calls(args):
        named(api).CATALOG.find(args[0])  # says what is meant perhaps


def may_travel(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """See to it that a question may go to a cluster.

    Dask asks again when a worker is lost, so it must change nothing; and it must hold no secret.
    """
    if question not in _OF_A_CALL:
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
    """Return the calls of this name: each API may have one."""
    name = args[0] if args and isinstance(args[0], str) else ""
    return [named(api).CATALOG[name] for api in APIS if name in named(api).CATALOG]
