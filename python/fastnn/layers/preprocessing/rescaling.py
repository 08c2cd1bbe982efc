"""Layer that scales and shifts its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn import config
from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.precision import floatx


class Rescaling(NodeLayer):
    """Layer that scales and shifts its input.

    Computes x * scale + offset.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        scale: Number, or array that is broadcast over the last axes, such as one number for each channel; with the
            setting "channels_first" of `config` its axes come before those of height and width.
        offset: Number or array that is added afterwards.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An array does not fit the input.

    Example:
        >>> layers.Rescaling(0.5, offset=1.0)(np.array([[0.0, 2.0]]))
        array([[1., 2.]], dtype=float32)
    """

    __fastnn_kind__ = "Rescaling"
    supports_masking = True
    scale: float | ArrayLike
    offset: float | ArrayLike

    def __init__(self, scale: float | ArrayLike, offset: float | ArrayLike = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node; None for a layer that passes its input on."""
        made = {}
        for name in ("scale", "offset"):
            array = np.atleast_1d(numeric(getattr(self, name), f"{title(self)}: {name}")).astype(floatx())
            if np.ndim(getattr(self, name)) > 0 and config.image_data_format() == "channels_first":
                array = array.reshape(array.shape + (1,) * (3 - array.ndim))
            made[name] = array
        return self.__fastnn_kind__, made
