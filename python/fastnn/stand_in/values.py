"""Functions and types that stand in `tf` itself and are no rows of the table: values, element types, wrappers."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastnn import ops
from fastnn.data import draws
from fastnn.data.elements import Element, as_element, element, mapped, row, rows_of, stacked
from fastnn.data.specs import as_dtype
from fastnn.stand_in.functions import plain, returned, traced
from fastnn.stand_in.strings import as_string
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Trace
from fastnn.training.function import function as in_core

DTYPES: dict[str, Any] = {
    **{
        name: np.dtype(name)
        for name in (
            "bool", "complex64", "complex128", "float16", "float32", "float64", "int8", "int16", "int32", "int64",
            "uint8", "uint16", "uint32", "uint64",
        )
    },
    "bfloat16": "bfloat16", "double": np.dtype("float64"), "half": np.dtype("float16"), "string": "string",
}  # fmt: skip
"""Element types by name."""


class Namespace:
    """Names below a name of TensorFlow.

    Args:
        mend: What to write in place of names that are not there.
        **names: The names.
    """

    def __init__(self, mend: str = "it is not needed here", **names: Any) -> None:
        self.__dict__.update(names)
        self._mend = mend

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = ", ".join(one for one in vars(self) if not one.startswith("_"))
        raise AttributeError(f"tensorflow has no {name!r} here (there are {known}); {self._mend}")


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Returns values of another element type."""
    if traced(x):
        return ops.cast(x, dtype)
    kind, array = as_dtype(dtype), as_element(x, "tf.cast")
    if isinstance(kind, str) or array.dtype.kind == "O":
        raise TypeError("tf.cast converts numbers; use tf.strings.to_number and tf.strings.as_string for text")
    return array.astype(kind).view(Element)


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Any:
    """Returns a value as an array."""
    if traced(value):
        return ops.convert_to_tensor(value, dtype)
    if isinstance(value, (list, tuple)) and any(isinstance(one, np.ndarray) for one in value):
        value = np.stack([as_element(one).view(np.ndarray) for one in value])
    array = as_element(value, "tf.convert_to_tensor")
    return array if dtype is None or as_dtype(dtype) == "string" else cast(array, dtype)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Returns a value as an array; one number fills a shape."""
    array = convert_to_tensor(value, dtype)
    if shape is None:
        return array
    sizes = tuple(int(one) for one in shape)
    return as_element(np.broadcast_to(array, sizes).copy() if array.size == 1 else np.reshape(array, sizes))


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(one) for one in np.atleast_1d(np.asarray(shape, dtype=int)))


def _has_tensor(shape: Any) -> bool:
    return traced(*shape) if isinstance(shape, (list, tuple)) else traced(shape)


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None) -> Any:
    """Returns an array of zeros, or of empty texts; in a step, a tensor where a size is one."""
    if _has_tensor(shape):
        return ops.zeros(shape, dtype)
    return fill(shape, b"") if as_dtype(dtype) == "string" else as_element(np.zeros(_sizes(shape), as_dtype(dtype)))


def ones(shape: Any, dtype: Any = "float32", name: str | None = None) -> Any:
    """Returns an array of ones; in a step, a tensor where a size is one."""
    if _has_tensor(shape):
        return ops.ones(shape, dtype)
    return as_element(np.ones(_sizes(shape), as_dtype(dtype)))


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """Returns an array of one value; in a step, a tensor where a size is one."""
    if _has_tensor(dims):
        return ops.full(dims, value)
    one = as_element(value)
    return as_element(np.full(_sizes(dims), one.numpy(), one.dtype))


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = "float32", name: str | None = None) -> Any:
    """Returns a matrix of ones on the diagonal."""
    return as_element(np.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=as_dtype(dtype)))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Any:
    """Returns evenly spaced numbers: `range(limit)` or `range(start, limit, delta)`."""
    first, last = (0, start) if limit is None else (start, limit)
    made = np.arange(*(as_element(one).numpy() for one in (first, last, delta)))
    return (
        cast(made, dtype) if dtype is not None else returned(made, *(as_element(one) for one in (first, last, delta)))
    )


def linspace(start: Any, stop: Any, num: int, name: str | None = None) -> Any:
    """Returns so many evenly spaced numbers."""
    return returned(np.linspace(start, stop, int(num)))


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Returns values of `x` where a condition is True and of `y` elsewhere; without them the places that are True."""
    if traced(condition, x, y):
        return ops.where(condition, x, y)
    if x is None:
        return as_element(np.argwhere(plain(condition)))
    return returned(np.where(plain(condition), plain(x), plain(y)), as_element(x), as_element(y))


