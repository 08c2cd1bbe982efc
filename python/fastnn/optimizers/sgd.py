"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum.

    Without momentum, w = w - learning_rate * g for the gradient g. With momentum, v = momentum * v - learning_rate * g
    and w = w + v; with `nesterov`, w = w + momentum * v - learning_rate * g (Sutskever et al., 2013, "On the importance
    of initialization and momentum in deep learning").

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        momentum: Fraction of the previous step that is added to the next one, from 0 to 1.
        nesterov: Uses Nesterov momentum.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

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

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        pass
