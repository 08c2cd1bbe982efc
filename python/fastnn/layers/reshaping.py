"""Layers that give the same numbers another shape, cut some off, repeat them, or put zeros around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fastnn.layer import Layer, are_free, channels_last
from fastnn.symbolic import Spec

Amounts = int | Sequence[int] | Sequence[Sequence[int]]


def _pairs(layer: Layer, name: str, value: Amounts, rank: int) -> tuple[tuple[int, int], ...]:
    """Amounts before and after each axis: from one number for all, one for each axis, or a pair for each axis.

    Raises:
        ValueError: It is none of these, or a number is negative.
    """
    axes: Any = (value,) * rank if isinstance(value, (int, np.integer)) else tuple(value)
    if rank == 1 and len(axes) == 2:
        axes = (axes,)
    pairs = [(axis, axis) if isinstance(axis, (int, np.integer)) else tuple(axis) for axis in axes]
    fits = len(pairs) == rank and all(len(pair) == 2 for pair in pairs)
    if not fits or not all(isinstance(n, (int, np.integer)) and n >= 0 for pair in pairs for n in pair):
        forms = "an integer or a pair such as (1, 2)" if rank == 1 else f"an integer, {rank} integers or {rank} pairs"
        raise ValueError(f"{layer.who()} expects {name} to be {forms}, none of them negative, got {value!r}")
    return tuple((int(before), int(after)) for before, after in pairs)


class Flatten(Layer):
    """All axes but the batch become one.

    Shapes: (batch, a, b, ...) -> (batch, a * b * ...).

    Args:
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Flatten(input_shape=(28, 28))
    """

    kind = "Flatten"

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)


class Reshape(Layer):
    """The same numbers in another shape.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Args:
        target_shape: Without the batch; one size may be -1 and is found from the others.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Example:
        >>> Reshape((28, 28, 1))
    """

    kind = "Reshape"

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _infer(self, specs: Sequence[Spec]) -> tuple[list[Spec], list[tuple[str, tuple[int, ...], bool]]]:
        if are_free([specs[0][0]]) and -1 not in self.target_shape:
            # Whether sizes that are not known yet go in is seen when they are.
            return [((None, *self.target_shape), specs[0][1])], []
        return super()._infer(specs)


class Identity(Layer):
    """Passes its input on.

    Shapes: the input's.

    Args:
        **kwargs: `name`, `input_shape`, as in `Layer`.
    """

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Permute(Layer):
    """The same numbers with their axes in another order.

    Shapes: (batch, d1, d2, ...) -> (batch, d[dims[0]], d[dims[1]], ...).

    Args:
        dims: For each axis that comes out the number of the axis that goes in; the first after the batch is 1.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `dims` are not the numbers 1 to n, each once.

    Example:
        >>> Permute((2, 1), input_shape=(10, 64))
    """

    kind = "Permute"

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)


class RepeatVector(Layer):
    """A vector, n times.

    Shapes: (batch, features) -> (batch, n, features).

    Args:
        n: How often.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        TypeError: `n` is no integer.
        ValueError: `n` is less than 1.

    Example:
        >>> RepeatVector(3, input_shape=(32,))
    """

    kind = "RepeatVector"

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class _Border(Layer):
    """Amounts before and after each axis, which the core reads as one list."""

    rank: ClassVar[int]
    word: ClassVar[str]

    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return _pairs(self, self.word, getattr(self, self.word), self.rank)

    def _settle(self) -> None:
        pairs = self._pairs()
        setattr(self, self.word, pairs[0] if self.rank == 1 else pairs)

    def _node(self) -> tuple[str, dict[str, Any]] | None:
        return self.kind, {self.word: [amount for pair in self._pairs() for amount in pair]}


class ZeroPadding1D(_Border):
    """Zeros before and after a sequence.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        padding: How many steps before and after: one number for both, or a pair.
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding1D(1)
    """

    kind = "ZeroPadding1D"
    rank = 1
    word = "padding"

    def __init__(self, padding: Amounts = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class ZeroPadding2D(_Border):
    """Zeros around images.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        padding: How many pixels: one number for all sides, (vertical, horizontal), or
            ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding2D(((1, 0), (2, 2)))
    """

    kind = "ZeroPadding2D"
    rank = 2
    word = "padding"

    def __init__(self, padding: Amounts = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class ZeroPadding3D(_Border):
    """Zeros around volumes.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        padding: How many pixels: one number for all sides, one for each axis, or
            ((front, back), (top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `padding` is none of these.

    Example:
        >>> ZeroPadding3D(1)
    """

    kind = "ZeroPadding3D"
    rank = 3
    word = "padding"

    def __init__(
        self, padding: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class Cropping1D(_Border):
    """A sequence without its first and last steps.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels).

    Args:
        cropping: How many steps before and after: one number for both, or a pair.
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping1D(1)
    """

    kind = "Cropping1D"
    rank = 1
    word = "cropping"

    def __init__(self, cropping: Amounts = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle()


class Cropping2D(_Border):
    """Images without their borders.

    Shapes: (batch, height, width, channels) -> (batch, new height, new width, channels).

    Args:
        cropping: How many pixels: one number for all sides, (vertical, horizontal), or
            ((top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping2D(((1, 0), (2, 2)))
    """

    kind = "Cropping2D"
    rank = 2
    word = "cropping"

    def __init__(self, cropping: Amounts = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()


class Cropping3D(_Border):
    """Volumes without their borders.

    Shapes: (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels).

    Args:
        cropping: How many pixels: one number for all sides, one for each axis, or
            ((front, back), (top, bottom), (left, right)).
        data_format: None or "channels_last".
        **kwargs: `name`, `input_shape`, as in `Layer`.

    Raises:
        ValueError: `cropping` is none of these; where it is built: nothing would remain.

    Example:
        >>> Cropping3D(1)
    """

    kind = "Cropping3D"
    rank = 3
    word = "cropping"

    def __init__(
        self, cropping: Amounts = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        channels_last(self, data_format)
        self._settle()
