"""Functions that call functions: conditions and loops, which are unrolled into the graph, and derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.ops import joining, slicing
from fastnn.ops.logic import less_equal, logical_and, where
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, is_traced, operators


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Returns what one of two functions returns.

    Args:
        pred: Condition: a boolean, or a symbolic tensor; then both functions are called and `ops.where` chooses.
        true_fn: Called without arguments where the condition holds.
        false_fn: Called without arguments where it does not; returns the same structure and shapes.

    Returns:
        The result of the function.

    Raises:
        ValueError: The condition is a tensor, and the functions return different structures.

    Example:
        >>> ops.cond(True, lambda: 1, lambda: 2)
        1
    """
    if not is_traced(pred):
        return true_fn() if bool(np.all(pred)) else false_fn()
    return _chosen([pred], [true_fn(), false_fn()], "cond")


def _chosen(conditions: Sequence[Any], results: Sequence[Any], who: str) -> Any:
    """Selects for each leaf the first result whose condition holds, or the last."""
    structures = [Structure(result) for result in results]
    leaves = [structure.flat(result) for structure, result in zip(structures, results, strict=True)]
    if len({len(one) for one in leaves}) > 1:
        raise ValueError(
            f"ops.{who}: the functions return {[len(one) for one in leaves]} tensors; their structures must be equal"
        )
    made = []
    for several in zip(*leaves, strict=True):
        found = several[-1]
        for condition, one in zip(reversed(conditions), reversed(several[:-1]), strict=True):
            found = one if one is None else where(condition, one, found)
        made.append(found)
    return structures[0].pack(made)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Returns what one of several functions returns.

    Args:
        index: Index of the function, limited to the valid range; for a symbolic tensor all functions are called.
        branches: Functions of the operands that return the same structure and shapes.
        *operands: Arguments of the function.

    Returns:
        The result of the function.

    Example:
        >>> ops.switch(1, [lambda x: x + 1, lambda x: x * 10], 5)
        50
    """
    if not is_traced(index) and not np.ndim(index):
        return branches[int(np.clip(int(index), 0, len(branches) - 1))](*operands)
    conditions = [less_equal(index, i) for i in range(len(branches) - 1)]
    return _chosen(conditions, [branch(*operands) for branch in branches], "switch")


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Repeats vars = body(*vars) while cond(*vars) is true, and returns the variables.

    Args:
        cond: Returns a boolean; with `maximum_iterations` it may be a symbolic tensor. Then the body runs that often,
            and its results count while the condition holds, for each element of the condition by itself.
        body: Returns the new variables.
        loop_vars: First variables: one, or a list or tuple.
        maximum_iterations: Largest number of iterations; None: no limit.

    Returns:
        The last variables, in the structure of `loop_vars`.

    Raises:
        TypeError: The condition is symbolic and `maximum_iterations` is None.
        ValueError: The body returns another number of variables.

    Example:
        >>> ops.while_loop(lambda i: i < 10, lambda i: i * 2, 1)
        16
    """
    many = isinstance(loop_vars, (list, tuple))
    now = tuple(loop_vars) if many else (loop_vars,)
    running: Any = True
    done = 0
    while maximum_iterations is None or done < maximum_iterations:
        holds = cond(*now)
        several = is_traced(holds) or np.ndim(holds) > 0
        if is_traced(holds) and maximum_iterations is None:
            raise TypeError(
                "ops.while_loop: the condition is a symbolic tensor, so the number of iterations is unknown when "
                "the graph is built; give maximum_iterations, and the body counts while the condition holds"
            )
        running = holds if running is True else logical_and(running, holds)
        if not is_traced(running) and not np.any(running):
            break
        new = body(*now)
        new = tuple(new) if isinstance(new, (list, tuple)) else (new,)
        if len(new) != len(now):
            raise ValueError(f"ops.while_loop: the body returned {len(new)} variables, expected {len(now)}")
        now = _chosen([running], [new, now], "while_loop") if several else new
        done += 1
    return type(loop_vars)(now) if many else now[0]


def _parts(xs: Any, who: str) -> tuple[Structure, list[Any]]:
    """Returns a structure and its slices along the first axes."""
    structure = Structure(xs)
    leaves = structure.flat(xs)
    for leaf in leaves:
        if isinstance(leaf, KerasTensor) and leaf.shape[:1] == (None,):
            raise ValueError(
                f"ops.{who}: the first axis of {leaf.name!r} of shape {leaf.shape} is the batch, whose size is "
                "unknown; write the function for the whole batch, or move another axis to the front"
            )
    cut = [slicing.unstack(leaf if hasattr(leaf, "shape") else np.asarray(leaf), axis=0) for leaf in leaves]
    if len({len(one) for one in cut}) > 1:
        raise ValueError(f"ops.{who}: the first axes have the sizes {[len(one) for one in cut]}; they must be equal")
    return structure, [structure.pack(list(part)) for part in zip(*cut, strict=True)]


