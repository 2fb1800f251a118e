"""Which of the two Derivs is meant, when nobody said so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dpyauth.errors import InvalidSetting
from dpyauth.settings import SERVERS, Settings, settings

if TYPE_CHECKING:
    from dpyauth.credentials import Secret
    from dpyauth.sandbox import Sandbox


class Choice(NamedTuple):
    """The Derivs there are to choose from: the real ones, those of a sandbox, or one at a given address."""

    box: Sandbox | None = None
    server: str | None = None
    language: str = "EN"

    def guess(self, token: Secret | None, app_id: object) -> str:
        """The API that token and app ID look made for. Deriv promises nothing about their looks."""
        if self.server is not None:
            return "options" if self.server.strip().startswith("http") else "v3"
        if token is not None and re.match(r"pat_|ory_", token.reveal().strip()):
            return "options"
        return "options" if re.search("[A-Za-z]", str(app_id or "")) else "v3"

    def settings(self, api: str, app_id: object) -> Settings:
        """Settings for one of the APIs."""
        server = self.server
        if self.box is not None and api in SERVERS:
            server = self.box.url if api == "v3" else self.box.rest
            app_id = app_id if _given(app_id) else (self.box.app_id if api == "v3" else self.box.options_app_id)
        return settings(app_id if _given(app_id) else None, server, self.language, api)

    def other(self, api: str, app_id: object) -> Settings | None:
        """Settings for the other API, where that can be tried: the options API needs an app ID of its own."""
        if self.server is not None:
            return None
        if api == "options":
            return self.settings("v3", app_id if str(app_id or "").strip().isdigit() else None)
        if self.guess(None, app_id) == "options" or self.box is not None:
            return self.settings("options", app_id if self.guess(None, app_id) == "options" else None)
        return None


def _given(app_id: object) -> bool:
    return app_id is not None and app_id != ""


def the_sandbox(wanted: bool, server: str | None) -> Sandbox | None:
    """The sandbox that this kernel shares, if one is wanted."""
    if not wanted:
        return None
    if server is not None:
        raise InvalidSetting("Give either sandbox=True or server=, not both.")
    from dpyauth.sandbox import shared

    return shared()
