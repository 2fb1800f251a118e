"""Decide what is secret or personal, once for requests, replies, errors and frames of both APIs.

A field is judged by its name, read as words (``accessToken``, ``access_token`` and ``Access-Token`` are the same), so
that fields which Deriv adds later are judged, too. A word that describes a secret is none: ``token_type`` and
``tokens_left`` may be seen. What a name alone cannot say is in a table, by call; and a ``name`` is a person's where an
e-mail address or an account stands beside it.

A secret (a token, a password, a one-time code) gives access to anyone who has it. Something personal tells who a user
is, where they live, or how they are paid. Login IDs, countries and money are neither. Nor are nicknames and the
addresses of coins: they are chosen to be shown, and say who is paid.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

Kind = Literal["secret", "personal"]

MASK = "•••"
"""Text in place of a secret, or of something personal."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")

_NO = r"(nos?|numbers?)"

_SECRET = re.compile(
    r"""(?x) _(
    [a-z]*tokens? | jwts? | bearer | authori[sz]ation | credentials? | cookies?
    | [a-z]*passwords? | passwd | pwd | pass_?(phrase|code|word|key)s? | pins? | pincode | [a-z]*secrets? | mnemonic
    | [th]?otps? | [th]?otpcode | one_time_(code|pass)s? | cvv\d? | cvc\d? | cvn | csc
    | (verification|login|log_in|auth|access|security|confirmation|activation|recovery|backup|reset|sms|mfa)_codes?
    | (api|private|access|session|signing|encryption|recovery|backup|master|client|app)_keys? | api_?keys?
    | (seed|recovery|backup)_phrases? | session_id | sessionid | code_verifier | csrf | xsrf
    | (login|user|session)_hash | (magic|login|reset|signed|presigned)_(url|link|uri)s?
    )_"""
)
"""Words that make a field secret, wherever they stand in its name."""

_PERSONAL = re.compile(
    rf"""(?x) _(
    e_?mails? | emailaddress | mail | phones? | mobiles? | telephones? | msisdn | fax | whatsapp | skype
    | (phone|mobile|telephone|cell|fax|whatsapp|contact)_?{_NO} | ips? | ip_?addr(ess)? | valid_for_ip
    | (first|last|middle|full|given|family|legal|real|maiden|sur|fore)_?names?
    | (account_?holder|holder|beneficiary|card_?holder|recipient|sender|payee|payer|client|customer|owner|user|person
      |contact|advertiser|agent|payment_?agent|partner|trader|mother|father|spouse)_?names?
    | account_?holder | beneficiary | card_?holder | pii
    | dob | birthdays? | birth_?dates? | birth_?places?
    | address(es)? | address_(line|lines|city|state|street|town|post_?code|postal_code|zip|house_{_NO}|suburb|province)
    | street | street_{_NO} | post_?codes? | postal_codes? | zip | zip_?codes?
    | salutation | gender | sex | nationality | citizen | citizenship | marital_status | tax_residence
    | passports? | ssn | tin | nin | bvn | iban | bban | pan | id_card | identity_card | driv(ing|er|ers)_licen[cs]e
    | (national|identity|passport|document|tax|vat|social_security|personal)_id | social_security
    | (passport|national_id|id|identity|identification|tax_id|tax_identification|tax|vat|document|licen[cs]e|iban|card
      |account|bank_account|routing|registration|social_security|identity_card|id_card)_?{_NO}
    | bank_account | (bank|card|payment|contact)_(details|info|information)
    )_$"""
)
"""Words with which the name of something personal ends."""

_BIRTH = re.compile(r"_(birth|born|dob)_")

_DESCRIBES = re.compile(
    r"""(?x) _(
    types? | kinds? | counts? | left | remaining | limits? | expiry | expir(es|ed|ation) | status(es)? | length | size
    | formats? | patterns? | polic(y|ies) | scopes? | required | needed | enabled | disabled | verified | confirmed
    | valid | validations? | set | used | created | updated | changed | attempts | hint | strength | name | label
    | description | date | time | ttl | lifetime | duration | age | errors? | reasons? | justification | bypass
    | cleaner | supported | allowed | available | version | algorithm | method | issuer | symbol | price | balance
    | amount | supply | consent | accepted | reset | check | change | in | at | on | until | by | ago
    )_$"""
)
"""Last words that say something about a secret, not the secret itself."""

_ASKS = re.compile(r"_(has|have|is|are|was|can|may|must|no|not|needs?|requires?|shows?|allows?|skip|hide|uses?)_")
"""First words of a yes or no."""

_NOT_A_PERSONS = re.compile(
    r"_(company|crypto|coin|wallet|deposit|withdrawal|blockchain|contract|server|mac|web|app|bank|event|exchange)_"
    r"((full|legal)?_?names?|address(es)?)_$"
)

_NAMES = frozenset({"name", "names", "display_name"})
"""Names that are a person's if an account, or something personal, stands beside them."""

_PLACES = frozenset({"city", "state", "town"})
"""Places that are a part of an address if something personal stands beside them."""

_WHOSE = re.compile(r"_(log_?in(_?id)?|account_id|client_id|user_id)_$")
"""Names that tell whose a row is."""

_OF_A_THING = frozenset({"app_id", "redirect_uri", "scopes", "symbol", "underlying_symbol", "shortcode"})
"""Names beside which a name is not a person's."""

_PERSON = re.compile(
    r"_(clients?|customers?|users?|owners?|holders?|persons?|people|advertisers?|agents?|recipients?|senders?|payees?"
    r"|payers?|beneficiar(y|ies)|traders?|members?|contacts?|applicants?)_((details|info|information|data|profile)_)?$"
)
"""Names of objects that describe a person."""

