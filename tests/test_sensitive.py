"""Test which fields are secret, personal, or neither: by name, by call, and in all of Deriv's schemas."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from dpyauth.catalog.calls import Call, load
from dpyauth.catalog.shapes import load as shapes
from dpyauth.sensitive import hides, kind, kind_of


def words(text: str) -> list[str]:
    return text.split()


SECRET = words("""
    token accessToken access_token access-token AccessToken ACCESS_TOKEN accesstoken refresh_token id_token rate_token
    delete_token chat_token oauth_token affiliate_token token1 tokens bearer jwt password newPassword phonePassword
    investPassword password_hash passphrase pin newPin pin_code cvv cvv2 cvc otp otp_url otpUrl otp_code OTPCode totp
    new_totp newTOTP one_time_code verification_code client_verification_code verificationCode login_code auth_code
    2fa_code mfaCode backup_codes secret client_secret secret_answer secret_question api_key apiKey x-api-key
    private_key recovery_phrase seedPhrase session_id sessionId set-cookie Authorization credentials user_hash
    reset_link signed_url code_verifier csrf_token
""")

PERSONAL = words("""
    email e-mail eMail email_address emails client_email phone phones phone2 mobile phoneNumber phone_numbers fax
    first_name firstName last_name middle_name surname full_name fullName fullname legal_name
    client_real_name client_to_full_name maiden_name username user_name payment_agent_name account_holder
    accountHolderName beneficiary_name date_of_birth birth_date birthDate dob place_of_birth country_of_birth
    address address_line_1 addressLine2 address_city street postcode postal_code zip zipCode ip ip_address ipAddress
    valid_for_ip national_id national_id_number id_number passport passport_no passportNumber ssn tin
    tax_identification_number document_number driving_licence iban account_number accountNo card_number
    bank_account payment_info contact_info salutation gender nationality citizen tax_residence
    company_registration_number pii
""")

NEITHER = words("""
    token_type tokens_left token_count token_expires_in access_token_expiry affiliate_token_type new_token_scopes
    password_type password_policy has_secret_answer is_pin_set otp_length otp_expires_at pin_required
    phone_code phone_country_code country_code email_verified is_email_verified phone_verified address_verified
    postcode_pattern forbidden_postcode_pattern tin_format no_tin_justification skip_tin_validation show_real_name
    name display_name landing_company_name landing_company_fullname company_name event_name market_display_name
    nickname loginid account_id client_id app_id server_id request_id contract_id transaction_id affiliate_id
    residence country state city region status currency balance amount code error_code message description notes
    tip pip pip_size zip_format shipping deposit_address crypto_address wallet_address website url verification_uri
    redirect_uri created_at balance_after symbol longcode shortcode employment_status account_opening_reason
    subscription_id scopes login login_time mapping spinner pinned
""")


@pytest.mark.parametrize("name", SECRET)
def test_secrets(name: str) -> None:
    assert kind(name) == "secret"


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data(name: str) -> None:
    assert kind(name) == "personal"


@pytest.mark.parametrize("name", NEITHER)
def test_names_that_are_neither(name: str) -> None:
    assert kind(name) is None


@pytest.mark.parametrize(
    ("parent", "beside", "whose"),
    [
        ("data", {"account_id", "balance"}, "personal"),  # get_accounts
        ("account_list", {"loginid"}, "personal"),
        ("list", {"paymentagent_loginid"}, "personal"),
        ("data", {"id", "phone_numbers"}, "personal"),  # an agent
        ("", {"email", "login", "server"}, "personal"),  # an MT5 account
        ("client_details", {"id"}, "personal"),
        ("clients", (), "personal"),
        ("recipient", (), "personal"),
        ("", {"firstName"}, "personal"),
        ("landing_company", {"shortcode", "address", "country"}, None),
        ("app_list", {"app_id", "redirect_uri", "loginid"}, None),
        ("tokens", {"scopes", "valid_for_ip"}, None),
        ("symbols", {"symbol", "loginid"}, None),
        ("server_info", {"id", "environment"}, None),
        ("markets", {"submarkets"}, None),
        ("currencies_config", (), None),
    ],
)
@pytest.mark.parametrize("name", ["name", "display_name"])
def test_a_name_is_personal_if_other_fields_are(
    name: str, parent: str, beside: Collection[str], whose: str | None
) -> None:
    assert kind(name, "", parent, [name, *beside]) == whose


@pytest.mark.parametrize(
    ("name", "beside", "whose"),
    [
        ("state", {"zipCode"}, "personal"),
        ("city", {"address"}, "personal"),
        ("state", {"loginid", "balance"}, None),
        ("state", {"state_name"}, None),
        ("city", {"region", "location"}, None),
    ],
)
def test_a_place_is_personal_if_it_is_an_address(name: str, beside: Collection[str], whose: str | None) -> None:
    assert kind(name, "", "", [name, *beside]) == whose


@pytest.mark.parametrize(
    ("call", "name", "which"),
    [
        ("authorize", "authorize", "secret"),
        ("copy_start", "copy_start", "secret"),
        ("copy_stop", "copy_stop", "secret"),
        ("api_token", "delete_token", "secret"),
        ("api_token", "new_token", None),  # the name of the account or token
        ("cashier", "totp", "secret"),
        ("cashier", "verification_code", "secret"),
        ("cashier", "address", None),  # the name of a coin
        ("unsubscribe_email", "checksum", "secret"),
        ("document_upload", "checksum", None),
        ("document_upload", "document_id", "personal"),
        ("login_history", "environment", "personal"),
        ("trading_servers", "environment", None),
        ("landing_company_details", "address", None),
        ("get_third_party_redirect", "redirect_url", "secret"),
    ],
)
def test_fields_that_are_sensitive_only_in_some_calls(call: str, name: str, which: str | None) -> None:
    assert kind(name, call) == which


@pytest.mark.parametrize("value", [None, "", True, False])
def test_flags_and_empty_values_are_not_hidden(value: Any) -> None:
    assert not hides(value, "pin")
    assert hides("1", "pin")
    assert hides(1234, "pin")


def requested(call: Call) -> Iterator[tuple[str, str, Mapping[str, Any], str, Collection[str]]]:
    """Yield the fields of a request at any depth: path, name, schema, parent and siblings."""
    waiting = [(name, name, schema, "", call.siblings) for name, schema in call.fields.items()]
    while waiting:
        path, name, schema, parent, beside = waiting.pop()
        yield path, name, schema, parent, beside
        for part in (schema, schema.get("items") or {}):
            within = part.get("properties", {})
            waiting += [(f"{path}.{each}", each, child, name, within.keys()) for each, child in within.items()]


TELLING = re.compile(
    r"token|passw|secret|otp|pin$|pin_|cvv|credential|verification_code|private|email|phone|first_?name|last_?name"
    r"|full_?name|birth|address|passport|national|tax_id|iban|account_number|zip|postcode|_ip$|^ip",
    re.IGNORECASE,
)
"""Names that may be sensitive; on purpose wider than the rules."""

HARMLESS = {
    *("affiliate_token_type", "new_token_scopes", "password_type", "tin_format", "address_verified"),
    *("api_token.new_token", "cashier.address", "landing_company_details.address"),
    *("forbidden_postcode_pattern", "phone_country_code", "phone_idd", "landing_company_fullname"),
}
"""Deriv's fields with such names that were checked by hand and are neither secret nor personal."""


