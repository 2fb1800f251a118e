"""One client: its sign-in, and its open streams."""

from __future__ import annotations

import math
from collections.abc import Callable

from dpyauth.sandbox.dealing import Proposals
from dpyauth.sandbox.limits import MOST_PROPOSALS, Limits, Meter
from dpyauth.sandbox.streams import Streams
from dpyauth.sandbox.users import Token
from dpyauth.sandbox.world import World


class Client:
    """State of one connection."""

    def __init__(self, number: int, app_id: int, world: World, meter: Meter, clock: Callable[[], float]) -> None:
        self.number = number
        self.app_id = app_id
        self.world = world
        self.meter = meter
        self.clock = clock
        self.streams = Streams()
        self.proposals = Proposals()
        self.grants: dict[str, Token[str]] = {}  # by login ID
        self.current: str | None = None

    @property
    def is_known_app(self) -> bool:
        """Return whether the app that it connected with is known."""
        return self.world.apps.find(self.app_id) is not None

    @property
    def limits(self) -> Limits:
        """Return the limits that `website_status` announces."""
        return self.meter.limits if isinstance(self.meter.limits, Limits) else Limits()

    @property
    def most_proposals(self) -> float:
        """Return the number of streams of proposals that it may have open."""
        return MOST_PROPOSALS if isinstance(self.meter.limits, Limits) else math.inf

    def sign_in(self, grants: list[Token[str]]) -> None:
        """Replace the signed-in user, and end the streams of accounts that are gone."""
        self.grants = {grant.owner: grant for grant in grants}
        self.current = grants[0].owner
        self.streams.forget_accounts(keep=self.grants)

    def sign_out(self, loginid: str | None = None) -> None:
        """Sign out of one account, or of all."""
        self.grants.pop(loginid, None) if loginid else self.grants.clear()
        if self.current not in self.grants:
            self.current = next(iter(self.grants), None)
        self.streams.forget_accounts(keep=self.grants)
