"""The functions of `fastnn.ops` once more, under the name that Keras has for those of NumPy's kind."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from fastnn import ops

    return getattr(ops, name)
