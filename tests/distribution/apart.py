"""Lets processes of one host find no memory that they share, as in containers of their own: messages go through MPI.

Imported by the scripts for `mpiexec`; takes effect where the environment has FASTNN_TEST_APART.
"""

from __future__ import annotations

import os
from typing import Any

APART = bool(os.environ.get("FASTNN_TEST_APART"))
_open = os.open


def _not_of_others(path: Any, *arguments: Any, **keywords: Any) -> int:
    if str(path).startswith("/proc/"):
        raise PermissionError(f"{path} is that of another container")
    return _open(path, *arguments, **keywords)


if APART:
    os.open = _not_of_others
