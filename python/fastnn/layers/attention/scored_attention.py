"""Base of the attention layers that score each query against each key, and the node that all of them add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastnn import _core, ops
from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.attention.any_rank import causal_mask, joined_masks, mean_by_scores
from fastnn.precision import floatx
from fastnn.seeds import stream_of
from fastnn.symbolic.tensors import operators
from fastnn.symbolic.variable import Variable


def attend(
    layer: Layer,
    kind: str,
    config: dict[str, Any],
    tensors: Sequence[Any],
    masks: dict[str, Any],
    weights: Sequence[Variable] = (),
    stream: _core.Stream | None = None,
) -> Any:
    """Adds an attention node on query, value and key, with the masks that are given.

    Args:
        layer: Layer that owns the node.
        kind: Kind of the node.
        config: Arguments of the node.
        tensors: Query, value and key.
        masks: Masks by the names of the node's arguments; None is left out.
        weights: Weights that the node reads.
        stream: Random stream of the dropout, or None.

    Returns:
        The output, or a list of the output and the attention weights.
    """
    given = {name: operators["cast"](mask, "bool") for name, mask in masks.items() if mask is not None}
    config = {**config, **dict.fromkeys(given, True)}
    return operators["node"](kind, config, [*tensors, *given.values()], layer.name, weights, stream)


class ScoredAttention(Layer):
    """Base of the attention layers that are called on [query, value] or [query, value, key]."""

    __fastnn_makes_masks__ = False
    __fastnn_takes_many__ = True
    supports_masking = True
    __fastnn_scored_by__: ClassVar[str] = "Attention"
    """Kind of the attention node."""
    dropout: float
    use_scale: bool
    seed: Any

    def _open(self, seed: Any) -> None:
        if not 0 <= self.dropout <= 1:
            raise ValueError(f"{title(self)} expects dropout from 0 to 1, got {self.dropout!r}")
        self.stream = stream_of(seed)

    def _sequences(self, inputs: Any) -> list[Any]:
        alone = isinstance(inputs, (list, tuple)) and any(one is None or isinstance(one, int) for one in inputs)
        if alone or not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            inputs = None if alone else inputs
            got = f"a list of {len(inputs)}" if isinstance(inputs, (list, tuple)) else "one input"
            raise ValueError(f"{title(self)} expects a list [query, value] or [query, value, key], got {got}")
        return [*inputs, inputs[1]][:3]

    def _scored(
        self,
        config: dict[str, Any],
        weights: Sequence[Variable],
        inputs: Any,
        mask: Any,
        training: bool | None,
        shown: bool,
    ) -> Any:
        if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3)):
            raise ValueError(f"{title(self)} expects mask to be a list [query_mask, value_mask], got {mask!r}")
        sequences = self._sequences(inputs)
        if len(sequences[0].shape) > 3:
            return self._scored_along_axis(config, sequences, mask or [None, None], training, shown)
        masks = {} if mask is None else {"value_mask": mask[1], "zero_mask": mask[0]}
        config = {**config, "dropout": self.dropout if training else 0.0, "return_attention_scores": shown}
        made = attend(self, self.__fastnn_scored_by__, config, sequences, masks, weights, self.stream)
        return tuple(made) if shown else made

    def __fastnn_scores__(self, query: Any, key: Any) -> Any:
        """Returns the scores of inputs with more than three axes."""
        raise NotImplementedError

    def _scored_along_axis(
        self, config: dict[str, Any], sequences: Sequence[Any], mask: Sequence[Any], training: bool | None, shown: bool
    ) -> Any:
        """Returns the output for (batch, ..., steps, dim): it attends along the axis before the last."""
        query, value, key = sequences
        causal = config["use_causal_mask"]
        allowed = joined_masks(
            None if mask[1] is None else ops.expand_dims(mask[1], -2),
            causal_mask(query.shape[-2], key.shape[-2], title(self)) if causal else None,
        )

        def drop(weights: Any) -> Any:
            if not training or not self.dropout:
                return weights
            arguments = {"rate": self.dropout, "noise_shape": None}
            return operators["node"]("Dropout", arguments, [weights], self.name, (), self.stream)

        made, weights = mean_by_scores(self.__fastnn_scores__(query, key), allowed, value, drop)
        if mask[0] is not None:
            made = ops.multiply(made, ops.cast(ops.expand_dims(mask[0], -1), floatx()))
        return (made, weights) if shown else made

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the query."""
        return None if mask is None else mask[0]
