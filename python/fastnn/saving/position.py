"""Position of a training: random streams, order of rows and learning rate.

Keras does not keep them. fastnn keeps them in a group of its own in the HDF5 file, so that training continues exactly
where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn.saving import hdf5
from fastnn.saving.tree import streams_of, walk
from fastnn.saving.untrusted import parsed
from fastnn.symbolic.moment import place_of

GROUP = "fastnn"
"""Name of the group of its own."""
_DATASET = f"{GROUP}/state"


def position_of(model: Any) -> dict[str, Any]:
    """Returns the position of a model's random streams, its order of rows and its learning rate, as values of JSON."""
    position: dict[str, Any] = {}
    streams = {path: [[*place_of(stream)] for stream in streams_of(layer)] for path, layer in walk(model)}
    position["streams"] = {path: places for path, places in streams.items() if places}
    order = model.__fastnn_training__.row_order
    if order.seed is not None:
        position["shuffle"] = [order.seed, order.position]
    rates = _rates(model)
    if rates:
        # Rates in float64, where Keras keeps float32.
        position["learning_rate"] = rates[0]() if len(rates) == 1 else [rate() for rate in rates]
    return position


def _rates(model: Any) -> list[Callable[..., float]]:
    """Returns functions that return, and set, the learning rates of a model's optimizer that no schedule determines."""
    return [] if model.optimizer is None else model.optimizer.__fastnn_rates_to_keep__()


def write_position(file: Any, position: dict[str, Any]) -> None:
    """Writes a position into an open HDF5 file."""
    file[_DATASET] = np.frombuffer(json.dumps(position).encode(), dtype=np.uint8)
    # A group with an empty list of variables is none of the model's, for Keras' editor of files.
    file.create_group(f"{GROUP}/vars")


def read_position(file: Any) -> dict[str, Any]:
    """Returns the position in an open HDF5 file; an empty one for files of Keras."""
    dataset = hdf5.at(file, _DATASET)
    return {} if dataset is None else parsed(hdf5.numbers(dataset).astype(np.uint8).tobytes())


def restore_position(model: Any, position: dict[str, Any]) -> None:
    """Sets the random streams, the order of rows and the learning rate of a model.

    Raises:
        ValueError: The position is not one that `position_of` returned.
    """
    try:
        places = [
            (stream, int(seed), int(at))
            for path, layer in walk(model)
            for stream, (seed, at) in zip(streams_of(layer), position.get("streams", {}).get(path, ()), strict=False)
        ]
        shuffle = [int(number) for number in position.get("shuffle", ())]
        given = position.get("learning_rate", [])
        kept = [float(rate) for rate in (given if isinstance(given, list) else [given])]
        for stream, seed, at in places:
            stream.seed, stream.position = seed, at
        if len(shuffle) == 2:
            order = model.__fastnn_training__.row_order
            order.seed, order.position = shuffle
        for rate, value in zip(_rates(model), kept, strict=False):
            rate(value)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"the state of random streams is damaged: {error}") from error
