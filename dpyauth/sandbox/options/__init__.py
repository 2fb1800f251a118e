"""Deriv's current API ("options") in the sandbox."""

from __future__ import annotations

from dpyauth.sandbox.options.api import Options

__all__ = ["Options"]
