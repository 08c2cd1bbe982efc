"""Optimizers that a model has beside that of `compile`, as attributes: where a file keeps their state.

Their variables stand under the name of the attribute, as in Keras. Beside them fastnn keeps for which weights each was
built, so that a model that was only made, not yet trained, can take them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn.optimizers import Optimizer
from fastnn.saving import hdf5
from fastnn.symbolic.moment import value_of


def own_optimizers(model: Any) -> dict[str, Optimizer]:
    """Returns the optimizers among the attributes of a model, but that of `compile`, by name."""
    found = {name: one for name, one in sorted(vars(model).items()) if isinstance(one, Optimizer)}
    return {name: one for name, one in found.items() if one is not model.optimizer and not name.startswith("_")}


def write_own_optimizers(file: Any, model: Any) -> dict[str, Any]:
    """Writes the state of these optimizers into an open HDF5 file; returns for which weights each was built."""
    places = {id(variable): i for i, variable in enumerate(model.variables)}
    built: dict[str, Any] = {}
    for name, optimizer in own_optimizers(model).items():
        weights = optimizer.__fastnn_weights__()
        if not weights or any(id(weight) not in places for weight in weights):
            continue
        group = hdf5.group_at(file, f"{name}/vars", optimizer.name)
        for i, variable in enumerate(optimizer.variables):
            hdf5.write(group, str(i), value_of(variable))
        rates = [rate() for rate in optimizer.__fastnn_rates_to_keep__()]
        built[name] = {"weights": [places[id(weight)] for weight in weights], "rates": rates}
    return built


def read_own_optimizers(file: Any, model: Any, built: Any) -> None:
    """Gives these optimizers their state; those that do not fit the file stay as they are.

    Args:
        file: The open HDF5 file.
        model: The model.
        built: What `write_own_optimizers` returned.
    """
    if not isinstance(built, Mapping):
        return
    variables = model.variables
    for name, optimizer in own_optimizers(model).items():
        known = built.get(name)
        group = hdf5.at(file, f"{name}/vars")
        if not isinstance(known, Mapping) or group is None:
            continue
        places = [place for place in known.get("weights", ()) if isinstance(place, int) and place < len(variables)]
        if not places or len(places) != len(known["weights"]):
            continue
        optimizer.__fastnn_build__([variables[place] for place in places])
        arrays = [hdf5.numbers(hdf5.child(group, str(i))) for i in range(len(group))]
        held = optimizer.variables
        if [tuple(one.shape) for one in held] != [array.shape for array in arrays]:
            continue
        for one, array in zip(held, arrays, strict=True):
            one.assign(np.asarray(array, dtype=getattr(one, "floats", "float64"), order="C"))
        for rate, value in zip(optimizer.__fastnn_rates_to_keep__(), known.get("rates", ()), strict=False):
            rate(float(value))
