"""Apps that are registered with the sandbox, and their users."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from dpyauth.sandbox import data_files
from dpyauth.sandbox.users import OWN_APP_ID, SCOPES
from dpyauth.texts.said import said

LINKS: Final = ("appstore", "github", "googleplay", "homepage", "verification_uri")
TRADER: Final = 16929
_RICH: Final = 9000001
_TROUBLE: Final = 9000011
_FIRST_NEW: Final = 16400
# More permissive than Deriv's rule for redirect URLs (a port is allowed), but safe in headers and in a page's policy.
_URL: Final = re.compile(r"[a-z][a-z0-9.+\-]*://[\w.\-\[\]:]++[\w%/.\-?=&~]*", re.ASCII)


@dataclass(slots=True)
class App:
    """One registered app."""

    app_id: int
    name: str
    scopes: tuple[str, ...]
    redirect_uri: str = ""
    owner: int | None = None  # user ID of the owner
    active: bool = True
    official: bool = False
    markup: float = 0
    links: dict[str, str] = field(default_factory=dict)

    def row(self, nothing: str | None = "") -> dict[str, Any]:
        """Return the app in the form of the calls; `nothing` is the value of a missing link."""
        return {
            "active": int(self.active),
            "app_id": self.app_id,
            "app_markup_percentage": self.markup,
            "name": self.name,
            "redirect_uri": self.redirect_uri,
            "scopes": list(self.scopes),
            **{name: self.links.get(name, nothing) for name in LINKS},
        }


def problem_with(redirect_uri: str, scopes: Collection[str], markup: float = 0) -> str:
    """Return the reason why an app cannot be registered like this; empty if it can."""
    if redirect_uri and not _URL.fullmatch(redirect_uri):
        return said("sandbox_redirect_url")
    if not set(scopes) <= set(SCOPES):
        return f"The scopes must be among {', '.join(SCOPES)}."
    if redirect_uri and not scopes:
        return "An app with a redirect URL needs scopes."
    return "An app with a markup needs a redirect URL." if markup and not redirect_uri else ""


class Apps:
    """All apps, and their users."""

    def __init__(self) -> None:
        self._apps = {
            facts["app_id"]: App(**{**facts, "scopes": tuple(facts["scopes"])}) for facts in data_files.read("apps")
        }
        used = "2026-10-31 12:00:00"
        self._users: dict[int, dict[int, str | None]] = {
            user_id: {OWN_APP_ID: used, TRADER: None} for user_id in (_RICH, _TROUBLE)
        }
        self._next = _FIRST_NEW

    def find(self, app_id: int) -> App | None:
        """Return an app, if it can be used."""
        app = self._apps.get(app_id)
        return app if app and app.active else None

    def of(self, user_id: int) -> list[App]:
        """Return the apps that a user has registered."""
        return [app for app in self._apps.values() if app.owner == user_id]

    def register(self, name: str, redirect_uri: str, scopes: Iterable[str], owner: int | None = None) -> App:
        """Add an app."""
        app = self._apps[self._next] = App(self._next, name, tuple(scopes), redirect_uri, owner)
        self._next += 1
        return app

    def delete(self, app_id: int) -> None:
        """Delete an app that is not in use."""
        del self._apps[app_id]

    def forget(self, app_id: int, users: Collection[int] | None = None) -> bool:
        """Revoke an app's access to these users (or to all); return whether there was any."""
        had = [user for user, apps in self._users.items() if app_id in apps and (users is None or user in users)]
        for user in had:
            del self._users[user][app_id]
        return bool(had)

    def used(self, app_id: int, user_id: int, when: str) -> None:
        """Record that a user has allowed an app."""
        self._users.setdefault(user_id, {})[app_id] = when

    def used_by(self, user_id: int) -> list[tuple[App, str | None]]:
        """Return the apps that a user has allowed, and when each was last used."""
        return [(self._apps[app_id], when) for app_id, when in self._users.get(user_id, {}).items()]
