"""Test the account card without a browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dpyauth.errors import PermissionDenied
from dpyauth.panels import readings, switcher
from dpyauth.panels.card import CardModel
from dpyauth.registry import OPTIONS
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

Eventually = Callable[..., None]


def card_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "dpyauth-card"]


@pytest.fixture(autouse=True)
def no_thread_left(eventually: Eventually) -> Iterator[None]:
    yield
    eventually(lambda: not card_threads())


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read often what Deriv does not push."""
    monkeypatch.setattr(switcher, "EVERY", 0.02)


@pytest.fixture
def shown(session: Session) -> Iterator[CardModel]:
    """Show a card that is visible."""
    model = CardModel(session)
    model.prepare()
    model.on_shown()
    yield model
    model.close()


def lights(view: dict[str, Any]) -> dict[str, list[str]]:
    return {row["name"]: [light["text"] for light in row["lights"]] for row in view["rows"]}


def asked(box: Sandbox, call: str) -> int:
    return sum(received.call == call for received in box.received)


# Contents


def test_first_picture(session: Session, box: Sandbox) -> None:
    model = CardModel(session)
    model.prepare()
    view = model.view()
    assert (view["account"]["loginid"], view["account"]["kind"], view["account"]["api"]) == ("CR900001", "sample", "v3")
    assert view["balance"] == "9,363.47"
    assert view["sandbox"] is True
    assert view["connection"]["on"] is True
    assert view["connection"]["text"].startswith("connected, last round trip ")
    assert lights(view)["Verification"][0] == "Identity: verified until Dec 15, 2026"
    assert lights(view)["Cashier"] == lights(view)["Trading"] == ["open"]
    assert lights(view)["Scopes"] == ["Read", "Trade", "Trading information", "Payments", "Admin"]
    assert asked(box, "get_account_status") == asked(box, "balance") == 1
    json.dumps(view)


@pytest.mark.parametrize("token", ["sandbox-trouble-read", "sandbox-new-read", "sandbox-rich-demo"])
def test_every_sample_user(token: str, open_session: Callable[..., Session]) -> None:
    model = CardModel(open_session(token))
    model.prepare()
    view = model.view()
    assert view["known"]
    assert view["balance"]
    for said in (model.as_text(), model.still(model.view())):
        assert view["account"]["loginid"] in said
        assert ("Demo account" in said) == (token != "sandbox-trouble-read")
        assert ("Sample account" in said) == (token == "sandbox-trouble-read")


def test_nothing_personal_and_nothing_secret(open_session: Callable[..., Session], box: Sandbox) -> None:
    model = CardModel(open_session("sandbox-trouble-read"))
    model.prepare()
    shown = json.dumps(model.view()) + model.as_text() + model.still(model.view()) + repr(model)
    user = next(user for user in box.world.users if user.user_id == 9000011)
    for hidden in ("sandbox-trouble-read", user.name, user.email, str(user.user_id)):
        assert hidden not in shown


def test_a_missing_scope_is_named(open_session: Callable[..., Session], box: Sandbox) -> None:
    box.world.issued["a-token-to-trade"] = Token("a-token-to-trade", "CR900001", ("trade",), "test")
    model = CardModel(open_session("a-token-to-trade"))
    model.prepare()
    view = model.view()
    assert view["no_balance"] == "Not shown: this needs a token with the scope Read or Trading information."
    assert view["rows"][0]["lines"] == ["Not shown: this needs a token with the scope Read."]
    assert asked(box, "get_account_status") == asked(box, "balance") == 0


def test_the_options_api_has_no_verification(open_options: Any) -> None:
    model = CardModel(open_options("rich"))
    model.prepare()
    view = model.view()
    assert view["balance"] == "9,969.39"
    assert lights(view) == {
        "Account": ["active"],
        "At stake": [],
        "Profit": [],
        "Wallets": [],
        "History from v3": ["being moved; it cannot be read until that is done"],
        "Scopes": ["Trade", "Payment", "not stated: Manage account, Read applications"],
        "Elsewhere": [],
    }
    assert len(view["accounts"]) == 2
    assert f"verification, cashier and limits. See them at {OPTIONS.pages.profile}" in " ".join(model.as_text().split())
    assert f'<a href="{OPTIONS.pages.profile}"' in model.still(model.view())


def test_scopes_of_a_token_as_far_as_they_are_known(open_options: Any) -> None:
    session = open_options("rich, trading only")
    model = CardModel(session)
    for call in ("account_nickname", "payment_agent_list"):
        with pytest.raises(PermissionDenied):
            session.frame(call, **({"currency": "USD"} if call == "payment_agent_list" else {}))
    assert lights(model.view())["Scopes"] == [
        "Trade",
        "missing: Manage account",
        "missing: Payment",
        "not stated: Read applications",
    ]


def test_signed_out_closed_and_in_again(session: Session) -> None:
    model = CardModel(session)
    model.prepare()
    session.core.sign_out("You signed out.")
    view = model.view()
    assert (view["account"], view["rows"], view["known"]) == (None, [], [])
    assert view["notice"]["text"] == "You signed out."
    assert "You are not signed in" in model.still(model.view())
    session.close()
    assert "closed" in model.as_text()


def test_failures_are_shown(session: Session, box: Sandbox) -> None:
    box.faults.error("Odd", "get_account_status", message="<b>No</b>")
    box.faults.error("Odd", "balance", message="Not\x1b now")
    model = CardModel(session)
    model.prepare()
    view = model.view()
    assert "<b>No</b>" in view["rows"][0]["lines"][0]
    assert "Not now" in view["no_balance"]
    assert "<b>" not in model.still(model.view())
    assert "status" not in view["known"]


