"""Embedding that also maps vectors back to integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.contract import state_of, title
from fastnn.layers.core.embedding import Embedding
from fastnn.layers.quantization import held_in
from fastnn.precision import floatx
from fastnn.quantizers import AbsMaxQuantizer
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


class ReversibleEmbedding(Embedding):
    """Layer that maps integers to learned vectors, and with `reverse` vectors to one logit for each integer.

    Shapes: input (batch, ...) of integers, output (batch, ..., output_dim); with `reverse=True` input (batch, ...,
    output_dim), output (batch, ..., input_dim). Weights: `embeddings` (input_dim, output_dim); without `tie_weights`
    `reverse_embeddings` (output_dim, input_dim).

    Args:
        input_dim: Positive integer, number of distinct integers: the largest plus 1.
        output_dim: Positive integer, dimension of the vectors.
        tie_weights: Whether the logits are computed with `embeddings`, transposed.
        embeddings_initializer: Initializer of both weights.
        embeddings_regularizer: Regularizer of `embeddings`, or None.
        embeddings_constraint: Constraint applied to `embeddings` after each update, or None.
        mask_zero: Whether 0 is a padding value: the output then has a mask that leaves it out.
        reverse_dtype: Type in which logits are computed: "float32" or None.
        logit_soft_cap: Number above 0: logits x become cap * tanh(x / cap); None means no limit.
        **kwargs: Arguments of `Embedding`, such as `name`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> layer = layers.ReversibleEmbedding(3, 2)
        >>> vectors = layer(np.array([[2, 0]]))
        >>> layer(vectors, reverse=True).shape
        (1, 2, 3)
    """

    __fastnn_keras_newer_arguments__ = {"weights": None, "input_length": None}
    lora_rank = lora_alpha = quantization_config = input_length = None
    reverse_embeddings_scale: Variable
    tie_weights: bool
    reverse_dtype: Any
    logit_soft_cap: float | None
    reverse_embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(input_dim, output_dim, **kwargs)
        if logit_soft_cap is not None and logit_soft_cap <= 0:
            raise ValueError(f"{title(self)} expects logit_soft_cap above 0, got {logit_soft_cap!r}")

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights, for inputs of any shape."""
        new = not self.built
        super().build(input_shape)
        if new and not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
                held_in(self).get("held"),
                name="reverse_embeddings",
            )
            if self.quantization_mode is not None:
                self._replace_reverse(np.zeros(self.reverse_embeddings.shape), np.ones(self.input_dim))

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node, which knows nothing of the way back."""
        node = super().__fastnn_core_node__()
        assert node is not None
        own = ("tie_weights", "reverse_dtype", "logit_soft_cap")
        return node[0], {name: value for name, value in node[1].items() if name not in own}

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Makes integers of the embeddings and of the weights of the way back, in place.

        Args:
            mode: As in `Embedding`.
            type_check: As in `Embedding`.
            config: As in `Embedding`; a quantizer of weights works on `embeddings`.
        """
        super().quantize(mode, type_check, config)
        if not self.tie_weights:
            integers, scale = AbsMaxQuantizer(axis=0)(self.reverse_embeddings.numpy())
            self._replace_reverse(integers, scale[0])

    def _replace_reverse(self, integers: Any, scale: Any) -> None:
        """Puts integers and scales in the place of the weight of the way back."""
        state, whole = state_of(self), self.reverse_embeddings
        state.variables.remove(whole)
        state.learned[:] = [variable for variable in state.learned if variable is not whole]
        name = f"{self.name}/reverse_embeddings"
        self.reverse_embeddings = Variable(integers, dtype="int8", trainable=False, name=name)
        self.reverse_embeddings_scale = Variable(scale, dtype="float32", trainable=False, name=f"{name}_scale")
        state.variables += [self.reverse_embeddings, self.reverse_embeddings_scale]

    def _in_file(self) -> list[Variable]:
        """Returns the variables that files hold, in order."""
        back = [] if self.tie_weights else [self.reverse_embeddings]
        if back and self.quantization_mode is not None:
            back.append(self.reverse_embeddings_scale)
        return [*super()._in_file(), *back]

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Returns the vectors of integers, or with `reverse` the logits of vectors."""
        if not reverse:
            return super().call(inputs)
        logits = self._logits(ops.cast(inputs, floatx()))
        return logits if self.logit_soft_cap is None else self.logit_soft_cap * ops.tanh(logits / self.logit_soft_cap)

    def _logits(self, inputs: Any) -> Any:
        """Returns the products of vectors with the weights of the way back."""
        whole = self.__fastnn_adapted__() if self.tie_weights else self.reverse_embeddings
        if self.quantization_mode is None:
            return ops.matmul(inputs, ops.transpose(whole) if self.tie_weights else whole)
        scale = self.__fastnn_scale__() if self.tie_weights else self.reverse_embeddings_scale
        config = {
            **self.__fastnn_product__(self.output_dim), "output_shape": [self.input_dim], "use_bias": False,
            "transposed": self.tie_weights,
        }  # fmt: skip
        return operators["node"]("QuantizedDense", config, [inputs], self.name, [whole, scale])
