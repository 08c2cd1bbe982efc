"""Batch normalization."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.constraints import Constraint
from fastnn.engine.channels import add_between_transposes
from fastnn.engine.contract import state_of, title
from fastnn.engine.emission import Emission
from fastnn.engine.input_spec import InputSpec, with_fixed_axes
from fastnn.engine.node_layer import NodeLayer, unmade
from fastnn.engine.ownership import keep_variable, new_variable
from fastnn.layers.normalization.batch_statistics import normalize
from fastnn.regularizers import Regularizer
from fastnn.symbolic.variable import Variable


class BatchNormalization(NodeLayer):
    """Batch normalization layer.

    Computes gamma * (x - mean) / sqrt(variance + epsilon) + beta, with one mean and variance for each index along
    `axis`.

    In training they are those of the batch, and the moving statistics follow: moving = momentum * moving + (1 -
    momentum) * batch. In inference, and while the layer is not trainable, the moving statistics are used. Masked
    positions are normalized but do not count in the statistics.

    Shapes: input (batch, ...), output of the same shape. Weights, each of shape (size of `axis`,): `gamma` if `scale`,
    `beta` if `center`, `moving_mean` and `moving_variance`, which no gradient updates.

    Args:
        axis: Integer, the axis whose indices have statistics of their own, usually the channels.
        momentum: Number from 0 to 1, decay rate of the moving statistics.
        epsilon: Positive number added to the variance, against division by zero.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
        moving_mean_initializer: Initializer of `moving_mean`.
        moving_variance_initializer: Initializer of `moving_variance`.
        beta_regularizer: Regularizer of `beta`, or None.
        gamma_regularizer: Regularizer of `gamma`, or None.
        beta_constraint: Constraint applied to `beta` after each update, or None.
        gamma_constraint: Constraint applied to `gamma` after each update, or None.
        renorm: True for batch renormalization: in training the statistics of a batch are brought to slowly moving
            ones, `renorm_mean` and `renorm_stddev`, which are weights too, as is `moving_stddev`.
        renorm_clipping: Bounds "rmax" and "rmin" of the factor and "dmax" of the shift that do so, in a dict, or None.
        renorm_momentum: Number from 0 to 1, decay rate of the statistics of `renorm`.
        synchronized: Whether to take the statistics of the whole batch where several processes share it, whatever
            `fastnn.distribution.DataParallel` says, which takes them unless told otherwise.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An argument is out of its range.

    References:
        - Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
          Shift", 2015.
        - Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models", 2017.

    Example:
        >>> layer = layers.BatchNormalization()
        >>> layer(np.array([[1.0], [3.0]]), training=True).round(2)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.moving_mean.numpy().round(3)
        array([0.02], dtype=float32)
    """

    __fastnn_keras_older_names__ = ("BatchNormalizationV1", "BatchNormalizationV2")
    __fastnn_keras_ignored_arguments__ = {"fused": ...}
    __fastnn_keras_newer_arguments__ = {
        "synchronized": False, "renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99,
    }  # fmt: skip
    __fastnn_kind__ = "BatchNormalization"
    __fastnn_call_arguments__ = ("inputs", "training", "mask")
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None
    moving_mean: Variable = unmade()
    moving_variance: Variable = unmade()
    axis: int | Sequence[int]
    momentum: float
    epsilon: float
    center: bool
    scale: bool
    beta_initializer: Callable[..., Any]
    gamma_initializer: Callable[..., Any]
    moving_mean_initializer: Callable[..., Any]
    moving_variance_initializer: Callable[..., Any]
    beta_regularizer: Regularizer | None
    gamma_regularizer: Regularizer | None
    beta_constraint: Constraint | None
    gamma_constraint: Constraint | None
    synchronized: bool
    renorm: bool
    renorm_clipping: Mapping[str, float] | None
    renorm_momentum: float
    moving_stddev: Variable = unmade()
    renorm_mean: Variable = unmade()
    renorm_stddev: Variable = unmade()

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
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
        renorm: bool = False,
        renorm_clipping: Mapping[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        limits = dict(renorm_clipping or {})
        if set(limits) - {"rmax", "rmin", "dmax"}:
            raise ValueError(f"{title(self)} expects renorm_clipping with rmax, rmin and dmax, got {renorm_clipping!r}")
        lowest, highest = limits.get("rmin"), limits.get("rmax")
        if lowest is not None and highest is not None and highest < lowest:
            raise ValueError(
                f"{title(self)} expects renorm_clipping with rmax of at least rmin, got {renorm_clipping!r}"
            )
        if limits.get("dmax") is not None and limits["dmax"] < 0:
            raise ValueError(f"{title(self)} expects renorm_clipping with dmax of at least 0, got {renorm_clipping!r}")
        if renorm:
            self.renorm_clipping = limits

    def __fastnn_core_node__(self) -> tuple[str, dict[str, Any]] | None:
        """Returns the kind and the config of the node, which knows nothing of renormalization."""
        node = super().__fastnn_core_node__()
        assert node is not None
        own = ("renorm", "renorm_clipping", "renorm_momentum")
        return node[0], {name: value for name, value in node[1].items() if name not in own}

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape.

        Args:
            input_shape: The batch's shape, such as (None, 784).

        Raises:
            ValueError: The layer cannot take this shape, or was built for another.
        """
        fresh = not self.built
        super().build(input_shape)
        if not self.renorm or not fresh:
            return

        def deviation(shape: Any) -> Any:
            return np.sqrt(np.asarray(self.moving_variance_initializer(shape)))

        for name, initializer in (
            ("moving_stddev", deviation), ("renorm_mean", self.moving_mean_initializer), ("renorm_stddev", deviation),
        ):  # fmt: skip
            made = new_variable(self, name, self.moving_mean.shape, initializer, False, None, None)
            setattr(self, name, made)
            keep_variable(self, made, False)

    def __fastnn_add_masked_node__(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None]
    ) -> list[int]:
        """Adds the node to a graph; a layer that reads masks adds more, or another."""
        node = self.__fastnn_core_node__()
        assert node is not None
        weights = state_of(self).variables[: 2 + self.center + self.scale]
        trained = bool(emission.training) and emission.trains(self)
        if trained and (self.renorm or self._reaches_beyond(emission, edges[0], masks[0])):
            given = [edge for edge in (edges[0], masks[0]) if edge is not None]
            return emission.run(lambda *tensors: normalize(self, *tensors), given, title(self))[1]
        config = {**node[1], "frozen": not emission.trains(self), "training": bool(emission.training)}
        if masks[0] is not None and emission.training and emission.trains(self):
            return self._masked(emission, config, edges[0], masks[0])

        def add(axis: Any) -> Callable[[list[int]], list[int]]:
            return lambda inputs: emission.add(
                self, self.__fastnn_kind__, {**config, "axis": axis}, inputs, weights=weights
            )

        if self.axis == 1:
            return add_between_transposes(emission, edges, self.name, add(-1), add(1))
        return add(self.axis)(edges)

    def _reaches_beyond(self, emission: Emission, edge: int, mask: int | None) -> bool:
        """Returns whether a mask has an axis at or after that of the channels, as the core knows none."""
        if mask is None or not isinstance(self.axis, int):
            return False
        return self.axis % len(emission.graph.spec(edge)[0]) < len(emission.graph.spec(mask)[0])

    def _masked(self, emission: Emission, config: dict[str, Any], edge: int, mask: int) -> list[int]:
        """Adds the node with a mask; several axes of places are joined to one, as the core knows them."""
        shape, places = (emission.graph.spec(one)[0] for one in (edge, mask))
        rank = len(places)
        axis = self.axis % len(shape) if isinstance(self.axis, int) else 0
        sizes = [size for size in shape[1:] if size is not None]
        if rank < 3 or axis < rank or len(sizes) < len(shape) - 1:
            return emission.add(self, self.__fastnn_kind__, {**config, "masked": True}, [edge, mask])
        count = math.prod(sizes[: rank - 1])
        flat = self._reshaped(emission, edge, [count, *sizes[rank - 1 :]])
        flat_mask = self._reshaped(emission, mask, [count])
        joined = {**config, "axis": axis - rank + 2, "masked": True}
        return [self._reshaped(emission, emission.add(self, self.__fastnn_kind__, joined, [flat, flat_mask])[0], sizes)]

    def _reshaped(self, emission: Emission, edge: int, sizes: list[int]) -> int:
        made: int = emission.graph.add("Reshape", self.name, {"target_shape": sizes}, [edge])[0]
        return made

    def __fastnn_input_spec__(self) -> InputSpec | None:
        """Returns the description of the input."""
        shape = state_of(self).build_shape
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        return None if shape is None else with_fixed_axes(self, InputSpec(ndim=len(shape)), axes)
