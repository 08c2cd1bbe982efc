"""L-BFGS: a quasi-Newton method for the whole data as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.optimizers.optimizer import Optimizer
from fastnn.symbolic.variable import Variable


class LBFGS(Optimizer):
    """L-BFGS: a quasi-Newton method for the whole data as one batch (Liu and Nocedal, 1989).

    Each iteration takes its direction from the last `history_size` changes of the weights and of the gradient, and
    searches along it for a point that satisfies the strong Wolfe conditions (Nocedal and Wright, 2006, chapter 3). It
    needs far fewer passes over small data than methods of first order, and no learning rate.

    In `fit` the batch is the whole data: `batch_size=None` stands for all rows, and a smaller one is an error, because
    an iteration compares losses that must be those of the same rows. An epoch is one step, and a step is up to
    `max_iter` iterations of one or more evaluations of loss and gradient each. So `epochs` times `max_iter` limits the
    number of iterations; training stops before where a tolerance is met. The loss of an epoch is that of the last point
    that was evaluated. Loss and gradient must be the same at each evaluation, so dropout and other random layers draw
    once for each step. An interrupted step leaves the weights as they were before it. What is known of the curvature
    is not part of files.

    Args:
        max_iter: Largest number of iterations of a step.
        history_size: Number of changes that are remembered.
        gradient_tolerance: Training ends where no element of the gradient has a larger absolute value.
        loss_tolerance: Training ends where an iteration reduces the loss f by at most this times max(|f|, 1).
        max_evaluations: Largest number of evaluations in one search along a line.
        learning_rate: Distance of the first trial on each line, where the method itself proposes 1.
        name: Name of the optimizer; None: that of the class in snake case.

    Raises:
        ValueError: A number is out of its range.
        TypeError: An argument is not a number.

    Example:
        >>> x = np.linspace(-1.0, 1.0, 8).reshape(-1, 1)
        >>> model = fastnn.Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile(optimizer=fastnn.optimizers.LBFGS(max_iter=20), loss="mse")
        >>> history = model.fit(x, 3 * x + 1, epochs=1, verbose=0)
        >>> round(float(model.predict(np.array([[2.0]]), verbose=0)[0, 0]), 2)
        7.0
    """

    __fastnn_keras_module__ = "fastnn.optimizers"  # Keras has no such optimizer
    _fastnn_kind = "lbfgs"
    _fastnn_counts = ("max_iter", "history_size", "max_evaluations")
    max_iter: int
    history_size: int
    gradient_tolerance: float
    loss_tolerance: float
    max_evaluations: int

    use_ema = False
    loss_scale_factor = None
    gradient_accumulation_steps = None
    weight_decay = None

    def __init__(
        self,
        max_iter: int = 20,
        history_size: int = 10,
        gradient_tolerance: float = 1e-5,
        loss_tolerance: float = 1e-9,
        max_evaluations: int = 20,
        learning_rate: Any = 1.0,
        name: str | None = None,
    ) -> None:
        pass

    @property
    def iterations_taken(self) -> int:
        """Number of iterations of all steps."""
        return self._fastnn_state.handle.counts[0]

    @property
    def evaluations(self) -> int:
        """Number of evaluations of loss and gradient of all steps."""
        return self._fastnn_state.handle.counts[1]

    @property
    def converged(self) -> bool:
        """True where the last step met a tolerance, or could not reduce the loss further."""
        return self._fastnn_state.handle.finished

    def build(self, variables: Sequence[Variable]) -> None:
        """Takes the weights that are to be trained.

        Args:
            variables: The weights.

        Raises:
            ValueError: A weight has a constraint, which a search along a line cannot keep.
        """
        for variable in variables:
            if variable.constraint is not None:
                raise ValueError(
                    f"LBFGS cannot train {variable.path}, which has the constraint {variable.constraint!r}; leave it "
                    "out, or use an optimizer of first order, such as Adam"
                )
        super().build(variables)

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Raises: an iteration needs the loss at points that it chooses.

        Args:
            grads: The gradient of each weight.
            trainable_variables: The weights.

        Raises:
            ValueError: Always.
        """
        raise ValueError("LBFGS needs the loss at points that it chooses; train with compile() and fit()")

    def __fastnn_batch_size__(self, rows: int) -> int:
        return rows

    def __fastnn_check_steps__(self, steps: int) -> None:
        if steps != 1:
            raise ValueError(
                f"LBFGS expects the whole data as one batch, got {steps} steps in an epoch; leave out batch_size, or "
                "use an optimizer of first order, such as Adam"
            )
