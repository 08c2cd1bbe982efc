"""Wrapper that applies a layer at each step."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from fastnn import ops
from fastnn.engine.by_code import build_for_call, runs_code
from fastnn.engine.contract import title
from fastnn.engine.emission import stand_in
from fastnn.engine.layer import Layer
from fastnn.layers.wrapper import Wrapper
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Spec


class TimeDistributed(Wrapper):
    """Wrapper that applies a layer at each step.

    Shapes: input (batch, steps, ...), output (batch, steps, ...) with the shape that the layer returns for (batch,
    ...). Weights: those of the layer.

    Args:
        layer: Layer that is applied at each step.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `layer` is not a layer, or the input has fewer than three axes.

    Example:
        >>> layers.TimeDistributed(layers.Conv2D(8, 3))(np.ones((2, 5, 28, 28, 1))).shape
        (2, 5, 26, 26, 8)
    """

    # Layers that process the last axis only, whatever the number of axes.
    __fastnn_pointwise__: ClassVar[frozenset[str]] = frozenset({"Dense"})
    supports_masking = True
    layer: Layer

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the layer.

        Args:
            input_shape: Shape (batch, steps, ...) with at least three axes.

        Raises:
            ValueError: The shape has fewer than three axes.
        """
        if len(input_shape) < 3:
            raise ValueError(f"{title(self)} expects (batch, time, ...), got {tuple(input_shape)}")
        if not self.layer.built:
            self.layer.build((None, *input_shape[2:]))
        super().build(input_shape)

    def __fastnn_infer_call__(self, arguments: Arguments, training: bool | None) -> tuple[list[Spec], Structure | None]:
        """Builds the layer and returns what comes out of its `call`."""
        # Each step adds nodes of its own, so one step is tried in place of an unknown number of steps.
        build_for_call(self, arguments)
        steps = arguments.tensors[0].shape[1]
        if steps is not None:
            return super().__fastnn_infer_call__(arguments, training)
        ones = [
            stand_in(((*tensor.shape[:1], 1, *tensor.shape[2:]), tensor.dtype), tensor.name)
            for tensor in arguments.tensors
        ]
        specs, structure = super().__fastnn_infer_call__(Arguments(*arguments.place(ones)), training)
        return [((*shape[:1], None, *shape[2:]), dtype) for shape, dtype in specs], structure

    def __fastnn_unpenalized__(self) -> Layer:
        """Returns the inner layer, whose penalty on its outputs does not count here, as in Keras."""
        return self.layer

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Returns the outputs of the layer for all steps.

        Args:
            inputs: Tensor (batch, steps, ...).
            mask: Tensor (batch, steps, ...) or None; each step gets its part if there are more than two axes, or if the
                `call` of the layer asks for a mask.
            training: Whether to run in training mode; None means as the model runs.

        Returns:
            A tensor (batch, steps, ...).
        """
        steps = inputs.shape[1]
        if mask is not None and steps is not None and mask.shape[1] not in (None, steps):
            raise ValueError(
                f"{title(self)} expects a mask that begins with (batch, {steps}), as its input does, got "
                f"{tuple(mask.shape)}"
            )
        if getattr(type(self.layer), "__fastnn_kind__", "") in self.__fastnn_pointwise__:
            return self.layer(inputs)
        asks = runs_code(self.layer) and "mask" in inspect.signature(self.layer.call).parameters
        outputs = []
        for t in range(inputs.shape[1]):
            part = {} if mask is None or not (len(mask.shape) > 2 or asks) else {"mask": mask[:, t]}
            outputs.append(self.layer(inputs[:, t], **part))
        return ops.stack(outputs, axis=1)
