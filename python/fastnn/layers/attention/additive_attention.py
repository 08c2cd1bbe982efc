"""Additive attention, also called Bahdanau attention."""

from __future__ import annotations

from typing import Any

from fastnn.layers.attention.scored_attention import ScoredAttention
from fastnn.symbolic.variable import Variable


class AdditiveAttention(ScoredAttention):
    """Attention whose scores are the sum of scale * tanh(query + key), as in Bahdanau et al. (2014).

    It is called as `Attention` is.

    Shapes: (batch, queries, size), (batch, keys, width), (batch, keys, size) -> (batch, queries, width); `scale` is
    (size,).

    Args:
        use_scale: Whether there is a `scale` that is learned; else it is 1.
        dropout: The share of weights that is dropped in training.
        seed: A whole number, or None to draw one.
        **kwargs: `name`, `trainable`, as in `Layer`.

    Raises:
        ValueError: An argument is out of its range, or the inputs are no list of two or three.

    Example:
        >>> AdditiveAttention()([query, value])
    """

    keras_newer_arguments = {"seed": None}
    scored_by = "AdditiveAttention"
    scale: Variable | None = None

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._open(seed)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the scores."""
        query = self._sequences(input_shape)[0]
        if self.use_scale:
            self.scale = self.add_weight((query[-1],), "glorot_uniform", name="scale")
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
        config = {"use_scale": self.use_scale, "use_causal_mask": use_causal_mask}
        weights = [] if self.scale is None else [self.scale]
        return self._scored(config, weights, inputs, mask, training, return_attention_scores)
