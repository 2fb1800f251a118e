"""What a call brings: for the account in use, for another one, or for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from dpyauth.apis.shapes import ENVELOPE, Shape, load
from dpyauth.apis.wanted import unknown_choice
from dpyauth.errors import ApiError, DpyauthError, InvalidRequest, MissingScope, SignInRefused
from dpyauth.plans import Plan, Request, Ticket, Together
from dpyauth.wire.calls import Pending
from dpyauth.wire.replies import Reply

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.apis.access import Account, Api
    from dpyauth.apis.catalog import Catalog
    from dpyauth.credentials import Credential
    from dpyauth.frames import Context

Choice = TypeVar("Choice")


class Payloads:
    """What the session's questions stand on."""

    _account: Account | None
    _granted: Callable[[str], str]
    _begin: Callable[[Request, Callable[[Pending], None]], Ticket]
    _currency: Callable[[str | None], str | None]
    _listed: Callable[[str | None], Mapping[str, Any]]
    _not_signed_in: Callable[[str], DpyauthError]
    _reach: Callable[[str], Plan[str]]
    _symbols: Mapping[str, str] | None = None  # once asked for

    if TYPE_CHECKING:

        @property
        def api(self) -> str: ...
        @property
        def _api(self) -> Api: ...
        @property
        def _catalog(self) -> Catalog: ...
        @property
        def _grants(self) -> Mapping[str, Credential]: ...

    def _context(self, call: str, loginid: str | None) -> Context:
        from dpyauth.frames import Context

        return Context(call, loginid, datetime.now(UTC), self.api, currency=self._currency(loginid))

    def _reply(
        self,
        call: str,
        fields: dict[str, Any] | None = None,
        *,
        exact: bool = False,
        loginid: str | None = None,
        timeout: float | None = None,
    ) -> Plan[tuple[Reply, Context]]:
        """The reply to a call, and where it came from."""
        loginid = loginid or (self._account.loginid if self._account else None)
        reply = yield Request(call, fields or {}, timeout, exact=exact, account=loginid)
        return reply, self._context(call, loginid)

    def _payload(
        self,
        call: str,
        fields: dict[str, Any] | None = None,
        *,
        exact: bool = False,
        loginid: str | None = None,
        timeout: float | None = None,
    ) -> Plan[tuple[Any, Context]]:
        """The payload of a call's reply, and where it came from."""
        reply, context = yield from self._reply(call, fields, exact=exact, loginid=loginid, timeout=timeout)
        return self._payload_of(call, reply), replace(context, beside=self._beside(call, reply))

    def _payload_of(self, call: str, reply: Reply) -> Any:
        """The payload of a reply."""
        from dpyauth.apis import hollow

        return hollow.payload_of(call, self.api, self._api.payload(self._catalog.find(call), reply))

    def _beside(self, call: str, reply: Reply) -> dict[str, Any]:
        """Return what a reply holds beside its payload that Deriv does not document."""
        payload, whole = self._api.payload(self._catalog.find(call), reply), self._api.renamed(reply)
        known = ENVELOPE | load(self.api).get(call, Shape()).reply.keys()
        return {
            name: value
            for name, value in (whole.items() if payload is not reply else ())
            if name not in known and value is not payload
        }

    def _besides(self, call: str, reply: Reply) -> dict[str, Any]:
        """Return the same with what is beside the rows in the payload."""
        inside: dict[str, Any] = {}
        for name, node in load(self.api).get(call, Shape()).reply.items():
            known = node.get("||", node) if isinstance(node, Mapping) else {}
            if name in (call, "data", "history") and known and isinstance(held := reply.get(name), Mapping):
                inside |= {field: value for field, value in held.items() if field not in known}
        return {**inside, **self._beside(call, reply)}

    def _several(self, requests: Sequence[Request], needed: str = "") -> Plan[dict[str, Reply | DpyauthError]]:
        """Make several different calls together; return replies by call, and errors for those that Deriv refuses.

        The error of the call that is needed is raised, and that of any call where nothing more can be asked.
        """
        came: dict[str, Reply | DpyauthError] = {}
        while left := [request for request in requests if request.call not in came]:

            def landed(number: int, reply: Reply, asked: Sequence[Request] = left) -> None:
                came[asked[number].call] = reply

            try:
                yield Together(left, landed)
            except SignInRefused:
                raise
            except (ApiError, MissingScope) as error:
                if error.call == needed or error.call not in {request.call for request in left}:
                    raise
                came[str(error.call)] = error
        return came

    def _one(self, account: str) -> str:
        """The login ID that is meant."""
        if account != "current":
            return self._granted(account)
        return self._account.loginid if self._account else ""

    def _per_account(
        self, account: str, call: str, shape: Callable[[Any, Context], pd.DataFrame], *, exact: bool = False
    ) -> Plan[pd.DataFrame]:
        """The frame of a call for one account, or for each of those that the sign-in gave access to."""

        def one(loginid: str | None) -> Plan[pd.DataFrame]:
            return shape(*(yield from self._payload(call, exact=exact, loginid=loginid)))

        return (yield from self._each(account, call, one, lambda: shape(None, self._context(call, None))))

    def _each(
        self,
        account: str,
        call: str,
        one: Callable[[str | None], Plan[pd.DataFrame]],
        empty: Callable[[], pd.DataFrame],
    ) -> Plan[pd.DataFrame]:
        """What one account gives, or each of those that the sign-in gave access to; one that fails gives a row, too."""
        self._catalog.find(call)  # what is not there is there for no account
        if account == "current":
            return (yield from one(None))
        if account != "all":
            return (yield from one((yield from self._reach(account))))
        from dpyauth import frames

        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self._grants):
            try:
                yield from self._reach(loginid)
                parts[loginid] = _of(loginid, (yield from one(loginid)))
            except DpyauthError as error:
                parts[loginid] = error
        if not parts:
            raise self._not_signed_in(call)
        return frames.together(parts, _of(None, empty()))


def _of(loginid: str | None, made: pd.DataFrame) -> pd.DataFrame:
    """The frame with the account it is of in front, unless it says so itself; and ``error`` free for another use."""
    import pandas as pd

    if "loginid" not in made:
        made.insert(0, "loginid", pd.Series([loginid] * len(made), dtype="string"))
    return made.rename(columns={"error": "error_"})


def chosen(call: str, kind: str, kinds: Mapping[str, Choice]) -> Choice:
    """Return what belongs to a kind of answer; raise an error that says which there are."""
    if kind not in kinds:
        raise InvalidRequest(unknown_choice("kind", kind, kinds), call=call, field="kind")
    return kinds[kind]
