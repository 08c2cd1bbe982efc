"""Choices and loops that are known beforehand, and are unrolled into the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn.ops import joining, slicing
from fastnn.ops.logic import less_equal, logical_and, where
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import KerasTensor, is_traced


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions returns.

    Args:
        pred: Which: a plain bool, or a symbolic tensor; then both functions are computed and `ops.where` chooses.
        true_fn: Called without arguments.
        false_fn: The same; it returns things of the same shapes.

    Raises:
        ValueError: The condition is a tensor, and the functions return things that are put together differently.
    """
    if not is_traced(pred):
        return true_fn() if bool(np.all(pred)) else false_fn()
    return _chosen([pred], [true_fn(), false_fn()], "cond")


def _chosen(conditions: Sequence[Any], results: Sequence[Any], who: str) -> Any:
    """Leaf by leaf the first result whose condition holds, or the last."""
    structures = [Structure(result) for result in results]
    leaves = [structure.flat(result) for structure, result in zip(structures, results, strict=True)]
    if len({len(one) for one in leaves}) > 1:
        raise ValueError(f"ops.{who}: the functions return {[len(one) for one in leaves]} tensors; let them agree")
    made = []
    for several in zip(*leaves, strict=True):
        found = several[-1]
        for condition, one in zip(reversed(conditions), reversed(several[:-1]), strict=True):
            found = one if one is None else where(condition, one, found)
        made.append(found)
    return structures[0].pack(made)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What one of several functions returns.

    Args:
        index: Which, moved into the range that there is; of a symbolic tensor all functions are computed.
        branches: Functions of the operands that return things of the same shapes.
        *operands: With what they are called.
    """
    if not is_traced(index) and not np.ndim(index):
        return branches[int(np.clip(int(index), 0, len(branches) - 1))](*operands)
    conditions = [less_equal(index, i) for i in range(len(branches) - 1)]
    return _chosen(conditions, [branch(*operands) for branch in branches], "switch")


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """vars = body(*vars) as long as cond(*vars) holds.

    Args:
        cond: Returns a bool that is known beforehand; with `maximum_iterations` it may return a symbolic one: then the
            body is computed so many times, and what it gives counts while the condition holds. Of several numbers each
            goes on by itself.
        body: Returns the new variables.
        loop_vars: The first ones: one thing, or a list or tuple of them.
        maximum_iterations: How often at most.

    Raises:
        TypeError: The condition is symbolic, and how often is not said.
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
                "ops.while_loop: the condition is a symbolic tensor, so how often the body runs is not known when the "
                "graph is made; give maximum_iterations, and the body counts while the condition holds"
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
    """Things put together somehow, cut along their first axes; and how they were."""
    structure = Structure(xs)
    leaves = structure.flat(xs)
    for leaf in leaves:
        if isinstance(leaf, KerasTensor) and leaf.shape[:1] == (None,):
            raise ValueError(
                f"ops.{who}: the first axis of {leaf.name!r} of shape {leaf.shape} is the batch, whose size is not "
                "known beforehand; write the function for the whole batch, or move another axis to the front"
            )
    cut = [slicing.unstack(leaf if hasattr(leaf, "shape") else np.asarray(leaf), axis=0) for leaf in leaves]
    if len({len(one) for one in cut}) > 1:
        raise ValueError(f"ops.{who}: the first axes have the sizes {[len(one) for one in cut]}; they must be equal")
    return structure, [structure.pack(list(part)) for part in zip(*cut, strict=True)]


def _stacked(results: Sequence[Any], who: str) -> Any:
    if not results:
        raise ValueError(f"ops.{who} expects at least one part")
    structure = Structure(results[0])
    if structure.alone and results[0] is None:
        return None
    leaves = zip(*[structure.flat(result) for result in results], strict=True)
    return structure.pack([joining.stack(list(several), 0) for several in leaves])


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """f of each part along the first axis, stacked.

    Args:
        f: A function of one part (of parts put together as `xs` is).
        xs: An array, or several put together, whose first axis has a known size and is not the batch.
    """
    return _stacked([f(part) for part in _parts(xs, "map")[1]], "map")


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """As `map`."""
    return _stacked([function(part) for part in _parts(elements, "vectorized_map")[1]], "vectorized_map")


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """carry, y = f(carry, x) for each part x along the first axis.

    Args:
        f: A function of the carry and a part.
        init: The first carry.
        xs: An array, or several put together, whose first axis has a known size and is not the batch; None: x is None.
        length: How often, where `xs` is None.
        reverse: Whether the last part comes first.
        unroll: No effect: all loops are unrolled.

    Returns:
        (The last carry, all y along a new first axis.)
    """
    if xs is None and length is None:
        raise ValueError("ops.scan expects xs, or a length")
    parts = [None] * (length or 0) if xs is None else _parts(xs, "scan")[1]
    made = []
    for part in parts[::-1] if reverse else parts:
        init, y = f(init, part)
        made.append(y)
    return init, _stacked(made[::-1] if reverse else made, "scan")


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """f of all parts up to each place along an axis, where f(f(a, b), c) is f(a, f(b, c)).

    Args:
        f: A function of two things put together as `elems` is.
        elems: An array, or several put together.
        reverse: Whether it goes from the last to the first.
        axis: Along which; its size is known.
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
    """val = body_fun(i, val) for each i from lower up to, but without, upper.

    Raises:
        TypeError: An end is a symbolic tensor.
    """
    if is_traced([lower, upper]):
        raise TypeError("ops.fori_loop expects plain numbers as its ends; use ops.while_loop with maximum_iterations")
    for i in range(int(lower), int(upper)):
        init_val = body_fun(i, init_val)
    return init_val
