"""One call of a session, from before it is sent to its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.errors import BadReply, DpyauthError, PermissionDenied
from dpyauth.net.messages import Reply, leaves_open, says_nothing
from dpyauth.net.pending import PendingCall, outcome_unknown
from dpyauth.session.in_flight import InFlight
from dpyauth.session.steps import Request

if TYPE_CHECKING:
    from dpyauth.apis.base import Api
    from dpyauth.catalog.calls import Call
    from dpyauth.catalog.request import Fields
    from dpyauth.secret import Secret
    from dpyauth.session.sending import Sending

UNKNOWN = frozenset({"InvalidSymbol", "OfferingsInvalidSymbol"})
"""Codes that say that there is no such symbol."""

_FIELDS = ("ticks", "ticks_history", "symbol", "underlying_symbol", "contracts_for")


class SessionCall(InFlight):
    """A request of a plan, on its way to one of Deriv's APIs and back.

    Parameters
    ----------
    session : Sending
        Who asks.
    api : Api
        Whose call it is.
    call : Call
        What is asked.
    request : Request
        The request of the plan.
    fields : dict
        Its fields, as they are sent.
    secrets : list of Secret
        Those in the fields: an error may repeat them.
    pending : PendingCall
        The wait for the answer.
    """

    # Not closures: each variable that one keeps is an object more for the garbage collector to look after.
    __slots__ = ("_access", "_api", "_call", "_fields", "_request", "_secrets", "_session")

    def __init__(
        self,
        session: Sending,
        api: Api,
        call: Call,
        request: Request,
        fields: Fields,
        secrets: list[Secret],
        pending: PendingCall,
    ) -> None:
        super().__init__(pending)
        self._access = session.sign_in if call.scopes else None  # of the sign-in that its answer tells something of
        self._session = session
        self._api = api
        self._call = call
        self._request = request
        self._fields = fields
        self._secrets = secrets

    def send(self) -> None:
        """Send it, by HTTP or on the connection of its account."""
        session, pending, call = self._session, self.pending, self._call
        try:
            if call.rest is not None:
                if pending.key:
                    session.record_transfer(pending)
                self.line = dispatcher = session.dispatcher_for(call)
                dispatcher.submit(pending, call, self._fields)
                return
            self.line = connection = session.connection_for(call, self._request.account)
            if self._request.listener is not None:
                self._request.listener.connection = connection
            connection.submit(pending)
        except DpyauthError as error:
            pending.fail(error.copy())
        except Exception as error:  # a defect of ours must not leave the caller waiting
            pending.fail(BadReply(f"'{call.name}' failed inside dpyauth ({type(error).__name__}).", call=call.name))
            raise

    def result(self) -> Reply:
        """Return the reply, or raise the error; both tell what the token may do."""
        try:
            reply = super().result()
        except PermissionDenied as error:
            if self._is_of_the_scope(error):
                self._learn(False)
            raise
        self._learn(True)
        return reply

    def _is_of_the_scope(self, error: PermissionDenied) -> bool:
        """Return whether Deriv has refused for want of the scope, and not for the account, or something in between."""
        if error.code.startswith("HTTP"):
            return False
        named = any(name in self._fields for name in ("account", "account_id", "loginid"))
        return not named and not (self._access and self._access.learned.of(self._call.scopes))

    def _learn(self, held: bool) -> None:
        if self._access is not None and self._access.learned.heard(self._call, held):
            self._session.notify()

    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error that it is."""
        call, pending = self._call, self.pending
        if "error" in reply and call.rest is None:
            held = self._session.allowed(call) or None
            error = self._api.error(reply, call.name, self._secrets, changes=pending.changes, held=held)
            if error is not None:
                if error.code in UNKNOWN:
                    error.symbols = _symbols_in(self._fields)
                pending.reply = None  # it may repeat secrets, and tracebacks show variables
                del reply
                unknown = pending.changes and leaves_open(error.code)
                raise outcome_unknown(call.name, str(error), pending.look) if unknown else error
        if pending.changes and call.rest is None and says_nothing(reply):
            pending.reply = None
            del reply
            raise outcome_unknown(call.name, "the answer is empty", pending.look)
        return reply


def _symbols_in(fields: Fields) -> tuple[str, ...]:
    """Return the symbols that a request asks for."""
    return tuple(_symbols(fields))


def _symbols(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIELDS:
        value = fields.get(name)
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    if isinstance(within := fields.get("parameters"), dict):
        yield from _symbols(within)
