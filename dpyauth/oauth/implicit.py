"""Browser sign-in of Deriv's v3 API: build the address to open, and read the address of the redirect. No I/O.

Deriv redirects the browser to the URL registered for the app, with a token for every account in the query:
``?acct1=CR1&token1=…&cur1=usd&acct2=…``. There is no code to exchange and nothing to refresh.

So the address itself is the secret: it must not get into a log, an error or the browser's history. And anyone could
send a user an address with the tokens of *another* account, whose money the user would then trade. The state guards
against that: an address that arrives by itself must have the state of the sign-in that was begun.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from urllib.parse import parse_qsl, urlencode, urlsplit

from dpyauth.credentials import Secret, scrub
from dpyauth.errors import InvalidSetting, RedirectRefused
from dpyauth.registry import APIS
from dpyauth.settings import is_loopback, settings
from dpyauth.texts.said import Said, joined, said

HOST = APIS["v3"].auth_host
"""Address of Deriv's sign-in pages."""

FOREIGN = frozenset({"not_a_redirect", "unreadable", "state_missing", "state_mismatch"})
"""Codes of `RedirectRefused` for an address that is not, or not provably, the result of this sign-in.

The sign-in goes on waiting after these. If they ended it, any page that the browser visits could do so."""

LONGEST = 65_536  # characters; a redirect with the 25 accounts that Deriv allows has about 5,000
MOST_FIELDS = 500
_FIELD = re.compile(r"(?P<kind>acct|token|cur)r?(?P<number>[1-9][0-9]{0,3})|state|error|error_description")
_TOKEN = re.compile(r"[\w\-]{1,128}", re.ASCII)
_LOGINID = re.compile(r"[A-Z]{1,16}[0-9]{1,16}")
_CURRENCY = re.compile(r"[A-Z0-9]{0,16}")


@dataclass(frozen=True, slots=True)
class Grant:
    """Access to one account."""

    loginid: str
    token: Secret
    currency: str
    """Currency in capitals; empty if Deriv did not state it."""


def new_state() -> Secret:
    """Return a random state, which ties the redirect to the sign-in that was started."""
    return Secret(secrets.token_urlsafe(24))


def authorize_url(
    app_id: object,
    *,
    host: str = HOST,
    language: str = "EN",
    brand: str | None = None,
    affiliate_token: str | None = None,
    state: Secret,
) -> str:
    """Return the address of the sign-in page, for the user to open in a browser.

    Parameters
    ----------
    app_id : int or str
        ID of your app, registered at Deriv with a redirect URL. The redirect URL of 1089 is not yours.
    host : str, optional
        Other sign-in pages, such as ``"https://oauth.binary.com"``, or the sandbox's ``oauth_host``.
    language : str, optional
        Language of the pages.
    brand, affiliate_token : str, optional
        Passed on unchanged.
    state : Secret
        State from `new_state`. Deriv does not promise to send it back.

    Returns
    -------
    str
        An https address, or http on this machine. It contains no token.

    Raises
    ------
    InvalidSetting
        An argument is not valid; the text says which.

    Examples
    --------
    >>> from dpyauth.oauth.implicit import authorize_url, new_state
    >>> authorize_url(12345, state=new_state()).partition("&state=")[0]
    'https://oauth.deriv.com/oauth2/authorize?app_id=12345&l=EN'
    """
    checked, shared = settings(app_id, language=language, api="v3"), APIS["v3"].shared_app_id
    if app_id is None or checked.app_id == shared:
        raise InvalidSetting(said("own_app_id_v3", app_id=shared), field="app_id")
    fields = {
        "app_id": checked.app_id,
        "l": checked.language_at_deriv,
        "brand": brand,
        "affiliate_token": affiliate_token,
        "state": state.reveal(),
    }
    return f"{plain_host(host)}/oauth2/authorize?{urlencode({name: value for name, value in fields.items() if value})}"


def parse(entered: str | Secret, *, state: Secret | None, pasted: bool) -> tuple[Grant, ...]:
    """Read the accounts in the address at which a browser sign-in ended.

    Parameters
    ----------
    entered : str or Secret
        A whole URL, or only its query or fragment.
    state : Secret or None
        State of the sign-in that was started; None if none was.
    pasted : bool
        True if the user has pasted it: then it may come without a state. If it has a state, that must be the right
        one.

    Returns
    -------
    tuple of Grant
        One per account, in Deriv's order; never empty.

    Raises
    ------
    RedirectRefused
        The address cannot be used. The text says why and what to do, and never repeats what was entered.

    Examples
    --------
    >>> from dpyauth.oauth.implicit import parse
    >>> parse("http://localhost/?acct1=cr1&token1=a1-x&cur1=usd", state=None, pasted=True)
    (Grant(loginid='CR1', token=<secret>, currency='USD'),)
    """
    entered = entered if isinstance(entered, Secret) else Secret(entered)
    found = _read(entered, state, pasted)
    if isinstance(found, RedirectRefused):
        # Raised here and not where it was found: some tools show the variables of every frame of a traceback, and
        # this frame holds no part of the address in plain text.
        raise found
    return found


