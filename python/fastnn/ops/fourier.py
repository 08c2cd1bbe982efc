"""Fourier transforms. A complex tensor is a pair of its real and its imaginary part.

Arrays are transformed by NumPy. Within a model a transform is a product with the matrix of its waves, whose gradient
is the core's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops import arithmetic, joining, linear, shaping, slicing
from fastnn.ops.conversion import cast, convert_to_tensor
from fastnn.ops.keras_functions import as_in_keras
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import is_traced


def _pair(x: Any, who: str) -> tuple[Any, Any]:
    """Returns the real and the imaginary part of an argument, as float32.

    Raises:
        ValueError: They are not two, or differ in shape.
        TypeError: They hold integers.
    """
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"ops.{who} expects a pair (real, imaginary) of tensors, got {type(x).__name__}")
    real, imaginary = (convert_to_tensor(part) for part in x)
    if tuple(real.shape) != tuple(imaginary.shape):
        raise ValueError(
            f"ops.{who} expects a real and an imaginary part of the same shape, got {tuple(real.shape)} and "
            f"{tuple(imaginary.shape)}"
        )
    if not is_float(str(real.dtype)) or not is_float(str(imaginary.dtype)):
        raise ValueError(f"ops.{who} expects floating point parts, got {real.dtype} and {imaginary.dtype}")
    return real, imaginary


def _size(x: Any, axis: int, who: str) -> int:
    size = x.shape[axis]
    if size is None:
        raise ValueError(f"ops.{who}: axis {axis} of shape {tuple(x.shape)} is open; give the model a fixed size there")
    return int(size)


def _waves(rows: int, columns: int, count: int, sign: float) -> tuple[Any, Any]:
    """Returns the cosines and sines of the angles sign * 2 pi row * column / count."""
    # The remainder keeps the angles small and so exact.
    angles = sign * 2 * np.pi * (np.outer(np.arange(rows), np.arange(columns)) % count) / count
    return np.cos(angles).astype(floatx()), np.sin(angles).astype(floatx())


def _of_pair(real: Any, imaginary: Any, sign: float, who: str) -> tuple[Any, Any]:
    """Transforms the last axis of a complex tensor."""
    count = _size(real, -1, who)
    cosines, sines = _waves(count, count, count, sign)
    return (
        linear.matmul(real, cosines) - linear.matmul(imaginary, sines),
        linear.matmul(real, sines) + linear.matmul(imaginary, cosines),
    )


def _parts(made: Any) -> tuple[Any, Any]:
    return made.real.astype(floatx()), made.imag.astype(floatx())


def _complex(real: Any, imaginary: Any) -> Any:
    return np.asarray(real) + 1j * np.asarray(imaginary)


@as_in_keras(module="math", class_name="FFT")
def fft(x: Any) -> tuple[Any, Any]:
    """Returns the discrete Fourier transform along the last axis.

    Args:
        x: Pair (real, imaginary) of tensors or arrays of shape `(..., n)`.

    Returns:
        Pair (real, imaginary) of the same shape.

    Raises:
        ValueError: `x` is no pair of floating point tensors of one shape.

    References:
        - Cooley, Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", 1965.

    Example:
        >>> real, imaginary = ops.fft((np.array([1.0, 0.0]), np.zeros(2)))
        >>> real.tolist(), imaginary.tolist()
        ([1.0, 1.0], [0.0, 0.0])
    """
    real, imaginary = _pair(x, "fft")
    if is_traced([real, imaginary]):
        return _of_pair(real, imaginary, -1.0, "fft")
    return _parts(np.fft.fft(_complex(real, imaginary)))


@as_in_keras(module="math", class_name="FFT2")
def fft2(x: Any) -> tuple[Any, Any]:
    """Returns the discrete Fourier transform along the last two axes.

    Args:
        x: Pair (real, imaginary) of tensors or arrays of shape `(..., m, n)`.

    Returns:
        Pair (real, imaginary) of the same shape.

    Raises:
        ValueError: `x` is no pair of floating point tensors of one shape.

    Example:
        >>> real, imaginary = ops.fft2((np.ones((2, 2)), np.zeros((2, 2))))
        >>> real.tolist()
        [[4.0, 0.0], [0.0, 0.0]]
    """
    real, imaginary = _pair(x, "fft2")
    if is_traced([real, imaginary]):
        return _of_two_axes(real, imaginary, -1.0, "fft2")
    return _parts(np.fft.fft2(_complex(real, imaginary)))


@as_in_keras(module="math", class_name="IFFT2")
def ifft2(x: Any) -> tuple[Any, Any]:
    """Returns the inverse of `fft2`.

    Args:
        x: Pair (real, imaginary) of tensors or arrays of shape `(..., m, n)`.

    Returns:
        Pair (real, imaginary) of the same shape.

    Raises:
        ValueError: `x` is no pair of floating point tensors of one shape.

    Example:
        >>> real, imaginary = ops.ifft2((np.array([[4.0, 0.0], [0.0, 0.0]]), np.zeros((2, 2))))
        >>> real.tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    real, imaginary = _pair(x, "ifft2")
    if is_traced([real, imaginary]):
        count = _size(real, -1, "ifft2") * _size(real, -2, "ifft2")
        return tuple(part / float(count) for part in _of_two_axes(real, imaginary, 1.0, "ifft2"))
    return _parts(np.fft.ifft2(_complex(real, imaginary)))


