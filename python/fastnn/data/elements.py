"""Elements of a dataset: arrays in tuples and dictionaries, their description, and how several become one.

An element is an array, or a tuple, a named tuple or a dictionary of elements. Strings are bytes in arrays of objects.
Lists are values, not structure, as in `tf.data`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.arrays import without_ragged
from fastnn.engine.eager_array import EagerArray
from fastnn.precision import floatx

Structure = Any
"""An array, None, or a tuple or dictionary of structures."""

_array_of = without_ragged(np.asarray)


class Element(EagerArray):
    """Array that a dataset yields: a NumPy array whose parts and sums answer `.numpy()` too.

    It is never changed in place: `x /= 255` makes a new array, and text compares and joins with Python strings.
    """

    def numpy(self) -> Any:
        """Returns the values as a plain array; one number or text as that."""
        return self.view(np.ndarray)[()]

    def get_shape(self) -> tuple[int, ...]:
        """Returns the shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the array has a shape.

        Args:
            shape: Sizes; None for any.

        Raises:
            ValueError: The array has another shape.
        """
        if not fits(self.shape, shape):
            raise ValueError(f"set_shape expects an array of shape {tuple(shape)}, got {self.shape}")

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return found if isinstance(found, np.ndarray) else _scalar(found, self.dtype)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return np.asarray(array).view(Element)

    def __eq__(self, other: Any) -> Any:
        return np.equal(self, as_element(other)) if self.dtype.kind == "O" else super().__eq__(other)

    def __ne__(self, other: Any) -> Any:
        return np.not_equal(self, as_element(other)) if self.dtype.kind == "O" else super().__ne__(other)

    def __add__(self, other: Any) -> Any:
        return super().__add__(as_element(other) if self.dtype.kind == "O" else other)

    def __radd__(self, other: Any) -> Any:
        return super().__radd__(as_element(other) if self.dtype.kind == "O" else other)

    def __str__(self) -> str:
        return str(self.view(np.ndarray))

    def _not_in_place(self, other: Any) -> Any:
        return NotImplemented

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = _not_in_place
    __iand__ = __ior__ = __ixor__ = __imatmul__ = _not_in_place
    __hash__ = None  # type: ignore[assignment]


def _scalar(value: Any, dtype: np.dtype[Any]) -> Element:
    made = np.empty((), dtype)
    made[()] = value
    return made.view(Element)


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Returns numbers of Python in the types that they have in TensorFlow: int32 and `floatx()`."""
    if array.dtype == np.float64:
        return array.astype(floatx())
    small = array.dtype == np.int64 and (array.size == 0 or np.abs(array).max() <= np.iinfo(np.int32).max)
    return array.astype(np.int32) if small else array


