"""Wrapper that divides the kernel of a layer by its largest singular value before each step of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.engine.by_code import ByCode
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import InputSpec, with_fixed_axes
from fastnn.engine.ownership import LayerChanges
from fastnn.initializers import TruncatedNormal
from fastnn.layers.wrapper import Wrapper
from fastnn.symbolic.tensors import Arguments
from fastnn.symbolic.variable import Variable


class _NormalizedFirst(ByCode):
    """The computation of a wrapper whose kernel is normalized before the layer within reads it."""

    def emit(self, part: Any, emission: Emission, edges: list[int], arguments: Arguments | None) -> list[int]:
        """Adds the layer within, in training after what normalizes its kernel."""
        if emission.training:
            emission.do_first(part.normalize, f"{title(part)}: the normalization")
        return super().emit(part, emission, edges, arguments)


class SpectralNormalization(Wrapper):
    """Wrapper that divides the kernel of a layer by its largest singular value before each step of training.

    The singular value is estimated by power iterations, which go on from step to step. The normalized kernel takes the
    place of the kernel, and the optimizer moves it. In inference nothing is normalized.

    Shapes: those of the layer. Weights: those of the layer; `vector_u` (1, last dimension of the kernel), not trained.

    Args:
        layer: Layer with a `kernel` or `embeddings`, such as `Dense` or `Conv2D`.
        power_iterations: Positive integer, number of power iterations in each step.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: `layer` is no layer or has no kernel, or `power_iterations` is not a positive integer.

    References:
        - Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial Networks", 2018.

    Example:
        >>> layer = layers.SpectralNormalization(layers.Dense(3, kernel_initializer="identity"), power_iterations=9)
        >>> output = layer(np.ones((1, 3)), training=True)
        >>> float(np.linalg.svd(layer.layer.kernel.numpy())[1][0].round(3))
        1.0
    """

    __fastnn_native__ = _NormalizedFirst()
    __fastnn_acts_first__ = True
    supports_masking = True
    power_iterations: int

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        LayerChanges.add()
        if isinstance(power_iterations, bool) or not isinstance(power_iterations, int) or power_iterations < 1:
            raise ValueError(
                f"{title(self)} expects power_iterations to be a positive integer, got {power_iterations!r}"
            )

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the layer, and the vector of the power iterations.

        Args:
            input_shape: Shape of the input.

        Raises:
            ValueError: The layer has no kernel.
        """
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if not isinstance(kernel, Variable):
            raise ValueError(
                f"{title(self)} expects a layer with a weight called kernel or embeddings, such as Dense or Conv2D, "
                f"got {title(self.layer)}"
            )
        self.kernel = kernel
        self.vector_u = self.add_weight(
            (1, kernel.shape[-1]), TruncatedNormal(stddev=0.02), trainable=False, name="vector_u"
        )

    def __fastnn_input_spec__(self) -> InputSpec:
        """Returns the description of the input."""
        return with_fixed_axes(self, InputSpec(min_ndim=1), [-1])

    def call(self, inputs: Any) -> Any:
        """Returns the output of the layer."""
        return self.layer(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape that comes out of the layer."""
        return self.layer.compute_output_shape(input_shape)

    def normalize(self) -> Any:
        """Divides the kernel by its largest singular value, as the power iterations know it.

        A kernel of zeros stays as it is.

        Returns:
            The new kernel.
        """
        kernel = ops.convert_to_tensor(self.kernel)
        before = ops.convert_to_tensor(self.vector_u)
        matrix = ops.reshape(kernel, (-1, self.kernel.shape[-1]))
        u = before
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
            u = ops.normalize(ops.matmul(v, matrix), axis=None)
        sigma = ops.reshape(ops.matmul(ops.matmul(v, matrix), ops.transpose(u)), ())
        zero = ops.all(ops.equal(kernel, 0.0))
        normalized = kernel / ops.where(zero, 1.0, sigma)
        self.vector_u.assign(ops.where(zero, before, u))
        self.kernel.assign(normalized)
        return normalized

    # Keras' files hold the kernel of the wrapped layer a second time, beside the vector.

    def save_own_variables(self, store: Any) -> None:
        """Writes the kernel and the vector.

        Args:
            store: A mapping; the values are written under the keys "0" and "1".
        """
        store["0"], store["1"] = self.kernel.numpy(), self.vector_u.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Reads the values that `save_own_variables` wrote.

        Args:
            store: A mapping with the values.

        Raises:
            ValueError: It has another number of values, or a value of another shape.
        """
        if len(store) != 2:
            raise ValueError(f"{title(self)} expects 2 variables, got {len(store)}")
        for variable, key in ((self.kernel, "0"), (self.vector_u, "1")):
            variable.assign(np.asarray(store[key]))
