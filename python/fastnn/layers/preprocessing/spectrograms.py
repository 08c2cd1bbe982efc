"""Layers that make pictures of sounds: the strength of each frequency over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn import config, ops
from fastnn.caller import warn
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.initializers import STFT
from fastnn.precision import floatx
from fastnn.ranges import check_count, check_range
from fastnn.symbolic.variable import Variable


class MelSpectrogram(Layer):
    """Layer that turns sounds into spectrograms with frequencies on the mel scale.

    A band of the mel scale is a triangle of frequencies; the scale is mel(f) = 1127 ln(1 + f / 700).

    Shapes: input (batch, samples) or (samples,), output (batch, num_mel_bins, steps) or (num_mel_bins, steps).

    Args:
        fft_length: Positive integer, number of samples that are transformed together.
        sequence_stride: Positive integer, distance between the steps in samples.
        sequence_length: Positive integer, number of samples of a window; None means `fft_length`.
        window: "hann", "hamming", an array of shape (sequence_length,), or None for no weighting.
        sampling_rate: Number of samples per second.
        num_mel_bins: Positive integer, number of bands.
        min_freq: Lowest frequency of the lowest band, in hertz.
        max_freq: Highest frequency of the highest band, in hertz; None means half the sampling rate.
        power_to_db: Whether to return decibels.
        top_db: Decibels below the loudest value at which the values of a batch are cut.
        mag_exp: Exponent of the magnitudes: 1 for magnitudes, 2 for powers.
        min_power: Least value that decibels are computed of.
        ref_power: Value of 0 decibels.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        TypeError: A length is no integer.
        ValueError: A number is out of its range, or a window is longer than `fft_length`.

    Example:
        >>> layer = layers.MelSpectrogram(fft_length=64, sequence_stride=32, num_mel_bins=8, sampling_rate=8000)
        >>> layer(np.ones((2, 320))).shape
        (2, 8, 11)
    """

    fft_length: int
    sequence_stride: int
    sequence_length: int | None
    window: Any
    sampling_rate: float
    num_mel_bins: int
    min_freq: float
    max_freq: float | None
    power_to_db: bool
    top_db: float
    mag_exp: float
    min_power: float
    ref_power: float

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: float = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (
            ("fft_length", fft_length), ("sequence_stride", sequence_stride), ("num_mel_bins", num_mel_bins),
        ):  # fmt: skip
            check_count(title(self), name, value)
        if sequence_length is not None:
            check_count(title(self), "sequence_length", sequence_length)
        check_range(title(self), "sampling_rate", sampling_rate, 0, above=True)
        check_range(title(self), "min_freq", min_freq, 0)
        if max_freq is not None:
            check_range(title(self), "max_freq", max_freq, min_freq, above=True)
        length = sequence_length or fft_length
        if length > fft_length:
            raise ValueError(
                f"{title(self)} expects sequence_length of at most fft_length, {fft_length}, got {sequence_length}"
            )

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer: it has no weights."""
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the spectrograms of a batch of sounds, or of one sound."""
        if not hasattr(inputs, "shape"):
            inputs = np.asarray(inputs)
        if len(inputs.shape) != 1:
            return super().__call__(inputs, *args, **kwargs)
        return super().__call__(ops.expand_dims(inputs, 0), *args, **kwargs)[0]

    def call(self, inputs: Any) -> Any:
        """Returns the spectrograms."""
        length = self.sequence_length or self.fft_length
        real, imaginary = ops.stft(
            ops.cast(inputs, floatx()), length, self.sequence_stride, self.fft_length, self.window
        )
        power = ops.square(real) + ops.square(imaginary)
        power = power if self.mag_exp == 2.0 else ops.power(ops.sqrt(power), self.mag_exp)
        made = ops.matmul(power, self._bands())
        if self.power_to_db:
            made = 10.0 * ops.log10(ops.maximum(made, self.min_power))
            made = made - 10.0 * math.log10(max(abs(self.ref_power), self.min_power))
            made = ops.maximum(made, ops.max(made) - self.top_db)
        return ops.swapaxes(made, -1, -2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for a shape of the input."""
        *batch, samples = input_shape
        around = 2 * (self.fft_length // 2)
        steps = None if samples is None else (samples + around - self.fft_length) // self.sequence_stride + 1
        return (*batch, self.num_mel_bins, steps)

    def _bands(self) -> Any:
        """Returns the share of each frequency in each band, of shape (frequencies, bands)."""
        mels = 1127.0 * np.log(1.0 + np.linspace(0.0, self.sampling_rate / 2.0, self.fft_length // 2 + 1) / 700.0)
        highest = self.max_freq or int(self.sampling_rate / 2)
        ends = 1127.0 * np.log(1.0 + np.array([self.min_freq, highest]) / 700.0)
        edges = np.linspace(ends[0], ends[1], self.num_mel_bins + 2)
        low, center, high = edges[:-2], edges[1:-1], edges[2:]
        rising = (mels[:, np.newaxis] - low) / (center - low)
        falling = (high - mels[:, np.newaxis]) / (high - center)
        shares = np.maximum(0.0, np.minimum(rising, falling))
        shares[0] = 0.0  # The mean of a sound is no tone.
        return shares.astype(floatx())


class STFTSpectrogram(Layer):
    """Layer that turns sounds into spectrograms by a convolution, whose kernels can be trained.

    Shapes: input (batch, samples, channels), output (batch, steps, channels * frequencies), or with `expand_dims`
    (batch, steps, frequencies, channels); there are fft_length // 2 + 1 frequencies, twice as many with mode "stft".
    With channels first the input is (batch, channels, samples), and the output (batch, channels * frequencies, steps)
    or (batch, channels, steps, frequencies). Weights: `real_kernel` and `imag_kernel` (frame_length, 1, frequencies);
    mode "imag" has no `real_kernel`, and "real" no `imag_kernel`.

    Args:
        mode: "log", "magnitude", "psd" (power spectral density), "real", "imag", "angle" or "stft" (real parts, then
            imaginary parts).
        frame_length: Positive integer, number of samples of a window.
        frame_step: Positive integer, distance between the steps in samples; None means half a window.
        fft_length: Positive integer of at least `frame_length` that sets the number of frequencies; None means the next
            power of two.
        window: "hann", "hamming", another window of SciPy, an array of shape (frame_length,), or None for no weighting.
        periodic: Whether the window is periodic.
        scaling: "density" divides the window by its Euclidean length, "spectrum" by its sum; None leaves it.
        padding: "valid" or "same".
        expand_dims: Whether frequencies and channels are axes of their own.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Allen, "Short Term Spectral Analysis, Synthesis, and Modification by Discrete Fourier Transform", 1977.

    Example:
        >>> layers.STFTSpectrogram(frame_length=16, frame_step=8)(np.ones((2, 80, 1))).shape
        (2, 9, 9)
    """

    mode: str
    frame_length: int
    frame_step: int | None
    fft_length: int | None
    window: Any
    periodic: bool
    scaling: str | None
    padding: str
    expand_dims: bool
    data_format: str
    real_kernel: Variable
    imag_kernel: Variable

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        arguments["data_format"] = config.checked_data_format(type(self).__name__, arguments["data_format"])
        super().__fastnn_store_arguments__(arguments)

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_count(title(self), "frame_length", frame_length)
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(f"{title(self)} expects frame_step from 1 to frame_length, got {frame_step}")
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(f"{title(self)} expects fft_length of at least frame_length, got {fft_length}")
        if fft_length is not None and fft_length & (fft_length - 1):
            warn(f"{title(self)}: fft_length={fft_length} is no power of two", UserWarning)
        for name, words in (
            ("mode", ("log", "magnitude", "psd", "real", "imag", "angle", "stft")),
            ("padding", ("valid", "same")),
            ("scaling", ("density", "spectrum", None)),
        ):
            if getattr(self, name) not in words:
                raise ValueError(f"{title(self)} expects {name} to be one of {words}, got {getattr(self, name)!r}")
        self._initializer("real")

    def _initializer(self, side: str) -> STFT:
        return STFT(side, self.window, self.scaling, self.periodic)

    def _frequencies(self) -> int:
        return (self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))) // 2 + 1

    def build(self, input_shape: Any = None) -> None:
        """Creates the kernels."""
        shape = (self.frame_length, 1, self._frequencies())
        for side, without in (("real", "imag"), ("imag", "real")):
            if self.mode != without:
                setattr(self, f"{side}_kernel", self.add_weight(shape, self._initializer(side), name=f"{side}_kernel"))
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the spectrograms."""
        if len(inputs.shape) != 3:
            raise ValueError(f"{title(self)} expects sounds (batch, samples, channels), got {tuple(inputs.shape)}")
        first = self.data_format == "channels_first"
        # From here on the shape is (batch, channels, samples), and later (batch, channels, steps, frequencies).
        sounds = inputs if first else ops.swapaxes(inputs, 1, 2)
        parts = [
            self._convolved(sounds, getattr(self, f"{side}_kernel"))
            for side, without in (("real", "imag"), ("imag", "real"))
            if self.mode != without
        ]
        made = self._of_mode(parts)
        if self.expand_dims:
            return made if first else ops.transpose(made, (0, 2, 3, 1))
        channels, steps, count = made.shape[1:]
        if first:
            return ops.reshape(ops.swapaxes(made, 2, 3), (-1, channels * count, steps))
        return ops.reshape(ops.swapaxes(made, 1, 2), (-1, steps, channels * count))

    def _convolved(self, sounds: Any, kernel: Any) -> Any:
        channels, samples = sounds.shape[1:]
        flat = ops.reshape(sounds, (-1, samples, 1))
        step = self.frame_step or self.frame_length // 2
        made = ops.conv(flat, kernel, step, self.padding, "channels_last")
        return ops.reshape(made, (-1, channels, *made.shape[1:]))

    def _of_mode(self, parts: list[Any]) -> Any:
        if self.mode in ("real", "imag"):
            return parts[0]
        real, imaginary = parts
        if self.mode == "angle":
            return ops.arctan2(imaginary, real)
        if self.mode == "stft":
            return ops.concatenate(parts, -1)
        power = ops.square(real) + ops.square(imaginary)
        if self.mode == "psd":
            # All frequencies but the first and the last stand for their mirror image too.
            return power + ops.pad(power[..., 1:-1], [(0, 0), (0, 0), (0, 0), (1, 1)])
        least = config.epsilon()
        size = ops.sqrt(ops.maximum(power, least))
        return size if self.mode == "magnitude" else ops.log(ops.maximum(size, least))
