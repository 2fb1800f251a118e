"""Find out where the code runs, and whether there is a user to ask or to show something to."""

from __future__ import annotations

import functools
import importlib
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from dpyauth import _forks, _terminal
from dpyauth.errors import InvalidSetting
from dpyauth.texts.said import said

_user_assumed = False
"""True after `login(ask=True)`, which says that there is a user: some front ends show widgets but have no stdin."""

_shared = False
"""True once this process is known to have several visitors."""

_page: str | None = None
"""Mode in which a browser shows this marimo notebook, "edit" or "run": marimo gives it in some runs of a cell only."""

_left: Any = None
"""Shell of the kernel from which this process was forked. The child has no front end."""


def kernel_shell() -> Any | None:
    """Return the shell of the Jupyter kernel that runs this code; None outside one."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    names = {kind.__name__ for kind in type(shell).__mro__}
    # The class of Jupyter's own kernels, and of Colab's.
    return shell if names & {"ZMQInteractiveShell", "Shell"} and shell is not _left else None


@_forks.in_child
def _leave() -> None:
    global _left
    _left = kernel_shell() or _left


def in_notebook() -> bool:
    """Return whether this is a notebook's kernel: of a Jupyter front end, or marimo's."""
    return kernel_shell() is not None or in_marimo()


def in_marimo() -> bool:
    """Return whether a cell of a marimo notebook is running. A notebook that runs as a plain script does not count."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def in_console() -> bool:
    """Return whether the front end cannot show widgets: Spyder, QtConsole or the Jupyter console.

    A kernel cannot ask its front end. But Spyder has a kernel of its own, and the others start the kernel themselves. A
    console that is connected to a kernel of another front end is not recognised.
    """
    kernel = getattr(kernel_shell(), "kernel", None)
    if kernel is None:
        return False
    return "SpyderKernel" in {kind.__name__ for kind in type(kernel).__mro__} or _started_by_console(os.getppid())


@functools.cache
def _started_by_console(parent: int) -> bool:
    return any(_CONSOLE.fullmatch(re.split(r"[/\\]", part)[-1]) for part in _command(parent)[:3])


_CONSOLE = re.compile(r"(jupyter[-_](qt)?console|qtconsole)(-script)?(\.exe|\.pyw?)?", re.IGNORECASE)


def _command(process: int) -> list[str]:
    """Return the command line of a process; empty if it cannot be read."""
    with suppress(Exception):
        import psutil

        return list(psutil.Process(process).cmdline())
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace").split("\0")
    return []


def shows_panels() -> bool:
    """Return whether panels can be made here and the front end may show them; few are known not to."""
    return in_notebook() and not in_console() and has_widgets()


def cell() -> int | None:
    """Return the number of the cell that is running, as the notebook shows it; None outside a notebook."""
    # Not execution_count: newer versions of IPython increase it before the cell runs, older ones after.
    history = getattr(kernel_shell(), "history_manager", None)
    return (len(history.input_hist_parsed) - 1 or None) if history else None


def has_widgets() -> bool:
    """Return whether the packages that panels need can be imported in the kernel's own environment."""
    try:
        for name in ("ipywidgets", "anywidget"):
            importlib.import_module(name)
    except Exception:  # whatever the problem is, dpyauth works without panels
        return False
    return True


def need_widgets() -> None:
    """Raise InvalidSetting if no panel can be made."""
    if not has_widgets():
        raise InvalidSetting(said("widgets_missing"))


def ways_to_ask() -> tuple[str, ...]:
    """Return the ways to ask the user to sign in here, best first: ``"panel"``, ``"prompt"``.

    All advice on signing in depends on this. It is empty if there is no user to ask.
    """
    if beside_cells():
        panel, prompt = has_widgets(), _page == "edit"
    else:
        panel = shows_panels() and not unattended()
        prompt = can_type() if in_notebook() else has_user()
    return ("panel",) * panel + ("prompt",) * prompt


def beside_cells() -> bool:
    """Return whether this is a thread that a marimo notebook has started itself: it can neither show nor ask anything.

    On such a thread, marimo does not say how the notebook is shown.
    """
    return _page is not None and not in_marimo()


def has_user() -> bool:
    """Return whether there is a user to ask: not in a scheduled or batch run."""
    if in_marimo():
        return _marimo_page() is not None
    return can_type() or (in_notebook() and in_voila())


def can_type() -> bool:
    """Return whether a user can type an answer to a prompt."""
    if in_marimo():
        return _marimo_page() == "edit"  # an app has no prompt: input() would wait at the server's terminal
    shell = kernel_shell()
    if shell is None:
        return not in_streamlit() and _terminal.is_terminal(sys.stdin)
    # A front end with a user allows input; nbclient, papermill and nbval do not.
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", True))


def unattended() -> bool:
    """Return whether a notebook runs without a user: its output would only be stored."""
    return (kernel_shell() is not None or in_marimo()) and not (_user_assumed or has_user())


def assume_user() -> None:
    """Assume that there is a user who sees panels, because `login(ask=True)` says so."""
    global _user_assumed
    _user_assumed = True


def is_app() -> bool:
    """Return whether Voila or marimo shows the notebook to visitors as a page: the machine is not theirs."""
    return in_voila() if kernel_shell() is not None else in_marimo() and _marimo_page() == "run"


def shares_process() -> bool:
    """Return whether this is a marimo app, in which each visitor's code runs on a thread of one process.

    Once True, it stays True: on a thread that an app has started itself, marimo does not say how it is shown.
    """
    global _shared
    _shared = _shared or (in_marimo() and _marimo_page() == "run")
    return _shared


def _marimo_page() -> str | None:
    """Return how marimo shows the notebook, "edit" or "run"; None if marimo runs it for a file, without a browser."""
    global _page
    about = sys.modules["marimo"].app_meta()
    _page = about.mode if about.request is not None else _page
    return _page


def secrets_place() -> str:
    """Return the name of the service that keeps secrets for this notebook; an empty string if there is none."""
    return "Colab" if in_colab() else "Kaggle" if in_kaggle() else ""


def in_kaggle() -> bool:
    """Return whether this is a Kaggle notebook."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def in_colab() -> bool:
    """Return whether this is Google Colab. Its package alone proves nothing: Kaggle has it, and other machines may."""
    return not in_kaggle() and ("google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ)


def on_hosted_server() -> bool:
    """Return whether the kernel runs on a hosted server, and so not at the user's own internet address."""
    hosts = ("JUPYTERHUB_USER", "BINDER_SERVICE_HOST", "KAGGLE_KERNEL_RUN_TYPE")
    return in_colab() or any(os.environ.get(name) for name in hosts)


def in_streamlit() -> bool:
    """Return whether a Streamlit app runs here: its visitors cannot type in the terminal that started it."""
    runtime = sys.modules.get("streamlit.runtime")
    return runtime is not None and bool(runtime.exists())


def in_voila() -> bool:
    """Return whether Voila shows the notebook as a page: it shows widgets, but allows no typed input."""
    return any(name.startswith("VOILA_") for name in os.environ)
