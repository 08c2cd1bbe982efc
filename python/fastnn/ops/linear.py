"""Products of matrices, and what comes down to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn.ops import elementwise as el
from fastnn.ops import reduction, shaping
from fastnn.ops.keras_functions import as_in_keras
from fastnn.ops.node import array, lowered, node, tensor
from fastnn.symbolic.tensors import KerasTensor, is_traced
from fastnn.symbolic.variable import Variable


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
        first, second = el.together(x1, x2)
        return _of_type(np.matmul(_floats(first), _floats(second)), first.dtype)
    whole = "float32" not in (el.dtype(x1), el.dtype(x2))
    first = tensor(x1, "float32")
    if isinstance(x2, Variable) and len(x2.shape) == 2 and first.ndim > 1 and first.shape[0] is None and not whole:
        if first.shape[-1] not in (None, x2.shape[0]):
            raise ValueError(
                f"ops.matmul expects the last axis of {first.shape} to be as long as the first of {x2.shape}; "
                f"got {first.shape[-1]} and {x2.shape[0]}"
            )
        arguments = {"units": x2.shape[1], "use_bias": False}
        return node("Dense", arguments, [first], "matmul", [x2])
    made = node("Matmul", {}, [first, tensor(x2, "float32")], "matmul")
    return el.cast(made, "int32") if whole else made


def _floats(x: Any) -> Any:
    # Whole numbers in double, which holds them.
    return x if x.dtype == np.float32 else x.astype(np.float64)


def _of_type(found: Any, dtype: Any) -> Any:
    return lowered(found) if dtype == np.float32 else lowered(np.rint(found).astype(np.int64))


def dot(x1: Any, x2: Any) -> Any:
    """As `matmul` for matrices; the product of vectors, summed; with a number, element by element."""
    if shaping.ndim(x1) == 0 or shaping.ndim(x2) == 0:
        return el.multiply(x1, x2)
    if shaping.ndim(x2) > 2:
        return tensordot(x1, x2, ([-1], [-2]))
    return matmul(x1, x2)


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements."""
    return reduction.sum(el.multiply(x1, x2))


def inner(x1: Any, x2: Any) -> Any:
    """The products summed along the last axis of both."""
    if shaping.ndim(x1) == 0 or shaping.ndim(x2) == 0:
        return el.multiply(x1, x2)
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


@as_in_keras(in_config="offset")
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)


@as_in_keras(in_config="offset")
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of two axes, as a last axis."""
    if not is_traced(x):
        return np.diagonal(array(x), offset, axis1, axis2).copy()
    made = shaping.moveaxis(x, [axis1, axis2], [-2, -1])
    height, width = made.shape[-2:]
    rows = np.arange(max(0, -offset), min(height, width - offset))
    flat = shaping.reshape(made, [-1 if one is None else one for one in made.shape[:-2]] + [height * width])
    return shaping.take(flat, rows * width + rows + offset, -1)


def diag(x: Any, k: int = 0) -> Any:
    """A diagonal of a matrix; of a vector the matrix that has it as a diagonal."""
    if not is_traced(x):
        return np.diag(array(x), k).copy()
    if shaping.ndim(x) not in (1, 2):
        raise ValueError(f"ops.diag expects a vector or a matrix, got {tuple(x.shape)}; use ops.diagonal")
    if shaping.ndim(x) == 2:
        return diagonal(x, k)
    size = x.shape[0] + abs(k)
    places = np.zeros((x.shape[0], size, size), np.float32)
    index = np.arange(x.shape[0])
    places[index, index + max(0, -k), index + max(0, k)] = 1
    return tensordot(x, places, 1)


def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix that has all numbers of x on a diagonal."""
    return diag(shaping.ravel(el.convert_to_tensor(x)), k)


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
        arrays = el.together(*operands)
        return _of_type(np.einsum(subscripts, *[_floats(x) for x in arrays], optimize=True), arrays[0].dtype)
    if all(el.dtype(x) != "float32" for x in operands):
        return el.cast(einsum(subscripts, *[el.cast(x, "float32") for x in operands]), "int32")
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
    if x.shape[:1] == (None,) and order[:1] != [0]:
        raise ValueError(
            f"ops.einsum: the result {''.join(wanted)!r} does not begin with the batch {letters[0]!r}; name it first"
        )
    return x if order == sorted(order) else shaping.transpose(x, order)


