"""Recurrent layer over any cell.

The core computes all steps of the cells of fastnn; the steps of other cells are added to the graph one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastnn.engine.contract import title
from fastnn.layers.rnn.cells import build_cells, check_cell, initial_states
from fastnn.layers.rnn.recurrent import Cell, as_list
from fastnn.layers.rnn.stacked_rnn_cells import StackedRNNCells, cell_from
from fastnn.layers.rnn.step_by_step import StepByStep
from fastnn.symbolic.structure import Structure


class RNN(StepByStep):
    """Recurrent layer over any cell.

    Computes output, states = cell(x[:, t], states) for each step t. With the cells of this package, single or stacked,
    the core computes all steps, as for the layers of the same names. The steps of other cells are added to the graph
    one by one, for each number of steps that the data have.

    Shapes: input (batch, steps, n), output (batch, units), or (batch, steps, units) with `return_sequences`; with
    `return_state` a tuple of the output and the final states. Weights: those of the cell.

    Args:
        cell: Object with `state_size`, called on (inputs, states), that returns the output and the new states; a list
            of them is stacked.
        return_sequences: Whether to return the outputs of all steps instead of the last one.
        return_state: Whether to return the final states too.
        go_backwards: Whether to process the steps from the last to the first; the outputs come in the order of
            processing.
        stateful: Whether sample i of a batch starts from the final states of sample i of the previous batch. The batch
            size must be known.
        unroll: Accepted for Keras compatibility; ignored.
        zero_output_for_mask: Whether the output of a masked step is 0 instead of the previous output.
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The cell has no `state_size` or is not callable, or the layer is stateful and the batch size is
            unknown.

    Example:
        >>> layer = layers.RNN([layers.GRUCell(8), layers.GRUCell(4)], return_sequences=True)
        >>> layer(np.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    cell: Any
    unroll: bool

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(self.cell, (list, tuple)):
            self.cell = StackedRNNCells(self.cell)
        check_cell(title(self), self.cell)

    @property
    def state_size(self) -> list[Any]:
        """List of the dimensions of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Returns the initial states of the cell.

        Args:
            batch_size: Number of samples.

        Returns:
            A list of tensors (batch_size, units).
        """
        states = initial_states(self.cell, batch_size)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def _known_cells(self) -> list[Cell]:
        """Returns the cells if the core can compute all of them, otherwise an empty list."""
        cells = self.cell.cells if isinstance(self.cell, StackedRNNCells) else [self.cell]
        return list(cells) if all(isinstance(cell, Cell) for cell in cells) else []

    def _adds_steps(self) -> bool:
        return not self._known_cells()

    def _step(self, inputs: Any, states: list[Any]) -> tuple[Any, Any]:
        output, new = self.cell(inputs, states)
        return output, new

    def _state_shapes(self) -> list[tuple[Any, ...]]:
        cells = self._known_cells()
        if cells:
            return [(name, int(cell.units)) for cell in cells for name in cell.__fastnn_state_names__]
        return [(str(k), int(size)) for k, size in enumerate(Structure(self.state_size).flat(self.state_size))]

    def build(self, sequences_shape: Any = None) -> None:
        """Creates the weights of the cell, and the states of a stateful layer.

        Args:
            sequences_shape: Shape (batch, steps, n).

        Raises:
            ValueError: The layer is stateful and the batch size is unknown.
        """
        build_cells([self.cell], (None, *sequences_shape[2:]))
        super().build(sequences_shape)

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
        time_order: bool = False,
    ) -> Any:
        """Returns the output of all steps, or of the last one.

        Args:
            sequences: Tensor (batch, steps, n).
            initial_state: Initial states; None means zeros, or the final states of the previous batch in a stateful
                layer.
            mask: Tensor (batch, steps), true at the steps that count; None means that all do.
            training: Whether to apply dropout; None means as the model runs.
            time_order: Whether the outputs come in the order of time even with `go_backwards`.

        Returns:
            The output; with `return_state` a tuple of it and the final states.
        """
        cells = self._known_cells()
        if cells:
            output, states = self._cell_by_cell(cells, sequences, initial_state, mask, training, time_order)
        else:
            output, states = self._step_by_step(sequences, initial_state, mask, time_order)
        return (output, *states) if self.return_state else output

    def _cell_by_cell(
        self, cells: list[Cell], sequences: Any, initial_state: Any, mask: Any, training: bool | None, time_order: bool
    ) -> tuple[Any, list[Any]]:
        # A cell does not depend on the cells above it, so each may process all steps before the next one.
        given = None if initial_state is None else as_list(initial_state)
        after: list[Any] = []
        at = 0
        for i, cell in enumerate(cells):
            last = i + 1 == len(cells)
            count = len(cell.__fastnn_state_names__)
            sequences, *states = cell.__fastnn_over_time__(
                sequences,
                None if given is None else given[at : at + count],
                mask,
                training,
                [] if self.states is None else self.states[at : at + count],
                return_sequences=self.return_sequences or not last,
                return_state=True,
                go_backwards=self.go_backwards,
                time_order=time_order or not last,
                zero_output_for_mask=self.zero_output_for_mask and last,
            )
            at += count
            after += states if self.cell is cell else [states]
        return sequences, after

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> RNN:
        """Returns a new layer with the arguments that `get_config` returned."""
        cell = {"cell": cell_from(config["cell"], custom_objects)} if "cell" in config else {}
        return cls(**{**config, **cell})
