"""The panel of the installed wheel signs in to Deriv: with default settings, Deriv's own names, TLS, and a proxy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import certificates
import pytest
from front import DERIV, PACKET, Front
from playwright.sync_api import Page, expect

from dpyauth.sandbox import Sandbox

if TYPE_CHECKING:
    from conftest import Lab, Notebook

pytestmark = pytest.mark.browser

LOGIN = "import dpyauth\nsession = dpyauth.login({})\nprint(dpyauth.__file__)"
CELLS = ("login", "session.accounts()[['loginid']]", "len(session.statement(account='all'))")


@pytest.fixture(scope="module")
def deriv() -> Iterator[Sandbox]:
    """Run the server that answers at Deriv's names."""
    with Sandbox(limits=None, compress=True, hosts=DERIV) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the certificates."""
    made = tmp_path_factory.mktemp("certificates")
    certificates.make(made)
    return made


@pytest.fixture(scope="module")
def front(deriv: Sandbox, folder: Path) -> Iterator[Front]:
    """Run the proxy of the kernel. The browser has its own, whose requests do not matter here."""
    with Front(deriv.port, folder, record=PACKET) as running:
        yield running
        assert running.refused == set()


@pytest.fixture(scope="module")
def company_lab(
    serving_from: Callable[..., Any],
    released: Path,
    front: Front,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    """Start JupyterLab with the installed wheel, on a machine behind a company proxy."""
    around = {"HTTPS_PROXY": front.address, "SSL_CERT_FILE": str(folder / "roots.pem"), "NO_PROXY": "127.0.0.1"}
    with ExitStack() as stack:
        with mock.patch.dict(os.environ, around):
            base = tmp_path_factory.mktemp("deployed")
            lab: Lab = stack.enter_context(serving_from("jupyterlab", base, released / "bin" / "python"))
        yield lab


@pytest.fixture(scope="module")
def notebook(opening: Callable[..., Any], company_lab: Lab, deriv: Sandbox, folder: Path) -> Iterator[Notebook]:
    with Front(deriv.port, folder) as own:
        proxy = {"server": own.address, "bypass": "127.0.0.1"}
        with opening(company_lab, "lab", CELLS, proxy=proxy, ignore_https_errors=True) as opened:
            yield opened


@pytest.fixture
def callback(company_lab: Lab) -> str:
    """Return the address to which the browser returns."""
    return f"{company_lab.url}/dpyauth/callback"


def login(notebook: Notebook, released: Path, **options: Any) -> None:
    """Run the first cell, without naming any server."""
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    notebook.fill(0, LOGIN.format(f"{given}, ask=True" if given else "ask=True"))
    expect(notebook.run(0)).to_contain_text(str(released))
    expect(notebook.panel).to_have_attribute("data-phase", "form")


def expect_signed_in(notebook: Notebook, deriv: Sandbox, loginids: list[str], of: list[str]) -> None:
    """Check that the kernel works with the credential from the panel."""
    expect(notebook.panel).not_to_have_attribute("data-phase", "form")
    expect(notebook.panel.locator(".dpyauth-loginid")).to_have_text(re.compile("|".join(loginids)))
    for loginid in loginids:
        expect(notebook.run(1).locator("table.dataframe")).to_contain_text(loginid)
    rows = sum(len(deriv.world.account(loginid).ledger.rows) for loginid in of)
    expect(notebook.run(2)).to_contain_text(str(rows))


def through_deriv(notebook: Notebook, host: str) -> None:
    """Sign in with the browser, on Deriv's own pages."""
    with notebook.page.expect_popup() as opened:
        notebook.button("Sign in with Deriv").click()
    popup: Page = opened.value
    popup.wait_for_url(f"https://{host}/**")
    popup.get_by_role("button", name="Sandbox Rich").click()
    with popup.expect_event("close"):
        popup.get_by_role("button", name="Allow").click()


def test_a_token(notebook: Notebook, deriv: Sandbox, front: Front, released: Path) -> None:
    front.asked.clear()
    login(notebook, released, api="v3")
    notebook.token.fill("sandbox-rich-all")
    notebook.token.press("Enter")
    expect_signed_in(notebook, deriv, ["CR900001"], ["CR900001"])
    assert {host for host, _ in front.asked} == {"ws.derivws.com"}


def test_a_personal_access_token(notebook: Notebook, deriv: Sandbox, front: Front, released: Path) -> None:
    front.asked.clear()
    login(notebook, released)
    notebook.app_id.fill(deriv.options_app_id)
    notebook.token.fill(deriv.options_token("rich").token)
    notebook.token.press("Enter")
    accounts = ["ROT900001", "DOT900003"]
    expect_signed_in(notebook, deriv, accounts, accounts)
    assert {host for host, _ in front.asked} == {"api.derivws.com"}


def test_the_browser_on_v3(notebook: Notebook, deriv: Sandbox, front: Front, released: Path, callback: str) -> None:
    front.asked.clear()
    app_id = deriv.register_app("A notebook", callback, ("read", "trading_information"))
    login(notebook, released, app_id=app_id, api="v3")
    through_deriv(notebook, "oauth.deriv.com")
    accounts = ["CR900001", "CR900002", "VRTC900003"]
    expect_signed_in(notebook, deriv, accounts, accounts)
    assert {host for host, _ in front.asked} == {"ws.derivws.com"}


def test_the_browser_on_options(
    notebook: Notebook, deriv: Sandbox, front: Front, released: Path, callback: str
) -> None:
    front.asked.clear()
    login(notebook, released, app_id=deriv.register_options_app("A notebook", callback), redirect_url=callback)
    through_deriv(notebook, "auth.deriv.com")
    accounts = ["ROT900001", "DOT900003"]
    expect_signed_in(notebook, deriv, accounts, accounts)
    assert {host for host, _ in front.asked} == {"auth.deriv.com", "api.derivws.com"}
