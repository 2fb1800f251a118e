"""Check the arguments of public functions and methods.

The signature says which arguments a function takes, and the docstring what to pass. Both are read here, so that every
wrong argument raises the same kind of error, which says what to write instead.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from dpyauth._traceback import ends_here
from dpyauth.arguments.explain import explain
from dpyauth.arguments.signature import Signature, unquote
from dpyauth.errors import InvalidArgument

P = ParamSpec("P")
T = TypeVar("T")


def public(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function public: check its arguments first, and end tracebacks at the line that calls it.

    Its signature shows annotations without quotes.
    """
    takes = Takes(function)

    @ends_here
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        wrong = takes.wrong(args, kwargs)
        held: list[Any] = [kwargs, args]
        del args, kwargs  # some tools show the variables of a traceback, and these may be secret
        if wrong is not None:
            held.clear()
            raise wrong
        return function(*held.pop(), **held.pop())

    return call


class Takes:
    """Check of arguments against the parameters of a function.

    Parameters
    ----------
    function : callable
        A function, or a generator function whose result is annotated as ``Steps[...]``.
    of_dict : str
        Sentence to add to the error if a dict is passed in place of another value.
    """

    def __init__(self, function: Callable[..., Any], of_dict: str = "") -> None:
        self._function = function
        self._of_dict = of_dict
        unquote(function)

    def wrong(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> InvalidArgument | None:
        """Return the error for these arguments; None if they are right.

        The error is returned, not raised, so that no traceback contains the arguments.
        """
        if self._signature.fit(args, kwargs):
            return None
        return explain(self._signature, args, kwargs, self._of_dict)

    @functools.cached_property
    def _signature(self) -> Signature:
        return Signature(self._function)  # only at the first call: most functions are never called
