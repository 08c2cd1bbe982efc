"""Layers that only keep a model from learning by heart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import _core
from fastnn.layer import Emission, Layer, channels_last
from fastnn.seeds import next_seed


class _Noise(Layer):
    """A layer that draws random numbers in training and passes its input on in inference."""

    supports_masking = True
    seed: int | None

    def _open_stream(self) -> None:
        self.stream = _core.Stream(next_seed() if self.seed is None else int(self.seed))

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        assert node is not None
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class Dropout(_Noise):
    """In training sets a share of the inputs to 0 and divides the others by 1 - rate; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: The share that is dropped, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw: (None, 1, 8); None: the input's.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Dropout(0.5)
    """

    kind = "Dropout"

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class SpatialDropout1D(_Noise):
    """Dropout of whole channels of a sequence.

    Shapes: (batch, steps, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> SpatialDropout1D(0.2)
    """

    kind = "SpatialDropout1D"

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class SpatialDropout2D(_Noise):
    """Dropout of whole channels of an image.

    Shapes: (batch, height, width, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The channels come first.

    Example:
        >>> SpatialDropout2D(0.2)
    """

    kind = "SpatialDropout2D"

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._open_stream()


class SpatialDropout3D(_Noise):
    """Dropout of whole channels of a volume.

    Shapes: (batch, depth, height, width, channels) -> the same.

    Args:
        rate: The share of channels that is dropped.
        data_format: "channels_last" or None.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The channels come first.

    Example:
        >>> SpatialDropout3D(0.2)
    """

    kind = "SpatialDropout3D"

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._open_stream()


class AlphaDropout(_Noise):
    """Dropout for `selu` networks: in training it keeps the mean 0 and the variance 1 of its inputs.

    A share of the inputs becomes the value at which selu saturates, -1.758; then all are scaled and moved.

    Shapes: the input's.

    Args:
        rate: The share that is dropped, from 0 up to but not including 1.
        noise_shape: The shape of the mask, where axes of size 1 share one draw: (None, 1, 8); None: the input's.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> AlphaDropout(0.1)
    """

    kind = "AlphaDropout"

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class GaussianNoise(_Noise):
    """In training adds a normal number of mean 0 to each input; in inference passes all on.

    Shapes: the input's.

    Args:
        stddev: The standard deviation of the numbers.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianNoise(0.1)
    """

    kind = "GaussianNoise"

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class GaussianDropout(_Noise):
    """In training multiplies each input by a normal number of mean 1; in inference passes all on.

    Shapes: the input's.

    Args:
        rate: As for `Dropout`, from 0 up to but not including 1: the numbers' variance is rate / (1 - rate).
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> GaussianDropout(0.2)
    """

    kind = "GaussianDropout"

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open_stream()


class ActivityRegularization(Layer):
    """Passes its input on and adds l1 * sum(|x|) + l2 * sum(x**2) to the loss.

    Shapes: the input's.

    Args:
        l1: The strength of the first.
        l2: The strength of the second.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ActivityRegularization(l2=1e-4)
    """

    kind = "ActivityRegularization"
    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the input: the node's other output is the penalty."""
        return super().compute_output_shape(input_shape)[0]

    def _emit_main(self, emission: Emission, edges: list[int]) -> list[int]:
        node = self._node()
        assert node is not None
        output, penalty = emission.add(self, node[0], node[1], edges)
        emission.penalties.append(penalty)
        return [output]
