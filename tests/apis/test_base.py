"""Test that both APIs have all parts that an API must have."""

from __future__ import annotations

from dpyauth.apis import base
from dpyauth.apis.base import Account, Api, named
from dpyauth.credentials import Credential, Secret
from dpyauth.errors import SessionClosed
from dpyauth.registry import APIS, DEFAULT
from dpyauth.settings import settings

PROMISED = [name for name in vars(Api) if not name.startswith("_")] + list(Api.__annotations__)


def test_the_apis() -> None:
    assert list(APIS) == ["options", "v3"]
    assert DEFAULT == "options"


def test_each_api_has_every_part() -> None:
    assert "sign_in" in PROMISED
    assert "CATALOG" in PROMISED
    for name in APIS:
        api = named(name)
        assert named(name) is api
        assert [one for one in PROMISED if not hasattr(api, one)] == []
        assert api.CATALOG.api == name
        assert "'Read'" in APIS[name].advice("'Read'")


def test_every_scope_has_a_label() -> None:
    for name in APIS:
        api = named(name)
        assert {scope for call in api.CATALOG.values() for scope in call.scopes} <= set(APIS[name].scopes)


def test_a_sign_in_for_each_api(nothing_left: None) -> None:
    promised = [name for name in vars(base.SignIn) if not name.startswith("_")]
    credential = Credential(Secret("pat_x"), "a test")
    for name in APIS:
        made = named(name).sign_in(settings("1089" if name == "v3" else "a1", api=name), {"": credential}, credential)
        assert [one for one in promised if not hasattr(made, one)] == []
        assert made.credential is credential
        assert (made.dispatcher is None) == (name == "v3")
        assert made.expires_at is None
        made.close(SessionClosed("closed by the test"))
        made.close(SessionClosed("closed by the test"))


def test_the_endpoint_of_calls_without_sign_in() -> None:
    assert named("v3").public(settings("1089", api="v3")) == "wss://ws.derivws.com/websockets/v3?app_id=1089&l=EN"
    public = named("options").public
    assert public(settings("a1", api="options")) == "wss://api.derivws.com/trading/v1/options/ws/public"
    here = settings("a1", "http://127.0.0.1:5", api="options")
    assert public(here) == "ws://127.0.0.1:5/trading/v1/options/ws/public"


def test_an_account() -> None:
    account = Account("DOT1", "USD", True, None, ({"loginid": "CR2", "email": "someone@example.com"},))
    assert account.kind == "demo"
    assert Account("ROT1", "USD", False, ()).kind == "real"
    assert "CR2" not in repr(account)
