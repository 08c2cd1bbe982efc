"""Groups and datasets of an HDF5 file, read within limits, as from a stranger.

The reader is fastnn's own, because the HDF5 library is not made for files that someone may have prepared: among
mutated ones, version 2.0.0 did not return from some and wrote over its own memory for others. It reads what Keras and
h5py write by default, and groups of the newer form; what it does not read it names. Links that lead out of the file,
datasets made of other files, filters that would load code and shapes out of proportion are refused.
"""

from __future__ import annotations

import functools
import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.precision import BFLOAT16
from fastnn.saving.hdf5 import messages as said
from fastnn.saving.hdf5.indexes import UNDEFINED, FractalHeap, GlobalHeaps, leaves, records, symbols
from fastnn.saving.hdf5.source import Cursor, Source
from fastnn.saving.untrusted import FREE_BYTES, CorruptFileError

_RATIO = 1000
"""Most bytes that a dataset may declare for each stored byte, beyond `FREE_BYTES`."""
_DEEPEST = 200
"""Most groups that may be in each other."""
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3


class _File:
    """What all objects of an open file share."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.heaps = GlobalHeaps(source)


class _Object:
    """A group or a dataset of a file.

    Args:
        file: The file.
        messages: What its header says.
        name: Its path in the file.
    """

    def __init__(self, file: _File, messages: list[said.Message], name: str) -> None:
        self._file = file
        self._messages = messages
        self.name = name

    def _message(self, kind: int) -> said.Message | None:
        return next((one for one in self._messages if one.kind == kind), None)

    def _cursor(self, kind: int) -> Cursor:
        message = self._message(kind)
        if message is None:
            raise CorruptFileError(f"holds {self.name} without a message {kind} in its header")
        return message.cursor()

    @functools.cached_property
    def attrs(self) -> Mapping[str, Any]:
        """The attributes by name: texts, numbers and arrays of them; those of other types are left out."""
        found: dict[str, Any] = {}
        file = self._file
        datas = [one.data for one in self._messages if one.kind == said.ATTRIBUTE and not one.shared]
        info = self._message(said.ATTRIBUTE_INFO)
        if info is not None:
            cursor = info.cursor()
            cursor.skip(1)
            cursor.skip(2 if cursor.integer(1) & 1 else 0)
            heap, tree = cursor.integer(8), cursor.integer(8)
            if heap != UNDEFINED:
                names = FractalHeap(file.source, heap)
                datas += [names.record(record[:8]) for record in records(file.source, tree, 8)]
        for data in datas:
            try:
                name, value = said.attribute_of(data, file.heaps, file.source.size)
            except said.UnreadTypeError:
                continue
            found[name] = value
        return dict(sorted(found.items()))


class Group(_Object):
    """A group of an open file: groups and datasets by name."""

    @functools.cached_property
    def links(self) -> dict[str, int | None]:
        """The addresses of the objects in it by name; None for what lies elsewhere."""
        found: list[tuple[bytes, int | None]] = []
        file = self._file
        for message in self._messages:
            if message.kind == said.SYMBOL_TABLE:
                cursor = message.cursor()
                found += symbols(file.source, cursor.integer(8), cursor.integer(8))
            elif message.kind == said.LINK:
                found.append(said.hard_link(message.cursor()))
            elif message.kind == said.LINK_INFO:
                cursor = message.cursor()
                cursor.skip(1)
                cursor.skip(8 if cursor.integer(1) & 1 else 0)
                heap, tree = cursor.integer(8), cursor.integer(8)
                if heap != UNDEFINED:
                    names = FractalHeap(file.source, heap)
                    held = (names.record(record[4:]) for record in records(file.source, tree, 5))
                    found += [said.hard_link(Cursor(one)) for one in held]
        return {
            name.decode("utf-8", "surrogateescape"): address for name, address in sorted(found, key=lambda one: one[0])
        }

    @property
    def size(self) -> int:
        """Number of bytes of the file."""
        return self._file.source.size

    def __len__(self) -> int:
        return len(self.links)

    def __contains__(self, name: str) -> bool:
        return name in self.links

    def open(self, name: str) -> Group | Dataset:
        """Returns the group or dataset of a name.

        Raises:
            CorruptFileError: It is a link that leads elsewhere.
        """
        path = f"{self.name.rstrip('/')}/{name}"
        address = self.links[name]
        if address is None:
            raise CorruptFileError(f"{path} is a link that leads elsewhere")
        if path.count("/") > _DEEPEST:
            raise CorruptFileError(f"holds more than {_DEEPEST} groups in each other")
        return _opened(self._file, address, path)


def _opened(file: _File, address: int, path: str) -> Group | Dataset:
    """Returns the object at an address."""
    found = said.messages(file.source, address)
    kinds = {one.kind for one in found}
    if said.LAYOUT in kinds:
        return Dataset(file, found, path)
    if not kinds & {said.SYMBOL_TABLE, said.LINK_INFO}:
        raise CorruptFileError(f"{path} is neither a group nor a dataset")
    return Group(file, found, path)


class Dataset(_Object):
    """A dataset of numbers of an open file, read after a check that it declares no more than it stores."""

    @functools.cached_property
    def _checked(self) -> tuple[tuple[int, ...], np.dtype[Any], said.Layout]:
        shape = said.shape_of(self._cursor(said.DATASPACE))
        dtype = said.type_of(self._cursor(said.DATATYPE))
        if shape is None or dtype.kind not in "fiubV" or (dtype.names and dtype != said.BFLOAT16):
            raise CorruptFileError(f"{self.name} holds {'nothing' if shape is None else dtype}, not numbers")
        if self._message(said.EXTERNAL_FILES) is not None:
            raise CorruptFileError(f"{self.name} is made of other files")
        layout = said.layout_of(self._cursor(said.LAYOUT))
        count, piece, stored = math.prod(shape) * dtype.itemsize, 0, layout.size
        if layout.kind == "chunked":
            if len(layout.chunk) != len(shape) or 0 in layout.chunk:
                raise CorruptFileError(f"{self.name} has chunks of the shape {layout.chunk} for the shape {shape}")
            piece = math.prod(layout.chunk) * dtype.itemsize
            stored = sum(size for _, _, size in self._chunks)
        elif layout.kind == "contiguous" and layout.address is None:
            stored = 0  # elements that were never written have the fill value
        elif stored < count:
            raise CorruptFileError(f"{self.name} stores {stored} bytes of {count}")
        if max(count, piece) > FREE_BYTES + _RATIO * stored or stored > self._file.source.size:
            raise CorruptFileError(f"{self.name} declares the shape {shape}, out of all proportion to what it stores")
        return shape, dtype, layout

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._checked[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        found: np.dtype[Any] = self._checked[1].newbyteorder("=")
        return found

    @property
    def held(self) -> str:
        """The type of elements that NumPy does not have: "bfloat16", or ""."""
        dtype = self._checked[1]
        told = dtype.itemsize == 2 and text_of(self.attrs.get("dtype", "")) == BFLOAT16
        return BFLOAT16 if told or dtype == said.BFLOAT16 else ""

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    def numbers(self, copy: bool = True) -> NDArray[Any]:
        """Returns its values; bfloat16 becomes float32.

        Args:
            copy: Whether they are in memory of their own; False: those of a file in memory may be read-only and its.
        """
        shape, dtype, layout = self._checked
        if not copy and layout.kind == "contiguous" and layout.address is not None and dtype.kind in "iuf":
            there = self._file.source.view(layout.address, math.prod(shape) * dtype.itemsize)
            if there is not None and dtype.isnative and dtype.itemsize > 2:
                found = np.frombuffer(there, dtype).reshape(shape)
                if found.flags.aligned:
                    return found
        array: NDArray[Any] = np.empty(shape, dtype)
        flat = array.reshape(-1).view(np.uint8).data if array.size else memoryview(b"")
        if layout.kind == "compact":
            flat[:] = layout.data[: len(flat)]
        elif layout.kind == "contiguous" and layout.address is not None:
            self._file.source.read_into(layout.address, flat)
        else:
            self._fill(array)
            self._read_chunks(array, layout)
        if self.held == BFLOAT16:
            return _of_bfloat16(array)
        if dtype.kind == "V":
            raise CorruptFileError(f"{self.name} holds {dtype}, not numbers")
        return array if dtype.isnative else array.astype(dtype.newbyteorder("="))

    def _fill(self, array: NDArray[Any]) -> None:
        """Gives all elements the value of those that were never written."""
        value = b""
        for kind in (said.OLD_FILL_VALUE, said.FILL_VALUE):
            message = self._message(kind)
            if message is not None:
                value = said.fill_of(message.cursor(), kind == said.OLD_FILL_VALUE) or value
        flat = array.reshape(-1).view(np.uint8).reshape(-1, array.dtype.itemsize)
        flat[...] = np.frombuffer(value, np.uint8) if len(value) == array.dtype.itemsize else 0

    @functools.cached_property
    def _chunks(self) -> list[tuple[bytes, int, int]]:
        """The key, the address and the stored bytes of each chunk."""
        layout = said.layout_of(self._cursor(said.LAYOUT))
        if layout.address is None:
            return []
        found = leaves(self._file.source, layout.address, 1, 8 + 8 * (len(layout.chunk) + 1))
        return [(key, address, int.from_bytes(key[:4], "little")) for key, address in found]

    def _read_chunks(self, array: NDArray[Any], layout: said.Layout) -> None:
        filters = self._message(said.FILTERS)
        steps = [] if filters is None else said.filters_of(filters.cursor())
        for number, _ in steps:
            if number not in (_DEFLATE, _SHUFFLE, _FLETCHER32):
                raise CorruptFileError(f"{self.name} is stored with the filter {number}, which is not supported")
        size = math.prod(layout.chunk) * array.dtype.itemsize
        seen: set[tuple[int, ...]] = set()
        for key, address, stored in self._chunks:
            cursor = Cursor(key)
            cursor.skip(4)
            mask = cursor.integer(4)
            begin = tuple(cursor.integer(8) for _ in range(array.ndim))
            if begin in seen or any(
                i % n or i >= whole for i, n, whole in zip(begin, layout.chunk, array.shape, strict=True)
            ):
                raise CorruptFileError(f"{self.name} has a chunk at {begin}, where none or another one is")
            seen.add(begin)
            data = self._file.source.read(address, stored)
            for k, (number, _) in reversed(list(enumerate(steps))):
                if not mask >> k & 1:
                    data = _unfiltered(data, number, size, array.dtype.itemsize)
            if len(data) != size:
                raise CorruptFileError(f"{self.name} has a chunk of {len(data)} bytes instead of {size}")
            # The chunks at the end of an axis reach beyond it.
            place = tuple(slice(i, i + n) for i, n in zip(begin, layout.chunk, strict=True))
            to = array[place]
            to[...] = np.frombuffer(data, array.dtype).reshape(layout.chunk)[tuple(map(slice, to.shape))]


def _unfiltered(data: bytes, number: int, size: int, itemsize: int) -> bytes:
    """Returns bytes as they were before a filter.

    Args:
        data: The bytes.
        number: Number of the filter.
        size: Bytes of a chunk.
        itemsize: Bytes of an element.
    """
    if number == _DEFLATE:
        stream = zlib.decompressobj()
        try:
            # A filter before this one may have added a checksum.
            return stream.decompress(data, size + 8)
        except zlib.error as error:
            raise CorruptFileError(f"holds a chunk that cannot be decompressed: {error}") from error
    if number == _SHUFFLE:
        whole = len(data) // itemsize * itemsize
        turned: bytes = np.frombuffer(data[:whole], np.uint8).reshape(itemsize, -1).T.tobytes()
        return turned + data[whole:]
    if len(data) < 4 or _fletcher32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise CorruptFileError("holds a chunk with another checksum than it was written with")
    return data[:-4]


def _fletcher32(data: bytes) -> int:
    """Returns Fletcher's checksum of 16-bit words, as the HDF5 library computes it."""
    words = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype(np.uint64)
    if len(data) % 2:
        words = np.append(words, np.uint64(data[-1] << 8))
    weights = np.arange(len(words), 0, -1, dtype=np.uint64) % np.uint64(65535)
    low, high = int(words.sum()), int((words * weights % np.uint64(65535)).sum())
    # The library folds carries instead of taking a remainder, so a sum is 0 only if all words are.
    folded = [0 if one == 0 else (one - 1) % 65535 + 1 for one in (low, high)]
    return folded[1] << 16 | folded[0]


