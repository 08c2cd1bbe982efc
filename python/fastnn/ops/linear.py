"""Products of matrices, and what comes down to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops import reduction, shaping
from fastnn.ops.node import array, lowered, node, tensor
from fastnn.symbolic import KerasTensor, is_traced
from fastnn.variable import Variable


def matmul(x1: Any, x2: Any) -> Any:
    """The product of matrices in the last two axes.

    Args:
        x1: Of shape (..., m, k), or (k,).
        x2: Of shape (..., k, n), or (k,); a variable of shape (k, n) is multiplied as `Dense` does.

    Returns:
        Of shape (..., m, n).

    Raises:
        ValueError: The shapes do not go together.
    """
    if not is_traced([x1, x2]):
        return lowered(np.matmul(array(x1).astype(np.float32), array(x2).astype(np.float32)))
    first = tensor(x1, "float32")
    if isinstance(x2, Variable) and len(x2.shape) == 2 and first.ndim > 1 and first.shape[0] is None:
        if first.shape[-1] not in (None, x2.shape[0]):
            raise ValueError(f"ops.matmul: shapes {first.shape} and {x2.shape} do not go together")
        arguments = {"units": x2.shape[1], "use_bias": False}
        return node("Dense", arguments, [first], "matmul", [x2])
    return node("Matmul", {}, [first, tensor(x2, "float32")], "matmul")


def dot(x1: Any, x2: Any) -> Any:
    """As `matmul` for matrices; the product of vectors, summed; with a number, element by element."""
    if shaping.ndim(x1) == 0 or shaping.ndim(x2) == 0:
        return el.multiply(x1, x2)
    return matmul(x1, x2)


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements."""
    return reduction.sum(el.multiply(x1, x2))


def inner(x1: Any, x2: Any) -> Any:
    """The products summed along the last axis of both."""
    return tensordot(x1, x2, ([-1], [-1]))


