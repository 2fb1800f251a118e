"""Check the front end, and which panels and browser sign-ins can work there."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dpyauth import _environment
from dpyauth.apis.options.requests import Request, Response
from dpyauth.checkup.check_rows import Row

NOTEBOOK = "Notebook"
CALLBACK = "callback page"

_LAB = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
"""Front-end parts of the packages that panels need."""

_NO_PANELS = "{}: {}the card is shown as text"
_PASTE = "To sign in with the browser, paste the address that it ends up at."


def looks() -> Iterator[Row]:
    """Yield rows on the front end, and on whether panels and browser sign-ins can work in it."""
    name = front_end()
    in_notebook, attended = _environment.in_notebook(), _environment.has_user()
    alone = "" if attended else "dpyauth.login() cannot ask you here: it uses DERIV_TOKEN, or a remembered sign-in."
    yield Row(NOTEBOOK, "front end", "ok" if attended else "note", name, alone)
    if _environment.in_console():
        yield Row(NOTEBOOK, "panels", "ok", _NO_PANELS.format("this front end shows no panels", _by_prompt()))
    elif in_notebook:
        yield _panels()
    else:
        yield Row(NOTEBOOK, "panels", "ok", _NO_PANELS.format("not in a notebook", _by_prompt()))
    yield _way_back()


def _by_prompt() -> str:
    return "dpyauth.login() asks at a prompt, and " if "prompt" in _environment.ways_to_ask() else ""


def _without_panels() -> str:
    """Return advice on how to sign in if no panel appears."""
    if "prompt" in _environment.ways_to_ask():
        return 'Without panels, dpyauth.login(ask="prompt") asks for your token and hides what you type.'
    return "Without panels, set DERIV_APP_ID and DERIV_TOKEN in the environment before the kernel starts."


def front_end() -> str:
    """Return a description of the front end, as far as it is known."""
    if _environment.in_marimo():
        return "marimo, as an app" if _environment.is_app() else "marimo"
    shell = _environment.kernel_shell()
    if shell is None and _environment.in_streamlit():
        return "Streamlit"
    if shell is None:
        kind = "IPython in a terminal" if "IPython" in sys.modules and hasattr(sys, "ps1") else "Python, no notebook"
        return kind if _environment.has_user() else "a script that runs unattended"
    if not _environment.has_user():
        return "a notebook that runs unattended (nbclient, nbconvert, papermill or similar)"
    for name, there in (
        ("a console: Spyder, QtConsole or the Jupyter console", _environment.in_console()),
        ("Google Colab", _environment.in_colab()),
        ("Voila", _environment.in_voila()),
        ("VS Code", bool({"VSCODE_PID", "VSCODE_CWD", "VSCODE_IPC_HOOK"} & os.environ.keys())),
        ("Kaggle", _environment.in_kaggle()),
        ("Databricks", "DATABRICKS_RUNTIME_VERSION" in os.environ),
        ("Binder", "BINDER_SERVICE_HOST" in os.environ),
        ("JupyterHub", "JUPYTERHUB_USER" in os.environ),
    ):
        if there:
            return name
    return "a Jupyter kernel (JupyterLab, Notebook, a console: a kernel does not know which)"


def _panels() -> Row:
    for package in ("ipywidgets", "anywidget"):
        try:
            importlib.import_module(package)
        except Exception as error:
            advice = f"Install dpyauth again in the kernel's environment, and restart the kernel. {_without_panels()}"
            return Row(NOTEBOOK, "panels", "problem", f"{package} cannot be loaded ({type(error).__name__})", advice)
    if _environment.in_colab() or _environment.in_marimo() or "VSCODE_PID" in os.environ:
        return Row(NOTEBOOK, "panels", "ok", "the kernel's part is installed; the front end brings its own")
    missing = [name for name in _LAB if not _installed(name)]
    if missing:
        where = "If the Jupyter server runs in another environment than this kernel, install them there:"
        advice = f"{where} pip install ipywidgets anywidget, then reload the page. {_without_panels()}"
        return Row(NOTEBOOK, "panels", "note", f"not found for this front end: {' and '.join(missing)}", advice)
    return Row(NOTEBOOK, "panels", "ok", "kernel and front end have what they need")


def _installed(name: str) -> bool:
    from jupyter_core.paths import jupyter_path

    return any(Path(folder, name, "package.json").is_file() for folder in jupyter_path("labextensions"))


def _way_back() -> Row:
    """Return a row on whether a listener on this machine can receive a browser sign-in."""
    check = "listener for the browser"
    try:
        with socket.create_server(("127.0.0.1", 0)):
            pass
    except OSError:
        return Row(NOTEBOOK, check, "note", "this machine does not allow listening on 127.0.0.1", _PASTE)
    if _environment.on_hosted_server() or "SSH_CONNECTION" in os.environ:
        far = "the browser runs on another machine and cannot reach this one"
        return Row(NOTEBOOK, check, "note", far, f"Use the callback page if there is one. Otherwise: {_PASTE}")
    advice = (
        "For apps with the redirect URL http://localhost/… and a browser on this machine. Otherwise paste the address."
    )
    return Row(NOTEBOOK, check, "ok", "works on this machine", advice)


def server_address() -> str | None:
    """Return the address of the Jupyter server on this machine that started this kernel; None if there is none.

    It is read from the server's runtime files. They also contain the server's token, which is not used here.
    """
    if not _environment.in_notebook():
        return None
    try:
        from jupyter_server.serverapp import list_running_servers
    except ImportError:
        return None
    mine = {str(os.getppid()), os.environ.get("JPY_PARENT_PID")}
    servers: list[dict[str, Any]] = list(list_running_servers(log=None))
    ours = [each for each in servers if str(each.get("pid")) in mine]
    if not ours:
        return None
    scheme = urlsplit(str(ours[0].get("url"))).scheme
    return f"{scheme}://127.0.0.1:{ours[0].get('port')}{str(ours[0].get('base_url', '/')).rstrip('/')}"


async def callback_page(timeout: float) -> Row:
    """Ask the Jupyter server whether it has dpyauth's callback page."""
    from dpyauth.apis.options.client import Client

    if not _environment.in_notebook():
        return Row(NOTEBOOK, CALLBACK, "ok", "for notebooks only: a Jupyter server serves it")
    base = server_address()
    if base is None:
        found = "not known: no Jupyter server on this machine has started this kernel"
        return Row(NOTEBOOK, CALLBACK, "note", found, _PASTE)
    client = Client(base, None, direct=True, transport=None)
    try:
        came = await client.send(Request("callback page", "GET", "/dpyauth/callback"), timeout)
    finally:
        await client.close()
    if isinstance(came, Response) and came.status_code == 200 and b"dpyauth" in came.content:
        return Row(NOTEBOOK, CALLBACK, "ok", "served by this kernel's Jupyter server")
    if isinstance(came, Response):
        advice = f"Install dpyauth in the server's environment and restart the server. Until then: {_PASTE}"
        return Row(NOTEBOOK, CALLBACK, "note", f"the Jupyter server does not have it (HTTP {came.status_code})", advice)
    return Row(NOTEBOOK, CALLBACK, "note", "the Jupyter server could not be asked", _PASTE)
