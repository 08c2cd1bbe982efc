"""Data sets that are part of the package, for first steps, examples and tests."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.datasets import digits
from fastnn.naming import missing_names as _missing_names

__all__ = ["digits"]


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
