"""`python -m dpyauth.sandbox`: run the sandbox until Ctrl-C. `dpyauth sandbox` does the same."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from typing import Any

from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox


def main(arguments: list[str] | None = None) -> None:
    """Start a sandbox, print its address and tokens, and wait.

    If the port cannot be used, a message says so and the exit status is 2.
    """
    parser = argparse.ArgumentParser(prog="python -m dpyauth.sandbox", description="Deriv on this machine.")
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    try:
        run(parser.parse_args(arguments).port)
    except InvalidSetting as error:
        parser.exit(2, f"{error}\n")


def run(port: int, tell: Callable[[Sandbox], None] | None = None) -> None:
    """Run a sandbox until Ctrl-C; ``tell`` prints its address instead of the usual text.

    Raises
    ------
    InvalidSetting
        The port cannot be used.
    """
    with Sandbox(port=port).start() as sandbox:
        (tell or _tell)(sandbox)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            if tell is None:
                print("\nThe sandbox has stopped.")


def described(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the addresses and the tokens of a sandbox, for each API."""
    sides = {api: sandbox.side(api) for api in APIS}
    return [
        {
            "api": api,
            "server": side.server,
            "app_id": side.app_id,
            "tokens": [
                {"token": sample.token, "label": sample.label, "scopes": list(sample.scopes)} for sample in side.tokens
            ],
        }
        for api, side in sides.items()
    ]


def _tell(sandbox: Sandbox) -> None:
    print("The sandbox is running.")
    for side in described(sandbox):
        api = side["api"]
        print(f"\n{APIS[api].title}, dpyauth's api={api!r}: {side['server']}")
        print(f"  app ID {side['app_id']}, and these tokens:\n")
        for sample in side["tokens"]:
            print(f"  {sample['token']}\n    {sample['label']}: {', '.join(sample['scopes'])}")
    print("\nCtrl-C stops it.", flush=True)


if __name__ == "__main__":
    main()
