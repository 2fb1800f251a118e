"""List the questions that a fleet can be asked, which are those of a session, and check their arguments."""

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
"""Methods of a session that have an awaitable twin but are not questions."""

_OF_A_CALL = {
    name: frozenset(inspect.signature(getattr(Session, name)).parameters) - {"self", "name", "fields"}
    for name in ("call", "frame")
}
"""Questions that take the name and fields of any call, with their other parameters."""


@functools.cache
def questions() -> frozenset[str]:
    """Return the names of all questions."""
    return frozenset(
        name for name in dir(Session) if hasattr(getattr(Session, name), "steps") and name not in _NOT_ASKED
    )


def asked(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Callable[[Session], Awaitable[Any]]:
    """Return a question as a function of a session."""

    async def put(session: Session) -> Any:
        return await getattr(session.aio, question)(*args, **kwargs)

    return put


def takes(question: str) -> Takes:
    """Return the check of a question's arguments."""
    found: Takes = getattr(Session, question).takes
    return found


def sealed(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with secrets wrapped, because tracebacks may show variables; a dict becomes fields."""
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
    for found in known:  # a field that is secret in one of the APIs counts as secret
        done.update({name: value for name, value in found.items() if name not in done or secrets(value)})
    return args, {**own, **done}


def check(question: str, args: tuple[Any, ...], api: str) -> None:
    """Raise an error if the call exists in no API, before anything is sent."""
    if question in _OF_A_CALL and not _calls(args):
        named(api).CATALOG.find(args[0])  # raises an error that suggests the closest call


def may_travel(question: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise an error if a question must not go to a cluster.

    Dask repeats the work of a lost worker, so the question must not change anything. And it must hold no secret, since
    the scheduler can read it.
    """
    if question not in _OF_A_CALL:
        return
    name = args[0]
    if any(call.changes_with(kwargs) for call in _calls(args)):
        raise InvalidRequest(
            f"'{name}' changes something at Deriv, and a cluster may repeat what a lost worker has begun. Use a fleet "
            "without cluster= instead. Nothing was sent.",
            call=name,
        )
    if secrets(dict(kwargs)):
        raise InvalidRequest(
            f"Fields of '{name}' are or may be secret, and the cluster could read them. Use a fleet without cluster= "
            "instead. Nothing was sent.",
            call=name,
        )


def _calls(args: tuple[Any, ...]) -> list[Call]:
    """Return the calls of this name: each API may have one."""
    name = args[0] if args and isinstance(args[0], str) else ""
    return [named(api).CATALOG[name] for api in APIS if name in named(api).CATALOG]
