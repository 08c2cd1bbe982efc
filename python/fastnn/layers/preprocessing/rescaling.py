"""Layer that scales and shifts its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastnn.engine.arrays import numeric
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer


class Rescaling(NodeLayer):
    """x * scale + offset.

    Shapes: the input's.

    Args:
        scale: A number, or an array that goes with the last axes: one for each channel.
        offset: The same, added after.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: An array does not go with the inputs.

    Example:
        >>> Rescaling(1 / 255)
    """

    kind = "Rescaling"
    supports_masking = True

    def __init__(self, scale: float | ArrayLike, offset: float | ArrayLike = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def core_node(self) -> tuple[str, dict[str, Any]] | None:
        config = {}
        for name in ("scale", "offset"):
            array = numeric(getattr(self, name), f"{title(self)}: {name}")
            config[name] = np.atleast_1d(array).astype(np.float32)
        return self.kind, config
