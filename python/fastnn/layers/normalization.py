"""Normalization of activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import initializers
from fastnn.layer import Emission, Layer
from fastnn.variable import Variable


class BatchNormalization(Layer):
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

    def _emit_masked(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        node = self._node()
        assert node is not None
        config = {**node[1], "frozen": not emission.trains(self), "training": emission.training}
        if masks[0] is not None and emission.training and emission.trains(self):
            return emission.add(self, node[0], {**config, "masked": True}, [edges[0], masks[0]])
        return emission.add(self, node[0], config, edges)


class LayerNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the moments of each sample's own values along `axis`.

    It is the same in training and in inference.

    Shapes: the input's; `gamma` and `beta` have the sizes of `axis`.

    Args:
        axis: The axis, or several, over which the moments are taken: the features, as a rule the last.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: The first values of `beta`.
        gamma_initializer: The first values of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: What is imposed on `beta` after each update.
        gamma_constraint: What is imposed on `gamma` after each update.
        rms_scaling: Whether the mean is left where it is: gamma * x / sqrt(variance + epsilon). Kept for old files;
            `RMSNormalization` divides by the root mean square.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `axis` is the batch's or not there.

    Example:
        >>> LayerNormalization()
        >>> LayerNormalization(axis=(1, 2, 3), epsilon=1e-5)
    """

    kind = "LayerNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class GroupNormalization(Layer):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with the moments of a group of channels in each sample.

    One group is a layer normalization over all axes (with a gamma for each channel), a group for each channel an
    instance normalization. It is the same in training and in inference.

    Shapes: the input's; `gamma` and `beta` are (size of `axis`,).

    Args:
        groups: How many groups the channels fall into, a divisor of their number; -1: one for each channel.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        beta_initializer: The first values of `beta`.
        gamma_initializer: The first values of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: What is imposed on `beta` after each update.
        gamma_constraint: What is imposed on `gamma` after each update.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `groups` does not divide the channels, or `axis` is the batch's.

    Example:
        >>> GroupNormalization(groups=8)
    """

    kind = "GroupNormalization"
    supports_masking = True
    gamma: Variable | None = None
    beta: Variable | None = None

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)


class RMSNormalization(Layer):
    """scale * x / sqrt(mean(x**2) + epsilon), with the mean of each sample's own values along `axis`.

    Shapes: the input's; `scale` has the sizes of `axis`.

    Args:
        axis: The axis, or several, over which the mean is taken.
        epsilon: Added to the mean.
        **kwargs: `name`, `trainable`, `input_shape`, as in `Layer`.

    Example:
        >>> RMSNormalization()
    """

    kind = "RMSNormalization"
    supports_masking = True
    scale: Variable

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale_initializer = initializers.get("ones")


class UnitNormalization(Layer):
    """x / sqrt(sum(x**2)): each sample's stretch along `axis` gets length 1.

    Shapes: the input's.

    Args:
        axis: The axis, or several, over which the length is taken.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> UnitNormalization()
    """

    kind = "UnitNormalization"
    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
