"""The error that a reply of a WebSocket amounts to; both APIs word them alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dpyauth.apis.meanings import Kind, meaning
from dpyauth.apis.shapes import veiled
from dpyauth.credentials import Secret, scrub
from dpyauth.errors import ApiError, InputRefused
from dpyauth.wire.replies import Reply, error_code, error_of, leaves_open, subcode_of

if TYPE_CHECKING:
    from dpyauth.apis.catalog import Catalog


def api_error(
    reply: Reply,
    call: str,
    secrets: Collection[Secret],
    kinds: Mapping[str, Kind],
    catalog: Catalog,
    *,
    changes: bool = False,
    held: bool | None = None,
) -> ApiError | None:
    """Return the error that a reply amounts to, if it is one; what it repeats of secrets is blotted out.

    ``secrets`` are those of the request: of them, even short ones. ``held``: whether the token is known to have the
    scope for the call.
    """
    code = error_code(reply)
    if code is None:
        return None
    raw = error_of(reply) or {}
    code = str(scrub(code, secrets))
    asked = reply.get("echo_req")
    kind, advice = meaning(code, catalog.get(call), asked if isinstance(asked, dict) else {}, kinds, held)
    if changes and leaves_open(code):
        advice = ""  # to run it again is no advice where it may have happened
    subcode = subcode_of(raw, secrets)
    said = str(scrub(raw.get("message") or "", secrets)).strip().rstrip(".")
    details = raw.get("details")
    details = details if isinstance(details, dict) else {}
    if kind is not InputRefused:  # there they are reasons, by field
        details = veiled(details, None, call=call)
    details = scrub(details, secrets)
    reasons = "; ".join(f"{name}: {reason}" for name, reason in details.items()) if kind is InputRefused else ""
    shown = f"{code} ({subcode})" if subcode else code
    parts = [f"Deriv answered '{call}' with {shown}" + (f": {said}" if said else ""), reasons, advice]
    text = ". ".join(part for part in parts if part) + "."
    return kind(text, call=call, code=code, subcode=subcode, details=details)
