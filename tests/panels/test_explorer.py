"""Test the model of the call explorer, on sandboxes of both APIs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from dpyauth.apis.options import lookup
from dpyauth.catalog.calls import load
from dpyauth.panels import explorer, reply_view
from dpyauth.panels.explorer import ExplorerModel
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Eventually = Callable[..., None]

PATIENCE = 10.0
MEAN = "<script>alert(1)</script> **bold** \u202eright to left " + "long" * 1000


class Reader:
    """A model, and the messages that a browser receives from it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.model = ExplorerModel(session)
        self.told: list[dict[str, Any]] = []
        self.model.send = self._hear
        self._heard = threading.Condition()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._heard:
            self.told.append(json.loads(json.dumps(message)))
            self._heard.notify_all()

    def do(self, what: str, call: str = "", **more: Any) -> None:
        self.model.handle({"do": what, **({"call": call} if call else {}), **more})

    def hear(self, kind: str) -> dict[str, Any]:
        """Return the next message of this kind."""
        with self._heard:
            assert self._heard.wait_for(lambda: any(kind in each for each in self.told), PATIENCE), self.told
            at = next(at for at, each in enumerate(self.told) if kind in each)
            return self.told.pop(at)[kind]  # type: ignore[no-any-return]

    def send(self, call: str, **fields: str) -> dict[str, Any]:
        """Send a call that changes nothing; return the reply."""
        self.do("send", call, fields={name.replace("__", "."): text for name, text in fields.items()})
        return self.hear("reply")

    def details(self, call: str) -> dict[str, Any]:
        self.do("choose", call)
        details: dict[str, Any] = self.model.view()["call"]
        return details


def row(model: ExplorerModel, name: str) -> dict[str, Any]:
    return next(each for each in model.view()["calls"] if each["name"] == name)


def sent(box: Sandbox, call: str) -> int:
    return sum(each.call == call for each in box.received)


@pytest.fixture
def reader(session: Session) -> Reader:
    return Reader(session)


@pytest.fixture
def demo(open_session: Callable[..., Session]) -> Reader:
    return Reader(open_session("a1-sandbox-rich-demo"))


# Display


def test_all_calls_but_signing_in_and_out(reader: Reader, open_options: Callable[..., Session]) -> None:
    listed = [each["name"] for each in reader.model.view()["calls"]]
    assert listed == sorted(set(load("v3")) - {"authorize", "logout"})
    look = Reader(open_options()).model.view()
    assert [each["name"] for each in look["calls"]] == sorted(load("options"))
    assert (look["api"], look["call"]) == ("options", None)
    reader.do("choose", "logout")
    assert reader.model.view()["call"] is None


def test_marks(open_session: Callable[..., Session]) -> None:
    model = ExplorerModel(open_session("sandbox-rich-read"))
    assert row(model, "ticks") | {"summary": ""} == {
        "name": "ticks", "summary": "", "locked": "", "changes": "never", "streams": True,
    }  # fmt: skip
    assert (row(model, "buy")["locked"], row(model, "buy")["changes"], row(model, "buy")["streams"]) == (
        "scope",
        "always",
        False,
    )
    assert row(model, "api_token")["changes"] == "sometimes"


def test_access_level(open_session: Callable[..., Session]) -> None:
    reader = Reader(open_session("sandbox-rich-read"))
    assert reader.details("ping")["access"] == {"needs": "Needs no sign-in.", "has": "", "tone": "ok"}
    assert reader.details("balance")["access"] == {
        "needs": "Needs a token with the scope: Read or Trading information.",
        "has": "Your token has it.",
        "tone": "ok",
    }
    buy = reader.details("buy")["access"]
    assert buy["has"].startswith("Your token lacks it. Its scopes: Read. Create a token with 'Trade' ticked at Deriv")
    assert buy["tone"] == "bad"


