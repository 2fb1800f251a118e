"""Explain that an API which Deriv is retiring does not accept connections."""

from __future__ import annotations

from dpyauth.errors import ApiUnavailable
from dpyauth.registry import APIS, DEFAULT, ApiFacts


def way_on(to: ApiFacts = APIS[DEFAULT]) -> str:
    """Return how to continue with another API: what to create, where, and the line to run then."""
    return (
        f"{to.title} needs a {to.credential} and the ID of an app of your own: register an app of the type PAT at "
        f"{to.pages.apps} and create a token at {to.pages.tokens} (scope {to.smallest_scope}). If your code runs "
        "without you, set DERIV_APP_ID and DERIV_TOKEN; otherwise run: "
        f'dpyauth.login(api="{to.name}", ask=True)'
    )


def unavailable(facts: ApiFacts, reason: str) -> ApiUnavailable:
    """Return the error for a server that behaves like one that is switched off. Deriv has named no date for that."""
    return ApiUnavailable(
        f"Could not connect to {facts.title}: {reason}. Deriv is retiring this API, and since October 2026 its servers "
        f"have been reported to refuse every connection, so it may be switched off for good. {way_on()}",
        api=facts.name,
    )
