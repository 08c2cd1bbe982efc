"""Models whose class has a `call`: they are built by their first data, for which the `call` is run on trial."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.engine.arrays import edge_dtype, numeric
from fastnn.engine.contract import state_of
from fastnn.engine.emission import stand_in
from fastnn.engine.network import Port, Ports
from fastnn.engine.shapes import as_leaves, batched
from fastnn.models.network import ModelNetwork, distinct
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Arguments, Spec

_ALONE = Structure(None)


class Traced(ModelNetwork):
    """The structure of a model with a `call` of its own: inputs and outputs as the first data show them.

    Args:
        model: The model.
        has_call: False for a class that has no `call`, and cannot compute.
    """

    def __init__(self, model: Any, has_call: bool) -> None:
        super().__init__(model)
        self._has_call = has_call
        self._ports: Ports | None = None

    @property
    def is_open(self) -> bool:
        """True once inputs and outputs are known."""
        return self._ports is not None

    def ports(self) -> Ports:
        """Returns the inputs and outputs; one of each, of unknown shape, before the first data."""
        return self._ports or Ports([Port("x", None)], [Port("y", None)], _ALONE, _ALONE)

    def _require_call(self) -> None:
        if not self._has_call:
            raise NotImplementedError(
                f"{self.who()}: a class derived from Model says in call(self, inputs) what it computes; or make a "
                "Model(inputs, outputs)"
            )

    def prepare(self, x: Any) -> Any:
        """Builds the model for its first data."""
        self._require_call()
        if self.is_open:
            return x
        several = isinstance(x, (list, tuple)) and any(isinstance(one, np.ndarray) and one.ndim > 0 for one in x)
        structure = Structure(x if isinstance(x, Mapping) or several else None)
        arrays = [numeric(one, f"{self.who()}: x") for one in structure.flat(x)]
        if any(array.ndim == 0 or not len(array) for array in arrays):
            raise ValueError(f"{self.who()} expects x of shape (batch, ...) with at least one row")
        self._open(structure, [((None, *array.shape[1:]), edge_dtype(array.dtype, self.who())) for array in arrays])
        return structure.pack(arrays)

    def prepare_for_step(self, given: Structure, specs: Sequence[Spec]) -> None:
        """Builds the model, unless it is built or has no `call`."""
        if self.is_open or not self._has_call:
            return
        # A step may call the model on something else than the samples; then the step builds it.
        with contextlib.suppress(TypeError, ValueError, LookupError, AttributeError):
            self._open(given, specs)

    def build(self, input_shape: Any) -> None:
        """Builds the model for inputs of a shape, or of several in a list or dict."""
        self._require_call()
        if input_shape is None or self.is_open:
            return
        leaves = as_leaves(input_shape)
        given = Structure(leaves)
        self._open(given, [(batched(self.who(), leaf.shape), "float32") for leaf in given.flat(leaves)])

    def _open(self, given: Structure, specs: Sequence[Spec]) -> None:
        """Builds the model for inputs like these; all sizes but the last of each stay open."""
        model: Any = self.model
        tensors = [stand_in(spec, "inputs") for spec in specs]
        made, packing = type(model).__fastnn_infer_call__(model, Arguments((given.pack(tensors),), {}), None)
        assert packing is not None
        loose = [((None, *([None] * (len(shape) - 2)), *shape[1:][-1:]), dtype) for shape, dtype in specs]
        names = given.keys if given.keys is not None and len(given.keys) == len(specs) else None
        outputs = packing.keys if packing.keys is not None and len(packing.keys) == len(made) else None
        self._ports = Ports(
            [
                Port(name, shape, dtype)
                for name, (shape, dtype) in zip(names or distinct(["x"] * len(specs)), loose, strict=True)
            ],
            [
                Port(name, (None, *([None] * (len(shape) - 2)), *shape[1:][-1:]))
                for name, (shape, _) in zip(outputs or distinct(["output"] * len(made)), made, strict=True)
            ],
            given,
            packing,
        )
        state = state_of(model)
        state.input_structure = given
        state.build_shape = given.pack([shape for shape, _ in specs])
        model.built = True
        training = model.__fastnn_training__
        training.programs.refresh()
        training.settle()
