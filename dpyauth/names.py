"""Suggest an attribute when you ask an object for one that it does not have."""

from __future__ import annotations

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
