"""Ids turned into vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.contract import title
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


class Embedding(NodeLayer):
    """A learned vector for each id: row `x` of `embeddings`.

    Shapes: (batch, ...) whole numbers from 0 to input_dim - 1 -> (batch, ..., output_dim); `embeddings` is
    (input_dim, output_dim).

    Args:
        input_dim: How many ids there are: the largest and 1.
        output_dim: The length of a vector.
        embeddings_initializer: The vectors' first values.
        embeddings_regularizer: A penalty on all vectors.
        embeddings_constraint: What is imposed on the vectors after each update.
        mask_zero: Whether id 0 stands for "nothing here", which layers that know masks then pass over.
        weights: The vectors' first values as an array (input_dim, output_dim), or a list of that array.
        lora_rank: Not supported; None.
        lora_alpha: Not supported; None.
        quantization_config: Not supported; None.
        input_length: Taken for older scripts' sake; it says nothing.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `input_dim` or `output_dim` is no whole number of at least 1, `weights` has another shape, or an
            argument that is not supported was given.

    Example:
        >>> Embedding(1000, 16)(np.array([[4, 7, 0]])).shape
        (1, 3, 16)
    """

    keras_newer_arguments = {
        "weights": None, "input_length": None, "lora_alpha": None, "quantization_config": None,
    }  # fmt: skip
    kind = "Embedding"
    input_dtype = None
    embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        *,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if getattr(self, name) is not None:
                raise ValueError(f"{title(self)} does not support {name}; leave it at None")
        if self._first is not None and self._first.shape != (input_dim, output_dim):
            raise ValueError(
                f"{title(self)} expects weights of shape {(input_dim, output_dim)}, got {self._first.shape}"
            )

    # `weights` is an argument, but no attribute of that name: there a layer has its variables.

    def store_arguments(self, arguments: dict[str, Any]) -> None:
        given = arguments.pop("weights", None)
        if isinstance(given, (list, tuple)) and len(given) == 1:
            given = given[0]
        self._first: NDArray[np.float32] | None = None if given is None else np.array(given, dtype=np.float32)
        super().store_arguments(arguments)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """With `mask_zero`, where the ids are not 0."""
        return operators["cast"](inputs, "bool") if self.mask_zero else None

    def build(self, input_shape: Any = None) -> None:
        """Makes the vectors; see `Layer.build`."""
        new = not self.built
        super().build(input_shape)
        if new and self._first is not None:
            self.embeddings.assign(self._first)
