"""Choose the API and the server if the caller did not name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dpyauth.credentials import api_of, bare
from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS, DEFAULT, by_app_id, by_server
from dpyauth.settings import Settings, settings
from dpyauth.texts.said import said

if TYPE_CHECKING:
    from dpyauth.credentials import Secret
    from dpyauth.sandbox import Sandbox


class Targets(NamedTuple):
    """Servers to choose from: the real ones, those of a sandbox, or one at a given address."""

    sandbox: Sandbox | None = None
    server: str | None = None
    language: str | None = None

    def guess(self, token: Secret | None, app_id: object) -> str:
        """Return the API to use if the caller did not name one.

        That is the API of the server; otherwise the API that the token certainly belongs to; otherwise the API of the
        app ID; otherwise the API that the token probably belongs to; otherwise the default. There is no second guess,
        because a token must be sent to one API only.
        """
        if self.server is not None:
            return by_server(self.server) or DEFAULT
        return (token and self.kind(token)) or by_app_id(app_id) or (token and self.kind(token, likely=True)) or DEFAULT

    def kind(self, token: Secret, *, likely: bool = False) -> str | None:
        """Return the API of a token, if its form shows it; the sandbox knows its own tokens."""
        return (
            api_of(token)
            or (self.sandbox and self.sandbox.api_of(bare(token).reveal()))
            or api_of(token, likely=likely)
        )

    def settings(self, api: str, app_id: object) -> Settings:
        """Return settings for one of the APIs."""
        server = self.server
        if self.sandbox is not None and api in APIS:
            side = self.sandbox.side(api)
            server, app_id = side.server, app_id if _given(app_id) else side.app_id
        return settings(app_id if _given(app_id) else None, server, self.language, api)

    def complete(self, api: str, app_id: object) -> Settings:
        """Return settings that are complete for a sign-in with a token.

        Raises
        ------
        InvalidSetting
            The app ID is missing and the API needs one, or it is not valid.
        """
        where = self.settings(api, app_id)
        if where.app_id is None:
            raise InvalidSetting(APIS[api].lacks_app_id, field="app_id")
        return where


def _given(app_id: object) -> bool:
    return app_id is not None and app_id != ""


def the_sandbox(wanted: bool, server: str | None) -> Sandbox | None:
    """Return the sandbox that this kernel shares, if one is wanted."""
    if not wanted:
        return None
    if server is not None:
        raise InvalidSetting(said("sandbox_or_server"))
    from dpyauth.sandbox import shared

    return shared()
