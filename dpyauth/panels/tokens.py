"""Model the panel of API tokens, which lists, creates and revokes them. Tokens are never part of its view."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dpyauth import _environment
from dpyauth.credentials import Secret
from dpyauth.errors import BadReply
from dpyauth.panels.admin import AdminModel, clipped, isolated
from dpyauth.panels.model import Notice
from dpyauth.panels.scope_presets import ABILITIES, DANGEROUS, PURPOSES, dangerous
from dpyauth.panels.stills import admin_tables as stills
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

_CALL = "api_token"
_NAME = re.compile(r"[A-Za-z0-9 _]{2,32}")


@dataclass(frozen=True, slots=True)
class _Token:
    """API token, as Deriv lists it."""

    key: str
    """Key for the browser that identifies the token and reveals nothing about it."""
    name: str
    scopes: tuple[str, ...]
    last_used: str
    bound: bool
    """True if the token works from one internet address only."""
    secret: Secret = field(repr=False)
    """Token itself; partly replaced by stars if Deriv masks it."""


class TokensModel(AdminModel):
    """Model of the panel of API tokens of the account in use.

    No token is kept: to revoke one, the list is read again. A new token is sent to the browser once, in a message
    ``{"made": name, "token": …, "asked": …}`` to the view that asked for it, so that it is never saved.

    Parameters
    ----------
    session : Session
        Session whose tokens are managed.
    """

    name = "tokens"
    reads = changes = _CALL
    lists = ("tokens",)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._salt = secrets.token_bytes(16)
        self._rows: list[dict[str, Any]] = []

    # What there is to show

    def without_panel(self) -> str:
        """Return what to do instead in a front end that shows no panels."""
        key = "no_panel_list" if self.reads in self.session.core.catalog else "no_panel"
        return self.text(key, page=self.session.core.api_facts.pages.tokens)

    def content(self) -> dict[str, Any]:
        """Return the tokens without anything secret, and the purposes of a new token."""
        content = super().content()
        return {
            **content,
            "tokens": self._rows if content["loaded"] else [],
            "purposes": {purpose: list(scopes) for purpose, scopes in PURPOSES.items()},
            "abilities": {ability: sorted(scopes) for ability, scopes in ABILITIES.items()},
            "scopes": dict(self.session.core.api_facts.scopes),
            "dangerous": list(DANGEROUS),
            "hosted": _environment.on_hosted_server(),
        }

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        return stills.tokens(view, self.words)

    def forget(self) -> None:
        """Drop the list."""
        self._rows = []

    def read(self) -> None:
        """Request the list from Deriv."""
        self._show(self._listed(self.call(_CALL)))

    # What the user does

    def act(self, message: dict[str, Any]) -> None:
        """Create or revoke a token."""
        match message:
            case {"do": "create", "name": str(name), "scopes": list(scopes), "asked": str(asked)}:
                self._create(name.strip(), scopes, message.get("bound") is True, asked)
            case {"do": "revoke", "key": str(key)}:
                row = next((row for row in self._rows if row["key"] == key), None)
                if row is not None and row["revocable"]:
                    self._revoke(row)

    def _create(self, name: str, scopes: Sequence[Any], bound: bool, asked: str) -> None:
        known = [scope for scope in self.session.core.api_facts.scopes if scope in scopes]
        if not _NAME.fullmatch(name):
            self.refuse(name=self.saying("name_wrong"))
        elif not known or len(known) != len(scopes):
            self.refuse(scopes=self.saying("scopes_none"))
        else:
            self.change(
                lambda: self._made(name, known, bound, asked),
                self.saying("unknown_create", name=isolated(name)),
            )

    def _made(self, name: str, scopes: list[str], bound: bool, asked: str) -> Notice | None:
        """Create a token, and find it by comparing with the earlier list, so that no older one is shown by mistake."""
        before = self._listed(self.call(_CALL))
        if any(token.name == name for token in before):
            self._show(before)
            self._problems = {"name": self.saying("name_taken", name=isolated(name))}
            return None
        reply = self.call(
            _CALL, new_token=name, new_token_scopes=scopes, valid_for_current_ip_only=1 if bound else None
        )
        after = self._listed(reply)
        del reply  # the reply contains tokens
        self._show(after)
        new = [token for token in after if token.name == name and token.key not in {old.key for old in before}]
        if len(new) != 1 or not _whole(new[0].secret):
            return self.problem("unseen_title", self.saying("unseen", name=isolated(name)))
        self.send({"made": name, "token": new[0].secret.reveal(), "asked": asked})
        return None

    def _revoke(self, row: Mapping[str, Any]) -> None:
        name, key = isolated(row["name"]), row["key"]
        self.change(lambda: self._revoked(name, key), self.saying("unknown_revoke", name=name))

    def _revoked(self, name: str, key: str) -> Notice | None:
        listed = self._listed(self.call(_CALL))
        token = next((token for token in listed if token.key == key), None)
        if token is None:
            self._show(listed)
            return self.news("gone_title", "gone", name=name)
        own = self._in_use(token, listed)
        after = self._listed(self.call(_CALL, delete_token=token.secret))
        if own:
            self.session.core.sign_out(said("own_token_revoked"))
            return None
        self._show(after)
        return self.news("revoked_title", "revoked", name=name)

    # Inside

    def _show(self, tokens: list[_Token]) -> None:
        self._rows = [
            {
                "key": token.key,
                "name": clipped(token.name),
                "scopes": list(token.scopes),
                "dangerous": dangerous(token.scopes),
                "last_used": clipped(token.last_used),
                "bound": token.bound,
                "own": self._in_use(token, tokens),
                "revocable": bool(re.fullmatch(_DELETABLE, token.secret.reveal())),
            }
            for token in tokens
        ]

    def _in_use(self, token: _Token, among: list[_Token]) -> bool:
        """Return whether the session is signed in with this token; if Deriv masks it, whether no other fits."""
        credential = self.session.core.credential
        if credential is None or not may_be(token.secret, credential.token):
            return False
        return _whole(token.secret) or sum(may_be(other.secret, credential.token) for other in among) == 1

    def _listed(self, reply: Reply) -> list[_Token]:
        told = reply.get(_CALL)
        if not isinstance(told, dict):
            raise BadReply(said("reply_without_data", call=_CALL), call=_CALL)
        rows = told.get("tokens")
        return [self._token(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _token(self, row: Mapping[str, Any]) -> _Token:
        name, secret, scopes = str(row.get("display_name") or ""), str(row.get("token") or ""), row.get("scopes")
        return _Token(
            key=hmac.digest(self._salt, f"{secret}\n{name}".encode(errors="surrogatepass"), "sha256").hex()[:24],
            name=name,
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else (),
            last_used=str(row.get("last_used") or ""),
            bound=bool(row.get("valid_for_ip")),
            secret=Secret(secret),
        )


def _whole(secret: Secret) -> bool:
    return bool(secret.reveal()) and "*" not in secret.reveal()


def may_be(listed: Secret, token: Secret) -> bool:
    """Return whether a token matches an entry of the list, which may be masked."""
    if _whole(listed):
        return listed == token
    if not listed.reveal():
        return False
    first, *parts, last = listed.reveal().split("*")
    mine = token.reveal()
    if not mine.startswith(first) or not mine.endswith(last):
        return False
    at, end = len(first), len(mine) - len(last)
    for part in parts:  # take the first match of each part: that leaves the most room for the rest
        at = mine.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return at <= end


_DELETABLE = r"[A-Za-z0-9\s_*]+"
"""Pattern of tokens that the call can delete: all of Deriv's API tokens, but not the sandbox's samples."""
