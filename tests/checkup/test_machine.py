"""Test the report about versions, proxies, certificates and the front end."""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import without

from dpyauth import _environment
from dpyauth.checkup import machine, notebook
from dpyauth.checkup.check_rows import Row, clean, guarded

Set = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def plain(monkeypatch: Set) -> None:
    """Use only the usual certificates, and hide every sign of a front end."""
    names = (
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "SSH_CONNECTION",
        "JUPYTERHUB_USER",
    )
    for name in (
        *names,
        "VSCODE_PID",
        "VSCODE_CWD",
        "VSCODE_IPC_HOOK",
        "BINDER_SERVICE_HOST",
        "KAGGLE_KERNEL_RUN_TYPE",
    ):
        monkeypatch.delenv(name, raising=False)


def by_check(rows: Any) -> dict[str, Row]:
    return {row.check: row for row in rows}


# Versions


def test_versions() -> None:
    rows = by_check(machine.versions())
    assert {row.result for row in rows.values()} == {"ok"}
    assert f"Python {sys.version.split()[0]}" in rows["dpyauth"].found
    for package in ("anywidget", "httpx", "pandas", "websockets"):
        assert f"{package} {metadata.version(package)}" in rows["packages it needs"].found
    assert "ipykernel" in rows["Jupyter"].found
    assert not platform.node() or platform.node() not in str(rows)


def test_what_is_missing_too_old_or_too_new(monkeypatch: Set) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "httpx":
            raise metadata.PackageNotFoundError
        return {"websockets": "14.9", "ipywidgets": "9.0.0"}.get(name) or real(name)

    monkeypatch.setattr(metadata, "version", version)
    row = by_check(machine.versions())["packages it needs"]
    assert row.result == "problem"
    assert row.advice.startswith(
        "httpx is missing; ipywidgets 9.0.0 is too new, dpyauth needs one before 9; websockets 14.9 is older than 15."
    )


@pytest.mark.parametrize(
    ("marks", "kernel", "second", "result", "words"),
    [
        (["_nest_patched"], (7, 4), (1, 7, 4), "problem", "loses the cells"),
        (["_nest_patched"], (6, 31), (), "ok", ""),
        (["_nest_patched", "_nest_asyncio2"], (7, 4), (1, 7, 4), "ok", ""),
        (["_nest_patched", "_nest_asyncio2"], (7, 4), (1, 7, 2), "problem", "loses the cells"),
    ],
)
def test_nested_loops(
    monkeypatch: Set, marks: list[str], kernel: tuple[int, ...], second: tuple[int, ...], result: str, words: str
) -> None:
    there = {"ipykernel": kernel, "nest-asyncio2": second}
    monkeypatch.setattr("dpyauth.nested.version_numbers", lambda name: there[name])
    for mark in marks:
        monkeypatch.setattr(asyncio, mark, True, raising=False)
    row = by_check(machine.versions())["nested event loops"]
    assert (row.result, words in row.advice) == (result, True)
    assert row.found == f"{'nest-asyncio2' if len(marks) > 1 else 'nest-asyncio'} is applied"


# Proxies and certificates


