"""`python -m dpyauth.sandbox`: run the sandbox until Ctrl-C."""

from __future__ import annotations

import argparse
import threading

from dpyauth.errors import InvalidSetting
from dpyauth.registry import APIS
from dpyauth.sandbox import Sandbox


def main(arguments: list[str] | None = None) -> None:
    """Start a sandbox, say where it is and which tokens it takes, and wait.

    A port that cannot be used is told in a sentence, with the exit status 2.
    """
    parser = argparse.ArgumentParser(prog="python -m dpyauth.sandbox", description="Deriv on this machine.")
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    try:
        sandbox = Sandbox(port=parser.parse_args(arguments).port).start()
    except InvalidSetting as error:
        parser.exit(2, f"{error}\n")
    with sandbox:
        print("The sandbox is running.")
        for api, facts in APIS.items():
            side = sandbox.side(api)
            print(f"\n{facts.title}, dpyauth's api={api!r}: {side.server}\n  app ID {side.app_id}, and these tokens:\n")
            for sample in side.tokens:
                print(f"  {sample.token}\n    {sample.label}: {', '.join(sample.scopes)}")
        print("\nCtrl-C stops it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\nThe sandbox has stopped.")


if __name__ == "__main__":
    main()
