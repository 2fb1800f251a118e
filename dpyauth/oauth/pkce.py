"""Browser sign-in of Deriv's options API: make the address to open, read the code that comes back. No I/O.

This is OAuth 2.0's authorization code with PKCE. The browser goes to Deriv with the hash of a verifier, and comes
back to the app's redirect URL with ``?code=…&state=…``; `dpyauth.oauth.tokens` exchanges code and verifier for tokens.

The address that comes back gets from the browser into the kernel in one of these ways, the surest first:

1. Paste. The user copies the text of the address bar. This works wherever the kernel runs, with any https
   address that was registered, even one where no page is. A code that is seen on the way is of no use: it counts
   once, for minutes, and only with the verifier, which never leaves the kernel but for Deriv.
2. The callback page of the Jupyter server (`dpyauth.jupyter`), where that has an https address that stays the same,
   as on a JupyterHub, and this very address is registered.
3. The listener on this machine (`dpyauth.oauth.listener`). Deriv asks for https, and reports differ on whether it
   lets http://localhost be registered: only for those whose app has it.

Deriv compares the redirect URL with the registered one letter by letter, so it is sent as it was given.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from oauthlib.oauth2 import WebApplicationClient

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidSetting, RedirectRefused
from dpyauth.oauth.implicit import LONGEST, MOST_FIELDS, damaged, derivs_own, new_state, plain_host, refused
from dpyauth.registry import APIS
from dpyauth.settings import is_loopback, settings

HOST = APIS["options"].auth_host
"""Address of Deriv's sign-in pages."""

LIFETIME = 600.0
"""Seconds that a sign-in may take from beginning to end, the same as on Deriv's own pages."""

_VERIFIER_LENGTH = 64  # characters; 43 to 128 are allowed
_FIELDS = frozenset({"code", "state", "error", "error_description"})
_CODE = re.compile(r"[\x21-\x7e]{1,4096}")
_SCOPE = re.compile(r"[\w.:/\-]{1,64}", re.ASCII)

_TEXTS: Final = {
    "not_a_redirect": "This is not the address that the browser sign-in ends at. When you have agreed to let the app "
    "in, the browser goes to the app's redirect URL, where there may well be no page: copy the whole text of the "
    "address bar there. The code alone is not enough, because it does not say which sign-in it belongs to.",
    "state_missing": "What came back does not say which sign-in it belongs to, so it was not taken. Copy the whole "
    "text of the browser's address bar. If the page there speaks of an error, compare the app ID and the redirect URL "
    "with those of the app's registration at Deriv.",
    "used": "This sign-in is over: what comes back from the browser counts once. Start the sign-in again.",
    "expired": f"This sign-in was begun more than {LIFETIME / 60:.0f} minutes ago, which is too long. Start it again.",
}


@dataclass(frozen=True, slots=True)
class Code:
    """Authorization code, and what else it takes to exchange it; good for one attempt."""

    value: Secret
    verifier: Secret
    client_id: str
    redirect_uri: str
    host: str


