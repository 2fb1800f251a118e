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
from dpyauth.checkup.check_rows import Row, both, clauses
from dpyauth.nested import patched
from dpyauth.texts.said import Said, joined, said

VERSIONS = said("group_versions")
NETWORK = said("group_network")

_JUPYTER = ("ipykernel", "jupyter-server", "jupyterlab", "notebook", "nest-asyncio", "nest-asyncio2")
_EXTRAS = ("keyring", "pyarrow", "matplotlib", "distributed")
_GUIDE: Final = said("guide")

PROXIES: Mapping[str, tuple[str, ...]] = {"http": ("https", "all"), "ws": ("wss", "socks", "https")}
"""Proxy settings for calls over HTTP and for the WebSocket; the first one that is set is used."""


def versions() -> Iterator[Row]:
    """Yield rows on the installed versions, and on packages that are missing, too old or too new."""
    python = f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}"
    yield Row(VERSIONS, "dpyauth", "ok", f"dpyauth {__version__}, {python}")
    wrong: list[Said] = []
    found: list[str] = []
    for name, least, below in _required():
        there = _version(name)
        if there is None:
            wrong.append(said("package_missing", package=name))
        elif least and _numbers(there) < _numbers(least):
            wrong.append(said("package_old", package=name, version=there, least=least))
        elif below and _numbers(there) >= _numbers(below):
            wrong.append(said("package_new", package=name, version=there, below=below))
        found.append(f"{name} {there}" if there else said("missing_package", package=name))
    advice = said("install_again", wrong=clauses(*wrong)) if wrong else ""
    yield Row(VERSIONS, said("check_packages"), "problem" if wrong else "ok", said("listed", items=found), advice)
    for check, names in (("Jupyter", _JUPYTER), (said("check_optional"), _EXTRAS)):
        there_are = [f"{name} {version}" for name in names if (version := _version(name))]
        yield Row(VERSIONS, check, "ok", ", ".join(there_are) or said("none_installed"))
    package, danger = patched()
    loops = said("check_loops")
    if package is None:
        yield Row(VERSIONS, loops, "ok", said("asyncio_unmodified"))
    else:
        advice = joined(danger, said("remove_patch")) if danger else ""
        yield Row(VERSIONS, loops, "problem" if danger else "ok", said("patch_applied", package=package), advice)


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
    check = said("check_proxy")
    if not found:
        yield Row(NETWORK, check, "ok", said("no_proxy"))
        return
    told: list[str] = []
    wrong: list[Said] = []
    for name, address in sorted(found.items()):
        variable = f"{name.upper()}_PROXY"
        # Not strict for plain HTTP, which is used for this machine only, without a proxy.
        place, trouble = _shown(variable, address, strict=name != "http")
        told.append(place)
        wrong += [trouble] if trouble else []
    without = [kind for kind, names in PROXIES.items() if not any(name in found for name in names)]
    notes = [said(_UNLIKE["".join(without)]), _GUIDE] if without else []
    result: Final = "problem" if wrong else "note" if notes else "ok"
    advice = joined(*wrong, *notes) if wrong or notes else ""
    yield Row(NETWORK, check, result, said("listed", items=told), advice)


_UNLIKE = {"http": "no_proxy_for_http", "ws": "no_proxy_for_websocket", "httpws": "no_proxy_for_both"}


def _shown(variable: str, address: str, *, strict: bool) -> tuple[str, Said | None]:
    """Return the address of a proxy without user name and password, and what is wrong with it."""
    unreadable = said("proxy_unreadable", variable=variable)
    if not set("/?#").isdisjoint(address.partition("://")[2].rpartition("@")[0]):
        # These characters end the host: urlsplit would take the user name and part of the password for host and port.
        return unreadable, said("proxy_escapes", variable=variable) if strict else None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or not parts.scheme:
        return unreadable, said("proxy_no_address", variable=variable) if strict else None
    place = f"{variable}: {parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.scheme.startswith("socks"):
        needs = {"python_socks": "python-socks[asyncio]", "socksio": "socksio"}
        missing = [package for module, package in needs.items() if importlib.util.find_spec(module) is None]
        return place, said("proxy_socks", variable=variable, packages=both(*missing)) if missing else None
    return place, None


def _certificates() -> Iterator[Row]:
    """Yield rows on trusted certificates. Calls over HTTP and the WebSocket take them from different places."""
    given = os.environ.get("SSL_CERT_FILE")
    folder = os.environ.get("SSL_CERT_DIR")
    check = said("check_certificates")
    if given:
        wrong = said("certificates_no_file") if not os.path.isfile(given) else _unread(given)
        if wrong:
            yield Row(NETWORK, check, "problem", wrong, joined(said("correct_file"), _GUIDE))
        else:
            yield Row(NETWORK, check, "ok", said("certificates_of_file"))
        return
    if folder and not os.path.isdir(folder):
        yield Row(NETWORK, check, "problem", said("certificates_no_folder"), joined(said("correct_folder"), _GUIDE))
        return
    version = _version("certifi")
    bundles = [name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if os.environ.get(name)]
    if not system_has_roots():
        none = said("certificates_folder_only") if folder else said("certificates_certifi_only", version=version)
        yield Row(NETWORK, check, "problem", none, said("install_certificates"))
    else:
        advice = joined(said("other_bundle", variable=bundles[0]), _GUIDE) if bundles else ""
        found = said("certificates_folder") if folder else said("certificates_certifi", version=version)
        yield Row(NETWORK, check, "note" if bundles else "ok", found, advice)


def _unread(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        return said("certificates_no_pem")
    return ""


def system_has_roots() -> bool:
    """Return whether the system has trusted certificates."""
    if ssl.create_default_context().get_ca_certs():
        return True
    folder = ssl.get_default_verify_paths().capath  # from a folder, each is read when it is asked for
    return sys.platform != "win32" and bool(folder) and any(os.listdir(folder))
