"""Initializers that draw no random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.initializers.initializer import Initializer, Values
from fastnn.precision import floatx
from fastnn.ranges import check_range


class Zeros(Initializer):
    """Initializer of zeros.

    Example:
        >>> fastnn.initializers.Zeros()((2, 2))
        array([[0., 0.],
               [0., 0.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return np.zeros(shape, dtype=np.float32)


class Ones(Initializer):
    """Initializer of ones.

    Example:
        >>> fastnn.initializers.Ones()((2, 2))
        array([[1., 1.],
               [1., 1.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        return np.ones(shape, dtype=np.float32)


class Constant(Initializer):
    """Initializer of one value, or of a given array.

    Biases start with a value such as 0.1 so, or embeddings with vectors that are known.

    Args:
        value: A number, or an array that can be broadcast to the weight's shape.

    Raises:
        TypeError: `value` holds no numbers.

    Example:
        >>> fastnn.initializers.Constant(3.0)((2,))
        array([3., 3.], dtype=float32)
    """

    value: Any

    def __init__(self, value: Any = 0.0) -> None:
        if np.asarray(value).dtype.kind not in "biuf":
            raise TypeError(f"Constant expects value to be a number or an array of numbers, got {value!r}")

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        values: Values = np.broadcast_to(np.asarray(self.value, dtype=floatx()), tuple(shape)).copy()
        return values


class Identity(Initializer):
    """Initializer of the identity matrix times a factor, for weights of rank 2.

    A recurrent kernel of it keeps its state at first (Le et al., 2015).

    Args:
        gain: Factor.

    Raises:
        ValueError: `gain` is not finite, or at the call the shape has not two axes.

    Example:
        >>> fastnn.initializers.Identity()((2, 2))
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """

    __fastnn_keras_class_name__ = "IdentityInitializer"  # older Keras does not find the short name
    __fastnn_keras_older_names__ = ("IdentityInitializer",)
    gain: float

    def __init__(self, gain: float = 1.0) -> None:
        check_range(self, "gain", gain)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a weight; see `Initializer`."""
        if len(shape) != 2:
            raise ValueError(f"Identity expects a weight of rank 2, got shape {tuple(shape)}")
        values: Values = np.eye(shape[0], shape[1], dtype=floatx()) * np.dtype(floatx()).type(self.gain)
        return values


class STFT(Initializer):
    """Initializer of kernels that compute the Fourier transform of windows of a signal.

    Args:
        side: "real" or "imag": part of the transform that the kernel computes.
        window: "hann", "hamming", the name of another window of `scipy.signal.get_window`, an array of values, or None
            for no weighting.
        scaling: "density" divides the window by its Euclidean length, "spectrum" by its sum; None leaves it.
        periodic: Whether the window is periodic.

    Raises:
        ValueError: An argument is unknown.
        ImportError: The window is one of SciPy's, which is not installed.

    Example:
        >>> fastnn.initializers.STFT("real", None)((2, 1, 3))[:, 0].round(4)
        array([[ 1.,  1.,  1.],
               [ 1.,  0., -1.]], dtype=float32)
    """

    side: str
    window: Any
    scaling: str | None
    periodic: bool

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"STFT expects side to be 'real' or 'imag', got {side!r}")
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"STFT expects scaling to be 'density', 'spectrum' or None, got {scaling!r}")
        if isinstance(window, str) and window not in _COSINE_SHARES:
            _window_of_scipy(window, 2, periodic)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Values:
        """Returns the initial values of a kernel of shape (window, 1, frequencies)."""
        length, _, frequencies = shape
        turns = np.outer(np.arange(length), np.arange(frequencies)) / max(2 * (frequencies - 1), 1)
        waves = np.cos(2 * np.pi * turns) if self.side == "real" else -np.sin(2 * np.pi * turns)
        if self.window is not None:
            window = self._window(length)
            size = {"density": np.sqrt(np.square(window).sum()), "spectrum": np.abs(window).sum(), None: 1.0}
            waves = waves * (window / size[self.scaling])[:, np.newaxis]
        made: Values = waves[:, np.newaxis, :].astype(floatx())
        return made

    def _window(self, length: int) -> Any:
        if not isinstance(self.window, str):
            values = np.asarray(self.window, np.float64)
            if values.shape != (length,):
                raise ValueError(f"STFT expects a window of shape ({length},), got {values.shape}")
            return values
        if self.window not in _COSINE_SHARES:
            return _window_of_scipy(self.window, length, self.periodic)
        share = _COSINE_SHARES[self.window]
        steps = max(length if self.periodic else length - 1, 1)
        return share - (1 - share) * np.cos(2 * np.pi * np.arange(length) / steps) if length > 1 else np.ones(1)


_COSINE_SHARES = {"hann": 0.5, "hamming": 0.54}
"""The constant part of windows that are a constant less a cosine."""


def _window_of_scipy(name: str, length: int, periodic: bool) -> Any:
    """Returns a window that SciPy knows by its name."""
    try:
        from scipy.signal import get_window  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            f"STFT has the windows 'hann' and 'hamming', and {name!r} wants SciPy: pip install scipy"
        ) from None
    try:
        return get_window(name, length, fftbins=periodic)
    except ValueError as error:
        raise ValueError(
            f"STFT expects window to be 'hann', 'hamming', a name that scipy.signal.get_window knows, an array or "
            f"None, got {name!r}: {error}"
        ) from None
