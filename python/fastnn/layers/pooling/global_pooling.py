"""Pooling over all positions of a sequence, an image or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer


class _GlobalPooling(NodeLayer):
    __fastnn_built_at_once__ = True
    rank: ClassVar[int]
    data_format: str
    keepdims: bool

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=type(self).rank + 2)


class GlobalMaxPooling1D(_GlobalPooling):
    """Global maximum pooling layer over sequences.

    Each output is the maximum of one channel over all steps.

    Shapes: input (batch, steps, channels), output (batch, channels), or (batch, 1, channels) with `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether the axis of steps stays, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    Example:
        >>> layers.GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [0.0]]]))
        array([[3.]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalMaxPooling1D"
    rank = 1


class GlobalMaxPooling2D(_GlobalPooling):
    """Global maximum pooling layer over images.

    Each output is the maximum of one channel over all positions.

    Shapes: input (batch, height, width, channels), output (batch, channels), or (batch, 1, 1, channels) with
    `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether height and width stay, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    Example:
        >>> layers.GlobalMaxPooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))
        array([[15.]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalMaxPooling2D"
    rank = 2


class GlobalMaxPooling3D(_GlobalPooling):
    """Global maximum pooling layer over volumes.

    Each output is the maximum of one channel over all positions.

    Shapes: input (batch, depth, height, width, channels), output (batch, channels), or (batch, 1, 1, 1, channels) with
    `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether depth, height and width stay, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    Example:
        >>> layers.GlobalMaxPooling3D()(np.arange(64.0).reshape(1, 4, 4, 4, 1))
        array([[63.]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalMaxPooling3D"
    rank = 3


class GlobalAveragePooling1D(_GlobalPooling):
    """Global average pooling layer over sequences.

    Each output is the mean of one channel over all steps. Where the input has a mask, only the steps that it keeps
    count; the mean of none is 0.

    Shapes: input (batch, steps, channels), output (batch, channels), or (batch, 1, channels) with `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether the axis of steps stays, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    Example:
        >>> layers.GlobalAveragePooling1D()(np.array([[[1.0], [3.0], [2.0], [0.0]]]))
        array([[1.5]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalAveragePooling1D"
    rank = 1
    supports_masking = True
    __fastnn_makes_masks__ = False
    __fastnn_call_arguments__ = ("inputs", "mask")

    def __fastnn_add_masked_node__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None]
    ) -> list[int]:
        """Adds the node to a graph; a layer that reads masks adds more, or another."""
        if masks[0] is None:
            return self.__fastnn_add_core_node__(emission, edges)
        return emission.add(
            self, self.__fastnn_kind__, {"keepdims": self.keepdims, "masked": True}, [edges[0], masks[0]]
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns None: the output has no axis of steps."""
        return None


class GlobalAveragePooling2D(_GlobalPooling):
    """Global average pooling layer over images.

    Each output is the mean of one channel over all positions.

    Shapes: input (batch, height, width, channels), output (batch, channels), or (batch, 1, 1, channels) with
    `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether height and width stay, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    References:
        - Lin, Chen, Yan, "Network In Network", 2014.

    Example:
        >>> layers.GlobalAveragePooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))
        array([[7.5]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalAveragePooling2D"
    rank = 2


class GlobalAveragePooling3D(_GlobalPooling):
    """Global average pooling layer over volumes.

    Each output is the mean of one channel over all positions.

    Shapes: input (batch, depth, height, width, channels), output (batch, channels), or (batch, 1, 1, 1, channels) with
    `keepdims`.

    Args:
        data_format: "channels_last" or "channels_first"; None: `config.image_data_format()`.
        keepdims: Whether depth, height and width stay, with size 1.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `data_format` is unknown, or the input has another rank.

    Example:
        >>> layers.GlobalAveragePooling3D()(np.arange(64.0).reshape(1, 4, 4, 4, 1))
        array([[31.5]], dtype=float32)
    """

    __fastnn_kind__ = "GlobalAveragePooling3D"
    rank = 3


GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
