"""The account switcher without a browser."""

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
from dpyauth.sandbox.users import Grant
from dpyauth.session import Session

Eventually = Callable[..., None]
REAL, DEMO = "CR900002", "VRTC900003"


@pytest.fixture(autouse=True)
def no_thread_left(eventually: Eventually) -> Iterator[None]:
    yield
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-switcher"])


@pytest.fixture
def desk(several: Session) -> Iterator[SwitcherModel]:
    made = SwitcherModel(several)
    yield made
    made.leave()


def accounts(desk: SwitcherModel) -> dict[str, Any]:
    return {one["loginid"]: one for one in desk.look()["accounts"]}


def test_what_there_is_to_choose(desk: SwitcherModel, box: Sandbox) -> None:
    desk.prepare()
    view = desk.look()
    assert [(one["loginid"], one["kind"], one["currency"], one["current"]) for one in view["accounts"]] == [
        ("CR900001", "real", "USD", True),
        ("CR900002", "real", "BTC", False),
        ("VRTC900003", "demo", "USD", False),
    ]
    assert [one["balance"] for one in view["accounts"]] == ["9,363.47", "0.249345", "9,942.83"]
    assert (view["note"], view["hint"], view["asking"]) == ("", "", "")


def test_an_account_that_is_not_active_is_marked(open_options: Callable[..., Session], box: Sandbox) -> None:
    desk = SwitcherModel(open_options("trouble"))
    assert {loginid: one["status"] for loginid, one in accounts(desk).items()} == {
        "ROT900011": "inactive",
        "DOT900012": "active",
    }
    assert [("Not active" in line) for line in desk.text().splitlines()] == [True, False]
    for account in box.options.person("DOT900012").accounts:
        account.disabled = not account.disabled
    desk.prepare()
    assert {loginid: one["status"] for loginid, one in accounts(desk).items()} == {
        "ROT900011": "active",
        "DOT900012": "inactive",
    }


def test_an_account_there_is_only_one_of_is_marked_too(open_session: Callable[..., Session]) -> None:
    session = open_session()
    assert session.core.active_account is not None
    session.core.active_account = session.core.active_account._replace(
        rows=({"loginid": "CR900001", "is_disabled": 1},)
    )
    assert "Not active" in SwitcherModel(session).text()


def test_a_demo_account_takes_one_click(desk: SwitcherModel, eventually: Eventually) -> None:
    desk.do({"do": "use", "loginid": DEMO})
    eventually(lambda: desk.session.loginid == DEMO and not desk.look()["busy"])
    assert accounts(desk)[DEMO]["current"]


def test_an_account_with_real_money_is_asked_about_once(desk: SwitcherModel, eventually: Eventually) -> None:
    desk.do({"do": "use", "loginid": REAL})
    assert desk.look()["asking"] == REAL
    desk.do({"do": "no"})
    assert desk.look()["asking"] == ""
    desk.do({"do": "use", "loginid": REAL})
    desk.do({"do": "yes", "loginid": REAL})
    eventually(lambda: desk.session.loginid == REAL and not desk.look()["busy"])
    assert desk.look()["asking"] == ""
    desk.do({"do": "use", "loginid": DEMO})
    eventually(lambda: desk.session.loginid == DEMO and not desk.look()["busy"])
    desk.do({"do": "use", "loginid": REAL})
    assert desk.look()["asking"] == ""
    eventually(lambda: desk.session.loginid == REAL)


@pytest.mark.parametrize("answer", ["CR900001", DEMO, ""])
def test_an_answer_to_what_was_not_asked_is_none(desk: SwitcherModel, answer: str) -> None:
    desk.do({"do": "yes", "loginid": answer})
    desk.do({"do": "use", "loginid": REAL})
    desk.do({"do": "yes", "loginid": answer})
    assert desk.look()["asking"] == REAL
    assert not desk.look()["busy"]
    assert desk.session.loginid == "CR900001"


