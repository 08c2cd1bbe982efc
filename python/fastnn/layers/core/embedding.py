"""Layer that maps integers to learned vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.constraints import Constraint
from fastnn.engine.contract import state_of, title
from fastnn.layers.low_rank import Adapted
from fastnn.layers.quantization import QuantizableNode, held_in
from fastnn.regularizers import Regularizer
from fastnn.symbolic.tensors import operators


class Embedding(QuantizableNode):
    """Layer that maps integers to learned vectors.

    Integer i becomes row i of `embeddings`.

    Shapes: input (batch, ...) of integers from 0 to input_dim - 1, output (batch, ..., output_dim). Weights:
    `embeddings` (input_dim, output_dim).

    Args:
        input_dim: Positive integer, number of distinct integers: the largest plus 1.
        output_dim: Positive integer, dimension of the vectors.
        embeddings_initializer: Initializer of `embeddings`.
        embeddings_regularizer: Regularizer of `embeddings`, or None.
        embeddings_constraint: Constraint applied to `embeddings` after each update, or None.
        mask_zero: Whether 0 is a padding value: the output then has a mask that leaves it out, and layers that support
            masks skip these steps.
        weights: Initial value of `embeddings`, an array of shape (input_dim, output_dim) or a list of that array; None
            means the initializer.
        lora_rank: Rank of an adaptation of the embeddings, which are then frozen (see `enable_lora`), or None.
        lora_alpha: The adaptation is multiplied by lora_alpha / lora_rank; None means `lora_rank`.
        quantization_config: An `Int8QuantizationConfig` for a layer with the policy "int8_from_float32", or None.
        input_length: Accepted for Keras compatibility; ignored.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `input_dim` or `output_dim` is not a positive integer, `weights` has another shape, or an
            unsupported argument is given.

    References:
        - Bengio, Ducharme, Vincent, Jauvin, "A Neural Probabilistic Language Model", 2003.

    Example:
        >>> layer = layers.Embedding(3, 2, weights=[[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]])
        >>> layer(np.array([[2, 0]])).tolist()
        [[[2.0, 2.5], [0.0, 0.5]]]
    """

    __fastnn_keras_newer_arguments__ = {
        "weights": None, "input_length": None, "lora_rank": None, "lora_alpha": None, "quantization_config": None,
    }  # fmt: skip
    __fastnn_kind__ = "Embedding"
    __fastnn_input_dtype__ = None
    __fastnn_adapts__ = "embeddings"
    __fastnn_width__ = "output_dim"
    embeddings: Any = Adapted()
    input_dim: int
    output_dim: int
    embeddings_initializer: Callable[..., Any]
    embeddings_regularizer: Regularizer | None
    embeddings_constraint: Constraint | None
    mask_zero: bool
    quantization_config: Any
    input_length: int | None

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
        self.supports_masking = mask_zero
        if self._first is not None and self._first.shape != (input_dim, output_dim):
            raise ValueError(
                f"{title(self)} expects weights of shape {(input_dim, output_dim)}, got {self._first.shape}"
            )
        if self._first is not None:
            self.build()

    # `weights` is a property of every layer, so the argument has another name.

    def __fastnn_store_arguments__(self, arguments: dict[str, Any]) -> None:
        """Stores each argument as an attribute. Only arguments stored here are part of the config."""
        given = arguments.pop("weights", None)
        if isinstance(given, (list, tuple)) and len(given) == 1:
            given = given[0]
        self._first: NDArray[np.float32] | None = None if given is None else np.array(given, dtype=np.float32)
        super().__fastnn_store_arguments__(arguments)

    def __fastnn_summed_axes__(self) -> tuple[int, ...]:
        """Returns the axes of the table whose elements have one scale together: those of a row."""
        return (1,)

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node of floats."""
        node = super().__fastnn_core_node__()
        assert node is not None
        return node[0], {**node[1], **held_in(self)}

    def __fastnn_quantized_node__(self) -> tuple[str, dict[str, Any]]:
        """Returns the kind and the config of the node of integers."""
        return "QuantizedEmbedding", {"input_dim": self.input_dim, "output_dim": self.output_dim}

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns, with `mask_zero`, the mask that is true where the integers are not 0, or else None."""
        return operators["cast"](inputs, "bool") if self.mask_zero else None

    def build(self, input_shape: Any = None) -> None:
        """Creates `embeddings`, for inputs of any shape."""
        new = not self.built
        super().build((None,) if input_shape is None else input_shape)
        if input_shape is None:
            state_of(self).build_shape = None
        if new and self._first is not None:
            self.__fastnn_adapted__().assign(self._first)
