"""Check this machine: versions, nested loops, proxies, certificates."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import ssl
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dpyauth._version import __version__
from dpyauth.checkup.check_rows import Row
from dpyauth.nested import patched

VERSIONS = "Versions"
NETWORK = "Network settings"

_JUPYTER = ("ipykernel", "jupyter-server", "jupyterlab", "notebook", "nest-asyncio", "nest-asyncio2")
_EXTRAS = ("keyring", "pyarrow", "matplotlib", "distributed")
_GUIDE: Final = "The guide's page 'Behind a company proxy' says how."

PROXIES: Mapping[str, tuple[str, ...]] = {"http": ("https", "all"), "ws": ("wss", "socks", "https")}
"""Proxy settings for calls over HTTP and for the WebSocket; the first one that is set is used."""


def versions() -> Iterator[Row]:
    """Yield rows on the installed versions, and on packages that are missing, too old or too new."""
    python = f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}"
    yield Row(VERSIONS, "dpyauth", "ok", f"dpyauth {__version__}, {python}")
    wrong = []
    found = []
    for name, least, below in _required():
        there = _version(name)
        if there is None:
            wrong.append(f"{name} is missing")
        elif least and _numbers(there) < _numbers(least):
            wrong.append(f"{name} {there} is older than {least}")
        elif below and _numbers(there) >= _numbers(below):
            wrong.append(f"{name} {there} is too new, dpyauth needs one before {below}")
        found.append(f"{name} {there or '(missing)'}")
    advice = f"{'; '.join(wrong)}. Install dpyauth again: pip then installs what it needs." if wrong else ""
    yield Row(VERSIONS, "packages it needs", "problem" if wrong else "ok", ", ".join(found), advice)
    for check, names in (("Jupyter", _JUPYTER), ("optional packages", _EXTRAS)):
        there_are = [f"{name} {version}" for name in names if (version := _version(name))]
        yield Row(VERSIONS, check, "ok", ", ".join(there_are) or "none installed")
    package, danger = patched()
    if package is None:
        yield Row(VERSIONS, "nested event loops", "ok", "asyncio is unmodified")
    else:
        advice = f"{danger} Restart the kernel, and remove the call that applies it." if danger else ""
        yield Row(VERSIONS, "nested event loops", "problem" if danger else "ok", f"{package} is applied", advice)


def _required() -> Iterator[tuple[str, str, str]]:
    """List the packages that dpyauth needs, with the oldest version that will do and the first that will not."""
    for requirement in metadata.requires("dpyauth") or ():
        if parts := re.fullmatch(r"([\w.-]+)([^;]*)", requirement):  # otherwise it belongs to an extra
            least, below = (re.search(sign + r"\s*([\w.]+)", parts[2]) for sign in (">=", "<"))
            yield parts[1], least[1] if least else "", below[1] if below else ""


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])[:4]))


def network() -> Iterator[Row]:
    """Yield rows on the proxies and certificates that dpyauth will use."""
    yield from _proxies()
    yield from _certificates()


def proxy_for(kind: str, host: str) -> str | None:
    """Return the address of the proxy for a host, which may contain a password; None if there is none."""
    proxies = getproxies()
    named = next((proxies[name] for name in PROXIES[kind] if proxies.get(name)), None)
    return None if named is None or proxy_bypass(host) else named


def _proxies() -> Iterator[Row]:
    found = {
        name: address for name, address in getproxies().items() if name in {"http", "https", "wss", "all", "socks"}
    }
    if not found:
        yield Row(NETWORK, "proxy", "ok", "none set")
        return
    told: list[str] = []
    wrong: list[str] = []
    for name, address in sorted(found.items()):
        variable = f"{name.upper()}_PROXY"
        # Not strict for plain HTTP, which is used for this machine only, without a proxy.
        place, trouble = _shown(address, strict=name != "http")
        told.append(f"{variable}: {place}")
        wrong += [f"{variable}: {trouble}"] if trouble else []
    over = {kind: any(name in found for name in names) for kind, names in PROXIES.items()}
    unlike = [what for kind, what in (("http", "calls over HTTP"), ("ws", "the WebSocket")) if not over[kind]]
    note = f"No proxy is set for {' and '.join(unlike)}. {_GUIDE}" if unlike else ""
    result: Final = "problem" if wrong else "note" if note else "ok"
    yield Row(NETWORK, "proxy", result, ", ".join(told), " ".join([*(f"{each}." for each in wrong), note]).strip())


def _shown(address: str, *, strict: bool) -> tuple[str, str]:
    """Return the address of a proxy without user name and password, and what is wrong with it."""
    if not set("/?#").isdisjoint(address.partition("://")[2].rpartition("@")[0]):
        # These characters end the host: urlsplit would take the user name and part of the password for host and port.
        return "(not readable)", "in a name and password, write / as %2F, ? as %3F and # as %23" if strict else ""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or not parts.scheme:
        return "(not readable)", "this is not an address; it must begin with http:// or socks5h://" if strict else ""
    place = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.scheme.startswith("socks"):
        needs = {"python_socks": "python-socks[asyncio]", "socksio": "socksio"}
        missing = [package for module, package in needs.items() if importlib.util.find_spec(module) is None]
        return place, f"a SOCKS proxy needs the package {' and '.join(missing)}" if missing else ""
    return place, ""


def _certificates() -> Iterator[Row]:
    """Yield rows on trusted certificates. Calls over HTTP and the WebSocket take them from different places."""
    given = os.environ.get("SSL_CERT_FILE")
    folder = os.environ.get("SSL_CERT_DIR")
    check = "trusted certificates"
    if given:
        wrong = "names a file that does not exist" if not os.path.isfile(given) else _unread(given)
        if wrong:
            yield Row(
                NETWORK,
                check,
                "problem",
                f"SSL_CERT_FILE {wrong}",
                f"Correct or unset it: no connection works. {_GUIDE}",
            )
        else:
            yield Row(NETWORK, check, "ok", "those of the file in SSL_CERT_FILE, for HTTP and WebSocket")
        return
    if folder and not os.path.isdir(folder):
        yield Row(
            NETWORK,
            check,
            "problem",
            "SSL_CERT_DIR names a folder that does not exist",
            f"Correct or unset it. {_GUIDE}",
        )
        return
    http = "those of the folder in SSL_CERT_DIR" if folder else f"those of certifi {_version('certifi')}"
    bundles = [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)]
    if not system_has_roots():
        advice = "Install the system's certificates, or set SSL_CERT_FILE to the file that `python -m certifi` names."
        yield Row(NETWORK, check, "problem", f"HTTP: {http}; WebSocket: the system has none", advice)
    else:
        advice = f"{bundles[0]} is set, but dpyauth uses SSL_CERT_FILE. {_GUIDE}" if bundles else ""
        found = f"HTTP: {http}; WebSocket: those of the system"
        yield Row(NETWORK, check, "note" if bundles else "ok", found, advice)


def _unread(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        return "names a file that is not a list of certificates in PEM format"
    return ""


def system_has_roots() -> bool:
    """Return whether the system has trusted certificates."""
    if ssl.create_default_context().get_ca_certs():
        return True
    folder = ssl.get_default_verify_paths().capath  # from a folder, each is read when it is asked for
    return sys.platform != "win32" and bool(folder) and any(os.listdir(folder))
