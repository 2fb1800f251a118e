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
from dpyauth.checkup.check_rows import Row, both
from dpyauth.texts.said import Said, joined, said

NOTEBOOK = said("group_notebook")
CALLBACK = said("check_callback")
_PANELS = said("check_panels")

_LAB = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
"""Front-end parts of the packages that panels need."""

_PASTE = said("paste")


def looks() -> Iterator[Row]:
    """Yield rows on the front end, and on whether panels and browser sign-ins can work in it."""
    name = front_end()
    in_notebook, attended = _environment.in_notebook(), _environment.has_user()
    alone = "" if attended else said("no_user")
    yield Row(NOTEBOOK, said("check_front_end"), "ok" if attended else "note", name, alone)
    if _environment.in_console():
        yield Row(NOTEBOOK, _PANELS, "ok", said("no_panels_but_prompt" if _by_prompt() else "no_panels"))
    elif in_notebook:
        yield _panels()
    else:
        yield Row(NOTEBOOK, _PANELS, "ok", said("no_notebook_but_prompt" if _by_prompt() else "no_notebook"))
    yield _way_back()


def _by_prompt() -> bool:
    return "prompt" in _environment.ways_to_ask()


def _without_panels() -> Said:
    """Return advice on how to sign in if no panel appears."""
    return said("without_panels_prompt" if _by_prompt() else "without_panels_token")


def front_end() -> str:
    """Return a description of the front end, as far as it is known."""
    if _environment.in_marimo():
        return said("front_marimo_app") if _environment.is_app() else "marimo"
    shell = _environment.kernel_shell()
    if shell is None and _environment.in_streamlit():
        return "Streamlit"
    if shell is None:
        kind = "front_ipython" if "IPython" in sys.modules and hasattr(sys, "ps1") else "front_python"
        return said(kind if _environment.has_user() else "front_script")
    if not _environment.has_user():
        return said("front_unattended")
    for name, there in (
        (said("front_console"), _environment.in_console()),
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
    return said("front_jupyter")


def _panels() -> Row:
    for package in ("ipywidgets", "anywidget"):
        try:
            importlib.import_module(package)
        except Exception as error:
            found = said("package_broken", package=package, error=type(error).__name__)
            return Row(NOTEBOOK, _PANELS, "problem", found, joined(said("install_in_kernel"), _without_panels()))
    if _environment.in_colab() or _environment.in_marimo() or "VSCODE_PID" in os.environ:
        return Row(NOTEBOOK, _PANELS, "ok", said("panels_half"))
    missing = [name for name in _LAB if not _installed(name)]
    if missing:
        found = said("panels_missing", packages=both(*missing))
        return Row(NOTEBOOK, _PANELS, "note", found, joined(said("install_for_server"), _without_panels()))
    return Row(NOTEBOOK, _PANELS, "ok", said("panels_work"))


def _installed(name: str) -> bool:
    from jupyter_core.paths import jupyter_path

    return any(Path(folder, name, "package.json").is_file() for folder in jupyter_path("labextensions"))


def _way_back() -> Row:
    """Return a row on whether a listener on this machine can receive a browser sign-in."""
    check = said("check_listener")
    try:
        with socket.create_server(("127.0.0.1", 0)):
            pass
    except OSError:
        return Row(NOTEBOOK, check, "note", said("listener_forbidden"), _PASTE)
    if _environment.on_hosted_server() or "SSH_CONNECTION" in os.environ:
        return Row(NOTEBOOK, check, "note", said("listener_far"), said("callback_or_paste"))
    return Row(NOTEBOOK, check, "ok", said("listener_works"), said("listener_for"))


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
        return Row(NOTEBOOK, CALLBACK, "ok", said("callback_for"))
    base = server_address()
    if base is None:
        return Row(NOTEBOOK, CALLBACK, "note", said("callback_unknown"), _PASTE)
    client = Client(base, None, direct=True, transport=None)
    try:
        came = await client.send(Request("callback page", "GET", "/dpyauth/callback"), timeout)
    finally:
        await client.close()
    if isinstance(came, Response) and came.status_code == 200 and b"dpyauth" in came.content:
        return Row(NOTEBOOK, CALLBACK, "ok", said("callback_served"))
    if isinstance(came, Response):
        found = said("callback_missing", status=str(came.status_code))
        return Row(NOTEBOOK, CALLBACK, "note", found, said("install_in_server"))
    return Row(NOTEBOOK, CALLBACK, "note", said("callback_silent"), _PASTE)