def test_access_level_without_a_sign_in(open_session: Callable[..., Session]) -> None:
    reader = Reader(open_session(None))
    assert reader.details("balance")["access"]["has"] == "Sign in first: run the cell with dpyauth.login()."
    assert reader.details("ping")["access"]["has"] == ""
    assert reader.model.view()["account"] is None
    assert "pong" in reader.send("ping")["json"]["text"]
    assert reader.send("balance")["trouble"]["title"] == "Sign in first"
    assert (row(reader.model, "balance")["locked"], row(reader.model, "ping")["locked"]) == ("sign_in", "")
    assert reader.model.view()["standing"].startswith("You are not signed in.")


def test_a_token_is_not_blamed_for_a_sign_in_that_ended(open_session: Callable[..., Session]) -> None:
    reader = Reader(open_session("sandbox-rich-read"))
    assert reader.model.view()["standing"] == ""
    assert row(reader.model, "buy")["locked"] == "scope"
    reader.session.logout()
    said = reader.details("buy")
    assert (said["locked"], said["access"]["has"]) == ("sign_in", "Sign in first: run the cell with dpyauth.login().")
    assert "You signed out" in reader.model.view()["standing"]
    assert reader.send("balance")["trouble"]["title"] == "Sign in first"


def test_a_token_is_not_blamed_for_a_broken_connection(
    reader: Reader, box: Sandbox, eventually: Eventually, at_once: None
) -> None:
    box.stop()
    eventually(lambda: reader.model.view()["standing"].startswith("The connection to Deriv is down"))
    assert reader.details("balance")["locked"] == ""
    box.start()
    eventually(lambda: not reader.model.view()["standing"])


def test_access_level_on_the_options_api(open_options: Callable[..., Session]) -> None:
    reader = Reader(open_options())
    assert reader.details("health")["access"]["needs"] == "Needs a sign-in, with any scopes."
    assert reader.details("balance")["access"]["has"] == "Your token has it."
    access = reader.details("account_nickname")["access"]
    assert (access["has"], access["tone"]) == ("Deriv did not state your token's scopes: try it.", "plain")


def test_access_level_learned_from_a_refusal(open_options: Callable[..., Session]) -> None:
    reader = Reader(open_options("rich, trading only"))
    assert reader.send("account_nickname")["trouble"]["title"] == "Deriv refused this"
    access = reader.details("account_nickname")["access"]
    assert access["has"].startswith(
        "According to Deriv's replies, your token lacks it. Create a token with 'Manage account' at https://"
    )
    assert access["tone"] == "bad"
    assert not row(reader.model, "account_nickname")["locked"]  # it may be tried again


def test_effect_and_kind_of_answer(reader: Reader) -> None:
    assert reader.details("api_token")["effect"].endswith("if you set one of these: delete_token, new_token.")
    assert reader.details("transaction")["sends"] is False
    assert "stream" in reader.details("ticks")["kind"]
    assert reader.details("buy")["kind"] == "One reply."


def test_another_account_is_shown_at_once(open_session: Callable[..., Session]) -> None:
    model = ExplorerModel(open_session("sandbox-rich-read"))
    assert row(model, "buy")["locked"]
    from dpyauth.credentials import api_token

    model.session.core.sign_in_and_wait(api_token("sandbox-rich-demo", "a test"))
    assert not row(model, "buy")["locked"]
    assert model.view()["account"]["kind"] == "demo"


# Making calls


@pytest.mark.parametrize(
    ("call", "fields", "has"),
    [
        ("ping", {}, "pong"),
        ("time", {}, '"time": '),
        ("balance", {"account": "current"}, "CR900001"),
        ("statement", {"limit": "2", "action_type": "buy"}, "transaction_id"),
        ("profit_table", {"limit": "2", "sort": "ASC"}, "profit_table"),
        ("active_symbols", {"active_symbols": "brief"}, "R_100"),
        ("ticks", {"ticks": "R_100"}, "quote"),
        ("ticks_history", {"ticks_history": "R_100", "end": "latest", "count": "3"}, "prices"),
        ("trading_times", {"trading_times": "today"}, "markets"),
        ("api_token", {}, "•••"),
        ("get_settings", {}, "•••"),
        ("website_status", {}, "currencies_config"),
    ],
)
def test_calls_of_v3(reader: Reader, call: str, fields: dict[str, str], has: str) -> None:
    assert reader.details(call)["name"] == call
    reply = reader.send(call, **fields)
    assert has in reply["json"]["text"]
    assert reply["frame"]["columns"]
    assert "sandbox-rich" not in json.dumps(reply)


