"""Attention of several heads side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import _core
from fastnn.layers.attention.scored_attention import attend
from fastnn.layers.einsum_dense import EinsumDense
from fastnn.layers.projection import Projecting
from fastnn.seeds import next_seed
from fastnn.symbolic.tensors import operators


class MultiHeadAttention(Projecting):
    """Several attentions side by side, each between projections of its own, and a projection of what they make.

    Called with query and value, and a key where it is not the value. Further call arguments: `query_mask`,
    `value_mask`, `key_mask`, (batch, steps), where a step that does not count neither looks nor is looked at (those of
    masked inputs are found by themselves); `attention_mask`, (batch, queries, keys) or with heads after the batch, true
    where a query may look; `use_causal_mask`, whether a step looks only at steps up to its own;
    `return_attention_scores`, whether the weights (batch, heads, queries, keys) come out too; `training`. A query that
    may look nowhere gets the mean of all values.

    Shapes: (batch, queries, n), (batch, keys, m) -> (batch, queries, n), or `output_shape` in place of n. The kernels
    are (n, heads, key_dim) for the query, the same of their sizes for key and value (with `value_dim`), and
    (heads, value_dim, n) for the output.

    Args:
        num_heads: How many attentions.
        key_dim: The size of a head's query and key.
        value_dim: The size of a head's value; None: `key_dim`.
        dropout: The share of weights that is dropped in training.
        use_bias: Whether the projections have a bias.
        output_shape: The output's size, or several, after the steps; None: the query's.
        attention_axes: The axis of the steps; None or 1.
        sliding_window: How far a step may look: at steps less than this away; None: at all.
        flash_attention: Taken for Keras' sake; it says nothing here.
        kernel_initializer: The first values of all kernels.
        bias_initializer: The first values of all biases.
        kernel_regularizer: A penalty on the kernels.
        bias_regularizer: A penalty on the biases.
        activity_regularizer: A penalty on the outputs of the projections.
        kernel_constraint: What is imposed on the kernels after each update.
        bias_constraint: What is imposed on the biases after each update.
        use_gate: Whether what the heads make is multiplied by the sigmoid of one more projection of the query.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: A size is no whole number of at least 1, or the inputs are no sequences that go together.

    Example:
        >>> MultiHeadAttention(num_heads=4, key_dim=16)(x, x, use_causal_mask=True)
    """

    supports_masking = True

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
                raise ValueError(f"{self.who()} expects {name} to be a whole number of at least 1, got {size!r}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"{self.who()} expects dropout from 0 to 1, got {dropout!r}")
        if attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(
                f"{self.who()} attends along axis 1, the steps of (batch, steps, size), got "
                f"attention_axes={attention_axes!r}; bring the axis there with Permute"
            )
        self.stream = _core.Stream(next_seed() if seed is None else int(seed))

    def _projection(self, word: str, equation: str, sizes: Sequence[int | None], activation: Any = None) -> EinsumDense:
        def anew(initializer: Any) -> Any:
            # An object with a seed repeats itself, one without draws a seed: so do its copies, one for each kernel.
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
        made.supports_masking = True  # steps stay steps
        return made

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:  # type: ignore[override]
        """Makes the projections.

        Args:
            query_shape: (batch, queries, n).
            value_shape: (batch, keys, m).
            key_shape: The same for the key; None: the value's.

        Raises:
            ValueError: These are no sequences, or value and key differ in their steps.
        """
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3 or shape[-1] is None:
                raise ValueError(f"{self.who()} expects a {name} of (batch, steps, size), got {tuple(shape)}")
        if value_shape[1] != key_shape[1]:
            raise ValueError(
                f"{self.who()} expects a value and a key of as many steps, got {tuple(value_shape)} and "
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
        """The output's shape: the query's, or with `output_shape` in place of its last size."""
        return tuple(query_shape) if self._sizes is None else (*query_shape[:-1], *self._sizes)

    def _emit_penalty(self, emission: Any, edges: list[int]) -> list[int]:
        return edges  # the projections have it

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
        """The output, or a tuple of output and weights; see the class."""
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
