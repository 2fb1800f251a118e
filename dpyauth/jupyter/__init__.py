"""A Jupyter server extension: the page that a browser sign-in ends at.

It serves one static page, ``dpyauth/callback`` under the server's own base URL, so that it is there on a hub and on
Binder as well; an app registered at Deriv with that address, ``https://hub.example.org/user/jane/dpyauth/callback``,
sends the browser back to it. The page hands on the query, in this order:

- To the window that opened it, if that is of the same origin, by messages (``postMessage``, with that
  origin only):

      page   -> opener   {dpyauth: "callback-ready"}
      opener -> page     {dpyauth: "nonce", nonce}           16 to 128 letters, digits, "-" and "_"
      page   -> opener   {dpyauth: "result", nonce, query}   once; then the page closes itself

  The opener must check that ``event.origin`` is its own, ``event.source`` is the window it has opened, and the nonce
  in the result is the one it has sent.
- To the user, who copies the address with a button and pastes it into the sign-in panel.

The server drops the query: neither its log nor the page it sends has any of it. Anything between browser and server,
such as a hub's proxy, may still log addresses.
The browser keeps the address in its history. With a query, the page is sent as an error (404), because browsers do
not suggest the address of an error.
"""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import unquote


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "dpyauth.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyter_server.utils import url_path_join

    from dpyauth.jupyter.callback import CallbackHandler

    app = server.web_app
    # With or without the slash at the end: the server would redirect the one to the other, and log what it redirects.
    pattern = _either_way(url_path_join(app.settings["base_url"], "dpyauth", "callback")) + "/?"
    app.add_handlers(".*$", [(pattern, CallbackHandler)])


def _either_way(path: str) -> str:
    """Return a pattern for a path, whether or not letters are written as ``%40`` and the like.

    A hub may say ``/user/jane@example.org/`` where a redirect URL at Deriv can only be ``/user/jane%40example.org/``.
    """
    return "".join(letter if letter in _AS_IT_IS else _either(letter) for letter in unquote(path))


def _either(letter: str) -> str:
    coded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
    return f"(?:{re.escape(letter)}|(?i:{coded}))"


_AS_IT_IS = frozenset(string.ascii_letters + string.digits + "/")
