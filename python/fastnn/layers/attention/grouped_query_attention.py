"""Attention whose heads share keys and values in groups."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.attention.headed_attention import HeadedAttention
from fastnn.layers.einsum_dense import EinsumDense


class GroupQueryAttention(HeadedAttention):
    """Grouped-query attention layer.

    It is multi-head attention in which several heads of the query share one head of keys and values. With one head of
    keys and values it is multi-query attention, with as many as the query has it is multi-head attention.

    Call it on query and value, and on key where it differs from the value. Further call arguments: `query_mask`,
    `value_mask`, `key_mask`, of shape (batch, steps), which exclude steps (the masks of masked inputs are used by
    default); `attention_mask`, of shape (batch, queries, keys), true where a query may attend; `use_causal_mask`,
    whether a step attends only to itself and earlier steps; `return_attention_scores`, whether to return the attention
    weights too; `training`.

    Shapes: query (batch, queries, n), value and key (batch, keys, m), output (batch, queries, n); attention weights
    (batch, num_query_heads, queries, keys). Weights: kernels (n, num_query_heads, head_dim) for the query, (m,
    num_key_value_heads, head_dim) for key and value and (num_query_heads, head_dim, n) for the output, each with a bias
    if `use_bias`.

    Args:
        head_dim: Positive integer, dimension of a head.
        num_query_heads: Positive integer, number of heads of the query, a multiple of `num_key_value_heads`.
        num_key_value_heads: Positive integer, number of heads of key and value.
        dropout: Number from 0 to 1, probability that an attention weight is dropped in training.
        use_bias: Whether the projections add a bias.
        sliding_window: Positive integer: a step attends only to steps less than this far away; None means no limit.
        flash_attention: True refuses what flash attention has not, dropout and the attention weights; without effect
            otherwise.
        kernel_initializer: Initializer of all kernels.
        bias_initializer: Initializer of all biases.
        kernel_regularizer: Regularizer of the kernels, or None.
        bias_regularizer: Regularizer of the biases, or None.
        activity_regularizer: Regularizer of the outputs of the projections, or None.
        kernel_constraint: Constraint applied to the kernels after each update, or None.
        bias_constraint: Constraint applied to the biases after each update, or None.
        use_gate: Whether the output of the heads is multiplied by the sigmoid of one more projection of the query.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: A size is not a positive integer, the numbers of heads do not fit, or `flash_attention` is combined
            with `dropout` or `return_attention_scores`.

    References:
        - Ainslie, Lee-Thorp, de Jong, Zemlyanskiy, Lebrón, Sanghai, "GQA: Training Generalized Multi-Query Transformer
          Models from Multi-Head Checkpoints", 2023.

    Example:
        >>> x = np.ones((2, 5, 8))
        >>> layers.GroupQueryAttention(4, num_query_heads=6, num_key_value_heads=2)(x, x).shape
        (2, 5, 8)
    """

    __fastnn_keras_class__ = "GroupedQueryAttention"
    __fastnn_keras_newer_arguments__ = {
        "seed": None, "sliding_window": None, "flash_attention": None, "use_gate": False,
    }  # fmt: skip
    head_dim: int
    num_query_heads: int
    num_key_value_heads: int
    # Private as in Keras, since files name them so.
    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _gate_dense: EinsumDense
    _output_dense: EinsumDense

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._begin(("head_dim", "num_query_heads", "num_key_value_heads"), ("sliding_window",))
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{title(self)} expects num_query_heads to be a multiple of num_key_value_heads, got {num_query_heads} "
                f"and {num_key_value_heads}"
            )

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:  # type: ignore[override]
        """Creates the projections.

        Args:
            query_shape: Shape (batch, queries, n) of the query.
            value_shape: Shape (batch, keys, m) of the value.
            key_shape: Shape of the key; None means that of the value.

        Raises:
            ValueError: A shape does not have three axes.
        """
        if value_shape is None:
            raise TypeError(f"{title(self)} is called with a query and a value, layer(query, value); got a query alone")
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3 or shape[-1] is None:
                raise ValueError(f"{title(self)} expects a {name} of (batch, steps, size), got {tuple(shape)}")
        equation, size = "abx,xyz->abyz", self.head_dim
        of_query, of_key = (None, self.num_query_heads, size), (None, self.num_key_value_heads, size)
        self._query_dense = self._projection("query", equation, "yz", of_query, query_shape)
        self._key_dense = self._projection("key", equation, "yz", of_key, key_shape)
        if self.use_gate:
            self._gate_dense = self._projection("gate", equation, "yz", of_query, query_shape, "sigmoid")
        self._value_dense = self._projection("value", equation, "yz", of_key, value_shape)
        heads = (*query_shape[:-1], self.num_query_heads, size)
        self._output_dense = self._projection("attention_output", "abxy,xyz->abz", "z", (None, query_shape[-1]), heads)
        self.built = True

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:  # type: ignore[override]
        """Returns the shape of the output: that of the query.

        Raises:
            ValueError: The sizes of query and value differ, or there are not as many keys as values.
        """
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(f"{title(self)} expects query and value of one size, got {query_shape} and {value_shape}")
        if key_shape is not None and value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(f"{title(self)} expects as many keys as values, got {key_shape} and {value_shape}")
        return tuple(query_shape)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns the output, with `return_attention_scores` a tuple of the output and the attention weights.

        Args:
            query: Tensor (batch, queries, n).
            value: Tensor (batch, keys, m).
            key: Tensor (batch, keys, m); None means the value.
            query_mask: Tensor (batch, queries), true at the steps that count, or None.
            value_mask: Tensor (batch, keys), true at the steps that count, or None.
            key_mask: Tensor (batch, keys), true at the steps that count, or None.
            attention_mask: Tensor (batch, queries, keys), true where a query may attend, or None.
            return_attention_scores: Whether to return the attention weights (batch, heads, queries, keys) too.
            training: Whether to apply dropout; None means as the model runs.
            use_causal_mask: Whether a step attends only to itself and earlier steps.

        Returns:
            A tensor (batch, queries, n), or a tuple of it and the weights.
        """
        self._check_scored(return_attention_scores)
        each = self.num_query_heads // self.num_key_value_heads
        shared = [self._value_dense(value), self._key_dense(value if key is None else key)]
        tensors = [self._query_dense(query), *(one if each == 1 else ops.repeat(one, each, 2) for one in shared)]
        masks = {
            "query_mask": query_mask, "value_mask": value_mask, "key_mask": key_mask, "attention_mask": attention_mask,
        }  # fmt: skip
        heads, scores = self._attended(
            self.head_dim, tensors, masks, training, use_causal_mask, return_attention_scores
        )
        if self.use_gate:
            heads = ops.multiply(heads, self._gate_dense(query))
        output = self._output_dense(heads)
        return (output, scores) if return_attention_scores else output
