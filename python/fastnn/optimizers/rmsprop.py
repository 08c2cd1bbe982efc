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
        use_ema: Keeps an exponential moving average of the weights, which takes their place at the end of `fit`.
        ema_momentum: Momentum m of the average: average = m * average + (1 - m) * weight after each step.
        ema_overwrite_frequency: Number of steps after which the average takes the place of the weights; None: only at
            the end of `fit`.
        loss_scale_factor: Factor of the loss whose gradients are given to `apply`, which divides them by it. `fit`
            computes in float32 and needs no scale.
        gradient_accumulation_steps: Number of steps whose mean gradient moves the weights once; None: each step does.
        name: Name of the optimizer; None: that of the class in snake case.

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
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        pass
