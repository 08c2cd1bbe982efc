"""Additive (Bahdanau) attention."""

from __future__ import annotations

from typing import Any

from fastnn.layers.attention.any_rank import tanh_scores
from fastnn.layers.attention.scored_attention import ScoredAttention
from fastnn.symbolic.variable import Variable


class AdditiveAttention(ScoredAttention):
    """Additive attention layer.

    Computes softmax(score(query, key)) @ value with score = sum(scale * tanh(query + key)): for each query a weighted
    mean of the values.

    Call it on [query, value], where the keys are the values, or on [query, value, key]. Call arguments: `mask`, a list
    [query_mask, value_mask] of shape (batch, steps): masked queries give 0, masked values receive no weight;
    `use_causal_mask`, whether a step attends only to itself and earlier steps; `return_attention_scores`, whether to
    return the attention weights too; `training`.

    With more than three axes it attends along the axis before the last.

    Shapes: query (batch, queries, dim), value (batch, keys, width), key (batch, keys, dim), output (batch, queries,
    width), attention weights (batch, queries, keys). Weights: `scale` (dim,) if `use_scale`, or else 1.

    Args:
        use_scale: Whether to learn `scale`.
        dropout: Number from 0 to 1, probability that an attention weight is dropped in training.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range, or the layer is not called on a list of two or three.

    References:
        - Bahdanau, Cho, Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", 2015.

    Example:
        >>> query, value = np.ones((1, 2, 3)), np.arange(8.0).reshape(1, 4, 2)
        >>> layers.AdditiveAttention()([query, value, np.ones((1, 4, 3))]).tolist()
        [[[3.0, 4.0], [3.0, 4.0]]]
    """

    __fastnn_keras_newer_arguments__ = {"seed": None}
    __fastnn_scored_by__ = "AdditiveAttention"
    scale: Variable | None = None

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the scores.

        Args:
            input_shape: List of the shapes of query, value and, if it is given, key.

        Raises:
            ValueError: It is not a list of two or three.
        """
        query = self._sequences(input_shape)[0]
        if self.use_scale:
            self.scale = self.add_weight((query[-1],), "glorot_uniform", name="scale")
        self.built = True

    def __fastnn_scores__(self, query: Any, key: Any) -> Any:
        """Returns the scores of inputs with more than three axes."""
        return tanh_scores(query, key, self.scale)

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
        config = {"use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [] if self.scale is None else [self.scale]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)
