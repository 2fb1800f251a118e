"""Every error of dpyauth, in one tree.

    DpyauthError
    ├── NoCredential            no credential found, and no user to ask for one
    ├── NotSignedIn             a call before the sign-in
    ├── SessionClosed           a call after close(), or after login() opened another session
    ├── InvalidCredential       a text that is not a usable token, or a token of Deriv's other API
    ├── RedirectRefused         the browser sign-in was refused, or the pasted address is not from one; has .code
    ├── ListenerFailed          the browser sign-in cannot return by itself here: paste its address instead
    ├── InvalidSetting          an app ID, address or language that is not valid
    ├── InvalidRequest          a call, field or value that cannot be sent
    │   ├── NotInThisApi        a call that exists only in Deriv's other API; has .api, .nearest
    │   └── InvalidArgument     a missing or unknown argument, or one of the wrong kind; also a TypeError
    ├── UnknownName             an attribute that does not exist, with the nearest one; also an AttributeError
    ├── MissingScope            the token lacks a scope that the call needs
    ├── ConnectionFailed        no connection to Deriv
    │   ├── ApiUnavailable      Deriv's servers of this API refuse every connection, as if it were off; has .api
    │   └── ConnectionLost      the connection was lost, and the call with it
    ├── CallTimeout             no reply in time
    ├── OutcomeUnknown          a call that changes something was sent, its outcome is unknown; has .request_id
    ├── NotCarriedOut           the reply to a transfer was lost, and Deriv has no record of it; has .request_id
    ├── BadReply                Deriv, or something in between, sent something that is not a reply
    ├── KeepingFailed           a remembered credential could not be stored, read or removed
    ├── NestingRefused          nested event loops are not safe in this kernel
    └── ApiError                Deriv answered with an error; has .code, .subcode, .details, .call
        ├── SignInRefused       Deriv did not accept the token or the app ID
        ├── PermissionDenied    the token lacks the scope
        ├── InputRefused        a field or value that Deriv does not accept
        └── RateLimited         too many calls of one kind

Catch ``DpyauthError`` to catch them all. Each can say its text in the user's language, and has a ``code`` that is the
same in all languages; see there.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from dpyauth import _terminal
from dpyauth._nearest import nearest
from dpyauth._traceback import ShortTraceback
from dpyauth.secret import scrub
from dpyauth.texts.said import Said, in_language

E = TypeVar("E", bound="DpyauthError")


class DpyauthError(ShortTraceback):
    """Base of every error that dpyauth raises on purpose.

    Its text never repeats a secret of this process, even if a server repeats one that belongs to another call.

    Attributes
    ----------
    call : str or None
        Name of the call at Deriv that the error is about.
    code : str
        Code of what has happened, the same in every language: Deriv's own if Deriv answered with an error, else one of
        dpyauth's, such as ``"unencrypted"``. Empty if it has none. Panels show it beside a translated text.
    """

    def __init__(self, message: str, *, call: str | None = None) -> None:
        super().__init__(scrub(message))
        self.call = call
        self.code = message.key if isinstance(message, Said) else ""

    def __str__(self) -> str:
        # `print(error)` must work even if the encoding of the output lacks a character.
        return _terminal.writable(super().__str__(), sys.stdout)

    @property
    def text(self) -> str:
        """Text without the notes; `in_language` of `dpyauth.texts.said` translates it, as far as it can be."""
        return self.args[0] if self.args else ""

    def add_note(self, note: str, /) -> None:
        """Add a line that is shown after the message."""
        super().add_note(scrub(note))

    def in_language(self, language: str) -> str:
        """Return the text and its notes in a language, as far as they are translated; else in English.

        Parameters
        ----------
        language : str
            Tag of the language, such as ``session.language``.

        Returns
        -------
        str
            The text. Deriv's own words within it stay in the language in which Deriv sent them.

        Examples
        --------
        >>> import dpyauth
        >>> try:
        ...     dpyauth.login("", ask=False)
        ... except dpyauth.errors.DpyauthError as error:
        ...     translated = error.in_language("es")
        """
        return " ".join(in_language(text, language) for text in (*self.args[:1], *getattr(self, "__notes__", ())))

    def copy(self, call: str | None = None) -> Self:
        """Return a copy without a traceback. Raise the copy: an error raised twice collects both tracebacks."""
        copied = _rebuild(type(self), self.args[0] if self.args else "", dict(self.__dict__))
        copied.call = call or self.call
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own pickling would lose the keyword-only arguments, such as `code`.
        return _rebuild, (type(self), self.args[0] if self.args else "", dict(self.__dict__))


def _rebuild(kind: type[E], message: str, state: dict[str, Any]) -> E:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class NoCredential(DpyauthError):
    """No credential was found, and there is no user to ask for one."""


class NotSignedIn(DpyauthError):
    """The session has not signed in yet, or Deriv has ended the sign-in."""


class SessionClosed(DpyauthError):
    """The session was closed."""


class InvalidCredential(DpyauthError):
    """The text cannot be a token of the chosen API, so nothing was sent."""


class RedirectRefused(DpyauthError):
    """The browser sign-in ended without access.

    Attributes
    ----------
    code : str
        Reason: Deriv's own word, such as ``"access_denied"``, or one of ``"not_a_redirect"``, ``"unreadable"``,
        ``"state_missing"``, ``"state_mismatch"`` (from another sign-in), ``"damaged"`` (an account or a token is not
        valid), ``"used"``, ``"expired"`` and ``"redirect_url"`` (the redirect URL itself is not valid).
    """

    def __init__(self, message: str, *, call: str | None = None, code: str = "") -> None:
        super().__init__(message, call=call)
        self.code = code or self.code


class ListenerFailed(DpyauthError):
    """The browser sign-in could not return by itself; you can still paste its address."""


class InvalidSetting(DpyauthError):
    """An app ID, address, language, time-out or folder is not valid.

    Attributes
    ----------
    field : str or None
        Name of the wrong setting, such as ``"app_id"``, if the sign-in asks for it.
    """

    def __init__(self, message: str, *, call: str | None = None, field: str | None = None) -> None:
        super().__init__(message, call=call)
        self.field = field


class InvalidRequest(DpyauthError):
    """The request is not valid, so it was not sent.

    Attributes
    ----------
    field : str or None
        Name of the wrong field.
    """

    def __init__(self, message: str, *, call: str | None = None, field: str | None = None) -> None:
        super().__init__(message, call=call)
        self.field = field


BY_NAME = frozenset({"call", "frame", "stream"})
"""Methods that take the name of a call."""


class NotInThisApi(InvalidRequest):
    """The call exists only in Deriv's other API; nothing was sent.

    Attributes
    ----------
    api : str
        API of the session, ``"v3"`` or ``"options"``.
    nearest : str or None
        Closest equivalent in that API, if there is one. The text may name a method of the session as well.
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
        """Return an error whose text contains the code that was typed.

        ``form`` may have the fields ``{typed}``, ``{face}``, ``{verb}`` and ``{also}``.
        """
        error = cls("", call=call, **more)
        error._form = form
        error.typed("session")
        return error

    def typed(self, face: str, method: str = "") -> None:
        """Complete the text with the code that was typed.

        That is a method of ``face``, such as ``session.aio``, or else the name of the call. A method in `BY_NAME` is
        shown with the name of the call as its argument.
        """
        name, verb = f'"{self.call}"' if method in BY_NAME else "", "frame" if method == "frame" else "call"
        typed = f"{face}.{method}({name})" if method else repr(self.call)
        also = f' or {face}.{verb}("{self.nearest}")' if name and self.nearest else ""
        if self._form:
            self.args = (self._form.format(typed=typed, face=face, verb=verb, also=also),)


