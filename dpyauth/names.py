"""Suggest an attribute when you ask an object or a module for one that it does not have."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NoReturn

from dpyauth._traceback import ends_here
from dpyauth.errors import UnknownName


class Names:
    """Base of objects that suggest the nearest of their attributes."""

    _called = ""
    """Subject of the error, such as ``"A session"``."""

    def _instead(self, name: str) -> str:
        """Return a sentence on what to use instead of a name, if something else than an attribute fits."""
        return ""

    if not TYPE_CHECKING:  # a type checker would accept every name

        @ends_here
        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_") or hasattr(type(self), name):  # the latter: it has failed, and fails again
                return object.__getattribute__(self, name)
            known = [each for each in dir(self) if not each.startswith("_")]
            raise UnknownName.of(self._called, name, known, self._instead(name))


def suggesting(module: str, known: Collection[str]) -> Callable[[str], NoReturn]:
    """Return the ``__getattr__`` of a module that suggests the nearest of its names.

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
