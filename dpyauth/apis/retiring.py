"""Explain that an API which Deriv is retiring does not accept connections."""

from __future__ import annotations

from dpyauth.errors import ApiUnavailable
from dpyauth.registry import APIS, DEFAULT, ApiFacts
from dpyauth.texts.said import Said, joined, said


def way_on(to: ApiFacts = APIS[DEFAULT]) -> Said:
    """Return how to continue with another API: what to create, where, and the line to run then."""
    return said(
        f"way_on_{to.name}",
        apps=to.pages.apps,
        tokens=to.pages.tokens,
        scope=to.smallest_scope,
        code=f'dpyauth.login(api="{to.name}", ask=True)',
    )


def unavailable(facts: ApiFacts, reason: str) -> ApiUnavailable:
    """Return the error for a server that behaves like one that is switched off. Deriv has named no date for that."""
    return ApiUnavailable(joined(said(f"switched_off_{facts.name}", reason=reason), way_on()), api=facts.name)
