"""Test secrets: they never show, pickle or list their text, and tokens are checked when they are taken."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpyauth.credentials import Credential, Secret, api_token, checked, scrub
from dpyauth.errors import InvalidCredential
from dpyauth.texts.languages import names

VALUE = "Kn0wn-Value_42"
SECRET = Secret(VALUE)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>20}",
        lambda secret: f"{secret:>20}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: "{}".format(secret),  # noqa: UP032
        lambda secret: str([secret, {"token": secret}]),
        lambda secret: repr(Credential(secret, "a test")),
        lambda secret: " ".join(dir(secret)),
        lambda secret: str([getattr(secret, name) for name in dir(secret)]),
    ],
)
def test_a_secret_never_shows_its_text(show: Any) -> None:
    assert VALUE not in show(SECRET)


def test_a_secret_has_no_attributes_to_list() -> None:
    with pytest.raises(TypeError):
        vars(SECRET)


def test_a_secret_can_be_revealed() -> None:
    assert SECRET.reveal() == VALUE


@pytest.mark.parametrize("what", [SECRET, Credential(SECRET, "a test"), [SECRET]])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(what: Any, protocol: int) -> None:
    with pytest.raises(TypeError, match="secret cannot be pickled"):
        pickle.dumps(what, protocol)


def test_copies_within_the_process_are_the_same() -> None:
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy({"a": [SECRET]})["a"][0] is SECRET


@given(st.text(st.characters()), st.text(st.characters()))
def test_secrets_are_equal_if_their_texts_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one


@pytest.mark.parametrize("entered", [VALUE, f"  {VALUE}\n", Secret(f"\t{VALUE} "), "a", "a" * 128])
def test_a_token_is_taken(entered: str | Secret) -> None:
    credential = api_token(entered, "a test")
    text = entered.reveal() if isinstance(entered, Secret) else entered
    assert credential.token.reveal() == text.strip()
    assert credential.source == "a test"


@pytest.mark.parametrize(
    ("entered", "because"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("x" * 129, "129 characters"),
        ("x" * 200, "200 characters"),
        ("aaa.bbb.ccc", "dot"),
        ("two words", "only letters"),
        ('"quoted"', "quotes"),
        ("ünïcode", "only letters"),
        ("１２３", "only letters"),
    ],
)
def test_an_invalid_token_is_refused_with_the_reason(entered: str, because: str) -> None:
    with pytest.raises(InvalidCredential, match=because):
        api_token(entered, "a test")


@given(st.text(st.characters(), min_size=8).filter(lambda text: len(text.strip()) >= 8))
def test_a_refusal_never_repeats_what_was_entered(entered: str) -> None:
    try:
        credential = api_token(entered, "a test")
    except InvalidCredential as refused:
        assert entered.strip() not in f"{refused}{refused!r}{vars(refused)}"  # noqa: PT017
    else:
        assert credential.token.reveal() == entered.strip()
        assert entered.strip() not in repr(credential)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("bxy", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("bxy", max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, st.lists(st.text("bxy", min_size=1, max_size=3), max_size=3))
def test_scrubbing_leaves_no_secret_in_any_text(value: Any, texts: list[str]) -> None:
    scrubbed = str(scrub(value, [Secret(text) for text in texts]))
    assert not any(text in scrubbed for text in texts)


def test_scrubbing_changes_nothing_else() -> None:
    value = {"a": [1, 2.5, None, True, "text"], "b": {}}
    assert scrub(value, [Secret("absent"), Secret("")]) == value
    assert scrub({"token abc": ["the abc"]}, [Secret("abc")]) == {"token <secret>": ["the <secret>"]}


def test_scrubbing_removes_the_longer_of_nested_secrets_first() -> None:
    assert scrub("abcdef", [Secret("abc"), Secret("abcdef")]) == "<secret>"


@pytest.mark.parametrize(
    ("entered", "api", "code"),
    [
        ("", "v3", "api_token_empty"),
        ("x" * 129, "v3", "api_token_long"),
        ("aaa.bbb", "v3", "api_token_dot"),
        ("two words", "v3", "api_token_characters"),
        ("", "options", "token_empty"),
        ("two words", "options", "token_characters"),
        ("pat_\x16C4nary", "options", "token_control_characters"),
        ("pat_C4nary", "v3", "token_of_other_api"),
        ("a1-C4nary", "options", "token_of_other_api"),
        ("ory_rt_C4nary", "options", "refresh_token"),
        ("ory_ac_C4nary", "options", "sign_in_code"),
    ],
)
def test_refusals_speak_the_users_language(entered: str, api: str, code: str) -> None:
    with pytest.raises(InvalidCredential) as refused:
        checked(entered, "a test", api)
    assert refused.value.code == code
    told = [refused.value.in_language(language) for language in names()]
    assert len(set(told)) == len(told)
    assert str(refused.value) in told
    assert "C4nary" not in "".join(told)