def _first(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return value


def as_element(value: Any, who: str = "a dataset") -> Element:
    """Returns a value as an array; an array is not copied.

    Args:
        value: Array, data frame column, number, string, or nested lists of them.
        who: Who asks, for errors.

    Raises:
        TypeError: The value is no array.
        ValueError: Its rows differ in length.
    """
    if isinstance(value, Element):
        return value
    to_numpy = getattr(value, "to_numpy", None)
    if callable(to_numpy):
        value = to_numpy()
    if isinstance(value, (str, bytes)):
        return _scalar(value.encode() if isinstance(value, str) else value, np.dtype(object))
    try:
        array = _array_of(value)
    except (ValueError, Warning) as error:
        raise ValueError(f"{who} expects arrays, got rows of different lengths: {error}") from None
    if not isinstance(value, (np.ndarray, np.generic)) and isinstance(_first(value), (int, float)):
        array = _narrow(array)
    if array.dtype.kind in "UST" or (array.dtype.kind == "O" and array.size):
        array = _as_bytes(array, value, who)
    elif array.dtype.kind not in "fiubcO":
        raise TypeError(f"{who} expects numbers or strings, got dtype {array.dtype}")
    return array.view(Element)


def _as_bytes(array: NDArray[Any], value: Any, who: str) -> NDArray[Any]:
    flat = array.ravel().tolist()
    if all(isinstance(one, bytes) for one in flat) and array.dtype.kind == "O":
        return array
    for one in flat:
        if not isinstance(one, (str, bytes)):
            raise TypeError(
                f"{who} expects arrays of numbers or strings, got {type(value if array.ndim == 0 else one).__name__} "
                f"{one!r}; convert it first, for instance by np.asarray(..., dtype='float32')"
            )
    made = np.empty(array.shape, dtype=object)
    made.reshape(-1)[:] = [one.encode() if isinstance(one, str) else one for one in flat]
    return made


def is_dataset(value: Any) -> bool:
    """Returns True for a dataset, which may be part of an element of another: `window` makes such."""
    return callable(getattr(type(value), "as_numpy_iterator", None))


def mapped(function: Callable[..., Any], structure: Structure, *others: Structure) -> Structure:
    """Returns the structure with a function applied to each of its values, and to those of others at the same place."""
    if isinstance(structure, np.ndarray):
        return function(structure, *others)
    if isinstance(structure, tuple):
        made = [mapped(function, *ones) for ones in zip(structure, *others, strict=True)]
        return type(structure)(*made) if hasattr(structure, "_fields") else tuple(made)
    if isinstance(structure, Mapping):
        return {key: mapped(function, one, *(other[key] for other in others)) for key, one in structure.items()}
    return None if structure is None else function(structure, *others)


def values(structure: Structure) -> list[Any]:
    """Returns the values of a structure, in order."""
    found: list[Any] = []
    mapped(found.append, structure)
    return found


def element(structure: Structure, who: str = "a dataset") -> Structure:
    """Returns a structure whose values are arrays or datasets."""
    return mapped(lambda one: one if is_dataset(one) else as_element(one, who), structure)


def plain(structure: Structure) -> Structure:
    """Returns a structure of plain arrays, numbers and texts."""
    return mapped(lambda one: one.as_numpy_iterator() if is_dataset(one) else as_element(one).numpy(), structure)


def row(table: Structure, index: Any) -> Structure:
    """Returns one row, or the rows of an array of numbers, of each array."""
    return mapped(lambda array: array[index], table)


def stacked(elements: Sequence[Structure], who: str) -> Structure:
    """Returns one element whose arrays are those of several, one after the other along a new first axis.

    Raises:
        ValueError: The elements differ in shape or structure.
    """

    def stack(*ones: Any) -> Element:
        shapes = {one.shape for one in ones}
        if len(shapes) > 1:
            at, other = next((i, one) for i, one in enumerate(ones) if one.shape != ones[0].shape)
            raise ValueError(
                f"{who} expects elements of one shape, got {ones[0].shape} in element 0 of the batch and "
                f"{other.shape} in element {at}; bring them to one shape in map(), or use padded_batch()"
            )
        return np.stack([one.view(np.ndarray) for one in ones]).view(Element)

    return mapped(stack, *elements)


def padded(elements: Sequence[Structure], shapes: Structure, fill: Structure, who: str) -> Structure:
    """Returns one element of several that differ in size, padded at the end.

    Args:
        elements: The elements.
        shapes: Shapes to which the arrays are padded; None, in their place or in them: the largest in the batch.
        fill: Padding values; None: 0, and the empty string.
        who: Who asks, for errors.

    Raises:
        ValueError: Ranks differ, or an array is larger than its shape.
    """

    def pad(shape: Any, value: Any, *ones: Any) -> Element:
        rank = ones[0].ndim
        if any(one.ndim != rank for one in ones):
            raise ValueError(f"{who} expects elements of one rank, got shapes {[one.shape for one in ones]}")
        shape = (None,) * rank if shape is None else tuple(np.atleast_1d(np.asarray(shape, dtype=object)).tolist())
        if len(shape) != rank:
            raise ValueError(f"{who} expects padded_shapes of {rank} sizes, got {shape}")
        largest = [max(one.shape[axis] for one in ones) for axis in range(rank)]
        sizes = [most if size in (None, -1) else int(size) for size, most in zip(shape, largest, strict=True)]
        if any(most > size for most, size in zip(largest, sizes, strict=True)):
            raise ValueError(
                f"{who} pads to {tuple(sizes)}, got elements of up to {tuple(largest)}; truncate them first"
            )
        dtype = ones[0].dtype
        if value is None:
            value = b"" if dtype.kind == "O" else 0
        made = np.full((len(ones), *sizes), value.encode() if isinstance(value, str) else value, dtype)
        for i, one in enumerate(ones):
            made[i, ...][tuple(slice(size) for size in one.shape)] = one
        return made.view(Element)

    first = elements[0]
    return _with_options(pad, first, shapes, fill, elements)


def _with_options(pad: Any, first: Structure, shapes: Any, fill: Any, elements: Sequence[Structure]) -> Structure:
    """Walks a structure together with two that may end early, by None or one value for all."""
    if isinstance(first, Mapping):
        return {
            key: _with_options(
                pad,
                one,
                shapes[key] if isinstance(shapes, Mapping) else shapes,
                fill[key] if isinstance(fill, Mapping) else fill,
                [other[key] for other in elements],
            )
            for key, one in first.items()
        }
    if isinstance(first, tuple):
        made = [
            _with_options(
                pad,
                one,
                None if shapes is None else shapes[i],
                fill[i] if isinstance(fill, tuple) else fill,
                [other[i] for other in elements],
            )
            for i, one in enumerate(first)
        ]
        return type(first)(*made) if hasattr(first, "_fields") else tuple(made)
    return pad(shapes, fill, *elements)


def rows_of(structure: Structure, who: str) -> int:
    """Returns the number of rows that the arrays of a structure have in common.

    Raises:
        ValueError: There is no array, one has no rows, or the numbers differ.
    """
    arrays = values(structure)
    if not arrays:
        raise ValueError(f"{who} expects at least one array, got {structure!r}")
    if any(array.ndim == 0 for array in arrays):
        raise ValueError(
            f"{who} expects arrays with rows, got a single number or text; use from_tensors() for one element"
        )
    counts = [len(array) for array in arrays]
    if len(set(counts)) > 1:
        raise ValueError(f"{who} expects arrays of the same length, got lengths {', '.join(map(str, counts))}")
    return counts[0]


def read_only(structure: Structure) -> Structure:
    """Returns the arrays of a structure, not copied, as arrays that cannot be written to."""

    def view(one: Any) -> Any:
        if not is_dataset(one):
            one = one.view()
            one.flags.writeable = False
        return one

    return mapped(view, structure)


def proposal(name: str, kind: type) -> str:
    """Returns the advice for a method that a class does not have."""
    from fastnn.naming import near

    public = [one for one in dir(kind) if not one.startswith("_")]
    return near(name, public) or f"; there are {', '.join(public)}"


def call(function: Callable[..., Any], one: Structure) -> Any:
    """Returns what a function returns for an element; a tuple is passed as several arguments."""
    return function(*one) if isinstance(one, tuple) else function(one)


def fits(shape: Iterable[int], wanted: Any) -> bool:
    """Returns whether a shape is one of those that are wanted: None is any size, or any shape."""
    if wanted is None:
        return True
    sizes, sought = tuple(shape), tuple(np.atleast_1d(np.asarray(wanted, dtype=object)).tolist())
    return len(sizes) == len(sought) and all(b in (None, -1) or a == b for a, b in zip(sizes, sought, strict=True))
