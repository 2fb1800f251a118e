"""Send calls: check each one, choose its connection or HTTP, and read its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dpyauth.catalog import request as requests
from dpyauth.catalog.calls import Call
from dpyauth.errors import DpyauthError, MissingScope, PermissionDenied, SessionClosed
from dpyauth.net.messages import Reply, leaves_open, says_nothing
from dpyauth.net.pending import PendingCall, outcome_unknown, unfinished
from dpyauth.net.subscription import Subscription
from dpyauth.session.core import check_timeout
from dpyauth.session.in_flight import InFlight
from dpyauth.session.sent import Sent
from dpyauth.session.signing_in import SigningIn
from dpyauth.session.steps import Request
from dpyauth.texts import Either
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.apis.base import Account, Api
    from dpyauth.apis.options.dispatcher import HttpDispatcher
    from dpyauth.catalog.request import Fields
    from dpyauth.net.connection import Connection
    from dpyauth.secret import Secret

UNKNOWN = frozenset({"InvalidSymbol", "OfferingsInvalidSymbol"})
"""Error codes for an unknown symbol."""

_FIELDS = ("ticks", "ticks_history", "symbol", "underlying_symbol", "contracts_for")


class Sending(SigningIn):
    """Core that sends calls."""

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight:
        """Prepare a request for sending. Nothing is sent here, and no lock is taken.

        Parameters
        ----------
        request : Request
            Call to prepare.
        deliver : callable
            Function to call when the call has ended, on the background thread.

        Raises
        ------
        InvalidRequest, NotSignedIn, MissingScope, SessionClosed
            The call cannot be made. Their messages say that nothing was sent.
        """
        # Everything that may be wrong with a call is checked before the first line that could send it. Checked later, a
        # call might already have reached Deriv when its error says "Nothing was sent".
        api = self.adapter
        call = api.CATALOG.find(request.call)
        fields = requests.keyed(call, requests.build(call, request.fields))
        secrets = requests.secrets(fields)
        self._secrets.extend(secrets)
        timeout = self.timeout if request.timeout is None else check_timeout(request.timeout)
        self.check_call(call)
        feed, changes = request.listener, call.changes_with(fields)
        req_id = next(self._ids)
        text = requests.encode(fields, req_id) if call.rest is None else ""
        pending = PendingCall(
            call.name,
            req_id,
            text,
            time.monotonic() + timeout,
            timeout,
            deliver,
            changes=changes,
            look=call.look(fields) if changes else "",
            key=call.key_in(fields),
            exact=request.exact,
            listener=feed,
            subscription=_subscription(call, fields, req_id, text, feed.many) if feed is not None else None,
            fields=fields,
        )
        return SessionCall(self, api, call, request, fields, secrets, pending)

    def dispatcher_for(self, call: Call) -> HttpDispatcher:
        """Return the dispatcher for a call over HTTP."""
        sign_in = self.sign_in
        if sign_in is None or sign_in.dispatcher is None:
            raise self.not_signed_in(call.name)
        return sign_in.dispatcher

    def connection_for(self, call: Call, loginid: str | None) -> Connection:
        """Return the connection for a call, which connects with the first call."""
        with self._lock:
            if self.end_reason is not None:
                raise self.end_reason.copy(call.name)
            account = self.active_account
            if account is None and call.needs_auth:
                raise self.not_signed_in(call.name)
            if account is not None and loginid is not None and loginid != account.loginid:
                other = self.other_connections.get(loginid)
                # Never fall back to the active account: what was asked of one account would be done on another.
                if other is None:
                    raise SessionClosed(said("switched_account"), call=call.name)
                return other
            if self.connection is None or self.connection.failure is not None:
                if self.connection is not None:
                    self.connection.end(SessionClosed("replaced"))
                self.connection = self.connect(None, self.target)  # for calls that need no sign-in
            return self.connection

    def check_call(self, call: Call) -> None:
        """Raise an error if a call cannot be made now."""
        if self.end_reason is not None:
            raise self.end_reason.copy(call.name)
        account = self.active_account
        if account is None and (call.needs_auth or call.rest is not None):
            raise self.not_signed_in(call.name)
        # Only scopes that Deriv has stated stop a call. What dpyauth has learned from replies is a guess and does not.
        if account is not None and not self.may(call, account):
            raise self._missing_scope(call, account.scopes or ())

    def _missing_scope(self, call: Call, has: tuple[str, ...]) -> MissingScope:
        labels, scopes = self.api_facts.scopes, Either(call.scopes)
        advice = self.api_facts.advice(Either(f"'{labels.get(scope, scope)}'" for scope in call.scopes))
        told = (
            said("scope_missing", call=call.name, scopes=scopes, held=has, advice=advice)
            if has
            else said("scope_missing_all", call=call.name, scopes=scopes, advice=advice)
        )
        return MissingScope(told, call=call.name, scopes=call.scopes)

    def allowed(self, call: Call) -> bool | None:
        """Return whether the token may make a call; None if that is not known."""
        account, sign_in = self.active_account, self.sign_in
        if sign_in is None or account is None or account.scopes is not None or not call.scopes:
            return self.may(call, account)
        return sign_in.learned.of(call.scopes)

    @staticmethod
    def may(call: Call, account: Account | None) -> bool:
        """Return whether a call may be sent. If Deriv has not stated the scopes, Deriv checks them itself."""
        if account is None:
            return not call.needs_auth and call.rest is None  # every call over HTTP needs a sign-in
        return not call.scopes or account.scopes is None or not set(call.scopes).isdisjoint(account.scopes)

    def record_transfer(self, pending: PendingCall) -> None:
        """Record a transfer that is about to be sent, on the background thread.

        Before it is sent, and where no interrupt can come between: the user must find its request ID afterwards,
        whatever happens.
        """
        sent = Sent(pending.call, pending.key)
        self.transfers.append(sent)
        sent.follow(pending)


class SessionCall(InFlight):
    """One call of a session, from the request to the reply.

    Parameters
    ----------
    session : Sending
        Core of the session that sends it.
    api : Api
        API of the call.
    call : Call
        Call to make.
    request : Request
        Request that the method made.
    fields : dict
        Fields in the form in which they are sent.
    secrets : list of Secret
        Secrets in the fields, to be removed from errors that repeat them.
    pending : PendingCall
        State of the call while it waits for the reply.
    """

    # A class with slots, not closures: each variable of a closure is one more object for the garbage collector.
    __slots__ = ("_api", "_call", "_fields", "_request", "_secrets", "_session", "_sign_in")

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
        self._sign_in = session.sign_in if call.scopes else None  # its learned scopes grow with the reply
        self._session = session
        self._api = api
        self._call = call
        self._request = request
        self._fields = fields
        self._secrets = secrets

    def send(self) -> None:
        """Send the call over HTTP or on the connection of its account; on the background thread."""
        session, pending, call = self._session, self.pending, self._call
        try:
            if call.rest is not None:
                if pending.key:
                    session.record_transfer(pending)
                self.line = dispatcher = session.dispatcher_for(call)
                dispatcher.submit(pending, call, self._fields)
                return
            # Chosen only now, in the same step as sending: the session may switch accounts at any time before.
            self.line = connection = session.connection_for(call, self._request.account)
            if self._request.listener is not None:
                self._request.listener.connection = connection
            connection.submit(pending)
        # The caller waits on another thread, so nothing may be raised here without ending its wait.
        except DpyauthError as error:
            pending.fail(error.copy())
        except Exception as error:  # a bug in dpyauth
            pending.fail(unfinished(pending, said("internal_error_while", error=type(error).__name__)))
            raise

    def result(self) -> Reply:
        """Return the reply, or raise the error; either shows what the token may do."""
        try:
            reply = super().result()
        except PermissionDenied as error:
            if self._is_of_the_scope(error):
                self._learn(False)
            raise
        self._learn(True)
        return reply

    def _is_of_the_scope(self, error: PermissionDenied) -> bool:
        """Return whether Deriv refused because of a missing scope, not because of the account or a proxy."""
        if error.code.startswith("HTTP"):
            return False
        named = any(name in self._fields for name in ("account", "account_id", "loginid"))
        return not named and not (self._sign_in and self._sign_in.learned.of(self._call.scopes))

    def _learn(self, held: bool) -> None:
        if self._sign_in is not None and self._sign_in.learned.heard(self._call, held):
            self._session.notify()

    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error in it."""
        call, pending = self._call, self.pending
        # Over HTTP, errors have become exceptions before they get here.
        if "error" in reply and call.rest is None:
            held = self._session.allowed(call) or None
            error = self._api.error(reply, call.name, self._secrets, changes=pending.changes, held=held)
            if error is not None:
                if error.code in UNKNOWN:
                    error.symbols = _symbols_in(self._fields)
                pending.reply = None  # it may repeat secrets, and tracebacks show variables
                del reply
                # An error such as an internal one or a time-out at Deriv does not say that nothing was done. As a plain
                # ApiError, it would invite the user to send the change again, and so perhaps to pay twice.
                unknown = pending.changes and leaves_open(error.code)
                raise outcome_unknown(call.name, error.text, pending.look) if unknown else error
        # Nor does an empty reply say that the change was made.
        if pending.changes and call.rest is None and says_nothing(reply):
            pending.reply = None
            del reply
            raise outcome_unknown(call.name, said("reply_empty"), pending.look)
        return reply


def _subscription(call: Call, fields: dict[str, Any], req_id: int, text: str, many: bool) -> Subscription:
    asked = fields.get("ticks") or ()
    symbols = set(asked) if isinstance(asked, list) else {asked} if asked else set()
    return Subscription(
        call=call.name,
        key=json.dumps(fields, sort_keys=True, default=repr),
        req_id=req_id,
        text=text,
        symbol=next(iter(symbols)) if len(symbols) == 1 else None,
        many=many,
        fields=fields,
    )


def _symbols_in(fields: Fields) -> tuple[str, ...]:
    """Return the symbols in a request."""
    return tuple(_symbols(fields))


def _symbols(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in _FIELDS:
        value = fields.get(name)
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    if isinstance(within := fields.get("parameters"), dict):
        yield from _symbols(within)
