"""Options that several commands have, each written once."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Adds `--seed`."""
    parser.add_argument("--seed", type=int, default=1, help="same seed, same numbers (default: %(default)s)")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Adds `--threads`."""
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the processor has (default)")


def positive(text: str) -> int:
    """Returns an integer of at least 1 from the command line.

    Raises:
        argparse.ArgumentTypeError: It is another word.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expects an integer of at least 1, got {text!r}")
    return int(text)


def require_existing(*paths: Path) -> None:
    """Raises ValueError for a file or folder of the command line that is not there."""
    for path in paths:
        if not path.exists():
            raise ValueError(f"there is no file or folder {str(path)!r}")
