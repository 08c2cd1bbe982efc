"""Layer that applies a layer at each step."""

from __future__ import annotations

from typing import Any, ClassVar

from fastnn import ops
from fastnn.engine.by_code import build_for_call
from fastnn.engine.contract import title
from fastnn.engine.emission import stand_in
from fastnn.engine.layer import Layer
from fastnn.layers.rnn.wrapper import Wrapper
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Spec


class TimeDistributed(Wrapper):
    """The same layer at every step of time.

    Shapes: (batch, time, ...) -> (batch, time, *what the layer makes of (batch, ...)).

    Args:
        layer: The layer.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: It is no layer.

    Example:
        >>> TimeDistributed(Conv2D(8, 3), input_shape=(10, 28, 28, 1))
    """

    # Layers whose node already works on the last axis alone.
    pointwise: ClassVar[frozenset[str]] = frozenset({"Dense"})

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._check_layer(layer)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the layer for one step."""
        if len(input_shape) < 3:
            raise ValueError(f"{title(self)} expects (batch, time, ...), got {tuple(input_shape)}")
        if not self.layer.built:
            self.layer.build((None, *input_shape[2:]))
        super().build(input_shape)

    def infer_call(self, arguments: Arguments, training: bool | None) -> tuple[list[Spec], Structure | None]:
        # Each step has nodes of its own: what stands for a number of steps that is not known is one step.
        build_for_call(self, arguments)
        steps = arguments.tensors[0].shape[1]
        if steps is not None:
            return super().infer_call(arguments, training)
        ones = [
            stand_in(((*tensor.shape[:1], 1, *tensor.shape[2:]), tensor.dtype), tensor.name)
            for tensor in arguments.tensors
        ]
        specs, structure = super().infer_call(Arguments(*arguments.place(ones)), training)
        return [((*shape[:1], None, *shape[2:]), dtype) for shape, dtype in specs], structure

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The layer on every step.

        Args:
            inputs: (batch, time, ...).
            mask: (batch, time, ...), of which each step gets its part where the layer takes one.
            training: Whether to behave as in training.

        Returns:
            (batch, time, ...).
        """
        if getattr(type(self.layer), "kind", "") in self.pointwise:
            return self.layer(inputs)
        outputs = []
        for t in range(inputs.shape[1]):
            part = {"mask": mask[:, t]} if mask is not None and len(mask.shape) > 2 else {}
            outputs.append(self.layer(inputs[:, t], **part))
        return ops.stack(outputs, axis=1)
