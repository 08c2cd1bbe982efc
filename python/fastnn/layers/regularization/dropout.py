"""Dropout of single elements: plain, and the form for self-normalizing networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.inference import Weight, inferred
from fastnn.layers.regularization.noise_layer import Noise
from fastnn.symbolic.tensors import Spec


class Dropout(Noise):
    """Layer that drops random elements in training.

    In training each element is set to 0 with probability `rate`, and the others are divided by 1 - rate, so that the
    expected sum is kept. In inference the layer is the identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that an element is dropped.
        noise_shape: Shape of the random mask; along an axis of size 1 one draw is shared, as in (None, 1, 8). None
            means the input's shape.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `noise_shape` does not fit the input.

    References:
        - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks
          from Overfitting", 2014.

    Example:
        >>> layer = layers.Dropout(0.5, seed=1)
        >>> layer(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)
        >>> sorted(set(layer(np.ones((1, 100)), training=True).ravel().tolist()))
        [0.0, 2.0]
    """

    kind = "Dropout"
    rate: float
    noise_shape: Sequence[int | None] | None

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()

    def _node_for(self, rank: int) -> tuple[str, dict[str, Any]]:
        """Returns the node for inputs with a number of axes: axes that noise_shape leaves out share one draw."""
        node = self.core_node()
        assert node is not None
        if self.noise_shape is None:
            return node
        sizes = [*[1] * (rank - len(self.noise_shape)), *self.noise_shape]
        # Samples have draws of their own where the first size is that of the batch.
        return node[0], {**node[1], "noise_shape": [1 if sizes[0] == 1 else None, *sizes[1:]]}

    def infer_node(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[Weight]]:
        """Returns the output specs and the weights of the node for these inputs."""
        return inferred(title(self), self.name, self._node_for(len(specs[0][0])), [(specs[0][0], "float32")])

    def add_core_node(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the node to a graph; returns its output edges."""
        node = self._node_for(len(emission.graph.spec(edges[0])[0]))
        return emission.add(self, node[0], node[1], edges, self.stream) if emission.training else edges


class AlphaDropout(Noise):
    """Dropout layer for self-normalizing networks with `selu` activations.

    In training each element is replaced, with probability `rate`, by -1.758, the limit of selu for large negative
    inputs. Then all elements are scaled and shifted so that mean 0 and variance 1 are kept. In inference the layer is
    the identity.

    Shapes: input (batch, ...), output of the same shape.

    Args:
        rate: Number from 0 up to but not including 1, probability that an element is dropped.
        noise_shape: Shape of the random mask; along an axis of size 1 one draw is shared, as in (None, 1, 8). None
            means the input's shape.
        seed: Seed of the random numbers, an integer; None draws one from the global generator.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `rate` is out of its range, or `noise_shape` does not fit the input.

    References:
        - Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", 2017.

    Example:
        >>> layer = layers.AlphaDropout(0.1, seed=1)
        >>> layer(np.ones((1, 4)))
        array([[1., 1., 1., 1.]], dtype=float32)
        >>> len(set(layer(np.ones((1, 100)), training=True).ravel().tolist()))
        2
    """

    kind = "AlphaDropout"
    rate: float
    noise_shape: Sequence[int | None] | None

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._open_stream()
