"""Browser sign-in of Deriv's v3 API: make the address to open, read the address that comes back. No I/O.

Deriv sends the browser back to the URL registered for the app, with a token for every account in the
query: ``?acct1=CR1&token1=…&cur1=usd&acct2=…``. There is no code to exchange and nothing to refresh.
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

HOST = APIS["v3"].auth_host
"""Address of Deriv's sign-in pages."""

FOREIGN = frozenset({"not_a_redirect", "unreadable", "state_missing", "state_mismatch"})
"""Codes of `RedirectRefused` for an address that is not (provably) the answer to this sign-in."""

LONGEST = 65_536  # characters; a redirect with the 25 accounts that Deriv allows has about 5,000
MOST_FIELDS = 500
_FIELD = re.compile(r"(?P<kind>acct|token|cur)r?(?P<number>[1-9][0-9]{0,3})|state|error|error_description")
_TOKEN = re.compile(r"[\w\-]{1,128}", re.ASCII)
_LOGINID = re.compile(r"[A-Z]{1,16}[0-9]{1,16}")
_CURRENCY = re.compile(r"[A-Z0-9]{0,16}")

_TEXTS = {
    "not_a_redirect": "This is not the address that the browser sign-in ends at: there is no account in it. When you "
    "have agreed to let the app in, the browser goes to a page that may say it cannot be reached: copy the whole text "
    "of the address bar there.",
    "state_missing": "What came back does not say which sign-in it belongs to, so it was not taken by itself. Copy "
    "the whole text of the browser's address bar and paste it.",
    "state_mismatch": "This address belongs to another sign-in. Start again with the sign-in link, and paste the "
    "address that it ends at.",
    "access_denied": "You did not give the app access to your accounts. Start the sign-in again if you want to.",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """Access to one account."""

    loginid: str
    token: Secret
    currency: str
    """Currency in capitals; empty if Deriv did not say."""


def new_state() -> Secret:
    """Return a random state, which ties the redirect to the sign-in that was begun."""
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
        Your app, registered at Deriv with a redirect URL. 1089 has none that is yours.
    host : str, optional
        Another address of the sign-in pages, such as ``"https://oauth.binary.com"``, or the sandbox's ``oauth_host``.
    language : str, optional
        The language of the pages.
    brand, affiliate_token : str, optional
        Passed on as they are.
    state : Secret
        From `new_state`. Deriv does not promise to send it back.

    Returns
    -------
    str
        An https address, or http on this machine. Holds no token.

    Raises
    ------
    InvalidSetting
        An argument cannot be right; the text says which.

    Examples
    --------
    >>> from dpyauth.oauth.implicit import authorize_url, new_state
    >>> authorize_url(12345, state=new_state()).partition("&state=")[0]
    'https://oauth.deriv.com/oauth2/authorize?app_id=12345&l=EN'
    """
    checked, shared = settings(app_id, language=language, api="v3"), APIS["v3"].shared_app_id
    if app_id is None or checked.app_id == shared:
        raise InvalidSetting(
            "To sign in with the browser you need an app ID of your own, registered at Deriv with a redirect URL. "
            f"The app ID {shared}, which everybody may use, works with API tokens only.",
            field="app_id",
        )
    fields = {
        "app_id": checked.app_id,
        "l": checked.language,
        "brand": brand,
        "affiliate_token": affiliate_token,
        "state": state.reveal(),
    }
    return f"{plain_host(host)}/oauth2/authorize?{urlencode({name: value for name, value in fields.items() if value})}"


def parse(entered: str | Secret, *, state: Secret | None, pasted: bool) -> tuple[Grant, ...]:
    """Read the accounts in the address that a browser sign-in ended at.

    Parameters
    ----------
    entered : str or Secret
        A whole URL, or only its query or fragment.
    state : Secret or None
        State of the sign-in that was begun; None if none was.
    pasted : bool
        True if the user has pasted it: then it may come without a state. A state that is there must be the right one.

    Returns
    -------
    tuple of Grant
        One per account, in Deriv's order; never empty.

    Raises
    ------
    RedirectRefused
        The text says what is wrong and what to do, and never repeats what was entered.

    Examples
    --------
    >>> from dpyauth.oauth.implicit import parse
    >>> parse("http://localhost/?acct1=cr1&token1=a1-x&cur1=usd", state=None, pasted=True)
    (Grant(loginid='CR1', token=<secret>, currency='USD'),)
    """
    entered = entered if isinstance(entered, Secret) else Secret(entered)
    found = _read(entered, state, pasted)
    if isinstance(found, RedirectRefused):
        # Raised here, where no variable holds a piece of what was entered: tracebacks can show variables.
        raise found
    return found


def plain_host(given: str) -> str:
    """Return the address of the sign-in pages, checked: scheme and host alone, and https unless it is this machine."""
    try:
        parts = urlsplit(given.strip())
        name = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, name = urlsplit(""), ""
    bare = parts.path.rstrip("/") == "" and not parts.query and not parts.fragment
    known = re.fullmatch(r"[\w.\-:\[\]]+", parts.netloc, re.ASCII) and name
    if not bare or not known or parts.scheme not in {"http", "https"}:
        raise InvalidSetting(f"The place of the sign-in pages must be an address like {HOST}, with nothing after it.")
    if parts.scheme == "http" and not is_loopback(name):
        raise InvalidSetting(f"Tokens must not travel unencrypted: use https:// instead of http:// for {name}.")
    return f"{parts.scheme}://{parts.netloc}"


def _read(entered: Secret, state: Secret | None, pasted: bool) -> tuple[Grant, ...] | RedirectRefused:
    fields = _fields(entered.reveal())
    if isinstance(fields, RedirectRefused):
        return fields
    came = Secret(fields.pop("state", ""))
    if not fields:
        return refused("not_a_redirect")
    if came.reveal() and came != state:
        return refused("state_mismatch")
    if not came.reveal() and not pasted:
        return refused("state_missing")
    if "error" in fields or "error_description" in fields:
        return derivs_own(fields, [came, *(Secret(fields[name]) for name in fields if "token" in name)])
    return _grants(fields)


def _fields(text: str) -> dict[str, str] | RedirectRefused:
    """Return the fields of a URL's query and fragment that belong to a sign-in."""
    if len(text) > LONGEST:
        return damaged("it is far too long", "unreadable")
    # Query or fragment, or one in the other: no value that matters has these characters in it.
    parts = re.sub("[?#]", "&", text.strip().strip("'\"<>"))
    try:
        pairs = parse_qsl(parts, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return damaged("it says far too many things", "unreadable")
    fields: dict[str, str] = {}
    for name, value in pairs:
        match = _FIELD.fullmatch(name.strip().lower())
        if match is None:
            continue
        known = f"{match['kind']}{match['number']}" if match["kind"] else match[0]
        if fields.setdefault(known, value.strip()) != value.strip():
            return damaged(f"it says two different things of {known}", "unreadable")
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
            return damaged(f"the login ID or the currency of account {number} cannot be right")
        if not _TOKEN.fullmatch(grant.token.reveal()):
            return damaged(f"the token of account {number} cannot be right")
        grants.append(grant)
    return tuple(grants) or damaged("the first account is missing")


def _capitals(text: str) -> str:
    return text.upper() if text.isascii() else text  # capitals of other letters may be ASCII: "ı" becomes "I"


def derivs_own(fields: Mapping[str, str], private: list[Secret]) -> RedirectRefused:
    """Return the refusal that the address reports, in the words of Deriv or of the address's author."""
    code = fields.get("error", "").lower()
    if not re.fullmatch(r"[a-z_]{1,40}", code) or code in FOREIGN or code == "damaged":
        code = "unknown_error"  # only this module can tell those of an address
    if code in _TEXTS:
        return refused(code)
    said = harmless(scrub(fields.get("error_description", ""), private))
    return RedirectRefused(
        f"The browser sign-in ended with {code}{said and ': ' + said}. Start it again; if that does not help, look at "
        "the app's registration at Deriv.",
        code=code,
    )


def harmless(text: str) -> str:
    """Make text from outside safe to show: without markup, control characters, or anything like a token."""
    words = "".join(letter if letter.isalnum() or letter in " .,:;'-_()" else " " for letter in text[:1000]).split()
    shown = ["…" if len(word) > 24 or (len(word) > 7 and re.search(r"\d", word)) else word for word in words]
    return " ".join(shown)[:200].rstrip(" .")


def refused(code: str) -> RedirectRefused:
    """Return the error for a redirect that is refused for this reason."""
    return RedirectRefused(_TEXTS[code], code=code)


def damaged(what: str, code: str = "damaged") -> RedirectRefused:
    """Return the error for an address that cannot be read."""
    return RedirectRefused(
        f"The address is damaged: {what}. Copy the whole text of the browser's address bar again, or start the sign-in "
        "again.",
        code=code,
    )
