"""Pooling to a given size, whatever the size of the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from fastnn import config, ops
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer


class AdaptivePooling(Layer):
    """Base of the layers that pool to a given size."""

    __fastnn_keras_newer_arguments__ = {"data_format": "channels_last"}
    output_size: int | Sequence[int]
    data_format: str
    rank: ClassVar[int]
    __fastnn_pools__: ClassVar[Callable[..., Any]]
    """Function of `ops` that pools."""

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        who = type(self).__name__
        size = arguments["output_size"]
        sizes = tuple(size) if isinstance(size, (list, tuple)) else (size,) * self.rank
        if len(sizes) != self.rank or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in sizes):
            raise ValueError(f"{who} expects output_size to be {self.rank} positive integers, or one, got {size!r}")
        arguments["output_size"] = sizes
        arguments["data_format"] = config.checked_data_format(who, arguments["data_format"])
        super().__fastnn_store_arguments__(arguments)

    def call(self, inputs: Any) -> Any:
        """Returns the pooled input."""
        if len(inputs.shape) != self.rank + 2:
            raise ValueError(f"{title(self)} expects inputs of {self.rank + 2} axes, got shape {tuple(inputs.shape)}")
        return type(self).__fastnn_pools__(inputs, self.output_size, self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the output for a shape of the input, both with the batch."""
        sizes = tuple(self.output_size)  # type: ignore[arg-type]
        if self.data_format == "channels_first":
            return (*input_shape[:2], *sizes)
        return (input_shape[0], *sizes, input_shape[-1])


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Average pooling layer over sequences that always returns the same size.

    Each output is the mean of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, steps, channels),
    output (batch, output_size, channels).

    Args:
        output_size: Positive integer, length of the output.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveAveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
        array([2., 1.], dtype=float32)
    """

    rank = 1
    __fastnn_pools__ = ops.adaptive_average_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Average pooling layer over images that always returns the same size.

    Each output is the mean of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, height, width, channels),
    output (batch, new_height, new_width, channels).

    Args:
        output_size: Positive integers, height and width of the output; one integer stands for both.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveAveragePooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).ravel()
        array([ 2.5,  4.5, 10.5, 12.5], dtype=float32)
    """

    rank = 2
    __fastnn_pools__ = ops.adaptive_average_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Average pooling layer over volumes that always returns the same size.

    Each output is the mean of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, depth, height, width, channels),
    output (batch, new_depth, new_height, new_width, channels).

    Args:
        output_size: Positive integers, depth, height and width of the output; one integer stands for all.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveAveragePooling3D(1)(np.arange(8.0).reshape(1, 2, 2, 2, 1)).ravel()
        array([3.5], dtype=float32)
    """

    rank = 3
    __fastnn_pools__ = ops.adaptive_average_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Maximum pooling layer over sequences that always returns the same size.

    Each output is the largest element of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, steps, channels),
    output (batch, output_size, channels).

    Args:
        output_size: Positive integer, length of the output.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveMaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel()
        array([3., 2.], dtype=float32)
    """

    rank = 1
    __fastnn_pools__ = ops.adaptive_max_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Maximum pooling layer over images that always returns the same size.

    Each output is the largest element of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, height, width, channels),
    output (batch, new_height, new_width, channels).

    Args:
        output_size: Positive integers, height and width of the output; one integer stands for both.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveMaxPooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).ravel()
        array([ 5.,  7., 13., 15.], dtype=float32)
    """

    rank = 2
    __fastnn_pools__ = ops.adaptive_max_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Maximum pooling layer over volumes that always returns the same size.

    Each output is the largest element of a window of one channel. Window i of n covers the positions from
    floor(i * size / n) to ceil((i + 1) * size / n).

    Shapes: input (batch, depth, height, width, channels),
    output (batch, new_depth, new_height, new_width, channels).

    Args:
        output_size: Positive integers, depth, height and width of the output; one integer stands for all.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `output_size` is out of its range.

    Example:
        >>> layers.AdaptiveMaxPooling3D(1)(np.arange(8.0).reshape(1, 2, 2, 2, 1)).ravel()
        array([7.], dtype=float32)
    """

    rank = 3
    __fastnn_pools__ = ops.adaptive_max_pool

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
