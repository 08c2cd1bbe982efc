"""Nadam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.optimizer import Optimizer


class Nadam(Optimizer):
    """Nadam: Adam with Nesterov momentum (Dozat, 2015).

    The momentum at step t is u(t) = beta_1 * (1 - 0.5 * 0.96**t), and p(t) = u(1) * ... * u(t). With m and v as in
    `Adam` and the gradient g, w = w - learning_rate * (u(t+1) * m / (1 - p(t+1)) + (1 - u(t)) * g / (1 - p(t)))
    / (sqrt(v / (1 - beta_2**t)) + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_1: Exponential decay rate of the first moment.
        beta_2: Exponential decay rate of the second moment.
        epsilon: Added to the square root of the second moment.
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
        >>> model.compile(optimizer=fastnn.optimizers.Nadam(learning_rate=0.25), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.25
    """

    _fastnn_kind = "nadam"
    beta_1: float
    beta_2: float
    epsilon: float

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
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
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
