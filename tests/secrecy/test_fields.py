"""Send every secret or personal field of every call through everything, and check that it turns up nowhere."""

from __future__ import annotations

import gc
import json
import logging
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import CellType, FrameType
from typing import Any

import httpx
import pytest
from canaries import PAT, clean, held, told

from dpyauth import frames
from dpyauth.catalog.calls import Call, load
from dpyauth.catalog.descriptions import LIKE
from dpyauth.catalog.request import build, echoed, encode, seal, secrets
from dpyauth.catalog.schemas import fits
from dpyauth.credentials import Secret, access_token
from dpyauth.errors import ApiError, DpyauthError, InvalidRequest
from dpyauth.fleets.questions import may_travel, sealed
from dpyauth.frames import Context
from dpyauth.net.pending import PendingCall
from dpyauth.net.unlogged import unlogged
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.sensitive import kind_of
from dpyauth.session import Session

Open = Callable[..., Session]

MARK = "W4rbler"
UUID = "0a1b2c3d-0000-4000-8000-000000000001"


def texts(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    return "string" in (kinds if isinstance(kinds, list) else [kinds]) and "enum" not in schema


def sensitive(call: Call) -> Iterator[tuple[str, ...]]:
    """Yield the paths in a request where texts are secret or personal."""
    waiting = [((name,), schema, call.siblings) for name, schema in call.fields.items()]
    while waiting:
        path, schema, beside = waiting.pop()
        parent = path[-2] if len(path) > 1 else ""
        # A code of six digits cannot be a canary: see test_proofs_of_a_payment
        free = "pattern" not in schema or call.rest is None
        if free and texts(schema) and kind_of(path[-1], schema, call.name, parent, beside):
            yield path
        within = schema.get("properties", {})
        waiting += [((*path, name), child, within.keys()) for name, child in within.items()]


FIELDS = [
    (api, call.name, path)
    for api in ("v3", "options")
    for call in load(api).values()
    for path in sensitive(call)
    if call.name != "authorize"  # users do not make this call
]


def filled(call: Call, path: tuple[str, ...], secret: str) -> dict[str, Any]:
    """Return a request with all required fields, and this secret."""
    fields = {name: sample(schema) for name, schema in call.fields.items() if name in call.required}
    place: Any = fields
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = secret
    if path == ("rate_token",):  # the token belongs to a quote
        fields |= {"exchange_rate": "1", **({"wallet_currency": "EUR"} if "wallet_currency" in call.fields else {})}
    return fields


def sample(schema: Mapping[str, Any]) -> Any:
    """Return a value that a field accepts."""
    if schema.get("enum"):
        return schema["enum"][0]
    if several := schema.get("oneOf") or schema.get("anyOf"):
        return sample(several[0])
    kinds = schema.get("type")
    match kinds[0] if isinstance(kinds, list) else kinds:
        case "integer" | "number":
            return max(1, int(schema.get("minimum", 1)))
        case "array":
            return [sample(schema.get("items", {}))]
        case "object":
            inner = schema.get("properties", {})
            return {name: sample(inner[name]) for name in schema.get("required", ()) if name in inner}
    return next((text for text in ("1", "USD", "123456", UUID) if may_be(schema, text)), "1")


def may_be(schema: Mapping[str, Any], text: str) -> bool:
    """Return whether a text fits the pattern of a field, for patterns that dpyauth can explain."""
    return schema.get("pattern") not in LIKE or fits(dict(schema), text)


def canary(number: int) -> str:
    """Return a secret that looks different in every encoding."""
    return f"{MARK}-{number}/ü &+'"


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [leaf for child in (value.values() if isinstance(value, dict) else value) for leaf in leaves(child)]
    return [value]


def test_known_fields_are_among_them() -> None:
    assert len(FIELDS) > 100
    for known in (
        ("v3", "api_token", ("delete_token",)),
        ("v3", "cashier", ("totp",)),
        ("v3", "cashier", ("verification_code",)),
        ("v3", "set_settings", ("date_of_birth",)),
        ("options", "payment_agent_withdraw", ("data", "notes")),
        ("options", "wallet_transfer_exchange", ("rate_token",)),
    ):
        assert known in FIELDS


@pytest.mark.parametrize(("api", "name", "path"), FIELDS)
def test_a_request_does_not_show_it(api: str, name: str, path: tuple[str, ...]) -> None:
    """Neither before nor after the check, nor in what is made of the request; only in what is sent."""
    call, secret = load(api)[name], canary(1)
    given = filled(call, path, secret)
    made = build(call, given)
    assert build(call, seal(call, given)) == made
    sent = json.loads(encode(made, 7))
    assert (sent["req_id"], secret in leaves(sent)) == (7, True)
    frame = frames.generic(call, {"echo_req": sent}, Context(name, api=api))
    of_a_fleet = [sealed(question, (name,), given)[1] for question in ("call", "frame")]
    for shown in (
        seal(call, given),
        seal(None, given),
        made,
        secrets(made),
        echoed(call, sent),
        frame.attrs,
        of_a_fleet,
    ):
        clean(repr(shown))
    for question in ("call", "frame"):
        with pytest.raises(InvalidRequest):
            may_travel(question, (name,), of_a_fleet[0])


@pytest.fixture
def opened(open_session: Open, open_options: Open, box: Sandbox) -> Callable[[str], Session]:
    """Return a session of either API with every scope."""

    def one(api: str) -> Session:
        if api == "v3":
            return open_session()
        box.options.issued[PAT] = Token(PAT, box.options.person("DOT900003"), tuple(load_scopes()))
        return open_options(access_token(PAT, "a test"))

    return one


def load_scopes() -> set[str]:
    return {scope for call in load("options").values() for scope in call.scopes}


def refuse(box: Sandbox, call: Call, said: str) -> None:
    """Refuse the next such call with an error that repeats something wherever there is room for it."""
    details = {"limit": f"not {said}", said: [{"deep": said}], "token": said}
    if call.rest is None:
        box.faults.error(f"Odd{said}", call.name, message=f"You said {said}.", details=details)
    else:
        entry = {"status": 400, "code": f"Odd{said}", "message": f"You said {said}.", "field": said, "detail": details}
        box.faults.http(400, call.name, body=json.dumps({"errors": [entry]}), headers={"Set-Cookie": f"a={MARK}"})


@pytest.mark.parametrize("api", ["v3", "options"])
def test_refusals_do_not_repeat_it(api: str, opened: Callable[[str], Session], box: Sandbox, logged: Any) -> None:
    """Neither an error of the call itself nor of another call."""
    for number, (_, name, path) in enumerate(each for each in FIELDS if each[0] == api):
        if number % 25 == 0:  # a new rate limit
            session = opened(api)
        other = session.core.catalog["time"]
        call, secret = session.core.catalog[name], canary(number)
        for asked, given in ((call, filled(call, path, secret)), (other, {})):
            refuse(box, asked, secret)
            with pytest.raises(DpyauthError, match=r"Odd|HTTP400") as refused:
                session.call(asked.name, **given)
            clean(told(refused.value))
            assert "<secret>" in str(refused.value)
    clean(session.events().to_string())
    clean(repr(session))


@pytest.mark.parametrize("asked", ["time", "get_accounts", "balance", "stream"])
def test_a_credential_that_another_calls_error_repeats(
    asked: str, opened: Callable[[str], Session], box: Sandbox, logged: Any
) -> None:
    """Neither the token nor the one-time password with its address."""
    session = opened("options")
    access: Any = session.core.sign_in
    for secret in (session.core.credential.token, *access.one_time_passwords):
        if asked == "stream":
            refuse(box, session.core.catalog["ticks"], secret.reveal())
            with pytest.raises(ApiError) as refused:
                session.stream("ticks", ticks="R_100")
        else:
            refuse(box, session.core.catalog[asked], secret.reveal())
            with pytest.raises(ApiError) as refused:
                session.call(asked)
        assert secret.reveal() not in told(refused.value)
        assert "<secret>" in str(refused.value)
    assert len(access.one_time_passwords) >= 2


def test_a_token_of_another_account(open_session: Open, box: Sandbox, logged: Any) -> None:
    """Every session knows the tokens of all sessions, even while a sign-in is being refused."""
    one, two = open_session("sandbox-rich-all"), open_session("sandbox-rich-read")
    refuse(box, load("v3")["time"], "sandbox-rich-all")
    with pytest.raises(ApiError) as refused:
        two.call("time")
    assert "sandbox-rich-all" not in told(refused.value)
    box.faults.error("Odd", "authorize", message="You are sandbox-rich-all.")
    with pytest.raises(ApiError) as refused:
        open_session("wrong-token")
    assert "sandbox-rich-all" not in str(refused.value)
    assert "<secret>" in str(refused.value)
    one.close()


def test_an_update_of_a_stream(session: Session, box: Sandbox) -> None:
    with session.stream("proposal_open_contract") as stream:  # a stream of many contracts, of which one may fail
        stream.feed.push(
            {"msg_type": "proposal_open_contract", "error": {"code": "Odd", "message": "sandbox-rich-all"}}
        )
        assert held(stream.feed, "sandbox-rich-all") == []
        assert "sandbox-rich-all" not in stream.frame().to_string()


@pytest.mark.parametrize("api", ["v3", "options"])
def test_nothing_is_left_of_a_call_that_has_ended(
    api: str, opened: Callable[[str], Session], box: Sandbox, eventually: Any
) -> None:
    """Only the `Secret` keeps it: after a reply, after an error, and after the caller has stopped waiting."""
    session = opened(api)
    ended: list[PendingCall] = []
    for number, (_, name, path) in enumerate(each for each in FIELDS if each[0] == api):
        refuse(box, session.core.catalog[name], canary(number))
        try:
            session.call(name, **filled(session.core.catalog[name], path, canary(number)))
        except DpyauthError as error:
            ended += [value for value in _locals(error) if isinstance(value, PendingCall)]
    assert all(pending.text == "" for pending in ended)
    eventually(lambda: holders() == [])


def _locals(error: BaseException) -> list[Any]:
    trace = error.__traceback__
    found: list[Any] = []
    while trace is not None:
        found += trace.tb_frame.f_locals.values()
        trace = trace.tb_next
    return found


def cells(secret: Secret) -> list[CellType]:
    """Return the cells where a secret keeps its text: in the closure of a function."""
    return [cell for inner in gc.get_referents(secret) for cell in getattr(inner, "__closure__", None) or ()]


def holders() -> list[str]:
    """Return the objects that refer to a text with a secret in it, except secrets themselves and running frames."""
    gc.collect()
    guards = {id(cell) for one in gc.get_objects() if isinstance(one, Secret) for cell in cells(one)}
    found = []
    for one in gc.get_objects():
        if id(one) in guards or isinstance(one, FrameType):
            continue
        for part in gc.get_referents(one):
            # Hardly any text of a process has the mark. Looking for it first makes this ten times faster.
            if isinstance(part, str) and MARK in part:
                text = part
            elif isinstance(part, bytes | bytearray) and MARK.encode() in part:
                text = part.decode(errors="replace")
            else:
                continue
            if re.search(rf"{MARK}-\d", text):
                found.append(f"{type(one).__name__}: {text[:80]}")
    return found


def test_an_object_that_holds_a_secret_would_be_found() -> None:
    kept = [canary(1)]
    assert len(holders()) == 1
    kept.clear()
    made = Secret(canary(1))
    assert holders() == []
    assert len(cells(made)) == 1


def test_what_a_weak_proxy_refers_to_may_be_gone() -> None:
    owner = threading.Event()
    proxies = [weakref.proxy(owner), canary(1)]
    del owner
    assert len(held(proxies, canary(1))) == 1


def test_a_stream_takes_no_secret(session: Session, box: Sandbox) -> None:
    """The request of a stream is stored, to be sent again."""
    with pytest.raises(InvalidRequest, match="secret or personal") as refused:
        session.stream("ticks", ticks="R_100", passthrough={"accessToken": canary(1)})
    clean(told(refused.value))
    assert [one.call for one in box.received].count("ticks") == 0


def test_what_the_explorer_shows(session: Session, box: Sandbox) -> None:
    model = ExplorerModel(session)
    heard: list[Any] = []
    model.send = heard.append
    for api, name, path in FIELDS:
        if api == "v3":
            fields = {".".join(path): canary(1)}
            for do in ("preview", "send"):
                model.handle({"do": do, "call": name, "fields": dict(fields)})
            clean(repr([model.view(), vars(model)]))
    assert len(heard) > 100
    clean(heard)


# Logs of other libraries


@pytest.mark.anyio
async def test_only_our_own_requests_are_kept_out_of_the_log(logged: pytest.LogCaptureFixture) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Set-Cookie": f"a={MARK}"})

    logging.getLogger("httpcore.http11").debug("of somebody else")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await http.get("https://example.com/?theirs=1")
        with unlogged():
            logging.getLogger("httpcore.http11").debug("receive_response_headers %r", [("Set-Cookie", MARK)])
            logging.getLogger("hpack.hpack").debug("Decoded %s", MARK)
            await http.get(f"https://example.com/ours?otp={MARK}")
        await http.get("https://example.com/?theirs=2")
    assert "of somebody else" in logged.text
    assert "theirs=1" in logged.text
    assert "theirs=2" in logged.text
    assert "https://example.com/ours?…" in logged.text


def test_headers_of_an_answer_are_in_no_log(opened: Callable[[str], Session], box: Sandbox, logged: Any) -> None:
    session = opened("options")
    leaks = {"Set-Cookie": f"session={MARK}", "Location": f"https://example.com/?token={MARK}"}
    for status in (200, 302, 401, 500):
        box.faults.http(status, "get_accounts", 9, body=json.dumps({"data": []}), headers=leaks)
        try:
            session.call("get_accounts", timeout=0.5)
        except DpyauthError as error:
            clean(told(error))
        box.faults.clear()
    assert "HTTP Request: GET" in logged.text  # that a request was made is no secret
