"""Dot-product attention, also called Luong attention."""

from __future__ import annotations

from typing import Any

from fastnn.engine.contract import title
from fastnn.layers.attention.scored_attention import ScoredAttention
from fastnn.symbolic.variable import Variable


class Attention(ScoredAttention):
    """softmax(score(query, key)) value: for each step of the query a mean of the value's steps.

    Called on [query, value], where the value is the key too, or on [query, value, key]. Call arguments: `mask`, a list
    [query_mask, value_mask] of (batch, steps), where the output is 0 for a query that does not count and no query looks
    at a value that does not; `use_causal_mask`, whether a step looks only at steps up to its own;
    `return_attention_scores`, whether the weights come out too; `training`.

    Shapes: (batch, queries, size), (batch, keys, width), (batch, keys, size) -> (batch, queries, width), and weights of
    (batch, queries, keys); `scale` and `concat_score_weight` are single numbers.

    Args:
        use_scale: Whether there is a `scale` that is learned, by which scores (for "concat" what tanh is given) are
            multiplied.
        score_mode: "dot": the sum of query * key; "concat": that of tanh(query + key), times `concat_score_weight`.
        dropout: The share of weights that is dropped in training.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or the inputs are no list of two or three.

    Example:
        >>> Attention()([query, value])
    """

    scale: Variable | None = None
    concat_score_weight: Variable | None = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{title(self)} expects score_mode 'dot' or 'concat', got {score_mode!r}")
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the scores."""
        self._sequences(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")
        self.built = True

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, or a tuple of output and weights; see the class."""
        config = {"score_mode": self.score_mode, "use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [weight for weight in (self.scale, self.concat_score_weight) if weight is not None]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)
