"""Data sets that are part of the package, for first steps, examples and tests."""

from fastnn.datasets import digits

__all__ = ["digits"]


def __dir__() -> list[str]:
    return __all__
