"""RMSprop: steps scaled by the root mean square of recent gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RMSprop(Optimizer):
    """RMSprop: steps scaled by a running average of the squared gradient (Tieleman and Hinton, 2012, lecture 6.5).

    v = rho * v + (1 - rho) * g**2 for the gradient g, and w = w - learning_rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        rho: Exponential decay rate of the average.
        momentum: Fraction of the previous step that is added to the next one.
        epsilon: Added to the average before the square root.
        centered: Divides by an estimate of the variance of the gradient in place of its mean square.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.RMSprop(learning_rate=0.25), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    _fastnn_slot_groups = ((0,), (1,), (2,))
    _fastnn_kind = "rmsprop"
    _fastnn_flags = (*Optimizer._fastnn_flags, "centered")
    rho: float
    momentum: float
    epsilon: float
    centered: bool

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if rho >= 1:
            raise ValueError(f"{type(self).__name__} expects rho below 1, got {rho!r}")
