"""Sums of products over named or numbered axes: einsum and tensordot."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.engine.sizes import depend_on_rows
from fastnn.ops import dimensions, linear, reduction, shaping
from fastnn.ops.arithmetic import multiply
from fastnn.ops.conversion import cast, dtype, together
from fastnn.ops.linear import exact, narrowed
from fastnn.ops.node import node, tensor
from fastnn.precision import floatx, is_float
from fastnn.symbolic.tensors import KerasTensor, is_traced
from fastnn.symbolic.variable import Variable


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """Returns sums of products by the Einstein convention: axes that the result lacks are summed over.

    Args:
        subscripts: A letter for each axis, such as "btd,de->bte"; "..." stands for leading axes.
        *operands: Tensors or arrays.
        **kwargs: Accepted for Keras compatibility; ignored.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The letters do not fit the operands, or an operand has one letter twice.

    References:
        - Einstein, "Die Grundlage der allgemeinen Relativitätstheorie", 1916: the convention.

    Example:
        >>> ops.einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]], dtype=float32)
    """
    if not is_traced(list(operands)):
        arrays = together(*operands)
        return narrowed(np.einsum(subscripts, *[exact(x) for x in arrays], optimize=True), arrays[0].dtype)
    if not any(is_float(dtype(x)) for x in operands):
        return cast(einsum(subscripts, *[cast(x, floatx()) for x in operands]), "int32")
    tensors = [tensor(x, floatx()) if not isinstance(x, Variable) else x for x in operands]
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
            raise ValueError(f"ops.einsum: {subscripts!r} has {c!r} in its result but in no operand")
    return found, result


def _summed(x: Any, letters: Sequence[str], wanted: Any) -> Any:
    """Sums over the axes that are not wanted."""
    axes = [i for i, c in enumerate(letters) if c not in wanted]
    return reduction.sum(x, axes) if axes else x


def _turned(x: Any, letters: Sequence[str], wanted: Sequence[str]) -> Any:
    """Transposes the axes into the wanted order."""
    order = [list(letters).index(c) for c in wanted]
    return x if order == sorted(order) else shaping.transpose(x, order)


def _product(
    x1: Any, letters1: Sequence[str], x2: Any, letters2: Sequence[str], wanted: set[str]
) -> tuple[Any, list[str]]:
    """Returns the product of two: wanted axes of both come first, then those of the first, then those of the second."""
    x1, letters1 = _summed(x1, letters1, wanted | set(letters2)), [c for c in letters1 if c in wanted or c in letters2]
    x2, letters2 = _summed(x2, letters2, wanted | set(letters1)), [c for c in letters2 if c in wanted or c in letters1]
    if x2.shape[:1] == (None,) and x1.shape[:1] != (None,):
        x1, letters1, x2, letters2 = x2, letters2, x1, letters1
    shared = [c for c in letters1 if c in letters2 and c in wanted]
    contracted = [c for c in letters1 if c in letters2 and c not in wanted]
    own1 = [c for c in letters1 if c not in letters2]
    own2 = [c for c in letters2 if c not in letters1]
    sizes = {**dict(zip(letters2, x2.shape, strict=True)), **dict(zip(letters1, x1.shape, strict=True))}
    for c in contracted + shared:
        if x1.shape[letters1.index(c)] != x2.shape[letters2.index(c)]:
            raise ValueError(
                f"ops.einsum: the axis {c!r} has size {x1.shape[letters1.index(c)]} in {tuple(x1.shape)} and "
                f"{x2.shape[letters2.index(c)]} in {tuple(x2.shape)}"
            )
    batch = letters1[0] if x1.shape[:1] == (None,) else None
    symbolic = [one for one in (x1, x2) if isinstance(one, KerasTensor)]
    across = batch is not None and x2.shape[:1] == (None,) and letters2[0] != batch
    if contracted and (across or depend_on_rows(symbolic) or (batch in own1 and shared)):
        return _between_samples(
            shaping.transpose(tensor(x1, floatx()), [letters1.index(c) for c in shared + own1 + contracted]),
            shaping.transpose(tensor(x2, floatx()), [letters2.index(c) for c in shared + contracted + own2]),
            [len(shared), len(own1), len(contracted), len(own2)],
        ), shared + own1 + own2
    if batch in contracted:
        # A sum over the batch: one product where nothing else is summed, else products of each sample first.
        if len(contracted) > 1 or shared:
            made, letters = _product(x1, letters1, x2, letters2, {*wanted, batch})
            return _summed(made, letters, wanted), [c for c in letters if c in wanted]
        first = _sized(tensor(x1, floatx()), [None, _count(sizes, own1)])
        other = _sized(tensor(x2, floatx()), [None, _count(sizes, own2)])
        made = node("Matmul", {"transpose_a": True}, [first, other], "einsum")
        return _sized(made, [sizes[c] for c in own1 + own2]), own1 + own2
    if not contracted and not own1:
        # An element-wise product: the second gets the axes of the first.
        made = multiply(_spread(x1, letters1, letters2), tensor(x2))
        return made, letters2
    if not contracted and not own2:
        return multiply(tensor(x1), _spread(x2, letters2, letters1)), letters1
    inner = _count(sizes, contracted)
    first = _turned(tensor(x1, floatx()), letters1, shared + own1 + contracted)
    second: Any = x2
    if not (isinstance(x2, Variable) and len(x2.shape) == 2 and letters2 == contracted + own2):
        second = _turned(tensor(x2, floatx()), letters2, shared + contracted + own2)
        second = _sized(second, [sizes[c] for c in shared] + [inner, _count(sizes, own2)])
    if shared:
        first = _sized(first, [sizes[c] for c in shared] + [_count(sizes, own1), inner])
    else:
        first = _sized(first, [sizes[c] for c in own1] + [inner])
        if not own1:
            first = shaping.expand_dims(first, 0)
    made = linear.matmul(first, second)
    made = _sized(made, [sizes[c] for c in shared + own1 + own2])
    return made, shared + own1 + own2


def _between_samples(first: Any, second: Any, counts: Sequence[int]) -> Any:
    """Returns the product of two whose axes are (shared, own, contracted) and (shared, contracted, own)."""
    shared, own1, contracted, _ = counts
    sizes1, sizes2 = list(dimensions.shape(first)), list(dimensions.shape(second))

    def joined(sizes: Sequence[Any]) -> Any:
        return functools.reduce(operator.mul, sizes, 1)

    leading, rows, columns = sizes1[:shared], sizes1[shared : shared + own1], sizes2[shared + contracted :]
    inner = joined(sizes1[shared + own1 :])
    if len(rows) != 1 or contracted != 1:
        first = shaping.reshape(first, [*leading, joined(rows), inner])
    if len(columns) != 1 or contracted != 1:
        second = shaping.reshape(second, [*leading, inner, joined(columns)])
    made = node("Matmul", {}, [first, second], "einsum")
    return made if len(rows) == len(columns) == 1 else shaping.reshape(made, [*leading, *rows, *columns])


def _count(sizes: dict[str, int | None], letters: Sequence[str]) -> int | None:
    total: int | None = 1
    for c in letters:
        size = sizes[c]
        total = None if size is None or total is None else total * size
    return total


def _sized(x: KerasTensor, sizes: Sequence[int | None]) -> Any:
    return x if list(x.shape) == list(sizes) else shaping.reshape(x, [-1 if one is None else one for one in sizes])


def _spread(x: Any, letters: Sequence[str], wanted: Sequence[str]) -> Any:
    """Adds axes of size 1 for those of another operand."""
    turned = _turned(tensor(x), letters, [c for c in wanted if c in letters])
    missing = [i for i, c in enumerate(wanted) if c not in letters]
    return shaping.expand_dims(turned, missing) if missing else turned


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Returns the product of tensors, summed along axes of both.

    Args:
        x1: Tensor or array.
        x2: Tensor or array.
        axes: Number of last axes of `x1` and first axes of `x2`, or (axes of `x1`, axes of `x2`).

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes of axes that are summed over differ, or there are fewer axes than `axes` says.

    Example:
        >>> ops.tensordot([[1.0, 2.0]], [3.0, 4.0], axes=1)
        array([11.], dtype=float32)
    """
    rank1, rank2 = dimensions.ndim(x1), dimensions.ndim(x2)
    if isinstance(axes, (int, np.integer)):
        if not 0 <= axes <= min(rank1, rank2):
            raise ValueError(f"ops.tensordot cannot sum over {axes} axes of tensors that have {rank1} and {rank2}")
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


