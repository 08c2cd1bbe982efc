"""Form of the functions of `fastnn.ops` in Keras' files.

Keras has a class for each of its functions. Some arguments of a function are arguments of the class and stand in the
config of its entry; the others are arguments of the call. By default, arguments with the names of tensors are those of
the call, the class has the name of the function in capitals and stands in the module `keras.src.ops.numpy`. A function
that differs says so by the decorator `as_in_keras` beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_OF_CALLS = frozenset(
    {
        "a", "array", "atol", "axes_lengths", "b", "beta", "bias", "bins", "choicelist", "condition",
        "condlist", "constant_values", "coordinates", "data", "default", "depthwise_kernel", "end_points",
        "fill_value", "gamma", "image1", "image2", "images", "indices", "inputs", "kernel", "key", "mask",
        "mean", "offset", "operands", "output", "output_shape", "pattern", "pointwise_kernel", "predictions",
        "q", "query", "rtol", "scale", "segment_ids", "sequence_lengths", "sorted_sequence", "start_indices",
        "start_points", "target", "targets", "tensor", "transform", "translation", "updates", "value", "values",
        "variable", "variance", "volumes", "weights", "x", "x1", "x2", "xs", "y",
    }
)  # fmt: skip
"""Names of arguments that are those of the call."""


class KerasFunction(NamedTuple):
    """Form of one function.

    Attributes:
        class_name: Name of the class.
        module: Module of Keras that has the class.
        in_config: Arguments of the class that have the name of a tensor.
        required: Arguments of the class that are always written, as older Keras has no default for them.
        arrays: Arguments of the call that Keras expects as arrays, not as lists or numbers.
    """

    class_name: str
    module: str
    in_config: frozenset[str]
    required: frozenset[str]
    arrays: frozenset[str]

    def is_of_call(self, argument: str) -> bool:
        """Returns whether an argument is one of the call and not of the class."""
        return argument in _OF_CALLS and argument not in self.in_config


_differing: dict[str, dict[str, Any]] = {}


def as_in_keras(
    module: str = "",
    class_name: str = "",
    in_config: str = "",
    required: str = "",
    arrays: str = "",
    name: str = "",
) -> Callable[[Decorated], Decorated]:
    """Returns a decorator that says how Keras' class of a function differs from the default.

    Args:
        module: Last part of `keras.src.ops.<module>`, or a whole module; "": that of the family.
        class_name: Name of the class; "": the name of the function in capitals.
        in_config: Names of `KerasFunction.in_config`, separated by spaces.
        required: Names of `KerasFunction.required`.
        arrays: Names of `KerasFunction.arrays`.
        name: Name under which the function is remembered; "": its own.
    """

    def register(function: Decorated) -> Decorated:
        _differing[name or function.__name__] = {
            "module": module, "class_name": class_name, "in_config": in_config, "required": required, "arrays": arrays,
        }  # fmt: skip
        return function

    return register


def keras_function(name: str, family: str) -> KerasFunction:
    """Returns the form of a function.

    Args:
        name: Name of the function.
        family: Last part of the module that Keras has it in, where the function does not say: "numpy".
    """
    said = _differing.get(name, {})
    module = said.get("module") or family
    return KerasFunction(
        said.get("class_name") or "".join(word.capitalize() for word in name.split("_")),
        module if "." in module else f"keras.src.ops.{module}",
        *(frozenset(said.get(word, "").split()) for word in ("in_config", "required", "arrays")),
    )