@pytest.mark.parametrize(
    ("call", "fields", "has"),
    [
        ("ping", {}, "pong"),
        ("time", {}, '"time": '),
        ("balance", {}, "DOT900003"),
        ("statement", {"limit": "2"}, "transaction_id"),
        ("portfolio", {}, "contracts"),
        ("active_symbols", {"active_symbols": "brief"}, "R_100"),
        ("ticks", {"ticks": "R_100"}, "quote"),
        ("contracts_for", {"contracts_for": "R_100"}, "available"),
        ("get_accounts", {}, "account_id"),
        ("health", {}, "data"),
        ("legacy_migration_status", {}, "pending"),
        ("payment_agent_list", {"currency": "USD"}, "data"),
    ],
)
def test_calls_of_options(open_options: Callable[..., Session], call: str, fields: dict[str, str], has: str) -> None:
    reader = Reader(open_options())
    assert reader.details(call)["name"] == call
    reply = reader.send(call, **fields)
    assert has in reply["json"]["text"]
    assert reply["frame"]["columns"]


def test_preview_follows_what_is_typed(reader: Reader) -> None:
    reader.do("preview", "statement", fields={"limit": "x", "offset": "3"})
    preview = reader.hear("preview")
    assert json.loads(preview["json"]) == {"statement": 1, "offset": 3}
    assert preview["python"]["frame"] == 'session.frame("statement", offset=3)'
    assert preview["wrong"].keys() == {"limit"}
    reader.do("preview", "mt5_password_check", fields={}, hidden=["password", "login", 7])
    assert "getpass" in reader.hear("preview")["python"]["call"]


def test_an_invalid_request_is_not_sent(reader: Reader, box: Sandbox) -> None:
    reader.do("send", "statement", fields={"limit": "x"})
    reader.do("send", "ticks_history", fields={})
    assert [message["insist"] for message in reader.told] == [True, True]
    assert reader.hear("preview")["wrong"].keys() == {"limit"}
    assert reader.hear("preview")["missing"] == ["ticks_history", "end"]
    reader.do("send", "transaction", fields={})
    assert reader.told == []
    assert sent(box, "statement") + sent(box, "ticks_history") + sent(box, "transaction") == 0


def test_hostile_messages_are_harmless(reader: Reader, box: Sandbox) -> None:
    box.faults.error(MEAN[:40], "statement", message=MEAN)
    trouble = reader.send("statement")["trouble"]
    assert trouble["title"] == "Deriv refused this"
    assert r"<script>alert(1)</script> **bold** \u202eright" in trouble["text"]
    assert len(trouble["text"]) < 1100
    assert reader.model.view()["notice"] is None


def test_missing_scope_is_said_before_anything_is_asked(open_session: Callable[..., Session], box: Sandbox) -> None:
    reader = Reader(open_session("sandbox-rich-read"))
    assert reader.send("app_register", name="x", scopes="read")["trouble"]["title"] == "Your token does not allow this"
    assert sent(box, "app_register") == 0


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"do": 7},
        {"do": "send"},
        {"do": "send", "call": 7},
        {"do": "send", "call": "authorize", "fields": {"authorize": "x"}},
        {"do": "send", "call": "no such call"},
        {"do": "choose", "call": "no such call"},
        {"do": "preview", "call": "logout"},
    ],
)
def test_nonsense_is_ignored(reader: Reader, said: dict[str, Any]) -> None:
    reader.model.handle(said)
    assert reader.told == []
    assert reader.model.view()["call"] is None


@pytest.mark.parametrize("fields", [None, 7, [], {7: 7}, {"limit": 5}, {"nonsense": "1"}, {"limit": None}])
def test_nonsense_among_the_fields_is_ignored(reader: Reader, fields: Any) -> None:
    reader.do("send", "statement", fields=fields)
    assert "transactions" in reader.hear("reply")["json"]["text"]


