"""RMSprop."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers import schedules as schedules
from fastnn.optimizers.optimizer import Optimizer


class RMSprop(Optimizer):
    """The gradient divided by the root of a moving mean of its squares.

    Args:
        learning_rate: How far a step goes.
        rho: How slowly the mean moves.
        momentum: How much of the last step is taken again.
        epsilon: Added to the mean.
        centered: Whether the variance is used in place of the mean of squares.
        weight_decay: See `Optimizer`, as are the next three.
        clipnorm: The longest gradient of a weight.
        clipvalue: The largest element of a gradient.
        global_clipnorm: The longest gradient of all weights together.
        name: Its name.

    Raises:
        ValueError: A number is out of its range, or more than one way of clipping is given.

    Example:
        >>> model.compile(optimizer="rmsprop", loss="mse")
    """

    keras_slot_groups = ((0,), (1,), (2,))
    kind = "rmsprop"

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
