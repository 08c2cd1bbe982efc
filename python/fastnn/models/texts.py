"""Texts as inputs of a model: layers that read them run on arrays, before the graph of the core.

The core computes with numbers. In a model with inputs of dtype "string" the calls on texts (lookups, hashes,
vectorization), and the calls that these need, are its front: for each batch of data it makes the numbers that the rest
of the model, its body, takes as inputs. Training, prediction and exporters see the ports of the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.network import Port, Ports
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Call, KerasTensor
from fastnn.training.door import unwrapped
from fastnn.training.ports import alone, by_port


class TextFront:
    """The calls on texts of one model.

    Args:
        inputs: The inputs of the model.
        calls: The calls of the model, in order.
        outputs: Its outputs.

    Attributes:
        calls: Those on texts, and those that these need.
        entries: The inputs of the body: those of the model that are numbers, then the outputs of the front.
    """

    def __init__(self, inputs: Sequence[KerasTensor], calls: Sequence[Call], outputs: Sequence[KerasTensor]) -> None:
        self.inputs = list(inputs)
        wanted = {id(tensor) for call in calls if _reads(call) for tensor in call.inputs}
        self.calls: list[Call] = []
        for call in reversed(calls):
            if _reads(call) or any(id(tensor) in wanted for tensor in call.outputs):
                self.calls.insert(0, call)
                wanted |= {id(tensor) for tensor in call.inputs}
        of_body = [call for call in calls if call not in self.calls]
        read = {id(tensor) for call in of_body for tensor in call.inputs} | {id(tensor) for tensor in outputs}
        numbers = [tensor for tensor in inputs if tensor.dtype != "string" and id(tensor) in read]
        made = [tensor for call in self.calls for tensor in call.outputs if id(tensor) in read]
        self.entries = [*numbers, *made]
        self._structure = Structure(self.entries if len(self.entries) > 1 else self.entries[0])

    def ports(self, of_model: Ports) -> Ports:
        """Returns the ports of the body.

        Args:
            of_model: Those of the model.
        """
        names = {id(tensor): port.name for tensor, port in zip(self.inputs, of_model.inputs, strict=True)}
        inputs = [Port(names.get(id(one), one.history.layer.name), one.free_shape, one.dtype) for one in self.entries]
        return of_model._replace(inputs=inputs, given=self._structure)

    def numbers(self, who: str, x: Any, of_model: Ports) -> Any:
        """Returns the data of the body for data of the model.

        Args:
            who: How errors call the model.
            x: The data, as the inputs of the model are given.
            of_model: The ports of the model.

        Raises:
            TypeError: The data of an input of texts are not texts.
        """
        ports = of_model.inputs
        single = len(ports) == 1
        given = [alone(who, "x", x, ports[0])] if single else by_port(who, "x", x, ports)
        if single:
            given = [unwrapped(given[0], 1)]
        made: dict[int, Any] = {}
        for tensor, port, data in zip(self.inputs, ports, given, strict=True):
            made[id(tensor)] = self._fitted(who, tensor, port, data)
        for call in self.calls:
            args, _ = call.arguments.place([made[id(tensor)] for tensor in call.inputs])
            made[id(call.outputs[0])] = np.asarray(call.layer(*args))
        found = [made[id(tensor)] for tensor in self.entries]
        return found if len(found) > 1 else found[0]

    @staticmethod
    def _fitted(who: str, tensor: KerasTensor, port: Port, data: Any) -> Any:
        array = np.asarray(data)
        if tensor.dtype == "string" and array.dtype.kind not in "OUST":
            raise TypeError(f"{who}: the input {port.name!r} takes texts, got an array of {array.dtype}")
        wanted = len(tensor.free_shape)
        if array.ndim == wanted - 1 and tensor.free_shape[-1] == 1:
            array = array[..., np.newaxis]
        elif array.ndim == wanted + 1 and array.shape[-1] == 1:
            array = array[..., 0]
        expected, got = tensor.free_shape[1:], array.shape[1:]
        if array.ndim != wanted or any(a not in (None, b) for a, b in zip(expected, got, strict=True)):
            what = "texts" if tensor.dtype == "string" else "data"
            raise ValueError(f"{who} expects {what} of shape {tensor.free_shape} at {port.name!r}, got {array.shape}")
        return array


def _reads(call: Call) -> bool:
    return bool(type(call.layer).__fastnn_reads_texts__)


def front_of(
    inputs: Sequence[KerasTensor], calls: Sequence[Call], outputs: Sequence[KerasTensor], who: str
) -> TextFront | None:
    """Returns the front of a model; None where no layer reads texts.

    Args:
        inputs: The inputs of the model.
        calls: The calls of the model, in order.
        outputs: Its outputs.
        who: How errors call the model.

    Raises:
        ValueError: Texts are an output.
    """
    for tensor in outputs:
        if tensor.dtype == "string":
            raise ValueError(
                f"{who}: the texts of {tensor.name!r} are an output; call a layer such as StringLookup on them"
            )
    return TextFront(inputs, calls, outputs) if any(map(_reads, calls)) else None
