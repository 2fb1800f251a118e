"""Test the model of the panel of API tokens, on a sandbox and without widgets."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from types import CellType
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dpyauth.credentials import Secret, api_token
from dpyauth.errors import DpyauthError, SessionClosed
from dpyauth.panels.tokens import TokensModel, may_be
from dpyauth.registry import OPTIONS
from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import SCOPES, Token
from dpyauth.session import Session

Eventually = Callable[..., None]


class Reader:
    """A user of a model."""

    def __init__(self, session: Session, eventually: Eventually) -> None:
        self.session = session
        self.model = TokensModel(session)
        self.told: list[dict[str, Any]] = []
        self.model.send = self.told.append
        self._eventually = eventually
        self.model.seen()
        self.rest()

    @property
    def view(self) -> dict[str, Any]:
        return self.model.view()

    @property
    def names(self) -> list[str]:
        return [row["name"] for row in self.view["tokens"]]

    def rest(self) -> dict[str, Any]:
        """Return the state once nothing is under way."""
        self._eventually(lambda: not self.view["busy"])
        return self.view

    def row(self, name: str) -> dict[str, Any]:
        return next(row for row in self.view["tokens"] if row["name"] == name)

    def say(self, **said: Any) -> dict[str, Any]:
        self.model.handle({"loginid": self.session.loginid, **said})
        return self.rest()

    def create(self, name: Any = "My notebook", scopes: Any = ("read",), **more: Any) -> dict[str, Any]:
        return self.say(do="create", name=name, scopes=list(scopes), asked="a panel", **more)

    def revoke(self, name: str) -> dict[str, Any]:
        return self.say(do="revoke", key=self.row(name)["key"])


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


def tokens_of(box: Sandbox) -> dict[str, str]:
    """Return all existing tokens by name."""
    return {grant.name: grant.value for grant in box.world.issued.values()}


def shown(reader: Reader) -> str:
    """Return everything that a front end could see, except what was sent to the browser alone."""
    return json.dumps(reader.view)


# Display


def test_nothing_is_requested_before_the_panel_is_visible(session: Session) -> None:
    view = TokensModel(session).view()
    assert (view["phase"], view["loaded"], view["tokens"], view["busy"]) == ("list", False, [], False)


def test_the_list_shows_scopes_and_never_tokens(reader: Reader, box: Sandbox) -> None:
    assert reader.view["account"] == {"loginid": "CR900001", "currency": "USD", "kind": "sample", "api": "v3"}
    assert len(reader.names) == 3  # of this account, and not refused
    assert reader.row("rich, read only")["dangerous"] == []
    assert reader.row("rich, every scope")["dangerous"] == ["payments", "admin"]
    assert [row["own"] for row in reader.view["tokens"]] == [True, False, False]
    assert [token for token in tokens_of(box).values() if token in shown(reader) + repr(vars(reader.model))] == []


def test_the_internet_address_is_not_shown(reader: Reader) -> None:
    reader.create(bound=True)
    assert reader.row("My notebook")["bound"] is True
    assert reader.row("rich, read only")["bound"] is False
    assert "127.0.0.1" not in shown(reader)


def test_samples_of_the_sandbox_cannot_be_revoked(reader: Reader) -> None:
    assert reader.row("rich, read only")["revocable"] is False
    reader.revoke("rich, read only")
    assert "rich, read only" in reader.names


def test_without_the_scope_admin_it_says_how_to_get_it(sit: Callable[[Session], Reader], open_session: Any) -> None:
    reader = sit(open_session("sandbox-rich-read"))
    view = reader.create()
    assert (view["phase"], view["may"], view["tokens"], view["notice"]) == ("denied", False, [], None)
    assert "'Admin'" in view["advice"]


def test_the_other_api_has_no_tokens_to_manage(sit: Callable[[Session], Reader], open_options: Any) -> None:
    reader = sit(open_options())
    view = reader.create()
    assert (view["phase"], view["may"], view["account"]["api"], view["notice"]) == ("elsewhere", False, "options", None)
    assert view["page"] == OPTIONS.pages.tokens


def test_signing_in_and_out_is_followed(
    sit: Callable[[Session], Reader], open_session: Any, eventually: Eventually
) -> None:
    reader = sit(open_session(None))
    assert reader.view["phase"] == "out"
    from dpyauth.credentials import api_token

    reader.session.core.sign_in_and_wait(api_token("sandbox-rich-all", "a test"))
    eventually(lambda: len(reader.names) == 3)
    reader.session.logout()
    assert (reader.view["phase"], reader.view["tokens"]) == ("out", [])
    assert reader.view["notice"]["text"] == "You signed out."
    reader.session.close()
    assert reader.view["phase"] == "closed"


def test_nothing_is_requested_while_the_panel_is_not_visible(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.model.close()
    asked: list[str] = []
    monkeypatch.setattr(reader.model, "call", lambda name, **fields: asked.append(name))
    reader.session.logout()
    assert asked == []


def test_names_from_outside(reader: Reader, box: Sandbox) -> None:
    hostile = "<script>alert(1)</script>\u202e" + "x" * 500
    box.world.create_token("CR900001", hostile, ("read",), "")
    reader.say(do="refresh")
    (name,) = (name for name in reader.names if name.startswith("<script>"))
    assert len(name) == 80
    question = reader.model.text("revoke_question", name=f"\u2068{name}\u2069")
    assert question.count("\u2069") == 1


@pytest.mark.parametrize("payload", [None, [], {"tokens": None}, {"tokens": ["x", {"scopes": 5}]}, {}])
def test_odd_answers(reader: Reader, monkeypatch: pytest.MonkeyPatch, payload: Any) -> None:
    monkeypatch.setattr(reader.model, "call", lambda name, **fields: {name: payload})
    view = reader.say(do="refresh")
    assert (view["notice"] is not None) == (not isinstance(payload, dict))


# Creating tokens


def test_a_new_token_is_shown_once_and_works(reader: Reader, box: Sandbox, open_session: Any) -> None:
    view = reader.create("  My notebook ", ["trading_information"])
    (told,) = reader.told
    assert (told["made"], told["asked"]) == ("My notebook", "a panel")
    assert told["token"] == tokens_of(box)["My notebook"]
    assert reader.row("My notebook")["scopes"] == ["trading_information"]
    assert view["notice"] is None
    assert told["token"] not in shown(reader) + repr(vars(reader.model))
    other = open_session(told["token"])
    assert other.can("statement")
    assert not other.can("get_settings")


def test_a_new_token_is_not_kept(reader: Reader) -> None:
    reader.create()
    token = reader.told.pop()["token"]
    name = "".join(token)  # an equal text, but another object
    del token
    reader.say(do="refresh")
    assert holders_of(name) == []


def holders_of(token: str) -> list[object]:
    """Return who still has a text equal to this, except the sandbox: a container, or the closure of a `Secret`."""
    gc.collect()
    found: list[object] = []
    for one in gc.get_objects():
        match one:
            case dict():
                held: Any = list(one.values())  # copied, because other threads go on
            case list() | tuple() | set():
                held = one
            case CellType():
                held = [one.cell_contents] if one != CellType() else []
            case _:
                continue
        for text in held:  # not a generator, which would keep the token in a cell
            if isinstance(text, str) and text == token and not _of_the_sandbox(one):
                found.append(one)
    return found


def _of_the_sandbox(one: object) -> bool:
    return isinstance(one, dict) and "display_name" in one


@pytest.mark.parametrize("name", ["", "x", "a-b", "naïve", "x" * 33, "a\nb", "<b>", "two\tparts"])
def test_names_that_deriv_refuses(reader: Reader, name: str) -> None:
    before = reader.names
    view = reader.create(name)
    assert "2 to 32" in view["problems"]["name"]
    assert (reader.told, reader.names) == ([], before)
    assert reader.create("Right now")["problems"] == {}


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "everything"], [5], [["read"]], [None]])
def test_invalid_scopes(reader: Reader, scopes: list[Any]) -> None:
    assert "at least one" in reader.create(scopes=scopes)["problems"]["scopes"]
    assert reader.told == []


def test_a_name_that_is_taken(reader: Reader, box: Sandbox) -> None:
    box.world.create_token("CR900001", "Taken", ("read",), "")  # created elsewhere in the meantime
    view = reader.create("Taken")
    assert "already" in view["problems"]["name"]
    assert reader.names.count("Taken") == 1
    reader.model.dismiss()
    assert reader.view["problems"] == {}


def test_a_second_click_makes_no_second_token(reader: Reader, box: Sandbox) -> None:
    box.faults.delay(0.3, call="api_token")  # the first click is still being handled when the others arrive
    before = len(reader.names)
    for _ in range(5):
        reader.model.handle({"do": "create", "loginid": "CR900001", "name": "Once", "scopes": ["read"], "asked": "me"})
    reader.rest()
    assert (len(reader.names), len(reader.told)) == (before + 1, 1)


def test_no_token_for_an_account_that_is_not_shown(reader: Reader) -> None:
    before = reader.names
    reader.say(do="create", loginid="VRTC900003", name="Wrong one", scopes=["read"], asked="me")
    assert (reader.names, reader.told) == (before, [])


def test_no_answer_is_explained_and_nothing_is_repeated(
    reader: Reader, box: Sandbox, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = reader.session.call, []

    def call(name: str, **fields: Any) -> Any:
        asked.append(sorted(fields))
        if "new_token" in fields:
            box.faults.drop("api_token")
        return real(name, **fields)

    monkeypatch.setattr(reader.model, "call", call)
    view = reader.create("Perhaps")
    assert "revoke it and create another" in view["notice"]["text"]
    assert view["notice"]["title"] == "No reply from Deriv"
    assert sum("new_token" in fields for fields in asked) == 1
    assert asked[-1] == []  # read the list again
    assert reader.told == []


@pytest.mark.parametrize("listed", ["ab****yz", "", None])
def test_a_token_that_deriv_does_not_show(reader: Reader, monkeypatch: pytest.MonkeyPatch, listed: str | None) -> None:
    rows: list[dict[str, Any]] = []

    def call(name: str, **fields: Any) -> Any:
        if "new_token" in fields:
            rows.append({"display_name": fields["new_token"], "token": listed, "scopes": ["read"]})
        return {name: {"tokens": rows}}

    monkeypatch.setattr(reader.model, "call", call)
    view = reader.create()
    assert view["notice"]["title"] == "Created, but not shown"
    assert (reader.told, reader.names) == ([], ["My notebook"])


# Revoking tokens


def test_revoking(reader: Reader, box: Sandbox) -> None:
    reader.create()
    view = reader.revoke("My notebook")
    assert "My notebook" not in reader.names
    assert view["notice"]["title"] == "Revoked"
    assert "My notebook" not in tokens_of(box)


def test_rows_keep_their_identity_after_a_refresh(reader: Reader) -> None:
    reader.create()
    key = reader.row("My notebook")["key"]
    reader.say(do="refresh")
    assert reader.row("My notebook")["key"] == key


def test_revoking_a_token_that_is_already_gone(reader: Reader, box: Sandbox) -> None:
    reader.create()
    box.world.revoke(reader.told[0]["token"])
    view = reader.revoke("My notebook")
    assert view["notice"]["title"] == "Already gone"
    assert "My notebook" not in reader.names


def test_revoking_the_token_in_use_ends_the_session(
    reader: Reader, sit: Callable[[Session], Reader], open_session: Any
) -> None:
    reader.create("Its own end", ["admin"])
    other = sit(open_session(reader.told[0]["token"]))
    assert [row["name"] for row in other.view["tokens"] if row["own"]] == ["Its own end"]
    view = other.revoke("Its own end")
    assert (view["phase"], other.session.state) == ("out", "signed out")
    assert "you revoked the token" in view["notice"]["text"].lower()
    assert reader.session.state == "signed in"


def test_a_masked_token_in_use_is_recognised(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    masked = ["sandbox-****-all", "other****", "sandbox-**-read"]
    rows: list[dict[str, Any]] = [{"display_name": token, "token": token} for token in masked]
    monkeypatch.setattr(reader.model, "call", lambda name, **fields: {name: {"tokens": rows}})
    assert [row["own"] for row in reader.say(do="refresh")["tokens"]] == [True, False, False]
    rows.append({"display_name": "Also like it", "token": "****"})
    assert not any(row["own"] for row in reader.say(do="refresh")["tokens"])


def test_no_answer_to_revoking(reader: Reader, box: Sandbox, at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.create()
    real = reader.model.call

    def call(name: str, **fields: Any) -> Any:
        if "delete_token" in fields:
            box.faults.drop("api_token")
        return real(name, **fields)

    monkeypatch.setattr(reader.model, "call", call)
    view = reader.revoke("My notebook")
    assert "if it is still there, revoke it again" in view["notice"]["text"]


# Failures


def test_refusals_are_told_in_the_errors_own_words(reader: Reader, box: Sandbox) -> None:
    box.faults.error("SomeTrouble", "api_token", message="Not today.")
    assert "Not today" in reader.create()["notice"]["text"]
    assert reader.told == []


def test_a_bug_ends_the_task(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str, **fields: Any) -> Any:
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setattr(reader.model, "call", broken)
    view = reader.create()
    assert "ZeroDivisionError" in view["notice"]["text"]
    assert "secret in it" not in view["notice"]["text"]
    monkeypatch.undo()
    reader.create("After that")
    assert "After that" in reader.names


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
_FIELDS = ["name", "scopes", "asked", "key", "loginid", "bound"]


_SAID = st.fixed_dictionaries(
    {"do": st.sampled_from(["create", "revoke"]) | _JSON}, optional=dict.fromkeys(_FIELDS, _JSON)
)


@given(said=_SAID)
@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_is_ignored(reader: Reader, said: dict[str, Any]) -> None:
    before = reader.names
    try:
        reader.say(**said)
    except DpyauthError as error:  # would be shown
        raise AssertionError from error
    assert (reader.names, reader.told) == (before, [])


def test_a_change_is_for_the_account_it_was_asked_for(reader: Reader, box: Sandbox) -> None:
    """The change may have to wait; if the session is another account's by then, no token is created there."""
    said = {"do": "create", "name": "For that one", "scopes": ["read"], "asked": "a panel"}
    with reader.model._one_at_a_time:
        reader.model.handle({"loginid": "CR900001", **said})
        box.world.issued["other"] = Token("other", "VRTC900003", SCOPES, "another")
        reader.session.core.sign_in_and_wait(api_token("other", "a test"))
    view = reader.rest()
    assert reader.session.loginid == "VRTC900003"
    assert view["loaded"]
    assert "For that one" not in reader.names
    assert reader.told == []


def test_a_call_is_made_for_one_account_only(reader: Reader) -> None:
    assert reader.model.ask("CR900001", "ping", {})[0]["ping"] == "pong"
    with pytest.raises(SessionClosed, match="another account"):
        reader.model.ask("CR900002", "ping", {})


@pytest.mark.parametrize(
    ("listed", "token", "may"),
    [
        ("a1-x***z", "a1-xyyz", True),
        ("a1-x***z", "a1-xz", True),
        ("a1-x*z", "a1-xyyy", False),
        ("*", "a1-x", True),
        ("**b**c", "abcbc", True),
        ("*b*b*", "ab", False),
        ("ab*bc", "abc", False),  # the letter in the middle counts once
        ("", "a1-x", False),
        ("a1-x", "a1-x", True),
        ("a1-x", "a1-xy", False),
        ("a.*", "ab", False),
        ("*a" * 30_000 + "*b", "a" * 60_000, False),
        ("*a" * 30_000 + "*", "a" * 60_000, True),
    ],
    ids=range(13),
)
def test_matching_masked_tokens(listed: str, token: str, may: bool) -> None:
    """The answer is quick, however many gaps the masked token has."""
    assert may_be(Secret(listed), Secret(token)) is may
