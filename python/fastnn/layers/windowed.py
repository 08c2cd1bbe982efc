"""Base of the layers with one number for each axis, such as `kernel_size`.

Owns how these arguments are stored: one integer becomes a tuple, as in Keras (`Conv2D(8, 3).kernel_size` is (3, 3)).
The core checks their values.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy as np

from fastnn.engine.layer import Layer

_PER_AXIS = ("kernel_size", "strides", "dilation_rate", "output_padding", "pool_size", "size")


class Windowed(Layer):
    """Base of the layers with one number for each axis: convolutions, pooling and up-sampling.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    rank: ClassVar[int]
    """Number of axes between the batch and the channels."""

    @classmethod
    def _kept(cls, name: str, value: Any) -> Any:
        if name in _PER_AXIS and isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            return (int(value),) * cls.rank
        return value.lower() if name == "padding" and isinstance(value, str) else value

    def _store(self, arguments: dict[str, Any]) -> None:
        arguments = {name: self._kept(name, value) for name, value in arguments.items()}
        if "pool_size" in arguments and arguments["strides"] is None:
            arguments["strides"] = arguments["pool_size"]
        super()._store(arguments)

    @classmethod
    def _signature(cls) -> inspect.Signature:
        # Defaults are converted too, so that `repr` shows only arguments that differ from them.
        signature = super()._signature()
        kept = [p.replace(default=cls._kept(p.name, p.default)) for p in signature.parameters.values()]
        return signature.replace(parameters=kept)
