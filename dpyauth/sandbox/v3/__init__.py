"""Deriv's v3 in the sandbox. Importing it registers the functions that answer its calls."""

from __future__ import annotations

from dpyauth.sandbox.v3 import (  # noqa: F401
    account_calls,
    app_calls,
    dealing_calls,
    money_calls,
    offering_calls,
    position_calls,
    profile_calls,
    site_calls,
    symbol_calls,
)
