"""Layers that enlarge sequences, images and volumes by integer factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer
from fastnn.layers.windowed import Windowed


class UpSampling1D(NodeLayer):
    """Layer that repeats each step of sequences.

    Shapes: input (batch, steps, channels), output (batch, steps * size, channels).

    Args:
        size: Positive integer, number of repetitions of each step.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]])).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    __fastnn_kind__ = "UpSampling1D"
    size: int

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=3)


class UpSampling2D(Windowed):
    """Layer that enlarges images by integer factors.

    Each pixel is repeated, or interpolated between its neighbors; pixel i covers the interval from i to i + 1, with its
    center at i + 1/2.

    Shapes: input (batch, height, width, channels), output (batch, height * size[0], width * size[1], channels).

    Args:
        size: Positive integers, factors for height and width; one integer stands for both.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.UpSampling2D(2)(np.array([[[[1.0], [2.0]]]]))[0, :, :, 0]
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.]], dtype=float32)
    """

    __fastnn_kind__ = "UpSampling2D"
    rank = 2
    size: tuple[int, ...]
    interpolation: str

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        word = self.interpolation
        return self.__fastnn_kind__, {
            "size": self.size,
            "interpolation": word.lower() if isinstance(word, str) else word,
        }


class UpSampling3D(Windowed):
    """Layer that repeats each voxel of volumes.

    Shapes: input (batch, depth, height, width, channels), output (batch, depth * size[0], height * size[1], width *
    size[2], channels).

    Args:
        size: Positive integers, factors for depth, height and width; one integer stands for all.
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layers.UpSampling3D((1, 2, 2))(np.ones((1, 2, 3, 4, 1))).shape
        (1, 2, 6, 8, 1)
    """

    __fastnn_kind__ = "UpSampling3D"
    rank = 3
    size: tuple[int, ...]

    def __init__(self, size: int | Sequence[int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
