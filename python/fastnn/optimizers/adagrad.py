"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adagrad(Optimizer):
    """Adagrad: each element has its own learning rate, which falls with its gradients (Duchi et al., 2011).

    v = v + g**2 for the gradient g, and w = w - learning_rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        initial_accumulator_value: First value of v.
        epsilon: Added to v before the square root.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([1.0, 2.0]))
        >>> optimizer = fastnn.optimizers.Adagrad(0.5, initial_accumulator_value=3.0, epsilon=0.0)
        >>> optimizer.apply([np.array([1.0, 0.0])], [weight])
        >>> weight.numpy()
        array([0.75, 2.  ], dtype=float32)
    """

    _fastnn_kind = "adagrad"
    initial_accumulator_value: float
    epsilon: float

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        pass
