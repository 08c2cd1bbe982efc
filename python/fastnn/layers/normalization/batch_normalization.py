"""Batch normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer
from fastnn.symbolic.variable import Variable


class BatchNormalization(NodeLayer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, for each index along `axis`.

    In training, mean and variance are the batch's, and the moving ones follow them:
    moving = momentum * moving + (1 - momentum) * batch. In inference, and where the layer is not trainable, the moving
    ones are used. Places that a mask leaves out are normalized too, but do not enter the batch's moments.

    Shapes: the input's; `gamma`, `beta`, `moving_mean`, `moving_variance` are (size of `axis`,).

    Args:
        axis: The axis that keeps its statistics apart: the channels, as a rule the last.
        momentum: How slowly the moving statistics move.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: The first values of `beta`.
        gamma_initializer: The first values of `gamma`.
        moving_mean_initializer: The first values of `moving_mean`.
        moving_variance_initializer: The first values of `moving_variance`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: What is imposed on `beta` after each update.
        gamma_constraint: What is imposed on `gamma` after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> BatchNormalization(axis=-1)
    """

    keras_older_names = ("BatchNormalizationV1", "BatchNormalizationV2")
    keras_ignored_arguments = {
        "renorm": False, "renorm_momentum": ..., "synchronized": False, "fused": ...,
    }  # fmt: skip
    kind = "BatchNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None
    moving_mean: Variable
    moving_variance: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)

    def add_masked_node(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        node = self.core_node()
        assert node is not None
        config = {**node[1], "frozen": not emission.trains(self), "training": emission.training}
        if masks[0] is not None and emission.training and emission.trains(self):
            return emission.add(self, node[0], {**config, "masked": True}, [edges[0], masks[0]])
        return emission.add(self, node[0], config, edges)
