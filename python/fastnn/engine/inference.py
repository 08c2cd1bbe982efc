"""Shape inference where dimensions other than the batch are unknown.

Two trial values stand for an unknown dimension. A dimension that differs between the two results is unknown too. What
is inferred, a node of the core or a `call`, is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastnn import _core
from fastnn.symbolic.tensors import Shape, Spec

FREE_SIZES = (1009, 4099)
"""The trial values."""

Weight = tuple[str, tuple[int, ...], bool, str]
"""A weight that a node needs: its role ("kernel"), its shape, whether it is trained, the type in which it is held."""


def with_free_sizes(shapes: Sequence[Shape], size: int) -> list[Shape]:
    """Returns the shapes with `size` in place of each unknown dimension but the batch."""
    return [tuple(size if i and s is None else s for i, s in enumerate(shape)) for shape in shapes]


def are_free(shapes: Sequence[Shape]) -> bool:
    """Returns whether a dimension other than the batch is unknown."""
    return any(size is None for shape in shapes for size in shape[1:])


def common(one: Shape, other: Shape) -> Shape:
    """Returns the dimensions in which two shapes agree; None where they do not."""
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))


def trials(specs: Sequence[Spec]) -> Iterator[tuple[int, list[Spec]]]:
    """Yields each trial value with the specs that it completes; one alone where no dimension is unknown."""
    shapes = [shape for shape, _ in specs]
    for size in FREE_SIZES if are_free(shapes) else FREE_SIZES[:1]:
        yield size, [(s, dtype) for s, (_, dtype) in zip(with_free_sizes(shapes, size), specs, strict=True)]


def agreed(found: Sequence[Sequence[Spec]]) -> list[Spec]:
    """Returns the results of all trials as one; dimensions in which they differ are None."""
    return [
        (common(tuple(one), tuple(other)), dtype) for (one, dtype), (other, _) in zip(found[0], found[-1], strict=True)
    ]


def inferred(
    who: str, name: str, node: tuple[str, Mapping[str, Any]], specs: Sequence[Spec]
) -> tuple[list[Spec], list[Weight]]:
    """Returns the output specs and the weights of a node for these inputs.

    Args:
        who: The layer's name in messages.
        name: The node's name.
        node: Its kind and config.
        specs: Those of its inputs.

    Raises:
        ValueError: The node cannot take them, or its weights depend on an unknown dimension.
    """
    found = []
    shapes = [shape for shape, _ in specs]
    for size, known in trials(specs):
        try:
            found.append(_core.infer(node[0], name, node[1], known))
        except ValueError as error:
            if not are_free(shapes):
                raise
            told = re.sub(rf"\b{size}\b", "None", str(error))
            raise ValueError(f"{told} (with {size} tried in place of None)") from None
    (outputs, weights), (others, other_weights) = found[0], found[-1]
    if weights != other_weights:
        raise ValueError(
            f"{who} expects known sizes where its weights depend on them, got "
            f"{shapes[0] if len(shapes) == 1 else shapes}; give the Input these sizes, or let a layer before it "
            "end the free ones, as GlobalAveragePooling1D() does and Flatten() does not"
        )
    return agreed([outputs, others]), weights
