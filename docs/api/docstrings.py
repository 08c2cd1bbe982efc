"""Docstrings of this package: their sections, and their text as reStructuredText.

A docstring is plain text with the sections of Google's style. Words in backquotes are names or code; `*`, `_` and `|`
mean themselves, for formulas stand in the text as they are. Only examples, behind `>>>`, are code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises", "References", "Example")
"""The headings of sections."""

_HEADING = re.compile(rf"({'|'.join(SECTIONS)}):$")
_ARGUMENT = re.compile(r" {4}(\*{0,2}\w+):\s*(.*)$")


def sections(text: str) -> dict[str, list[str]]:
    """Returns the lines of each section of a docstring; those before the first section have the key "".

    Args:
        text: The docstring, without its indentation.
    """
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            current = heading[1]
            found[current] = []
        else:
            found[current].append(line)
    return found


def arguments(text: str) -> dict[str, str]:
    """Returns the descriptions of the arguments in a docstring, by their names without asterisks.

    Args:
        text: The docstring, without its indentation.
    """
    found: dict[str, str] = {}
    name = ""
    for line in sections(text).get("Args", []):
        begin = _ARGUMENT.match(line)
        if begin:
            name = begin[1].lstrip("*")
            found[name] = begin[2]
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def to_rest(lines: Iterable[str], path_of: Callable[[str], str | None]) -> list[str]:
    """Returns the lines of a docstring as reStructuredText; the headings of its sections stay as they are.

    Args:
        lines: The lines, without their indentation.
        path_of: Returns the path of the public name that a text in backquotes means, or None.
    """
    found = []
    in_example = False
    for line in lines:
        in_example = bool(line.strip()) and (in_example or line.lstrip().startswith(">>>"))
        found.append(line if in_example else _text(line, path_of))
    return found


def _text(line: str, path_of: Callable[[str], str | None]) -> str:
    """Returns a line of text with its names linked and all else escaped."""
    text = ""
    for at, part in enumerate(re.split(r"`([^`]+)`", line)):
        if at % 2:
            path = path_of(part)
            part = f":py:obj:`{part} <{path}>`" if path else f"``{part}``"
            # reStructuredText wants markup and words apart, or this between them.
            text += "\\ " * bool(re.search(r"\w$", text)) + part
        else:
            # The asterisks of an argument are napoleon's to escape.
            stars = re.match(r" {4}\*{1,2}(?=\w+:)|", part)
            begin = stars[0] if stars and at == 0 else ""
            escaped = begin + re.sub(r"[\\*|]|_(?!\w)", r"\\\g<0>", part[len(begin) :])
            text += "\\ " * bool(text and re.match(r"\w", part)) + escaped
    return text
