"""Modules of Keras 2, under the name that Keras 3 has for them: `keras.legacy`."""

from fastnn.legacy import saving

__all__ = ["saving"]


def __dir__() -> list[str]:
    return __all__
