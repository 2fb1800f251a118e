"""Find a credential: in the environment, in storage, in the secrets of Colab or Kaggle, in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dpyauth import _environment, _pasted
from dpyauth.credentials import Credential, Secret, bare, checked
from dpyauth.errors import DpyauthError, InvalidCredential, KeepingFailed, NoCredential
from dpyauth.registry import DEFAULT
from dpyauth.settings import known
from dpyauth.texts.said import Said, said

if TYPE_CHECKING:
    from dpyauth.sandbox import Sandbox

_VARIABLE = "DERIV_TOKEN"
_APP_ID = "DERIV_APP_ID"


class Found(NamedTuple):
    """Token that was found, and what is known about it."""

    token: Secret
    source: str
    others: Mapping[str, Secret] = MappingProxyType({})
    """Tokens of all accounts by login ID, if there are several."""
    active: str | None = None
    """The account that was in use when it was remembered."""
    app_id: str | None = None
    api: str | None = None
    remembered: bool = False
    sample: bool = False
    given: bool = False
    """True if the user gave it for this sign-in, as an argument or at the prompt."""
    expires_at: float | None = None
    life: float | None = None
    """Seconds from the moment it was remembered to its expiry."""

    @property
    def origin(self) -> Said:
        """Return a sentence that says where the token comes from."""
        return said("token_comes_from", source=self.source)

    def check(self, api: str) -> Credential:
        """Return the credential for an API. If the user did not give the token, an error says where it comes from.

        Raises
        ------
        InvalidCredential
            As `checked`.
        """
        try:
            return checked(self.token, self.source, api)
        except InvalidCredential as error:
            if not self.given:
                error.add_note(self.origin)
            raise

    def grants(self, api: str) -> tuple[Credential, dict[str, Credential] | None]:
        """Return the credential to sign in with, and those of all accounts."""
        credential = self.check(api)
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
    places: tuple[Callable[[], Found | None], ...] = (lambda: _remembered(profile, api), _platform_secret)
    for look in places:
        try:
            found = found or look()
        except (KeepingFailed, NoCredential) as error:
            trouble = trouble or error
    return found, trouble


def sample(sandbox: Sandbox, api: str = DEFAULT) -> Found:
    """Return the first of the sandbox's sample tokens for an API."""
    token = sandbox.side(known(api).name).tokens[0].token
    return Found(Secret(token), said("source_sample"), sample=True)


def variable(name: str, sandbox: Sandbox | None) -> str | None:
    """Return an environment variable, if it is set; the sandbox ignores them, since they are for the real Deriv."""
    return None if sandbox is not None else _pasted.bare(os.environ.get(name, "")) or None


def _in_environment() -> Found | None:
    token = Secret(os.environ.get(_VARIABLE, ""))
    if not bare(token).reveal():
        return None
    return Found(token, said("source_variable", name=_VARIABLE))


def _remembered(profile: str, api: str | None) -> Found | None:
    from dpyauth.storage import recall

    kept = recall(profile)
    if kept is None:
        return None
    if api not in (None, kept.api):
        raise NoCredential(said("remembered_for_other_api", mine=kept.api, api=str(api)))
    return Found(
        kept.tokens[kept.active],
        said("source_remembered", place=kept.where),
        kept.tokens,
        kept.active,
        kept.app_id,
        kept.api,
        remembered=True,
        expires_at=kept.expires_at,
        life=None if kept.expires_at is None else kept.expires_at - kept.since.timestamp(),
    )


def _platform_secret() -> Found | None:
    """Look in the secrets that the user keeps at Colab or Kaggle, outside the notebook."""
    where = _environment.secrets_place()
    if not where:
        return None
    ask = _colab_secret if where == "Colab" else _kaggle_secret
    token = ask(_VARIABLE)
    if not bare(token).reveal():
        return None
    app_id = _pasted.bare(os.environ.get(_APP_ID, "")) or _pasted.bare(ask(_APP_ID).reveal())
    return Found(token, said("source_secret", place=where, name=_VARIABLE), app_id=app_id or None)


def _colab_secret(name: str) -> Secret:
    """Return one of Colab's secrets; empty if there is none."""
    try:
        from google.colab import userdata

        return Secret(str(userdata.get(name) or ""))
    except Exception as error:  # no such secret, no answer, or not really Colab: then ask the user
        if type(error).__name__ == "NotebookAccessError" and name == _VARIABLE:
            raise NoCredential(said("colab_no_access")) from None
        return Secret("")


def _kaggle_secret(name: str) -> Secret:
    """Return one of Kaggle's secrets; empty if there is none."""
    try:
        from kaggle_secrets import UserSecretsClient

        return Secret(str(UserSecretsClient().get_secret(name) or ""))
    except Exception:  # no such secret, not attached to this notebook, no internet: then ask the user
        return Secret("")
