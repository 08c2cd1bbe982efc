"""How an HDF5 file finds things: B-trees of both versions, tables of names, and heaps.

The names of structures and their fields are those of the "HDF5 File Format Specification", version 3.0
(https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html). No node of a tree is read twice, so a tree that
leads back into itself ends in an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastnn.saving.hdf5.source import Cursor, Source
from fastnn.saving.untrusted import CorruptFileError

UNDEFINED = (1 << 64) - 1
"""The address of what is not stored."""


def _begin(source: Source, address: int, count: int, signature: bytes) -> Cursor:
    """Returns the bytes of a structure behind its signature."""
    cursor = Cursor(source.read(address, count))
    if cursor.take(len(signature)) != signature:
        raise CorruptFileError(f"has no {signature.decode()} at {address}, where it refers to one")
    return cursor


def leaves(source: Source, root: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """Yields the key before each child, and the child's address, of the leaves of a B-tree of version 1.

    Args:
        source: The file.
        root: Address of the tree.
        kind: Type of its nodes: 0 for groups, 1 for chunks.
        key: Bytes of a key.
    """
    seen: set[int] = set()
    waiting = [(root, -1)]
    while waiting:
        address, level = waiting.pop()
        if address in seen:
            raise CorruptFileError("holds a B-tree that leads back into itself")
        seen.add(address)
        head = _begin(source, address, 24, b"TREE")
        found, here, used = head.integer(1), head.integer(1), head.integer(2)
        if found != kind or (level >= 0 and here != level - 1):
            raise CorruptFileError("holds a B-tree with nodes of another kind")
        body = Cursor(source.read(address + 24, used * (key + 8)))
        children = [(body.take(key), body.integer(8)) for _ in range(used)]
        if here == 0:
            yield from children
        else:
            waiting += [(child, here) for _, child in reversed(children)]


def symbols(source: Source, tree: int, heap: int) -> Iterator[tuple[bytes, int | None]]:
    """Yields the names and the addresses of the objects of a group of the old form; the address of a soft link is None.

    Args:
        source: The file.
        tree: Address of its B-tree.
        heap: Address of the local heap with its names.
    """
    head = _begin(source, heap, 32, b"HEAP")
    head.skip(4)
    size = head.integer(8)
    head.skip(8)
    names = source.read(head.integer(8), size)
    seen: set[int] = set()
    for _, address in leaves(source, tree, 0, 8):
        if address in seen:
            raise CorruptFileError("holds a table of names twice in one group")
        seen.add(address)
        table = _begin(source, address, 8, b"SNOD")
        table.skip(2)
        entries = Cursor(source.read(address + 8, 40 * table.integer(2)))
        while entries.left():
            begin, object_at, cache = entries.integer(8), entries.integer(8), entries.integer(4)
            entries.skip(20)
            end = names.find(b"\0", begin)
            if begin >= size or end < 0:
                raise CorruptFileError("holds an object whose name is not in the file")
            yield names[begin:end], None if cache == 2 else object_at


class GlobalHeaps:
    """Values of various lengths, which lie outside what refers to them.

    Args:
        source: The file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._heaps: dict[int, dict[int, bytes]] = {}

    def at(self, address: int, index: int) -> bytes:
        """Returns the object of an index in the heap at an address."""
        if address not in self._heaps:
            self._heaps[address] = self._read(address)
        found = self._heaps[address].get(index)
        if found is None:
            raise CorruptFileError(f"refers to object {index} of a heap that has no such object")
        return found

    def _read(self, address: int) -> dict[int, bytes]:
        head = _begin(self._source, address, 16, b"GCOL")
        head.skip(4)
        body = Cursor(self._source.read(address + 16, head.integer(8) - 16))
        found = {}
        while body.left() >= 16:
            index = body.integer(2)
            body.skip(6)
            size = body.integer(8)
            if index == 0:  # the rest is free
                break
            found[index] = body.take(size)
            body.pad(8)
        return found


