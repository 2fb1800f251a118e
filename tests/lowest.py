"""Print the lowest versions that pyproject.toml allows, for pip: the runtime dependencies and the extra keyring.

    python tests/lowest.py [EXTRA ...]

adds those of other extras. A package without a lower bound is left out.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def pins(*extras: str) -> list[str]:
    """Return a requirement, such as ``httpx==0.28``, for each of the lowest versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in extras for each in project["optional-dependencies"][extra])]
    found = (re.match(r"([\w.-]+)>=([\d.]+)", requirement) for requirement in named)
    return [f"{bound[1]}=={bound[2]}" for bound in found if bound]


def requirement(text: str) -> tuple[str, str]:
    """Return the name and the version bound of a requirement, without blanks and quotes."""
    name, bound = re.fullmatch(r"\s*([A-Za-z0-9_.-]+)\s*(.*)", text).groups()  # type: ignore[union-attr]
    return name.lower().replace("_", "-"), bound.replace(" ", "")


if __name__ == "__main__":
    print("\n".join(pins("keyring", *sys.argv[1:])))
