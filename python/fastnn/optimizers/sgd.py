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
        momentum: Fraction of the previous step that is added to the next one.
        nesterov: Uses Nesterov momentum.
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
        >>> model.compile(optimizer=fastnn.optimizers.SGD(learning_rate=0.5, momentum=0.9), loss="mse")
        >>> float(model.optimizer.learning_rate)
        0.5
    """

    kind = "sgd"
    flags = ("nesterov",)
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
        name: str = "SGD",
    ) -> None:
        if momentum > 1:
            raise ValueError(f"SGD expects momentum from 0 to 1, got {momentum!r}")
