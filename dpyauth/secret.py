"""Strings that never print, and how texts from outside are kept from repeating them."""

from __future__ import annotations

import hmac
import html
import json
import weakref
from collections.abc import Callable, Collection, Iterable
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

BLOTTED = "<secret>"
"""Text in place of a secret."""

SHORTEST = 6
"""Length from which a secret is blotted out everywhere. A shorter one may be a word in other texts."""

_living: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class Secret:
    """String that no repr, log or traceback shows; ``reveal()`` returns it.

    While it lives, no error of dpyauth repeats it, even one of another session.
    """

    __slots__ = ("__weakref__", "_reveal")

    def __init__(self, value: str) -> None:
        # A closure, not an attribute: object inspectors and pickles list attributes.
        self._reveal: Callable[[], str] = lambda: value
        # A word alone, as a wrong address may hold, would blot out the words of an error.
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

    Blots out those given and all that live in this process: a server may repeat one that belongs to another call.
    """
    # Not `_living.values()`: another thread may be making a secret meanwhile.
    living = [secret for reference in _living.valuerefs() if (secret := reference()) is not None]
    return _scrubbed(value, _blotter([*secrets, *living]))


def _scrubbed(value: Any, blot: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {_scrubbed(key, blot): _scrubbed(child, blot) for key, child in value.items()}
    if isinstance(value, list):
        return [_scrubbed(child, blot) for child in value]
    return blot(value) if isinstance(value, str) else value


def _blotter(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """Return a function that blots these out of a text."""
    # The longest first: one secret may be a part of another.
    found = sorted({form for secret in secrets for form in _forms(secret.reveal())}, key=len, reverse=True)

    def blot(text: str) -> str:
        for form in found:
            text = text.replace(form, BLOTTED)
        return text

    return blot


def _forms(text: str) -> set[str]:
    """Return how a server may write a secret: as it is, in an address, in JSON, in HTML."""
    if not text:
        return set()
    raw = text.encode("utf-8", "replace").decode()
    return {text, quote(raw, safe=""), quote(raw), quote_plus(raw), json.dumps(text)[1:-1], html.escape(text)}
