"""Get the payloads of calls: for the account in use, for another one, or for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from dpyauth.catalog.descriptions import unknown_choice
from dpyauth.catalog.shapes import ENVELOPE, Shape, load
from dpyauth.errors import ApiError, DpyauthError, InvalidRequest, MissingScope, SignInRefused
from dpyauth.net.messages import Reply
from dpyauth.session.accounts import Accounts
from dpyauth.session.steps import Batch, Request, Steps

if TYPE_CHECKING:
    import pandas as pd

    from dpyauth.frames import Context

Choice = TypeVar("Choice")


class Payloads(Accounts):
    """Core that gets payloads for the methods of a session; the last class of the chain."""

    symbols: Mapping[str, str] | None = None  # loaded when first needed; see `symbols`

    def context(self, call: str, loginid: str | None) -> Context:
        """Return the origin of a reply that has just arrived, for the ``attrs`` of a frame."""
        from dpyauth.frames import Context

        currency, language = self.currency_of(loginid), self.target.language
        return Context(call, loginid, datetime.now(UTC), self.api, currency=currency, language=language)

    def reply_to(
        self,
        call: str,
        fields: dict[str, Any] | None = None,
        *,
        exact: bool = False,
        loginid: str | None = None,
        timeout: float | None = None,
    ) -> Steps[tuple[Reply, Context]]:
        """Return the reply to a call, and its origin."""
        loginid = loginid or (self.active_account.loginid if self.active_account else None)
        reply = yield Request(call, fields or {}, timeout, exact=exact, account=loginid)
        return reply, self.context(call, loginid)

    def payload(
        self,
        call: str,
        fields: dict[str, Any] | None = None,
        *,
        exact: bool = False,
        loginid: str | None = None,
        timeout: float | None = None,
    ) -> Steps[tuple[Any, Context]]:
        """Return the payload of a call's reply, and its origin."""
        reply, context = yield from self.reply_to(call, fields, exact=exact, loginid=loginid, timeout=timeout)
        return self.payload_of(call, reply), replace(context, beside=self.beside_payload(call, reply))

    def payload_of(self, call: str, reply: Reply) -> Any:
        """Return the payload of a reply."""
        from dpyauth.apis import empty_replies

        return empty_replies.payload_of(call, self.api, self.adapter.payload(self.catalog.find(call), reply))

    def beside_payload(self, call: str, reply: Reply) -> dict[str, Any]:
        """Return the undocumented fields of a reply beside its payload."""
        payload, whole = self.adapter.payload(self.catalog.find(call), reply), self.adapter.renamed(reply)
        known = ENVELOPE | load(self.api).get(call, Shape()).reply.keys()
        return {
            name: value
            for name, value in (whole.items() if payload is not reply else ())
            if name not in known and value is not payload
        }

    def beside_rows(self, call: str, reply: Reply) -> dict[str, Any]:
        """Return the undocumented fields of a reply beside its payload and, in it, beside the rows."""
        inside: dict[str, Any] = {}
        for name, node in load(self.api).get(call, Shape()).reply.items():
            known = node.get("||", node) if isinstance(node, Mapping) else {}
            if name in (call, "data", "history") and known and isinstance(held := reply.get(name), Mapping):
                inside |= {field: value for field, value in held.items() if field not in known}
        return {**inside, **self.beside_payload(call, reply)}

    def several(self, requests: Sequence[Request], needed: str = "") -> Steps[dict[str, Reply | DpyauthError]]:
        """Make several different calls at once; return replies by call, and errors for those that Deriv refuses.

        An error of the call that is ``needed`` is raised, and any error that ends the session. Only for calls that
        read.
        """
        # The first error ends a batch. So after each refusal, the calls without a reply are made again, without the one
        # that was refused. A call that changes something could be sent twice that way.
        came: dict[str, Reply | DpyauthError] = {}
        while left := [request for request in requests if request.call not in came]:

            def on_reply(number: int, reply: Reply, asked: Sequence[Request] = left) -> None:
                came[asked[number].call] = reply

            try:
                yield Batch(left, on_reply)
            except SignInRefused:
                raise
            except (ApiError, MissingScope) as error:
                if error.call == needed or error.call not in {request.call for request in left}:
                    raise
                came[str(error.call)] = error
        return came

    def resolve_account(self, account: str) -> str:
        """Return the login ID for ``"current"`` or a login ID that the sign-in gave access to."""
        if account != "current":
            return self.granted(account)
        return self.active_account.loginid if self.active_account else ""

    def per_account(
        self, account: str, call: str, shape: Callable[[Any, Context], pd.DataFrame], *, exact: bool = False
    ) -> Steps[pd.DataFrame]:
        """Return the frame of a call for one account, or for each account of the sign-in."""

        def one(loginid: str | None) -> Steps[pd.DataFrame]:
            return shape(*(yield from self.payload(call, exact=exact, loginid=loginid)))

        return (yield from self.for_accounts(account, call, one, lambda: shape(None, self.context(call, None))))

    def for_accounts(
        self,
        account: str,
        call: str,
        one: Callable[[str | None], Steps[pd.DataFrame]],
        empty: Callable[[], pd.DataFrame],
    ) -> Steps[pd.DataFrame]:
        """Return the frame of one account, or of each account of the sign-in; an account that fails has a row, too."""
        self.catalog.find(call)  # raises once, rather than a row of errors for each account
        if account == "current":
            return (yield from one(None))
        if account != "all":
            return (yield from one((yield from self.connect_account(account))))
        from dpyauth import frames

        # One account after the other: each needs its own connection, and Deriv may allow only a few for each user.
        parts: dict[str, pd.DataFrame | DpyauthError] = {}
        for loginid in list(self.grants):
            try:
                yield from self.connect_account(loginid)
                parts[loginid] = _of(loginid, (yield from one(loginid)))
            except DpyauthError as error:
                parts[loginid] = error
        if not parts:
            raise self.not_signed_in(call)
        return frames.concat_accounts(parts, _of(None, empty()))


class Questions:
    """Base of the groups of methods that make up a session."""

    core: Payloads
    """State and calls of the session, for other packages of dpyauth."""


def _of(loginid: str | None, made: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its account in a first column, unless it has one, and with ``error`` renamed.

    `frames.concat_accounts` adds its own column ``error``.
    """
    import pandas as pd

    if "loginid" not in made:
        made.insert(0, "loginid", pd.Series([loginid] * len(made), dtype="string"))
    return made.rename(columns={"error": "error_"})


def chosen(call: str, kind: str, kinds: Mapping[str, Choice]) -> Choice:
    """Return the choice for a kind, or raise an error that lists the kinds."""
    if kind not in kinds:
        raise InvalidRequest(unknown_choice("kind", kind, kinds), call=call, field="kind")
    return kinds[kind]
