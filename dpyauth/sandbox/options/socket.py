"""WebSocket of the Options API, which differs from the sandbox's other one only in its opening."""

from __future__ import annotations

from typing import Any

from dpyauth.sandbox.context import Context
from dpyauth.sandbox.options.api import Otp
from dpyauth.sandbox.options.problem import Problem
from dpyauth.sandbox.options.rest_requests import envelope
from dpyauth.sandbox.options.socket_answers import Connection, find_call
from dpyauth.sandbox.websocket import Socket as V3Socket


class Socket(V3Socket):
    """A client's WebSocket: public, demo or real."""

    find_call = staticmethod(find_call)

    def initialize(self, sandbox: Context, kind: str) -> None:  # type: ignore[override]
        """Begin a socket of a kind: public, demo or real."""
        super().initialize(sandbox)
        self.kind = kind
        self.otp: Otp | None = None

    def log_exception(self, *args: Any) -> None:
        """Do nothing: tornado would log the address with the one-time password."""

    def prepare(self) -> None:
        """Refuse the handshake if Deriv would."""
        status = self.sandbox.faults.handshake()
        if status is not None:
            self._refuse(Problem(status, "InternalServerError", "The sandbox refuses, as requested."))
        elif self.kind != "public":
            try:
                self.otp = self._redeem()
            except Problem as problem:
                self._refuse(problem)

    def open(self, *args: str, **kwargs: str) -> None:
        """Start to serve a client."""
        sandbox = self.sandbox
        sandbox.connections_opened += 1
        zombie, code = sandbox.faults.opening(private=self.otp is not None)
        self._begin(Connection(sandbox.connections_opened, sandbox.options, self.otp, zombie))
        if code is not None:
            self.end(code)

    def _redeem(self) -> Otp:
        password = self.get_query_argument("otp", "")
        if not password:
            raise Problem(400, "ValidationError", "OTP parameter is required")
        otp = self.sandbox.options.redeem(password, self.kind)
        if otp is None:
            raise Problem(401, "Unauthorized", "Invalid or expired OTP token")
        person = otp.token.owner
        held = [each.otp for each in self.sandbox.sockets if isinstance(each, Socket) and each.otp]
        if sum(each.token.owner is person for each in held) >= self.sandbox.options.most_sockets:
            # Deriv documents the number, but not what happens with one more.
            raise Problem(429, "RateLimit", "This user has the most connections allowed")
        return otp

    def _refuse(self, problem: Problem) -> None:
        self.set_status(problem.status)
        self.finish(envelope(problem, self.request.path, "GET"))