@pytest.mark.parametrize(
    ("settings", "result", "found", "advice"),
    [
        ({}, "ok", "none set", ""),
        ({"HTTPS_PROXY": "http://proxy.example.com:3128"}, "ok", "HTTPS_PROXY: http://proxy.example.com:3128", ""),
        (
            {"HTTPS_PROXY": "http://jane:C4nary@proxy.example.com:3128"},
            "ok",
            "HTTPS_PROXY: http://proxy.example.com:3128",
            "",
        ),
        ({"HTTPS_PROXY": "jane:C4nary@proxy:3128"}, "problem", "HTTPS_PROXY: (not readable)", "begin with http://"),
        ({"HTTPS_PROXY": "http://jane:C4nary@proxy:port"}, "problem", "HTTPS_PROXY: (not readable)", "not an address"),
        ({"HTTPS_PROXY": "http://jane:80/C4nary@proxy:1"}, "problem", "HTTPS_PROXY: (not readable)", "write / as %2F"),
        ({"HTTPS_PROXY": "http://jane:80#C4nary@proxy:1"}, "problem", "HTTPS_PROXY: (not readable)", "write / as %2F"),
        ({"HTTPS_PROXY": "http://jane?C4nary@proxy:1"}, "problem", "HTTPS_PROXY: (not readable)", "write / as %2F"),
        ({"WSS_PROXY": "http://proxy:1"}, "note", "WSS_PROXY: http://proxy:1", "No proxy is set for calls over HTTP"),
        ({"ALL_PROXY": "http://proxy:1"}, "note", "ALL_PROXY: http://proxy:1", "No proxy is set for the WebSocket"),
    ],
)
def test_proxies(monkeypatch: Set, settings: dict[str, str], result: str, found: str, advice: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    row = by_check(machine.network())["proxy"]
    assert (row.result, row.found) == (result, found)
    assert advice in row.advice
    assert "C4nary" not in str(row)
    assert "jane" not in str(row)


def test_a_socks_proxy_needs_packages(monkeypatch: Set) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://proxy:1080")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    row = by_check(machine.network())["proxy"]
    assert (row.result, row.found) == ("problem", "HTTPS_PROXY: socks5h://proxy:1080")
    assert "needs the package python-socks[asyncio] and socksio" in row.advice


def test_hosts_that_go_without_a_proxy(monkeypatch: Set) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "derivws.com")
    assert machine.proxy_for("http", "api.derivws.com") is None
    assert machine.proxy_for("ws", "auth.deriv.com") == "http://proxy:1"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "SSL_CERT_FILE names a file that does not exist"),
        ("-----BEGIN C4nary", "SSL_CERT_FILE names a file that is not a list of certificates in PEM format"),
    ],
)
def test_an_unusable_file_of_certificates(monkeypatch: Set, tmp_path: Path, content: str | None, found: str) -> None:
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    row = by_check(machine.network())["trusted certificates"]
    assert (row.result, row.found) == ("problem", found)
    assert str(tmp_path) not in str(row)


def test_which_certificate_files_are_used(monkeypatch: Set, certificates: Path) -> None:
    monkeypatch.setattr(machine, "system_has_roots", lambda: True)
    usual = f"HTTP: those of certifi {metadata.version('certifi')}; WebSocket: those of the system"
    check = "trusted certificates"
    assert by_check(machine.network())[check] == Row(machine.NETWORK, check, "ok", usual)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
    row = by_check(machine.network())[check]
    assert (row.result, row.advice.startswith("REQUESTS_CA_BUNDLE is set")) == ("note", True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "roots.pem"))
    assert by_check(machine.network())[check].result == "ok"
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere/at/all")
    assert by_check(machine.network())[check].result == "problem"


def test_a_system_without_certificates(monkeypatch: Set) -> None:
    monkeypatch.setattr(machine, "system_has_roots", lambda: False)
    row = by_check(machine.network())["trusted certificates"]
    assert (row.result, "certifi" in row.advice) == ("problem", True)


# The front end


@pytest.fixture
def in_kernel(monkeypatch: Set) -> None:
    """Pretend to be in a notebook with a user."""
    monkeypatch.setattr(
        _environment, "kernel_shell", lambda: SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True))
    )


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("VSCODE_PID", "VS Code"),
        ("JUPYTERHUB_USER", "JupyterHub"),
        ("BINDER_SERVICE_HOST", "Binder"),
        ("KAGGLE_KERNEL_RUN_TYPE", "Kaggle"),
        ("NOTHING_AT_ALL", "a Jupyter kernel (JupyterLab, Notebook, a console: a kernel does not know which)"),
    ],
)
def test_front_ends(monkeypatch: Set, in_kernel: None, variable: str, name: str) -> None:
    monkeypatch.setenv(variable, "C4nary")
    rows = by_check(notebook.looks())
    assert (rows["front end"].result, rows["front end"].found) == ("ok", name)
    assert rows["panels"].result == "ok"
    assert "C4nary" not in str(rows)


