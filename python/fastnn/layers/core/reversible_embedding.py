"""Embedding that also maps vectors back to integers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.core.embedding import Embedding
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
                (self.output_dim, self.input_dim), self.embeddings_initializer, name="reverse_embeddings"
            )

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node, which knows nothing of the way back."""
        node = super().__fastnn_core_node__()
        assert node is not None
        own = ("tie_weights", "reverse_dtype", "logit_soft_cap")
        return node[0], {name: value for name, value in node[1].items() if name not in own}

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Returns the vectors of integers, or with `reverse` the logits of vectors."""
        if not reverse:
            # The node of an embedding reads one weight, so a second one wants a function.
            return super().call(inputs) if self.tie_weights else ops.take(self.embeddings, inputs, 0)
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        logits = ops.matmul(ops.cast(inputs, "float32"), kernel)
        return logits if self.logit_soft_cap is None else self.logit_soft_cap * ops.tanh(logits / self.logit_soft_cap)
