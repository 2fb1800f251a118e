"""Signing in to Deriv at its own addresses, whatever the records are like."""

from __future__ import annotations

import json

import pytest
from front import Front
from talk import Run, Start, User

from dpyauth.sandbox import Sandbox
from dpyauth.sandbox.users import Account

HOSTS = {"v3": "ws.derivws.com", "options": "api.derivws.com"}


def account_of(user: User, box: Sandbox) -> Account:
    account: Account = box.world.account(user.loginid)
    return account


@pytest.mark.usefixtures("record", "compress")
def test_with_a_token_of_the_environment(start: Start, box: Sandbox, front: Front, user: User) -> None:
    talk = start("login.py", **user.env)
    said = talk.next()
    account = account_of(user, box)
    assert (said["error"], said["api"], said["account"]) == (None, user.api, user.loginid)
    assert said["balance"] == account.money(account.ledger.balance)
    assert said["rows"] == len(account.ledger.rows)
    assert user.loginid in said["accounts"]
    assert "the environment variable DERIV_TOKEN" in talk.end()
    assert set(front.asked) == {(HOSTS[user.api], 443)}


def test_with_a_token_as_argument(run: Run, box: Sandbox, user: User) -> None:
    given = {"token": user.env["DERIV_TOKEN"], "app_id": user.env.get("DERIV_APP_ID"), "api": user.env.get("DERIV_API")}
    said = run("login.py", json.dumps(given))
    assert (said["error"], said["account"]) == (None, user.loginid)


def test_remembered(start: Start, user: User) -> None:
    """In a file, since there is no keyring in README's environment."""
    first = start("login.py", '{"remember": true}', **user.env)
    assert first.next()["account"] == user.loginid
    first.end()
    second = start("login.py")
    assert second.next()["account"] == user.loginid
    assert "the sign-in remembered in" in second.end()


def test_refused(run: Run, front: Front, user: User) -> None:
    wrong = "sandbox-rich-expired" if user.api == "v3" else "pat_" + 64 * "0"
    said = run("login.py", **{**user.env, "DERIV_TOKEN": wrong})
    assert said["error"] == "SignInRefused"
    assert wrong not in said["text"]
    assert HOSTS[user.api] in {host for host, _ in front.asked}


def test_without_a_token(run: Run, front: Front) -> None:
    said = run("login.py")
    assert said["error"] == "NoCredential"
    assert "DERIV_TOKEN" in said["text"]
    assert front.asked == []