def outer(x1: Any, x2: Any) -> Any:
    """Every product of an element of one with an element of the other."""
    return el.multiply(shaping.reshape(x1, (-1, 1)), shaping.reshape(x2, (1, -1)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The products summed along axes of both: so many last and first ones, or (axes of x1, axes of x2)."""
    rank1, rank2 = shaping.ndim(x1), shaping.ndim(x2)
    if isinstance(axes, (int, np.integer)):
        own, others = list(range(rank1 - axes, rank1)), list(range(axes))
    else:
        own = [int(one) % rank1 for one in np.atleast_1d(axes[0])]
        others = [int(one) % rank2 for one in np.atleast_1d(axes[1])]
    letters = "abcdefghijklmnopqrstuvwxyz"
    first = list(letters[:rank1])
    second = list(letters[rank1 : rank1 + rank2])
    for a, b in zip(own, others, strict=True):
        second[b] = first[a]
    rest = [c for i, c in enumerate(first) if i not in own] + [c for i, c in enumerate(second) if i not in others]
    return einsum(f"{''.join(first)},{''.join(second)}->{''.join(rest)}", x1, x2)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of two axes, as a last axis."""
    if not is_traced(x):
        return lowered(np.diagonal(array(x), offset, axis1, axis2))
    made = shaping.moveaxis(x, [axis1, axis2], [-2, -1])
    height, width = made.shape[-2:]
    rows = np.arange(max(0, -offset), min(height, width - offset))
    flat = shaping.reshape(made, [-1 if one is None else one for one in made.shape[:-2]] + [height * width])
    return shaping.take(flat, rows * width + rows + offset, -1)


def diag(x: Any, k: int = 0) -> Any:
    """A diagonal of a matrix; of a vector the matrix that has it as a diagonal."""
    if not is_traced(x):
        return lowered(np.diag(array(x), k))
    if shaping.ndim(x) == 2:
        return diagonal(x, k)
    size = x.shape[0] + abs(k)
    places = np.zeros((x.shape[0], size, size), np.float32)
    index = np.arange(x.shape[0])
    places[index, index + max(0, -k), index + max(0, k)] = 1
    return tensordot(x, places, 1)


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Products summed along the axes that the result does not have.

    Args:
        subscripts: A letter for each axis: "btd,de->bte"; "..." stands for leading axes.
        *operands: Tensors or arrays.
        **kwargs: Taken for Keras' sake.

    Raises:
        ValueError: The letters do not go with the operands, or an operand has one letter twice.
    """
    if not is_traced(list(operands)):
        return lowered(np.einsum(subscripts, *[array(x) for x in operands], optimize=True))
    tensors = [tensor(x, "float32") if not isinstance(x, Variable) else x for x in operands]
    terms, result = _letters(subscripts.replace(" ", ""), [len(x.shape) for x in tensors])
    made, letters = tensors[0], terms[0]
    if len(tensors) == 1:
        return _turned(_summed(tensor(made), letters, result), [c for c in letters if c in result], result)
    for i in range(1, len(tensors)):
        wanted = set(result).union(*terms[i + 1 :])
        made, letters = _product(made, letters, tensors[i], terms[i], wanted)
    return _turned(made, letters, result)


def _letters(subscripts: str, ranks: Sequence[int]) -> tuple[list[list[str]], list[str]]:
    left, _, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(f"ops.einsum: {subscripts!r} has {len(terms)} operands, got {len(ranks)}")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    found = []
    for term, rank in zip(terms, ranks, strict=True):
        named = len(term.replace("...", ""))
        leading = "".join(spare[: rank - named])[::-1] if "..." in term else ""
        letters = list(term.replace("...", leading))
        if len(letters) != rank:
            raise ValueError(f"ops.einsum: {term!r} of {subscripts!r} has {len(letters)} axes, the operand {rank}")
        if len(set(letters)) < rank:
            raise ValueError(f"ops.einsum: {term!r} has one letter twice, which is not supported; use ops.diagonal")
        found.append(letters)
    if "->" not in subscripts:
        joined = "".join(c for term in found for c in term)
        return found, sorted(c for c in set(joined) if joined.count(c) == 1)
    longest = max((len(t) - len(term.replace("...", "")) for t, term in zip(found, terms, strict=True)), default=0)
    result = list(right.replace("...", "".join(spare[:longest])[::-1]))
    for c in result:
        if not any(c in term for term in found):
            raise ValueError(f"ops.einsum: {subscripts!r} has {c!r} in its result and in no operand")
    return found, result


def _summed(x: Any, letters: Sequence[str], wanted: Any) -> Any:
    """Without the axes that nobody wants."""
    axes = [i for i, c in enumerate(letters) if c not in wanted]
    return reduction.sum(x, axes) if axes else x


def _turned(x: Any, letters: Sequence[str], wanted: Sequence[str]) -> Any:
    """With its axes in the order that is wanted."""
    order = [list(letters).index(c) for c in wanted]
    return x if order == sorted(order) else shaping.transpose(x, order)


def _product(
    x1: Any, letters1: Sequence[str], x2: Any, letters2: Sequence[str], wanted: set[str]
) -> tuple[Any, list[str]]:
    """The product of two: axes of both that are wanted lead, then those of the first, then those of the second."""
    x1, letters1 = _summed(x1, letters1, wanted | set(letters2)), [c for c in letters1 if c in wanted or c in letters2]
    x2, letters2 = _summed(x2, letters2, wanted | set(letters1)), [c for c in letters2 if c in wanted or c in letters1]
    shared = [c for c in letters1 if c in letters2 and c in wanted]
    contracted = [c for c in letters1 if c in letters2 and c not in wanted]
    own1 = [c for c in letters1 if c not in letters2]
    own2 = [c for c in letters2 if c not in letters1]
    sizes = {**dict(zip(letters2, x2.shape, strict=True)), **dict(zip(letters1, x1.shape, strict=True))}
    for c in contracted + shared:
        if x1.shape[letters1.index(c)] != x2.shape[letters2.index(c)]:
            raise ValueError(f"ops.einsum: the axes {c!r} of {tuple(x1.shape)} and {tuple(x2.shape)} differ")
    if not contracted and not own1:
        # Element by element: numbers of the second get the first's axes.
        made = el.multiply(_spread(x1, letters1, letters2), tensor(x2))
        return made, letters2
    if not contracted and not own2:
        return el.multiply(tensor(x1), _spread(x2, letters2, letters1)), letters1
    inner = _count(sizes, contracted)
    first = _turned(tensor(x1, "float32"), letters1, shared + own1 + contracted)
    second: Any = x2
    if not (isinstance(x2, Variable) and len(x2.shape) == 2 and letters2 == contracted + own2):
        second = _turned(tensor(x2, "float32"), letters2, shared + contracted + own2)
        second = _sized(second, [sizes[c] for c in shared] + [inner, _count(sizes, own2)])
    if shared:
        first = _sized(first, [sizes[c] for c in shared] + [_count(sizes, own1), inner])
    else:
        first = _sized(first, [sizes[c] for c in own1] + [inner])
        if not own1:
            first = shaping.expand_dims(first, 0)
    made = matmul(first, second)
    made = _sized(made, [sizes[c] for c in shared + own1 + own2])
    return made, shared + own1 + own2


def _count(sizes: dict[str, int | None], letters: Sequence[str]) -> int | None:
    total: int | None = 1
    for c in letters:
        size = sizes[c]
        total = None if size is None or total is None else total * size
    return total


def _sized(x: KerasTensor, sizes: Sequence[int | None]) -> Any:
    return x if list(x.shape) == list(sizes) else shaping.reshape(x, [-1 if one is None else one for one in sizes])


def _spread(x: Any, letters: Sequence[str], wanted: Sequence[str]) -> Any:
    """With axes of size 1 where it has not those of another."""
    turned = _turned(tensor(x), letters, [c for c in wanted if c in letters])
    missing = [i for i, c in enumerate(wanted) if c not in letters]
    return shaping.expand_dims(turned, missing) if missing else turned
