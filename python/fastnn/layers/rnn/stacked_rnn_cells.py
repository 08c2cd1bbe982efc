"""Stack of cells that acts as one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers.lookup import layer_from_config
from fastnn.layers.rnn.cells import build_cells, check_cell, initial_states, output_size


class StackedRNNCells(Layer):
    """Stack of cells that acts as one cell.

    Each cell reads the output of the cell before it. The states are a list with the states of each cell.

    Shapes: input (batch, n), output that of the last cell.

    Args:
        cells: List of cells, each an object with `state_size` that is called on (inputs, states).
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: An element of `cells` has no `state_size` or is not callable.

    Example:
        >>> cell = layers.StackedRNNCells([layers.LSTMCell(8), layers.GRUCell(4)])
        >>> cell.state_size
        [[8, 8], 4]
        >>> layers.RNN(cell)(np.ones((2, 5, 3))).shape
        (2, 4)
    """

    cells: Sequence[Any]

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in self.cells:
            check_cell(title(self), cell)

    @property
    def state_size(self) -> list[Any]:
        """List of the state sizes of the cells."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Dimension of the last cell's output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Returns the initial states, which are zeros.

        Args:
            batch_size: Number of samples.

        Returns:
            A list of tensors (batch_size, units).
        """
        return [initial_states(cell, batch_size) for cell in self.cells]

    def build(self, input_shape: Any = None) -> None:
        """Creates the weights of the cells for inputs of shape (batch, n)."""
        build_cells(self.cells, input_shape)
        super().build(input_shape)

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """Returns the output of one step of all cells and the new states.

        Args:
            inputs: Tensor (batch, n).
            states: List of the states of each cell.
            training: Whether to apply dropout; None means as the model runs.

        Returns:
            A tuple of the output of the last cell and a list of the new states of each cell.
        """
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new = cell(inputs, list(state) if isinstance(state, (list, tuple)) else [state])
            after.append(new)
        return inputs, after

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> StackedRNNCells:
        """Returns a new layer with the arguments that `get_config` returned."""
        return cls(**{**config, "cells": [cell_from(one, custom_objects) for one in config["cells"]]})


def cell_from(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns the cell that a config describes; a cell is returned as it is, cells in a list are stacked by `RNN`."""
    if isinstance(config, (list, tuple)):
        return [cell_from(one, custom_objects) for one in config]
    return layer_from_config(config, custom_objects)