def untold(call: str, name: str, found: str | None) -> bool:
    return bool(TELLING.search(name)) and found is None and name not in HARMLESS and f"{call}.{name}" not in HARMLESS


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_request_field_with_a_suspicious_name_was_checked(api: str) -> None:
    forgotten = [
        f"{call.name}.{path}"
        for call in load(api).values()
        for path, name, schema, parent, beside in requested(call)
        if _texts(schema) and untold(call.name, name, kind_of(name, schema, call.name, parent, beside))
    ]
    assert forgotten == []


def _texts(schema: Mapping[str, Any]) -> bool:
    """Return whether a field takes texts, or a list of them."""
    kinds = [schema.get("type"), (schema.get("items") or {}).get("type")]
    return any("string" in (each if isinstance(each, list) else [each]) for each in kinds)


@pytest.mark.parametrize("api", ["v3", "options"])
def test_every_reply_field_with_a_suspicious_name_was_checked(api: str) -> None:
    """The facts also agree with the module that decides."""
    found: list[str] = []
    for call, shape in shapes(api).items():
        for path, name, parent, beside, leaf in answered(shape.reply):
            decided = kind(name, call, parent, beside)
            marked = leaf.startswith("!")
            if (decided and not marked) or (leaf in ("text", "any", "enum") and untold(call, name, decided)):
                found.append(f"{call}.{path}: {leaf}")
    assert found == []


def answered(node: Any, path: str = "", name: str = "", parent: str = "", beside: Any = ()) -> Iterator[Any]:
    """Yield the texts and numbers of a reply."""
    if isinstance(node, Mapping):
        inner = node.get("()", node.get("||", node))
        for each, child in inner.items():
            same = each in ("[]", "{}", "")
            yield from answered(
                child, f"{path}.{each}", *((name, parent, beside) if same else (each, name, inner.keys()))
            )
    elif node != "flag":
        yield path, name, parent, beside, node if isinstance(node, str) else "enum"


def test_a_field_that_deriv_adds_would_be_noticed() -> None:
    """The two tests above are useless if they never find anything."""
    assert untold("cashier", "cashier_token_hint_for_you", None)
    call = Call("new", "", {"data": {"properties": {"emailed_to": {"type": "string"}}}}, ())
    names = [name for _, name, schema, _, _ in requested(call) if _texts(schema) and untold("new", name, None)]
    assert names == ["emailed_to"]


@pytest.mark.parametrize("api", ["v3", "options"])
def test_fields_that_deriv_marks_as_sensitive_are(api: str) -> None:
    for call in load(api).values():
        for path, name, schema, parent, beside in requested(call):
            if schema.get("sensitive") and path != call.name:
                assert kind_of(name, schema, call.name, parent, beside), f"{call.name}.{path}"


def test_no_stream_takes_a_secret() -> None:
    """The request of a stream is stored, to be sent again."""
    for api in ("v3", "options"):
        for call in load(api).values():
            if call.streams != "no" and not call.changes:
                assert [
                    name for _, name, *rest in requested(call) if kind_of(name, rest[0], call.name, *rest[1:])
                ] == []
