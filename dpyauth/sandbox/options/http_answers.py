"""Answer a request over HTTP, or apply a fault to it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tornado.web import HTTPError, RequestHandler

from dpyauth.sandbox.context import Context
from dpyauth.sandbox.options.problem import Problem

_log = logging.getLogger("dpyauth.sandbox")
_ABORT: Final = struct.pack("ii", 1, 0)
_STATUS: Final = {
    "AccessDenied": 403,
    "AccountNotFound": 404,
    "AgentNotFound": 404,
    "BrandNotFound": 404,
    "ClientIdentityLookupFailed": 500,
    "IdentityNotFound": 404,
    "InternalError": 500,
    "InternalServerError": 500,
    "InvalidToken": 401,
    "MigrationPending": 409,
    "NicknameLookupFailed": 500,
    "NotFound": 404,
    "OTPValidationFailed": 500,
    "RateLimit": 429,
    "TransferFailed": 500,
    "Unauthorized": 401,
    "UnauthorizedAccess": 403,
    "VerificationCodeRequestFailed": 500,
    "WalletLookupFailed": 500,
    "WithdrawalFailed": 500,
    "invalid_client": 401,
}
_UNREADABLE: Final = Problem(400, "BadInputRequest", "Bad request")
_TROUBLE: Final = Problem(500, "InternalServerError", "Sorry, an error occurred while processing your request.")


@dataclass(slots=True)
class Answer:
    """Answer: a JSON value, or plain text."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Handler(RequestHandler):
    """Handler of a request that gets data and not a page."""

    def initialize(self, sandbox: Context) -> None:
        """Keep the sandbox."""
        self.sandbox = sandbox
        self._gone = asyncio.Event()

    def set_default_headers(self) -> None:
        """Send no header that names the server."""
        self.clear_header("Server")

    def check_xsrf_cookie(self) -> None:
        """Do nothing: these requests do not come from a browser, so they cannot be forged by one."""

    def log_exception(self, *args: Any) -> None:
        """Do nothing: tornado would log the address, which may contain secrets."""

    def on_connection_close(self) -> None:
        """Wake up a request that waits until the client gives up."""
        self._gone.set()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error of tornado's own in the form of this kind of request."""
        error = kwargs.get("exc_info", (None, None))[1]
        known = Problem(status_code, _UNREADABLE.code, _UNREADABLE.message)
        self._send(self.refuse(known if isinstance(error, HTTPError) else _TROUBLE))

    def refuse(self, problem: Problem) -> Answer:
        """Return a refusal in the form that this kind of request has."""
        raise NotImplementedError

    async def answer(self, name: str, make: Callable[[], Answer]) -> None:
        """Answer a request of this name, or apply a fault to it."""
        self.sandbox.note(name)
        fault = self.sandbox.faults.take(name)
        kind, args = (fault.kind, fault.args) if fault else ("", ())
        if kind in ("drop", "reset"):
            self._abort()
        elif kind == "stall":
            await self._gone.wait()
        elif kind == "http":
            self._send(Answer(*args))
        elif kind == "error":
            code, message, _ = args
            self._send(self.refuse(Problem(_STATUS.get(code, 400), code, message or "Sorry, an error occurred.")))
        else:
            answer = self._made(name, make)
            match kind:
                case "swallow":
                    await self._gone.wait()
                    return
                case "delay":
                    await asyncio.sleep(args[0])
                case "garbage":
                    answer.body = args[0]
                case "edit":
                    # A copy, so that the fault does not change the sandbox itself.
                    answer.body = json.loads(_text(answer.body))
                    args[0](answer.body)
                case "oversize":
                    text = _text(answer.body)
                    answer.body = text[:-1] + " " * max(0, args[0] - len(text)) + text[-1:]
            self._send(answer)

    def _made(self, name: str, make: Callable[[], Answer]) -> Answer:
        try:
            return make()
        except Problem as problem:
            return self.refuse(problem)
        except HTTPError:  # raised by tornado for an argument that it cannot decode
            return self.refuse(_UNREADABLE)
        except Exception:
            _log.exception("the sandbox failed to answer %s", name)
            return self.refuse(_TROUBLE)

    def _send(self, answer: Answer) -> None:
        self.set_status(answer.status)
        self.set_header("Content-Type", "text/plain" if isinstance(answer.body, str) else "application/json")
        for header, value in answer.headers.items():
            self.set_header(header, value)
        self.finish(answer.body if isinstance(answer.body, bytes) else _text(answer.body))

    def _abort(self) -> None:
        """Cut the connection without a response."""
        assert self.request.connection is not None
        stream = self.request.connection.stream  # type: ignore[attr-defined]
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        stream.close()


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
