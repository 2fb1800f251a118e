"""Browser sign-in of Deriv's options API: build the address to open, and read the code of the redirect. No I/O.

This is the authorization code flow of OAuth 2.0 with PKCE. The browser goes to Deriv with the hash of a verifier, and
comes back to the app's redirect URL with ``?code=…&state=…``; `dpyauth.oauth.tokens` exchanges code and verifier for
tokens.

The address of the redirect gets from the browser to the kernel in one of these ways, the most reliable first:

1. Paste. The user copies the text of the address bar. This works wherever the kernel runs, with any https address that
   was registered, even if there is no page. A code that others see on the way is useless to them: it works once, for
   minutes, and only with the verifier, which the kernel sends to Deriv only.
2. The callback page of the Jupyter server (`dpyauth.jupyter`), if the server has a permanent https address, as on a
   JupyterHub, and exactly this address is registered.
3. The listener on this machine (`dpyauth.oauth.listener`). Deriv asks for https, and reports differ on whether it
   accepts http://localhost: this is only for users whose app has such a redirect URL.

Deriv compares the redirect URL with the registered one character by character, so it is sent exactly as it was given.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from oauthlib.oauth2 import WebApplicationClient

from dpyauth.credentials import Secret
from dpyauth.errors import InvalidSetting, RedirectRefused
from dpyauth.oauth.implicit import LONGEST, MOST_FIELDS, damaged, derivs_own, new_state, plain_host, refused
from dpyauth.registry import APIS
from dpyauth.settings import is_loopback, settings
from dpyauth.texts.said import said

HOST = APIS["options"].auth_host
"""Address of Deriv's sign-in pages."""

LIFETIME = 600.0
"""Longest time for a sign-in from beginning to end, in seconds; the same as on Deriv's own pages."""

_VERIFIER_LENGTH = 64  # characters; 43 to 128 are allowed
_FIELDS = frozenset({"code", "state", "error", "error_description"})
_CODE = re.compile(r"[\x21-\x7e]{1,4096}")
_SCOPE = re.compile(r"[\w.:/\-]{1,64}", re.ASCII)

_OVER = frozenset({"used", "expired"})
"""Codes of `RedirectRefused` for a sign-in that has ended."""


@dataclass(frozen=True, slots=True)
class Code:
    """Authorization code, with everything that is needed to exchange it. It works once."""

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
        App ID of an app that signs in with OAuth, as developers.deriv.com shows it.
    redirect_uri : str
        The app's redirect URL, exactly as registered.
    scopes : collection of str
        Scopes to request, such as ``["trade"]``, from those of the app's registration. A token gains no others later.
    host : str, optional
        Another address of the sign-in pages, such as the sandbox's.
    language : str, optional
        Language of the pages, such as ``"EN"``. Deriv does not document this field; its own apps send it.
    clock : callable, optional
        Function that returns the time in seconds, for the time limit.

    Attributes
    ----------
    url : str
        Address to open in a browser. It contains the state and the hash of the verifier, and no usable secret.
    state : Secret
        Random text that ties the redirect to this sign-in.

    Raises
    ------
    InvalidSetting
        An argument is not valid; the text says which.

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
            raise InvalidSetting(said("own_app_id_options", page=APIS["options"].pages.apps), field="app_id")
        self._client_id = checked.app_id
        self._redirect_uri = _redirect_uri(redirect_uri)
        self._host = plain_host(host)
        self._clock = clock
        self._ends = clock() + LIFETIME
        # The listener and a paste may bring the address at the same time. Without the lock both could get the code,
        # and OAuth 2.0 lets a server revoke all tokens of a code that is exchanged twice.
        self._lock = threading.Lock()
        self._over = ""
        self.state = new_state()
        client = WebApplicationClient(self._client_id)
        self._verifier: Secret | None = Secret(client.create_code_verifier(_VERIFIER_LENGTH))
        scheme, _, place = self._host.partition("://")
        url = client.prepare_request_uri(
            f"https://{place}/oauth2/auth",  # oauthlib rejects http, even on this machine
            redirect_uri=self._redirect_uri,
            scope=_scopes(scopes),
            state=self.state.reveal(),
            code_challenge=client.create_code_challenge(self._verifier.reveal(), "S256"),
            code_challenge_method="S256",
            lang=checked.language_at_deriv if language else None,
        )
        self.url = f"{scheme}{url.removeprefix('https')}"

    def accept(self, address: str | Secret) -> Code:
        """Read the address of the redirect; may be called from any thread.

        Only the state decides whether the address belongs to this sign-in. Its host and path are not compared with the
        redirect URL, because proxies, hubs and browsers rewrite addresses. An attacker who knows the state gains
        nothing by another address, since Deriv exchanges the code only for this verifier and redirect URL.

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
            The address cannot be used. The text says why and what to do, and never repeats the address. After
            ``"used"``, ``"expired"`` and Deriv's own refusals this sign-in is over; after the others the right address
            is still accepted.
        """
        address = address if isinstance(address, Secret) else Secret(address)
        with self._lock:
            found = self._take(address)
        if isinstance(found, RedirectRefused):
            # Raised here and not where it was found: some tools show the variables of every frame of a traceback, and
            # this frame holds no part of the address in plain text.
            raise found
        return found

    def _take(self, address: Secret) -> Code | RedirectRefused:
        if self._verifier is not None and self._clock() >= self._ends:
            self._over, self._verifier = "expired", None
        if self._verifier is None:
            return refused(self._over, said(f"sign_in_{self._over}", minutes=f"{LIFETIME / 60:.0f}"))
        fields = _fields(address.reveal())
        if isinstance(fields, RedirectRefused):
            return fields
        # Nothing in the address is believed before its state is checked, an error included: otherwise any page could
        # end the sign-in, or make the user sign in to the account of someone else. `Secret` compares in constant time.
        came = Secret(fields.pop("state", ""))
        if not fields:
            return refused("not_a_redirect", said("not_a_redirect_options"))
        if not came.reveal():
            return refused("state_missing", said("state_missing_options"))
        if came != self.state:
            return refused("state_mismatch", said("state_mismatch"))
        code = Secret(fields.get("code", ""))
        denied = "error" in fields or "error_description" in fields
        if not denied and not _CODE.fullmatch(code.reveal()):
            return damaged(said("address_code"))
        # The verifier leaves with the code. Without it nothing can be exchanged a second time.
        verifier, self._over, self._verifier = self._verifier, "used", None
        if denied:
            if fields.get("error", "").lower() in _OVER:
                fields["error"] = ""  # a verdict of this class, which an address must not be able to claim
            return derivs_own(fields, [came, code])
        return Code(code, verifier, self._client_id, self._redirect_uri, self._host)


def _fields(text: str) -> dict[str, str] | RedirectRefused:
    """Return the fields of a URL's query and fragment that belong to a sign-in."""
    if len(text) > LONGEST:
        return damaged(said("address_long"), "unreadable")
    parts = re.sub("[?#]", "&", text.strip().strip("'\"<>"))
    try:
        pairs = parse_qsl(parts, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return damaged(said("address_fields"), "unreadable")
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            return damaged(said("address_twice", field=name), "unreadable")
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
        # The text does not repeat the URL: it may be a pasted address with a code in it.
        raise InvalidSetting(said("redirect_url"), field="redirect_url")
    return text


def _scopes(given: Collection[str]) -> str:
    words = given.split() if isinstance(given, str) else list(given)
    if not words or not all(isinstance(word, str) and _SCOPE.fullmatch(word) for word in words):
        raise InvalidSetting(said("no_scope"))
    return " ".join(words)
