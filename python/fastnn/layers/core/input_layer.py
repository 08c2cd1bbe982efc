"""Inputs of a model: the layer that stands for the data, and its symbolic tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.caller import warn
from fastnn.engine.arrays import edge_dtype
from fastnn.engine.contract import state_of, title
from fastnn.engine.node_layer import BY_NODE, NodeLayer
from fastnn.precision import float_type, floatx, is_float
from fastnn.ranges import check_count
from fastnn.signatures import explained
from fastnn.symbolic.tensors import Arguments, Call, KerasTensor, Shape


class InputLayer(NodeLayer):
    """Layer that stands for the input data of a model.

    It computes nothing; its `output` is the symbolic tensor that `Input` returns.

    Args:
        shape: Shape of a sample, without the batch, such as (28, 28, 1); None for an unknown size.
        batch_size: Size of the batch that symbolic tensors show; the data may come in batches of any size.
        dtype: Type to which the data is converted: "float32", "float64", "int32" or "bool"; None: `floatx()`. "string"
            for texts, which a layer such as `TextVectorization` turns into integers.
        sparse: Not supported; must be False or None.
        ragged: Not supported; must be False or None.
        batch_shape: Shape with the batch, in place of `shape`.
        input_tensor: Symbolic tensor whose shape and type the input has, or None. One that no layer makes becomes
            its `output`.
        optional: True if a model may be given None in place of its data; layers called on it get None then.
        name: Name of the layer, unique within a model; None derives one from the class name.
        **kwargs: `input_shape`, in place of `shape`.

    Raises:
        TypeError: A size is no integer.
        ValueError: No shape is given, a size is below 1, or the input is not of dense arrays.

    Example:
        >>> layer = layers.InputLayer(shape=(4,))
        >>> layer.output.shape
        (None, 4)
    """

    __fastnn_is_entry__ = True
    __fastnn_native__ = BY_NODE

    shape: Shape
    batch_shape: Shape
    batch_size: int | None
    sparse: bool | None
    ragged: bool | None
    optional: bool
    input_tensor: Any

    __fastnn_keras_builds_itself__ = True
    __fastnn_keras_ignored_arguments__ = {"sparse": False, "ragged": False}

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        _dense_only(sparse, ragged)
        if batch_shape is not None and (shape is not None or batch_size is not None):
            given = "shape" if shape is not None else "batch_size"
            raise ValueError(f"Input expects batch_shape alone, or {given}; got both")
        if input_tensor is not None:
            batch_shape, dtype = _shape_of_tensor(input_tensor, shape, batch_size, batch_shape, dtype)
            shape = None
        if batch_shape is not None:
            kwargs["batch_shape"] = batch_shape
        if shape is not None:
            kwargs["input_shape"] = shape
        elif "input_shape" in kwargs:
            warn("InputLayer: input_shape is deprecated; write shape= in its place")
        if batch_size is not None:
            check_count("Input", "batch_size", batch_size)
        fixed = kwargs.get("batch_shape", kwargs.get("batch_input_shape"))
        super().__init__(name=name or None, **kwargs)
        self.batch_size = fixed[0] if batch_size is None and fixed is not None else batch_size
        self.dtype = dtype if dtype == "string" else _input_dtype(dtype, title(self))
        shape = state_of(self).entry_shape
        if shape is None:
            raise ValueError(f"{title(self)} expects a shape, such as Input(shape=(28, 28, 1))")
        self.shape = shape
        self.batch_shape = (self.batch_size, *self.shape[1:])
        self.build(self.shape)
        self._make_output()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_output()

    def _make_output(self) -> None:
        call = Call(self, Arguments((), {}), [(self.shape, self.dtype)])
        if self.input_tensor is not None and self.input_tensor.made_by is None:
            call.adopt(self.input_tensor)
        if self.batch_size is not None:
            call.outputs[0].fix_batch(self.batch_size)

    def call(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: the layer stands for data."""

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments as plain values, with the shape including the batch."""
        optional = {"optional": True} if self.optional else {}
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, **optional, "name": self.name}


def _input_dtype(dtype: Any, who: str) -> str:
    """Returns the element type of an input."""
    made = floatx() if dtype is None else edge_dtype(dtype, who)
    return float_type(getattr(dtype, "name", dtype)) if is_float(made) else made


@explained
def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Creates the symbolic tensor that stands for the input data of a model.

    Args:
        shape: Shape of a sample, without the batch, such as (28, 28, 1); None for an unknown size.
        batch_size: Size of the batch that symbolic tensors show; the data may come in batches of any size.
        dtype: Type to which the data is converted: "float32", "float64", "int32" or "bool"; None: `floatx()`. "string"
            for texts, which a layer such as `TextVectorization` turns into integers.
        sparse: Not supported; must be False or None.
        ragged: Not supported; must be False or None.
        batch_shape: Shape with the batch, in place of `shape`.
        name: Name of the layer, unique within a model; None derives one from the class name.
        tensor: Symbolic tensor whose shape and type the input has, or None. One that no layer makes is returned.
        optional: True if a model may be given None in place of its data; layers called on it get None then.

    Returns:
        A symbolic tensor, on which layers are called and with which a `Sequential` may begin.

    Raises:
        TypeError: A size is no integer.
        ValueError: No shape is given, a size is below 1, or the input is not of dense arrays.

    Example:
        >>> x = layers.Input(shape=(784,))
        >>> x.shape
        (None, 784)
        >>> model = fastnn.Model(x, layers.Dense(10, activation="softmax")(x))
        >>> model.output_shape
        (None, 10)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    made: KerasTensor = layer.output
    return made


def _shape_of_tensor(
    tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any
) -> tuple[tuple[int | None, ...], Any]:
    """Returns the shape and the type of an `input_tensor`, which other arguments must not contradict.

    Raises:
        ValueError: It is no symbolic tensor, or another argument differs from it.
    """
    if not isinstance(tensor, KerasTensor):
        raise ValueError(f"Input expects input_tensor to be a symbolic tensor, got {type(tensor).__name__}")
    known = {
        "shape": tensor.shape[1:],
        "batch_size": tensor.shape[0],
        "batch_shape": tensor.shape,
        "dtype": tensor.dtype,
    }
    given = {"shape": shape, "batch_size": batch_size, "batch_shape": batch_shape, "dtype": dtype}
    for name, value in given.items():
        value = tuple(value) if isinstance(value, (list, tuple)) else value
        if value is not None and value != known[name]:
            raise ValueError(f"Input expects {name} to be that of its input_tensor, {known[name]}, got {value}")
    return tensor.shape, tensor.dtype


def _dense_only(sparse: Any, ragged: Any) -> None:
    """Refuses inputs that are not dense arrays.

    Raises:
        ValueError: One of the arguments asks for another input.
    """
    for name, given in (("sparse", sparse), ("ragged", ragged)):
        if given:
            raise ValueError(f"Input takes dense arrays only; leave {name}= out, got {given!r}")
