"""Settings of the whole process: threads, Winograd convolution, and the check of data for NaN and infinity."""

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from fastnn import _core
from fastnn.naming import missing_names as _missing_names

__all__ = [
    "check_nan",
    "epsilon",
    "floatx",
    "image_data_format",
    "num_threads",
    "set_check_nan",
    "set_num_threads",
    "set_winograd",
    "winograd",
]

_check_nan = True
_winograd = True


def num_threads() -> int:
    """Returns the number of threads that the core computes with; results do not depend on it, bit for bit.

    Example:
        >>> fastnn.config.set_num_threads(1)
        >>> fastnn.config.num_threads()
        1
    """
    return _core.num_threads()


def set_num_threads(count: int) -> None:
    """Sets the number of threads that the core computes with.

    Args:
        count: At least 1, or 0 for the default: all processors that this process may use.

    Raises:
        ValueError: `count` is not an integer of at least 0.

    Example:
        >>> fastnn.config.set_num_threads(0)
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"set_num_threads expects an integer of at least 0 (0: the default), got {count!r}")
    _core.set_num_threads(count)


def check_nan() -> bool:
    """Returns True where `fit` refuses data that contains NaN or infinity.

    Example:
        >>> fastnn.config.check_nan()
        True
    """
    return _check_nan


def set_check_nan(check: bool) -> None:
    """Sets whether `fit` refuses data with NaN or infinity, the default: one of them destroys each weight it reaches.

    Args:
        check: True to refuse NaN, infinity and numbers beyond float32.

    Example:
        >>> fastnn.config.set_check_nan(True)
    """
    global _check_nan
    _check_nan = bool(check)


def winograd() -> bool:
    """Returns True where convolutions may use Winograd's minimal filtering; see `set_winograd`.

    Example:
        >>> fastnn.config.winograd()
        True
    """
    return _winograd


def set_winograd(use: bool) -> None:
    """Sets whether convolutions of stride 1 with 3x3 to 7x7 kernels may use Winograd's minimal filtering (the default).

    It takes two to four times fewer multiplications and rounds differently, within 2e-5 of the largest output (Lavin
    and Gray, 2015, "Fast algorithms for convolutional neural networks"). Models that have run keep the setting until
    they are compiled again.

    Args:
        use: True to allow it.

    Example:
        >>> fastnn.config.set_winograd(True)
    """
    global _winograd
    _winograd = bool(use)


def floatx() -> str:
    """Returns the type of all weights and activations: "float32".

    Example:
        >>> fastnn.config.floatx()
        'float32'
    """
    return "float32"


def epsilon() -> float:
    """Returns the small number that keeps logarithms and quotients finite: 1e-7.

    Example:
        >>> fastnn.config.epsilon()
        1e-07
    """
    return 1e-7


def image_data_format() -> str:
    """Returns the order of an image's axes: "channels_last".

    Example:
        >>> fastnn.config.image_data_format()
        'channels_last'
    """
    return "channels_last"


def __dir__() -> list[str]:
    return __all__


if not _TYPE_CHECKING:
    __getattr__ = _missing_names(__name__, __all__)