_TABLE: Mapping[str, Kind | None] = {
    # A token, in the field that is named as the call
    "authorize.authorize": "secret",
    "copy_start.copy_start": "secret",
    "copy_stop.copy_stop": "secret",
    # Opening one of these signs a user in
    "cashier.cashier": "secret",
    "get_third_party_redirect.redirect_url": "secret",
    # It proves who a user is
    "unsubscribe_email.checksum": "secret",
    # What a token that is to be made shall be called
    "api_token.new_token": None,
    # Where coins go: not where a user lives, and to be looked at before they do
    "cashier.address": None,
    # Of a company of Deriv's
    "landing_company_details.address": None,
    # Marks of advertisements
    "new_account_virtual.ad_platform_cookies": None,
    "verify_email.ad_platform_cookies": None,
    # It repeats the internet address
    "login_history.environment": "personal",
    # Papers, and what was read from them
    "document_upload.document_id": "personal",
    "document_upload.details": "personal",
    "get_account_status.reported_properties": "personal",
    # Of companies that belong to a user
    "partner_accounts.company_name": "personal",
    "mt5_new_account.company": "personal",
    "mt5_get_settings.company": "personal",
    # Who a user is in all of Deriv's systems
    "account_nickname.external_reference_id": "personal",
    # From whom and to whom money went, and why
    "wallet_transactions.source_client_id": "personal",
    "wallet_transactions.destination_client_id": "personal",
    "wallet_transactions.payout_method": "personal",
    "wallet_transactions.description": "personal",
    # What a user writes to go with money
    "wallet_transfer.description": "personal",
    "wallet_transfer_exchange.description": "personal",
    "wallet_transfer_platforms.description": "personal",
    "payment_agent_transfer.notes": "personal",
    "payment_agent_withdraw.notes": "personal",
    # A transfer whose answer was lost is told as such a transaction
    "wallet_transfer.source_client_id": "personal",
    "wallet_transfer.destination_client_id": "personal",
    "wallet_transfer_exchange.source_client_id": "personal",
    "wallet_transfer_exchange.destination_client_id": "personal",
    "wallet_transfer_platforms.source_client_id": "personal",
    "wallet_transfer_platforms.destination_client_id": "personal",
    "wallet_transfer_platforms.payout_method": "personal",
}
"""Fields whose name alone does not say it, or says it wrongly: by call and field, in requests and replies."""


def kind(name: str, call: str = "", parent: str = "", beside: Collection[str] = ()) -> Kind | None:
    """Return ``"secret"`` or ``"personal"`` for a field; None if it is neither.

    Parameters
    ----------
    name : str
        Of the field; of a path with dots, the last part.
    call : str
        Of the call that it belongs to, if known.
    parent : str
        Name of the object or list that it is in.
    beside : collection of str
        Names of the fields of the same object.

    Examples
    --------
    >>> kind("accessToken"), kind("token_type"), kind("date_of_birth")
    ('secret', None, 'personal')
    >>> kind("name", beside=["app_id", "name"]), kind("name", beside=["email", "name"])
    (None, 'personal')
    """
    name = name.rpartition(".")[2]
    place = f"{call}.{name}"
    if place in _TABLE:
        return _TABLE[place]
    if name in _NAMES or name in _PLACES:
        return "personal" if _is_personal(name, parent, beside) else None
    return _by_name(name)


def kind_of(
    name: str, schema: Mapping[str, Any], call: str = "", parent: str = "", beside: Collection[str] = ()
) -> Kind | None:
    """Return the same of a field with a JSON schema, which may say more: Deriv marks some itself."""
    options = schema.get("enum")
    if schema.get("type") == "boolean" or (options and (set(options) <= {0, 1} or name == call)):
        return None  # it says yes or no, or which variant of the call is meant
    return kind(name, call, parent, beside) or ("personal" if schema.get("sensitive") else None)


def hides(value: Any, name: str, call: str = "", parent: str = "", beside: Collection[str] = ()) -> bool:
    """Return True if the value of an undocumented field is secret or personal; yes and no are never.

    Nor is the whole answer, which stands under the name of its call.
    """
    if value in (None, "") or isinstance(value, bool):
        return False
    if name == call and not _is_text(value):
        return False
    return kind(name, call, parent, beside) is not None


def _is_text(value: Any) -> bool:
    """Return True for a text, or a list of texts."""
    return isinstance(value, str) or (isinstance(value, list | tuple) and any(isinstance(item, str) for item in value))


def _is_personal(name: str, parent: str, beside: Collection[str]) -> bool:
    """Return True if a name, or a place, is a person's."""
    if not _OF_A_THING.isdisjoint(beside):
        return False
    if _PERSON.search(_words(parent)) or any(_by_name(str(other)) == "personal" for other in beside):
        return True
    return name in _NAMES and any(_WHOSE.search(_words(str(other))) for other in beside)


def _by_name(name: str) -> Kind | None:
    words = _words(name)
    if _ASKS.match(words):
        return None
    if _SECRET.search(words):
        return None if _DESCRIBES.search(words) else "secret"
    if _NOT_A_PERSONS.search(words):
        return None
    if _BIRTH.search(words) and not _DESCRIBES.search(words):
        return "personal"
    return "personal" if _PERSONAL.search(f"{words.rstrip('_0123456789')}_") else None


def _words(name: str) -> str:
    """Return a name as its words in small letters, with a line before, between and behind them."""
    # In no cache: where keys are data, a server may put a secret there.
    return "_".join(["", *_WORDS.findall(name.replace("2fa", "mfa").replace("2FA", "mfa")), ""]).lower()
