"""Test the account switcher without a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dpyauth.panels import switcher
from dpyauth.panels.switcher import SwitcherModel
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Token
from dpyauth.session import Session

Eventually = Callable[..., None]
REAL, DEMO = "CR900002", "VRTC900003"


@pytest.fixture(autouse=True)
def no_thread_left(eventually: Eventually) -> Iterator[None]:
    yield
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-switcher"])


@pytest.fixture
def model(several: Session) -> Iterator[SwitcherModel]:
    made = SwitcherModel(several)
    yield made
    made.close()


def accounts(model: SwitcherModel) -> dict[str, Any]:
    return {one["loginid"]: one for one in model.view()["accounts"]}


def test_the_accounts_to_choose_from(model: SwitcherModel, box: Sandbox) -> None:
    model.prepare()
    view = model.view()
    assert [(one["loginid"], one["kind"], one["currency"], one["current"]) for one in view["accounts"]] == [
        ("CR900001", "sample", "USD", True),
        ("CR900002", "sample", "BTC", False),
        ("VRTC900003", "demo", "USD", False),
    ]
    assert [one["balance"] for one in view["accounts"]] == ["9,363.47", "0.249345", "9,942.83"]
    assert (view["note"], view["hint"], view["asking"]) == ("", "", "")


def test_an_account_that_is_not_active_is_marked(open_options: Callable[..., Session], box: Sandbox) -> None:
    model = SwitcherModel(open_options("trouble"))
    assert {loginid: one["status"] for loginid, one in accounts(model).items()} == {
        "ROT900011": "inactive",
        "DOT900012": "active",
    }
    assert [("Not active" in line) for line in model.as_text().splitlines()] == [True, False]
    for account in box.options.person("DOT900012").accounts:
        account.disabled = not account.disabled
    model.prepare()
    assert {loginid: one["status"] for loginid, one in accounts(model).items()} == {
        "ROT900011": "active",
        "DOT900012": "inactive",
    }


def test_a_single_inactive_account_is_marked_too(open_session: Callable[..., Session]) -> None:
    session = open_session()
    assert session.core.active_account is not None
    session.core.active_account = session.core.active_account._replace(
        rows=({"loginid": "CR900001", "is_disabled": 1},)
    )
    assert "Not active" in SwitcherModel(session).as_text()


def test_a_demo_account_takes_one_click(model: SwitcherModel, eventually: Eventually) -> None:
    model.handle({"do": "use", "loginid": DEMO})
    eventually(lambda: model.session.loginid == DEMO and not model.view()["busy"])
    assert accounts(model)[DEMO]["current"]


def test_an_account_with_real_money_is_asked_about_once(model: SwitcherModel, eventually: Eventually) -> None:
    model.handle({"do": "use", "loginid": REAL})
    assert model.view()["asking"] == REAL
    model.handle({"do": "no"})
    assert model.view()["asking"] == ""
    model.handle({"do": "use", "loginid": REAL})
    model.handle({"do": "yes", "loginid": REAL})
    eventually(lambda: model.session.loginid == REAL and not model.view()["busy"])
    assert model.view()["asking"] == ""
    model.handle({"do": "use", "loginid": DEMO})
    eventually(lambda: model.session.loginid == DEMO and not model.view()["busy"])
    model.handle({"do": "use", "loginid": REAL})
    assert model.view()["asking"] == ""
    eventually(lambda: model.session.loginid == REAL)


@pytest.mark.parametrize("answer", ["CR900001", DEMO, ""])
def test_an_answer_to_another_question_is_ignored(model: SwitcherModel, answer: str) -> None:
    model.handle({"do": "yes", "loginid": answer})
    model.handle({"do": "use", "loginid": REAL})
    model.handle({"do": "yes", "loginid": answer})
    assert model.view()["asking"] == REAL
    assert not model.view()["busy"]
    assert model.session.loginid == "CR900001"


def test_the_question_is_gone_when_that_account_is_used_anyway(model: SwitcherModel) -> None:
    model.handle({"do": "use", "loginid": REAL})
    model.session.use(REAL)
    assert model.view()["asking"] == ""


def test_a_switch_that_fails_changes_nothing(model: SwitcherModel, box: Sandbox, eventually: Eventually) -> None:
    box.faults.revoke("a1-sandbox-rich-demo")
    model.handle({"do": "use", "loginid": DEMO})
    eventually(lambda: not model.view()["busy"])
    notice = model.view()["notice"]
    assert notice["kind"] == "error"
    assert "a1-sandbox" not in str(model.view())
    assert model.session.loginid == "CR900001"


def test_one_account_only(session: Session, open_options: Any) -> None:
    view = SwitcherModel(session).view()
    assert [(one["loginid"], one["current"]) for one in view["accounts"]] == [("CR900001", True)]
    assert "Sign in with Deriv" in view["hint"]


def test_options(open_options: Any, eventually: Eventually) -> None:
    model = SwitcherModel(open_options("rich"))
    model.prepare()
    assert [(one["loginid"], one["kind"], one["balance"]) for one in model.view()["accounts"]] == [
        ("ROT900001", "sample", "9,698.18"),
        ("DOT900003", "demo", "9,969.39"),
    ]
    model.handle({"do": "use", "loginid": "ROT900001"})
    model.handle({"do": "yes", "loginid": "ROT900001"})
    eventually(lambda: model.session.loginid == "ROT900001" and not model.view()["busy"])


def test_a_missing_scope_is_named(open_session: Callable[..., Session], box: Sandbox) -> None:
    box.world.issued["a-token-to-trade"] = Token("a-token-to-trade", "CR900001", ("trade",), "test")
    model = SwitcherModel(open_session("a-token-to-trade"))
    model.prepare()
    view = model.view()
    assert view["note"] == "To see the balances, use a token with the scope Read or Trading information."
    assert view["accounts"][0]["balance"] == ""


def test_signed_out_and_closed(model: SwitcherModel) -> None:
    model.session.core.sign_out("You signed out.")
    view = model.view()
    assert (view["accounts"], view["hint"]) == ([], "")
    assert view["notice"]["text"] == "You signed out."
    assert model.as_text() == model.words["signed_out_text"]
    model.prepare()
    model.session.close()
    assert model.as_text() == model.words["closed"]
    model.on_shown()  # nothing to refresh


def test_text(model: SwitcherModel) -> None:
    model.prepare()
    assert model.as_text().splitlines() == [
        "CR900001  Sample account  9,363.47 USD  (in use)",
        "CR900002  Sample account  0.249345 BTC",
        "VRTC900003  Demo account  9,942.83 USD",
    ]


def test_the_switcher_is_refreshed_while_visible(
    model: SwitcherModel, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switcher, "EVERY", 0.02)
    model.on_shown()
    eventually(lambda: accounts(model)["CR900001"]["balance"] == "9,363.47")
    box.pay("CR900001", 100)
    eventually(lambda: accounts(model)["CR900001"]["balance"] == "9,463.47")
    model.on_hidden()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-switcher"])


def test_first_picture_does_not_wait_for_a_server_that_does_not_answer(
    model: SwitcherModel, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switcher, "PATIENCE", 0.05)
    box.faults.stall()
    model.prepare()
    assert [one["balance"] for one in model.view()["accounts"]] == ["", "", ""]
    model.session.close()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["CR900001", "\ud800"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=5,
)


@given(said=st.fixed_dictionaries({}, optional={"do": st.sampled_from(["use", "yes", "no"]) | _JSON, "loginid": _JSON}))
@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(model: SwitcherModel, said: dict[str, Any]) -> None:
    model.handle(said)
    assert model.session.loginid == "CR900001"
    assert model.view()["notice"] is None
