"""What the simulated calls answer, by call name."""

from __future__ import annotations

from dpyauth.sandbox.calls import account, apps, market, money, offerings, positions, profile, site, trading  # noqa: F401
from dpyauth.sandbox.calls.registry import HANDLERS, Ask, Replies

__all__ = ["HANDLERS", "Ask", "Replies"]
