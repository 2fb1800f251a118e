"""The sandbox refuses any malformed input, and never fails with an error of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dpyauth.catalog.calls import load

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALLS = sorted(name for name, call in load("options").items() if call.rest is None)
FIELDS = sorted({field for name in CALLS for field in load("options")[name].fields})
WRITTEN = [
    (call.rest.method, call.rest.path, sorted(call.fields))
    for call in load("options").values()
    if call.rest and call.rest.method != "GET"
]
READ = [
    (call.rest.path, sorted(call.fields))
    for call in load("options").values()
    if call.rest and call.rest.method == "GET" and call.fields
]
NESTED = (
    "agent_id",
    "amount",
    "currency",
    "dry_run",
    "request_id",
    "show_real_name",
    "to_nickname",
    "verification_code",
)
PATHS = sorted(call.rest.path for call in load("options").values() if call.rest)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def asked(rest: Any) -> httpx.Client:
    one = rest("rich").http
    one.event_hooks["response"] = [_whole]
    return one


def _whole(answer: httpx.Response) -> None:
    answer.read()
    assert answer.status_code < 500, answer.text


@pytest.fixture(autouse=True)
def nothing_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.records if record.name.startswith("dpyauth")]


@few
@given(
    path=st.sampled_from(PATHS), method=st.sampled_from(["GET", "POST", "PATCH"]), body=st.binary(max_size=20) | JSON
)
def test_any_body(asked: httpx.Client, path: str, method: str, body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked.request(method, path, content=content, headers={"Content-Type": "application/json"})


@few
@given(st.data())
def test_any_query(asked: httpx.Client, data: st.DataObject) -> None:
    path, fields = data.draw(st.sampled_from(READ))
    values = st.binary(max_size=8) | st.sampled_from([b"USD", b"CR900031", b"2026-10-01", b"3"])
    query = data.draw(st.dictionaries(st.sampled_from(fields), values, min_size=1))
    asked.get(f"{path}?{urlencode(query)}")


@few
@given(st.data())
def test_any_change(asked: httpx.Client, data: st.DataObject) -> None:
    method, path, fields = data.draw(st.sampled_from(WRITTEN))
    known = ("USD", "1", "10.5", "main", "00000000-0000-4000-8000-000000000010", "options", "from_wallet", "9" * 40)
    values = JSON | st.sampled_from(known)
    body: dict[str, Any] = {name: data.draw(values) for name in fields}
    if "data" in body:
        body["data"] = data.draw(st.dictionaries(st.sampled_from(NESTED), values))
    asked.request(method, path, json=body)


@few
@given(header=st.sampled_from(["", "pat_", "ory_at_"]).flatmap(lambda start: ASCII.map(lambda rest: start + rest)))
def test_any_authorization(asked: httpx.Client, header: str) -> None:
    answer = asked.get("/trading/v1/options/accounts", headers={"Authorization": f"Bearer {header}".strip()})
    assert answer.status_code == 401


@few
@given(
    form=st.binary(max_size=40)
    | st.dictionaries(st.sampled_from(["grant_type", "code", "client_id"]), st.binary(max_size=8)).map(urlencode)
)
def test_any_form(asked: httpx.Client, form: bytes | str) -> None:
    answer = asked.post("/oauth2/token", content=form, headers=FORM)
    assert answer.status_code in (400, 401)
    assert {"error", "error_description"} <= set(answer.json())


@few
@given(
    request=st.dictionaries(st.sampled_from([*CALLS, *FIELDS, "req_id", "else"]), JSON, max_size=4),
    account=st.sampled_from([None, "DOT900003"]),
)
def test_any_frame(socket: Any, open_sockets: dict[Any, Any], request: Any, account: str | None) -> None:
    if account not in open_sockets:
        open_sockets[account] = socket(account)
    one = open_sockets[account]
    one.send(**request)
    one.send(time=1, req_id=-7)
    while (reply := one.receive())["msg_type"] != "time" or reply.get("req_id") != -7:
        assert reply.get("error", {}).get("code") != "InternalServerError", request


@pytest.fixture
def open_sockets() -> dict[Any, Any]:
    return {}
