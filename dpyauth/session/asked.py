"""One call of a session, from before it is sent to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dpyauth.errors import BadReply, DpyauthError, PermissionDenied
from dpyauth.plans import Request, Ticket
from dpyauth.session.symbols import UNKNOWN, symbols_in
from dpyauth.wire.calls import Pending, outcome_unknown
from dpyauth.wire.replies import Reply, leaves_open, says_nothing

if TYPE_CHECKING:
    from dpyauth.apis.access import Api
    from dpyauth.apis.catalog import Call
    from dpyauth.apis.request import Fields
    from dpyauth.secret import Secret
    from dpyauth.session import Session


class Asked(Ticket):
    """A request of a plan, on its way to one of Deriv's APIs and back.

    Parameters
    ----------
    session : Session
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
    pending : Pending
        The wait for the answer.
    """

    # Not closures: each variable that one keeps is an object more for the garbage collector to look after.
    __slots__ = ("_access", "_api", "_call", "_fields", "_request", "_secrets", "_session")

    def __init__(
        self,
        session: Session,
        api: Api,
        call: Call,
        request: Request,
        fields: Fields,
        secrets: list[Secret],
        pending: Pending,
    ) -> None:
        super().__init__(pending)
        self._access = session._access if call.scopes else None  # of the sign-in that its answer tells something of
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
                    session._write_down(pending)
                self.line = errands = session._errands_for(call)
                errands.submit(pending, call, self._fields)
                return
            self.line = connection = session._connection_for(call, self._request.account)
            if self._request.listener is not None:
                self._request.listener.connection = connection
            connection.submit(pending)
        except DpyauthError as error:
            pending.fail(error.again())
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
            self._session._tell()

    def finish(self, reply: Reply) -> Reply:
        """Return the reply, or raise the error that it is."""
        call, pending = self._call, self.pending
        if "error" in reply and call.rest is None:
            held = self._session._allowed(call) or None
            error = self._api.error(reply, call.name, self._secrets, changes=pending.changes, held=held)
            if error is not None:
                if error.code in UNKNOWN:
                    error.symbols = symbols_in(self._fields)
                pending.reply = None  # it may repeat secrets, and tracebacks show variables
                del reply
                unknown = pending.changes and leaves_open(error.code)
                raise outcome_unknown(call.name, str(error), pending.look) if unknown else error
        if pending.changes and call.rest is None and says_nothing(reply):
            pending.reply = None
            del reply
            raise outcome_unknown(call.name, "the answer is empty", pending.look)
        return reply
