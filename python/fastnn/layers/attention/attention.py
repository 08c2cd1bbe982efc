"""Dot-product (Luong) attention."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.layers.attention.any_rank import dot_scores, tanh_scores
from fastnn.layers.attention.scored_attention import ScoredAttention
from fastnn.symbolic.variable import Variable


class Attention(ScoredAttention):
    """Dot-product attention layer.

    Computes softmax(score(query, key)) @ value: for each query a weighted mean of the values.

    Call it on [query, value], where the keys are the values, or on [query, value, key]. Call arguments: `mask`, a list
    [query_mask, value_mask] of shape (batch, steps): masked queries give 0, masked values receive no weight;
    `use_causal_mask`, whether a step attends only to itself and earlier steps; `return_attention_scores`, whether to
    return the attention weights too; `training`.

    With more than three axes it attends along the axis before the last.

    Shapes: query (batch, queries, dim), value (batch, keys, width), key (batch, keys, dim), output (batch, queries,
    width), attention weights (batch, queries, keys). Weights: the scalars `scale` if `use_scale` and
    `concat_score_weight` with score_mode="concat".

    Args:
        use_scale: Whether the scores (with "concat" the argument of tanh) are multiplied by a learned `scale`.
        score_mode: "dot": sum(query * key). "concat": concat_score_weight * sum(tanh(query + key)).
        dropout: Number from 0 to 1, probability that an attention weight is dropped in training.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the layer is not called on a list of two or three.

    References:
        - Luong, Pham, Manning, "Effective Approaches to Attention-based Neural Machine Translation", 2015.

    Example:
        >>> query, value = np.ones((1, 2, 3)), np.arange(8.0).reshape(1, 4, 2)
        >>> layers.Attention()([query, value, np.ones((1, 4, 3))]).tolist()
        [[[3.0, 4.0], [3.0, 4.0]]]
    """

    scale: Variable | None = None
    concat_score_weight: Variable | None = None
    score_mode: str

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{title(self)} expects score_mode 'dot' or 'concat', got {score_mode!r}")
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the scores.

        Args:
            input_shape: List of the shapes of query, value and, if it is given, key.

        Raises:
            ValueError: It is not a list of two or three.
        """
        self._sequences(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")
        self.built = True

    def __fastnn_scores__(self, query: Any, key: Any) -> Any:
        """Returns the scores of inputs with more than three axes."""
        if self.score_mode == "dot":
            made = dot_scores(query, key)
            return made if self.scale is None else ops.multiply(made, self.scale)
        if self.scale is not None:
            query, key = ops.multiply(query, self.scale), ops.multiply(key, self.scale)
        return ops.multiply(tanh_scores(query, key, None), self.concat_score_weight)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns the output, with `return_attention_scores` a tuple of the output and the attention weights.

        Args:
            inputs: List [query, value] or [query, value, key] of tensors (batch, steps, dim).
            mask: List [query_mask, value_mask] of tensors (batch, steps), true at the steps that count, or None.
            training: Whether to apply dropout; None means as the model runs.
            return_attention_scores: Whether to return the attention weights (batch, queries, keys) too.
            use_causal_mask: Whether a step attends only to itself and earlier steps.

        Returns:
            A tensor (batch, queries, width), or a tuple of it and the weights.

        Raises:
            ValueError: `inputs` is not a list of two or three, or `mask` is not a list of two or three.
        """
        config = {"score_mode": self.score_mode, "use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [weight for weight in (self.scale, self.concat_score_weight) if weight is not None]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)