def _of_two_axes(real: Any, imaginary: Any, sign: float, who: str) -> tuple[Any, Any]:
    for _ in range(2):
        made = _of_pair(shaping.swapaxes(real, -1, -2), shaping.swapaxes(imaginary, -1, -2), sign, who)
        real, imaginary = made
    return real, imaginary


def _fitted(x: Any, count: int, who: str) -> Any:
    """Returns a tensor cut, or filled up with zeros, to a size of its last axis."""
    size = _size(x, -1, who)
    if size >= count:
        return x if size == count else x[..., :count]
    return shaping.pad(x, [*[(0, 0)] * (len(x.shape) - 1), (0, count - size)])


@as_in_keras(module="math", class_name="RFFT")
def rfft(x: Any, fft_length: int | None = None) -> tuple[Any, Any]:
    """Returns the discrete Fourier transform of real values along the last axis, without its mirrored half.

    Args:
        x: Tensor or array of shape `(..., n)`.
        fft_length: Number of values that are transformed; `x` is cut, or filled up with zeros. None: all.

    Returns:
        Pair (real, imaginary) of shape `(..., fft_length // 2 + 1)`.

    Raises:
        ValueError: `fft_length` is not positive.

    Example:
        >>> real, imaginary = ops.rfft(np.array([0.0, 1.0, 2.0, 3.0]))
        >>> real.tolist(), imaginary.tolist()
        ([6.0, -2.0, -2.0], [0.0, 2.0, 0.0])
    """
    x = cast(x, floatx())
    if not is_traced(x):
        return _parts(np.fft.rfft(x, fft_length))
    count = _size(x, -1, "rfft") if fft_length is None else int(fft_length)
    x = _fitted(x, count, "rfft")
    cosines, sines = _waves(count, count // 2 + 1, count, -1.0)
    return linear.matmul(x, cosines), linear.matmul(x, sines)


@as_in_keras(module="math", class_name="IRFFT")
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """Returns the inverse of `rfft`: the real values of a transform of which one half is given.

    Args:
        x: Pair (real, imaginary) of tensors or arrays of shape `(..., n)`.
        fft_length: Number of values of the result; None: 2 * (n - 1).

    Returns:
        Tensor or array of shape `(..., fft_length)`.

    Raises:
        ValueError: `x` is no pair of floating point tensors of one shape.

    Example:
        >>> ops.irfft((np.array([6.0, -2.0, -2.0]), np.array([0.0, 2.0, 0.0])))
        array([0., 1., 2., 3.], dtype=float32)
    """
    real, imaginary = _pair(x, "irfft")
    if not is_traced([real, imaginary]):
        return np.fft.irfft(_complex(real, imaginary), fft_length).astype(floatx())
    count = 2 * (_size(real, -1, "irfft") - 1) if fft_length is None else int(fft_length)
    half = count // 2 + 1
    cosines, sines = _waves(half, count, count, 1.0)
    # All frequencies but the first, and the last of an even number, stand for their mirror image too.
    shares = np.full((half, 1), 2.0, dtype=floatx())
    shares[0] = 1.0
    if count % 2 == 0:
        shares[-1] = 1.0
    made = linear.matmul(_fitted(real, half, "irfft"), shares * cosines / count)
    return made - linear.matmul(_fitted(imaginary, half, "irfft"), shares * sines / count)


@as_in_keras(module="math")
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Returns overlapping windows of the last axis.

    Args:
        x: Tensor or array of shape `(..., n)`.
        sequence_length: Length of a window.
        sequence_stride: Distance between the beginnings of windows.

    Returns:
        Tensor or array of shape `(..., windows, sequence_length)`.

    Raises:
        ValueError: The last axis is shorter than a window, or the stride is no positive integer.

    Example:
        >>> ops.extract_sequences(np.arange(5), 3, 2)
        array([[0, 1, 2],
               [2, 3, 4]], dtype=int32)
    """
    x = convert_to_tensor(x)
    _check_stride(sequence_stride, "extract_sequences")
    windows = (_size(x, -1, "extract_sequences") - sequence_length) // sequence_stride + 1
    if windows < 1:
        raise ValueError(
            f"ops.extract_sequences expects at least {sequence_length} values along the last axis, got {x.shape[-1]}"
        )
    places = np.arange(windows)[:, np.newaxis] * sequence_stride + np.arange(sequence_length)
    made = slicing.take(x, places.reshape(-1).astype(np.int32), -1)
    return shaping.reshape(made, [*_open(x.shape[:-1]), windows, sequence_length])


def _check_stride(stride: Any, who: str) -> None:
    if isinstance(stride, bool) or not isinstance(stride, (int, np.integer)) or stride < 1:
        raise ValueError(f"ops.{who} expects sequence_stride to be a positive integer, got {stride!r}")


def _open(sizes: Any) -> list[int]:
    return [-1 if size is None else int(size) for size in sizes]


def _window(window: Any, sequence_length: int, fft_length: int, who: str) -> Any:
    """Returns the values of a window, with zeros around it up to the length of the transform."""
    if fft_length < sequence_length:
        raise ValueError(
            f"ops.{who} expects fft_length of at least sequence_length, {sequence_length}, got {fft_length}"
        )
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(f"ops.{who} expects window 'hann', 'hamming', an array or None, got {window!r}")
        share = {"hann": 0.5, "hamming": 0.54}[window]
        angles = 2 * np.pi * np.arange(sequence_length) / max(sequence_length, 1)
        values = np.ones(1) if sequence_length == 1 else share - (1 - share) * np.cos(angles)
    elif window is None:
        return np.ones(fft_length, dtype=floatx())
    else:
        values = np.asarray(window)
        if values.shape != (sequence_length,):
            raise ValueError(f"ops.{who} expects a window of shape ({sequence_length},), got {values.shape}")
    before = (fft_length - sequence_length) // 2
    return np.pad(values.astype(floatx()), (before, fft_length - sequence_length - before))


@as_in_keras(module="math", class_name="STFT")
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Any, Any]:
    """Returns the short-time Fourier transform along the last axis.

    Args:
        x: Tensor or array of shape `(..., n)`, floating point.
        sequence_length: Length of a window.
        sequence_stride: Distance between the beginnings of windows.
        fft_length: Number of values that are transformed, at least `sequence_length`.
        window: "hann", "hamming", an array of shape `(sequence_length,)`, or None for no weighting.
        center: Mirrors fft_length // 2 values at both ends, so that a window is centered at each of its places.

    Returns:
        Pair (real, imaginary) of shape `(..., windows, fft_length // 2 + 1)`.

    Raises:
        TypeError: `x` holds integers.
        ValueError: The window is unknown or has another length.

    Example:
        >>> real, imaginary = ops.stft(np.ones(8), 4, 2, 4)
        >>> real.shape
        (5, 3)
    """
    x = convert_to_tensor(x)
    if not is_float(str(x.dtype)):
        raise TypeError(f"ops.stft expects floating point values, got {x.dtype}; cast them: ops.cast(x, 'float32')")
    _check_stride(sequence_stride, "stft")
    weights = _window(window, sequence_length, fft_length, "stft")
    if center:
        x = shaping.pad(x, [*[(0, 0)] * (len(x.shape) - 1), (fft_length // 2, fft_length // 2)], mode="reflect")
    return rfft(extract_sequences(x, fft_length, sequence_stride) * weights)


@as_in_keras(module="math", class_name="ISTFT")
def istft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, length: int | None = None,
    window: Any = "hann", center: bool = True,
) -> Any:  # fmt: skip
    """Returns the inverse of `stft`: the sum of the windows where they overlap, divided by that of their weights.

    Args:
        x: Pair (real, imaginary) of tensors or arrays of shape `(..., windows, fft_length // 2 + 1)`.
        sequence_length: Length of a window.
        sequence_stride: Distance between the beginnings of windows.
        fft_length: Number of values that were transformed, at least `sequence_length`.
        length: Length of the result; None: what the windows cover.
        window: "hann", "hamming", an array of shape `(sequence_length,)`, or None. As in Keras, None scales the result
            by fft_length / sequence_stride.
        center: Removes the fft_length // 2 values that `stft` mirrored.

    Returns:
        Tensor or array of shape `(..., length)`.

    Raises:
        ValueError: `x` is no pair of floating point tensors of one shape, or the window does not fit.

    Example:
        >>> x = np.arange(8, dtype="float32")
        >>> ops.istft(ops.stft(x, 4, 2, 4), 4, 2, 4).round(4)
        array([0., 1., 2., 3., 4., 5., 6., 7.], dtype=float32)
    """
    real, imaginary = _pair(x, "istft")
    if len(real.shape) < 2:
        raise ValueError(f"ops.istft expects tensors of at least 2 axes, got {tuple(real.shape)}")
    _check_stride(sequence_stride, "istft")
    weights = _window(window, sequence_length, fft_length, "istft")
    frames = irfft((real, imaginary), fft_length) * weights
    made = _overlapped(frames, sequence_stride)
    count = _size(real, -2, "istft")
    covered = _overlapped(np.broadcast_to(weights**2, (count, fft_length)), sequence_stride)
    scale = 1.0 if window is not None else fft_length / sequence_stride
    made = arithmetic.multiply(made, (scale / np.where(covered > 1e-10, covered, 1.0)).astype(floatx()))
    start = fft_length // 2 if center else 0
    whole = fft_length + sequence_stride * (count - 1)
    end = start + length if length is not None else whole - start
    return made[..., start:end]


def _overlapped(frames: Any, stride: int) -> Any:
    """Returns the sum of windows laid at multiples of a distance."""
    count, length = frames.shape[-2:]
    blocks = -(-length // stride)
    before = [(0, 0)] * (len(frames.shape) - 2)
    sizes = _open(frames.shape[:-2])
    cut = shaping.reshape(
        shaping.pad(frames, [*before, (0, 0), (0, blocks * stride - length)]), [*sizes, count, blocks, stride]
    )
    total: Any = None
    for i in range(blocks):
        moved = shaping.pad(cut[..., i, :], [*before, (i, blocks - 1 - i), (0, 0)])
        total = moved if total is None else total + moved
    flat = shaping.reshape(total, [*sizes, (count + blocks - 1) * stride])
    return flat[..., : length + stride * (count - 1)]


@as_in_keras(module="math")
def view_as_real(x: Any) -> Any:
    """Returns the real and the imaginary part of complex values along a new last axis.

    Args:
        x: Complex array, or a tensor, which is real.

    Returns:
        Tensor or array of shape `(*x.shape, 2)`.

    Example:
        >>> ops.view_as_real(np.array([1 + 2j]))
        array([[1., 2.]], dtype=float32)
    """
    if is_traced(x):
        return joining.stack([x, arithmetic.multiply(x, 0.0)], -1)
    found = np.asarray(x)
    return np.stack([found.real, found.imag], -1).astype(floatx())
