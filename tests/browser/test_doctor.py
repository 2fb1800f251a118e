"""Test the check-up in JupyterLab: what it says about the front end is true, and it is readable."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab, Notebook

    Opening = Callable[..., AbstractContextManager[Notebook]]

pytestmark = pytest.mark.browser

CELLS = [
    "import dpyauth\nsession = dpyauth.login(sandbox=True)",
    "dpyauth.doctor(session, replies=True)",
    "from dpyauth.sandbox import shared\nbox = shared()\n"
    "box.faults.edit(lambda reply: reply['data'][0].update(tier='gold'), 'get_accounts')\n"
    "dpyauth.doctor(session, replies=['get_accounts'])",
]


def test_in_jupyterlab(opening: Opening, lab: Lab) -> None:
    with opening(lab, "lab", CELLS) as notebook:
        notebook.run(0)
        output = notebook.run(1)
        expect(output).to_contain_text("kernel and front end have what they need")
        expect(output).to_contain_text("served by this kernel's Jupyter server")
        expect(output).to_contain_text("all as documented")
        notebook.shot("doctor-light")
        notebook.theme("Dark")
        notebook.shot("doctor-dark")
        notebook.theme("Light")
        output = notebook.run(2)
        expect(output).to_contain_text("data[].tier")
        expect(output).not_to_contain_text("gold")
        output.scroll_into_view_if_needed()
        notebook.shot("doctor-drift")
