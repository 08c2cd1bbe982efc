"""Functions on nested structures: lists, tuples, named tuples, deques and dicts of any depth.

The leaves are what is none of these, None among them. A dict is taken in the order of its sorted keys, an `OrderedDict`
in its own. `symbolic.structure` is what models use for their own inputs and outputs; this module is for scripts.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

_DICTS = (dict, OrderedDict, defaultdict)
_DIFFERENT = "the structures are not nested in the same way"


class MAP_TO_NONE:
    """Result of a function given to `traverse` that stands for None, since None means that children are visited.

    Example:
        >>> fastnn.tree.traverse(lambda x: fastnn.tree.MAP_TO_NONE if x == 2 else None, [1, 2])
        [1, None]
    """


def _is_named_tuple(structure: Any) -> bool:
    return isinstance(structure, tuple) and hasattr(structure, "_fields")


def is_nested(structure: Any) -> bool:
    """Returns True for a list, tuple, named tuple, deque or dict.

    Args:
        structure: Any value.

    Example:
        >>> fastnn.tree.is_nested({"a": 1}), fastnn.tree.is_nested(None)
        (True, False)
    """
    return type(structure) in (list, tuple, deque, *_DICTS) or _is_named_tuple(structure)


def _items(structure: Any) -> list[tuple[Any, Any]]:
    """Returns the children of a nested structure with their keys or indices, in order."""
    if isinstance(structure, _DICTS):
        keys = list(structure)
        if not isinstance(structure, OrderedDict):
            try:
                keys.sort()
            except TypeError:  # keys of several types: by the names of their types
                keys.sort(key=lambda key: (type(key).__qualname__, str(key)))
        return [(key, structure[key]) for key in keys]
    return list(enumerate(structure))


def _rebuilt(structure: Any, children: Sequence[Any]) -> Any:
    """Returns a structure like this one with other children."""
    if isinstance(structure, _DICTS):
        found = dict(zip((key for key, _ in _items(structure)), children, strict=True))
        ordered = {key: found[key] for key in structure}
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, ordered)
        return OrderedDict(ordered) if isinstance(structure, OrderedDict) else ordered
    if _is_named_tuple(structure):
        return type(structure)(*children)
    return deque(children, structure.maxlen) if isinstance(structure, deque) else type(structure)(children)


def _check_alike(one: Any, other: Any) -> None:
    """Raises a ValueError where two nested structures are of different types, lengths or keys."""
    dicts = isinstance(one, _DICTS) and isinstance(other, _DICTS)
    if not is_nested(other) or not (dicts or type(one) is type(other)):
        raise ValueError(f"{_DIFFERENT}: {type(one).__name__} and {type(other).__name__}")
    if (set(one) != set(other)) if dicts else len(one) != len(other):
        raise ValueError(f"{_DIFFERENT}: {one!r} and {other!r}")


def _children(shape: Any, structures: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yields the children of several structures that are alike, side by side."""
    for other in structures:
        _check_alike(shape, other)
    for key, child in _items(shape):
        yield (child, *(other[key] for other in structures))


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Returns a structure with each part replaced by what a function returns for it.

    Args:
        func: Called with every part, nested or not; None keeps the part and visits its children, `MAP_TO_NONE` stands
            for None.
        structure: Any value.
        top_down: True to call the function with a part before its children, False after them.

    Example:
        >>> fastnn.tree.traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [(1, 2), {"a": (3, 4)}])
        [3, {'a': 7}]
    """

    def with_children() -> Any:
        if not is_nested(structure):
            return structure
        return _rebuilt(structure, [traverse(func, child, top_down) for _, child in _items(structure)])

    kept = structure if top_down else with_children()
    made = func(kept)
    if made is None:
        return with_children() if top_down else kept
    return None if made is MAP_TO_NONE else made


def flatten(structure: Any) -> list[Any]:
    """Returns the leaves of a structure, in order.

    Args:
        structure: Any value; one that is not nested is its only leaf.

    Example:
        >>> fastnn.tree.flatten({"b": [1, (2, 3)], "a": None})
        [None, 1, 2, 3]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Returns the leaves of a structure with their paths: the keys and indices on the way to each.

    Args:
        structure: Any value.

    Example:
        >>> fastnn.tree.flatten_with_path({"a": [10, 20]})
        [(('a', 0), 10), (('a', 1), 20)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf) for key, child in _items(structure) for path, leaf in flatten_with_path(child)
    ]  # fmt: skip


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Returns a structure of what a function returns for each leaf.

    Args:
        func: Called with one leaf of each structure.
        *structures: Structures that are nested in the same way.
        none_is_leaf: True to call the function for None too; False to keep None.

    Raises:
        ValueError: There is no structure, or they differ.

    Example:
        >>> fastnn.tree.map_structure(lambda x, y: x + y, {"a": 1, "b": [2]}, {"a": 10, "b": [20]})
        {'a': 11, 'b': [22]}
    """
    if not structures:
        raise ValueError("map_structure expects at least one structure, got none")
    first, *rest = structures
    if is_nested(first):
        return _rebuilt(
            first, [map_structure(func, *leaves, none_is_leaf=none_is_leaf) for leaves in _children(first, rest)]
        )
    if any(is_nested(other) for other in rest):
        raise ValueError(f"{_DIFFERENT}: {first!r} and {rest!r}")
    if first is None and not none_is_leaf:
        if any(other is not None for other in rest):
            raise ValueError(f"{_DIFFERENT}: None and {rest!r}")
        return None
    return func(*structures)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Returns a structure of what a function returns where the leaves of a shallow structure are.

    Args:
        shallow_structure: A structure whose leaves say where the function is called.
        func: Called with the part of each structure that stands there.
        *structures: Structures that are nested as the shallow one, or deeper.

    Raises:
        ValueError: There is no structure, or one is not nested as the shallow one.

    Example:
        >>> fastnn.tree.map_structure_up_to([0, 0], sum, [[1, 2], [3]])
        [3, 3]
    """
    if not structures:
        raise ValueError("map_structure_up_to expects at least one structure, got none")
    if not is_nested(shallow_structure):
        return func(*structures)
    made = [map_structure_up_to(shallow, func, *rest) for shallow, *rest in _children(shallow_structure, structures)]
    return _rebuilt(shallow_structure, made)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Compares how two structures are nested; all kinds of dicts are alike.

    Args:
        a: Any value.
        b: Any value.
        check_types: Deprecated; ignored with a warning.

    Raises:
        ValueError: They differ.

    Example:
        >>> fastnn.tree.assert_same_structure([(0, 1)], [(2, 3)])
    """
    if check_types is not None:
        warnings.warn(
            "assert_same_structure: check_types is ignored; assert_same_paths compares without the types",
            DeprecationWarning,
            stacklevel=2,
        )
    map_structure(lambda *leaves: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Compares the paths of the leaves of two structures, whatever the types of their lists and dicts.

    Args:
        a: Any value.
        b: Any value.

    Raises:
        ValueError: Some paths are in one of them alone.

    Example:
        >>> fastnn.tree.assert_same_paths([0, 1], (2, 3))
    """
    of_a, of_b = ({path for path, _ in flatten_with_path(structure)} for structure in (a, b))
    if of_a != of_b:
        raise ValueError(f"a and b have other paths: {of_a - of_b} are in a alone, {of_b - of_a} in b alone")


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """Returns leaves in a structure.

    Args:
        structure: Any value.
        flat_sequence: As many leaves as it has, in the order of `flatten`.

    Raises:
        TypeError: `flat_sequence` is no sequence.
        ValueError: It has another number of leaves.

    Example:
        >>> fastnn.tree.pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
        {'a': 1, 'b': (2, 3)}
    """
    leaves = list(flat_sequence)
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"pack_sequence_as expects {count} leaves for {structure!r}, got {len(leaves)}")
    rest = iter(leaves)

    def packed(part: Any) -> Any:
        if not is_nested(part):
            return next(rest)
        return _rebuilt(part, [packed(child) for _, child in _items(part)])

    return packed(structure)


def lists_to_tuples(structure: Any) -> Any:
    """Returns a structure with a tuple in place of each list.

    Args:
        structure: Any value.

    Example:
        >>> fastnn.tree.lists_to_tuples({"a": [1, [2]]})
        {'a': (1, (2,))}
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Returns a structure of what a function returns for each shape: a list or tuple of integers and None.

    Args:
        func: Called with each shape.
        structure: A shape, or a structure of shapes.

    Example:
        >>> fastnn.tree.map_shape_structure(len, {"a": (None, 3), "b": [(2,), (1, 2, 3)]})
        {'a': 2, 'b': [1, 3]}
    """
    is_shape = isinstance(structure, (list, tuple)) and all(size is None or isinstance(size, int) for size in structure)
    if is_shape or not is_nested(structure):
        return func(structure)
    return _rebuilt(structure, [map_shape_structure(func, child) for _, child in _items(structure)])


def __dir__() -> list[str]:
    return __all__
