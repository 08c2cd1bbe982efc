"""Nested structures of arguments and results: lists, tuples and dicts whose leaves are tensors or values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def sequence_like(given: Any, items: Iterable[Any]) -> Any:
    """Returns items in a list or tuple of the type of another, which may be a named tuple."""
    return type(given)(*items) if hasattr(given, "_fields") else type(given)(items)


class Structure:
    """Structure of several leaves: one alone, or nested lists, tuples and dicts of them.

    A dict is flattened in the order of its sorted keys, as Keras does.

    Args:
        given: One leaf, or a list or dict of leaves.
        who: Its name in messages, where it may not be empty; None: it may.

    Attributes:
        alone: Whether it is one leaf.
        keys: The sorted keys of a dict; None for another structure.
        count: The number of leaves.

    Raises:
        ValueError: It is empty, for a `who`.
    """

    def __init__(self, given: Any, who: str | None = None) -> None:
        self.alone = not isinstance(given, (list, tuple, Mapping))
        self.keys = sorted(given) if isinstance(given, Mapping) else None
        self._order = list(given) if isinstance(given, Mapping) else []
        self._like = type(given)
        items = [] if self.alone else list(given) if self.keys is None else [given[key] for key in self.keys]
        if who is not None and not self.alone and not items:
            raise ValueError(f"{who} expects at least one tensor, got {given!r}")
        self._parts = [Structure(item) for item in items]
        self.count: int = 1 if self.alone else sum(part.count for part in self._parts)

    @property
    def nested(self) -> bool:
        """True if there are lists, tuples or dicts within it."""
        return any(not part.alone for part in self._parts)

    def is_like(self, given: Any) -> bool:
        """Returns whether its outermost level is one of the type of a value: a list, a tuple or a dict."""
        if self.keys is not None or isinstance(given, Mapping):
            return self.keys is not None and isinstance(given, Mapping)
        return isinstance(given, self._like) or issubclass(self._like, type(given))

    def parts(self) -> list[tuple[Any, tuple[int, Structure]]]:
        """Returns, by key or index, the number of the first leaf of each part of the outermost level, and the part."""
        keys: Sequence[Any] = range(len(self._parts)) if self.keys is None else self.keys
        starts = [sum(part.count for part in self._parts[:k]) for k in range(len(self._parts))]
        return list(zip(keys, zip(starts, self._parts, strict=True), strict=True))

    def leads(self, given: Any) -> bool:
        """Returns whether a value has its levels of lists and dicts, whatever stands in the place of a leaf.

        A list may be a tuple. Dicts may leave keys out, and None may stand for a whole level.
        """
        if self.alone or given is None:
            return True
        if isinstance(given, Mapping):
            parts = dict(self.parts())
            return self.keys is not None and all(key in parts and parts[key][1].leads(given[key]) for key in given)
        if not isinstance(given, (list, tuple)) or self.keys is not None or len(given) != len(self._parts):
            return False
        return all(part.leads(item) for part, item in zip(self._parts, given, strict=True))

    def entries(self, given: Any) -> list[Any]:
        """Returns what a value for which `leads` holds has in the places of the leaves, None where it has nothing."""
        if self.alone:
            return [given]
        if given is None:
            return [None] * self.count
        found = [(part, given.get(key) if self.keys is not None else given[key]) for key, (_, part) in self.parts()]
        return [entry for part, item in found for entry in part.entries(item)]

    def flat(self, given: Any) -> list[Any]:
        """Returns the leaves, one by one."""
        if self.alone:
            return [given]
        items = list(given) if self.keys is None else [given[key] for key in self.keys]
        return [leaf for part, item in zip(self._parts, items, strict=True) for leaf in part.flat(item)]

    def pack(self, leaves: Sequence[Any]) -> Any:
        """Returns leaves in this structure."""
        if self.alone:
            return leaves[0]
        items, at = [], 0
        for part in self._parts:
            items.append(part.pack(leaves[at : at + part.count]))
            at += part.count
        if self.keys is not None:
            found = dict(zip(self.keys, items, strict=True))
            return {key: found[key] for key in self._order}
        if issubclass(self._like, tuple):
            return self._like(*items) if hasattr(self._like, "_fields") else tuple(items)
        return items
