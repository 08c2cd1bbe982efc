"""Settings of the whole process: threads, Winograd convolution, and whether `fit` looks for NaN in its data."""

from __future__ import annotations

from fastnn import _core

_check_nan = True
_winograd = True


def num_threads() -> int:
    """How many threads the core computes with. The results do not depend on it, bit for bit."""
    return _core.num_threads()


def set_num_threads(count: int) -> None:
    """Sets how many threads the core computes with.

    Args:
        count: At least 1, or 0 for the default: the processors that this process may use.

    Raises:
        ValueError: `count` is negative or not whole.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"set_num_threads expects a whole number of at least 0 (0: the default), got {count!r}")
    _core.set_num_threads(count)


def check_nan() -> bool:
    """Whether `fit` refuses NaN in its data."""
    return _check_nan


def set_check_nan(check: bool) -> None:
    """Whether `fit` refuses NaN in its data, as it does at first: one NaN destroys every weight it reaches."""
    global _check_nan
    _check_nan = bool(check)


def winograd() -> bool:
    """Whether convolutions of stride 1 with kernels of 3x3 to 7x7 may run by Winograd's minimal filtering."""
    return _winograd


def set_winograd(use: bool) -> None:
    """Whether convolutions of stride 1 with kernels of 3x3 to 7x7 may run by Winograd's minimal filtering (they may).

    It takes two to four times fewer multiplications and rounds differently: within 2e-5 of the largest output.
    Models that have run keep what they were compiled with until they are compiled again.
    """
    global _winograd
    _winograd = bool(use)


def floatx() -> str:
    """The type of all weights and activations: "float32"."""
    return "float32"


def epsilon() -> float:
    """The small number that keeps logarithms and quotients finite: 1e-7."""
    return 1e-7


def image_data_format() -> str:
    """The order of an image's axes: "channels_last"."""
    return "channels_last"
