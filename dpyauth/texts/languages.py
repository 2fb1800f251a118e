"""Choose a language: from a code in any form, from the environment, or from what a browser prefers."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
"""Folder of the languages."""

ENGLISH = "en"
"""Language of whatever has no translation."""

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Variables of the environment that name a language, as gettext reads them; the first that is set counts."""

_LONGEST = 1000
"""Number of characters of a header ``Accept-Language`` that are read. Browsers send fewer than 100."""

_RANGE = re.compile(r"\s*([\w-]+)\s*(?:;\s*q=(1(?:\.0*)?|0(?:\.\d*)?)?\s*)?", re.ASCII)
"""A language in such a header, and its quality."""

_CODE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?:\.[\w-]+)?(?:@\w+)?", re.I | re.ASCII)


def tag(code: str) -> str:
    """Return the BCP 47 tag for a code of a language: ``pt_BR.UTF-8`` and ``PT-br`` become ``pt-BR``.

    Returns
    -------
    str
        The tag; empty if this is no code of a language.

    Examples
    --------
    >>> from dpyauth.texts.languages import tag
    >>> tag("ES"), tag("zh_cn"), tag("Spanish")
    ('es', 'zh-CN', '')
    """
    parts = _CODE.fullmatch(code.strip())
    if parts is None:
        return ""
    language, script, region = parts.groups()
    return "-".join(filter(None, (language.lower(), script and script.title(), region and region.upper())))


@functools.cache
def available(folder: Path = FOLDER) -> Mapping[str, Path]:
    """Return the folders of the languages by tag."""
    return {each.name: each for each in sorted(folder.iterdir()) if (each / "common.json").is_file()}


@functools.cache
def names() -> Mapping[str, str]:
    """Return what each language calls itself, by tag."""
    common = {each: json.loads((folder / "common.json").read_text("utf-8")) for each, folder in available().items()}
    return {each: str(texts["language_name"]) for each, texts in common.items()}


def negotiated(language: str, folder: Path = FOLDER) -> str:
    """Return the language whose texts come closest: the same, else another region's, else English."""
    there = available(folder)
    if language in there:
        return language
    base = language.split("-")[0]
    return next((each for each in (base, *there) if each in there and each.split("-")[0] == base), ENGLISH)


def from_environment() -> str:
    """Return the tag of the user's language, as the environment states it; English if dpyauth does not speak it."""
    return next((each for each in _stated() if _spoken(each)), ENGLISH)


def from_header(header: str) -> str:
    """Return the language that a browser prefers, from its header ``Accept-Language``; English if there is none."""
    ranges = filter(None, map(_RANGE.fullmatch, header[:_LONGEST].split(",")))
    wanted = [(float(each[2] or 1), tag(each[1])) for each in ranges]
    ordered = sorted(wanted, key=lambda each: -each[0])
    return next((each for quality, each in ordered if quality > 0 and _spoken(each)), ENGLISH)


def _spoken(language: str) -> bool:
    return negotiated(language).split("-")[0] == language.split("-")[0]


def _stated() -> Iterator[str]:
    """Yield the tags of the languages that the environment asks for, the first choice first."""
    locale = next((value for name in _VARIABLES[1:] if (value := os.environ.get(name))), "")
    if locale.split(".")[0] in {"C", "POSIX"}:
        return  # gettext passes over LANGUAGE here, too
    listed = os.environ.get("LANGUAGE", "").split(":")
    yield from filter(None, map(tag, [*listed, locale or _of_windows()]))


def _of_windows() -> str:
    """Return the language of Windows' own windows, since Windows sets none of the variables; elsewhere nothing."""
    if sys.platform != "win32":
        return ""
    import ctypes
    import locale

    return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