def test_an_unattended_notebook(monkeypatch: Set) -> None:
    monkeypatch.setattr(
        _environment, "kernel_shell", lambda: SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=False))
    )
    row = by_check(notebook.looks())["front end"]
    assert (row.result, "nbconvert" in row.found, "DERIV_TOKEN" in row.advice) == ("note", True, True)


def test_outside_a_notebook(monkeypatch: Set) -> None:
    monkeypatch.setattr(_environment, "has_user", lambda: True)
    rows = by_check(notebook.looks())
    assert rows["front end"].found == "Python, no notebook"
    assert rows["panels"].result == "ok"


def test_panels_without_their_front_end_extensions(monkeypatch: Set, in_kernel: None) -> None:
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: ["/nowhere"])
    row = by_check(notebook.looks())["panels"]
    assert row.result == "note"
    assert row.found == "not found for this front end: @jupyter-widgets/jupyterlab-manager and anywidget"


def test_panels_without_their_kernel_packages(monkeypatch: Set, in_kernel: None) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    row = by_check(notebook.looks())["panels"]
    assert (row.result, row.found) == ("problem", "anywidget cannot be loaded (ModuleNotFoundError)")


@pytest.mark.parametrize(("variable", "result"), [("SSH_CONNECTION", "note"), ("NOTHING_AT_ALL", "ok")])
def test_the_listener(monkeypatch: Set, variable: str, result: str) -> None:
    monkeypatch.setenv(variable, "10.0.0.5 5 C4nary 22")
    row = by_check(notebook.looks())["listener for the browser"]
    assert row.result == result
    assert "C4nary" not in str(row)


def test_a_machine_that_allows_no_listener(monkeypatch: Set) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise PermissionError

    monkeypatch.setattr("socket.create_server", refuse)
    assert by_check(notebook.looks())["listener for the browser"].result == "note"


def test_the_server_of_this_kernel(monkeypatch: Set, in_kernel: None) -> None:
    """Only the server that started the kernel is shown, and its token stays secret."""
    parent = os.getppid()

    def running(**options: object) -> list[dict[str, object]]:
        common = {"token": "C4nary", "base_url": "/user/jane/"}
        return [
            {**common, "pid": -1, "port": 8888, "url": "http://localhost:8888/user/jane/"},
            {**common, "pid": parent, "port": 8889, "url": "https://localhost:8889/user/jane/?token=C4nary"},
        ]

    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", running)
    assert notebook.server_address() == "https://127.0.0.1:8889/user/jane"
    monkeypatch.setattr("os.getppid", lambda: -2)
    monkeypatch.setenv("JPY_PARENT_PID", "-1")
    assert notebook.server_address() == "http://127.0.0.1:8888/user/jane"
    monkeypatch.delenv("JPY_PARENT_PID")
    assert notebook.server_address() is None


# Failing checks


def test_a_check_that_fails_is_a_row() -> None:
    def fail() -> Any:
        yield Row("A", "b", "ok", "fine")
        raise RuntimeError(f"{Path.home()}/C4nary")

    rows = list(guarded("A", "c", fail))
    assert rows == [Row("A", "b", "ok", "fine"), Row("A", "c", "note", "could not be checked (RuntimeError)")]


def test_the_home_folder_is_not_named() -> None:
    assert clean(f"in {Path.home()}/x") == "in ~/x"


Run = Callable[..., Any]


def test_a_package_that_cannot_be_imported_is_reported() -> None:
    code = f"""{without("httpx")}
from dpyauth.__main__ import main
sys.exit(main(["doctor"]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "network libraries: cannot be loaded (ModuleNotFoundError)" in ran.stdout


@pytest.mark.parametrize("hidden", ["pandas", "ipywidgets anywidget", "jupyter_server jupyter_core", "IPython"])
def test_the_check_up_runs_without_packages_that_may_be_broken(hidden: str) -> None:
    code = f"""{without(hidden)}
from dpyauth.__main__ import main
sys.exit(main(["doctor", "--server", "http://127.0.0.1:9", "--timeout", "5"]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "nothing answers at that address" in " ".join(ran.stdout.split())
