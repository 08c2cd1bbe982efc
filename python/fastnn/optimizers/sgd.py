"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers import schedules as schedules
from fastnn.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """w = w - learning_rate * gradient, with momentum where asked for.

    Args:
        learning_rate: How far a step goes.
        momentum: How much of the last step is taken again.
        nesterov: Whether the gradient is looked for ahead.
        weight_decay: See `Optimizer`, as are the next three.
        clipnorm: The longest gradient of a weight.
        clipvalue: The largest element of a gradient.
        global_clipnorm: The longest gradient of all weights together.
        name: Its name.

    Raises:
        ValueError: A number is out of its range, or more than one way of clipping is given.

    Example:
        >>> model.compile(optimizer=SGD(learning_rate=0.1, momentum=0.9), loss="mse")
    """

    kind = "sgd"

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
