"""Use the system's keyring, if there is one: on a separate thread, with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from dpyauth._threads import Thread
from dpyauth.credentials import Secret
from dpyauth.texts.said import Said, said

T = TypeVar("T")

SERVICE = "dpyauth"
_PATIENCE = 30.0  # seconds; the user may have to type a password
_REASONS = {"KeyringLocked": "keyring_locked", "InitError": "keyring_not_opened"}


class KeyringError(Exception):
    """Failure of the keyring."""

    def __init__(self, text: Said) -> None:
        super().__init__(text)
        self.text = text
        """Clause without a capital and full stop, which other texts contain."""


def available() -> bool:
    """Return whether this system has a keyring that protects secrets better than a file."""
    return _ask(_found) is not None


def put(profile: str, record: Secret) -> None:
    """Store a record, and check that it is there."""

    def keep() -> None:
        ring = _needed()
        ring.set_password(SERVICE, profile, record.reveal())
        # Some keyrings silently drop what they cannot store, such as a long text.
        if ring.get_password(SERVICE, profile) != record.reveal():
            raise KeyringError(said("keyring_kept_nothing"))

    _ask(keep)


def get(profile: str) -> Secret | None:
    """Return the record of a profile."""

    def fetch() -> Secret | None:
        text = _needed().get_password(SERVICE, profile)
        return None if text is None else Secret(text)

    return _ask(fetch)


def remove(profile: str) -> None:
    """Remove the record of a profile, if there is one."""

    def drop() -> None:
        ring = _needed()
        if ring.get_password(SERVICE, profile) is not None:
            ring.delete_password(SERVICE, profile)

    _ask(drop)


def _ask(call: Callable[[], T]) -> T:
    """Run a call on another thread.

    A keyring may ask the user for a password in a window that the user does not see; that must not block the kernel
    forever. And the tracebacks of its errors contain the token, so they must not leave that thread.
    """
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except KeyringError as trouble:
            answer.set_exception(KeyringError(trouble.text))
        except BaseException as error:
            name = type(error).__name__
            answer.set_exception(KeyringError(said(_REASONS.get(name, "keyring_failed"), error=name)))

    Thread(work, "dpyauth-keyring").start()
    try:
        return answer.result(_PATIENCE)
    except TimeoutError:
        raise KeyringError(said("keyring_silent", seconds=_PATIENCE)) from None


def _found() -> Any | None:
    try:
        import keyring
    except ImportError:
        return None
    chosen: Any = keyring.get_keyring()
    # A priority below 1 means that the keyring stores nothing, or stores it in files that are no safer than ours.
    return next((ring for ring in getattr(chosen, "backends", [chosen]) if ring.priority >= 1), None)


def _needed() -> Any:
    ring = _found()
    if ring is None:
        raise KeyringError(said("keyring_gone"))
    return ring
