"""Deriv's APIs on this machine, so that every lesson and test runs without an account.

It answers Deriv's calls as in Deriv's published schemas, for made-up users with made-up money. A call that it does not
simulate gets an error that says so.
"""

from __future__ import annotations

from dpyauth.sandbox.common import shared
from dpyauth.sandbox.context import Received
from dpyauth.sandbox.limits import Limits
from dpyauth.sandbox.sandbox import Sandbox
from dpyauth.sandbox.users import SampleToken

__all__ = ["Limits", "Received", "SampleToken", "Sandbox", "shared"]
