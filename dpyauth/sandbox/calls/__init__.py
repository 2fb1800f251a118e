"""What the simulated calls answer, by call name."""

from __future__ import annotations

from dpyauth.sandbox.calls import account, apps, market, money, profile, site
from dpyauth.sandbox.calls.registry import HANDLERS, Ask

__all__ = ["HANDLERS", "Ask", "account", "apps", "market", "money", "profile", "site"]
