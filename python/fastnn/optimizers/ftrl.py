"""FTRL: follow the regularized leader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.optimizers.shared_arguments import SharedArguments, with_shared_arguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Ftrl(Optimizer):
    """FTRL-proximal, whose penalties set weights to exactly zero (McMahan et al., 2013, "Ad click prediction").

    With p = -learning_rate_power, the gradient g and l2' = l2 + beta / (2 * learning_rate): n' = n + g**2,
    z = z + g + 2 * l2_shrinkage * w - (n'**p - n**p) / learning_rate * w, and
    w = (min(max(z, -l1), l1) - z) / (n'**p / learning_rate + 2 * l2').

    Args:
        learning_rate: A number, a schedule, or a function without arguments that returns a number.
        learning_rate_power: Power of the fall of the learning rate, at most 0; 0: it does not fall.
        initial_accumulator_value: First value of n.
        l1_regularization_strength: Strength l1 of the penalty on absolute values.
        l2_regularization_strength: Strength l2 of the penalty on squares.
        l2_shrinkage_regularization_strength: Strength of a penalty on squares that acts through the gradient alone.
        beta: Added to the denominator of the learning rate of each element.
        **kwargs: Arguments that all optimizers share, such as `weight_decay` and `clipnorm`; see `Optimizer`.

    Raises:
        ValueError: A number is out of its range, or more than one kind of clipping is given.
        TypeError: An argument is not a number.

    Example:
        >>> weight = fastnn.Variable(np.array([0.0, 0.0]))
        >>> fastnn.optimizers.Ftrl(0.5, initial_accumulator_value=0.0).apply([np.array([2.0, 0.25])], [weight])
        >>> weight.numpy()
        array([-0.5, -0.5], dtype=float32)
    """

    _fastnn_kind = "ftrl"
    _fastnn_signed = ("learning_rate_power",)
    learning_rate_power: float
    initial_accumulator_value: float
    l1_regularization_strength: float
    l2_regularization_strength: float
    l2_shrinkage_regularization_strength: float
    beta: float

    @with_shared_arguments
    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Unpack[SharedArguments],
    ) -> None:
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl expects learning_rate_power of at most 0, got {learning_rate_power!r}")
