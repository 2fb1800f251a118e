"""Send calls: check each, choose what it goes by, and keep what it may have moved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dpyauth.catalog import request as requests
from dpyauth.catalog.calls import Call
from dpyauth.errors import MissingScope, SessionClosed
from dpyauth.net.connection import Connection
from dpyauth.net.pending import PendingCall
from dpyauth.net.subscription import Subscription
from dpyauth.session.core import Core, check_timeout
from dpyauth.session.in_flight import InFlight
from dpyauth.session.sent import Sent
from dpyauth.session.session_call import SessionCall
from dpyauth.session.steps import Request

if TYPE_CHECKING:
    from dpyauth.apis.base import Account
    from dpyauth.apis.options.dispatcher import HttpDispatcher


class Sending(Core):
    """A core that sends calls."""

    def begin(self, request: Request, deliver: Callable[[PendingCall], None]) -> InFlight:
        """Make one request of a plan ready to be sent. Nothing is sent here, and no lock is taken."""
        api = self.adapter
        call = api.CATALOG.find(request.call)
        fields = requests.keyed(call, requests.build(call, request.fields))
        secrets = requests.secrets(fields)
        self._said.extend(secrets)
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

    def check_call(self, call: Call) -> None:
        """See to it that this call can be made, or say why not."""
        if self.end_reason is not None:
            raise self.end_reason.copy(call.name)
        account = self.active_account
        if account is None and (call.needs_auth or call.rest is not None):
            raise self.not_signed_in(call.name)
        if account is not None and not self.may(call, account):
            raise self._missing_scope(call, account.scopes or ())

    def dispatcher_for(self, call: Call) -> HttpDispatcher:
        sign_in = self.sign_in
        if sign_in is None or sign_in.dispatcher is None:
            raise self.not_signed_in(call.name)
        return sign_in.dispatcher

    def connection_for(self, call: Call, loginid: str | None) -> Connection:
        """The connection to put this call to; it connects with its first call."""
        with self._lock:
            if self.end_reason is not None:
                raise self.end_reason.copy(call.name)
            account = self.active_account
            if account is None and call.needs_auth:
                raise self.not_signed_in(call.name)
            if account is not None and loginid is not None and loginid != account.loginid:
                other = self.other_connections.get(loginid)
                if other is None:
                    raise SessionClosed(
                        "The session was switched to another account meanwhile. Run the cell again.", call=call.name
                    )
                return other
            if self.connection is None or self.connection.failure is not None:
                if self.connection is not None:
                    self.connection.end(SessionClosed("replaced"))
                self.connection = self.connect(None, self.target)  # for calls that need no sign-in
            return self.connection

    def _missing_scope(self, call: Call, has: tuple[str, ...]) -> MissingScope:
        labels = self.api_facts.scopes
        advice = self.api_facts.advice.format(
            ticks=" or ".join(f"'{labels.get(scope, scope)}'" for scope in call.scopes)
        )
        return MissingScope(
            f"'{call.name}' needs the scope {' or '.join(call.scopes)}; your token has: {', '.join(has) or 'none'}. "
            f"Nothing was sent. {advice}",
            call=call.name,
            scopes=call.scopes,
        )

    def allowed(self, call: Call) -> bool | None:
        """Return whether the token may make a call; None where that is not known."""
        account, sign_in = self.active_account, self.sign_in
        if sign_in is None or account is None or account.scopes is not None or not call.scopes:
            return self.may(call, account)
        return sign_in.learned.of(call.scopes)

    @staticmethod
    def may(call: Call, account: Account | None) -> bool:
        """Return whether a call may be sent: what Deriv has not stated of a token is for Deriv to decide."""
        if account is None:
            return not call.needs_auth and call.rest is None  # over HTTP nothing goes without a sign-in
        return not call.scopes or account.scopes is None or not set(call.scopes).isdisjoint(account.scopes)

    def record_transfer(self, pending: PendingCall) -> None:
        """Enter a request that is about to be sent. On the background thread, which no interrupt reaches."""
        sent = Sent(pending.call, pending.key)
        self.transfers.append(sent)
        sent.follow(pending)


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
