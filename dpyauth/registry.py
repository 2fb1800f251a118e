"""Deriv's APIs as data: name, addresses, form of tokens and app IDs, scopes, and Deriv's own pages.

Other modules read the facts from here and never compare the name of an API. To add an API, add its facts to this
file, its words to the texts of errors and of the sign-in panel, its flow to `dpyauth.oauth.flows`, and, if its tokens
need their own check, that check to `dpyauth.credentials`. Its code and data are new files with its name: a module in
`dpyauth.apis`, a module in `dpyauth.session.answers`, and the catalog of its calls and replies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dpyauth._pasted import bare
from dpyauth.sensitive import MASK
from dpyauth.texts.said import Said, said


@dataclass(frozen=True, slots=True)
class Pages:
    """Addresses of Deriv's own pages."""

    tokens: str
    """Page where tokens are created, listed and revoked."""
    apps: str
    """Page where apps are registered and their IDs are shown."""
    account: str
    """Page where an account is opened."""
    profile: str
    """Page that shows what the API does not report, and where the user uploads proofs."""

    @property
    def all(self) -> tuple[str, ...]:
        """All pages, without duplicates."""
        return tuple(dict.fromkeys((self.tokens, self.apps, self.account, self.profile)))


@dataclass(frozen=True, slots=True)
class Untold:
    """Facts that an API does not report, but another one does."""

    key: str
    """Key of the words that say what it does not report, without ``untold_``."""
    page: str = ""
    """Page that shows them to the user."""
    method: str = ""
    """Closest method; ``{face}`` stands for the object that was called: a session, its ``aio``, or a fleet."""

    @property
    def what(self) -> Said:
        """Words that follow "does not report"."""
        return said(f"untold_{self.key}")


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """Facts of one API."""

    name: str
    server: str
    auth_host: str
    """Address of its sign-in pages."""
    retiring: bool
    """True if Deriv is about to switch it off."""
    token_certain: re.Pattern[str]
    """Beginning that only tokens of this API have."""
    token_likely: re.Pattern[str] | None
    """Form of its other tokens, which tokens of another API could have as well."""
    app_id: re.Pattern[str]
    """Form of its app IDs; no app ID of another API has it."""
    shared_app_id: str | None
    """App ID that anyone may use to try things with a token."""
    scopes: Mapping[str, str]
    """Its scopes, and their labels on the page where a token is created."""
    smallest_scope: str
    """Scope that is enough to look at an account."""
    pages: Pages
    connections: int | None
    """Most connections that a user may have at a time; None if Deriv states no limit."""
    one_for_all: bool
    """True if one token opens all accounts of the user."""
    creates_demo: bool
    """True if a sign-in can create a demo account."""
    names_redirect: bool
    """True if a sign-in with the browser has to name the redirect URL of the app."""
    nearest: Mapping[str, str]
    """Equivalents of calls that only another API has: the name of a call, or a sentence that says what to do
    instead."""
    untold: Mapping[str, Untold]
    """Explanation of such a call, if a method of a session depends on it."""
    older: Mapping[str, str]
    """Current names of calls by the names that earlier versions of dpyauth used, and that are still accepted."""

    @property
    def secure(self) -> str:
        """Scheme of its servers."""
        return self.server.partition("://")[0]

    @property
    def plain(self) -> str:
        """Scheme of its servers on this machine."""
        return self.secure.removesuffix("s")

    @property
    def title(self) -> Said:
        """Name for use in a sentence, including at its beginning; in a language with articles, without its article."""
        return said(f"title_{self.name}")

    @property
    def credential(self) -> Said:
        """Word for its tokens."""
        return said(f"credential_{self.name}")

    @property
    def crowded(self) -> str:
        """Advice if there may be too many connections; empty if Deriv states no limit."""
        return said(f"crowded_{self.name}") if self.connections is not None else ""

    @property
    def lacks_app_id(self) -> Said:
        """Message for a missing app ID."""
        return said("app_id_missing", api=self.title, page=self.pages.apps)

    def advice(self, scopes: object) -> Said:
        """Return advice for missing scopes, which are given by their labels."""
        return said(f"scope_advice_{self.name}", scopes=scopes, page=self.pages.tokens)

    def check_app_id(self, app_id: str | None) -> Said:
        """Return advice for an app ID that Deriv does not know."""
        if self.shared_app_id is None or app_id == self.shared_app_id:
            return said("check_app_id", page=self.pages.apps)
        return said("check_app_id_or_share", page=self.pages.apps, app_id=self.shared_app_id)

    def serves(self, server: str) -> bool:
        """Return True if an address can belong to a server of this API."""
        return server.strip().lower().startswith((f"{self.secure}://", f"{self.plain}://"))


