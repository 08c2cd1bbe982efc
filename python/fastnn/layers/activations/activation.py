"""Activations as layers of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastnn import activations, ops
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.tensors import Shape
from fastnn.symbolic.variable import Variable

_HIDDEN = -1e9
"""In place of what takes no part in a softmax."""


def _spread(mask: Any, rank: int) -> Any:
    """A mask with sizes of 1 for the axes that it lacks."""
    return ops.reshape(mask, (-1, *mask.shape[1:], *[1] * (rank - len(mask.shape))))


class _Elementwise(NodeLayer):
    """A layer that is one activation node; it may also stand as the `activation` of another layer."""

    supports_masking = True

    def activation_node(self) -> activations.Node | None:
        """Kind and config of the node."""
        raise NotImplementedError

    def core_node(self) -> activations.Node | None:
        return self.activation_node()

    def node_after(self) -> activations.Node | None:
        return None


class Activation(_Elementwise):
    """An activation function.

    Shapes: the input's.

    Args:
        activation: A name or a function of `fastnn.activations`.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: The name is unknown.

    Example:
        >>> Activation("relu")
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return activations.node_of(self.activation)


class ReLU(_Elementwise):
    """max(x, 0), with a slope below the threshold and a ceiling where asked for.

    Shapes: the input's.

    Args:
        max_value: The largest value; None: no ceiling.
        negative_slope: The slope below `threshold`.
        threshold: Where it begins to let through.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ReLU(max_value=6)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {
            "activation": "relu",
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Elementwise):
    """x above zero, `negative_slope` * x below.

    Shapes: the input's.

    Args:
        negative_slope: The slope below zero.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> LeakyReLU(0.1)
    """

    renamed: ClassVar[Mapping[str, str]] = {"alpha": "negative_slope"}

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {"activation": "leaky_relu", "negative_slope": self.negative_slope}


class ELU(_Elementwise):
    """x above zero, alpha * (exp(x) - 1) below.

    Shapes: the input's.

    Args:
        alpha: The depth below zero.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> ELU()
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Activation", {"activation": "elu", "alpha": self.alpha}


class Softmax(_Elementwise):
    """exp(x) / sum(exp(x)) along `axis`.

    Where a mask reaches to the axis, as one of (batch, steps) does to axis 1, what does not count takes no part and
    gets 0. A mask of all places, or with sizes of 1, may be given in the call: `Softmax()(x, mask=counts)`.

    Shapes: the input's.

    Args:
        axis: Along which the sum is 1; several where it is a tuple.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Softmax()
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def activation_node(self) -> activations.Node | None:
        return "Softmax", {"axis": self.axis}

    def check_mask_shape(self, mask: Shape, shape: Shape) -> None:
        if len(mask) != len(shape) or not all(m in (s, 1, None) or s is None for m, s in zip(mask, shape, strict=True)):
            super().check_mask_shape(mask, shape)

    def add_masked_node(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        rank = len(emission.graph.spec(edges[0])[0])
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        reach = 0 if masks[0] is None else len(emission.graph.spec(masks[0])[0])
        if masks[0] is None or all(axis % rank >= reach for axis in axes):
            return self.add_core_node(emission, edges)

        def hidden(x: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), x, _HIDDEN)

        def nothing(y: Any, counts: Any) -> Any:
            return ops.where(_spread(counts, rank), y, 0.0)

        given = emission.run(hidden, [edges[0], masks[0]], title(self))[1]
        made = self.add_core_node(emission, given)
        return emission.run(nothing, [made[0], masks[0]], title(self))[1]


class PReLU(NodeLayer):
    """x above zero, alpha * x below, with an `alpha` that is learned.

    Shapes: the input's; `alpha` has the shape of a sample, with size 1 along `shared_axes`.

    Args:
        alpha_initializer: The first values of `alpha`.
        alpha_regularizer: A penalty on `alpha`.
        alpha_constraint: What is imposed on `alpha` after each update.
        shared_axes: The axes, counted from the batch's 0, along which one slope serves all: (1, 2) for images.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `shared_axes` names an axis that is not there.

    Example:
        >>> PReLU(shared_axes=[1, 2])
    """

    kind = "PReLU"
    supports_masking = True
    alpha: Variable

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