def _of_bfloat16(array: NDArray[Any]) -> NDArray[Any]:
    """Returns numbers in bfloat16 as float32."""
    upper = array.reshape(-1).view(np.uint16).astype(np.uint32)
    return (upper << 16).view(np.float32).reshape(array.shape)


@contextmanager
def opened(source: Path | bytes) -> Iterator[Group]:
    """Opens an HDF5 file for reading; yields its root.

    Args:
        source: Path of the file, or its bytes.

    Raises:
        CorruptFileError: The file is damaged, or refused.
        FileNotFoundError: There is none at the path.
    """
    if isinstance(source, bytes):
        yield _root(Source(source))
    else:
        with open(source, "rb", buffering=0) as file:
            yield _root(Source(file))


def _root(source: Source) -> Group:
    """Returns the root of a file."""
    head = Cursor(source.read(source.begin, min(100, source.size - source.begin)))
    head.skip(8)
    version = head.integer(1)
    if version in (0, 1):
        head.skip(4)
        sizes = head.integer(2)
        head.skip(1 + 8 + (4 if version else 0))
        base, _, end, _, _ = (head.integer(8) for _ in range(5))
    elif version in (2, 3):
        sizes = head.integer(2)
        head.skip(1)
        base, _, end = (head.integer(8) for _ in range(3))
    else:
        raise CorruptFileError(f"is an HDF5 file of version {version}, which is not read")
    if sizes != 0x0808:
        raise CorruptFileError("is an HDF5 file whose addresses do not have 8 bytes, which is not read")
    if end > source.size:
        raise CorruptFileError(f"is no whole HDF5 file: it has {source.size} bytes of {end}")
    address = head.integer(8)
    source.move_base(base)
    found = _opened(_File(source), address, "/")
    if not isinstance(found, Group):
        raise CorruptFileError("is an HDF5 file whose root is no group")
    return found