# Calls that change something


def ask(reader: Reader, name: str = "An app") -> dict[str, Any]:
    reader.do("send", "app_register", fields={"name": name, "scopes": "read"})
    return reader.hear("ask")


def test_change_on_a_demo_account_needs_a_second_click(open_options: Callable[..., Session], box: Sandbox) -> None:
    reader, demo = Reader(open_options()), "DOT900003"
    reader.do("send", "reset_demo_balance", fields={"account_id": demo})
    asked = reader.hear("ask")
    assert asked["json"] == f"POST /trading/v1/options/accounts/{demo}/reset-demo-balance"
    assert (asked["typed"], asked["loginid"]) == ("", demo)
    assert sent(box, "reset_demo_balance") == 0
    reader.do("confirm", nonce=asked["nonce"])
    assert "data" in reader.hear("reply")["json"]["text"]
    assert sent(box, "reset_demo_balance") == 1


def test_change_on_a_real_account_needs_its_login_id(reader: Reader, box: Sandbox) -> None:
    asked = ask(reader)
    assert asked["typed"] == "CR900001"
    assert json.loads(asked["json"]) == {"app_register": 1, "name": "An app", "scopes": ["read"]}
    reader.do("confirm", nonce=asked["nonce"], typed="CR900002")
    assert "does not match CR900001" in reader.hear("reply")["trouble"]["text"]
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")  # each confirmation works only once
    assert reader.hear("reply")["trouble"]["title"] == "Nothing was sent"
    assert sent(box, "app_register") == 0
    reader.do("confirm", nonce=ask(reader)["nonce"], typed="CR900001")
    assert reader.hear("reply")["frame"]["shape"][0] == 1
    assert sent(box, "app_register") == 1


def test_a_confirmation_is_valid_for_the_last_question_only(reader: Reader, box: Sandbox) -> None:
    first = ask(reader, "First")
    ask(reader, "Second")
    reader.do("confirm", nonce=first["nonce"], typed="CR900001")
    assert "latest question" in reader.hear("reply")["trouble"]["text"]
    for answer in (lambda: reader.do("cancel"), lambda: reader.do("choose", "ping"), lambda: reader.send("ping")):
        asked = ask(reader)
        answer()
        reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
        assert "latest question" in reader.hear("reply")["trouble"]["text"]
    reader.do("confirm", nonce="\ud800")
    assert reader.hear("reply")["trouble"]["title"] == "Nothing was sent"
    assert sent(box, "app_register") == 0


def test_a_confirmation_is_valid_for_its_account_only(reader: Reader, box: Sandbox) -> None:
    from dpyauth.credentials import api_token

    asked = ask(reader)
    reader.session.core.sign_in_and_wait(api_token("sandbox-rich-demo", "a test"))
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    assert "another account" in reader.hear("reply")["trouble"]["text"]
    assert sent(box, "app_register") == 0


