"""Nadam: Adam with Nesterov momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

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

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if beta_1 >= 1 or beta_2 >= 1:
            raise ValueError(f"{type(self).__name__} expects beta_1 and beta_2 below 1, got {beta_1!r} and {beta_2!r}")
