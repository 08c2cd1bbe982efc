"""Names and settings that scripts read from `keras.backend`."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn.config import epsilon, floatx, image_data_format
from fastnn.naming import missing_names as _missing_names
from fastnn.seeds import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format"]


def backend() -> str:
    """Returns the name of the backend: "fastnn".

    Example:
        >>> fastnn.backend.backend()
        'fastnn'
    """
    return "fastnn"


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
