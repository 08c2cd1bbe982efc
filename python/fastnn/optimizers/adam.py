"""Adam."""

from __future__ import annotations

from typing import Any

from fastnn.optimizers import schedules as schedules
from fastnn.optimizers.optimizer import Optimizer


class Adam(Optimizer):
    """Steps of about the learning rate for each weight, whatever the size of its gradient (Kingma & Ba, 2014).

    Args:
        learning_rate: How far a step goes.
        beta_1: How slowly the mean of gradients moves.
        beta_2: How slowly the mean of their squares moves.
        epsilon: Added to the root of the latter.
        amsgrad: Whether the largest mean of squares so far is used.
        weight_decay: See `Optimizer`, as are the next three.
        clipnorm: The longest gradient of a weight.
        clipvalue: The largest element of a gradient.
        global_clipnorm: The longest gradient of all weights together.
        name: Its name.

    Raises:
        ValueError: A number is out of its range, or more than one way of clipping is given.

    Example:
        >>> model.compile(optimizer=Adam(learning_rate=0.0001), loss="sparse_categorical_crossentropy")
    """

    keras_older_names = ("ExperimentalAdam", "TorchAdam")
    keras_slot_groups = ((0, 1), (2,))
    kind = "adam"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str = "adam",
    ) -> None:
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
