"""Find the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like this one; an empty string if none is similar."""
    import difflib  # slow to import, and needed only for errors

    by_look = {each.lower().replace("_", ""): each for each in sorted(known)}
    close = difflib.get_close_matches(name.lower().replace("_", ""), by_look, n=1, cutoff=0.62)
    return by_look[close[0]] if close else ""
