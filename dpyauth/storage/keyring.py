"""The system's keyring, where there is one: asked on a thread of its own, and never waited for too long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from dpyauth._threads import Thread
from dpyauth.credentials import Secret

T = TypeVar("T")

SERVICE = "dpyauth"
_PATIENCE = 30.0  # seconds; a person may have to type a password
_REASONS = {"KeyringLocked": "is locked", "InitError": "could not be opened"}


class RingTrouble(Exception):
    """The keyring does not do what it should; the text continues "the keyring ..."."""


def available() -> bool:
    """Whether this system has a keyring worth the name."""
    return _ask(_found) is not None


def put(profile: str, record: Secret) -> None:
    """Keep a record, and see that it is there."""

    def keep() -> None:
        ring = _needed()
        ring.set_password(SERVICE, profile, record.reveal())
        # Some take what they cannot hold, and say nothing.
        if ring.get_password(SERVICE, profile) != record.reveal():
            raise RingTrouble("did not keep it")

    _ask(keep)


def get(profile: str) -> Secret | None:
    """The record of a profile."""

    def fetch() -> Secret | None:
        text = _needed().get_password(SERVICE, profile)
        return None if text is None else Secret(text)

    return _ask(fetch)


def remove(profile: str) -> None:
    """See that there is no record of a profile any more."""

    def drop() -> None:
        ring = _needed()
        if ring.get_password(SERVICE, profile) is not None:
            ring.delete_password(SERVICE, profile)

    _ask(drop)


def _ask(call: Callable[[], T]) -> T:
    """Run a call on another thread.

    A keyring may ask the person at the screen, who may not see it: that must not hold the kernel for ever. And its
    errors, whose tracebacks have the token in them, stay on that thread.
    """
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except RingTrouble as trouble:
            answer.set_exception(RingTrouble(*trouble.args))
        except BaseException as error:
            name = type(error).__name__
            answer.set_exception(RingTrouble(_REASONS.get(name, f"failed with {name}")))

    Thread(work, "dpyauth-keyring").start()
    try:
        return answer.result(_PATIENCE)
    except TimeoutError:
        raise RingTrouble(f"did not answer within {_PATIENCE:g} seconds") from None


def _found() -> Any | None:
    try:
        import keyring
    except ImportError:
        return None
    chosen: Any = keyring.get_keyring()
    # Below 1 are those that keep nothing, and those that keep it in files no better than ours.
    return next((ring for ring in getattr(chosen, "backends", [chosen]) if ring.priority >= 1), None)


def _needed() -> Any:
    ring = _found()
    if ring is None:
        raise RingTrouble("is not there any more")
    return ring
