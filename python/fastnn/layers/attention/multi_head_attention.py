"""Multi-head attention.

This file owns the projections, which are layers. The attention of the heads is one node of the core.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fastnn import _core
from fastnn.constraints import Constraint
from fastnn.engine.contract import title
from fastnn.layers.attention.scored_attention import attend
from fastnn.layers.einsum_dense import EinsumDense
from fastnn.layers.projection import Projecting
from fastnn.regularizers import Regularizer
from fastnn.seeds import next_seed
from fastnn.symbolic.tensors import operators


class MultiHeadAttention(Projecting):
    """Multi-head attention layer.

    Each head h projects query, key and value and computes softmax(query_h @ key_h^T / sqrt(key_dim)) @ value_h; a last
    projection combines the heads. A query that may attend to no value gets the mean of all values.

    Call it on query and value, and on key where it differs from the value. Further call arguments: `query_mask`,
    `value_mask`, `key_mask`, of shape (batch, steps), which exclude steps (the masks of masked inputs are used by
    default); `attention_mask`, of shape (batch, queries, keys), or with an axis of heads after the batch, true where a
    query may attend; `use_causal_mask`, whether a step attends only to itself and earlier steps;
    `return_attention_scores`, whether to return the attention weights too; `training`.

    Shapes: query (batch, queries, n), value and key (batch, keys, m), output (batch, queries, n), or with
    `output_shape` in place of n; attention weights (batch, heads, queries, keys). Weights: kernels (n, heads, key_dim)
    for the query, (m, heads, key_dim) for the key, (m, heads, value_dim) for the value and (heads, value_dim, n) for
    the output, each with a bias if `use_bias`.

    Args:
        num_heads: Positive integer, number of heads.
        key_dim: Positive integer, dimension of a head's queries and keys.
        value_dim: Positive integer, dimension of a head's values; None means `key_dim`.
        dropout: Number from 0 to 1, probability that an attention weight is dropped in training.
        use_bias: Whether the projections add a bias.
        output_shape: Sizes of the output after the steps; None means that of the query.
        attention_axes: Axis of the steps, 1 or None.
        sliding_window: Positive integer: a step attends only to steps less than this far away; None means no limit.
        flash_attention: Accepted for Keras compatibility; ignored.
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
        ValueError: A size is not a positive integer, or the inputs are not sequences that fit together.

    References:
        - Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin, "Attention Is All You Need", 2017.

    Example:
        >>> x = np.ones((2, 5, 8))
        >>> layers.MultiHeadAttention(num_heads=4, key_dim=16)(x, x, use_causal_mask=True).shape
        (2, 5, 8)
    """

    keras_newer_arguments = {
        "seed": None, "sliding_window": None, "flash_attention": None, "use_gate": False,
    }  # fmt: skip
    supports_masking = True
    num_heads: int
    key_dim: int
    value_dim: int | None
    dropout: float
    use_bias: bool
    attention_axes: int | Sequence[int] | None
    sliding_window: int | None
    flash_attention: bool | None
    kernel_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    bias_constraint: Constraint | None
    use_gate: bool
    seed: int | None
    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    gate_dense: EinsumDense
    output_dense: EinsumDense

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name in ("num_heads", "key_dim", "value_dim", "sliding_window"):
            size = getattr(self, name)
            absent = size is None and name in ("value_dim", "sliding_window")
            if not absent and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
                raise ValueError(f"{title(self)} expects {name} to be a positive integer, got {size!r}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"{title(self)} expects dropout from 0 to 1, got {dropout!r}")
        if attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(
                f"{title(self)} attends along axis 1, the steps of (batch, steps, size), got "
                f"attention_axes={attention_axes!r}; bring the axis there with Permute"
            )
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _projection(self, word: str, equation: str, sizes: Sequence[int | None], activation: Any = None) -> EinsumDense:
        def anew(initializer: Any) -> Any:
            # Each kernel gets a copy: with a seed all are equal, without one each draws a seed of its own.
            config = initializer.get_config() if hasattr(initializer, "get_config") else None
            return initializer if config is None else type(initializer).from_config(config)

        new = equation.partition("->")[2][2:]
        made = EinsumDense(
            equation,
            sizes,
            activation,
            new if self.use_bias else None,
            anew(self.kernel_initializer),
            anew(self.bias_initializer),
            self.kernel_regularizer,
            self.bias_regularizer,
            self.kernel_constraint,
            self.bias_constraint,
            activity_regularizer=self.activity_regularizer,
            name=word,
        )
        made.supports_masking = True  # The axis of steps is kept.
        return made

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:  # type: ignore[override]
        """Creates the projections.

        Args:
            query_shape: Shape (batch, queries, n) of the query.
            value_shape: Shape (batch, keys, m) of the value.
            key_shape: Shape of the key; None means that of the value.

        Raises:
            ValueError: A shape does not have three axes, or value and key differ in their number of steps.
        """
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3 or shape[-1] is None:
                raise ValueError(f"{title(self)} expects a {name} of (batch, steps, size), got {tuple(shape)}")
        if value_shape[1] != key_shape[1]:
            raise ValueError(
                f"{title(self)} expects a value and a key with equal numbers of steps, got {tuple(value_shape)} and "
                f"{tuple(key_shape)}"
            )
        heads, width = self.num_heads, self.value_dim or self.key_dim
        self.query_dense = self._projection("query", "abc,cde->abde", (None, heads, self.key_dim))
        self.query_dense.build(query_shape)
        self.key_dense = self._projection("key", "abc,cde->abde", (None, heads, self.key_dim))
        self.key_dense.build(key_shape)
        if self.use_gate:
            self.gate_dense = self._projection("gate", "abc,cde->abde", (None, heads, width), "sigmoid")
            self.gate_dense.build(query_shape)
        self.value_dense = self._projection("value", "abc,cde->abde", (None, heads, width))
        self.value_dense.build(value_shape)
        sizes = (query_shape[-1],) if self._sizes is None else self._sizes
        letters = "efghijklmnop"[: len(sizes)]
        self.output_dense = self._projection("attention_output", f"abcd,cd{letters}->ab{letters}", (None, *sizes))
        self.output_dense.build((None, query_shape[1], heads, width))
        self.built = True

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:  # type: ignore[override]
        """Returns the shape of the output: that of the query, with `output_shape` in place of its last size.

        Args:
            query_shape: Shape (batch, queries, n) of the query.
            value_shape: Shape of the value; ignored.
            key_shape: Shape of the key; ignored.

        Returns:
            A tuple.
        """
        return tuple(query_shape) if self._sizes is None else (*query_shape[:-1], *self._sizes)

    def add_output_penalty(self, emission: Any, edges: list[int]) -> list[int]:
        """Adds the penalty on the outputs; returns the output edges."""
        return edges  # The projections add the penalty.

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
            attention_mask: Tensor (batch, queries, keys) or (batch, heads, queries, keys), true where a query may
                attend, or None.
            return_attention_scores: Whether to return the attention weights (batch, heads, queries, keys) too.
            training: Whether to apply dropout; None means as the model runs.
            use_causal_mask: Whether a step attends only to itself and earlier steps.

        Returns:
            A tensor (batch, queries, n), or a tuple of it and the weights.
        """
        key = value if key is None else key
        tensors = [self.query_dense(query), self.value_dense(value), self.key_dense(key)]
        config = {
            "factor": 1.0 / math.sqrt(self.key_dim),
            "dropout": self.dropout if training else 0.0,
            "use_causal_mask": use_causal_mask,
            "sliding_window": self.sliding_window,
            "return_attention_scores": return_attention_scores,
        }
        masks = {
            "query_mask": query_mask,
            "value_mask": value_mask,
            "key_mask": key_mask,
            "attention_mask": attention_mask,
        }
        made = attend(self, "MultiHeadAttention", config, tensors, masks, (), self.stream)
        heads, *scores = made if return_attention_scores else [made]
        if self.use_gate:
            heads = operators["multiply"](heads, self.gate_dense(query))
        output = self.output_dense(heads)
        return (output, *scores) if return_attention_scores else output