def test_a_nonsensical_reply(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.core.adapter, "payload", lambda call, reply: ["odd"])
    model = CardModel(session)
    model.prepare()
    assert lights(model.view())["Verification"] == ["no information from Deriv yet"]


def test_first_picture_does_not_wait_for_ever_and_is_completed(
    session: Session, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switcher, "PATIENCE", 0.05)
    box.faults.delay(0.5, "get_account_status")
    model = CardModel(session)
    changes: list[dict[str, Any]] = []
    model.changed = lambda: changes.append(model.view())
    model.prepare()
    assert model.view()["rows"][0]["lines"] == ["One moment…"]
    eventually(lambda: changes and "status" in changes[-1]["known"])


# Updates


def test_the_balance_is_live(shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    assert box.wait_until(lambda box: asked(box, "balance") == 2)  # once for the first picture, and the stream
    box.pay("CR900001", 100.5)
    eventually(lambda: shown.view()["balance"] == "9,463.97")
    assert asked(box, "get_account_status") == 1  # known from the first picture


def test_the_status_is_read_again(quickly: None, shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    box.world.users[0].status["status"] = ["cashier_locked"]
    eventually(lambda: lights(shown.view())["Cashier"] == ["closed"])


def test_values_that_cannot_be_read_again_stay_with_their_time(
    quickly: None, shown: CardModel, box: Sandbox, eventually: Eventually
) -> None:
    eventually(lambda: asked(box, "get_account_status") > 1)
    box.faults.error("Odd", "get_account_status", times=1000, message="Not now.")
    eventually(lambda: shown.view()["footnote"])
    view = shown.view()
    assert view["footnote"].startswith("As of 20")
    assert "Not now." in view["footnote"]
    assert lights(view)["Trading"] == ["open"]
    box.faults.clear()
    eventually(lambda: not shown.view()["footnote"])


def test_a_break_is_shown_and_the_card_recovers(
    shown: CardModel, box: Sandbox, eventually: Eventually, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "FRESH", 0.0)
    eventually(lambda: asked(box, "balance") == 2)
    before = asked(box, "get_account_status")
    box.stop()
    eventually(lambda: not shown.view()["connection"]["on"])
    view = shown.view()
    assert view["connection"]["text"].startswith("reconnecting…")
    assert view["balance"] == "9,363.47"
    assert lights(view)["Trading"] == ["open"]
    box.start()
    eventually(lambda: shown.view()["connection"]["on"])
    eventually(lambda: asked(box, "get_account_status") > before)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view()["balance"] == "9,364.47")


def test_it_follows_to_another_account(several: Session, box: Sandbox, eventually: Eventually) -> None:
    model = CardModel(several)
    model.prepare()
    model.on_shown()
    assert model.view()["balance"] == "9,363.47"
    model.handle({"do": "use", "loginid": "VRTC900003"})
    eventually(lambda: model.view()["account"]["loginid"] == "VRTC900003" and model.view()["balance"] == "9,942.83")
    eventually(lambda: lights(model.view()).get("Cashier") == ["none, this is demo money"])
    box.pay("VRTC900003", 1)
    eventually(lambda: model.view()["balance"] == "9,943.83")
    box.pay("CR900001", 1)
    several.core.sign_out("You signed out.")
    assert model.view()["balance"] == ""
    model.close()


def test_an_account_is_never_shown_with_values_of_another(several: Session) -> None:
    model = CardModel(several)
    model.prepare()
    before = several.core.active_account
    several.use("VRTC900003")
    view = model.view()
    assert (view["account"]["loginid"], view["balance"], view["known"]) == ("VRTC900003", "", [])
    model.readings.learned(several, before, balance="1.00")  # an answer that comes late
    assert model.view()["balance"] == ""


def test_signing_in_again_restores_the_card(session: Session, box: Sandbox, eventually: Eventually) -> None:
    from dpyauth.credentials import api_token

    model = CardModel(session)
    model.on_shown()
    eventually(lambda: model.view()["balance"] == "9,363.47" and model.view()["known"])
    session.core.sign_out("You signed out.")
    assert model.view()["account"] is None
    session.core.sign_in_and_wait(api_token("sandbox-trouble-read", "a test"))
    eventually(lambda: model.view()["balance"] == "466.92" and model.view()["known"])
    model.close()


def test_the_other_accounts_on_request(several: Session, box: Sandbox, eventually: Eventually) -> None:
    model = CardModel(several)
    model.prepare()
    before = asked(box, "balance")
    assert [one["balance"] for one in model.view()["accounts"]] == ["9,363.47", "", ""]
    assert model.view()["hint"] == ""
    model.handle({"do": "list"})
    model.handle({"do": "list"})
    eventually(lambda: [one["balance"] for one in model.view()["accounts"]] == ["9,363.47", "0.249345", "9,942.83"])
    assert asked(box, "balance") > before


def test_a_card_that_is_not_visible(shown: CardModel, box: Sandbox, eventually: Eventually) -> None:
    eventually(lambda: asked(box, "balance") == 2 and asked(box, "transaction") == 1)
    shown.on_hidden()
    eventually(lambda: not card_threads())
    assert box.wait_until(lambda box: asked(box, "forget") == 2)  # the streams are closed
    shown.on_shown()
    shown.on_shown()  # a second call changes nothing
    eventually(lambda: len(card_threads()) == 1)
    box.pay("CR900001", 1)
    eventually(lambda: shown.view()["balance"] == "9,364.47")


def test_the_card_ends_with_the_session(shown: CardModel, eventually: Eventually) -> None:
    shown.session.close()
    eventually(lambda: not card_threads())
    assert shown.session.core.watchers == []
    shown.on_shown()
    assert card_threads() == []
