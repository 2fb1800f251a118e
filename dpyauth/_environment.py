"""Tell where the code runs, and if there is a user to ask or to show something to."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

from dpyauth import _forks, _terminal
from dpyauth.errors import InvalidSetting

_user_assumed = False
"""True once `login(ask=True)` has said that there is a user: some front ends show widgets, but have no stdin."""

_left: Any = None
"""Shell of the kernel from which this process was forked: no front end hears of the child."""


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
    """Return whether this is a notebook's kernel. No kernel knows if its front end shows widgets."""
    return kernel_shell() is not None


def has_widgets() -> bool:
    """Return whether the packages that panels need can be imported in the kernel's own environment."""
    try:
        for name in ("ipywidgets", "anywidget"):
            importlib.import_module(name)
    except Exception:  # whatever is broken there, dpyauth works without panels
        return False
    return True


def need_widgets() -> None:
    """Raise InvalidSetting if no panel can be made."""
    if not has_widgets():
        raise InvalidSetting(
            "Panels need the packages ipywidgets and anywidget, which cannot be loaded here. Install dpyauth again in "
            "this kernel's environment, and restart the kernel."
        )


def has_user() -> bool:
    """Return whether there is a user to ask: not in a scheduled or batch run."""
    return can_type() or (in_notebook() and in_voila())


def can_type() -> bool:
    """Return whether a user can type an answer to a prompt."""
    shell = kernel_shell()
    if shell is None:
        return _terminal.is_terminal(sys.stdin)
    # A front end with a user allows input; nbclient, papermill and nbval do not.
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", True))


def unattended() -> bool:
    """Return whether a notebook runs without a user: its output would only be stored."""
    return kernel_shell() is not None and not (_user_assumed or has_user())


def assume_user() -> None:
    """Assume that there is a user who sees panels, because `login(ask=True)` says so."""
    global _user_assumed
    _user_assumed = True


def in_colab() -> bool:
    """Return whether this is Google Colab."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def on_hosted_server() -> bool:
    """Return whether the kernel runs on a hosted server, so not at the user's own internet address."""
    return in_colab() or bool(os.environ.get("JUPYTERHUB_USER") or os.environ.get("BINDER_SERVICE_HOST"))


def in_voila() -> bool:
    """Return whether Voila shows the notebook as a page: it allows no input, but shows widgets to the user."""
    return any(name.startswith("VOILA_") for name in os.environ)
