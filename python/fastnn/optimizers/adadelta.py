"""Adadelta: steps scaled by averages of earlier steps and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adadelta(Optimizer):
    """Adadelta: steps in the unit of the weights, from averages of squares (Zeiler, 2012).

    v = rho * v + (1 - rho) * g**2 for the gradient g, d = -sqrt(u + epsilon) / sqrt(v + epsilon) * g,
    u = rho * u + (1 - rho) * d**2, and w = w + learning_rate * d. The paper has learning_rate = 1.

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        rho: Exponential decay rate of both averages.
        epsilon: Added to the averages before the square roots.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> fastnn.optimizers.Adadelta(1.0, rho=0.5, epsilon=1.0).apply([np.array([1.0, 0.0])], [weight])
        >>> weight.numpy()
        array([0.18350345, 2.        ], dtype=float32)
    """

    _fastnn_kind = "adadelta"
    rho: float
    epsilon: float

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if rho >= 1:
            raise ValueError(f"{type(self).__name__} expects rho below 1, got {rho!r}")