class CodeSignIn:
    """Browser sign-in, from the address to open to the code that comes back.

    Parameters
    ----------
    client_id : str
        The app ID of an app that signs in with OAuth, as developers.deriv.com shows it.
    redirect_uri : str
        The app's redirect URL, exactly as registered.
    scopes : collection of str
        What to ask for, such as ``["trade"]``: scopes that the app's registration has. A token gains none later.
    host : str, optional
        Another address of the sign-in pages, such as the sandbox's.
    language : str, optional
        The language of the pages, such as ``"EN"``. Not documented by Deriv; its own apps send it.
    clock : callable, optional
        Seconds, for the time limit.

    Attributes
    ----------
    url : str
        The address to open in a browser. Holds the state and the hash of the verifier, and no secret of any use.
    state : Secret
        Random text that ties the redirect to this sign-in.

    Raises
    ------
    InvalidSetting
        An argument cannot be right; the text says which.

    Examples
    --------
    >>> from dpyauth.oauth.pkce import CodeSignIn
    >>> sign_in = CodeSignIn("myapp1234", "https://me.example/back", ["trade"])
    >>> sign_in.url.partition("&redirect_uri=")[0]
    'https://auth.deriv.com/oauth2/auth?response_type=code&client_id=myapp1234'
    >>> code = sign_in.accept(f"https://me.example/back?code=abc&state={sign_in.state.reveal()}")
    >>> code.value, code.redirect_uri
    (<secret>, 'https://me.example/back')
    """

    def __init__(
        self,
        client_id: str,
        redirect_uri: str,
        scopes: Collection[str],
        *,
        host: str = HOST,
        language: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        checked = settings(client_id or None, language=language or "EN", api="options")
        if checked.app_id is None:
            raise InvalidSetting(
                "To sign in with the browser you need an app ID of your own, of an app that signs in with OAuth. "
                f"Register one at {APIS['options'].pages.apps}",
                field="app_id",
            )
        self._client_id = checked.app_id
        self._redirect_uri = _redirect_uri(redirect_uri)
        self._host = plain_host(host)
        self._clock = clock
        self._ends = clock() + LIFETIME
        self._lock = threading.Lock()  # the listener and a person who pastes may come at the same time
        self._over = ""
        self.state = new_state()
        client = WebApplicationClient(self._client_id)
        self._verifier: Secret | None = Secret(client.create_code_verifier(_VERIFIER_LENGTH))
        scheme, _, place = self._host.partition("://")
        url = client.prepare_request_uri(
            f"https://{place}/oauth2/auth",  # oauthlib takes no http, not even on this machine
            redirect_uri=self._redirect_uri,
            scope=_scopes(scopes),
            state=self.state.reveal(),
            code_challenge=client.create_code_challenge(self._verifier.reveal(), "S256"),
            code_challenge_method="S256",
            lang=checked.language if language else None,
        )
        self.url = f"{scheme}{url.removeprefix('https')}"

    def accept(self, address: str | Secret) -> Code:
        """Read the address that the browser came back to; may be called from any thread.

        Only the state decides whether it belongs to this sign-in, wherever it came from. Where the address leads is not
        compared with the redirect URL: proxies, hubs and browsers rewrite addresses, and who knows the state gains
        nothing by another one, since Deriv gives the code's tokens only for this verifier and redirect URL.

        Parameters
        ----------
        address : str or Secret
            The whole address, or only its query or fragment.

        Returns
        -------
        Code
            For `dpyauth.oauth.tokens.exchange`.

        Raises
        ------
        RedirectRefused
            The text says what is wrong and what to do, and never repeats the address. After ``"used"``, ``"expired"``
            and Deriv's own refusals this sign-in is over; after the others the right address is still taken.
        """
        address = address if isinstance(address, Secret) else Secret(address)
        with self._lock:
            found = self._take(address)
        if isinstance(found, RedirectRefused):
            # Raised here, where no variable holds a piece of the address: tracebacks can show variables.
            raise found
        return found

    def _take(self, address: Secret) -> Code | RedirectRefused:
        if self._verifier is not None and self._clock() >= self._ends:
            self._over, self._verifier = "expired", None
        if self._verifier is None:
            return _ours(self._over)
        fields = _fields(address.reveal())
        if isinstance(fields, RedirectRefused):
            return fields
        came = Secret(fields.pop("state", ""))
        if not fields:
            return _ours("not_a_redirect")
        if not came.reveal():
            return _ours("state_missing")
        if came != self.state:
            return refused("state_mismatch")
        code = Secret(fields.get("code", ""))
        denied = "error" in fields or "error_description" in fields
        if not denied and not _CODE.fullmatch(code.reveal()):
            return damaged("the code cannot be right")
        verifier, self._over, self._verifier = self._verifier, "used", None
        if denied:
            if fields.get("error", "").lower() in _TEXTS:
                fields["error"] = ""  # only this class can tell those of an address
            return derivs_own(fields, [came, code])
        return Code(code, verifier, self._client_id, self._redirect_uri, self._host)


def _fields(text: str) -> dict[str, str] | RedirectRefused:
    """Return the fields of a URL's query and fragment that belong to a sign-in."""
    if len(text) > LONGEST:
        return damaged("it is far too long", "unreadable")
    parts = re.sub("[?#]", "&", text.strip().strip("'\"<>"))
    try:
        pairs = parse_qsl(parts, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return damaged("it says far too many things", "unreadable")
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            return damaged(f"it says more than once what the {name.replace('_', ' ')} is", "unreadable")
        if name in _FIELDS:
            fields[name] = value
    return fields


def _redirect_uri(given: str) -> str:
    text = given.strip()
    try:
        parts = urlsplit(text)
        name = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, name = urlsplit(""), ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(name))
    if not name or not secure or "@" in parts.netloc or not re.fullmatch(r"[\x21-\x7e]+", text) or "#" in text:
        # What was given is not repeated: it may be a pasted address with a code in it.
        raise InvalidSetting(
            "The redirect URL must be the one registered for the app, letter by letter: an https:// address (http:// "
            "only on this machine) without a '#'.",
            field="redirect_url",
        )
    return text


def _scopes(given: Collection[str]) -> str:
    words = given.split() if isinstance(given, str) else list(given)
    if not words or not all(isinstance(word, str) and _SCOPE.fullmatch(word) for word in words):
        raise InvalidSetting(
            "Name at least one scope to ask for, such as 'trade'; the app's registration at Deriv lists those it may."
        )
    return " ".join(words)


def _ours(code: str) -> RedirectRefused:
    return RedirectRefused(_TEXTS[code], code=code)
