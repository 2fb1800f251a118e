"""Describe the members of a fleet: each has a name, and a way to get its credential."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dpyauth.credentials import Credential, Secret, checked
from dpyauth.errors import DpyauthError, InvalidSetting, NoCredential
from dpyauth.storage import Kept, file, recall

if TYPE_CHECKING:
    from dpyauth.credentials import Granted
    from dpyauth.net.rate_limits import RateLimits
    from dpyauth.session import Session

Fetch = Callable[[str], object]
"""Function that returns the credential for a name: a token, a token with its app ID, or a stored credential."""

GOODBYE = 3.0
"""Longest wait for a connection that is being closed, in seconds."""

_SOURCE = "the fleet's credentials"


@dataclass(frozen=True, slots=True)
class Found:
    """A member's token, and what came with it."""

    token: Secret
    others: Mapping[str, Secret] = field(default_factory=dict)
    """Tokens of all accounts by login ID, if they were stored together."""
    active: str | None = None
    """Account that was in use when the credential was stored. A fleet asks for that account only."""
    app_id: str | None = None
    api: str | None = None
    own_app_id: str | int | None = None
    """App ID that was given with the token, for this member only."""

    def grants(self, api: str) -> Granted:
        """Return the credential to sign in with, and those of all accounts."""
        credential = checked(self.token, _SOURCE, api)
        others = {loginid: Credential(token, _SOURCE) for loginid, token in self.others.items()}
        return credential, others or None


class Member:
    """One credential of a fleet, and its session while it is open."""

    __slots__ = ("_given", "name", "rate_limits", "session")

    def __init__(self, name: str, given: object) -> None:
        self.name = _checked_name(name)
        self._given = given
        self.rate_limits: dict[str, RateLimits] = {}  # outlives the session, as Deriv's own count does
        self.session: Session | None = None

    async def found(self) -> Found:
        """Return the token. A function that fetches it runs on a thread, because it may take long."""
        given = self._given
        if callable(given):
            try:
                given = await asyncio.to_thread(given)
            except DpyauthError as error:
                raise error.copy() from None
            except Exception as error:  # its text is not shown: it may contain the token
                raise NoCredential(f"Fetching the token failed ({type(error).__name__}).") from None
        if isinstance(given, Kept):
            return Found(given.tokens[given.active], given.tokens, given.active, given.app_id or None, given.api)
        token, app_id = _with_app_id(given)
        if not isinstance(token, Secret):
            raise NoCredential("No token for this name: `fetch` returned nothing.")
        return Found(token, own_app_id=app_id)

    async def leave(self) -> None:
        """Close the session, on the background thread, and wait for its connections to close."""
        session, self.session = self.session, None
        if session is None:
            return
        connections = (session.core.connection, *session.core.other_connections.values())
        sockets = [each.task for each in connections if each is not None and each.task is not None]
        session.close()
        if sockets:
            await asyncio.wait(sockets, timeout=GOODBYE)


def kept(profile: str) -> Kept:
    """Return the credential that ``dpyauth.login(remember=True, profile=...)`` has stored.

    Raises
    ------
    NoCredential
        No credential is stored under this name.
    KeepingFailed
        The stored credential cannot be read.
    """
    found = recall(profile)
    if found is None:
        raise NoCredential(
            "No credential is stored under this name. Store one with dpyauth.login(remember=True, profile=...)."
        )
    return found


def all_kept(profiles: Iterable[str]) -> None:
    """Raise an error unless a credential is stored under each name. It shows no name: they may be tokens."""
    with file.clearly():
        there = file.read()
    wanted = list(profiles)
    missing = sum(profile not in there for profile in wanted)
    if missing:
        raise NoCredential(
            f"Of {len(wanted)} names, {missing} have no credential stored on this machine. Give a mapping of names to "
            "tokens, or names and fetch=, a function that returns the token for a name."
        )


def wrapped(credentials: Any) -> Any:
    """Return the credentials with their tokens as `Secret`."""
    if not isinstance(credentials, Mapping):
        return credentials
    return {name: _wrapped(given) for name, given in credentials.items()}


def _wrapped(given: Any) -> Any:
    if isinstance(given, tuple):
        return tuple(map(_wrapped, given[:1])) + given[1:]
    return Secret(given) if isinstance(given, str) else given


def _with_app_id(given: Any) -> tuple[Any, Any]:
    """Return a token, and the app ID that was given with it, if any."""
    given = _wrapped(given)
    if not isinstance(given, tuple):
        return given, None
    if len(given) != 2:
        raise InvalidSetting("A credential of a fleet is a token, or a token with its app ID: (token, app_id).")
    return given


def given(credentials: Mapping[str, object], fetch: object, check: Callable[[Secret, object], object]) -> list[Member]:
    """Return members for a mapping of names to tokens, or to functions that fetch them.

    ``check`` raises an error for an app ID that does not fit a token.
    """
    if fetch is not None:
        raise InvalidSetting("Give either a mapping of names to tokens, or names and fetch=, not both.")
    for token, app_id in map(_with_app_id, credentials.values()):
        if app_id is not None and isinstance(token, Secret):
            check(token, app_id)
    return [Member(name, token) for name, token in credentials.items()]


def fetched(keys: Mapping[str, str], fetch: Fetch) -> list[Member]:
    """Return members whose tokens are fetched by their keys, when their turn comes."""
    return [Member(name, functools.partial(fetch, key)) for name, key in keys.items()]


def resolve(fetch: object) -> Fetch:
    """Return a function that was given itself or by name."""
    if isinstance(fetch, str):
        module, _, name = fetch.partition(":")
        try:
            fetch = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        except (ImportError, AttributeError, ValueError):
            raise InvalidSetting(f"fetch= names a function that cannot be imported here. {_BY_NAME}") from None
    if not callable(fetch):
        raise InvalidSetting(f"fetch must be a function that returns the token for a name. {_BY_NAME}")
    return fetch


def name_of(fetch: object) -> str:
    """Return a name under which every process can import this function."""
    if isinstance(fetch, str):
        return fetch
    name = f"{getattr(fetch, '__module__', None)}:{getattr(fetch, '__qualname__', '')}"
    try:
        same = resolve(name) is fetch
    except InvalidSetting:
        same = False
    if not same or name.startswith("__main__:"):
        raise InvalidSetting(
            "On a cluster, fetch must be a function in a module that the workers can import: a function defined in the "
            f"notebook would travel with everything it refers to, tokens included. {_BY_NAME}"
        )
    return name


_BY_NAME = 'Write it as "module:function"; with "os:getenv", the names are environment variables.'


def _checked_name(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise InvalidSetting("Every credential of a fleet needs a name: a non-empty text.")
    return given


def names(credentials: Any) -> list[str]:
    """Return the names from an iterable, or raise an error if they cannot be names of a fleet."""
    if isinstance(credentials, str | bytes | Secret) or not isinstance(credentials, Iterable):
        raise InvalidSetting("A fleet needs a mapping of names to tokens, or a list of names.")
    listed = list(map(_checked_name, credentials))
    if len(set(listed)) < len(listed):
        raise InvalidSetting("Every credential of a fleet needs its own name, and some names are there twice.")
    return listed