def _stacked(results: Sequence[Any], who: str) -> Any:
    if not results:
        raise ValueError(f"ops.{who} expects at least one slice")
    structure = Structure(results[0])
    if structure.alone and results[0] is None:
        return None
    leaves = zip(*[structure.flat(result) for result in results], strict=True)
    return structure.pack([joining.stack(list(several), 0) for several in leaves])


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Returns the results of a function for each slice along the first axis, stacked.

    Args:
        f: Function of one slice.
        xs: Array, tensor, or a structure of them, whose first axis has a known size and is not the batch.

    Returns:
        Tensor or array, or a structure of them.

    Raises:
        ValueError: A first axis is the batch, or the sizes differ.

    Example:
        >>> ops.map(lambda x: x * 2, np.array([1, 2, 3]))
        array([2, 4, 6], dtype=int32)
    """
    return _stacked([f(part) for part in _parts(xs, "map")[1]], "map")


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Returns the results of a function for each slice along the first axis, stacked, as `map`.

    Args:
        function: Function of one slice.
        elements: Array, tensor, or a structure of them, whose first axis has a known size and is not the batch.

    Returns:
        Tensor or array, or a structure of them.

    Raises:
        ValueError: A first axis is the batch, or the sizes differ.

    Example:
        >>> ops.vectorized_map(lambda x: x * 2, np.array([1, 2, 3]))
        array([2, 4, 6], dtype=int32)
    """
    return _stacked([function(part) for part in _parts(elements, "vectorized_map")[1]], "vectorized_map")


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """Repeats carry, y = f(carry, x) for each slice x along the first axis.

    Args:
        f: Function of the carry and a slice.
        init: First carry.
        xs: Array, tensor, or a structure of them, whose first axis has a known size and is not the batch; None: x is
            None.
        length: Number of repetitions where `xs` is None.
        reverse: Begins with the last slice.
        unroll: Accepted for Keras compatibility; loops are always unrolled.

    Returns:
        (last carry, all y stacked along a new first axis).

    Raises:
        TypeError: `f` is no function.
        ValueError: Both `xs` and `length` are None, a first axis is the batch, or the sizes differ.

    Example:
        >>> total, sums = ops.scan(lambda total, x: (total + x, total + x), 0, np.array([1, 2, 3]))
        >>> int(total), sums.tolist()
        (6, [1, 3, 6])
    """
    if not callable(f):
        raise TypeError(f"ops.scan expects a function f(carry, x), got {f!r}")
    if not isinstance(unroll, (bool, int)) or (not isinstance(unroll, bool) and unroll < 1):
        raise ValueError(f"ops.scan expects unroll to be a positive integer, True or False, got {unroll!r}")
    if xs is None and length is None:
        raise ValueError("ops.scan expects xs, or a length")
    parts = [None] * (length or 0) if xs is None else _parts(xs, "scan")[1]
    made = []
    for part in parts[::-1] if reverse else parts:
        init, y = f(init, part)
        made.append(y)
    return init, _stacked(made[::-1] if reverse else made, "scan")


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Returns for each position along an axis the combination of all slices up to it, by an associative function.

    Args:
        f: Function of two slices.
        elems: Array, tensor, or a structure of them.
        reverse: Begins with the last slice.
        axis: Axis along which to combine; its size must be known.

    Returns:
        Tensor or array, or a structure of them, of the shape of `elems`.

    Raises:
        ValueError: There is no such axis.

    References:
        - Blelloch, "Prefix Sums and Their Applications", 1990.

    Example:
        >>> ops.associative_scan(lambda a, b: a * b, np.array([2, 3, 4]))
        array([ 2,  6, 24], dtype=int32)
    """
    structure = Structure(elems)
    cut = [slicing.unstack(leaf, axis=axis) for leaf in structure.flat(elems)]
    parts = [structure.pack(list(part)) for part in zip(*cut, strict=True)]
    made: list[Any] = []
    for part in parts[::-1] if reverse else parts:
        made.append(f(made[-1], part) if made else part)
    ordered = made[::-1] if reverse else made
    several = zip(*[structure.flat(one) for one in ordered], strict=True)
    return structure.pack([joining.stack(list(leaves), axis) for leaves in several])


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Repeats val = body_fun(i, val) for each i in the range [lower, upper).

    Args:
        lower: First index.
        upper: End of the range, excluded.
        body_fun: Function of the index and the value.
        init_val: First value.

    Returns:
        The last value.

    Raises:
        TypeError: A bound is a symbolic tensor.

    Example:
        >>> ops.fori_loop(1, 4, lambda i, total: total + i, 0)
        6
    """
    if is_traced([lower, upper]):
        raise TypeError("ops.fori_loop expects integers as its bounds; use ops.while_loop with maximum_iterations")
    for i in range(int(lower), int(upper)):
        init_val = body_fun(i, init_val)
    return init_val


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """Returns what a function computes, and its derivative along a direction: a Jacobian-vector product.

    On arrays the function is traced anew by each call; within a `train_step` or a function decorated by
    `fastnn.function` it is part of the step.

    Args:
        fun: Function of tensors that returns a tensor, or several in a list or dict.
        primals: List or tuple of its arguments.
        tangents: The direction: as many arrays, of the shapes of `primals`.
        has_aux: Whether `fun` returns a pair, of which the first is differentiated and the second is passed on.

    Returns:
        Pair `(results, derivatives)` of like structures; with `has_aux` a third element, what `fun` passed on.

    Raises:
        TypeError: The primals or tangents are no list or tuple, or tensors of a model outside of a step.
        ValueError: Their shapes differ.

    Example:
        >>> ops.jvp(ops.square, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
        (array([1., 9.], dtype=float32), array([2., 3.], dtype=float32))
    """
    return operators["jvp"](fun, primals, tangents, has_aux)
