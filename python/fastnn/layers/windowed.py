"""Base of the layers with one number for each axis, such as `kernel_size`.

Owns how these arguments are stored: one integer becomes a tuple, as in Keras (`Conv2D(8, 3).kernel_size` is (3, 3)).
The core checks their values.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from fastnn.engine.input_spec import InputSpec
from fastnn.engine.node_layer import NodeLayer

_PER_AXIS = ("kernel_size", "strides", "dilation_rate", "output_padding", "pool_size", "size")


def for_each_axis(name: str, value: Any, rank: int) -> Any:
    """Returns an argument of a window as it is stored: one number for each of `rank` axes, padding in lower case."""
    if name in _PER_AXIS and isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return (int(value),) * rank
    return value.lower() if name == "padding" and isinstance(value, str) else value


class Windowed(NodeLayer):
    """Base of the layers with one number for each axis: convolutions, pooling and up-sampling.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    rank: ClassVar[int]
    """Number of axes between the batch and the channels."""
    data_format: str

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return InputSpec(ndim=type(self).rank + 2)

    @classmethod
    def __fastnn_convert_argument__(cls, name: str, value: Any) -> Any:
        """Returns an argument as it is stored: a single number for each dimension of a window."""
        return super().__fastnn_convert_argument__(name, for_each_axis(name, value, cls.rank))
