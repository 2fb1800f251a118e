"""What a user reads when a proxy, a certificate or the network stands in the way; on both APIs, and in time."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certificates as certs
import pytest
from front import PACKET, Front
from talk import PATIENCE, Run, User

LONGEST = 30.0
"""How long a sign-in may take, in seconds: what README promises."""
ALWAYS = 100

UNTRUSTED = "the server's certificate is not valid (is a company proxy in between?)"
REFUSED = "the proxy in this machine's settings refused the connection (HTTP {}): {}"
CUT = ("was cut while it was being opened", "no encrypted connection could be made", "the connection broke")

Set = Callable[[Front], Any]


def shows(name: str) -> Set:
    return lambda front: setattr(front, "present", name)


def always(fault: str, *args: Any) -> Set:
    return lambda front: front.next(fault, *args, times=ALWAYS)


# What is wrong, and what the error says of it; where the APIs' libraries notice at different moments, any of these.
TROUBLE: dict[str, tuple[Set, tuple[str, ...]]] = {
    "a root that is not trusted": (shows(certs.STRANGER), (UNTRUSTED,)),
    "a certificate that has expired": (shows(certs.EXPIRED), ("certificate is not valid: it has expired",)),
    "a certificate of somebody else": (shows(certs.OTHER), ("certificate is not valid: it is for another server",)),
    "a proxy that wants a password": (
        lambda front: setattr(front, "password", "me:mine"),
        (REFUSED.format(407, "it requires a user name and a password"),),
    ),
    "a proxy that forbids it": (
        always("status", 403, b"<h1>Blocked</h1>"),
        (REFUSED.format(403, "it may block Deriv's servers"),),
    ),
    "a proxy that finds no way": (always("status", 502), (REFUSED.format(502, "it cannot reach Deriv"),)),
    "no proxy there": (lambda front: front.refuse(), ("nothing answers at that address",)),
    "a proxy that says nothing": (always("silent"), ("no answer within", "no connection within")),
    "a proxy that is none": (
        always("garbage", b"\x15\x03\x03 hello\r\n\r\n"),
        ("does not answer like a proxy", "(RemoteProtocolError)"),
    ),
    "a proxy that closes": (always("fin"), (*CUT, "does not answer like a proxy", "(RemoteProtocolError)")),
    "a reset": (always("reset"), (*CUT, "does not answer like a proxy")),
    "a cut within the handshake": (always("truncate", 300), CUT),
    "silence within the handshake": (always("stall", 300), ("no answer within", "no connection within")),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_way_to_deriv(run: Run, front: Front, user: User, trouble: str) -> None:
    set_up, words = TROUBLE[trouble]
    set_up(front)
    said = run("login.py", **user.env)
    assert "ConnectionFailed" in said["kinds"], said
    assert any(each in said["text"] for each in words), said["text"]
    assert said["seconds"] < LONGEST + 5
    assert user.env["DERIV_TOKEN"] not in said["text"]
    assert "127.0.0.1" not in said["text"], "there may be a password in a proxy's address"
    front.clear()


def test_the_way_is_free_again(run: Run, front: Front, user: User) -> None:
    """Trouble that passes while a sign-in waits does no harm on options, where it is asked for again."""
    if user.api == "options":
        front.next("reset")
        front.next("status", 503)
    said = run("login.py", **user.env)
    assert (said["error"], said["account"]) == (None, user.loginid)


def test_a_proxy_with_a_password(run: Run, front: Front, user: User) -> None:
    """As the guide says: in the address, with %40 for an @."""
    front.password = "me@work:p@ss:word"
    address = front.address.replace("://", "://me%40work:p%40ss%3Aword@")
    said = run("login.py", **user.env, HTTPS_PROXY=address)
    assert (said["error"], said["account"]) == (None, user.loginid)


def test_a_wrong_password_is_not_repeated(run: Run, front: Front, user: User) -> None:
    front.password = "me:mine"
    said = run("login.py", **user.env, HTTPS_PROXY=front.address.replace("://", "://me:C4nary@"))
    assert "HTTP 407" in said["text"]
    assert "C4nary" not in said["text"]


def test_another_proxy_for_the_socket(run: Run, front: Front, user: User, box: Any, certificates: Path) -> None:
    """WSS_PROXY goes before HTTPS_PROXY, for the WebSocket alone."""
    with Front(box.port, certificates, record=PACKET) as sockets:
        said = run("login.py", **user.env, WSS_PROXY=sockets.address)
        assert (said["error"], said["account"]) == (None, user.loginid)
        assert len(sockets.asked) == 1
    assert (front.asked == []) == (user.api == "v3")


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_set_in_a_notebook(run: Run, front: Front, user: User, variable: str) -> None:
    """A variable that is set in a cell works, if it comes before the sign-in."""
    said = run("login_late.py", variable, front.address, **user.env, HTTPS_PROXY=None)
    assert (said["error"], said["account"]) == (None, user.loginid)


def test_no_proxy_for_some_hosts(run: Run, front: Front, user: User) -> None:
    """A name that nobody has: the machine's own network is asked for it, and not the proxy."""
    server = "wss://deriv.invalid/websockets/v3" if user.api == "v3" else "https://deriv.invalid"
    said = run("login.py", f'{{"server": "{server}"}}', **user.env, NO_PROXY="invalid", UNKNOWN="deriv.invalid")
    assert "the server's name could not be found" in said["text"]
    assert front.asked == []


