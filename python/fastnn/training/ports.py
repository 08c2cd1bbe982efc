"""Inputs and outputs of a model: their names and shapes, and how several are put together.

A model has one input and one output as a rule; their data and arguments stand alone. Several are given as a list in
the order of the ports, or as a dict by their names. The protocol `Trainable` is what training asks of a model.
This file checks names and counts; what the arrays themselves must be like is said in `door.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn
from fastnn.engine.contract import Part
from fastnn.engine.emission import Emission
from fastnn.engine.network import Port, Ports
from fastnn.naming import suggestion
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Spec
from fastnn.symbolic.variable import Variable

Shapes = tuple[tuple[int, ...] | None, ...]
"""The shapes of the samples that a program is made for; None for an optional input without data."""
TargetShapes = tuple[tuple[int, ...] | None, ...]
"""The shapes of one row of the targets, for each output; None where it has none."""


class Trainable(Protocol):
    """Protocol of a model, as far as training knows it."""

    @property
    def model(self) -> Any:
        """The model itself."""

    def who(self) -> str:
        """Returns how errors call the model."""

    def ports(self) -> Ports:
        """Returns the inputs and outputs as they are known now."""

    def of_model(self) -> Ports:
        """Returns the inputs as data are given for them, and the outputs."""

    def prepare_for_step(self, given: Structure, specs: Sequence[Spec]) -> None:
        """Builds the model before a step of the user's own is traced, where its samples are inputs of the model."""

    def prepare(self, x: Any) -> Any:
        """Builds the model for its first data; returns the data, converted where that was needed."""

    def reads_texts(self) -> bool:
        """Returns whether `prepare` turns texts into numbers."""

    def leaves(self) -> list[tuple[Part, bool]]:
        """Returns every layer that computes, and whether it is trained."""

    def emit(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds the model to a graph; returns the edges of its outputs."""

    def weight_paths(self) -> list[tuple[str, Variable]]:
        """Returns every weight with the names on the way to it."""

    def floats(self) -> str:
        """Returns the type of floats in which the model computes.

        Raises:
            ValueError: There is more than one.
        """

    def layers_changed(self) -> None:
        """Called when layers were added or removed, here or in a nested model."""


def quoted(ports: Sequence[Port]) -> str:
    """Returns the names of ports for an error: 'a', 'b'."""
    return ", ".join(repr(port.name) for port in ports)


def label(word: str, port: Port, ports: Sequence[Port]) -> str:
    """Returns how errors call the data of a port: "x", or "x of 'left'" where there are several ports."""
    return word if len(ports) == 1 else f"{word} of {port.name!r}"


def alone(who: str, word: str, given: Any, port: Port) -> Any:
    """Returns the data of the only port, which may be given in a dict by its name."""
    return by_port(who, word, given, [port])[0] if isinstance(given, Mapping) else given


def warn_of_further(word: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Warns of entries of a dict that no port reads."""
    further = [name for name in given if name not in names]
    if further:
        warn(
            f"The structure of `inputs` doesn't match the expected structure: {word} has "
            f"{', '.join(map(repr, further))}, which no input of the model reads; its inputs are "
            f"{', '.join(map(repr, names))}"
        )


def by_port(who: str, word: str, given: Any, ports: Sequence[Port], optional: bool = False) -> list[Any]:
    """Returns what was given for several ports, in their order.

    Args:
        who: How errors call the model.
        word: The argument: "x", "y" or "sample_weight".
        given: A list in the order of the ports, or a dict by their names; a dict of inputs may have further entries.
        ports: The inputs or the outputs.
        optional: True where a dict may leave out some of the ports, which get None.

    Raises:
        ValueError: A name is unknown, a port has nothing, or the number of entries differs.
    """
    names = [port.name for port in ports]
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if word == "x" and not missing:
            warn_of_further(word, given, names)
        else:
            _check_names(who, word, given, names, "input" if word == "x" else "output")
        if missing and not optional:
            raise ValueError(f"{who}: {word} has nothing for {', '.join(map(repr, missing))}")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and len(given) == len(ports):
        return list(given)
    got = f"{len(given)}" if isinstance(given, (list, tuple)) else f"one {type(given).__name__}"
    raise ValueError(
        f"{who} expects {len(ports)} arrays as {word}, got {got}; pass a list in the order of {quoted(ports)}, or a "
        "dict by these names"
    )


def by_name(ports: Ports, given: Any) -> bool:
    """Returns whether an argument is a dict by the names of outputs, not by the keys of their structure."""
    return isinstance(given, Mapping) and not ports.made.is_like({}) and set(given) <= {p.name for p in ports.outputs}


def entry_for_each(who: str, word: str, given: Any, ports: Ports) -> list[Any]:
    """Returns one entry of an argument of `compile` for each output.

    Args:
        who: How errors call the model.
        word: The argument: "loss", "loss_weights", "metrics"...
        given: None, one entry, a list in the order of the outputs, or a dict by their names; for nested outputs an
            entry for each in their structure.
        ports: The inputs and outputs of the model.

    Raises:
        ValueError: A name is unknown, or there are too few or too many entries.
    """
    outputs = ports.outputs
    if given is None:
        return [None] * len(outputs)
    if ports.made.nested and not by_name(ports, given) and ports.made.leads(given):
        return ports.made.entries(given)
    if isinstance(given, Mapping):
        names = [port.name for port in outputs]
        _check_names(who, word, given, names, "output")
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(outputs):
            raise ValueError(
                f"{who}: {word} expects one entry for the model's one output, got {len(given)}"
                if len(outputs) == 1
                else f"{who}: {word} expects one entry for each of the outputs {quoted(outputs)}, got {len(given)}"
            )
        return list(given)
    if len(outputs) > 1:
        raise ValueError(
            f"{who}: {word} expects a list or dict with one entry for each of the outputs {quoted(outputs)}, got "
            f"{given!r}"
        )
    return [given]


def _check_names(who: str, word: str, given: Mapping[str, Any], names: Sequence[str], side: str) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"{who}: {word} names {name!r}, which is no {side}.{suggestion(str(name), names)}")


