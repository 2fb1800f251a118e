"""Compare dpyauth with the other clients of Deriv's API on this machine, and print a table of medians and ratios.

    python tests/bench/compare.py [--rounds 5] [--plain] [--peers FOLDER]

The comparison uses TLS, as Deriv does; ``--plain`` leaves it out.

Every client runs in a process of its own against the same server, pinned with it to one processor, in turns. First, all
are installed into FOLDER, each in an environment of its own: python_deriv_api pins an old websockets, and
@deriv/deriv-api needs Node and npm (it is left out without npm).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import trustme

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"

Measured = dict[str, float]


def peers(folder: Path) -> dict[str, list[str]]:
    """Return the commands of all clients; install the other ones if they are missing."""
    own = folder / "dpyauth" / "bin" / "python"
    if not own.exists():
        venv.create(folder / "dpyauth", with_pip=True)
        subprocess.run([own, "-m", "pip", "install", "--quiet", "--editable", str(HERE.parents[1])], check=True)
    # pip installs compiled packages; a checkout may not be compiled, if Python is told to write no bytecode.
    subprocess.run([own, "-m", "compileall", "-q", HERE.parents[1] / "dpyauth"], check=True)
    commands = {
        "dpyauth": [str(own), str(CLIENTS / "ours.py")],
        "websockets alone": [str(own), str(CLIENTS / "raw.py")],
    }
    python = folder / "python" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "python", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "python_deriv_api"], check=True)
    commands["python_deriv_api"] = [str(python), str(CLIENTS / "official.py")]
    if shutil.which("npm"):
        node = folder / "node"
        if not (node / "node_modules").exists():
            node.mkdir(parents=True, exist_ok=True)
            subprocess.run(["npm", "install", "--silent", "--no-save", "@deriv/deriv-api", "ws"], cwd=node, check=True)
        shutil.copy(CLIENTS / "official.cjs", node)
        commands["@deriv/deriv-api"] = ["node", str(node / "official.cjs")]
    return commands


def pin() -> None:
    """Keep this process on one processor, with the server: otherwise waking each other up is measured."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})


def measure(command: list[str], url: str, line: str, count: int) -> Measured:
    """Run one client once."""
    done = subprocess.run(
        [*command, url, line, str(count)], capture_output=True, text=True, check=True, preexec_fn=pin, timeout=300
    )
    result: Measured = json.loads(done.stdout.splitlines()[-1])
    return result


def startup(command: list[str], url: str) -> Measured:
    """Return the time from the start of the process to its first authorised balance."""
    begun = time.perf_counter()
    with subprocess.Popen([*command, url, "startup", "0"], stdout=subprocess.PIPE, preexec_fn=pin) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - begun
        process.kill()  # the time that it takes to exit does not count (one of them takes 10 s)
    return {"seconds": took}


def importing(python: str, module: str) -> Measured:
    """Return the seconds that an import takes, beyond those of an empty process."""

    def run(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([python, "-c", code], check=True, preexec_fn=pin)
        return time.perf_counter() - begun

    empty = min(run("pass") for _ in range(3))
    return {"seconds": run(f"import {module}") - empty}


def table(commands: dict[str, list[str]], url: str, rounds: int) -> None:
    """Measure everything, in turns, and print it."""
    found: dict[tuple[str, str], list[Measured]] = {}

    def note(line: str, client: str, result: Measured) -> None:
        found.setdefault((line, client), []).append(result)

    for _ in range(rounds):
        for line in ("awaited", "blocking", "in flight"):
            for client, command in commands.items():
                if line != "blocking" or client == "dpyauth":
                    note(line, client, measure(command, url, line, 5000))
        for _ in range(3):  # in turns, or the first run of another kind would pay for cold caches
            for client in ("dpyauth", "python_deriv_api"):
                note("startup", client, startup(commands[client], url))
        for client in ("dpyauth", "python_deriv_api"):
            module = "dpyauth" if client == "dpyauth" else "deriv_api"
            note("import", client, importing(commands[client][0], module))
    note("memory", "dpyauth", measure(commands["dpyauth"], url, "memory", 50_000))
    note("memory stream", "dpyauth", measure(commands["dpyauth"], url, "memory stream", 1_000_000))

    def median(line: str, client: str, figure: str) -> float:
        return statistics.median(result[figure] for result in found[line, client])

    print("| client | awaited/s | CPU µs/call | in flight/s | blocking/s |\n|---|---|---|---|---|")
    for client in commands:
        blocking = f"{median('blocking', client, 'rate'):,.0f}" if ("blocking", client) in found else "–"
        print(
            f"| {client} | {median('awaited', client, 'rate'):,.0f} | {median('awaited', client, 'cpu'):.0f} "
            f"| {median('in flight', client, 'rate'):,.0f} | {blocking} |"
        )
    ours, theirs, js = "dpyauth", "python_deriv_api", "@deriv/deriv-api"
    lines = {
        "awaited round trips/s, against python_deriv_api": median("awaited", ours, "rate")
        / median("awaited", theirs, "rate"),
        "blocking round trips/s, against python_deriv_api awaited": median("blocking", ours, "rate")
        / median("awaited", theirs, "rate"),
        "1000 calls in flight, against python_deriv_api": median("in flight", ours, "rate")
        / median("in flight", theirs, "rate"),
        "CPU per awaited call, against python_deriv_api": median("awaited", ours, "cpu")
        / median("awaited", theirs, "cpu"),
        "import, against python_deriv_api": median("import", ours, "seconds") / median("import", theirs, "seconds"),
        "start to first authorised balance, against python_deriv_api": median("startup", ours, "seconds")
        / median("startup", theirs, "seconds"),
    }
    if js in commands:
        lines["1000 calls in flight, against @deriv/deriv-api"] = median("in flight", ours, "rate") / median(
            "in flight", js, "rate"
        )
    print("\n| line | ratio |\n|---|---|")
    for line, ratio in lines.items():
        print(f"| {line} | {ratio:.2f} |")
    print(f"| memory growth over 50,000 calls | {median('memory', ours, 'growth_kb'):.0f} kB |")
    print(f"| memory growth over 1,000,000 stream messages | {median('memory stream', ours, 'growth_kb'):.0f} kB |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=HERE.parents[1] / ".venv" / "bench-peers")
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    commands = peers(options.peers)
    with tempfile.TemporaryDirectory() as folder:
        certificate = [] if options.plain else ["0", certified(Path(folder))]
        with subprocess.Popen(
            [sys.executable, str(HERE / "server.py"), *certificate], stdout=subprocess.PIPE, text=True, preexec_fn=pin
        ) as server:
            assert server.stdout is not None
            try:
                scheme = "ws" if options.plain else "wss"
                url = f"{scheme}://localhost:{server.stdout.readline().strip()}/websockets/v3"
                table(commands, url, options.rounds)
            finally:
                server.kill()


def certified(folder: Path) -> str:
    """Create a certificate for the server, trusted by all clients, for this run."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    # Node has no variable for all trusted certificates, only for an additional one.
    os.environ["SSL_CERT_FILE"] = os.environ["NODE_EXTRA_CA_CERTS"] = str(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return str(folder / "server.pem")


if __name__ == "__main__":
    main()
