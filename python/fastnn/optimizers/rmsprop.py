"""RMSprop: steps scaled by the root mean square of recent gradients."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.optimizer import Optimizer


class RMSprop(Optimizer):
    """RMSprop: steps scaled by a running average of the squared gradient (Tieleman and Hinton, 2012, lecture 6.5).

    v = rho * v + (1 - rho) * g**2 for the gradient g, and w = w - learning_rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        rho: Exponential decay rate of the average.
        momentum: Fraction of the previous step that is added to the next one.
        epsilon: Added to the average before the square root.
        centered: Divides by an estimate of the variance of the gradient in place of its mean square.
        weight_decay: Fraction of each weight, times the learning rate, that is subtracted at each step; None: none.
        clipnorm: Largest norm of the gradient of one weight; longer gradients are scaled down. None: no limit.
        clipvalue: Largest absolute value of an element of a gradient. None: no limit.
        global_clipnorm: Largest norm of all gradients together. None: no limit.
        name: Name of the optimizer.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.RMSprop(learning_rate=0.25), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    keras_slot_groups = ((0,), (1,), (2,))
    kind = "rmsprop"
    flags = ("centered",)
    rho: float
    momentum: float
    epsilon: float
    centered: bool

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str = "rmsprop",
    ) -> None:
        pass