class Absent(np.ndarray[Any, Any]):
    """Zeros in the place of an optional input that was given None; no layer reads them."""

    @classmethod
    def of(cls, port: Port, rows: int) -> Absent:
        """Returns zeros for the rows of an input."""
        return np.zeros((rows, *_known_sizes(port)), np.float32).view(cls)


def refuse_missing(who: str, given: Sequence[Any], inputs: Sequence[Port]) -> None:
    """Raises a ValueError where an input that is not optional was given None."""
    for one, port in zip(given, inputs, strict=True):
        if one is None and not port.optional:
            raise ValueError(
                f"{who}: x of {port.name!r} is None, and that input is not optional; give data for it, or make it with "
                "Input(optional=True)"
            )


def with_absent(who: str, arrays: Sequence[NDArray[Any] | None], inputs: Sequence[Port]) -> list[NDArray[Any]]:
    """Returns the arrays of all inputs, with zeros in the place of None.

    Raises:
        ValueError: There is None for every input.
    """
    rows = next((len(array) for array in arrays if array is not None), None)
    if rows is None:
        raise ValueError(f"{who} expects data for one of its inputs at least, got None for all")
    return [Absent.of(port, rows) if array is None else array for array, port in zip(arrays, inputs, strict=True)]


def _known_sizes(port: Port) -> list[int]:
    return [size or 1 for size in (port.shape or ())[1:]]


def shapes_of(xs: Sequence[NDArray[Any]]) -> Shapes:
    """Returns the shapes of the samples of inputs, by which programs are found."""
    return tuple(None if isinstance(array, Absent) else array.shape[1:] for array in xs)


def input_edges(emission: Emission, inputs: Sequence[Port], shapes: Shapes) -> list[int]:
    """Adds the inputs of a model to a graph; returns their edges.

    Args:
        emission: The graph.
        inputs: The inputs.
        shapes: The shapes of the samples; none where all inputs have data, of known sizes.
    """
    edges = []
    for k, port in enumerate(inputs):
        shape = port.shape
        given = shapes[k] if k < len(shapes) else ()
        if given is None:
            shape = (None, *_known_sizes(port))
        elif shape is None or None in shape[1:]:
            shape = (None, *given)
        edges.append(emission.graph.input(shape, port.dtype, label("x", port, inputs)))
        if given is None:
            emission.absent.add(edges[-1])
    return edges
