"""The calls between the inputs and the outputs of a functional model, in order, and their layers.

They are read once, when the model is made; everything that is wrong with its graph is found here.
"""

from __future__ import annotations

from fastnn.engine.contract import title
from fastnn.engine.layer import Layer
from fastnn.layers import InputLayer
from fastnn.symbolic.tensors import Call, KerasTensor


class Topology:
    """The calls between some tensors and others, found from the ends.

    Args:
        who: How errors call the model.
        inputs: The inputs of the model.
        outputs: The outputs of the model.

    Attributes:
        inputs: As given.
        outputs: As given.
        calls: The calls, in an order in which each finds its inputs made.
        layers: The layers that are called, each once, in Keras' order: the farthest from the outputs first.
        entries: For each input, by its id, its layer; a new one where the input is a tensor from the middle of another
            model.

    Raises:
        ValueError: An output needs an input that is not given, or two layers have the same name.
    """

    def __init__(self, who: str, inputs: list[KerasTensor], outputs: list[KerasTensor]) -> None:
        self.entries: dict[int, Layer] = {}
        for tensor in inputs:
            own = tensor.history.layer
            self.entries[id(tensor)] = own if isinstance(own, InputLayer) else InputLayer(batch_shape=tensor.shape)
        self.inputs, self.outputs = inputs, outputs
        self.calls: list[Call] = []
        found: dict[Layer, int] = {}
        self._find(who, found)
        self.layers = self._by_depth(found)
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"{who} has {names.count(name)} layers called {name!r}; names within a model must differ: give "
                    "one a name="
                )

    def _find(self, who: str, found: dict[Layer, int]) -> None:
        """Walks from the outputs to the inputs; a call is added when all that it reads has been found."""
        done: set[int] = set()
        # Entries are (tensor, whether its inputs were visited). An explicit stack allows models of any depth.
        for output in self.outputs:
            stack: list[tuple[KerasTensor, bool]] = [(output, False)]
            while stack:
                tensor, entered = stack.pop()
                if id(tensor) in self.entries:
                    found.setdefault(self.entries[id(tensor)], len(found))
                    continue
                call = tensor.call
                if id(call) in done:
                    continue
                if entered:
                    done.add(id(call))
                    self.calls.append(call)
                    continue
                if isinstance(call.layer, InputLayer):
                    reader = self._reader(call.outputs[0])
                    owned = ", ".join(repr(t.name) for t in self.inputs)
                    raise ValueError(
                        f"{who}: the graph is disconnected: {reader} needs the input {tensor.name!r} of shape "
                        f"{tensor.shape}, which is not among the model's inputs ({owned}); add it to inputs="
                    )
                found.setdefault(call.layer, len(found))
                stack.append((tensor, True))
                stack.extend((t, False) for t in reversed(call.inputs))

    def _reader(self, tensor: KerasTensor) -> str:
        """Returns the name of the layer that reads a tensor on the way to the outputs, for an error."""
        pending, seen = [output for output in self.outputs], set()
        while pending:
            current = pending.pop()
            if current is tensor:
                return "an output"
            if id(current) in seen or id(current) in self.entries:
                continue
            seen.add(id(current))
            if any(t is tensor for t in current.call.inputs):
                return title(current.call.layer)
            pending += current.call.inputs
        return "an output"

    def _by_depth(self, found: dict[Layer, int]) -> list[Layer]:
        depth: dict[int, int] = {}  # of calls, by id; of the layers of inputs by theirs
        of_layer: dict[Layer, int] = {}
        for call in reversed(self.calls):
            here = max(depth.get(id(call), 0), of_layer.get(call.layer, 0))
            depth[id(call)] = of_layer[call.layer] = here
            for tensor in call.inputs:
                entry = self.entries.get(id(tensor))
                if entry is not None:
                    of_layer[entry] = max(of_layer.get(entry, 0), here + 1)
                else:
                    before = id(tensor.call)
                    depth[before] = max(depth.get(before, 0), here + 1)
        for tensor in self.inputs:
            of_layer.setdefault(self.entries[id(tensor)], 0)
        return sorted(of_layer, key=lambda layer: (-of_layer[layer], found.get(layer, -1)))

    def is_chain(self) -> bool:
        """Returns whether the calls follow one another, each of another layer."""
        previous = self.inputs[0]
        for call in self.calls:
            if len(call.inputs) != 1 or call.inputs[0] is not previous or len(call.outputs) != 1:
                return False
            previous = call.outputs[0]
        once = len({id(call.layer) for call in self.calls}) == len(self.calls)
        return once and len(self.inputs) == len(self.outputs) == 1 and self.outputs[0] is previous

    def connections(self) -> dict[Layer, list[str]]:
        """Returns for each layer the tensors that its calls read, as name[call][output]."""
        read: dict[Layer, list[str]] = {}
        for call in self.calls:
            for tensor in call.inputs:
                entry = self.entries.get(id(tensor))
                layer, number, output = tensor.history if entry is None else (entry, 0, 0)
                read.setdefault(call.layer, []).append(f"{layer.name}[{number}][{output}]")
        return read

    def edges(self) -> list[tuple[Layer, Layer]]:
        """Returns for each tensor that a call reads the layer that makes it, and the one that reads it."""
        return [
            (self.entries.get(id(tensor), tensor.history.layer), call.layer)
            for call in self.calls
            for tensor in call.inputs
        ]
