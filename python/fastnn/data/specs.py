"""Descriptions of the elements of a dataset: `TensorSpec` for an array, `DatasetSpec` for a dataset in an element."""

from __future__ import annotations

from typing import Any

from fastnn.data.elements import Element, Structure, as_element, fits, is_dataset, mapped
from fastnn.precision import array_type

Shape = tuple[int | None, ...]

_OF_PYTHON = {float: "float32", int: "int32", bool: "bool", str: "string", bytes: "string", complex: "complex64"}
_OF_NUMBER = {1: "float32", 2: "float64", 3: "int32", 4: "uint8", 7: "string", 9: "int64", 10: "bool"}
"""Types by the numbers that TensorFlow gives them: `tf.zeros(1, 1)` of a guide."""


def as_dtype(dtype: Any) -> Any:
    """Returns an element type: a dtype of NumPy, or "string".

    Args:
        dtype: A name, a type of NumPy or Python, or what has a name.

    Raises:
        TypeError: There is no such type.
    """
    if isinstance(dtype, type) and dtype in _OF_PYTHON:
        dtype = _OF_PYTHON[dtype]
    if isinstance(dtype, int) and dtype in _OF_NUMBER:
        dtype = _OF_NUMBER[dtype]
    name = getattr(dtype, "name", dtype)
    if name in ("string", "object", "str"):
        return "string"
    return array_type(name)


class TensorSpec:
    """Shape and element type of an array.

    Args:
        shape: Sizes, None for one that is not known; None where not even their number is known.
        dtype: Element type; "string" for text.
        name: Name, which is kept.

    Example:
        >>> from fastnn.data import TensorSpec
        >>> TensorSpec((None, 2), "float32")
        TensorSpec(shape=(None, 2), dtype=float32, name=None)
    """

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape: Shape | None = (
            None if shape is None else tuple(None if size in (None, -1) else int(size) for size in shape)
        )
        self.dtype = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """Returns the description of an array.

        Args:
            tensor: The array.
            name: Name, which is kept.
        """
        array = as_element(tensor)
        return cls(array.shape, "string" if array.dtype.kind in "OSU" else array.dtype, name)

    def is_compatible_with(self, other: Any) -> bool:
        """Returns whether an array, or what another description describes, may be described so.

        Args:
            other: An array or a `TensorSpec`.
        """
        spec = other if isinstance(other, TensorSpec) else TensorSpec.from_tensor(other)
        if spec.dtype != self.dtype or (spec.shape is None) != (self.shape is None):
            return bool(spec.dtype == self.dtype and self.shape is None)
        pairs = zip(self.shape or (), spec.shape or (), strict=False)
        return len(self.shape or ()) == len(spec.shape or ()) and all(a is None or a == b for a, b in pairs)

    def converted(self, value: Any, who: str) -> Element:
        """Returns a value as an array of the described type.

        Args:
            value: Array, number, string or nested lists.
            who: Who asks, for errors.

        Raises:
            ValueError: Its shape is another one.
            TypeError: It is text in place of numbers, or the reverse.
        """
        array = as_element(value, who)
        if (array.dtype.kind == "O") != isinstance(self.dtype, str) and array.size:
            raise TypeError(f"{who} expects elements of dtype {_name(self.dtype)}, got {value!r}")
        if not fits(array.shape, self.shape):
            raise ValueError(f"{who} expects elements of shape {self.shape}, got {array.shape}")
        return array if isinstance(self.dtype, str) else array.astype(self.dtype, copy=False).view(Element)

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)
        return bool(same and self.name == other.name)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self.shape, str(self.dtype), self.name))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={_name(self.dtype)}, name={self.name!r})"


def _name(dtype: Any) -> str:
    return dtype if isinstance(dtype, str) else str(dtype.name)


class DatasetSpec:
    """Description of a dataset that is part of an element.

    Args:
        element_spec: Descriptions of its elements.
    """

    def __init__(self, element_spec: Structure) -> None:
        self.element_spec = element_spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and bool(self.element_spec == other.element_spec)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r})"


def spec_of(one: Structure) -> Structure:
    """Returns the descriptions of the arrays of an element."""
    return mapped(
        lambda value: DatasetSpec(value.element_spec) if is_dataset(value) else TensorSpec.from_tensor(value), one
    )


def with_batch(spec: Structure, size: int | None) -> Structure:
    """Returns the descriptions of a batch of elements."""
    return mapped(lambda one: TensorSpec(None if one.shape is None else (size, *one.shape), one.dtype), spec)


def without_batch(spec: Structure) -> Structure:
    """Returns the descriptions of the elements of a batch."""
    return mapped(lambda one: TensorSpec(None if one.shape is None else one.shape[1:], one.dtype), spec)


def common(spec: Structure, other: Structure) -> Structure:
    """Returns descriptions that fit both; sizes that differ are not known."""

    def both(a: Any, b: Any) -> Any:
        if not isinstance(a, TensorSpec) or a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
            return a if a == b else TensorSpec(None, a.dtype)
        return TensorSpec([x if x == y else None for x, y in zip(a.shape, b.shape, strict=True)], a.dtype)

    return mapped(both, spec, other)


def has_open_batch(spec: Structure) -> bool:
    """Returns whether the first size of each array is not known, as in batches the last of which may be smaller."""
    found: list[bool] = []
    mapped(lambda one: found.append(isinstance(one, TensorSpec) and (one.shape or (0,))[:1] == (None,)), spec)
    return bool(found) and all(found)
