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
    parts = re.split(r"(`[^`]+`)", line)
    for at, part in enumerate(parts):
        if at % 2:
            path = path_of(part.strip("`"))
            parts[at] = f":py:obj:`{part.strip('`')} <{path}>`" if path else f"`{part}`"
        else:
            argument = re.match(r" {4}\*{1,2}(?=\w+:)", part) if at == 0 else None
            begin = argument[0] if argument else ""
            parts[at] = begin + re.sub(r"([\\*|]|_(?!\w))", r"\\\1", part[len(begin) :])
    # A word may not follow a literal or a link at once, as in `batch`s.
    return re.sub(r"(?<=`)(?=\w)", "", "".join(parts)) if len(parts) == 1 else _joined(parts)


def _joined(parts: list[str]) -> str:
    text = parts[0]
    for part in parts[1:]:
        glued = text and part and (re.match(r"\w", part) or (part[0] in ":`" and re.search(r"\w$", text)))
        text += ("\\ " if glued else "") + part
    return text
