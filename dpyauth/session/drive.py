"""Make a blocking and an awaitable method from one generator.

A method of the session is a generator that yields requests and is sent their replies. `dpyauth.session.blocking` drives
it on the caller's thread, `dpyauth.session.awaiting` on the caller's event loop. The logic of a method is written once,
so the two versions cannot differ. A coroutine run on a second loop would not do for the blocking version: a kernel
already runs a loop on the main thread, and `asyncio.run` refuses to nest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from dpyauth._traceback import leaving
from dpyauth.arguments import Takes
from dpyauth.errors import NotInThisApi
from dpyauth.names import Names
from dpyauth.session.awaiting import drive_async
from dpyauth.session.blocking import drive
from dpyauth.session.in_flight import Driver, InFlight, leave_all
from dpyauth.session.steps import Steps

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound="Driven")


class Driven(Protocol):
    """Object with methods made by `dual`: a session."""

    @property
    def core(self) -> Driver:
        """Object that prepares the requests of these methods."""


def dual(method: Callable[Concatenate[D, P], Steps[T]]) -> Callable[Concatenate[D, P], T]:
    """Turn a generator into a blocking method that checks its arguments; `awaitable` reuses the generator."""
    takes = Takes(method, of_dict="Pass a whole request, as a dict, to session.call().")

    @functools.wraps(method)
    def blocking(self: D = None, /, *args: P.args, **kwargs: P.kwargs) -> T:  # type: ignore[assignment]
        calls: list[InFlight] = []
        try:
            try:
                # The error is returned and raised below, so that its traceback does not show the arguments.
                wrong = takes.wrong((self, *args), kwargs)
                steps = method(self, *args, **kwargs) if wrong is None else None
                del args, kwargs  # tracebacks may show variables, and these may be secret
                if wrong is not None:
                    raise wrong
                assert steps is not None
                return drive(self.core, steps, calls)
            except BaseException as error:
                leave_all(calls, error)
                _name_what_was_typed(error, "session", method.__name__)
                leaving(error)
                raise
        # The handler above can be interrupted, too. Without this second one, that interrupt would reach the user
        # without the note that a change had been sent.
        except KeyboardInterrupt as interrupt:
            leave_all(calls, interrupt)
            leaving(interrupt)
            raise

    blocking.steps, blocking.takes = method, takes  # type: ignore[attr-defined]
    return blocking


class Awaitables(Names):
    """Awaitable twins of methods made by `dual`.

    They have the same names, arguments and results, and may be awaited on any event loop.
    """

    def __init__(self, session: Driven) -> None:
        self._session = session

    def _instead(self, name: str) -> str:
        there = hasattr(type(self._session), name)
        return f"session.{name} does not wait for anything, so it needs no await." if there else ""

    def __repr__(self) -> str:
        return f"<the awaitable methods of {self._session!r}>"

    def __dir__(self) -> list[str]:
        return sorted(name for name in dir(type(self)) if not name.startswith("_"))


def awaitable(
    blocking: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Awaitables, P], Coroutine[Any, Any, T]]:
    """Return the awaitable twin of a method made by `dual`."""
    return _awaitable(blocking.steps, blocking.takes)  # type: ignore[attr-defined]


def _awaitable(
    method: Callable[Concatenate[Any, P], Steps[T]], takes: Takes
) -> Callable[Concatenate[Awaitables, P], Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def asynchronous(self: Awaitables = None, /, *args: P.args, **kwargs: P.kwargs) -> T:  # type: ignore[assignment]
        calls: list[InFlight] = []
        try:
            try:
                wrong = takes.wrong((self, *args), kwargs)
                session = self._session if wrong is None else None
                steps = method(session, *args, **kwargs) if wrong is None else None
                del args, kwargs
                if wrong is not None:
                    raise wrong
                assert steps is not None
                assert session is not None
                return await drive_async(session.core, steps, calls)
            except BaseException as error:
                leave_all(calls, error)
                _name_what_was_typed(error, "session.aio", method.__name__)
                leaving(error)
                raise
        except KeyboardInterrupt as interrupt:
            leave_all(calls, interrupt)
            leaving(interrupt)
            raise

    return asynchronous


def _name_what_was_typed(error: BaseException, face: str, method: str) -> None:
    if isinstance(error, NotInThisApi) and not method.startswith("_"):
        error.typed(face, method)