class FractalHeap:
    """A heap of records, in blocks that double in size.

    Args:
        source: The file.
        address: Address of its header.

    Raises:
        CorruptFileError: It is damaged, or its blocks went through filters, which those of names never do.
    """

    def __init__(self, source: Source, address: int) -> None:
        self._source = source
        head = _begin(source, address, 142, b"FRHP")
        head.skip(3)
        filters = head.integer(2)
        head.skip(1)
        most = head.integer(4)
        head.skip(12 * 8)
        self._width = head.integer(2)
        self._start = head.integer(8)
        largest = head.integer(8)
        bits = head.integer(2)
        head.skip(2)
        self._root = head.integer(8)
        self._rows = head.integer(2)
        sizes = (self._start, largest)
        if filters or not 0 < self._width <= 1 << 15 or not 0 < bits <= 64 or any(n <= 0 or n & (n - 1) for n in sizes):
            raise CorruptFileError("holds a heap of records with filters or impossible sizes")
        self._offset_bytes = (bits + 7) // 8
        self._length_bytes = min(largest.bit_length() + 6, most.bit_length() + 7) // 8
        self._direct_rows = max(largest.bit_length() - self._start.bit_length(), 0) + 2

    def record(self, identifier: bytes) -> bytes:
        """Returns the record of an identifier."""
        cursor = Cursor(identifier)
        kind = cursor.integer(1) >> 4 & 3
        if kind == 2:  # in the identifier itself
            return cursor.take((identifier[0] & 15) + 1)
        if kind != 0:
            raise CorruptFileError("holds a name or an attribute that is larger than a block of its heap")
        offset, length = cursor.integer(self._offset_bytes), cursor.integer(self._length_bytes)
        block, rest = self._root, offset
        rows = self._rows
        # Blocks of blocks get smaller with each level, so the walk ends.
        while rows > 0:
            row, before = 0, 0
            while rest - before >= self._width * self._size_of(row):
                before += self._width * self._size_of(row)
                row += 1
                if row >= rows:
                    raise CorruptFileError("refers to a record beyond its heap")
            size = self._size_of(row)
            column = (rest - before) // size
            place = block + 13 + self._offset_bytes + 8 * (row * self._width + column)
            _begin(self._source, block, 4, b"FHIB")
            block = Cursor(self._source.read(place, 8)).integer(8)
            rest -= before + column * size
            if row < self._direct_rows:
                rows = 0
            else:
                inner = size.bit_length() - (self._start * self._width).bit_length() + 1
                if not 0 < inner < rows:
                    raise CorruptFileError("holds a heap whose blocks do not get smaller")
                rows = inner
        _begin(self._source, block, 4, b"FHDB")
        return self._source.read(block + rest, length)

    def _size_of(self, row: int) -> int:
        """Returns the bytes of each block of a row."""
        return self._start << max(row - 1, 0)


def records(source: Source, address: int, kind: int) -> Iterator[bytes]:
    """Yields the records of a B-tree of version 2, in their order.

    Args:
        source: The file.
        address: Address of its header.
        kind: Type of its records: 5 for links, 8 for attributes, by name.
    """
    head = _begin(source, address, 38, b"BTHD")
    head.skip(1)
    found, node, size, depth = head.integer(1), head.integer(4), head.integer(2), head.integer(2)
    head.skip(2)
    root, used = head.integer(8), head.integer(2)
    if found != kind or size < 8 or node < 32 or depth > 16:
        raise CorruptFileError("holds a B-tree of another kind")
    if root == UNDEFINED or used == 0:
        return
    # Bytes of the numbers of records that pointers of each level tell: of the child, and of all below it.
    most = (node - 10) // size
    total, counts = most, [((most.bit_length() + 7) // 8, 0)]
    for _ in range(depth):
        pointer = 8 + sum(counts[-1])
        here = (node - 10 - pointer) // (size + pointer)
        total = here + (here + 1) * total
        counts.append((counts[0][0], (total.bit_length() + 7) // 8))
    seen: set[int] = set()

    def walk(address: int, used: int, level: int) -> Iterator[bytes]:
        if address in seen:
            raise CorruptFileError("holds a B-tree that leads back into itself")
        seen.add(address)
        one, all_below = counts[level - 1] if level else (0, 0)
        pointers = (used + 1) * (8 + one + all_below) if level else 0
        cursor = _begin(source, address, 6 + used * size + pointers, b"BTIN" if level else b"BTLF")
        cursor.skip(2)
        held = [cursor.take(size) for _ in range(used)]
        for i in range(used + 1 if level else 0):
            child, inside = cursor.integer(8), cursor.integer(one)
            cursor.skip(all_below)
            yield from walk(child, inside, level - 1)
            yield from held[i : i + 1]
        if not level:
            yield from held

    yield from walk(root, used, depth)