# What a file holds ----------------------------------------------------------------------------------------------------


def children(group: Group | None) -> dict[str, Group | Dataset]:
    """Returns the groups and datasets in a group by name; none for None.

    Raises:
        CorruptFileError: One of them is a link out of the file.
    """
    return {} if group is None else {name: group.open(name) for name in group.links}


def child(group: Any, name: str) -> Any:
    """Returns the group or dataset of a name in a group, or None.

    Raises:
        CorruptFileError: It is a link out of the file.
    """
    return group.open(name) if isinstance(group, Group) and name in group else None


def size_of(group: Group | None) -> int:
    """Returns the number of groups and datasets in a group; 0 for None."""
    return 0 if group is None else len(group)


def at(group: Any, path: str) -> Any:
    """Returns the group or dataset at a path, or None."""
    for part in path.split("/"):
        if part and group is not None:
            group = child(group, part)
    return group


def datasets(group: Group) -> Iterator[Dataset]:
    """Yields all datasets in a group and in the groups in it; those that several links lead to once."""
    seen: set[int] = set()
    waiting = [group]
    while waiting:
        here = waiting.pop()
        inner = []
        for name, address in here.links.items():
            if address is not None and address not in seen:
                seen.add(address)
                found = here.open(name)
                if isinstance(found, Dataset):
                    yield found
                else:
                    inner.append(found)
        waiting += reversed(inner)


