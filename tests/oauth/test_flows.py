"""Test the browser sign-ins of both APIs behind one interface; the tests of the panel model cover what follows."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlsplit

import pytest

from dpyauth.credentials import Secret
from dpyauth.errors import DpyauthError, InvalidSetting, RedirectRefused
from dpyauth.oauth.flows import FLOWS, CodeFlow, Flow, ImplicitFlow, Options, leads_to
from dpyauth.targets import Targets

CALLBACK = "https://hub.example/user/jane/dpyauth/callback"
BACK = "https://me.example/back"
HERE = "http://localhost:8914/back"


def asked(way: Flow) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(way.url).query))


def test_v3_at_deriv_itself() -> None:
    way = ImplicitFlow(Targets(language="ES"), "16303", Options(callback=CALLBACK))
    assert way.url.startswith("https://oauth.deriv.com/oauth2/authorize?")
    assert asked(way) == {"app_id": "16303", "l": "ES", "state": way.state.reveal()}
    assert (way.settings.api, way.settings.app_id, way.options) == ("v3", "16303", {})
    assert (way.redirect_url, way.listen_at) == (None, None)


def test_v3_brings_all_tokens() -> None:
    way = ImplicitFlow(Targets(), "16303", Options())
    query = Secret(f"?acct1=CR1&token1=a1-x&cur1=usd&acct2=CR2&token2=a1-y&cur2=btc&state={way.state.reveal()}")
    brought = way.read(query, pasted=False)
    assert brought.loginids == ("CR1", "CR2")
    first, grants = asyncio.run(brought.given())  # type: ignore[arg-type]
    assert grants is not None
    assert list(grants) == ["CR1", "CR2"]
    assert first is grants["CR1"]
    assert first.source == "Deriv in the browser"


def test_v3_lets_the_user_confirm() -> None:
    way = ImplicitFlow(Targets(), "16303", Options())
    query = Secret("?acct1=CR1&token1=a1-x&cur1=usd")
    with pytest.raises(RedirectRefused) as refused:
        way.read(query, pasted=False)
    assert refused.value.code == "state_missing"
    assert way.read(query, pasted=True).loginids == ("CR1",)


def test_options_at_deriv_itself() -> None:
    way = CodeFlow(Targets(language="ES"), "33abcDEF", Options(redirect_url=BACK, callback=CALLBACK))
    assert way.url.startswith("https://auth.deriv.com/oauth2/auth?")
    said = asked(way)
    assert len(said.pop("code_challenge")) == 43
    assert said == {
        "response_type": "code",
        "client_id": "33abcDEF",
        "redirect_uri": BACK,
        "scope": "trade",
        "state": way.state.reveal(),
        "code_challenge_method": "S256",
        "lang": "ES",
    }
    assert (way.settings.api, way.settings.app_id, way.options) == ("options", "33abcDEF", {})
    assert (way.redirect_url, way.listen_at) == (BACK, None)


def test_options_with_a_demo_account_to_be_made() -> None:
    way = CodeFlow(Targets(), "33abcDEF", Options(redirect_url=BACK, create_demo=True))
    assert asked(way)["scope"] == "trade account_manage"
    assert way.options == {"create_demo": True}


@pytest.mark.parametrize("pasted", [False, True])
def test_options_has_no_confirmation_by_the_user(pasted: bool) -> None:
    way = CodeFlow(Targets(), "33abcDEF", Options(redirect_url=BACK))
    for query, code in (("?code=x", "state_missing"), ("?code=x&state=y", "state_mismatch")):
        with pytest.raises(RedirectRefused) as refused:
            way.read(Secret(query), pasted=pasted)
        assert refused.value.code == code
    assert way.read(Secret(f"?code=x&state={way.state.reveal()}"), pasted=pasted).loginids == ()


@pytest.mark.parametrize(
    ("back", "callback", "listens"),
    [
        (HERE, None, True),
        (HERE, CALLBACK, True),
        (HERE, HERE, False),  # the Jupyter server listens there
        (BACK, None, False),
        ("https://localhost/back", None, False),
    ],
)
def test_where_options_listens(back: str, callback: str | None, listens: bool) -> None:
    way = CodeFlow(Targets(), "33abcDEF", Options(redirect_url=back, callback=callback))
    assert way.listen_at == (back if listens else None)


@pytest.mark.parametrize(
    ("api", "app_id", "wish", "kind", "says"),
    [
        ("v3", None, Options(), InvalidSetting, "app ID of your own"),
        ("v3", "1089", Options(), InvalidSetting, "app ID of your own"),
        ("v3", "16303", Options(host="http://oauth.example.org"), InvalidSetting, "unencrypted"),
        ("options", None, Options(redirect_url=BACK), InvalidSetting, "app ID of your own"),
        ("options", "33abc", Options(), RedirectRefused, "redirect URL"),
        ("options", "33abc", Options(callback=CALLBACK), RedirectRefused, "redirect URL"),
        ("options", "33abc", Options(redirect_url="http://me.example/"), InvalidSetting, "exactly the one registered"),
        ("options", "33abc", Options(redirect_url="http://[x"), InvalidSetting, "exactly the one registered"),
    ],
)
def test_invalid_options(api: str, app_id: str | None, wish: Options, kind: type[DpyauthError], says: str) -> None:
    with pytest.raises(kind, match=says):
        FLOWS[api](Targets(), app_id, wish)


def test_the_state_and_the_verifier_are_not_shown() -> None:
    way = CodeFlow(Targets(), "33abcDEF", Options(redirect_url=BACK))
    before = everything(way)
    brought = way.read(Secret(f"?code=C4nary&state={way.state.reveal()}"), pasted=True)
    (code,) = brought.given.args  # type: ignore[attr-defined]
    shown = before + everything(way) + repr(brought)
    assert [text for text in (code.verifier.reveal(), "C4nary") if text in shown] == []


def everything(way: Flow) -> str:
    """Return everything that can be read from a flow and its parts."""
    parts = [way, *vars(way).values()]
    return repr(parts) + repr([vars(part) for part in parts if hasattr(part, "__dict__")])


HUB = "https://hub.x/user/jane@x.org/dpyauth/callback"
LOCAL = "http://localhost:8000/user/jane@/dpyauth/callback"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (HUB, True),
        (HUB.replace("@", "%40"), True),
        (f" {HUB}/ ", True),
        (HUB.replace("hub.x", "HUB.x:443"), True),
        (HUB.replace("jane", "j%61ne"), True),
        (HUB.replace("https", "http"), False),
        (HUB.replace("jane", "Jane"), False),
        (HUB.replace("@", "%2540"), False),
        (f"{HUB}?a=b", False),
        ("https://other.x/user/jane@x.org/dpyauth/callback", False),
        ("https://hub.x:x/", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_a_redirect_url_of_the_callback_page_in_any_spelling(url: str, same: bool) -> None:
    assert leads_to(url, HUB) is same
    assert leads_to(url, HUB.replace("@", "%40")) is same
    assert leads_to(url, None) is False


@pytest.mark.parametrize(("back", "listens"), [("%40", False), ("@", False), ("%40other", True)])
def test_no_listener_for_the_callback_page(back: str, listens: bool) -> None:
    wish = Options(redirect_url=f"http://localhost:8000/user/jane{back}/dpyauth/callback", callback=LOCAL)
    assert (CodeFlow(Targets(), "33abcDEF", wish).listen_at is not None) is listens
