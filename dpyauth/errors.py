"""Every error of dpyauth, in one tree.

    DpyauthError
    ├── NoCredential            nobody to ask and nothing found to sign in with
    ├── NotSignedIn             a query before the sign-in
    ├── SessionClosed           a query after close(), or after login() opened another session
    ├── InvalidCredential       a token that cannot be right
    ├── RedirectRefused         the browser sign-in ended without access, or what came back is no sign-in; has .code
    ├── ListenerFailed          the way back from the browser sign-in cannot be caught here: paste it instead
    ├── InvalidSetting          an app ID, address or language that cannot be right
    ├── InvalidRequest          a call, field or value that cannot be sent
    │   ├── NotInThisApi        a call that only Deriv's other API has; has .api, .nearest
    │   └── InvalidArgument     an argument that is missing, unknown or of the wrong kind; a TypeError, too
    ├── UnknownName             an attribute that there is not, with the nearest one; an AttributeError, too
    ├── MissingScope            the token may not do this
    ├── ConnectionFailed        no connection to Deriv
    │   ├── ApiUnavailable      Deriv's servers of this API refuse everybody, as if it were switched off; has .api
    │   └── ConnectionLost      the connection went away, and the call with it
    ├── CallTimeout             no reply in time
    ├── OutcomeUnknown          a call that changes something was sent; what became of it is not known; has .request_id
    ├── NotCarriedOut           the answer to a transfer was lost, and Deriv does not know of it; has .request_id
    ├── BadReply                Deriv (or something before it) sent what is not a reply
    ├── KeepingFailed           a credential could not be remembered, or what was cannot be read
    ├── NestingRefused          nested event loops are not safe in this kernel
    └── ApiError                Deriv answered with an error; has .code, .subcode, .details, .call
        ├── SignInRefused       Deriv did not accept the token or the app ID
        ├── PermissionDenied    the token lacks the scope
        ├── InputRefused        a field or value Deriv does not take
        └── RateLimited         too many calls of one kind

Catch ``DpyauthError`` to catch them all.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from dpyauth import _terminal
from dpyauth._nearest import nearest
from dpyauth._traceback import ShortTraceback
from dpyauth.secret import scrub

E = TypeVar("E", bound="DpyauthError")


class DpyauthError(ShortTraceback):
    """Base of every error that dpyauth raises on purpose.

    Its texts repeat no secret that lives in this process: a server may repeat one that belongs to another call.

    Attributes
    ----------
    call : str or None
        The Deriv call the error is about.
    """

    def __init__(self, message: str, *, call: str | None = None) -> None:
        super().__init__(scrub(message))
        self.call = call

    def __str__(self) -> str:
        # Also `print(error)` must come to an end where the output's encoding lacks a character.
        return _terminal.writable(super().__str__(), sys.stdout)

    def add_note(self, note: str, /) -> None:
        """Add a line to what is shown."""
        super().add_note(scrub(note))

    def copy(self, call: str | None = None) -> Self:
        """A fresh copy: an error that is kept and raised more than once would collect everybody's tracebacks."""
        copied = _rebuild(type(self), str(self), dict(self.__dict__))
        copied.call = call or self.call
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments would be lost by Exception's own pickling.
        return _rebuild, (type(self), str(self), dict(self.__dict__))


def _rebuild(kind: type[E], message: str, state: dict[str, Any]) -> E:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class NoCredential(DpyauthError):
    """Nothing to sign in with was found, and nobody is there to ask."""


class NotSignedIn(DpyauthError):
    """The session has not signed in yet, or Deriv has ended the sign-in."""


class SessionClosed(DpyauthError):
    """The session was closed."""


class InvalidCredential(DpyauthError):
    """What was entered cannot be a token; nothing was sent."""


class RedirectRefused(DpyauthError):
    """What came back from the browser sign-in brings no access.

    Attributes
    ----------
    code : str
        Why: Deriv's own word, such as ``"access_denied"``, or one of ``"not_a_redirect"``, ``"unreadable"``,
        ``"state_missing"``, ``"state_mismatch"`` (another sign-in's), ``"damaged"`` (an account or a token cannot be
        right), ``"used"``, ``"expired"`` and ``"redirect_url"`` (the redirect URL itself cannot be right).
    """

    def __init__(self, message: str, *, call: str | None = None, code: str = "") -> None:
        super().__init__(message, call=call)
        self.code = code


