"""Find a credential: in the environment, in storage, in Colab's secrets, in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dpyauth import _environment, _pasted
from dpyauth.credentials import Credential, Secret, bare, checked
from dpyauth.errors import DpyauthError, KeepingFailed, NoCredential
from dpyauth.registry import DEFAULT
from dpyauth.settings import known

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox

_VARIABLE = "DERIV_TOKEN"


class Found(NamedTuple):
    """A token that was found, and what came with it."""

    token: Secret
    source: str
    others: Mapping[str, Secret] = MappingProxyType({})
    """Tokens of all accounts by login ID, where there are several."""
    active: str | None = None
    """The account that was in use when it was remembered."""
    app_id: str | None = None
    api: str | None = None
    remembered: bool = False
    sample: bool = False
    given: bool = False
    """True if it was given for this very sign-in."""
    expires_at: float | None = None
    life: float | None = None
    """Seconds from when it was remembered to its end."""

    def grants(self, api: str) -> tuple[Credential, dict[str, Credential] | None]:
        """Return the credential to sign in with, and those of all accounts."""
        credential = checked(self.token, self.source, api)
        if self.expires_at is not None:
            from dpyauth.credentials import Tokens

            tokens = Tokens(credential.token, None, self.expires_at, None, self.life)
            credential = credential._replace(tokens=tokens)
        if not self.others:
            return credential, None
        return credential, {
            loginid: credential if token == self.token else Credential(token, self.source)
            for loginid, token in self.others.items()
        }


def find(profile: str, api: str | None, sandbox: Sandbox | None) -> tuple[Found | None, DpyauthError | None]:
    """Look for a credential, in the order that `login` documents.

    Returns the credential, if there is one, and the error of a remembered credential that cannot be used.
    """
    found = sample(sandbox) if sandbox else _in_environment()
    trouble: DpyauthError | None = None
    try:
        found = found or _remembered(profile, api)
    except (KeepingFailed, NoCredential) as error:
        trouble = error
    return found or _in_colab(), trouble


def sample(sandbox: Sandbox, api: str = DEFAULT) -> Found:
    """Return the first of the sandbox's sample tokens for an API."""
    token = sandbox.side(known(api).name).tokens[0].token
    return Found(Secret(token), "the sandbox's sample tokens", sample=True)


def variable(name: str, sandbox: Sandbox | None) -> str | None:
    """Return an environment variable, if it is set; variables are for the real Deriv only."""
    return None if sandbox is not None else _pasted.bare(os.environ.get(name, "")) or None


def _in_environment() -> Found | None:
    token = Secret(os.environ.get(_VARIABLE, ""))
    if not bare(token).reveal():
        return None
    return Found(token, f"the environment variable {_VARIABLE}")


def _remembered(profile: str, api: str | None) -> Found | None:
    from dpyauth.storage import recall

    kept = recall(profile)
    if kept is None:
        return None
    if api not in (None, kept.api):
        raise NoCredential(
            f"What was remembered is of Deriv's {kept.api} API, and is not sent to {api}. Leave out api=, or sign in "
            f"with a token of {api}."
        )
    return Found(
        kept.tokens[kept.active],
        f"what was kept in {kept.where}",
        kept.tokens,
        kept.active,
        kept.app_id,
        kept.api,
        remembered=True,
        expires_at=kept.expires_at,
        life=None if kept.expires_at is None else kept.expires_at - kept.since.timestamp(),
    )


def _in_colab() -> Found | None:
    if not _environment.in_colab():
        return None
    try:
        from google.colab import userdata

        token = Secret(str(userdata.get(_VARIABLE) or ""))
    except Exception:  # no such secret, no access to it, no answer, or not quite Colab: then the user is asked
        return None
    return Found(token, f"the Colab secret {_VARIABLE}") if bare(token).reveal() else None
