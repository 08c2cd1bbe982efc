"""`InputSpec`: what a layer of a user's own says its inputs must be like, and the check of a call against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastnn.engine.contract import Part, state_of, title
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Shape


class InputSpec:
    """Description of an input of a layer, which sets it as `self.input_spec`; a call with another input is an error.

    Args:
        dtype: The element type, or None.
        shape: The shape with the batch; None for a dimension of any size, or for any shape.
        ndim: The number of dimensions, or None.
        max_ndim: The largest number of dimensions, or None.
        min_ndim: The smallest number of dimensions, or None.
        axes: A dict from axes to their sizes, or None.
        allow_last_axis_squeeze: True to allow one dimension of size 1 more or less at the end.
        name: The name of the input in a dict.
        optional: Whether the input may be None.

    Example:
        >>> class Image(layers.Layer):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.input_spec = fastnn.InputSpec(ndim=4, axes={-1: 3})
        ...
        ...     def call(self, x):
        ...         return x
        >>> Image()(np.ones((1, 2, 2, 3))).shape
        (1, 2, 2, 3)
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        for axis in self.axes:
            most = self.ndim if self.ndim is not None else self.max_ndim
            if most is not None and axis >= most:
                raise ValueError(f"InputSpec expects axes below {most}, the number of dimensions, got {axis}")

    def fault(self, shape: Shape) -> str | None:
        """Returns what is expected where a shape does not fit; None where it does.

        Args:
            shape: The shape of an input, with the batch; None for a size that is not known.

        Returns:
            The end of a sentence for the error, such as "2 dimensions", or None.

        Example:
            >>> layers.InputSpec(ndim=2).fault((None, 3, 3))
            '2 dimensions'
        """
        rank = len(shape)
        loose = self.allow_last_axis_squeeze
        if self.ndim is not None and rank != self.ndim and not (loose and abs(rank - self.ndim) == 1):
            return f"{self.ndim} dimensions"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} dimensions"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} dimensions"
        for axis, size in self.axes.items():
            if size is not None and (not -rank <= axis < rank or shape[axis] not in (size, None)):
                return f"{size} elements along axis {axis}"
        if self.shape is not None:
            given, wanted = shape, self.shape
            if loose and len(given) == len(wanted) + 1 and given[-1] == 1:
                given = given[:-1]
            if loose and len(given) == len(wanted) - 1 and wanted[-1] == 1:
                wanted = wanted[:-1]
            alike = len(given) == len(wanted)
            if not alike or any(w not in (g, None) and g is not None for g, w in zip(given, wanted, strict=True)):
                return f"shape {self.shape}"
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments from which `from_config` makes an equal description."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """Returns the description that `get_config` returned.

        Args:
            config: The arguments.

        Returns:
            The new description.
        """
        return cls(**config)

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{name}={getattr(self, name)}' for name in names if getattr(self, name))})"


def with_fixed_axes(layer: Part, spec: InputSpec, axes: Sequence[int]) -> InputSpec:
    """Returns a description, with the sizes of axes for which the layer was built.

    Args:
        layer: The layer.
        spec: The description before it is built.
        axes: The axes whose sizes its weights depend on.
    """
    shape = state_of(layer).build_shape
    if not layer.built or shape is None:
        return spec
    return InputSpec(ndim=spec.ndim, min_ndim=spec.min_ndim, axes={axis: shape[axis] for axis in axes})


def check_inputs(layer: Part, spec: Any, inputs: Any) -> None:
    """Checks the first argument of a call against the `input_spec` of a layer.

    Args:
        layer: The layer.
        spec: An `InputSpec`, or a list, tuple or dict of them.
        inputs: The argument.

    Raises:
        ValueError: There are other inputs than the description has, or one does not fit.
    """
    if isinstance(spec, Mapping) and isinstance(inputs, Mapping):
        missing = [name for name in spec if name not in inputs]
        if missing:
            raise ValueError(f"{title(layer)} expects the inputs {list(spec)}, got {list(inputs)}")
        inputs = {name: inputs[name] for name in spec}
    specs, given = Structure(spec).flat(spec), Structure(inputs).flat(inputs)
    if len(specs) != len(given):
        raise ValueError(f"{title(layer)} expects {len(specs)} inputs, got {len(given)}")
    for k, (one, value) in enumerate(zip(specs, given, strict=True)):
        shape = getattr(value, "shape", None)
        expected = None if one is None or shape is None else one.fault(tuple(shape))
        if expected is not None:
            word = "an input" if len(specs) == 1 else f"input {k}"
            raise ValueError(f"{title(layer)} expects {word} of {expected}, got shape {tuple(shape or ())}")