def dot(x1: Any, x2: Any) -> Any:
    """Returns the dot product: the matrix product for matrices, the sum of products for vectors.

    For more axes it sums over the last one of x1 and the last but one of x2.

    Args:
        x1: Tensor, array or number.
        x2: Tensor, array or number.

    Returns:
        Tensor or array.

    Raises:
        ValueError: Sizes of axes that are summed over differ.

    Example:
        >>> ops.dot([1.0, 2.0], [3.0, 4.0])
        array(11., dtype=float32)
    """
    if dimensions.ndim(x1) == 0 or dimensions.ndim(x2) == 0:
        return multiply(x1, x2)
    if dimensions.ndim(x2) > 2:
        return tensordot(x1, x2, ([-1], [-2]))
    return linear.matmul(x1, x2)


def inner(x1: Any, x2: Any) -> Any:
    """Returns the inner product: sums of products along the last axis of both.

    Args:
        x1: Tensor, array or number.
        x2: Tensor, array or number.

    Returns:
        Tensor or array.

    Raises:
        ValueError: The sizes of the last axes differ.

    Example:
        >>> ops.inner([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
        array([3., 7.], dtype=float32)
    """
    if dimensions.ndim(x1) == 0 or dimensions.ndim(x2) == 0:
        return multiply(x1, x2)
    return tensordot(x1, x2, ([-1], [-1]))
