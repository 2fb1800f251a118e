"""Test the model of the apps panel, on a sandbox and without widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dpyauth.credentials import api_token
from dpyauth.panels.apps import AppsModel
from dpyauth.panels.redirect_urls import PASTE
from dpyauth.registry import OPTIONS
from dpyauth.sandbox import Sandbox
from dpyauth.session import Session

Eventually = Callable[..., None]
OWN, SPARE, TRADER = 16303, 16304, 16929


class Reader:
    """A user of a model."""

    def __init__(self, session: Session, eventually: Eventually) -> None:
        self.session = session
        self.model = AppsModel(session)
        self.told: list[dict[str, Any]] = []
        self.model.send = self.told.append
        self._eventually = eventually
        self.model.seen()
        self.rest()

    @property
    def view(self) -> dict[str, Any]:
        return self.model.view()

    @property
    def registered(self) -> dict[int, dict[str, Any]]:
        return {row["app_id"]: row for row in self.view["registered"]}

    @property
    def connected(self) -> dict[int, dict[str, Any]]:
        return {row["app_id"]: row for row in self.view["connected"]}

    def rest(self) -> dict[str, Any]:
        """Return the state once nothing is under way."""
        self._eventually(lambda: not self.view["busy"])
        return self.view

    def say(self, **said: Any) -> dict[str, Any]:
        self.model.handle({"loginid": self.session.loginid, **said})
        return self.rest()

    def register(self, name: Any = "My app", scopes: Any = ("read",), url: Any = PASTE) -> dict[str, Any]:
        return self.say(do="register", name=name, scopes=list(scopes), redirect_url=url)

    def update(self, app_id: int, **changed: Any) -> dict[str, Any]:
        row = self.registered[app_id]
        fields = {name: row[name] for name in ("name", "scopes", "redirect_url")}
        return self.say(**{"do": "update", "app_id": app_id, **fields, **changed})


@pytest.fixture
def sit(eventually: Eventually) -> Iterator[Callable[[Session], Reader]]:
    readers: list[Reader] = []

    def one(session: Session) -> Reader:
        readers.append(Reader(session, eventually))
        return readers[-1]

    yield one
    for reader in readers:
        reader.model.close()


@pytest.fixture
def reader(sit: Callable[[Session], Reader], session: Session) -> Reader:
    return sit(session)


@pytest.fixture
def by_app(sit: Callable[[Session], Reader], open_session: Any, box: Sandbox) -> Reader:
    """Sign in through an app with every scope."""
    session = open_session("sandbox-rich-all")
    app = session.call("app_get", app_get=OWN)["app_get"]
    user = box.world.user("CR900001")
    session.call("app_update", app_update=OWN, name=app["name"], scopes=[*app["scopes"], "admin"])
    grant = next(grant for grant in box.world.let_in(box.world.apps.find(OWN), user) if grant.owner == "CR900001")
    session.core.sign_in_and_wait(api_token(grant.value, "a test"))
    return sit(session)


# Display


def test_both_lists(reader: Reader) -> None:
    view = reader.view
    assert (view["phase"], view["may"], view["loaded"]) == ("list", True, True)
    assert list(reader.registered) == [OWN, SPARE]
    assert list(reader.connected) == [OWN, TRADER]
    assert reader.registered[OWN]["own"] is True
    assert [row["active"] for row in reader.registered.values()] == [True, False]
    assert reader.connected[TRADER]["official"] is True
    assert reader.connected[TRADER]["last_used"] == ""
    assert reader.connected[OWN]["dangerous"] == ["payments"]
    assert reader.connected[OWN]["own"] is False  # the session was signed in with an API token


def test_looking_without_changing(sit: Callable[[Session], Reader], open_session: Any) -> None:
    reader = sit(open_session("sandbox-rich-read"))
    assert len(reader.registered) == 2
    assert reader.view["may"] is False
    assert "'Read' and 'Admin'" in reader.view["advice"]
    reader.register()
    assert (len(reader.registered), reader.view["notice"]) == (2, None)


def test_a_token_without_the_scope_to_read_apps(sit: Callable[[Session], Reader], open_session: Any) -> None:
    view = sit(open_session("sandbox-rich-money")).view
    assert (view["phase"], view["registered"], view["notice"]) == ("denied", [], None)
    assert "'Read' and 'Admin'" in view["advice"]


def test_the_other_api_has_no_apps_to_manage(sit: Callable[[Session], Reader], open_options: Any) -> None:
    view = sit(open_options()).view
    assert (view["phase"], view["may"], view["advice"], view["notice"]) == ("elsewhere", False, "", None)
    assert view["page"] == OPTIONS.pages.apps


def test_no_apps(sit: Callable[[Session], Reader], open_session: Any) -> None:
    reader = sit(open_session("sandbox-new-read"))
    assert (reader.view["loaded"], reader.registered, reader.connected) == (True, {}, {})


def test_another_account_has_other_lists(reader: Reader) -> None:
    reader.session.core.sign_in_and_wait(api_token("sandbox-trouble-read", "a test"))
    reader.rest()
    assert reader.registered == {}
    assert reader.view["account"]["loginid"] == "CR900011"


@pytest.mark.parametrize("payload", [None, {}, [5, "x"], [{"app_id": "x", "name": None, "scopes": 1}]])
def test_odd_answers(reader: Reader, monkeypatch: pytest.MonkeyPatch, payload: Any) -> None:
    monkeypatch.setattr(reader.model, "call", lambda name, **fields: {name: payload})
    assert reader.say(do="refresh")["notice"] is None


# Redirect URLs


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://hub.example/user/jane/dpyauth/callback", True),
        ("http://localhost:8888/dpyauth/callback", False),
        ("javascript:alert(1)", False),
    ],
)
def test_whether_the_callback_page_fits(reader: Reader, url: str, fits: bool) -> None:
    reader.say(do="callback", url=url)
    assert reader.told == [{"fits": url if fits else ""}]
    assert reader.view["paste"] == PASTE


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://localhost:8888/x", "port"),
        ("https://example.com/?a=b", "?"),
        ("http://example.com/", "unencrypted"),
        ("example.com", "https://"),
    ],
)
def test_a_wrong_redirect_url_is_not_sent(reader: Reader, monkeypatch: pytest.MonkeyPatch, url: str, says: str) -> None:
    def call(name: str, **fields: Any) -> Any:
        raise AssertionError(name)

    monkeypatch.setattr(reader.model, "call", call)
    for view in (reader.register(url=url), reader.update(OWN, redirect_url=url)):
        assert says in view["problems"]["redirect_url"]
        assert view["notice"] is None
    assert reader.told == []


def test_an_existing_redirect_url_is_kept(reader: Reader, box: Sandbox) -> None:
    odd = "http://127.0.0.1:8000/callback"
    app = box.world.apps.register("Odd", odd, ("read",), 9000001)
    reader.say(do="refresh")
    assert reader.update(app.app_id, name="Even")["problems"] == {}


def test_a_redirect_url_cannot_be_taken_away(reader: Reader) -> None:
    assert "cannot be removed" in reader.update(OWN, redirect_url=" ")["problems"]["redirect_url"]


# Registering and changing apps


def test_registering(reader: Reader, box: Sandbox) -> None:
    view = reader.register(" My app ", ["read", "trading_information"], f" {PASTE} ")
    (new,) = (row for row in reader.registered.values() if row["name"] == "My app")
    assert new["redirect_url"] == PASTE
    assert f"app_id={new['app_id']}" in view["notice"]["text"]
    assert reader.told == [{"saved": True}]
    assert box.world.apps.find(new["app_id"]) is not None


def test_an_app_without_a_redirect_url_needs_no_scopes(reader: Reader) -> None:
    assert "at least one" in reader.register(scopes=[])["problems"]["scopes"]
    assert reader.register(scopes=[], url="")["problems"] == {}
    assert len(reader.registered) == 3


@pytest.mark.parametrize("name", ["", " ", "x" * 49, "a/b", "<b>", "a.b"])
def test_names_that_deriv_refuses(reader: Reader, name: str) -> None:
    assert "1 to 48" in reader.register(name)["problems"]["name"]
    assert len(reader.registered) == 2


@pytest.mark.parametrize("scopes", [["everything"], [5, "read"], [[]]])
def test_invalid_scopes(reader: Reader, scopes: list[Any]) -> None:
    assert reader.register(scopes=scopes)["problems"]["scopes"]


def test_a_change_keeps_everything_else(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    links = {"homepage": "https://example.com/x", "github": "https://github.com/x/y", "app_markup_percentage": 1.5}
    row = reader.registered[OWN]
    whole = {"app_update": OWN, "name": row["name"], "scopes": row["scopes"], **links}
    reader.session.call("app_update", **whole)
    sent: list[dict[str, Any]] = []
    real = reader.model.call

    def call(call: str, /, **fields: Any) -> Any:
        sent.append({call: fields})
        return real(call, **fields)

    monkeypatch.setattr(reader.model, "call", call)
    assert "has been changed" in reader.update(OWN, name="Renamed")["notice"]["text"]
    (update,) = (fields["app_update"] for fields in sent if "app_update" in fields)
    assert update["homepage"] == links["homepage"]  # otherwise Deriv might remove it
    app = real("app_get", app_get=OWN)["app_get"]
    assert app["name"] == "Renamed"
    assert {name: app[name] for name in links} == links


def test_apps_of_other_users_cannot_be_changed(reader: Reader) -> None:
    before = (reader.registered, reader.connected)
    reader.say(do="update", app_id=TRADER, name="Mine now", scopes=["read"], redirect_url="")
    reader.say(do="delete", app_id=TRADER)
    reader.say(do="withdraw", app_id=SPARE)
    assert (reader.registered, reader.connected) == before


def test_a_second_click_registers_no_second_app(reader: Reader, box: Sandbox) -> None:
    box.faults.delay(0.3, call="app_register")  # the first click is still being handled when the others arrive
    for _ in range(5):
        reader.model.handle(
            {"do": "register", "loginid": "CR900001", "name": "Once", "scopes": ["read"], "redirect_url": PASTE}
        )
    reader.rest()
    assert len(reader.registered) == 3


# Deleting apps and withdrawing access


def test_deleting(reader: Reader, box: Sandbox) -> None:
    view = reader.say(do="delete", app_id=SPARE)
    assert view["notice"]["title"] == "Deleted"
    assert list(reader.registered) == [OWN]


def test_deleting_the_app_in_use_ends_the_session(reader: Reader) -> None:
    view = reader.say(do="delete", app_id=OWN)
    assert view["phase"] == "out"
    assert "you deleted the app" in view["notice"]["text"].lower()


def test_withdrawing(reader: Reader) -> None:
    view = reader.say(do="withdraw", app_id=OWN)  # an API token needs no app's access
    assert view["notice"]["title"] == "Access withdrawn"
    assert list(reader.connected) == [TRADER]
    assert reader.session.state == "signed in"


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"do": "withdraw", "app_id": OWN}, "you withdrew"),
        (
            {"do": "update", "app_id": OWN, "name": "x", "scopes": ["read", "admin"], "redirect_url": PASTE},
            "you changed",
        ),
    ],
)
def test_withdrawing_the_access_of_the_session(by_app: Reader, said: dict[str, Any], because: str) -> None:
    assert by_app.connected[OWN]["own"] is True
    view = by_app.say(**said)
    assert view["phase"] == "out"
    assert because in view["notice"]["text"].lower()


# Failures


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("app_register", {"do": "register", "name": "New", "scopes": ["read"], "redirect_url": PASTE}),
        ("app_update", {"do": "update", "app_id": OWN, "name": "New", "scopes": ["read"], "redirect_url": PASTE}),
        ("app_delete", {"do": "delete", "app_id": SPARE}),
        ("revoke_oauth_app", {"do": "withdraw", "app_id": TRADER}),
    ],
)
def test_no_answer(reader: Reader, box: Sandbox, at_once: None, call: str, said: dict[str, Any]) -> None:
    box.faults.drop(call)
    view = reader.say(**said)
    assert view["notice"]["title"] == "No reply from Deriv"
    assert view["loaded"] is True  # and read the list again
    assert reader.told == []


def test_a_successful_change_is_reported_even_if_the_list_cannot_be_read(reader: Reader, box: Sandbox) -> None:
    box.faults.error("SomeTrouble", "oauth_apps")
    view = reader.say(do="delete", app_id=SPARE)
    assert (view["notice"]["title"], view["loaded"]) == ("Deleted", False)
    assert reader.say(do="refresh")["loaded"] is True


def test_refusals_are_told_in_the_errors_own_words(reader: Reader, box: Sandbox) -> None:
    box.faults.error("AppRegister", "app_register", message="No such name, please.")
    assert "No such name" in reader.register()["notice"]["text"]
    assert reader.told == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
_DOINGS = ["update", "delete", "withdraw", "callback"]
_SAID = st.fixed_dictionaries(
    {"do": st.sampled_from(_DOINGS) | _JSON},
    optional=dict.fromkeys(["name", "scopes", "app_id", "loginid", "redirect_url", "url"], _JSON),
)


@given(said=_SAID)
@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(reader: Reader, said: dict[str, Any]) -> None:
    before = (reader.registered, reader.connected)
    reader.say(**said)
    assert (reader.registered, reader.connected) == before
