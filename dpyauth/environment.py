"""Where the code runs, and whether somebody is there to be asked."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any


def kernel_shell() -> Any | None:
    """The shell of the Jupyter kernel this runs in, or None outside one."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    names = {kind.__name__ for kind in type(shell).__mro__}
    # The class of Jupyter's own kernels, and of Colab's.
    return shell if names & {"ZMQInteractiveShell", "Shell"} else None


def in_notebook() -> bool:
    """Whether widgets can be shown."""
    return kernel_shell() is not None


def somebody_there() -> bool:
    """Whether there is a person to ask: not in a scheduled or batch run."""
    shell = kernel_shell()
    if shell is None:
        return sys.stdin is not None and sys.stdin.isatty()
    # A front end with a person behind it allows input; nbclient, papermill and nbval do not.
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", True))


def in_colab() -> bool:
    """Whether this is Google Colab."""
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:
        return False


def on_hosted_server() -> bool:
    """Whether the kernel runs on somebody's server, so not at the reader's own internet address."""
    return in_colab() or bool(os.environ.get("JUPYTERHUB_USER") or os.environ.get("BINDER_SERVICE_HOST"))