def test_all_proxy_is_for_http_alone(run: Run, front: Front, user: User) -> None:
    server = "wss://deriv.invalid/websockets/v3" if user.api == "v3" else None
    given = f'{{"server": "{server}"}}' if server else "{}"
    env = {
        **user.env,
        "HTTPS_PROXY": None,
        "ALL_PROXY": front.address,
        "UNKNOWN": "deriv.invalid ws.derivws.com api.derivws.com",
    }
    said = run("login.py", given, **env)
    assert "the server's name could not be found" in said["text"]
    assert {host for host, _ in front.asked} == (set() if user.api == "v3" else {"api.derivws.com"})


def test_the_address_of_the_proxy_cannot_be_read(run: Run, front: Front, user: User) -> None:
    said = run("login.py", **user.env, HTTPS_PROXY=front.address.removeprefix("http://"))
    assert "the proxy address in this machine's settings is not valid" in said["text"]


@pytest.mark.parametrize("address", ["socks5h://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_socks_needs_packages(run: Run, user: User, address: str) -> None:
    said = run("login.py", **user.env, HTTPS_PROXY=address)
    assert f"needs the package {'python-socks' if user.api == 'v3' else 'socksio'}" in said["text"]


def test_the_roots_that_the_guide_puts_together(
    run: Run, user: User, certificates: Path, release: Path, tmp_path: Path
) -> None:
    """The usual ones and the company's."""
    usual = subprocess.run([release / "bin" / "python", "-m", "certifi"], capture_output=True, text=True, check=True)
    both = tmp_path / "all-roots.pem"
    both.write_bytes(Path(usual.stdout.strip()).read_bytes() + (certificates / "roots.pem").read_bytes())
    assert run("login.py", **user.env, SSL_CERT_FILE=str(both))["account"] == user.loginid
    for without in (None, usual.stdout.strip()):
        assert UNTRUSTED in run("login.py", **user.env, SSL_CERT_FILE=without)["text"]


def test_no_such_file_of_roots(run: Run, user: User) -> None:
    said = run("login.py", **user.env, SSL_CERT_FILE="/nowhere/roots.pem")
    assert "certificate" in said["text"]


def test_the_sandbox_is_reached_directly(run: Run, front: Front) -> None:
    said = run("login.py", '{"sandbox": true}')
    assert (said["error"], said["account"]) == (None, "DOT900003")
    assert front.asked == []
    assert PATIENCE > LONGEST
