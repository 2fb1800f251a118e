"""Test the explanation of a refused handshake: likely causes first, depending on the settings and the answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import dpyauth
from dpyauth.apis.options.client import Client
from dpyauth.errors import ConnectionFailed, DpyauthError, SignInRefused
from dpyauth.net.connect_errors import explain, looks_crowded, status_of
from dpyauth.net.transport import HandshakeRefused

PAGE = b"<html><body><h1>Access denied</h1> by your company's proxy</body></html>"
UNKNOWN = b'{"error": {"code": "InvalidAppID", "message": "Your app_id is invalid."}, "msg_type": "error"}'
OTHER = b'{"error": {"code": "Forbidden", "message": "No."}}'


def order(text: str, *parts: str) -> None:
    """Check that these parts occur in this order."""
    places = [text.find(part) for part in parts]
    assert -1 not in places, text
    assert places == sorted(places), text


@pytest.mark.parametrize(("status", "body"), [(401, b""), (401, OTHER), (401, PAGE), (403, b""), (403, OTHER)])
def test_the_users_own_app_id_is_the_first_suspect(status: int, body: bytes) -> None:
    error = explain(HandshakeRefused(status, body), app_id="4711").error
    assert type(error) is SignInRefused
    assert (error.code, error.about) == ("InvalidAppID", "app ID")
    order(
        str(error), f"HTTP {status}", "most likely, Deriv does not know the app ID 4711", "use 1089", "a company proxy"
    )


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", OTHER])
def test_the_default_app_id_is_not_suspected(status: int, body: bytes) -> None:
    reason = explain(HandshakeRefused(status, body), app_id="1089")
    assert reason.error is None
    order(reason.text, f"HTTP {status}", "a company proxy", "this network or country", "switched this API off")
    assert "use 1089" not in reason.text


@pytest.mark.parametrize("app_id", ["1089", "4711", None])
def test_an_html_page_is_not_from_deriv(app_id: str | None) -> None:
    reason = explain(HandshakeRefused(403, PAGE), app_id=app_id)
    assert reason.error is None
    order(reason.text, "HTTP 403", "not from Deriv's API", "a company proxy", "Try another network")
    assert "does not know" not in reason.text
    assert ("check the app ID 4711" in reason.text) == (app_id == "4711")
    assert "company's" not in reason.text  # text from others is not repeated


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (302, "a redirect"),
        (407, "a user name and a password"),
        (451, "may not serve this country"),
        (503, "maintenance"),
    ],
)
def test_other_refusals_are_explained(status: int, said: str) -> None:
    reason = explain(HandshakeRefused(status, b""), app_id="1089")
    order(reason.text, f"HTTP {status}", said)
    assert reason.text[-1] not in "?."  # more follows after it


@pytest.mark.parametrize("app_id", ["1089", "4711"])
def test_deriv_itself_says_that_it_does_not_know_the_app_id(app_id: str) -> None:
    error = explain(HandshakeRefused(401, UNKNOWN), app_id=app_id).error
    assert type(error) is SignInRefused
    assert f"Deriv does not know the app ID {app_id}" in str(error)
    assert "most likely" not in str(error)
    assert "proxy" not in str(error)
    assert ("use 1089" in str(error)) == (app_id != "1089")


@pytest.mark.parametrize(
    ("error", "crowded"),
    [
        (HandshakeRefused(403), True),
        (HandshakeRefused(403, OTHER), True),
        (HandshakeRefused(403, PAGE), False),
        (HandshakeRefused(429, PAGE), True),
        (HandshakeRefused(401), False),
        (HandshakeRefused(407, PAGE), False),
    ],
)
def test_a_page_of_a_proxy_does_not_mean_too_many_connections(error: HandshakeRefused, crowded: bool) -> None:
    assert looks_crowded(status_of(error)) is crowded


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Run a server that answers every handshake like this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(65536)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"ws://localhost:{server.getsockname()[1]}"


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("app_id", "body", "kind", "said"),
    [
        (1089, b"", ConnectionFailed, "Anyone may use"),
        (4711, b"", SignInRefused, "most likely, Deriv does not know the app ID 4711"),
        (4711, PAGE, ConnectionFailed, "not from Deriv's API"),
        (1089, UNKNOWN, SignInRefused, "Deriv does not know the app ID 1089"),
    ],
)
def test_refused_handshakes_at_a_sign_in(app_id: int, body: bytes, kind: type[DpyauthError], said: str) -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with answering(answer) as server, pytest.raises(DpyauthError) as refused:
        dpyauth.login("a" * 15, app_id=app_id, server=server, ask=False)
    assert type(refused.value) is kind
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("number", "said"), [(9, "clock right"), (10, "has expired"), (62, "another server"), (20, "company proxy")]
)
def test_explanations_of_invalid_certificates(number: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    error = ssl.SSLCertVerificationError()
    error.verify_code = number
    text = explain(error).text
    assert text.startswith("the server's certificate is not valid")
    assert said in text


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.usefixtures("nothing_left")
def test_both_apis_explain_problems_with_the_users_own_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: bool
) -> None:
    file = tmp_path / "roots.pem"
    if not missing:
        file.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    said = f"the environment variable SSL_CERT_FILE names a file {'that does not exist' if missing else 'without'}"
    assert explain(ssl.SSLCertVerificationError()).text.startswith(said)
    with pytest.raises(ConnectionFailed, match=said) as failed:
        Client("https://api.derivws.com", None, direct=False, transport=None)
    assert str(tmp_path) not in str(failed.value)
