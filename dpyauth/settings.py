"""Settings of a connection to Deriv: server, app ID, language."""

from __future__ import annotations

import ipaddress
import operator
from typing import NamedTuple
from urllib.parse import urlsplit

from dpyauth._pasted import bare
from dpyauth.arguments.words import UNSHOWN, UNSHOWN_NUMBER, shown
from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS, DEFAULT, ApiFacts, by_app_id, by_server
from dpyauth.texts.languages import ENGLISH, from_environment, tag
from dpyauth.texts.said import Said, joined, said


class Settings(NamedTuple):
    """Settings of a connection, already checked."""

    app_id: str | None = APIS[DEFAULT].shared_app_id
    server: str = APIS[DEFAULT].server
    language: str = ENGLISH
    """Tag of the language of all texts."""
    api: str = DEFAULT

    @property
    def host(self) -> str:
        """Host name of the server, for display."""
        return urlsplit(self.server).netloc

    @property
    def language_at_deriv(self) -> str:
        """Deriv's code for the language, such as ``"ES"``: two letters, and for Chinese also the form of its script."""
        language, *rest = self.language.split("-")
        if language == "zh":
            return "ZH_TW" if {"Hant", "TW", "HK", "MO"} & {*rest} and "Hans" not in rest else "ZH_CN"
        return language.upper() if len(language) == 2 else ENGLISH.upper()  # Deriv refuses a code of another form

    @property
    def loopback(self) -> bool:
        """True if the server runs on this machine."""
        return is_loopback(urlsplit(self.server).hostname or "")


def settings(
    app_id: object = None, server: str | None = None, language: str | None = None, api: str | None = None
) -> Settings:
    """Return settings from what the user passed.

    Without an API, use the server's, or the default one; without a language, the environment's.

    Raises
    ------
    InvalidSetting
        A setting is not valid; the text says which, and what it must be.
    """
    facts = known(api if api is not None else (server and by_server(server)) or DEFAULT)
    return Settings(
        app_id=facts.shared_app_id if app_id is None else _app_id(app_id, facts),
        server=facts.server if server is None else _server(server, facts),
        language=language_of(language),
        api=facts.name,
    )


def known(api: str) -> ApiFacts:
    """Return the facts of an API; raise InvalidSetting if there is no API of this name."""
    if api not in APIS:
        wrong = said("no_such_api", apis=", ".join(map(repr, APIS)))
        raise InvalidSetting(joined(wrong, _given(api)), field="api")
    return APIS[api]


def is_loopback(host: str) -> bool:
    """Return True if a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _app_id(given: object, facts: ApiFacts) -> str:
    """Return an app ID in the form that Deriv uses."""
    text = "" if isinstance(given, bool) else bare(given) if isinstance(given, str) else _digits(given)
    if facts.app_id.fullmatch(text):
        return text.lstrip("0") if text.isdecimal() else text
    other = by_app_id(text)
    wrong = joined(
        said(f"app_id_{facts.name}"),
        _given(given),
        said("app_id_of_other_api", api=APIS[other].title) if other else "",
        said("app_id_shared", app_id=facts.shared_app_id) if facts.shared_app_id else "",
        said("app_id_where", page=facts.pages.apps),
    )
    raise InvalidSetting(wrong, field="app_id")


def _digits(given: object) -> str:
    try:
        return str(operator.index(given))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""


def _server(given: str, facts: ApiFacts) -> str:
    try:
        parts = urlsplit(given.strip())
        host = parts.hostname or ""
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError:
        parts, host = urlsplit(""), ""
    plain, secure = facts.plain, facts.secure
    if parts.scheme not in {plain, secure} or not host or "@" in parts.netloc or parts.query or parts.fragment:
        # The text does not repeat the address: it may be a pasted link with a token in it.
        raise InvalidSetting(said("server_address", example=facts.server), field="server")
    if parts.scheme == plain and not is_loopback(host):
        raise InvalidSetting(said("unencrypted", secure=secure, plain=plain, host=host))
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _given(given: object) -> Said | str:
    """Return a sentence about what the user passed; empty if it is long, and may be a token in the wrong field."""
    if not isinstance(given, str | int | float | None):
        return said("given_type", type=type(given).__name__)
    text = shown(given)
    return "" if text in (UNSHOWN, UNSHOWN_NUMBER) else said("given", given=text)


def language_of(given: object) -> str:
    """Return the tag of the language that the user passed; that of the environment if it is None."""
    if given is None:
        return from_environment()
    if not isinstance(given, str) or not (code := tag(given)):
        raise InvalidSetting(joined(said("language_code"), _given(given)), field="language")
    return code
