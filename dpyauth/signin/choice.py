"""Tell which of the two Derivs is meant, when nobody said so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dpyauth.credentials import api_of
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
        """Return the API that is meant: that of the server, else the token's own, else the one the app ID is for.

        There is no second guess: a token is sent to one API only.
        """
        if self.server is not None:
            return "options" if self.server.strip().startswith("http") else "v3"
        kind = api_of(token) if token is not None else None
        return kind or ("options" if re.search("[A-Za-z]", str(app_id or "")) else "v3")

    def settings(self, api: str, app_id: object) -> Settings:
        """Settings for one of the APIs."""
        server = self.server
        if self.box is not None and api in SERVERS:
            server = self.box.url if api == "v3" else self.box.rest
            app_id = app_id if _given(app_id) else (self.box.app_id if api == "v3" else self.box.options_app_id)
        return settings(app_id if _given(app_id) else None, server, self.language, api)


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