def numbers(dataset: Any, copy: bool = True) -> NDArray[Any]:
    """Returns the values of a `Dataset`; see `Dataset.numbers`.

    Raises:
        CorruptFileError: It is a group, or declares more than it stores.
    """
    return checked(dataset).numbers(copy)


def checked(dataset: Any) -> Dataset:
    """Returns a `Dataset`, and refuses a group."""
    if not isinstance(dataset, Dataset):
        raise CorruptFileError(f"{getattr(dataset, 'name', dataset)} is no dataset")
    return dataset


def total_numbers(file: Group) -> int:
    """Returns the number of elements of all datasets of a file; each dataset is checked."""
    return sum(math.prod(one.shape) for one in datasets(file))


def text_of(value: Any) -> str:
    """Returns an attribute as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.shape == ():
        return text_of(value[()])
    return str(value)


def texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """Returns an attribute that is a list of texts; a long one is in pieces: `layer_names0`, `layer_names1`..."""
    if name in attributes:
        return [text_of(one) for one in np.asarray(attributes[name]).reshape(-1)]
    pieces = sorted(
        (int(key[len(name) :]), key)
        for key in attributes
        if key.startswith(name) and key[len(name) :].isdecimal() and len(key) <= len(name) + 6
    )
    return [text_of(one) for _, key in pieces for one in np.asarray(attributes[key]).reshape(-1)]
