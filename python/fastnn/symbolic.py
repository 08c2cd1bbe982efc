"""Symbolic tensors, the calls between them, and how several are put together.

A model is made of these: a tensor knows the call that makes it, a call its layer and the tensors it reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

if TYPE_CHECKING:
    from fastnn.layer import Emission, Layer

Shape = tuple[int | None, ...]


class History(NamedTuple):
    """Where a symbolic tensor comes from: an output of one of a layer's calls."""

    layer: Layer
    call: int
    output: int


class KerasTensor:
    """What stands for an array before it exists: its shape and type, and the call that makes it.

    `Input` makes the first, and calling a layer on one makes the next.

    Attributes:
        shape: With the batch, which is None: (None, 784).
        dtype: "float32".
        name: Its name.
        history: The layer that makes it, which of the layer's calls, and which of the call's outputs it is.
    """

    def __init__(self, shape: Shape, dtype: str, name: str, history: History) -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.history = history

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def call(self) -> Call:
        """The call that makes it."""
        return self.history.layer._calls[self.history.call]

    def _no_numbers(self, what: str) -> TypeError:
        return TypeError(
            f"the symbolic tensor {self.name!r} of shape {self.shape} {what}: it has no numbers yet; make a Model of "
            "it and call that on data"
        )

    def __bool__(self) -> bool:
        raise self._no_numbers("is neither true nor false")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        raise self._no_numbers("is no array")

    def __len__(self) -> int:
        raise self._no_numbers("has no length")

    def __iter__(self) -> Any:
        raise self._no_numbers("cannot be iterated over")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Call:
    """One call of a layer on symbolic tensors.

    Attributes:
        layer: What was called.
        inputs: On which tensors.
        outputs: What came out.
        training: The `training=` that was given, which stays with the call; None: as the model runs.
    """

    def __init__(
        self, layer: Layer, inputs: Sequence[KerasTensor], shapes: Sequence[Shape], training: bool | None
    ) -> None:
        self.layer = layer
        self.inputs = list(inputs)
        self.training = training
        index = len(layer._calls)
        stem = layer.name if index == 0 else f"{layer.name}_call_{index}"
        names = [stem] if len(shapes) == 1 else [f"{stem}_{i}" for i in range(len(shapes))]
        self.outputs = [
            KerasTensor(shape, "float32", name, History(layer, index, i))
            for i, (shape, name) in enumerate(zip(shapes, names, strict=True))
        ]
        layer._calls.append(self)

    def emit(self, emission: Emission, edges: list[int]) -> list[int]:
        """Adds what the call computes to a graph."""
        outer = emission.training
        if self.training is not None:
            emission.training = self.training
        try:
            return self.layer._emit(emission, edges)
        finally:
            emission.training = outer


class Structure:
    """How several things were put together: one alone, a list or tuple, or a dict.

    A dict is flattened in the order of its sorted keys, as Keras does.

    Args:
        given: One thing, a list of things, or a dict of them.
        who: How errors call it.

    Raises:
        ValueError: It is empty or nested deeper.
    """

    def __init__(self, given: Any, who: str) -> None:
        self.alone = not isinstance(given, (list, tuple, Mapping))
        self.keys = sorted(given) if isinstance(given, Mapping) else None
        self._like = type(given) if isinstance(given, (list, tuple)) else list
        self._order = list(given) if isinstance(given, Mapping) else []
        items = self.flat(given)
        if not items:
            raise ValueError(f"{who} expects at least one tensor, got {given!r}")
        if any(isinstance(item, (list, tuple, Mapping)) for item in items):
            raise ValueError(f"{who} expects one tensor, a list or a dict of tensors, got lists within: {given!r}")

    def flat(self, given: Any) -> list[Any]:
        """What was put together, one by one."""
        if self.alone:
            return [given]
        return list(given) if self.keys is None else [given[key] for key in self.keys]

    def pack(self, items: Sequence[Any]) -> Any:
        """The items put together in the same way."""
        if self.alone:
            return items[0]
        if self.keys is None:
            return tuple(items) if self._like is tuple else list(items)
        found = dict(zip(self.keys, items, strict=True))
        return {key: found[key] for key in self._order}


def is_symbolic(inputs: Any) -> bool:
    """Whether a layer is called on symbolic tensors, not on arrays."""
    if isinstance(inputs, (list, tuple)):
        return any(isinstance(item, KerasTensor) for item in inputs)
    if isinstance(inputs, Mapping):
        return any(isinstance(item, KerasTensor) for item in inputs.values())
    return isinstance(inputs, KerasTensor)