def meshgrid(*args: Any, indexing: str = "xy") -> Any:
    """Returns the coordinates of a grid."""
    order: Any = indexing
    return [as_element(one) for one in np.meshgrid(*[plain(one) for one in args], indexing=order)]


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Returns the values where a mask is True."""
    array = plain(tensor)
    return as_element(array[plain(mask)] if not axis else np.compress(plain(mask), array, axis))


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Any:
    """Returns the distinct values in the order in which they come, and the place of each value among them."""
    array = plain(x)
    found, first, places = np.unique(array, return_index=True, return_inverse=True)
    order = np.argsort(first)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return as_element(found[order]), as_element(ranks[places.reshape(-1)].astype(as_dtype(out_idx)))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """Returns an array after a check of its shape."""
    if not traced(x):
        x = as_element(x)
        x.set_shape(shape)
    return x


def map_fn(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, fn_output_signature: Any = None, **kwargs: Any
) -> Any:
    """Returns what a function makes of each row of arrays, as one array."""
    if traced(elems):
        return ops.map(fn, elems)
    table = element(elems, "tf.map_fn")
    count = rows_of(table, "tf.map_fn")
    return stacked([element(fn(row(table, i)), "tf.map_fn") for i in np.arange(count)], "tf.map_fn")


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None) -> Any:
    """Returns what one of two functions returns."""
    return ops.cond(pred, true_fn, false_fn) if traced(pred) else (true_fn() if bool(pred) else false_fn())


def is_tensor(x: Any) -> bool:
    """Returns True for symbolic tensors and for arrays that datasets and layers return."""
    return traced(x) or isinstance(x, Element)


def print_values(*inputs: Any, **kwargs: Any) -> None:
    """Prints values."""
    print(*(one.numpy() if isinstance(one, Element) else one for one in inputs), sep=kwargs.get("sep", " "))


def function(func: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Returns a function whose calls run whole in the core, as `fastnn.function`; in `Dataset.map` it runs as it is."""
    if func is None:
        return lambda one: function(one, **kwargs)
    made = in_core(func, **kwargs)

    @functools.wraps(func)
    def called(*args: Any, **named: Any) -> Any:
        if draws.is_in_element() or Trace.current() is not None or _holds_text((args, named)):
            return func(*args, **named)
        found = made(*args, **named)
        structure = Structure(found)
        return structure.pack([as_element(one) if _is_array(one) else one for one in structure.flat(found)])

    return called


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def _holds_text(given: Any) -> bool:
    return any(_is_array(leaf) and leaf.dtype.kind not in "fiub" for leaf in Structure(given).flat(given))


def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """Returns what a function of Python returns for arrays, in the element types `Tout`."""
    made = func(*[as_element(one) for one in inp])
    if isinstance(Tout, (list, tuple)):
        made = made if isinstance(made, (list, tuple)) else (made,)
        return [convert_to_tensor(one, kind) for one, kind in zip(made, Tout, strict=True)]
    return convert_to_tensor(made[0] if isinstance(made, (list, tuple)) and len(made) == 1 else made, Tout)


def numpy_function(
    func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:
    """Returns what a function of NumPy returns for plain arrays, in the element types `Tout`."""
    return py_function(lambda *ones: func(*(one.numpy() for one in ones)), inp, Tout)


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Does nothing for the processor, on which all is computed.

    Raises:
        ValueError: Another device is asked for.
    """
    if "GPU" in str(device_name).upper() or "TPU" in str(device_name).upper():
        raise ValueError(f"tf.device({device_name!r}): there is the processor only, since fastnn computes on CPUs")
    yield


def executing_eagerly() -> bool:
    """Returns True."""
    return True


def get_logger() -> logging.Logger:
    """Returns the logger of fastnn."""
    return logging.getLogger("fastnn")


def nest_map(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Returns structures with a function applied to their values."""
    return mapped(func, *structure)


def _accepted(*args: Any, **kwargs: Any) -> None:
    """Does nothing: the setting has no meaning here."""


test = Namespace(
    gpu_device_name=lambda: "", is_built_with_cuda=lambda: False, is_gpu_available=lambda *args, **kwargs: False
)
"""Names of `tf.test`."""
autograph = Namespace(experimental=Namespace(do_not_convert=function), set_verbosity=_accepted)
"""Names of `tf.autograph`."""
debugging = Namespace(
    set_log_device_placement=_accepted,
    assert_equal=lambda x, y, *args, **kwargs: np.testing.assert_array_equal(plain(x), plain(y)),
)
"""Names of `tf.debugging`."""
errors = Namespace(
    InvalidArgumentError=ValueError, NotFoundError=FileNotFoundError, OutOfRangeError=StopIteration,
    ResourceExhaustedError=MemoryError,
)  # fmt: skip
"""Names of `tf.errors`: the errors of Python that are raised here."""
_logging = Namespace(DEBUG=10, ERROR=40, FATAL=50, INFO=20, WARN=30, set_verbosity=_accepted)
compat = Namespace(
    as_bytes=lambda one: one if isinstance(one, bytes) else str(one).encode(),
    as_str=lambda one: one.decode() if isinstance(one, bytes) else str(one),
    as_str_any=lambda one: one.decode() if isinstance(one, bytes) else str(one),
    v1=Namespace(
        "that is TensorFlow 1; build a model of keras.layers, and call fit()",
        disable_eager_execution=_accepted, disable_v2_behavior=_accepted, enable_eager_execution=_accepted,
        enable_v2_behavior=_accepted, logging=_logging,
    ),
)  # fmt: skip
"""Names of `tf.compat`."""

VALUES: dict[str, Any] = {
    **{
        one.__name__: one
        for one in (
            boolean_mask, cast, cond, constant, convert_to_tensor, device, ensure_shape, executing_eagerly, eye, fill,
            function, get_logger, is_tensor, linspace, map_fn, meshgrid, numpy_function, ones, py_function, range,
            unique, where, zeros,
        )
    },
    "as_string": as_string, "print": print_values, "stop_gradient": ops.stop_gradient,
}  # fmt: skip
"""Functions by name."""