class InvalidArgument(InvalidRequest, InvalidSetting, TypeError):
    """An argument is missing, unknown, given twice or of the wrong kind; nothing was sent.

    It can be caught as `InvalidRequest`, as `InvalidSetting`, and as Python's own ``TypeError``.
    """


class UnknownName(DpyauthError, AttributeError):
    """An attribute does not exist; the text suggests the closest name. It is also an ``AttributeError``."""

    def __init__(self, message: str, *, call: str | None = None) -> None:
        super().__init__(message, call=call)
        # Without an object, Python does not add a "Did you mean" of its own to ours.
        AttributeError.__init__(self, *self.args, obj=None)

    @classmethod
    def of(cls, owner: str, name: str, known: Collection[str], instead: str = "") -> Self:
        """Return the error for a name that does not exist.

        Parameters
        ----------
        owner : str
            Subject of the sentence, such as ``"A session"``.
        name : str
            Name that was asked for.
        known : collection of str
            Names that exist.
        instead : str
            Sentence that says what to use instead.
        """
        near = "" if instead else nearest(name, known)
        hint = f"Did you mean {near!r}?" if near else instead or f"It has: {', '.join(sorted(known))}."
        return cls(f"{owner} has no {name!r}. {hint}")


class MissingScope(DpyauthError):
    """The call needs a scope that the signed-in token does not have; nothing was sent.

    Attributes
    ----------
    scopes : tuple of str
        Scopes, one of which the call needs.
    """

    def __init__(self, message: str, *, call: str | None = None, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message, call=call)
        self.scopes = scopes


