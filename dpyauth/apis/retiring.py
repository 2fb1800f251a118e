"""Explain that an API which Deriv is retiring accepts no connection."""

from __future__ import annotations

from dpyauth.errors import ApiUnavailable
from dpyauth.registry import APIS, DEFAULT, ApiFacts


def way_on(to: ApiFacts = APIS[DEFAULT]) -> str:
    """Return how to go on with another API: what to make, where, and the one line to run then."""
    return (
        f"{to.title} takes a {to.credential} and the ID of an app of your own: register an app of the type PAT at "
        f"{to.pages.apps} and make a token at {to.pages.tokens} (scope {to.smallest_scope}). A run "
        "without you takes them from DERIV_APP_ID and DERIV_TOKEN; else run: "
        f'dpyauth.login(api="{to.name}", ask=True)'
    )


def unavailable(facts: ApiFacts, reason: str) -> ApiUnavailable:
    """Return the error for a server that behaves like one that has been switched off; Deriv has named no day for it."""
    return ApiUnavailable(
        f"Could not connect to {facts.title}: {reason}. Deriv is retiring this API, and since October 2026 its servers "
        f"have been reported to refuse every connection, so it may be switched off for good. {way_on()}",
        api=facts.name,
    )
