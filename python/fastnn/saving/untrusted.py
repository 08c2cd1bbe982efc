"""Limits of what a file from a stranger may ask for.

The sizes that an archive or an HDF5 file declares are compared with the bytes that it stores, before memory is
allocated. `archive.py` and `hdf5/reading.py` apply these limits to the two kinds of file.
"""

from __future__ import annotations

import json
from typing import Any

FREE_BYTES = 64 << 20
"""Size that a file may always declare. Beyond it, a multiple of the stored bytes is allowed."""
MOST_JSON_BYTES = 64 << 20
"""Largest size of a description in JSON."""


class CorruptFileError(ValueError):
    """A file that is damaged, or declares more than it stores."""


def parsed(text: bytes | str) -> dict[str, Any]:
    """Returns a description in JSON as a dict.

    Args:
        text: The JSON text.

    Raises:
        CorruptFileError: The text is no JSON, or no object of JSON.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(f"its description is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise CorruptFileError(f"its description is no object, but {str(value)[:80]!r}")
    return value
