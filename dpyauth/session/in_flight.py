"""A request on its way, and what its caller has to be told of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dpyauth.errors import DpyauthError
from dpyauth.net.connection import Connection
from dpyauth.net.loop import background
from dpyauth.net.messages import Reply, error_code
from dpyauth.net.pending import PendingCall, look_first, not_sent, outcome_unknown
from dpyauth.session.steps import Request

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher


_SENT = "had already been sent"


class Driver(Protocol):
    """Object that makes requests ready to be sent: the core of a session."""

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight: ...


class InFlight(ABC):
    """Request that is ready to be sent, or on its way.

    It exists before anything is sent, so that whatever interrupts its caller finds it and can say what may have left.

    Parameters
    ----------
    pending : PendingCall
        The call.
    """

    __slots__ = ("_left", "_told", "line", "pending")

    def __init__(self, pending: PendingCall) -> None:
        self.pending = pending
        self.line: Connection | HttpDispatcher | None = None
        """Connection or dispatcher that it was sent with."""
        self._left = False
        self._told: BaseException | None = None  # the error that says what happened to it

    @abstractmethod
    def send(self) -> None:
        """Send it, on the background thread."""

    @abstractmethod
    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error that it is; on the caller's thread, so that tracebacks are theirs."""

    def submit(self) -> None:
        """Have it sent."""
        background.post(type(self).send, self)

    @property
    def matters(self) -> bool:
        """True if the caller must learn its outcome even when interrupted: it changes something or opens a stream."""
        return self.pending.changes or self.pending.listener is not None

    def result(self) -> Reply:
        """Return the reply of a call that has ended, or raise its error."""
        pending = self.pending
        try:
            if pending.error is not None:
                raise pending.error.copy()  # a copy: the call may outlive its caller, whom a traceback would keep
            assert pending.reply is not None
            return self.finish(pending.reply)
        except DpyauthError as error:
            self._told = error
            raise

    def leave(self, error: BaseException) -> None:
        """Stop waiting because of an error, and note in it whether a change may have happened. May be repeated."""
        pending = self.pending
        unsent = pending.withdraw()
        if not self._left and (pending.listener is not None or not pending.done):
            background.post(InFlight._abandon, self)
            self._left = True
        if pending.changes and not unsent and error is not self._told:
            note = _outcome_note(pending)
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)

    def check(self) -> None:
        """Make sure that a wait ends: the connection ends its calls in time, unless it has ended itself."""
        pending, line = self.pending, self.line
        background.wake()  # an interrupt may have come before the wake-up
        if line is None or line.alive or pending.done:
            return
        if pending.changes and not pending.withdraw():
            pending.fail(outcome_unknown(pending.call, "the session has ended", pending.look, pending.key))
        else:
            pending.fail(line.failure or not_sent(pending.call, "the session has ended"))

    def _abandon(self) -> None:
        if self.line is not None:
            self.line.abandon(self.pending)


def sent_by(error: BaseException) -> list[str]:
    """Return the notes of an error on changes that had been sent when it was raised."""
    return [note for note in getattr(error, "__notes__", ()) if _SENT in note]


def _outcome_note(pending: PendingCall) -> str:
    """Say what is known of a change that was sent."""
    sent = f"'{pending.call}' {_SENT}"
    if pending.reply is None:
        return f"{sent}: it may or may not have happened. {look_first(pending.look)}"
    if "error" in pending.reply:
        return f"{sent}, and Deriv has answered with {error_code(pending.reply)}. {look_first(pending.look)}"
    return f"{sent}, and Deriv has carried it out. {look_first(pending.look)}"


def leave_all(calls: list[InFlight], error: BaseException) -> None:
    """Stop waiting for all calls that are on their way.

    A second interrupt changes nothing: the first is on its way to the user.
    """
    number = 0
    while number < len(calls):
        try:
            calls[number].leave(error)
            number += 1
        except KeyboardInterrupt:
            continue


def settle(call: InFlight, calls: list[InFlight]) -> Reply:
    """Return the reply to a call that has ended; a call that only reads need not be reported any more."""
    reply = call.result()
    if not call.matters:
        calls.remove(call)
    return reply
