"""`python -m dpyauth.sandbox`: run the sandbox until Ctrl-C."""

from __future__ import annotations

import argparse
import threading

from dpyauth.sandbox import Sandbox


def main(arguments: list[str] | None = None) -> None:
    """Start a sandbox, say where it is and which tokens it takes, and wait."""
    parser = argparse.ArgumentParser(prog="python -m dpyauth.sandbox", description="Deriv on this machine.")
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free port)")
    with Sandbox(port=parser.parse_args(arguments).port) as box:
        print(f"The sandbox is running at {box.url}?app_id={box.app_id}\n")
        width = max(len(sample.token) for sample in box.tokens)
        for sample in box.tokens:
            print(f"  {sample.token:<{width}}  {sample.loginid:<11} {sample.label}")
            print(f"  {'':<{width}}  {'':<11} {', '.join(sample.scopes)}")
        print(f"\nThe options API is at {box.rest}, the app ID is {box.options_app_id}\n")
        for sample in box.options_tokens:
            print(f"  {sample.token}\n  {sample.label}: {', '.join(sample.scopes)}")
        print("\nCtrl-C stops it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("\nThe sandbox has stopped.")


if __name__ == "__main__":
    main()
