"""Layers that merge inputs element by element, and the same as functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.layers.merging.merge_layer import MaskedMerge, Merge


class _Extreme(MaskedMerge):
    def _extreme(self, a: Any, b: Any) -> Any:
        """Returns the larger or the smaller of two tensors."""
        raise NotImplementedError

    def _merge_unmasked(self, inputs: list[Any], counts: list[Any]) -> Any:
        made, known = inputs[0], counts[0]
        for x, own in zip(inputs[1:], counts[1:], strict=True):
            one = x if own is None else ops.where(own, x, made)
            made = self._extreme(made if known is None else ops.where(known, made, one), one)
            known = None if own is None or known is None else ops.logical_or(known, own)
        return made


class Add(Merge):
    """Layer that adds its inputs element by element.

    Shapes: a list of tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of size 1
    are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Add()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[4., 7.]], dtype=float32)
    """

    __fastnn_kind__ = "Add"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Subtract(Merge):
    """Layer that subtracts its second input from its first.

    Shapes: a list of two tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of
    size 1 are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list of two, or the shapes do not fit together.

    Example:
        >>> layers.Subtract()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[-2., -3.]], dtype=float32)
    """

    __fastnn_kind__ = "Subtract"
    __fastnn_least__ = 2

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Multiply(MaskedMerge):
    """Layer that multiplies its inputs element by element.

    Where inputs have masks, only elements at unmasked positions take part.

    Shapes: a list of tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of size 1
    are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Multiply()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[ 3., 10.]], dtype=float32)
    """

    __fastnn_kind__ = "Multiply"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _merge_unmasked(self, inputs: list[Any], counts: list[Any]) -> Any:
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
    """Layer that averages its inputs element by element.

    Shapes: a list of tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of size 1
    are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[2. , 3.5]], dtype=float32)
    """

    __fastnn_kind__ = "Average"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Maximum(_Extreme):
    """Layer that takes the maximum of its inputs, element by element.

    Where two inputs are equal, each receives half of the gradient. Where inputs have masks, only elements at unmasked
    positions take part.

    Shapes: a list of tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of size 1
    are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Maximum()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[3., 5.]], dtype=float32)
    """

    __fastnn_kind__ = "Maximum"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _extreme(self, a: Any, b: Any) -> Any:
        return ops.maximum(a, b)


class Minimum(_Extreme):
    """Layer that takes the minimum of its inputs, element by element.

    Where two inputs are equal, each receives half of the gradient. Where inputs have masks, only elements at unmasked
    positions take part.

    Shapes: a list of tensors of one shape, output of that shape. Where shapes differ they are broadcast: axes of size 1
    are inserted after the batch, and a size of 1 is repeated.

    Args:
        **kwargs: Arguments of `Layer`, such as `name` and `input_shape`.

    Raises:
        ValueError: The layer is not called on a list, or the shapes do not fit together.

    Example:
        >>> layers.Minimum()([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[1., 2.]], dtype=float32)
    """

    __fastnn_kind__ = "Minimum"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _extreme(self, a: Any, b: Any) -> Any:
        return ops.minimum(a, b)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the sum of the inputs, element by element.

    Equal to `Add(**kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Add`.
        **kwargs: Arguments of `Add`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.add([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[4., 7.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the difference of the two inputs, the first minus the second, element by element.

    Equal to `Subtract(**kwargs)(inputs)`.

    Args:
        inputs: List of two arrays or symbolic tensors, as for `Subtract`.
        **kwargs: Arguments of `Subtract`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.subtract([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[-2., -3.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the product of the inputs, element by element.

    Equal to `Multiply(**kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Multiply`.
        **kwargs: Arguments of `Multiply`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.multiply([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[ 3., 10.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the mean of the inputs, element by element.

    Equal to `Average(**kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Average`.
        **kwargs: Arguments of `Average`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.average([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[2. , 3.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the maximum of the inputs, element by element.

    Equal to `Maximum(**kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Maximum`.
        **kwargs: Arguments of `Maximum`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.maximum([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[3., 5.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Returns the minimum of the inputs, element by element.

    Equal to `Minimum(**kwargs)(inputs)`.

    Args:
        inputs: List of arrays or symbolic tensors, as for `Minimum`.
        **kwargs: Arguments of `Minimum`.

    Returns:
        An array, or a symbolic tensor.

    Example:
        >>> layers.minimum([np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])])
        array([[1., 2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)