class ConnectionFailed(DpyauthError):
    """No connection to Deriv could be made.

    Attributes
    ----------
    status : int or None
        HTTP status with which Deriv refused the connection, if it did.
    """

    def __init__(self, message: str, *, call: str | None = None, status: int | None = None) -> None:
        super().__init__(message, call=call)
        self.status = status


class ApiUnavailable(ConnectionFailed):
    """The servers of an API that Deriv is retiring refuse the connection, as if the API were switched off.

    Attributes
    ----------
    api : str
        Name of the API, such as ``"v3"``.
    """

    def __init__(self, message: str, *, call: str | None = None, api: str = "") -> None:
        super().__init__(message, call=call)
        self.api = api


class ConnectionLost(ConnectionFailed):
    """The connection was lost before the call was sent or answered."""


class CallTimeout(DpyauthError):
    """No reply came in time."""


class OutcomeUnknown(DpyauthError):
    """A call that changes something was sent, and it is not known whether Deriv carried it out.

    dpyauth never repeats such a call. Check the statement, the portfolio or Deriv's site before you send it again. If
    a transfer has a ``request_id``, dpyauth has looked it up by that ID without success; the text says how to look it
    up later.

    Attributes
    ----------
    request_id : str or None
        ID by which Deriv knows the request, if the call has one.
    """

    must_be_told = True

    def __init__(self, message: str, *, call: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message, call=call)
        self.request_id = request_id


class NotCarriedOut(DpyauthError):
    """A call that moves money was sent, its reply was lost, and Deriv has no record of the request.

    Most likely it was not carried out. If you send it again with the same ``request_id``, it is carried out at most
    once; without it, it would be another transfer.

    Attributes
    ----------
    request_id : str or None
        ID by which Deriv would know the request.
    """

    must_be_told = True

    def __init__(self, message: str, *, call: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message, call=call)
        self.request_id = request_id


class BadReply(DpyauthError):
    """The text that was received is not a reply of the Deriv API."""


class ApiError(DpyauthError):
    """Deriv answered the call with an error.

    Attributes
    ----------
    code : str
        Deriv's error code, such as ``"InputValidationFailed"``. Branch on this: the text is translated.
    subcode : str
        Cause in more detail, such as ``"InvalidBarrier"``; empty if Deriv gives none.
    details : dict
        Deriv's details, if it gives any: for refused input, field -> reason.
    symbols : tuple of str
        Symbols in the request, if Deriv does not know one of them.
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
        self.code = code or self.code
        self.subcode = str(scrub(subcode))
        self.details: dict[str, Any] = scrub(dict(details or {}))


class SignInRefused(ApiError):
    """Deriv did not accept the token, the account or the app ID.

    Attributes
    ----------
    about : str
        Part that was not accepted, if a reply over HTTP says so: ``"token"``, ``"app ID"``, or ``"token or app ID"``
        if it can be either; otherwise empty.
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
    """Deriv does not accept a field or value of the request."""


class RateLimited(ApiError):
    """Too many calls of one kind; wait a little."""


class KeepingFailed(DpyauthError):
    """A remembered credential could not be stored, read or removed."""


class NestingRefused(DpyauthError):
    """Nested event loops are not safe in this kernel."""


if not TYPE_CHECKING:  # with a `__getattr__`, a type checker would accept every name

    def __getattr__(name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        known = [each for each, kind in globals().items() if _is_error(kind)]
        raise UnknownName.of(f"The module {__name__}", name, known)

    def _is_error(kind: object) -> bool:
        return isinstance(kind, type) and issubclass(kind, DpyauthError)
