"""Test apps: registering, changing and deleting them, and withdrawing their access."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from dpyauth.errors import InvalidSetting
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.registered_apps import problem_with

HERE = "http://localhost/callback"


def register(one: Any, **fields: Any) -> int:
    request = {"name": "A notebook", "scopes": ["read"], "redirect_uri": HERE, **fields}
    return one.ask(app_register=1, **request)["app_register"]["app_id"]


def test_a_new_app_belongs_to_its_owner(client: Any) -> None:
    one, other = client("sandbox-rich-all"), client("sandbox-trouble-read")
    app_id = register(one, homepage="https://example.com/x")
    assert register(one) == app_id + 1
    row = one.ask(app_get=app_id)["app_get"]
    assert row["homepage"] == "https://example.com/x"
    assert row["github"] == ""
    assert (row["redirect_uri"], row["scopes"], row["active"]) == (HERE, ["read"], 1)
    assert app_id in [row["app_id"] for row in one.ask(app_list=1)["app_list"]]
    assert other.ask(app_list=1)["app_list"] == []
    assert other.code(app_get=app_id) == "AppGet"
    assert client(app_id=app_id).ask(ping=1)["ping"] == "pong"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost:8888/",
        "http://[::1]/x",
        "http://localhost/?a=b",
        "localhost",
        "urn:x:y",
        "http://localhost/\n",
    ],
)
def test_redirect_urls_that_deriv_refuses(client: Any, redirect_uri: str) -> None:
    reply = client("sandbox-rich-all").ask(app_register=1, name="x", scopes=["read"], redirect_uri=redirect_uri)
    assert reply["error"]["code"] == "InputValidationFailed"
    assert set(reply["error"]["details"]) == {"redirect_uri"}


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": []},
        {"redirect_uri": "http://localhost/ein blatt"},
        {"redirect_uri": "http://localhost/ß"},
        {"redirect_uri": "", "app_markup_percentage": 1},
    ],
)
def test_invalid_apps(client: Any, fields: dict[str, Any]) -> None:
    request = {"name": "x", "scopes": ["read"], "redirect_uri": HERE, **fields}
    if not request["redirect_uri"]:
        del request["redirect_uri"]
    one = client("sandbox-rich-all")
    before = one.ask(app_list=1)
    assert one.code(app_register=1, **request) == "AppRegister"
    assert one.ask(app_list=1) == before


def test_changing_an_app(client: Any) -> None:
    one = client("sandbox-rich-all")
    app_id = register(one, github="https://github.com/x/y")
    changed = one.ask(app_update=app_id, name="Other", scopes=["read", "trade"])["app_update"]
    assert (changed["name"], changed["redirect_uri"], changed["github"]) == ("Other", HERE, "https://github.com/x/y")
    assert one.ask(app_get=app_id)["app_get"] == changed
    assert one.code(app_update=app_id, name="x", scopes=[]) == "AppUpdate"
    assert one.code(app_update=1089, name="x", scopes=[]) == "AppUpdate"
    assert one.ask(app_get=app_id)["app_get"] == changed


def test_changing_scopes_withdraws_the_access(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-all")
    app = one.ask(app_get=box.app_id)["app_get"]
    user = client("a1-sandbox-trouble")
    one.ask(app_update=box.app_id, name="Renamed", scopes=app["scopes"][::-1])
    assert "balance" in user.ask(balance=1)
    one.ask(app_update=box.app_id, name="Renamed", scopes=["read"])
    assert user.code(balance=1) == "InvalidToken"
    assert client().code(authorize="a1-sandbox-rich-usd") == "InvalidToken"
    assert box.app_id not in [row["app_id"] for row in one.ask(oauth_apps=1)["oauth_apps"]]
    assert "balance" in one.ask(balance=1)  # an API token belongs to no app


def test_deleting_an_app(box: Sandbox, client: Any) -> None:
    one = client("sandbox-rich-all", app_id=1089)
    user = client("a1-sandbox-rich-usd")
    assert one.code(app_delete=1089) == "AppDelete"
    assert one.ask(app_delete=box.app_id)["app_delete"] == 1
    assert one.code(app_get=box.app_id) == "AppGet"
    assert user.code(balance=1) == "InvalidAppID"
    with pytest.raises(ConnectionClosed):
        user.receive()


def test_revoking_an_app(client: Any) -> None:
    one = client("sandbox-rich-all")
    rich, trouble = client("a1-sandbox-rich-btc"), client("a1-sandbox-trouble")
    assert [row["app_id"] for row in one.ask(oauth_apps=1)["oauth_apps"]] == [16303, 16929]
    assert one.ask(revoke_oauth_app=16303)["revoke_oauth_app"] == 1
    assert [row["app_id"] for row in one.ask(oauth_apps=1)["oauth_apps"]] == [16929]
    assert rich.code(balance=1) == "InvalidToken"
    assert "balance" in trouble.ask(balance=1)
    assert one.code(revoke_oauth_app=16303) == "RevokeOauthApp"


@pytest.mark.parametrize("request_", [{"app_register": 1}, {"app_update": 16303}])
def test_only_admins_may(client: Any, request_: dict[str, int]) -> None:
    one = client("sandbox-rich-read")
    assert one.code(**request_, name="x", scopes=[]) == "PermissionDenied"
    assert one.code(app_delete=16303) == "PermissionDenied"
    assert one.code(revoke_oauth_app=16303) == "PermissionDenied"


def test_an_app_from_python_may_have_a_port(box: Sandbox, client: Any) -> None:
    app_id = box.register_app("Ported", "http://localhost:8080/x?y=z", ["read", "trade"])
    assert client(app_id=app_id).ask(ping=1)["ping"] == "pong"
    with Sandbox() as other:
        assert other.register_app("Again", "myapp://callback") == app_id
    assert Sandbox().register_app("Not even running", HERE) == app_id
    with pytest.raises(InvalidSetting, match="scopes must be"):
        box.register_app("x", HERE, ["everything"])


@pytest.mark.parametrize(
    "url", ["http://x/\r\nSet-Cookie: a", "http://x/;'*", "javascript:alert(1)", "//x", "http://x/ y"]
)
def test_redirect_urls_that_would_break_a_header(url: str) -> None:
    assert problem_with(url, ["read"])


def test_expiry_on_demand(box: Sandbox, client: Any) -> None:
    one = client("a1-sandbox-rich-usd")
    box.expire("a1-sandbox-rich-usd")
    assert one.code(balance=1) == "InvalidToken"
    again = client().ask(authorize="a1-sandbox-rich-usd")["error"]
    assert (again["code"], "expired" in again["message"]) == ("InvalidToken", True)
    with pytest.raises(InvalidSetting, match="no account, token or app"):
        box.expire("nobody's")


def test_expiry_by_time() -> None:
    now = [1_000.0]
    box = Sandbox(token_lifetime=60, clock=lambda: now[0])
    app = box.world.apps.find(box.app_id)
    assert app is not None
    first = box.world.let_in(app, box.world.users[0])
    assert len({grant.value for grant in first}) == 3
    now[0] += 59.9
    assert all(box.world.grant(grant.value, box.app_id) is grant for grant in first)
    now[0] += 0.1
    assert not any(box.world.works(grant) for grant in first)
