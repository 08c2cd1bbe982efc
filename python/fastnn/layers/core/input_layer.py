"""Where data enters a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.arrays import edge_dtype
from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor


class InputLayer(NodeLayer):
    """Says the shape of what a model is given; it computes nothing.

    Args:
        shape: Of one sample, without the batch: (28, 28, 1).
        batch_size: Taken for Keras' sake; batches may have any size.
        dtype: "float32", "int32" or "bool", to which data are converted; None: "float32".
        name: A name, or None.
        **kwargs: `batch_shape` or `input_shape` in place of `shape`.

    Raises:
        ValueError: No shape is given.
    """

    __fastnn_is_entry__ = True
    keras_builds_itself = True
    keras_ignored_arguments = {"sparse": False, "ragged": False, "optional": False}

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if shape is not None:
            kwargs["input_shape"] = shape
        fixed = kwargs.get("batch_shape", kwargs.get("batch_input_shape"))
        super().__init__(name=name or None, **kwargs)
        self.batch_size = fixed[0] if batch_size is None and fixed is not None else batch_size
        self.dtype = edge_dtype(dtype, title(self))
        if self.batch_input_shape is None:
            raise ValueError(f"{title(self)} expects a shape, such as Input(shape=(28, 28, 1))")
        self.shape = self.batch_input_shape
        self.build(self.shape)
        Call(self, Arguments((), {}), [(self.shape, self.dtype)])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        Call(self, Arguments((), {}), [(self.shape, self.dtype)])

    def get_config(self) -> dict[str, Any]:
        """The shape with the batch, from which `from_config` makes an equal one."""
        return {"batch_shape": list(self.shape), "dtype": self.dtype, "name": self.name}


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> KerasTensor:
    """A symbolic tensor: what stands for the data that a model will be given.

    Args:
        shape: Of one sample, without the batch: (28, 28, 1).
        batch_size: Taken for Keras' sake; batches may have any size.
        dtype: "float32", "int32" or "bool"; None: "float32".
        name: A name, or None.
        batch_shape: The shape with the batch, in place of `shape`.

    Returns:
        What layers are called on, and what may stand first in a Sequential's list.

    Example:
        >>> x = Input(shape=(784,))
        >>> model = Model(x, Dense(10, activation="softmax")(x))
        >>> Sequential([Input(shape=(784,)), Dense(10, activation="softmax")])
    """
    if batch_shape is not None:
        layer = InputLayer(batch_size=batch_size, dtype=dtype, name=name, batch_shape=batch_shape)
    else:
        layer = InputLayer(shape, batch_size, dtype, name)
    tensor: KerasTensor = layer.output
    return tensor
