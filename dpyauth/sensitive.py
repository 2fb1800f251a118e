"""Decide what is secret or personal, in one place for the requests, replies, errors and frames of both APIs.

A field is judged by the words of its name (``accessToken``, ``access_token`` and ``Access-Token`` are the same), so
that fields which Deriv adds later are covered as well. A field that only describes a secret is not secret:
``token_type`` and ``tokens_left`` may be shown. A table lists, by call, the fields whose names are misleading. A
``name`` belongs to a person if an e-mail address or an account is in the same object.

A secret (a token, a password, a one-time code) gives access to anyone who has it. Something personal shows who a user
is, where they live, or how they are paid. Login IDs, countries and money are neither. Nicknames and the addresses of
crypto wallets are neither as well: they are made to be shown, and identify who is paid.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

Kind = Literal["secret", "personal"]

MASK = "•••"
"""Text shown in place of a secret or personal value."""

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
"""Words that make a field secret, anywhere in its name."""

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
"""Words that make a field personal, at the end of its name."""

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
"""Words at the end of a name which show that the field describes a secret, and does not hold it."""

_ASKS = re.compile(r"_(has|have|is|are|was|can|may|must|no|not|needs?|requires?|shows?|allows?|skip|hide|uses?)_")
"""Words at the beginning of the name of a yes-or-no field."""

_NOT_A_PERSONS = re.compile(
    r"_(company|crypto|coin|wallet|deposit|withdrawal|blockchain|contract|server|mac|web|app|bank|event|exchange)_"
    r"((full|legal)?_?names?|address(es)?)_$"
)

_NAMES = frozenset({"name", "names", "display_name"})
"""Fields that name a person if an account, or something personal, is in the same object."""

_PLACES = frozenset({"city", "state", "town"})
"""Places that are part of an address if something personal is in the same object."""

_WHOSE = re.compile(r"_(log_?in(_?id)?|account_id|client_id|user_id)_$")
"""Names of fields that say whose a row is."""

_OF_A_THING = frozenset({"app_id", "redirect_uri", "scopes", "symbol", "underlying_symbol", "shortcode"})
"""Names of fields which show that a ``name`` in the same object is not a person's."""

_PERSON = re.compile(
    r"_(clients?|customers?|users?|owners?|holders?|persons?|people|advertisers?|agents?|recipients?|senders?|payees?"
    r"|payers?|beneficiar(y|ies)|traders?|members?|contacts?|applicants?)_((details|info|information|data|profile)_)?$"
)
"""Names of objects that describe a person."""

_TABLE: Mapping[str, Kind | None] = {
    # Tokens, in the field that has the name of the call
    "authorize.authorize": "secret",
    "copy_start.copy_start": "secret",
    "copy_stop.copy_stop": "secret",
    # Addresses that sign a user in when they are opened
    "cashier.cashier": "secret",
    "get_third_party_redirect.redirect_url": "secret",
    # Proves who a user is
    "unsubscribe_email.checksum": "secret",
    # The name of the token to create
    "api_token.new_token": None,
    # The address of a crypto wallet: not where a user lives, and the user must check it before paying
    "cashier.address": None,
    # The address of a company in Deriv's group
    "landing_company_details.address": None,
    # Cookies of advertisements
    "new_account_virtual.ad_platform_cookies": None,
    "verify_email.ad_platform_cookies": None,
    # Repeats the internet address
    "login_history.environment": "personal",
    # Documents, and data read from them
    "document_upload.document_id": "personal",
    "document_upload.details": "personal",
    "get_account_status.reported_properties": "personal",
    # Companies that belong to a user
    "partner_accounts.company_name": "personal",
    "mt5_new_account.company": "personal",
    "mt5_get_settings.company": "personal",
    # Identifies a user in all of Deriv's systems
    "account_nickname.external_reference_id": "personal",
    # Who sent money to whom, and why
    "wallet_transactions.source_client_id": "personal",
    "wallet_transactions.destination_client_id": "personal",
    "wallet_transactions.payout_method": "personal",
    "wallet_transactions.description": "personal",
    # The user's own message with a transfer
    "wallet_transfer.description": "personal",
    "wallet_transfer_exchange.description": "personal",
    "wallet_transfer_platforms.description": "personal",
    "payment_agent_transfer.notes": "personal",
    "payment_agent_withdraw.notes": "personal",
    # The same fields as in wallet_transactions: a transfer whose reply was lost is reported from there
    "wallet_transfer.source_client_id": "personal",
    "wallet_transfer.destination_client_id": "personal",
    "wallet_transfer_exchange.source_client_id": "personal",
    "wallet_transfer_exchange.destination_client_id": "personal",
    "wallet_transfer_platforms.source_client_id": "personal",
    "wallet_transfer_platforms.destination_client_id": "personal",
    "wallet_transfer_platforms.payout_method": "personal",
}
"""Kind of fields whose names are misleading, by call and field, in requests and replies."""


def kind(name: str, call: str = "", parent: str = "", beside: Collection[str] = ()) -> Kind | None:
    """Return ``"secret"`` or ``"personal"`` for a field; None if it is neither.

    Parameters
    ----------
    name : str
        Name of the field, or its dotted path, of which only the last part counts.
    call : str
        Name of the call that the field belongs to, if known.
    parent : str
        Name of the object or list that contains the field.
    beside : collection of str
        Names of all fields of the same object.

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
    """Return the kind of a field by its name and JSON schema, in which Deriv itself marks some fields as sensitive."""
    options = schema.get("enum")
    if schema.get("type") == "boolean" or (options and (set(options) <= {0, 1} or name == call)):
        return None  # a yes-or-no field, or one that chooses a variant of the call
    return kind(name, call, parent, beside) or ("personal" if schema.get("sensitive") else None)


def hides(value: Any, name: str, call: str = "", parent: str = "", beside: Collection[str] = ()) -> bool:
    """Return True if the value of an undocumented field is secret or personal.

    Booleans never are, and neither is the whole payload of a reply, whose name is that of its call.
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
    """Return True if a name, or a place, belongs to a person."""
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
    """Return a name as its words in lower case, with an underscore before, between and after them."""
    # Not cached: if the keys of an object are data, a key may be a secret, and a cache would keep it.
    return "_".join(["", *_WORDS.findall(name.replace("2fa", "mfa").replace("2FA", "mfa")), ""]).lower()
