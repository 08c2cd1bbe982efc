"""Adamax: Adam with the largest recent gradient as the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adamax(Optimizer):
    """Adamax: Adam with the infinity norm in place of the second moment (Kingma and Ba, 2014, section 7).

    m = beta_1 * m + (1 - beta_1) * g and u = max(beta_2 * u, |g|) for the gradient g. At step t,
    w = w - learning_rate / (1 - beta_1**t) * m / (u + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        beta_1: Exponential decay rate of the first moment.
        beta_2: Exponential decay rate of the norm.
        epsilon: Added to the norm.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> fastnn.optimizers.Adamax(0.5, beta_1=0.5, epsilon=0.0).apply([np.array([2.0, -4.0])], [weight])
        >>> weight.numpy()
        array([0.5, 2.5], dtype=float32)
    """

    _fastnn_kind = "adamax"
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
