"""Requests of the connection itself, such as the handshake and pings, which are sent before any call. No I/O."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dpyauth.net.messages import Reply

Then = Callable[[Reply, float], str | None]
"""Function that takes a reply and the time, and returns the reason to drop the connection, if there is one."""


class ControlRequest(NamedTuple):
    """Request that waits for its reply."""

    call: str
    fields: Mapping[str, Any]
    """Fields that its reply must repeat; empty for a request with a secret, which is not kept."""
    then: Then


class ControlRequests:
    """Requests of one connection, and what to do with their replies.

    Parameters
    ----------
    new_id : callable
        Function that returns an unused req_id.
    """

    def __init__(self, new_id: Callable[[], int]) -> None:
        self._new_id = new_id
        self._unsent: deque[str] = deque()
        self._unanswered: dict[int, ControlRequest] = {}

    @property
    def has_unsent(self) -> bool:
        """Return whether a request is waiting to be sent."""
        return bool(self._unsent)

    def ask(self, fields: Mapping[str, Any], then: Then, *, secret: bool = False) -> None:
        """Add a request; the first field names the call."""
        req_id, call = self._new_id(), next(iter(fields))
        self._unanswered[req_id] = ControlRequest(call, {} if secret else fields, then)
        self._unsent.append(json.dumps({**fields, "req_id": req_id}))

    def next_message(self) -> str:
        """Return the next request to send; taking it counts as having sent it."""
        return self._unsent.popleft()

    def get(self, req_id: int) -> ControlRequest | None:
        """Return the request that a reply with this req_id is for."""
        return self._unanswered.get(req_id)

    def remove(self, req_id: int) -> None:
        """Forget a request that has its reply."""
        del self._unanswered[req_id]

    def is_waiting(self, call: str) -> bool:
        """Return whether the reply to this call is still to come."""
        return any(request.call == call for request in self._unanswered.values())

    def clear(self) -> None:
        """Forget all requests, because their connection is gone."""
        self._unsent.clear()
        self._unanswered.clear()