def test_account_switched_at_the_last_moment(reader: Reader, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account changes between the confirmation and the sending, which happens on another thread."""
    from dpyauth.credentials import api_token

    asked = ask(reader)
    later = reader.model.later
    monkeypatch.setattr(
        reader.model,
        "later",
        lambda work: (reader.session.core.sign_in_and_wait(api_token("sandbox-rich-btc", "a test")), later(work)),
    )
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    assert "another account" in reader.hear("reply")["trouble"]["text"]
    assert sent(box, "app_register") == 0


def test_confirmation_comes_too_late(reader: Reader, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "VALID", -1.0)
    reader.do("confirm", nonce=ask(reader)["nonce"], typed="CR900001")
    assert "too long ago" in reader.hear("reply")["trouble"]["text"]
    assert sent(box, "app_register") == 0


def test_only_some_fields_change_something(reader: Reader, box: Sandbox) -> None:
    reader.do("send", "api_token", fields={"new_token": "mine", "new_token_scopes": "read"})
    assert reader.hear("ask")["typed"] == "CR900001"
    assert sent(box, "api_token") == 0
    assert "tokens" in reader.send("api_token")["json"]["text"]


def test_unknown_outcome_is_said_and_not_repeated(reader: Reader, box: Sandbox, at_once: None) -> None:
    asked = ask(reader)
    box.faults.drop("app_register")
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    trouble = reader.hear("reply")["trouble"]
    assert trouble["unknown"]
    assert trouble["title"] == "It is not known whether Deriv carried this out"
    assert "pong" in reader.send("ping")["json"]["text"]
    assert sent(box, "app_register") == 1


def test_a_change_whose_reply_cannot_be_shown_is_not_said_to_have_failed(
    reader: Reader, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(reply_view, "table", defect)
    reader.do("confirm", nonce=ask(reader)["nonce"], typed="CR900001")
    trouble = reader.hear("reply")["trouble"]
    assert trouble["title"].startswith("This was most likely sent")
    assert "before you send it again" in trouble["text"]
    assert trouble["unknown"]
    assert reader.model.view()["notice"] is None
    assert sent(box, "app_register") == 1


def test_closed_session(reader: Reader) -> None:
    asked = ask(reader)
    reader.session.close()
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    assert "trouble" in reader.hear("reply")
    assert "closed" in reader.send("ping")["trouble"]["text"]


# Transfers


TRANSFER = {
    "currency": "USD",
    "amount": "1.00",
    "source_wallet_id": "00000000-0000-4000-8000-000000000010",
    "destination_wallet_id": "00000000-0000-4000-8000-000000000011",
}
TO_CLIENT = {"data.to_nickname": "sandbox_moved", "data.amount": "1.00", "data.currency": "USD"}


@pytest.fixture
def rich(open_options: Callable[..., Session], monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(lookup, "PAUSES", (0.0, 0.0))
    return Reader(open_options())


def asked_for(reader: Reader, call: str, fields: dict[str, str]) -> dict[str, Any]:
    reader.do("send", call, fields=dict(fields))
    return reader.hear("ask")


def confirmed(reader: Reader, asked: dict[str, Any]) -> dict[str, Any]:
    reader.do("confirm", nonce=asked["nonce"], typed=asked["loginid"])
    return reader.hear("reply")


def body(asked: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(asked["json"].partition("\n")[2])
    return whole


def test_the_request_id_of_a_transfer_is_made_and_shown_before_it_is_sent(rich: Reader, box: Sandbox) -> None:
    field = next(each for each in rich.details("wallet_transfer")["fields"] if each["name"] == "request_id")
    assert not field["required"]
    assert "have one generated for you" in field["help"]
    asked = asked_for(rich, "wallet_transfer", TRANSFER)
    made = body(asked)["request_id"]
    assert sent(box, "wallet_transfer") == 0
    box.faults.http(502, "wallet_transfer")
    trouble = confirmed(rich, asked)["trouble"]
    assert trouble["title"] == "Deriv most likely did not carry this out"
    assert made in trouble["text"]
    assert rich.session.transfers()["request_id"].tolist() == [made]
    own = asked_for(rich, "wallet_transfer", {**TRANSFER, "request_id": made})
    assert body(own)["request_id"] == made
    assert sent(box, "wallet_transfer") == 1


def test_transfers_need_the_login_id_even_on_a_demo_account(rich: Reader, box: Sandbox) -> None:
    assert rich.session.loginid == "DOT900003"
    asked = asked_for(rich, "payment_agent_transfer", TO_CLIENT)
    assert (asked["money"], asked["typed"]) == (True, "DOT900003")
    rich.do("confirm", nonce=asked["nonce"])
    assert "does not match DOT900003" in rich.hear("reply")["trouble"]["text"]
    assert sent(box, "payment_agent_transfer") == 0


def test_a_transfer_that_was_looked_up_says_so(rich: Reader, box: Sandbox) -> None:
    box.faults.http(504, "payment_agent_transfer")
    status = '{"data": {"status": "complete", "transaction_id": 7}, "errors": []}'
    box.faults.http(200, "payment_agent_transfer_status", body=status)
    reply = confirmed(rich, asked_for(rich, "payment_agent_transfer", TO_CLIENT))
    assert reply["note"] == "The reply was lost. This is what Deriv's records show."
    assert '"complete"' in reply["json"]["text"]


def test_a_dry_run_is_sent_at_once_and_says_so(rich: Reader, box: Sandbox) -> None:
    assert rich.details("payment_agent_transfer")["effect"].endswith("it changes nothing, and is sent without asking.")
    done = '{"data": {"status": "dry_run_ok", "transaction_id": null}, "errors": []}'
    box.faults.http(200, "payment_agent_transfer", body=done)
    rich.do("send", "payment_agent_transfer", fields={**TO_CLIENT, "data.dry_run": "true"})
    reply = rich.hear("reply")
    assert reply["note"] == "Dry run: nothing was changed."
    assert rich.send("ping")["note"] == ""


def test_a_dry_run_that_deriv_has_carried_out_is_not_said_to_have_changed_nothing(rich: Reader, box: Sandbox) -> None:
    body = '{"data": {"status": "complete", "transaction_id": 7}, "errors": []}'
    box.faults.http(200, "payment_agent_transfer", body=body)
    rich.do("send", "payment_agent_transfer", fields={**TO_CLIENT, "data.dry_run": "true"})
    assert rich.hear("reply")["note"] == ""


QUOTED = {"exchange_rate": "0.9", "rate_token": "9146253"}


@pytest.mark.parametrize(
    ("call", "secret", "fields"),
    [
        (
            "wallet_transfer_exchange",
            "rate_token",
            {
                **{name: TRANSFER[name] for name in ("amount", "source_wallet_id", "destination_wallet_id")},
                "source_currency": "USD",
                "destination_currency": "EUR",
                **QUOTED,
            },
        ),
        (
            "wallet_transfer_platforms",
            "rate_token",
            {
                "wallet_id": TRANSFER["source_wallet_id"],
                "amount": "1.00",
                "currency": "USD",
                "direction": "from_wallet",
                "platform_name": "options",
                "platform_account_id": "ROT900001",
                "wallet_currency": "EUR",
                **QUOTED,
            },
        ),
        (
            "payment_agent_withdraw",
            "data.verification_code",
            {
                "data.agent_id": "41",
                "data.amount": "1.00",
                "data.currency": "USD",
                "data.verification_code": "914625",
            },
        ),
    ],
)
def test_secrets_of_a_transfer(rich: Reader, box: Sandbox, call: str, secret: str, fields: dict[str, str]) -> None:
    assert next(each for each in rich.details(call)["fields"] if each["name"] == secret)["sensitive"]
    asked = asked_for(rich, call, fields)
    assert "•••" in asked["json"]
    said = json.dumps({"errors": [{"status": 400, "code": "X", "message": f"wrong: {fields[secret]}"}]})
    box.faults.http(400, call, body=said)
    told = [
        asked,
        rich.model.view(),
        confirmed(rich, asked),
        vars(rich.model),
        rich.session.__dict__,
    ]
    assert fields[secret] not in repr(told)
    assert sent(box, call) == 1


# Secrets


def test_secrets_are_taken_out_of_the_message(reader: Reader, box: Sandbox) -> None:
    fields = {"login": "MTR1", "password": "Canary-5up3r"}
    said = {"do": "send", "call": "mt5_password_check", "fields": fields}
    reader.model.handle(said)
    assert (fields, "fields" in said) == ({}, False)
    asked = reader.hear("ask")
    assert json.loads(asked["json"])["password"] == "•••"
    assert "Canary" not in repr([vars(reader.model), reader.model.view(), asked])
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    reply = reader.hear("reply")
    assert "Canary" not in repr(reply)
    assert sent(box, "mt5_password_check") == 1


def test_leaving_forgets_what_was_asked(reader: Reader) -> None:
    asked = ask(reader)
    reader.model.close()
    reader.do("confirm", nonce=asked["nonce"], typed="CR900001")
    assert "trouble" in reader.hear("reply")
