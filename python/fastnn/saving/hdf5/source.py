"""Bytes of a file, read within its bounds."""

from __future__ import annotations

import os
from io import FileIO

from fastnn.saving.untrusted import CorruptFileError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PAGE = 1 << 14
"""Bytes of a page; what describes arrays lies close together."""
_MOST_PAGES = 1 << 11


class Source:
    """An HDF5 file as an array of bytes; nothing outside it can be read.

    Args:
        content: The bytes of the file, or the file, open for reading in binary mode.

    Raises:
        CorruptFileError: It does not begin as an HDF5 file.
    """

    def __init__(self, content: bytes | FileIO) -> None:
        self._bytes = memoryview(content) if isinstance(content, bytes) else None
        self._file = content if isinstance(content, FileIO) else None
        self._pages: dict[int, bytes] = {}
        self._base = 0
        self.size = len(content) if isinstance(content, bytes) else os.fstat(content.fileno()).st_size
        # Before the file there may be a block of something else, of 512 bytes or twice as many, and so on.
        begin = 0
        while begin + 8 <= self.size and self.read(begin, 8) != _SIGNATURE:
            begin = max(512, 2 * begin)
        if begin + 8 > self.size:
            raise CorruptFileError("is no whole HDF5 file")
        self.begin = begin

    def move_base(self, base: int) -> None:
        """Makes addresses count from a place in the file."""
        self._base = base

    def read(self, address: int, count: int) -> bytes:
        """Returns bytes of the file.

        Args:
            address: Where they begin.
            count: How many there are.

        Raises:
            CorruptFileError: They are not all in the file.
        """
        begin = self._place(address, count)
        if self._bytes is not None or count == 0:
            return bytes(self._bytes[begin : begin + count]) if self._bytes is not None else b""
        first, last = begin // _PAGE, (begin + count - 1) // _PAGE
        if last - first > 1:
            return self._stored(begin, count)
        data = self._page(first) if first == last else self._page(first) + self._page(last)
        begin -= first * _PAGE
        found = data[begin : begin + count]
        return found if len(found) == count else self._stored(address + self._base, count)

    def _place(self, address: int, count: int) -> int:
        """Returns where bytes begin in the file, of which all must be there."""
        begin = address + self._base
        if count < 0 or begin < 0 or begin + count > self.size:
            raise CorruptFileError(
                f"is no whole HDF5 file: it refers to {count} bytes at {address} and has {self.size}"
            )
        return begin

    def view(self, address: int, count: int) -> memoryview | None:
        """Returns bytes of the file where they lie; None where they are not in memory. See `read`."""
        begin = self._place(address, count)
        return None if self._bytes is None else self._bytes[begin : begin + count]

    def read_into(self, address: int, to: memoryview) -> None:
        """Reads bytes of the file into memory, as many as there are in it; see `read`."""
        count = len(to)
        begin = self._place(address, count)
        if self._bytes is not None:
            to[:] = self._bytes[begin : begin + count]
            return
        assert self._file is not None
        self._file.seek(begin)
        done = 0
        while done < count:
            got = self._file.readinto(to[done:])
            if not got:
                raise CorruptFileError("has become shorter while it was read")
            done += got

    def _page(self, number: int) -> bytes:
        found = self._pages.get(number)
        if found is None:
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            begin = number * _PAGE
            found = self._pages[number] = self._stored(begin, min(_PAGE, self.size - begin))
        return found

    def _stored(self, begin: int, count: int) -> bytes:
        assert self._file is not None
        self._file.seek(begin)
        data = self._file.read(count)
        if len(data) != count:
            raise CorruptFileError("has become shorter while it was read")
        return data


class Cursor:
    """Values that stand behind each other in bytes.

    Args:
        data: The bytes; integers in them are little-endian.
    """

    __slots__ = ("data", "place")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        """Returns the next bytes.

        Raises:
            CorruptFileError: There are fewer.
        """
        end = self.place + count
        if count < 0 or end > len(self.data):
            raise CorruptFileError(f"holds a record of {len(self.data)} bytes, which ends before its content does")
        found = self.data[self.place : end]
        self.place = end
        return found

    def integer(self, count: int) -> int:
        """Returns the unsigned integer in the next bytes."""
        return int.from_bytes(self.take(count), "little")

    def skip(self, count: int) -> None:
        """Leaves bytes out."""
        self.take(count)

    def pad(self, multiple: int) -> None:
        """Leaves out what is missing to a multiple of bytes."""
        self.take(min(-self.place % multiple, len(self.data) - self.place))

    def left(self) -> int:
        """Returns the number of bytes that are left."""
        return len(self.data) - self.place