def plain_host(given: str) -> str:
    """Return the address of the sign-in pages, checked.

    Raises
    ------
    InvalidSetting
        It is more than a scheme and a host, or it is unencrypted and not on this machine.
    """
    try:
        parts = urlsplit(given.strip())
        name = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, name = urlsplit(""), ""
    bare = parts.path.rstrip("/") == "" and not parts.query and not parts.fragment
    known = re.fullmatch(r"[\w.\-:\[\]]+", parts.netloc, re.ASCII) and name
    if not bare or not known or parts.scheme not in {"http", "https"}:
        raise InvalidSetting(said("sign_in_address", example=HOST))
    if parts.scheme == "http" and not is_loopback(name):
        raise InvalidSetting(said("sign_in_unencrypted", host=name))
    return f"{parts.scheme}://{parts.netloc}"


def _read(entered: Secret, state: Secret | None, pasted: bool) -> tuple[Grant, ...] | RedirectRefused:
    fields = _fields(entered.reveal())
    if isinstance(fields, RedirectRefused):
        return fields
    came = Secret(fields.pop("state", ""))
    if not fields:
        return refused("not_a_redirect", said("not_a_redirect_v3"))
    # The state is checked before anything else is believed, an error included: a page that sends the browser here with
    # "error=access_denied" must not be able to end the sign-in. `Secret` compares in constant time.
    if came.reveal() and came != state:
        return refused("state_mismatch", said("state_mismatch"))
    if not came.reveal() and not pasted:
        return refused("state_missing", said("state_missing_v3"))
    if "error" in fields or "error_description" in fields:
        return derivs_own(fields, [came, *(Secret(fields[name]) for name in fields if "token" in name)])
    return _grants(fields)


def _fields(text: str) -> dict[str, str] | RedirectRefused:
    """Return the fields of a URL's query and fragment that belong to a sign-in."""
    if len(text) > LONGEST:
        return damaged(said("address_long"), "unreadable")
    # Read the query, the fragment, or one inside the other: no value that matters contains these characters.
    parts = re.sub("[?#]", "&", text.strip().strip("'\"<>"))
    try:
        pairs = parse_qsl(parts, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return damaged(said("address_fields"), "unreadable")
    fields: dict[str, str] = {}
    for name, value in pairs:
        match = _FIELD.fullmatch(name.strip().lower())
        if match is None:
            continue
        known = f"{match['kind']}{match['number']}" if match["kind"] else match[0]
        # Two addresses pasted together, or one with a field added: neither value can be trusted.
        if fields.setdefault(known, value.strip()) != value.strip():
            return damaged(said("address_two_values", field=known), "unreadable")
    return fields


def _grants(fields: Mapping[str, str]) -> tuple[Grant, ...] | RedirectRefused:
    grants: list[Grant] = []
    for number in count(1):
        loginid, token = fields.get(f"acct{number}"), fields.get(f"token{number}")
        if loginid is None and token is None:
            break
        currency = fields.get(f"cur{number}", "")
        grant = Grant(_capitals(loginid or ""), Secret(token or ""), _capitals(currency))
        if not (_LOGINID.fullmatch(grant.loginid) and _CURRENCY.fullmatch(grant.currency)):
            return damaged(said("address_account", number=str(number)))
        if not _TOKEN.fullmatch(grant.token.reveal()):
            return damaged(said("address_token", number=str(number)))
        grants.append(grant)
    return tuple(grants) or damaged(said("address_no_account"))


def _capitals(text: str) -> str:
    return text.upper() if text.isascii() else text  # upper() makes ASCII of some other letters: "ı" becomes "I"


def derivs_own(fields: Mapping[str, str], private: list[Secret]) -> RedirectRefused:
    """Return the refusal that the address reports, in its own words: Deriv's, or those of a forged address."""
    code = fields.get("error", "").lower()
    # FOREIGN and "damaged" are verdicts of this module, after which a sign-in goes on waiting or asks for the address
    # again. An address must not be able to claim them.
    if not re.fullmatch(r"[a-z_]{1,40}", code) or code in FOREIGN or code == "damaged":
        code = "unknown_error"
    if code == "access_denied":
        return refused(code, said("access_denied"))
    words = harmless(scrub(fields.get("error_description", ""), private))
    ended = (
        said("browser_sign_in_ended_with", error=code, words=words)
        if words
        else said("browser_sign_in_ended", error=code)
    )
    return refused(code, ended)


def harmless(text: str) -> str:
    """Return text from outside in a form that is safe to show: without markup, control characters or tokens."""
    words = "".join(letter if letter.isalnum() or letter in " .,:;'-_()" else " " for letter in text[:1000]).split()
    shown = ["…" if len(word) > 24 or (len(word) > 7 and re.search(r"\d", word)) else word for word in words]
    return " ".join(shown)[:200].rstrip(" .")


def refused(code: str, text: Said) -> RedirectRefused:
    """Return the error with one of the codes of this package, or Deriv's own."""
    return RedirectRefused(text, code=code)


def damaged(what: Said, code: str = "damaged") -> RedirectRefused:
    """Return the error for a damaged address; ``what`` is a sentence that says what is wrong with it."""
    return RedirectRefused(joined(what, said("address_again")), code=code)
