"""Base of the attention layers whose heads are projections of their inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fastnn.constraints import Constraint
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.attention.scored_attention import attend
from fastnn.layers.einsum_dense import EinsumDense
from fastnn.regularizers import Regularizer
from fastnn.seeds import stream_of


class HeadedAttention(Layer):
    """Base of the attention layers whose heads are projections of query, key and value.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.
    """

    supports_masking = True
    dropout: float
    use_bias: bool
    sliding_window: int | None
    flash_attention: bool | None
    kernel_initializer: Callable[..., Any]
    bias_initializer: Callable[..., Any]
    kernel_regularizer: Regularizer | None
    bias_regularizer: Regularizer | None
    kernel_constraint: Constraint | None
    bias_constraint: Constraint | None
    use_gate: bool
    seed: Any

    def _begin(self, sizes: Sequence[str], optional: Sequence[str]) -> None:
        """Checks the arguments that are sizes, by name, and those about dropout; opens the random stream."""
        for name in (*sizes, *optional):
            size = getattr(self, name)
            absent = size is None and name in optional
            if not absent and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
                raise ValueError(f"{title(self)} expects {name} to be a positive integer, got {size!r}")
        if not 0 <= self.dropout <= 1:
            raise ValueError(f"{title(self)} expects dropout from 0 to 1, got {self.dropout!r}")
        if self.flash_attention and self.dropout:
            raise ValueError(f"{title(self)}: flash attention has no dropout; leave flash_attention or dropout out")
        self.stream = stream_of(self.seed)

    def _projection(
        self,
        word: str,
        equation: str,
        new: str,
        sizes: Sequence[int | None],
        shape: Any,
        activation: Any = None,
    ) -> EinsumDense:
        """Returns a built projection.

        Args:
            word: Its name.
            equation: What it sums over.
            new: The axes of its bias.
            sizes: Those of its output, without the batch.
            shape: Shape of its input.
            activation: Applied to its output, or None.
        """

        def anew(initializer: Any) -> Any:
            # Each kernel gets a copy: with a seed all are equal, without one each draws a seed of its own.
            config = initializer.get_config() if hasattr(initializer, "get_config") else None
            return initializer if config is None else type(initializer).from_config(config)

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
            dtype=self.dtype_policy,
            name=word,
        )
        made.supports_masking = True  # The axis of steps is kept.
        made.build(shape)
        return made

    def _attended(
        self,
        size: int,
        tensors: Sequence[Any],
        masks: dict[str, Any],
        training: bool | None,
        causal: bool,
        scored: bool,
    ) -> tuple[Any, Any]:
        """Returns the output of the heads of sequences, by the node of the core, and the weights where asked for.

        Args:
            size: The dimension of a head of the query.
            tensors: Query, value and key.
            masks: Their masks by name, and `attention_mask`.
            training: Whether to apply dropout; None means as the model runs.
            causal: Whether a step attends only to itself and earlier steps.
            scored: Whether the weights are asked for.
        """
        config = {
            "factor": 1.0 / math.sqrt(size),
            "dropout": self.dropout if training else 0.0,
            "use_causal_mask": bool(causal),
            "sliding_window": self.sliding_window,
            "return_attention_scores": scored,
        }
        made = attend(self, "MultiHeadAttention", config, tensors, masks, (), self.stream)
        return made if scored else (made, None)

    def _check_scored(self, scored: bool) -> None:
        if scored and self.flash_attention:
            raise ValueError(f"{title(self)}: flash attention has no scores; leave flash_attention out")

    def __fastnn_add_output_penalty__(self, emission: Any, edges: list[int]) -> list[int]:
        """Adds the penalty on the outputs; returns the output edges."""
        return edges  # The projections add the penalty.
