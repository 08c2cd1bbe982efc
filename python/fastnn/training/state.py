"""The parts of a model that training keeps between calls: compiled, programs, the door, the order of rows.

A model holds one `TrainingState`; files and callbacks read it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.data.arrays import RowOrder
from fastnn.training.compiled import Compiled
from fastnn.training.door import Door
from fastnn.training.ports import Trainable
from fastnn.training.programs import Programs


class TrainingState:
    """State that training keeps of one model between calls.

    Args:
        network: The model.

    Attributes:
        network: The model.
        compiled: What `compile` was given; None before the first `compile`.
        programs: The graphs for training, evaluation and inference.
        door: The checks of data.
        row_order: The random orders in which `fit` takes rows.
    """

    def __init__(self, network: Trainable) -> None:
        self.network = network
        self.compiled: Compiled | None = None
        self.programs = Programs(network)
        self.door = Door(network, self.programs)
        self.row_order = RowOrder()

    def compile(self, arguments: Mapping[str, Any]) -> None:
        """Compiles the model; where an argument is wrong, what was compiled before stays.

        Args:
            arguments: The arguments of `Model.compile`, with the optimizer as an object or None.
        """
        self.compiled = Compiled(self.network, arguments)
        if not self.compiled.pending:
            self._begin()

    def settle(self, pending_only: bool = False) -> None:
        """Reads the arguments of `compile` anew, for a model that has just been built by data.

        Args:
            pending_only: True to do so only where the outputs were not known at `compile`.
        """
        if self.compiled is not None and (self.compiled.pending or not pending_only):
            self.compiled.settle()
            self._begin()

    def _begin(self) -> None:
        self.row_order.begin()
        self.programs.clear()

    def require(self, method: str) -> Compiled:
        """Returns what `compile` was given.

        Args:
            method: The method that needs it, for the error.

        Raises:
            ValueError: The model is not compiled.
        """
        if self.compiled is None:
            raise ValueError(
                f"{self.network.who()}: call compile() before {method}(), such as "
                "model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])"
            )
        if self.compiled.pending and self.network.ports().known:
            self.settle()
        return self.compiled
