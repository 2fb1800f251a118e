"""Deriv's current API ("options") in the sandbox."""

from __future__ import annotations

from dpyauth.sandbox.options.api import Options
from dpyauth.sandbox.options.limits import Limits

__all__ = ["Limits", "Options"]
