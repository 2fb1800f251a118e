"""Test settings: servers, app IDs and languages that are accepted or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS
from dpyauth.settings import is_loopback, settings

SERVER = APIS["v3"].server


def test_by_default_it_is_derivs_own_server_over_tls() -> None:
    ours = settings()
    assert (ours.api, ours.server, ours.app_id, ours.language) == ("options", APIS["options"].server, None, "en")
    assert ours.host == "api.derivws.com"
    assert not ours.loopback
    older = settings(api="v3")
    assert (older.server, older.app_id) == (SERVER, "1089")
    for facts in APIS.values():
        assert facts.secure in ("https", "wss")


def test_the_server_decides_the_api_by_default() -> None:
    assert settings(server="ws://127.0.0.1:8000/websockets/v3").api == "v3"
    assert settings(server="https://example.com").api == "options"


@pytest.mark.parametrize("given", [1089, "1089", " 1089 ", np.int64(1089), np.array(1089)])
def test_an_app_id_is_a_whole_number(given: Any) -> None:
    assert settings(app_id=given, api="v3").app_id == "1089"


@pytest.mark.parametrize("given", [0, -1, "abc", "", True, np.True_, 1.5, "1.5", "0", b"1089", [], "9" * 5000])
def test_an_invalid_app_id_is_refused(given: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"app ID.*1089") as refused:
        settings(app_id=given, api="v3")
    assert refused.value.field == "app_id"


@pytest.mark.parametrize("given", ["abc", 0, -1, 1.5])
def test_a_short_wrong_app_id_is_repeated(given: Any) -> None:
    with pytest.raises(InvalidSetting, match=rf"You gave {given!r}\."):
        settings(app_id=given, api="v3")


@given(st.text("abcdefghij", min_size=9))
def test_a_long_wrong_app_id_is_not_repeated_because_it_may_be_a_token(token: str) -> None:
    for wrong in ({"app_id": token, "api": "v3"}, {"app_id": f"{token}."}, {"language": token}, {"server": token}):
        with pytest.raises(InvalidSetting) as refused:
            settings(**wrong)  # type: ignore[arg-type]
        assert token not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("wss://example.com/websockets/v3", "wss://example.com/websockets/v3"),
        (" wss://example.com/websockets/v3/ ", "wss://example.com/websockets/v3"),
        ("WSS://example.com:443", "wss://example.com:443"),
        ("wss://example.com/websockets/v3?", "wss://example.com/websockets/v3"),
        ("wss://example.com/#", "wss://example.com"),
        ("ws://127.0.0.1:8000/websockets/v3", "ws://127.0.0.1:8000/websockets/v3"),
        ("ws://localhost:8000", "ws://localhost:8000"),
        ("ws://[::1]:8000/websockets/v3", "ws://[::1]:8000/websockets/v3"),
    ],
)
def test_addresses_taken(given: str, taken: str) -> None:
    assert settings(server=given, api="v3").server == taken


@pytest.mark.parametrize(
    "given",
    [
        "",
        "example.com",
        "http://example.com",
        "https://example.com",
        "http://127.0.0.1:8000",
        "ws:///path",
        "wss://",
        "wss://me:pw@example.com",
        "wss://me@example.com",
        "wss://:pw@example.com",
        "wss://example.com:port",
        "wss://example.com:99999",
        "wss://[::1",
        "wss://example.com/?token=abc",
        "wss://example.com/#abc",
    ],
)
def test_addresses_refused(given: str) -> None:
    with pytest.raises(InvalidSetting, match=f"like {SERVER}"):
        settings(server=given, api="v3")


@pytest.mark.parametrize("host", ["example.com", "192.168.1.2", "localhost.example.com", "127.0.0.1.example.com"])
def test_unencrypted_only_on_this_machine(host: str) -> None:
    with pytest.raises(InvalidSetting, match="unencrypted"):
        settings(server=f"ws://{host}/websockets/v3")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "::", "localhost.", "example.com"])
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)


@given(st.text())
def test_any_text_as_server_is_taken_or_refused(text: str) -> None:
    try:
        taken = settings(server=text)
    except InvalidSetting:
        return
    assert taken.server.startswith(("ws://", "wss://", "http://", "https://"))
    assert taken.loopback or taken.server.startswith(("wss://", "https://"))


@pytest.mark.parametrize(
    ("given", "tag", "at_deriv"),
    [
        ("EN", "en", "EN"),
        (" es ", "es", "ES"),
        ("es_MX", "es-MX", "ES"),
        ("pt-br", "pt-BR", "PT"),
        ("zh_cn", "zh-CN", "ZH_CN"),
        ("zh-Hant-TW", "zh-Hant-TW", "ZH_TW"),
        ("ZH", "zh", "ZH_CN"),
        ("es-419", "es-419", "ES"),
        ("zh-Hant", "zh-Hant", "ZH_TW"),
        ("zh-HK", "zh-HK", "ZH_TW"),
        ("zh-Hans-SG", "zh-Hans-SG", "ZH_CN"),
        ("zh-419", "zh-419", "ZH_CN"),
        ("yue", "yue", "EN"),
    ],
)
def test_languages_taken(given: str, tag: str, at_deriv: str) -> None:
    taken = settings(language=given)
    assert (taken.language, taken.language_at_deriv) == (tag, at_deriv)


@pytest.mark.parametrize("given", ["", "E", "Spanish", "E1", "EN&x=1", "es-", "a-token-in-the-wrong-field", 34])
def test_languages_refused(given: Any) -> None:
    with pytest.raises(InvalidSetting, match="language") as refused:
        settings(language=given)
    assert refused.value.field == "language"


@pytest.mark.parametrize(
    ("variables", "tag"),
    [
        ({}, "en"),
        ({"LANG": "es_MX.UTF-8"}, "es-MX"),
        ({"LANG": "pt_PT.UTF-8"}, "pt-PT"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "fr"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "de:fr:es"}, "fr"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "fr_CA.UTF-8"}, "fr-CA"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "es_ES@euro"}, "es-ES"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "nonsense in here"}, "en"),
    ],
)
def test_the_language_of_the_environment(variables: dict[str, str], tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert settings().language == tag


def test_settings_are_values() -> None:
    assert settings(app_id=1089, api="v3") == settings(app_id="1089", server=SERVER)
    assert settings(app_id="a1") != settings(app_id="a2")


# The options API


def test_the_options_api_has_its_own_server_and_no_default_app_id() -> None:
    theirs = settings(api="options")
    assert (theirs.api, theirs.server, theirs.app_id) == ("options", "https://api.derivws.com", None)


@pytest.mark.parametrize("given", ["33XxAb9Qw2", " 33XxAb9Qw2 ", "1" * 21, "a-b_c"])
def test_app_ids_of_the_options_api_are_not_checked_beyond_their_form(given: Any) -> None:
    assert settings(given, api="options").app_id == str(given).strip()


@pytest.mark.parametrize("given", ["", "two words", True, 1.5, "x" * 65, "ä", "a\nb", b"ab", []])
def test_an_invalid_app_id_of_the_options_api_is_refused(given: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"app ID.*developers\.deriv\.com") as refused:
        settings(given, api="options")
    assert "x" * 65 not in str(refused.value)


@pytest.mark.parametrize("given", [1089, "1089", "16303"])
def test_an_app_id_of_the_older_api_is_recognised(given: Any) -> None:
    with pytest.raises(InvalidSetting, match=r"older API \(v3\).*developers\.deriv\.com") as refused:
        settings(given, api="options")
    assert refused.value.field == "app_id"


@pytest.mark.parametrize(
    ("given", "taken"),
    [("https://example.com/", "https://example.com"), ("http://127.0.0.1:8000", "http://127.0.0.1:8000")],
)
def test_addresses_taken_on_the_options_api(given: str, taken: str) -> None:
    assert settings("a", given, api="options").server == taken


@pytest.mark.parametrize(
    "given", ["wss://example.com", "ws://127.0.0.1", "https://a@example.com", "https://e.com/?a=b"]
)
def test_addresses_refused_on_the_options_api(given: str) -> None:
    with pytest.raises(InvalidSetting, match=r"like https://api\.derivws\.com"):
        settings("a", given, api="options")


def test_unencrypted_only_on_this_machine_on_the_options_api() -> None:
    with pytest.raises(InvalidSetting, match=r"use https:// instead of http://"):
        settings("a", "http://example.com", api="options")


@pytest.mark.parametrize("given", ["v4", "", "V3"])
def test_there_are_two_apis(given: str) -> None:
    with pytest.raises(InvalidSetting, match="'options', 'v3'"):
        settings(api=given)


# In the user's language


@pytest.mark.parametrize(
    ("wrong", "code", "english", "spanish"),
    [
        (
            {"app_id": "abc", "api": "v3"},
            "app_id_v3",
            "For Deriv's older API (v3), the app ID must be a whole number above 0. You gave 'abc'. This one belongs "
            "to Deriv's current API. To try things with an API token, use 1089. You find yours where you registered "
            "your app: https://legacy-api.deriv.com/dashboard",
            "En la API anterior de Deriv (v3), el ID de la app debe ser un número entero mayor que 0. Indicaste 'abc'. "
            "Este es de la API actual de Deriv. Para hacer pruebas con un token de API, usa 1089. El tuyo está donde "
            "registraste tu app: https://legacy-api.deriv.com/dashboard",
        ),
        (
            {"app_id": []},
            "app_id_options",
            "For Deriv's current API, the app ID must be letters and digits, about 21 of them. You gave a value of the "
            "type list. You find yours where you registered your app: https://developers.deriv.com/dashboard/",
            "En la API actual de Deriv, el ID de la app se compone de letras y dígitos, unos 21 en total. Indicaste un "
            "valor del tipo list. El tuyo está donde registraste tu app: https://developers.deriv.com/dashboard/",
        ),
        (
            {"api": "v4"},
            "no_such_api",
            "The API must be one of 'options', 'v3'. You gave 'v4'.",
            "La API debe ser una de estas: 'options', 'v3'. Indicaste 'v4'.",
        ),
        (
            {"server": "wss://example.com/?token=abc", "api": "v3"},
            "server_address",
            f"The server must be an address like {SERVER}, with nothing after it.",
            f"El servidor debe ser una dirección como {SERVER}, sin nada detrás.",
        ),
    ],
)
def test_errors_speak_the_users_language(wrong: dict[str, Any], code: str, english: str, spanish: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        settings(**wrong)
    assert (refused.value.code, str(refused.value)) == (code, english)
    assert refused.value.in_language("es-MX") == spanish