def test_the_question_is_gone_when_that_account_is_used_anyway(desk: SwitcherModel) -> None:
    desk.do({"do": "use", "loginid": REAL})
    desk.session.use(REAL)
    assert desk.look()["asking"] == ""


def test_a_switch_that_fails_changes_nothing(desk: SwitcherModel, box: Sandbox, eventually: Eventually) -> None:
    box.faults.revoke("a1-sandbox-rich-demo")
    desk.do({"do": "use", "loginid": DEMO})
    eventually(lambda: not desk.look()["busy"])
    notice = desk.look()["notice"]
    assert notice["kind"] == "error"
    assert "a1-sandbox" not in str(desk.look())
    assert desk.session.loginid == "CR900001"


def test_one_account_only(session: Session, open_options: Any) -> None:
    view = SwitcherModel(session).look()
    assert [(one["loginid"], one["current"]) for one in view["accounts"]] == [("CR900001", True)]
    assert "Sign in with Deriv" in view["hint"]


def test_options(open_options: Any, eventually: Eventually) -> None:
    desk = SwitcherModel(open_options("rich"))
    desk.prepare()
    assert [(one["loginid"], one["kind"], one["balance"]) for one in desk.look()["accounts"]] == [
        ("ROT900001", "real", "9,698.18"),
        ("DOT900003", "demo", "9,969.39"),
    ]
    desk.do({"do": "use", "loginid": "ROT900001"})
    desk.do({"do": "yes", "loginid": "ROT900001"})
    eventually(lambda: desk.session.loginid == "ROT900001" and not desk.look()["busy"])


def test_without_the_scope_it_says_which(open_session: Callable[..., Session], box: Sandbox) -> None:
    box.world.grants["a-token-to-trade"] = Grant("a-token-to-trade", "CR900001", ("trade",), "test")
    desk = SwitcherModel(open_session("a-token-to-trade"))
    desk.prepare()
    view = desk.look()
    assert view["note"] == "A token with the scope Read / Trading information would show the balances."
    assert view["accounts"][0]["balance"] == ""


def test_out_and_closed(desk: SwitcherModel) -> None:
    desk.session.core.sign_out("you signed out")
    view = desk.look()
    assert (view["accounts"], view["hint"]) == ([], "")
    assert view["notice"]["text"] == "You signed out."
    assert desk.text() == desk.words["signed_out_text"]
    desk.prepare()
    desk.session.close()
    assert desk.text() == desk.words["closed"]
    desk.back()  # nothing to keep up with


def test_text(desk: SwitcherModel) -> None:
    desk.prepare()
    assert desk.text().splitlines() == [
        "CR900001  Real account  9,363.47 USD  (in use)",
        "CR900002  Real account  0.249345 BTC",
        "VRTC900003  Demo account  9,942.83 USD",
    ]


def test_up_to_date_while_somebody_looks(
    desk: SwitcherModel, box: Sandbox, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switcher, "EVERY", 0.02)
    desk.back()
    eventually(lambda: accounts(desk)["CR900001"]["balance"] == "9,363.47")
    box.pay("CR900001", 100)
    eventually(lambda: accounts(desk)["CR900001"]["balance"] == "9,463.47")
    desk.gone()
    eventually(lambda: not [one for one in threading.enumerate() if one.name == "dpyauth-switcher"])


def test_first_picture_does_not_wait_for_a_server_that_does_not_answer(
    desk: SwitcherModel, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switcher, "PATIENCE", 0.05)
    box.faults.stall()
    desk.prepare()
    assert [one["balance"] for one in desk.look()["accounts"]] == ["", "", ""]
    desk.session.close()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["CR900001", "\ud800"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=5,
)


@given(said=st.fixed_dictionaries({}, optional={"do": st.sampled_from(["use", "yes", "no"]) | _JSON, "loginid": _JSON}))
@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(desk: SwitcherModel, said: dict[str, Any]) -> None:
    desk.do(said)
    assert desk.session.loginid == "CR900001"
    assert desk.look()["notice"] is None