_PAGES = Pages(
    tokens="https://developers.deriv.com/dashboard/tokens/",
    apps="https://developers.deriv.com/dashboard/",
    account="https://home.deriv.com/dashboard/signup",
    profile="https://home.deriv.com/dashboard/profile",
)
_HOME = "https://home.deriv.com/dashboard/home"

OPTIONS = ApiFacts(
    name="options",
    server="https://api.derivws.com",
    auth_host="https://auth.deriv.com",
    retiring=False,
    token_certain=re.compile(r"pat_|ory_|eyJ[\w\-]+\.[\w\-]+\.", re.ASCII),
    token_likely=None,
    app_id=re.compile(r"(?!\d{1,9}$)[\w-]{1,64}", re.ASCII),
    shared_app_id=None,
    scopes=MappingProxyType(
        {
            "trade": "Trade",
            "account_manage": "Manage account",
            "payment": "Payment",
            "application_read": "Read applications",
        }
    ),
    smallest_scope="trade",
    pages=_PAGES,
    connections=5,
    one_for_all=True,
    creates_demo=True,
    names_redirect=True,
    nearest=MappingProxyType(
        {
            "account_list": "get_accounts",
            "app_markup_details": "markup_statistics",
            "app_markup_statistics": "markup_statistics",
            "asset_index": "contracts_for",
            "authorize": "dpyauth.login() signs a session in, so no call is needed",
            "buy_contract_for_multiple_accounts": "buy",
            "connect_status": "legacy_migration_status",
            "exchange_rates": "wallet_exchange_rate",
            "contracts_for_company": "contracts_list",
            "get_account_status": "get_accounts",
            "get_settings": "account_nickname",
            "logout": "session.logout() signs a session out, so no call is needed",
            "new_account_maltainvest": "create_account",
            "new_account_real": "create_account",
            "new_account_virtual": "create_account",
            "paymentagent_details": "payment_agent_get",
            "paymentagent_list": "payment_agent_list",
            "paymentagent_transfer": "payment_agent_transfer",
            "paymentagent_withdraw": "payment_agent_withdraw",
            "sell_contract_for_multiple_accounts": "sell",
            "ticks_batch": "ticks",
            "topup_virtual": "reset_demo_balance",
            "trading_durations": "contracts_for",
            "transfer_between_accounts": "wallet_transfer",
            "website_status": "health",
        }
    ),
    untold=MappingProxyType(
        {
            "api_token": Untold("tokens", _PAGES.tokens, "session.calls()"),
            "app_list": Untold("apps", _PAGES.apps, "{face}.markup()"),
            "exchange_rates": Untold("exchange_rates", method="{face}.exchange_rates()"),
            "get_account_status": Untold("status", _PAGES.profile, "{face}.account_status()"),
            "get_limits": Untold("limits", _PAGES.profile, "{face}.account_status()"),
            "get_settings": Untold("personal_details", _PAGES.profile, "{face}.accounts()"),
            "landing_company": Untold("company", _PAGES.account, "{face}.accounts()"),
            "login_history": Untold("sign_ins", _PAGES.profile, "session.events()"),
            "mt5_login_list": Untold("mt5_accounts", _HOME, "{face}.accounts()"),
            "oauth_apps": Untold("apps_with_access", _PAGES.profile, "{face}.accounts()"),
            "website_status": Untold(
                "site",
                "https://developers.deriv.com/docs/limits",
                "session.health()",
            ),
        }
    ),
    older=MappingProxyType({"get_nickname": "account_nickname"}),
)