class ListenerFailed(DpyauthError):
    """The browser sign-in could not be caught on its way back; its address can still be pasted."""


class InvalidSetting(DpyauthError):
    """An app ID, address, language, time-out or folder that cannot be right.

    Attributes
    ----------
    field : str or None
        The setting it is about, such as ``"app_id"``, where it is one that the sign-in asks for.
    """

    def __init__(self, message: str, *, call: str | None = None, field: str | None = None) -> None:
        super().__init__(message, call=call)
        self.field = field


class InvalidRequest(DpyauthError):
    """A request that was not sent because it cannot be right.

    Attributes
    ----------
    field : str or None
        The field the error is about.
    """

    def __init__(self, message: str, *, call: str | None = None, field: str | None = None) -> None:
        super().__init__(message, call=call)
        self.field = field


BY_NAME = frozenset({"call", "frame", "stream"})
"""The methods that take the name of a call."""


class NotInThisApi(InvalidRequest):
    """The call is one of Deriv's other API; nothing was sent.

    Attributes
    ----------
    api : str
        The API that was asked, ``"v3"`` or ``"options"``.
    nearest : str or None
        The call of that API that comes nearest, where one does. The text may name a method of the session as well.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str | None = None,
        field: str | None = None,
        api: str = "",
        nearest: str | None = None,
    ) -> None:
        super().__init__(message, call=call, field=field)
        self.api = api
        self.nearest = nearest
        self._form = ""

    @classmethod
    def of_form(cls, form: str, call: str, **more: Any) -> Self:
        """Make one whose text has places for what was typed: ``{typed}``, ``{face}``, ``{verb}`` and ``{also}``."""
        error = cls("", call=call, **more)
        error._form = form
        error.typed("session")
        return error

    def typed(self, face: str, method: str = "") -> None:
        """Say that it was typed as a method of ``face``, such as ``session.aio``; without one, as the name of a call.

        A method in `BY_NAME` takes the name of the call.
        """
        name, verb = f'"{self.call}"' if method in BY_NAME else "", "frame" if method == "frame" else "call"
        typed = f"{face}.{method}({name})" if method else repr(self.call)
        also = f' or {face}.{verb}("{self.nearest}")' if name and self.nearest else ""
        if self._form:
            self.args = (self._form.format(typed=typed, face=face, verb=verb, also=also),)


class InvalidArgument(InvalidRequest, InvalidSetting, TypeError):
    """An argument of a function or method is missing, unknown, given twice or of the wrong kind; nothing was sent.

    It can be caught as `InvalidRequest`, as `InvalidSetting`, and as Python's own ``TypeError``.
    """


class UnknownName(DpyauthError, AttributeError):
    """There is no method or attribute of this name; the text names the nearest. It is an ``AttributeError``, too."""

    def __init__(self, message: str, *, call: str | None = None) -> None:
        super().__init__(message, call=call)
        # Python adds a "Did you mean" of its own where it knows the object and the name.
        AttributeError.__init__(self, *self.args, obj=None)

    @classmethod
    def of(cls, owner: str, name: str, known: Collection[str], instead: str = "") -> Self:
        """Return the error for a name that something does not have.

        Parameters
        ----------
        owner : str
            What does not have it, as the subject of a sentence.
        name : str
            The name.
        known : collection of str
            Names that it has.
        instead : str
            Sentence on what to use instead.
        """
        near = "" if instead else nearest(name, known)
        hint = f"Did you mean {near!r}?" if near else instead or f"It has: {', '.join(sorted(known))}."
        return cls(f"{owner} has no {name!r}. {hint}")


class MissingScope(DpyauthError):
    """The call needs a scope that the signed-in token does not have; nothing was sent.

    Attributes
    ----------
    scopes : tuple of str
        The scopes of which the call needs one.
    """

    def __init__(self, message: str, *, call: str | None = None, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message, call=call)
        self.scopes = scopes


class ConnectionFailed(DpyauthError):
    """No connection to Deriv could be made.

    Attributes
    ----------
    status : int or None
        The HTTP status with which Deriv refused the connection, where that is why.
    """

    def __init__(self, message: str, *, call: str | None = None, status: int | None = None) -> None:
        super().__init__(message, call=call)
        self.status = status


class ApiUnavailable(ConnectionFailed):
    """Deriv's servers of an API that Deriv is retiring refuse the connection, as they would if it were switched off.

    Attributes
    ----------
    api : str
        The API, such as ``"v3"``.
    """

    def __init__(self, message: str, *, call: str | None = None, api: str = "") -> None:
        super().__init__(message, call=call)
        self.api = api


class ConnectionLost(ConnectionFailed):
    """The connection went away before the call was sent or answered."""


class CallTimeout(DpyauthError):
    """No reply came in time."""


class OutcomeUnknown(DpyauthError):
    """A call that changes something was sent, and whether Deriv carried it out is not known.

    dpyauth never repeats such a call. Look (statement, portfolio, the Deriv site) before you send it again. A transfer
    that Deriv knows by a ``request_id`` has been looked up by it, in vain: the text says how to do that later.

    Attributes
    ----------
    request_id : str or None
        By which Deriv knows the request, where the call has one.
    """

    must_be_told = True

    def __init__(self, message: str, *, call: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message, call=call)
        self.request_id = request_id


class NotCarriedOut(DpyauthError):
    """A call that moves money was sent, its answer was lost, and Deriv does not know of the request afterwards.

    Most likely it was not carried out. Sent again with the same ``request_id`` it is carried out once at most; without
    it, it would be another transfer.

    Attributes
    ----------
    request_id : str or None
        By which Deriv would know the request.
    """

    must_be_told = True

    def __init__(self, message: str, *, call: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message, call=call)
        self.request_id = request_id


class BadReply(DpyauthError):
    """What came back is not a reply of the Deriv API."""


class ApiError(DpyauthError):
    """Deriv answered the call with an error.

    Attributes
    ----------
    code : str
        Deriv's error code, such as ``"InputValidationFailed"``. Branch on this: the text is translated.
    subcode : str
        What Deriv says beside the code about the cause, such as ``"InvalidBarrier"``; empty where it says nothing.
    details : dict
        Deriv's details, where it gives any: for refused input, field -> reason.
    symbols : tuple of str
        Those that were asked for, where Deriv says that there is no such symbol.
    """

    symbols: tuple[str, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        call: str | None = None,
        code: str = "",
        subcode: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, call=call)
        self.code = code
        self.subcode = str(scrub(subcode))
        self.details: dict[str, Any] = scrub(dict(details or {}))


class SignInRefused(ApiError):
    """Deriv did not accept the token, the account or the app ID.

    Attributes
    ----------
    about : str
        What it did not accept, where an answer over HTTP tells: ``"token"``, ``"app ID"``, or ``"token or app ID"``
        where it can be either; else empty.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str | None = None,
        code: str = "",
        subcode: str = "",
        details: Mapping[str, Any] | None = None,
        about: str = "",
    ) -> None:
        super().__init__(message, call=call, code=code, subcode=subcode, details=details)
        self.about = about


class PermissionDenied(ApiError):
    """The token lacks the scope for this call."""


class InputRefused(ApiError):
    """Deriv does not take a field or value of the request."""


class RateLimited(ApiError):
    """Too many calls of one kind; wait a little."""


class KeepingFailed(DpyauthError):
    """A remembered credential could not be stored, read or removed."""


class NestingRefused(DpyauthError):
    """Nested event loops cannot be had safely in this kernel."""


if not TYPE_CHECKING:  # a type checker would take every name for right

    def __getattr__(name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        known = [each for each, kind in globals().items() if _is_error(kind)]
        raise UnknownName.of(f"The module {__name__}", name, known)

    def _is_error(kind: object) -> bool:
        return isinstance(kind, type) and issubclass(kind, DpyauthError)
