"""Functions of `fastnn.ops` under the name that Keras has for those of NumPy: `keras.ops.numpy`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from fastnn import ops

    return getattr(ops, name)


def __dir__() -> list[str]:
    from fastnn import ops

    return dir(ops)
