"""Strings that are never printed, and a way to remove them from texts that come from outside."""

from __future__ import annotations

import hmac
import html
import json
import weakref
from collections.abc import Callable, Collection, Iterable
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from dpyauth.texts.said import Said

BLOTTED = "<secret>"
"""Text in place of a secret."""

SHORTEST = 6
"""Length from which a secret is removed from every text. A shorter one may be an ordinary word."""

_living: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class Secret:
    """String that no repr, log or traceback shows; ``reveal()`` returns it.

    As long as the object exists, no error of dpyauth repeats it, not even an error of another session.
    """

    __slots__ = ("__weakref__", "_reveal")

    def __init__(self, value: str) -> None:
        # A closure, not an attribute: object inspectors and pickle read attributes.
        self._reveal: Callable[[], str] = lambda: value
        # A plain word is not registered: it may be a field of a mistyped address, and its removal would make error
        # texts unreadable.
        if len(value) >= SHORTEST and not (value.isalpha() and value.islower()):
            _living[id(self)] = self

    def reveal(self) -> str:
        """Return the secret itself. Keep it out of variables that live longer than one statement."""
        return self._reveal()

    def __repr__(self) -> str:
        return BLOTTED

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (secret.reveal().encode(errors="surrogatepass") for secret in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied out of this process")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def scrub(value: Any, secrets: Collection[Secret] = ()) -> Any:
    """Return a text from outside (or a structure of texts) without the secrets that it may repeat.

    Removes the given secrets and all others that exist in this process: a server may repeat one of another call.
    """
    # Not `_living.values()`: it fails if another thread creates a secret in the meantime.
    living = [secret for reference in _living.valuerefs() if (secret := reference()) is not None]
    return _scrubbed(value, _blotter([*secrets, *living]))


def _scrubbed(value: Any, blot: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {_scrubbed(key, blot): _scrubbed(child, blot) for key, child in value.items()}
    if isinstance(value, list):
        return [_scrubbed(child, blot) for child in value]
    if isinstance(value, Said):
        return value.changed(blot)
    return blot(value) if isinstance(value, str) else value


def _blotter(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """Return a function that removes these secrets from a text."""
    # Longest first: one secret may be part of another, and replacing that part first would leave the rest readable.
    found = sorted({form for secret in secrets for form in _forms(secret.reveal())}, key=len, reverse=True)

    def blot(text: str) -> str:
        for form in found:
            text = text.replace(form, BLOTTED)
        return text

    return blot


def _forms(text: str) -> set[str]:
    """Return the forms in which a server may repeat a secret: unchanged, in an address, in JSON, in HTML."""
    if not text:
        return set()
    raw = text.encode("utf-8", "replace").decode()
    return {text, quote(raw, safe=""), quote(raw), quote_plus(raw), json.dumps(text)[1:-1], html.escape(text)}
