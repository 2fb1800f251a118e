"""Follow a call until it ends, and tell its caller what may have been sent.

A change must be sent at most once, and the user must know whether it was sent, even if a kernel interrupt strikes
between any two lines. So a call is first put into its caller's list, then handed to the background thread in one step.
Whatever stops the caller finds the call in that list and leaves it: `PendingCall.withdraw` either makes sure that it is
never sent, or reports that it was, and then the error gets a note that says so.
"""

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
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.apis.options.dispatcher import HttpDispatcher


_SENT = "had already been sent"
"""Words by which `sent_by` recognises the notes made here."""


class Driver(Protocol):
    """Object that prepares requests for sending: the core of a session."""

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight:
        """Prepare a request for sending; see `Sending.begin`."""


class InFlight(ABC):
    """Call that is ready to be sent, or on its way.

    It exists before anything is sent, so that whatever interrupts the caller finds it and can say what may have been
    sent.

    Parameters
    ----------
    pending : PendingCall
        State of the call.
    """

    __slots__ = ("_left", "_told", "line", "pending")

    def __init__(self, pending: PendingCall) -> None:
        self.pending = pending
        self.line: Connection | HttpDispatcher | None = None
        """Connection or dispatcher that it was sent on."""
        self._left = False
        self._told: BaseException | None = None  # error that already says what happened to the call

    @abstractmethod
    def send(self) -> None:
        """Send the call, on the background thread."""

    @abstractmethod
    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error in it; on the caller's thread, for a useful traceback."""

    def submit(self) -> None:
        """Hand the call over to the background thread, which sends it."""
        background.post(type(self).send, self)

    @property
    def matters(self) -> bool:
        """True if its outcome matters even after an interrupt: it changes something, or opens a stream."""
        return self.pending.changes or self.pending.listener is not None

    def result(self) -> Reply:
        """Return the reply of a call that has ended, or raise its error."""
        pending = self.pending
        try:
            if pending.error is not None:
                raise pending.error.copy()  # a copy: the original's traceback would keep the caller's variables
            assert pending.reply is not None
            return self.finish(pending.reply)
        except DpyauthError as error:
            self._told = error
            raise

    def leave(self, error: BaseException) -> None:
        """Stop waiting because of an error, and add a note to it if a change may have happened. Safe to repeat."""
        pending = self.pending
        # First of all: if this succeeds, the call is never sent. If it fails, the call has been sent or is being sent,
        # and the user must be told.
        unsent = pending.withdraw()
        if not self._left and (pending.listener is not None or not pending.done):
            # In this order: an interrupt between the two lines repeats the first, which does no harm. The other way
            # round, a stream that the call has opened could stay open with nothing left to close it.
            background.post(InFlight._abandon, self)
            self._left = True
        if pending.changes and not unsent and error is not self._told:
            note = _outcome_note(pending)
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)

    def check(self) -> None:
        """Make sure that a wait ends; called regularly.

        A connection ends its calls in time, unless it has ended itself.
        """
        pending, line = self.pending, self.line
        background.wake()  # an interrupt may have prevented the wake-up when the call was posted
        if line is None or line.alive or pending.done:
            return
        # Its line has ended without ending the call, so nothing else will. A change may have left before that.
        if pending.changes and not pending.withdraw():
            pending.fail(outcome_unknown(pending.call, said("session_has_ended"), pending.look, pending.key))
        else:
            pending.fail(line.failure or not_sent(pending.call, said("session_has_ended")))

    def _abandon(self) -> None:
        if self.line is not None:
            self.line.abandon(self.pending)


def sent_by(error: BaseException) -> list[str]:
    """Return an error's notes about changes that had been sent."""
    return [note for note in getattr(error, "__notes__", ()) if _SENT in note]


def _outcome_note(pending: PendingCall) -> str:
    """Return what is known about a change that was sent, as a sentence."""
    sent = f"'{pending.call}' {_SENT}"
    if pending.reply is None:
        return f"{sent}; it may or may not have happened. {look_first(pending.look)}"
    if "error" in pending.reply:
        return f"{sent}, and Deriv has answered with {error_code(pending.reply)}. {look_first(pending.look)}"
    return f"{sent}, and Deriv has carried it out. {look_first(pending.look)}"


def leave_all(calls: list[InFlight], error: BaseException) -> None:
    """Stop waiting for all calls in flight.

    A second interrupt is ignored here: the first one is already on its way to the user.
    """
    # Counted by hand: after an interrupt, the same call must be left again, while a for loop would go on to the next.
    number = 0
    while number < len(calls):
        try:
            calls[number].leave(error)
            number += 1
        except KeyboardInterrupt:
            continue


def settle(call: InFlight, calls: list[InFlight]) -> Reply:
    """Return the reply to a call that has ended."""
    reply = call.result()
    # A call that only reads is done. A change stays in the list, also if it has succeeded: an interrupt that strikes
    # before the method has returned would otherwise hide from the user that it was carried out.
    if not call.matters:
        calls.remove(call)
    return reply
