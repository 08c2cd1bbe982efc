"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum.

    Without momentum, w = w - learning_rate * g for the gradient g. With momentum, v = momentum * v - learning_rate * g
    and w = w + v; with `nesterov`, w = w + momentum * v - learning_rate * g (Sutskever et al., 2013, "On the importance
    of initialization and momentum in deep learning").

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        momentum: Fraction of the previous step that is added to the next one, from 0 to 1.
        nesterov: Uses Nesterov momentum.
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
        >>> model.compile(optimizer=fastnn.optimizers.SGD(learning_rate=0.5, momentum=0.9), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.5
    """

    _fastnn_kind = "sgd"
    _fastnn_flags = (*Optimizer._fastnn_flags, "nesterov")
    momentum: float
    nesterov: bool

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
