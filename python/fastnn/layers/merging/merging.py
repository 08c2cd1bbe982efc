"""Layers that make one tensor of several, and the same as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fastnn import ops
from fastnn.engine.contract import title
from fastnn.engine.emission import Emission
from fastnn.engine.node_layer import NodeLayer


class _Merge(NodeLayer):
    """A layer that is called on a list."""

    takes_many = True
    supports_masking = True
    least: ClassVar[int] = 1

    def separate_inputs(self, inputs: Any) -> list[Any]:
        items = list(inputs) if isinstance(inputs, (list, tuple)) else None
        if items is None or len(items) < self.least or any(isinstance(item, Mapping) for item in items):
            got = f"a list of {len(items)}" if items is not None else type(inputs).__name__
            many = "two" if self.least == 2 else "its inputs"
            raise ValueError(f"{title(self)} expects a list of {many}, such as [a, b], got {got}")
        return items

    def merge_masks(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """A place counts where it does in any input, and where an input has no mask all do."""
        given = [mask for mask in masks if mask is not None]
        if len(given) < len(masks):
            return None
        if len({len(emission.graph.spec(mask)[0]) for mask in given}) > 1:
            return None
        return _any_of(emission, given, title(self))


class _Counting(_Merge):
    """A layer in which numbers at masked places take no part, where there are masks."""

    def add_masked_node(self, emission: Emission, edges: list[int], masks: Sequence[int | None]) -> list[int]:
        ranks = {len(emission.graph.spec(edge)[0]) for edge in edges}
        given = [mask for mask in masks if mask is not None]
        if not given or len(ranks) > 1:
            return self.add_core_node(emission, edges)
        rank = ranks.pop()

        def merged(*tensors: Any) -> Any:
            rest = iter(tensors[len(edges) :])
            counts = [None if mask is None else next(rest) for mask in masks]
            spread = [
                None if one is None else ops.reshape(one, (-1, *one.shape[1:], *[1] * (rank - len(one.shape))))
                for one in counts
            ]
            return self._of_counting(list(tensors[: len(edges)]), spread)

        return emission.run(merged, [*edges, *given], title(self))[1]

    def _of_counting(self, inputs: list[Any], counts: list[Any]) -> Any:
        """The output.

        Args:
            inputs: Tensors.
            counts: For each, where it counts, or None.
        """
        raise NotImplementedError


class _Extreme(_Counting):
    def _of_counting(self, inputs: list[Any], counts: list[Any]) -> Any:
        extreme = ops.maximum if self.kind == "Maximum" else ops.minimum
        made, known = inputs[0], counts[0]
        for x, own in zip(inputs[1:], counts[1:], strict=True):
            one = x if own is None else ops.where(own, x, made)
            made = extreme(made if known is None else ops.where(known, made, one), one)
            known = None if own is None or known is None else ops.logical_or(known, own)
        return made


def _any_of(emission: Emission, masks: Sequence[int], who: str) -> int:
    """True where any of some masks is."""
    made = masks[0]
    for mask in masks[1:]:
        if mask != made:
            made = emission.run(ops.logical_or, [made, mask], who)[1][0]
    return made


class Add(_Merge):
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


class Subtract(_Merge):
    """The first input minus the second.

    Shapes: a list of two inputs, as for `Add`.

    Args:
        **kwargs: `name`, as in `Layer`.
    """

    kind = "Subtract"
    least = 2

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Multiply(_Counting):
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


class Average(_Merge):
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


class Concatenate(_Merge):
    """Its inputs one after the other along an axis.

    Shapes: a list of inputs that differ along the axis alone -> their sizes there added up.

    Args:
        axis: Along which; 0 would be the batch and is refused.
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> Concatenate()([a, b])
    """

    kind = "Concatenate"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def merge_masks(
        self, emission: Emission, edges: list[int], masks: Sequence[int | None], outputs: list[int]
    ) -> int | None:
        """Along the axis of time the masks follow one another too, ones where an input has none."""
        rank = len(emission.graph.spec(edges[0])[0])
        ranks = {len(emission.graph.spec(mask)[0]) for mask in masks if mask is not None}
        if self.axis % rank != 1 or ranks != {2}:
            return super().merge_masks(emission, edges, masks, outputs)
        pieces = [edge if mask is None else mask for edge, mask in zip(edges, masks, strict=True)]

        def joined(*tensors: Any) -> Any:
            found = []
            for tensor, mask in zip(tensors, masks, strict=True):
                if mask is None:
                    nothing = ops.zeros_like(tensor, dtype="bool")
                    tensor = ops.logical_not(ops.any(nothing, axis=tuple(range(2, rank))))
                found.append(tensor)
            return ops.concatenate(found, axis=1)

        return emission.run(joined, pieces, title(self))[1][0]


class Dot(_Merge):
    """The product of two inputs, summed along one axis of each.

    Shapes: (batch, n) and (batch, n) with axes=1 -> (batch, 1); (batch, a, n) and (batch, b, n) with axes=2 ->
    (batch, a, b).

    Args:
        axes: The axis of both, or one for each; 0 is the batch.
        normalize: Whether both are divided by their norm along their axis first, which makes it the cosine.
        **kwargs: `name`, as in `Layer`.

    Example:
        >>> Dot(axes=1, normalize=True)([a, b])
    """

    kind = "Dot"
    least = 2

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: what comes out has other places."""
        return None

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
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


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The inputs one after the other: `Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """The product of two inputs along an axis: `Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
