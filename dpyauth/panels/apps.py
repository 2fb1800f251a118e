"""Model the panel of apps: those that the user has registered, and those that may use the user's accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dpyauth.net.messages import flag
from dpyauth.panels import redirect_urls
from dpyauth.panels.admin import AdminModel, clipped, isolated
from dpyauth.panels.model import Notice
from dpyauth.panels.scope_presets import DANGEROUS, dangerous
from dpyauth.panels.stills import admin_tables as stills
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.net.messages import Reply
    from dpyauth.session import Session

_OF_AN_APP = "a1-"
"""Prefix of tokens that Deriv issues to an app."""
_NAME = re.compile(r"[\w\s-]{1,48}")
_KEPT = ("redirect_uri", "verification_uri", "homepage", "github", "appstore", "googleplay", "app_markup_percentage")
"""Other fields of an app. Every change sends all of them: Deriv does not document what happens to omitted ones."""


class AppsModel(AdminModel):
    """Model of the panel of apps.

    Parameters
    ----------
    session : Session
        Session whose apps are managed.
    """

    name = "apps"
    reads, changes = "app_list", "app_register"
    lists = ("registered", "connected")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._registered: list[dict[str, Any]] = []
        self._connected: list[dict[str, Any]] = []

    # What there is to show

    def without_panel(self) -> str:
        """Return what to do instead in a front end that shows no panels."""
        key = "no_panel_list" if self.reads in self.session.core.catalog else "no_panel"
        return self.text(key, page=self.session.core.api_facts.pages.apps)

    def content(self) -> dict[str, Any]:
        """Return both lists."""
        content = super().content()
        return {
            **content,
            "registered": self._registered if content["loaded"] else [],
            "connected": self._connected if content["loaded"] else [],
            "scopes": dict(self.session.core.api_facts.scopes),
            "dangerous": list(DANGEROUS),
            "paste": redirect_urls.PASTE,
        }

    def still(self, view: dict[str, Any]) -> str:
        """Return the still, in HTML."""
        return stills.apps(view, self.words)

    def forget(self) -> None:
        """Drop the lists."""
        self._registered, self._connected = [], []

    def read(self) -> None:
        """Request both lists from Deriv."""
        registered = [self._row(row) for row in _rows(self.call("app_list"), "app_list")]
        connected = [self._row(row) for row in _rows(self.call("oauth_apps"), "oauth_apps")]
        connected = [{**row, "own": self._by(row)} for row in connected]
        self._registered, self._connected = registered, connected

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        scopes = row.get("scopes")
        scopes = list(map(str, scopes)) if isinstance(scopes, list) else []
        number = row.get("app_id")
        return {
            "app_id": number if isinstance(number, int) else 0,
            "name": clipped(row.get("name") or ""),
            "scopes": scopes,
            "dangerous": dangerous(scopes),
            "redirect_url": str(row.get("redirect_uri") or ""),
            "active": flag(row.get("active")) is not False,
            "official": flag(row.get("official")) is True,
            "last_used": clipped(row.get("last_used") or ""),
            "own": str(number) == self.session.core.target.app_id,
        }

    # What the user does

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message from the browser; one of them reports the address of the Jupyter server's callback page."""
        match message:
            case {"do": "callback", "url": str(url)}:
                offered = redirect_urls.spelled(url)
                self.send({"fits": "" if redirect_urls.trouble(offered) else offered})
            case _:
                super().handle(message)

    def act(self, message: dict[str, Any]) -> None:
        """Register, change or delete an app, or withdraw its access."""
        match message:
            case {"do": "register", "name": str(name), "scopes": list(scopes), "redirect_url": str(url)}:
                self._save(None, name.strip(), scopes, url.strip())
            case {
                "do": "update",
                "app_id": int(app_id),
                "name": str(name),
                "scopes": list(scopes),
                "redirect_url": str(url),
            } if row := _of(self._registered, app_id):
                self._save(row, name.strip(), scopes, url.strip())
            case {"do": "delete", "app_id": int(app_id)} if row := _of(self._registered, app_id):
                self.change(partial(self._delete, row), self.saying("unknown_deleted", name=isolated(row["name"])))
            case {"do": "withdraw", "app_id": int(app_id)} if row := _of(self._connected, app_id):
                self.change(partial(self._withdraw, row), self.saying("unknown_withdrawn", name=isolated(row["name"])))

    def _save(self, row: Mapping[str, Any] | None, name: str, scopes: Sequence[Any], url: str) -> None:
        """Check the entries, then change an app or register a new one."""
        before = row["redirect_url"] if row else ""
        known = [scope for scope in self.session.core.api_facts.scopes if scope in scopes]
        wrong = redirect_urls.trouble(url) if url and url != before else ""
        if not _NAME.fullmatch(name):
            self.refuse(name=self.saying("name_wrong"))
        elif wrong:
            self.refuse(redirect_url=self.saying(f"url_{wrong}"))
        elif before and not url:
            self.refuse(redirect_url=self.saying("url_kept"))
        elif len(known) != len(scopes) or (url and not known):
            self.refuse(scopes=self.saying("scopes_none"))
        elif row is None:
            self.change(
                partial(self._register, name, known, url), self.saying("unknown_registered", name=isolated(name))
            )
        else:
            self.change(
                partial(self._update, row, name, known, url), self.saying("unknown_updated", name=isolated(name))
            )

    def _register(self, name: str, scopes: list[str], url: str) -> Notice:
        made = self.call("app_register", name=name, scopes=scopes, redirect_uri=url or None).get("app_register")
        self.send({"saved": True})
        self.reload()
        number = made.get("app_id") if isinstance(made, dict) else None
        return self.news("registered_title", "registered", name=isolated(name), app_id=str(number))

    def _update(self, row: Mapping[str, Any], name: str, scopes: list[str], url: str) -> Notice | None:
        app_id = row["app_id"]
        got = self.call("app_get", app_get=app_id).get("app_get")
        kept = {field: got.get(field) or None for field in _KEPT} if isinstance(got, dict) else {}
        kept["redirect_uri"] = url or None
        self.call("app_update", app_update=app_id, name=name, scopes=scopes, **kept)
        self.send({"saved": True})
        if set(scopes) != set(row["scopes"]) and self._by(row):
            self.session.core.sign_out(said("own_app_changed"))
            return None
        self.reload()
        return self.news("updated_title", "updated", name=isolated(name))

    def _delete(self, row: Mapping[str, Any]) -> Notice | None:
        self.call("app_delete", app_delete=row["app_id"])
        if row["own"]:
            self.session.core.sign_out(said("own_app_deleted"))
            return None
        self.reload()
        return self.news("deleted_title", "deleted", name=isolated(row["name"]))

    def _withdraw(self, row: Mapping[str, Any]) -> Notice | None:
        self.call("revoke_oauth_app", revoke_oauth_app=row["app_id"])
        if self._by(row):
            self.session.core.sign_out(said("own_app_withdrawn"))
            return None
        self.reload()
        return self.news("withdrawn_title", "withdrawn", name=isolated(row["name"]))

    def _by(self, row: Mapping[str, Any]) -> bool:
        """Return whether the session depends on the access of this app; with an API token it does not."""
        credential = self.session.core.credential
        return bool(row["own"] and credential and credential.token.reveal().startswith(_OF_AN_APP))


def _of(rows: list[dict[str, Any]], app_id: int) -> dict[str, Any] | None:
    return next((row for row in rows if row["app_id"] == app_id), None)


def _rows(reply: Reply, call: str) -> list[Mapping[str, Any]]:
    rows = reply.get(call)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
