"""Suggest the closest name when an attribute of an object or a module does not exist."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NoReturn

from dpyauth._traceback import ends_here
from dpyauth.errors import UnknownName


class Names:
    """Base of classes whose errors suggest the closest attribute."""

    _called = ""
    """Subject of the error, such as ``"A session"``."""

    def _instead(self, name: str) -> str:
        """Return a sentence that says what to use instead of a name, if that is not an attribute."""
        return ""

    if not TYPE_CHECKING:  # a type checker would accept every name

        @ends_here
        def __getattr__(self, name: str) -> NoReturn:
            # If the class has the name, it is a property that raised AttributeError: raise that error again, since
            # "has no ..." would be wrong.
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)
            known = [each for each in dir(self) if not each.startswith("_")]
            raise UnknownName.of(self._called, name, known, self._instead(name))


def suggesting(module: str, known: Collection[str]) -> Callable[[str], NoReturn]:
    """Return a ``__getattr__`` for a module, whose errors suggest the closest name.

    Examples
    --------
    >>> suggesting("dpyauth.plots", ["profit", "balance"])("profits")
    Traceback (most recent call last):
        ...
    dpyauth.errors.UnknownName: The module dpyauth.plots has no 'profits'. Did you mean 'profit'?
    """

    @ends_here
    def missing(name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise UnknownName.of(f"The module {module}", name, known)

    return missing
