"""Layers that merge inputs element by element, and the same as functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.layers.merging.merge_layer import MaskedMerge, Merge


class _Extreme(MaskedMerge):
    def _of_counting(self, inputs: list[Any], counts: list[Any]) -> Any:
        extreme = ops.maximum if self.kind == "Maximum" else ops.minimum
        made, known = inputs[0], counts[0]
        for x, own in zip(inputs[1:], counts[1:], strict=True):
            one = x if own is None else ops.where(own, x, made)
            made = extreme(made if known is None else ops.where(known, made, one), one)
            known = None if own is None or known is None else ops.logical_or(known, own)
        return made


class Add(Merge):
    """The sum of its inputs.

    Shapes: a list of inputs of one shape -> that shape. Where they differ, fewer dimensions get ones after the batch,
    and a size of 1 goes with any other; so it is for the other elementwise layers too.

    Args:
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> y = Add()([x, Dense(8)(x)])
    """

    kind = "Add"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Subtract(Merge):
    """The first input minus the second.

    Shapes: a list of two inputs, as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Subtract"
    least = 2

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Multiply(MaskedMerge):
    """The product of its inputs, element by element; of those that count, where there are masks.

    Shapes: as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Multiply"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _of_counting(self, inputs: list[Any], counts: list[Any]) -> Any:
        made: Any = None
        for x, own in zip(inputs, counts, strict=True):
            factor = x if own is None else ops.where(own, x, 1.0)
            made = factor if made is None else ops.multiply(made, factor)
        if any(own is None for own in counts):
            return made
        found = counts[0]
        for own in counts[1:]:
            found = ops.logical_or(found, own)
        return ops.where(found, made, 0.0)


class Average(Merge):
    """The mean of its inputs, element by element.

    Shapes: as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Average"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Maximum(_Extreme):
    """The largest of its inputs, element by element; of those that count, where there are masks.

    Where two are equal each gets half of the gradient.

    Shapes: as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Maximum"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Minimum(_Extreme):
    """The smallest of its inputs, element by element; of those that count, where there are masks.

    Where two are equal each gets half of the gradient.

    Shapes: as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Minimum"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The sum of the inputs: `Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The first input minus the second: `Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The product of the inputs: `Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The mean of the inputs: `Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The largest of the inputs: `Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The smallest of the inputs: `Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)
