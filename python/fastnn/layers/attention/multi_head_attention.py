"""Multi-head attention.

This file owns the projections, which are layers. The attention of the heads is one node of the core.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.contract import title
from fastnn.layers.attention.any_rank import AttendedAxes, causal_mask, dot_scores, joined_masks, mean_by_scores
from fastnn.layers.attention.headed_attention import HeadedAttention
from fastnn.layers.einsum_dense import EinsumDense
from fastnn.layers.projection import Projecting
from fastnn.symbolic.tensors import is_symbolic, operators


class MultiHeadAttention(HeadedAttention, Projecting):
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
        attention_axes: Axis along which to attend, or several; None means all between the batch and the last.
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
        ValueError: A size is not a positive integer, the inputs are not sequences that fit together, or
            `flash_attention` is combined with `dropout` or `return_attention_scores`.

    References:
        - Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin, "Attention Is All You Need", 2017.

    Example:
        >>> x = np.ones((2, 5, 8))
        >>> layers.MultiHeadAttention(num_heads=4, key_dim=16)(x, x, use_causal_mask=True).shape
        (2, 5, 8)
    """

    __fastnn_keras_newer_arguments__ = {
        "seed": None, "sliding_window": None, "flash_attention": None, "use_gate": False,
    }  # fmt: skip
    num_heads: int
    key_dim: int
    value_dim: int | None
    attention_axes: int | Sequence[int] | None
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
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._begin(("num_heads", "key_dim"), ("value_dim", "sliding_window"))
        axes = [attention_axes] if isinstance(attention_axes, int) else attention_axes
        if axes is not None and any(isinstance(axis, bool) or not isinstance(axis, int) or not axis for axis in axes):
            raise ValueError(f"{title(self)} expects attention_axes other than the batch, got {attention_axes!r}")
        self._axes = None if axes is None else list(axes)
        if isinstance(attention_axes, int):
            self.attention_axes = (attention_axes,)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:  # type: ignore[override]
        """Creates the projections.

        Args:
            query_shape: Shape (batch, queries, n) of the query.
            value_shape: Shape (batch, keys, m) of the value.
            key_shape: Shape of the key; None means that of the value.

        Raises:
            ValueError: A shape does not have three axes, or value and key differ in their number of steps.
        """
        if value_shape is None:
            raise TypeError(f"{title(self)} is called with a query and a value, layer(query, value); got a query alone")
        key_shape = value_shape if key_shape is None else key_shape
        rank = len(query_shape)
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != rank or rank < 3 or shape[-1] is None:
                raise ValueError(
                    f"{title(self)} expects a {name} of (batch, steps, size), with more axes between them in all "
                    f"inputs or in none, got {tuple(shape)}"
                )
        self._check_steps(value_shape, key_shape)
        heads, width = self.num_heads, self.value_dim or self.key_dim
        kept = "abcdefghijkl"[: rank - 1]
        free: list[int | None] = [None] * (rank - 2)

        def projection(word: str, shape: Any, size: int, activation: Any = None) -> EinsumDense:
            equation = f"{kept}x,xyz->{kept}yz"
            return self._projection(word, equation, "yz", (*free, heads, size), shape, activation)

        self.query_dense = projection("query", query_shape, self.key_dim)
        self.key_dense = projection("key", key_shape, self.key_dim)
        if self.use_gate:
            self.gate_dense = projection("gate", query_shape, width, "sigmoid")
        self.value_dense = projection("value", value_shape, width)
        sizes = (query_shape[-1],) if self._sizes is None else self._sizes
        new = "mnopqrstuvw"[: len(sizes)]
        equation = f"{kept}xy,xy{new}->{kept}{new}"
        made = (*query_shape[:-1], heads, width)
        self.output_dense = self._projection("attention_output", equation, new, (*free, *sizes), made)
        self.built = True

    def _check_steps(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{title(self)} expects a value and a key with equal numbers of steps, got {tuple(value_shape)} and "
                f"{tuple(key_shape)}"
            )

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:  # type: ignore[override]
        """Returns the shape of the output: that of the query, with `output_shape` in place of its last size.

        Args:
            query_shape: Shape (batch, queries, n) of the query.
            value_shape: Shape of the value.
            key_shape: Shape of the key; None means that of the value.

        Returns:
            A tuple.

        Raises:
            ValueError: Value and key differ in their number of steps.
        """
        if key_shape is not None:
            self._check_steps(value_shape, key_shape)
        return tuple(query_shape) if self._sizes is None else (*query_shape[:-1], *self._sizes)

    def __call__(self, *args: Any, attention_mask: Any = None, **kwargs: Any) -> Any:
        """Returns the output for arrays or symbolic tensors; see `call` for the arguments."""
        if attention_mask is not None:
            query: Any = args[0] if args else kwargs.get("query")
            batch = None if is_symbolic([*args, *kwargs.values()]) else np.shape(query)[0]
            if batch is not None and not is_symbolic(attention_mask):
                attention_mask = np.asarray(attention_mask)
                attention_mask = attention_mask[None] if attention_mask.ndim == 2 else attention_mask
                kept = attention_mask.shape[1:]
                attention_mask = np.broadcast_to(attention_mask, (max(batch, len(attention_mask)), *kept))
            kwargs["attention_mask"] = attention_mask
        return super().__call__(*args, **kwargs)

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
        self._check_scored(return_attention_scores)
        key = value if key is None else key
        tensors = [self.query_dense(query), self.value_dense(value), self.key_dense(key)]
        masks = {
            "query_mask": query_mask,
            "value_mask": value_mask,
            "key_mask": key_mask,
            "attention_mask": attention_mask,
        }
        in_full = [(query.shape[1], value.shape[1]), (self.num_heads, query.shape[1], value.shape[1])]
        fits = attention_mask is None or tuple(attention_mask.shape[1:]) in in_full
        if len(query.shape) == 3 and self._axes in (None, [1], [-2]) and fits:
            heads, scores = self._attended(
                self.key_dim, tensors, masks, training, use_causal_mask, return_attention_scores
            )
        else:
            heads, scores = self._along_axes(tensors, masks, training, use_causal_mask)
        if self.use_gate:
            heads = operators["multiply"](heads, self.gate_dense(query))
        output = self.output_dense(heads)
        return (output, scores) if return_attention_scores else output

    def _along_axes(
        self, tensors: Sequence[Any], masks: dict[str, Any], training: bool | None, causal: bool
    ) -> tuple[Any, Any]:
        """Returns the output of the heads along any axes, and the weights."""
        query, value, key = tensors
        rank = len(query.shape) - 1
        axes = AttendedAxes(range(1, rank - 1) if self._axes is None else self._axes, rank)
        if self.sliding_window is not None or (causal and axes.count > 1):
            raise ValueError(f"{title(self)} looks back along one axis only: leave sliding_window and use_causal_mask")
        sizes = axes.sizes(query), axes.sizes(key)
        allowed = joined_masks(
            None if masks["query_mask"] is None else operators["expand_dims"](masks["query_mask"], -1),
            None if masks["value_mask"] is None else operators["expand_dims"](masks["value_mask"], -2),
            None if masks["key_mask"] is None else operators["expand_dims"](masks["key_mask"], -2),
            masks["attention_mask"],
            causal_mask(sizes[0][0], sizes[1][0], title(self)) if causal else None,
        )

        def drop(weights: Any) -> Any:
            if not training or not self.dropout:
                return weights
            arguments = {"rate": self.dropout, "noise_shape": None}
            return operators["node"]("Dropout", arguments, [weights], self.name, (), self.stream)

        scaled = operators["multiply"](axes.heads_first(query), 1.0 / math.sqrt(self.key_dim))
        scores = dot_scores(scaled, axes.heads_first(key))
        mask = axes.flat_mask(allowed, query, key)
        made, weights = mean_by_scores(scores, mask, axes.heads_first(value), drop, zero=True)
        return axes.heads_last(made, query), axes.spread_scores(weights, query, key)