V3 = ApiFacts(
    name="v3",
    server="wss://ws.derivws.com/websockets/v3",
    auth_host="https://oauth.deriv.com",
    retiring=True,
    token_certain=re.compile(r"a1-"),
    token_likely=re.compile(r"[A-Za-z0-9]{15}\s*$"),
    app_id=re.compile(r"0*[1-9]\d{0,8}", re.ASCII),
    shared_app_id="1089",
    scopes=MappingProxyType(
        {
            "read": "Read",
            "trade": "Trade",
            "trading_information": "Trading information",
            "payments": "Payments",
            "admin": "Admin",
        }
    ),
    smallest_scope="read",
    pages=Pages(
        tokens="https://app.deriv.com/account/api-token",
        apps="https://legacy-api.deriv.com/dashboard",
        account=_PAGES.account,
        profile="https://app.deriv.com/account/proof-of-identity",
    ),
    connections=None,
    one_for_all=False,
    creates_demo=False,
    names_redirect=False,
    nearest=MappingProxyType(
        {
            "contracts_list": "contracts_for_company",
            "create_account": "new_account_virtual",
            "get_accounts": "account_list",
            "account_nickname": "get_settings",
            "health": "website_status",
            "legacy_accounts": "account_list",
            "legacy_migration_status": "connect_status",
            "legacy_statement": "statement",
            "markup_statistics": "app_markup_statistics",
            "payment_agent_get": "paymentagent_details",
            "payment_agent_list": "paymentagent_list",
            "payment_agent_statistics": "paymentagent_list",
            "payment_agent_transfer": "paymentagent_transfer",
            "payment_agent_transfer_status": "statement",
            "payment_agent_withdraw": "paymentagent_withdraw",
            "payment_agent_withdraw_status": "statement",
            "payment_agent_withdraw_verification": "verify_email",
            "reset_demo_balance": "topup_virtual",
            "wallet_exchange_rate": "exchange_rates",
            "wallet_list": "balance",
            "wallet_transactions": "statement",
            "wallet_transfer": "transfer_between_accounts",
            "wallet_transfer_exchange": "transfer_between_accounts",
            "wallet_transfer_platforms": "transfer_between_accounts",
        }
    ),
    untold=MappingProxyType(
        {
            "account_nickname": Untold("nickname", method="{face}.settings()"),
            "legacy_accounts": Untold("earlier_accounts", method="{face}.accounts()"),
            "legacy_statement": Untold("earlier_transactions", method="{face}.statement()"),
            "partners_analytics_overview": Untold("partner_figures", method="{face}.markup()"),
            "wallet_list": Untold("wallets", method='{face}.balance("all")'),
            "wallet_transactions": Untold("wallet_transactions", method="{face}.statement()"),
        }
    ),
    older=MappingProxyType({}),
)

APIS: Mapping[str, ApiFacts] = MappingProxyType({facts.name: facts for facts in (OPTIONS, V3)})
"""All APIs by name; the first is the default."""

DEFAULT = next(iter(APIS))
"""Name of the default API."""


def by_token(token: str, *, likely: bool = False) -> str | None:
    """Return the API of a token, if its form shows it; otherwise None.

    Deriv does not document the form of its tokens: this is what they have been seen to look like. With ``likely``,
    forms count as well that tokens of another API could have.
    """
    text = bare(token)
    certain = next((name for name, facts in APIS.items() if facts.token_certain.match(text)), None)
    if certain or not likely:
        return certain
    return next((name for name, facts in APIS.items() if facts.token_likely and facts.token_likely.match(text)), None)


_TOKEN = re.compile("|".join(rf"(?<![\w-])(?:{facts.token_certain.pattern})[\w.-]{{4,}}" for facts in APIS.values()))


def without_tokens(text: str) -> str:
    """Return a text with everything masked that has the form of a token: users may put one anywhere."""
    return _TOKEN.sub(MASK, text)


def by_app_id(app_id: object) -> str | None:
    """Return the API of an app ID by its form; None if it is missing, or has no known form."""
    if app_id is None or isinstance(app_id, bool):
        return None
    try:
        text = bare(str(app_id))
    except ValueError:  # an int with thousands of digits cannot be converted to text
        return None
    return next((name for name, facts in APIS.items() if facts.app_id.fullmatch(text)), None)


def by_server(server: str) -> str | None:
    """Return the API of the server at an address; None if no API has such an address."""
    return next((name for name, facts in APIS.items() if facts.serves(server)), None)
