"""What the header of an HDF5 object says: its shape, the type of its elements, where they are, its attributes.

The names are those of the "HDF5 File Format Specification", version 3.0; see `indexes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn.saving.hdf5.indexes import UNDEFINED, GlobalHeaps
from fastnn.saving.hdf5.source import Cursor, Source
from fastnn.saving.untrusted import CorruptFileError

DATASPACE, LINK_INFO, DATATYPE, OLD_FILL_VALUE, FILL_VALUE, LINK, EXTERNAL_FILES, LAYOUT = 1, 2, 3, 4, 5, 6, 7, 8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 11, 12, 16, 17, 21

_CLASSES = ("integers", "floats", "times", "texts", "bits", "bytes", "records", "references", "members of a set",
            "lists of various lengths", "arrays")  # fmt: skip
BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
"""Stands for numbers of 16 bits with the exponent of float32."""
TEXT = np.dtype(object)
"""Stands for texts of various lengths."""


class UnreadTypeError(CorruptFileError):
    """Elements of a type that is not read."""


class Message(NamedTuple):
    """A part of the header of an object."""

    kind: int
    shared: bool
    data: bytes

    def cursor(self) -> Cursor:
        """Returns its content.

        Raises:
            CorruptFileError: It is not here, but in another object.
        """
        if self.shared:
            raise CorruptFileError("holds an object that shares its type or its shape with others, which is not read")
        return Cursor(self.data)


def messages(source: Source, address: int) -> list[Message]:
    """Returns the messages of the header of an object.

    Args:
        source: The file.
        address: Where the header begins.
    """
    if source.read(address, 4) == b"OHDR":
        return list(_of_new_header(source, address))
    head = Cursor(source.read(address, 16))
    if head.integer(1) != 1:
        raise CorruptFileError(f"has no object at {address}, where it refers to one")
    head.skip(1)
    count = head.integer(2)
    head.skip(4)
    found: list[Message] = []
    blocks, seen = [(address + 16, head.integer(4))], {address + 16}
    while blocks and len(found) < count:
        block = Cursor(source.read(*blocks.pop(0)))
        while block.left() >= 8 and len(found) < count:
            kind, size, flags = block.integer(2), block.integer(2), block.integer(1)
            block.skip(3)
            found.append(Message(kind, bool(flags & 2), block.take(size)))
            if kind == CONTINUATION:
                blocks.append(_continued(found[-1], seen))
    return found


def _of_new_header(source: Source, address: int) -> Iterator[Message]:
    head = Cursor(source.read(address, min(64, source.size - address)))
    head.skip(4)
    version, flags = head.integer(1), head.integer(1)
    if version != 2:
        raise CorruptFileError(f"holds a header of version {version}, which is not read")
    head.skip((16 if flags & 32 else 0) + (4 if flags & 16 else 0))
    size = head.integer(1 << (flags & 3))
    blocks, seen = [(address + head.place, size)], {address + head.place}
    while blocks:
        block = Cursor(source.read(*blocks.pop(0)))
        prefix = 6 if flags & 4 else 4
        while block.left() >= prefix:
            kind, length, how = block.integer(1), block.integer(2), block.integer(1)
            block.skip(prefix - 4)
            message = Message(kind, bool(how & 2), block.take(length))
            yield message
            if kind == CONTINUATION:
                begin, length = _continued(message, seen)
                if source.read(begin, 4) != b"OCHK":
                    raise CorruptFileError("holds a header whose second part is missing")
                blocks.append((begin + 4, length - 8))


def _continued(message: Message, seen: set[int]) -> tuple[int, int]:
    """Returns where a header goes on, and for how many bytes."""
    cursor = message.cursor()
    begin, size = cursor.integer(8), cursor.integer(8)
    if begin in seen:
        raise CorruptFileError("holds a header that leads back into itself")
    seen.add(begin)
    return begin, size


def shape_of(cursor: Cursor) -> tuple[int, ...] | None:
    """Returns the shape that a dataspace message tells; None where there are no elements at all."""
    version, rank, flags = cursor.integer(1), cursor.integer(1), cursor.integer(1)
    if version not in (1, 2) or rank > 32:
        raise CorruptFileError(f"holds a shape of {rank} dimensions in version {version}")
    kind = cursor.integer(1)
    if version == 1:
        cursor.skip(4)
    shape = tuple(cursor.integer(8) for _ in range(rank))
    if flags & 1:
        cursor.skip(8 * rank)
    return None if version == 2 and kind == 2 else shape


def type_of(cursor: Cursor) -> np.dtype:
    """Returns the type that a datatype message tells.

    Raises:
        UnreadTypeError: NumPy has no such type, or it is none of numbers and texts.
    """
    head = cursor.integer(1)
    kind, version = head & 15, head >> 4
    bits, size = cursor.integer(3), cursor.integer(4)
    order = ">" if bits & 1 else "<"
    if kind in (0, 4):
        offset, precision = cursor.integer(2), cursor.integer(2)
        if size in (1, 2, 4, 8) and offset == 0 and precision == 8 * size:
            return np.dtype(f"{order}{'i' if bits & 8 and kind == 0 else 'u'}{size}")
    elif kind == 1:
        cursor.skip(4)
        cursor.skip(1)
        exponent = cursor.integer(1)
        cursor.skip(1)
        mantissa = cursor.integer(1)
        cursor.skip(4)
        if (size, exponent, mantissa) in ((2, 5, 10), (4, 8, 23), (8, 11, 52)) and not bits & 64:
            return np.dtype(f"{order}f{size}")
        if (size, exponent, mantissa) == (2, 8, 7) and order == "<":
            return BFLOAT16
    elif kind == 3 and 0 < size < 1 << 31:
        return np.dtype(f"S{size}")
    elif kind == 5 and 0 < size < 1 << 31:
        cursor.take(bits & 255)
        return np.dtype(f"V{size}")
    elif kind == 8 and size == 1:
        return _of_members(cursor, bits & 0xFFFF, version)
    elif kind == 9 and bits & 15 == 1:
        return TEXT
    what = _CLASSES[kind] if kind < len(_CLASSES) else f"values of class {kind}"
    raise UnreadTypeError(f"holds {what} of {size} bytes, not numbers or texts that can be read")


def _of_members(cursor: Cursor, count: int, version: int) -> np.dtype:
    """Returns the type of truth values, or the integers that stand for the members of another set."""
    head = cursor.integer(1)
    bits, size = cursor.integer(3), cursor.integer(4)
    cursor.skip(4)
    if head & 15 != 0 or size != 1:
        raise UnreadTypeError("holds members of a set that are no integers of 8 bits")
    names = []
    for _ in range(count):
        end = cursor.data.find(b"\0", cursor.place)
        name = cursor.take(max(end, cursor.place) - cursor.place)
        cursor.skip(1)
        if version < 3:
            cursor.skip(-(len(name) + 1) % 8)
        names.append(name)
    if names == [b"FALSE", b"TRUE"] and cursor.take(2) == b"\0\1":
        return np.dtype(bool)
    return np.dtype("i1" if bits & 8 else "u1")


class Layout(NamedTuple):
    """Where the elements of a dataset are.

    Attributes:
        kind: "compact", "contiguous" or "chunked".
        address: Of the elements or of the tree of chunks; None where nothing is stored.
        size: Bytes that are stored, except in chunks.
        data: The elements, if they are in the header.
        chunk: Shape of a chunk.
    """

    kind: str
    address: int | None
    size: int = 0
    data: bytes = b""
    chunk: tuple[int, ...] = ()


def layout_of(cursor: Cursor) -> Layout:
    """Returns what a data layout message tells.

    Raises:
        CorruptFileError: The dataset is made of other files, or has an index of chunks that is not read.
    """

    def address() -> int | None:
        found = cursor.integer(8)
        return None if found == UNDEFINED else found

    version = cursor.integer(1)
    if version in (1, 2):
        rank, kind = cursor.integer(1), cursor.integer(1)
        cursor.skip(5)
        begin = address() if kind else None
        sizes = tuple(cursor.integer(4) for _ in range(rank))
        if kind == 0:
            size = cursor.integer(4)
            return Layout("compact", None, size, cursor.take(size))
        return (
            Layout("contiguous", begin, math.prod(sizes)) if kind == 1 else Layout("chunked", begin, 0, b"", sizes[:-1])
        )
    kind = cursor.integer(1)
    if version in (3, 4, 5) and kind == 0:
        size = cursor.integer(2)
        return Layout("compact", None, size, cursor.take(size))
    if version in (3, 4, 5) and kind == 1:
        return Layout("contiguous", address(), cursor.integer(8))
    if version == 3 and kind == 2:
        rank = cursor.integer(1)
        begin = address()
        return Layout("chunked", begin, chunk=tuple(cursor.integer(4) for _ in range(rank))[:-1])
    if kind == 3:
        raise CorruptFileError("is made of other files")
    raise CorruptFileError(
        f"is stored in chunks with an index of version {version}, which is not read; write the file anew without "
        "libver='latest'"
    )


def filters_of(cursor: Cursor) -> list[tuple[int, list[int]]]:
    """Returns the filters of a filter pipeline message with their values, in the order of writing."""
    version, count = cursor.integer(1), cursor.integer(1)
    if version == 1:
        cursor.skip(6)
    found = []
    for _ in range(count):
        number = cursor.integer(2)
        length = cursor.integer(2) if version == 1 or number >= 256 else 0
        cursor.skip(2)
        values = cursor.integer(2)
        cursor.skip(length + (-length % 8 if version == 1 else 0))
        found.append((number, [cursor.integer(4) for _ in range(values)]))
        if version == 1 and values % 2:
            cursor.skip(4)
    return found


def fill_of(cursor: Cursor, old: bool) -> bytes:
    """Returns the bytes of an element that was never written; none for zeros."""
    if old:
        return cursor.take(cursor.integer(4))
    version = cursor.integer(1)
    if version == 3:
        return cursor.take(cursor.integer(4)) if cursor.integer(1) & 32 else b""
    cursor.skip(2)
    return cursor.take(cursor.integer(4)) if cursor.integer(1) or version == 1 else b""


def attribute_of(data: bytes, heaps: GlobalHeaps, most: int) -> tuple[str, object]:
    """Returns the name and the value of an attribute message: a text, a number or an array of them.

    Args:
        data: The message.
        heaps: Where texts of various lengths are.
        most: Most bytes of them all.
    """
    cursor = Cursor(data)
    version, flags = cursor.integer(1), cursor.integer(1)
    if version not in (1, 2, 3) or (version > 1 and flags & 3):
        raise CorruptFileError(
            f"holds an attribute of version {version}, or one that shares its type, which is not read"
        )
    sizes = [cursor.integer(2) for _ in range(3)]
    if version == 3:
        cursor.skip(1)
    parts = []
    for size in sizes:
        parts.append(cursor.take(size))
        if version == 1:
            cursor.pad(8)
    name = parts[0].partition(b"\0")[0].decode("utf-8", "surrogateescape")
    dtype, shape = type_of(Cursor(parts[1])), shape_of(Cursor(parts[2]))
    if shape is None:
        return name, np.zeros(0, dtype)
    count = math.prod(shape)
    if dtype != TEXT:
        array = np.frombuffer(cursor.take(count * dtype.itemsize), dtype).reshape(shape)
        return name, array[()] if shape == () else array
    found: NDArray[np.object_] = np.empty(count, object)
    if 16 * count > cursor.left():
        raise CorruptFileError(f"holds an attribute with {count} texts in {cursor.left()} bytes")
    for i in range(count):
        length, address, index = cursor.integer(4), cursor.integer(8), cursor.integer(4)
        most -= length
        if most < 0:
            raise CorruptFileError("holds an attribute with longer texts than are in the file")
        found[i] = heaps.at(address, index)[:length].decode("utf-8", "surrogateescape") if length else ""
    return name, found.reshape(shape)[()] if shape == () else found.reshape(shape)


def hard_link(cursor: Cursor) -> tuple[bytes, int | None]:
    """Returns the name and the address of a link message; the address of a link of another kind is None."""
    version, flags = cursor.integer(1), cursor.integer(1)
    if version != 1:
        raise CorruptFileError(f"holds a link of version {version}, which is not read")
    kind = cursor.integer(1) if flags & 8 else 0
    cursor.skip((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = cursor.take(cursor.integer(1 << (flags & 3)))
    return name, cursor.integer(8) if kind == 0 else None