def _product(
    x1: Any, letters1: Sequence[str], x2: Any, letters2: Sequence[str], wanted: set[str]
) -> tuple[Any, list[str]]:
    """The product of two: axes of both that are wanted lead, then those of the first, then those of the second."""
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
    if batch is not None and x2.shape[:1] == (None,) and letters2[0] != batch:
        raise ValueError(
            f"ops.einsum: the batch is the axis {batch!r} of one operand and {letters2[0]!r} of another; a product of "
            "each sample with each other has no fixed shape. Give both the same letter"
        )
    if batch in contracted:
        # Summed over the samples: as one product where nothing else is summed, else sample by sample first.
        if len(contracted) > 1 or shared:
            made, letters = _product(x1, letters1, x2, letters2, {*wanted, batch})
            return _summed(made, letters, wanted), [c for c in letters if c in wanted]
        first = _sized(tensor(x1, "float32"), [None, _count(sizes, own1)])
        other = _sized(tensor(x2, "float32"), [None, _count(sizes, own2)])
        made = node("Matmul", {"transpose_a": True}, [first, other], "einsum")
        return _sized(made, [sizes[c] for c in own1 + own2]), own1 + own2
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


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of two or three numbers.

    Args:
        x1: Vectors along `axisa`.
        x2: Vectors along `axisb`.
        axisa: The axis of the vectors in x1.
        axisb: That in x2.
        axisc: That in the result.
        axis: In place of all three.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = el.convert_to_tensor(x1), el.convert_to_tensor(x2)
    a, b = shaping.moveaxis(x1, axisa, -1), shaping.moveaxis(x2, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(f"ops.cross expects vectors of 2 or 3 numbers, got {tuple(x1.shape)} and {tuple(x2.shape)}")

    def product(i: int, j: int) -> Any:
        if i >= a.shape[-1] or j >= b.shape[-1]:
            return None
        return el.multiply(a[..., i], b[..., j])

    def difference(one: Any, other: Any) -> Any:
        if other is None:
            return one
        return el.negative(other) if one is None else el.subtract(one, other)

    last = difference(product(0, 1), product(1, 0))
    if a.shape[-1] == 2 and b.shape[-1] == 2:
        return last
    parts = [difference(product(1, 2), product(2, 1)), difference(product(2, 0), product(0, 2)), last]
    return shaping.moveaxis(shaping.stack(parts, -1), -1, axisc)


def kron(x1: Any, x2: Any) -> Any:
    """Every number of x1 times the whole of x2, laid out as one array."""
    x1, x2 = el.convert_to_tensor(x1), el.convert_to_tensor(x2)
    rank = max(shaping.ndim(x1), shaping.ndim(x2))
    sizes1 = [1] * (rank - shaping.ndim(x1)) + list(x1.shape)
    sizes2 = [1] * (rank - shaping.ndim(x2)) + list(x2.shape)
    if None in sizes2 or None in sizes1[1:] or (sizes1[:1] == [None] and sizes2[0] != 1):
        raise ValueError(f"ops.kron expects known sizes, got {tuple(x1.shape)} and {tuple(x2.shape)}")
    wide1 = [size for one in sizes1 for size in (one, 1)]
    wide2 = [size for one in sizes2 for size in (1, one)]
    if sizes1[:1] == [None]:
        wide1, wide2 = [-1, *wide1[2:]], wide2[1:]
    product = el.multiply(shaping.reshape(x1, wide1), shaping.reshape(x2, wide2))
    return shaping.reshape(product, [-1 if a is None else a * b for a, b in zip(sizes1, sizes2, strict=True)])


@as_in_keras(module="math", class_name="CDist")
def cdist(x: Any, y: Any) -> Any:
    """The distance of each row of x from each row of y.

    Args:
        x: Of shape (..., m, size).
        y: Of shape (..., n, size).

    Returns:
        Of shape (..., m, n).
    """
    x, y = el.cast(x, "float32"), el.cast(y, "float32")
    if len(x.shape) == 2 and x.shape[0] is None and len(y.shape) == 2:
        apart = el.subtract(shaping.expand_dims(x, 1), y)
    else:
        apart = el.subtract(shaping.expand_dims(x, -2), shaping.expand_dims(y, -3))
    return el.sqrt(reduction.sum(el.square(apart), -1))


@as_in_keras(in_config="x")
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area below a line through points.

    Args:
        y: The heights along an axis.
        x: Where they stand; None: at equal distances.
        dx: That distance.
        axis: Along which.
    """
    y = shaping.moveaxis(el.cast(y, "float32"), axis, -1)
    steps = dx if x is None else el.cast(shaping.diff(x), "float32")
    return el.multiply(0.5, reduction.sum(el.multiply(steps, el.add(y[..., 1:], y[..., :-1])), -1))


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """The products of one vector with each stretch of another, summed.

    Args:
        x1: A vector without a batch.
        x2: The same.
        mode: "valid", "same" or "full": which stretches.
    """
    x1, x2 = el.cast(x1, "float32"), el.cast(x2, "float32")
    if len(x1.shape) != 1 or len(x2.shape) != 1 or None in (*x1.shape, *x2.shape):
        raise ValueError(f"ops.correlate expects two vectors without a batch, got {tuple(x1.shape)}, {tuple(x2.shape)}")
    if not is_traced([x1, x2]):
        return lowered(np.correlate(x1, x2, mode))  # type: ignore[call-overload]
    m, n = x1.shape[0], x2.shape[0]
    full = shaping.pad(x1, [(n - 1, n - 1)])
    places = np.arange(m + n - 1)[:, np.newaxis] + np.arange(n)
    made = matmul(shaping.take(full, places, 0), x2)
    count = {"full": m + n - 1, "same": max(m, n), "valid": max(m, n) - min(m, n) + 1}.get(mode)
    if count is None:
        raise ValueError(f"ops.correlate expects mode 'valid', 'same' or 'full', got {mode!r}")
    start = {"full": 0, "same": (min(m, n) - (0 if m < n else 1)) // 2, "valid": min(m, n) - 1}[mode]
    return made[start : start + count]


def corrcoef(x: Any) -> Any:
    """How alike the rows of a matrix without a batch are: covariances divided by the standard deviations."""
    x = el.cast(x, "float32")
    x = shaping.reshape(x, (1, -1)) if len(x.shape) == 1 else x
    if len(x.shape) != 2 or x.shape[0] is None:
        raise ValueError(f"ops.corrcoef expects a matrix without a batch, got {tuple(x.shape)}")
    apart = el.subtract(x, reduction.mean(x, 1, True))
    unit = el.divide(apart, el.sqrt(reduction.sum(el.square(apart), 1, True)))
    return el.clip(matmul(unit, shaping.transpose(unit)), -1.0, 1.0)
