"""Standard output, wherever it goes: a terminal, a notebook, a file, somebody's own class, or nowhere.

Training must not end because a line cannot be printed: under `pythonw`, in a service or in a test, standard output may
be missing or closed. What is printed around training goes through `write`, which then prints nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from fastnn import config


def write(text: str, end: str = "\n") -> None:
    """Prints a text, and flushes; characters that the output cannot encode become question marks.

    Where the configuration switches printing off, the text goes to the logger "fastnn".

    Args:
        text: The text.
        end: Written after it.
    """
    if not config.is_interactive_logging_enabled():
        if text.strip():
            import logging

            logging.getLogger("fastnn").info(text.strip())
        return
    output: Any = sys.stdout
    if output is None or getattr(output, "closed", False):
        return
    try:
        output.write(text + end)
    except UnicodeEncodeError:
        encoding = getattr(output, "encoding", None) or "ascii"
        output.write((text + end).encode(encoding, "replace").decode(encoding))
    flush = getattr(output, "flush", None)
    if callable(flush):
        flush()


def is_terminal() -> bool:
    """Returns whether standard output is a terminal."""
    try:
        return bool(sys.stdout.isatty())
    except (AttributeError, ValueError):  # missing, closed, or a class without the method
        return False


def in_notebook() -> bool:
    """Returns whether standard output is a cell of a notebook."""
    return type(sys.stdout).__module__.startswith("ipykernel")


def columns() -> int:
    """Returns the number of columns of the terminal; 100 where it is not known."""
    import shutil

    # Some terminals, and all notebooks, report a size of 0.
    return shutil.get_terminal_size((100, 24)).columns or 100


def encodes(text: str) -> bool:
    """Returns whether standard output can print a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
