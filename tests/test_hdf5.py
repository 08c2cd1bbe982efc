"""The reader of HDF5 files against h5py: every form of group, dataset and attribute, and files that lie."""

import itertools
import os
import random
import zlib

import h5py
import numpy as np
import pytest

from fastnn.saving import hdf5
from fastnn.saving.hdf5 import indexes, source
from fastnn.saving.untrusted import CorruptFileError

TYPES = ["f2", "f4", "f8", ">f4", ">f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4", "?"]


def read(path):
    """Returns all groups, datasets and attributes of a file as the reader gives them, from the file and from bytes."""

    def walk(group):
        found = {}
        for name, one in hdf5.children(group).items():
            value = hdf5.numbers(one) if isinstance(one, hdf5.Dataset) else walk(one)
            found[name] = value, dict(one.attrs)
        return found

    both = []
    for given in (path, path.read_bytes()):
        with hdf5.opened(given) as file:
            both.append((walk(file), dict(file.attrs)))
    same(*both)
    return both[0]


def read_by_h5py(path):
    def walk(group):
        found = {}
        for name, one in group.items():
            found[name] = one[()] if isinstance(one, h5py.Dataset) else walk(one), dict(one.attrs)
        return found

    with h5py.File(path) as file:
        return walk(file), dict(file.attrs)


def same(one, other):
    """Asserts that two trees are equal, with the types of their arrays and the order of their names."""
    if isinstance(one, dict):
        assert isinstance(other, dict)
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, tuple):
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, str):
        assert one == other
    else:
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype.newbyteorder("=") == other.dtype.newbyteorder("=")
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", TYPES)
def test_types_and_shapes(tmp_path, dtype):
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i, shape in enumerate([(), (1,), (7,), (0,), (3, 0), (2, 3, 4)]):
            file[f"g/{i}"] = rng.integers(0, 2 if dtype == "?" else 100, shape).astype(dtype)
            file["g"].attrs[f"a{i}"] = rng.integers(0, 2, shape).astype(dtype)
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))


@pytest.mark.parametrize("libver", ["earliest", ("v108", "v108")])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 300, 4000])
def test_groups_of_any_size(tmp_path, libver, ordered, count):
    """Small groups hold their names in the header, large ones in trees, whose nodes and heaps have several levels."""
    with h5py.File(tmp_path / "a.h5", "w", libver=libver, track_order=ordered) as file:
        group = file.create_group("many", track_order=ordered)
        for i in range(count):
            name = f"{'long ' * (i % 40)}{i * 7919 % 10007}"
            group.create_group(name) if i % 3 else group.create_dataset(name, data=np.float32([i]))
        for i in range(min(count, 300)):
            group.attrs[f"attribute {i}"] = f"text {i}" if i % 2 else i
    mine, theirs = read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5")
    if ordered:  # h5py lists them in the order of their creation, and this reader by name
        theirs[0]["many"] = tuple(dict(sorted(one.items())) for one in theirs[0]["many"])
    same(mine, theirs)


@pytest.mark.parametrize("filters", [{}, {"compression": "gzip"}, {"shuffle": True}, {"fletcher32": True},
                                     {"compression": 9, "shuffle": True, "fletcher32": True}])  # fmt: skip
@pytest.mark.parametrize(
    ("shape", "chunk"), [((10,), (3,)), ((7, 11), (7, 11)), ((7, 11), (2, 4)), ((500, 3, 2), (1, 3, 1))]
)
def test_chunks(tmp_path, filters, shape, chunk):
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=rng.standard_normal(shape).astype("f4"), chunks=chunk, **filters)
        file.create_dataset("y", shape, "u1", chunks=chunk, fillvalue=3, **filters)[: shape[0] // 2] = 5
        file.create_dataset("z", shape, "f8", chunks=chunk, maxshape=(None,) * len(shape), **filters)
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))


def test_what_was_never_written_has_the_fill_value(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", (3, 4), "f4", fillvalue=2.5)
        file.create_dataset("b", (3,), "i8")
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))


def test_elements_in_the_header(tmp_path):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        made = h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((5,)), plan)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(5, dtype="f4"))
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))


def test_texts(tmp_path):
    long = "x" * 60_000
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["one"] = "Grüße"
        file.attrs["empty"] = ""
        file.attrs["long"] = long
        file.attrs["list"] = ["a", "", "ccc" * 100]
        file.attrs["bytes"] = np.array([b"ab", b"c"])
        file.attrs["scalar bytes"] = np.bytes_(b"abc")
        file.attrs["none"] = np.zeros(0)
        file.attrs["pieces0"], file.attrs["pieces1"], file.attrs["pieces10"] = [b"a"], [b"b"], [b"c"]
    with hdf5.opened(tmp_path / "a.h5") as file:
        same(dict(file.attrs), read_by_h5py(tmp_path / "a.h5")[1])
        assert hdf5.texts(file.attrs, "pieces") == ["a", "b", "c"]
        assert hdf5.text_of(file.attrs["scalar bytes"]) == "abc"
        assert hdf5.text_of(file.attrs["long"]) == long


def test_attributes_of_other_types_are_left_out_and_datasets_of_them_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["numbers"] = [1.0]
        file.attrs["reference"], file.attrs["kept"] = file["numbers"].ref, 1
        file["records"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
        file["texts"] = ["a", "b"]
        file.create_dataset("lists", (2,), h5py.vlen_dtype("i4"))
    with hdf5.opened(tmp_path / "a.h5") as file:
        assert dict(file.attrs) == {"kept": 1}
        for name in ("records", "texts", "lists"):
            with pytest.raises(CorruptFileError, match="not numbers"):
                hdf5.numbers(hdf5.child(file, name))


def test_bfloat16_is_float32(tmp_path):
    values = np.float32([1, -2.5, 3e30, 0])
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = bits.view("V2")
        file["x"].attrs["dtype"] = "bfloat16"
        file["y"] = bits.view("V2")
        own = h5py.h5t.IEEE_F32LE.copy()
        own.set_fields(15, 7, 8, 0, 7)
        own.set_size(2)
        own.set_ebias(127)
        made = h5py.h5d.create(file.id, b"z", own, h5py.h5s.create_simple((4,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
    with hdf5.opened(tmp_path / "a.h5") as file:
        expected = (bits.astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_array_equal(hdf5.numbers(hdf5.child(file, "x")), expected)
        np.testing.assert_allclose(hdf5.numbers(hdf5.child(file, "z")), values, rtol=2**-7)
        with pytest.raises(CorruptFileError, match="not numbers"):
            hdf5.numbers(hdf5.child(file, "y"))


def test_user_block_and_newer_forms(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=2048) as file:
        file["g/x"] = np.arange(6.0)
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))
    with h5py.File(tmp_path / "b.h5", "w", libver="latest") as file:
        file["g/x"] = np.arange(6.0)
        file["g"].attrs["a"] = "text"
        file.create_dataset("chunked", data=np.arange(10), chunks=(3,))
    with hdf5.opened(tmp_path / "b.h5") as file:
        np.testing.assert_array_equal(hdf5.numbers(hdf5.at(file, "g/x")), np.arange(6.0))
        assert hdf5.at(file, "g").attrs == {"a": "text"}
        with pytest.raises(CorruptFileError, match="index of version"):
            hdf5.numbers(hdf5.child(file, "chunked"))


def test_large_arrays_cross_pages(tmp_path):
    rng = np.random.default_rng(2)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(50):
            file[f"g{i}/x"] = rng.standard_normal(rng.integers(1, 30_000)).astype("f4")
    same(read(tmp_path / "a.h5"), read_by_h5py(tmp_path / "a.h5"))


def test_numbers_of_a_file_in_memory_need_no_copy(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["half"] = np.arange(6, dtype="f4"), np.arange(6, dtype="f2")
        file.create_dataset("chunked", data=np.arange(6.0), chunks=(2,))
    data = (tmp_path / "a.h5").read_bytes()
    with hdf5.opened(data) as file, hdf5.opened(tmp_path / "a.h5") as on_disk:
        for name in ("x", "half", "chunked"):
            own, shared, read = (
                hdf5.numbers(hdf5.child(file, name)),
                hdf5.numbers(hdf5.child(file, name), copy=False),
                hdf5.numbers(hdf5.child(on_disk, name), copy=False),
            )
            assert own.flags.writeable
            assert shared.flags.aligned
            same(own, shared)
            same(own, read)


class TestFilesThatLie:
    @staticmethod
    def written(path):
        with h5py.File(path, "w") as file:
            for i in range(20):
                file[f"g/{i}"] = np.arange(4.0)
            file["g"].attrs["text"] = "a text"
            file.create_dataset("c", data=np.arange(100.0), chunks=(10,), compression="gzip", fletcher32=True)
        return bytearray(path.read_bytes())

    def test_every_byte_may_be_another(self, tmp_path):
        """One byte changed, anywhere, is an error of ours or other content: never another error, never without end."""
        data = self.written(tmp_path / "a.h5")
        draw = random.Random(0)
        counted = {True: 0, False: 0}
        for place in sorted(draw.sample(range(len(data)), min(len(data), 2000))):
            changed = bytearray(data)
            changed[place] = draw.choice([0, 1, 255, changed[place] ^ 1 << draw.randrange(8)])
            try:
                with hdf5.opened(bytes(changed)) as file:
                    for one in hdf5.datasets(file):
                        one.numbers()
                        dict(one.attrs)
                    dict(hdf5.at(file, "g").attrs) if isinstance(hdf5.at(file, "g"), hdf5.Group) else None
            except CorruptFileError:
                counted[False] += 1
            else:
                counted[True] += 1
        assert min(counted.values()) > 50

    def test_every_length_is_an_error_or_whole(self, tmp_path):
        data = bytes(self.written(tmp_path / "a.h5"))
        for length in itertools.chain(range(0, 200), range(200, len(data), 97)):
            with pytest.raises(CorruptFileError), hdf5.opened(data[:length]) as file:
                for one in hdf5.datasets(file):
                    one.numbers()

    def test_checksums_are_compared(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("x", data=np.arange(100, dtype="u1"), chunks=(100,), fletcher32=True)
        data = (tmp_path / "a.h5").read_bytes()
        place = data.find(bytes(range(100)))
        with (
            pytest.raises(CorruptFileError, match="checksum"),
            hdf5.opened(data[:place] + b"\7" + data[place + 1 :]) as file,
        ):
            hdf5.numbers(hdf5.child(file, "x"))

    def test_a_tree_that_leads_back_into_itself(self):
        node = (
            b"TREE" + bytes([0, 1]) + (1).to_bytes(2, "little") + b"\xff" * 16 + bytes(8) + (96).to_bytes(8, "little")
        )
        data = b"\x89HDF\r\n\x1a\n" + bytes(88) + node + bytes(64)
        with pytest.raises(CorruptFileError, match=r"another kind|leads back"):
            list(indexes.leaves(source.Source(data), 96, 0, 8))

    def test_groups_in_themselves(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["g/x"] = [1.0]
            file["g/again"] = file["g"]
        with hdf5.opened(tmp_path / "a.h5") as file:
            assert len(list(hdf5.datasets(file))) == 1
            with pytest.raises(CorruptFileError, match="in each other"):
                hdf5.at(file, "/".join(["g"] + ["again"] * 300))

    def test_one_long_text_many_times(self, tmp_path):
        """A text that every element refers to would take a multiple of what the file stores."""
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.attrs["x"] = ["y" * 50_000, *["z"] * 2000]
        data = (tmp_path / "a.h5").read_bytes()
        first = data.find((50_000).to_bytes(4, "little"))
        reference = data[first : first + 16]
        for i in range(1, 2001):
            data = data[: first + 16 * i] + reference + data[first + 16 * (i + 1) :]
        with pytest.raises(CorruptFileError, match="longer texts"), hdf5.opened(data) as file:
            dict(file.attrs)

    def test_chunks_that_swell(self, tmp_path):
        """A chunk tells how large it becomes; more is not unpacked, and neither is what is out of proportion."""
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("x", (10,), "u1", chunks=(10,), compression="gzip")
            file["x"].id.write_direct_chunk((0,), zlib.compress(bytes(50_000_000)))
            file.create_dataset("y", (1 << 40,), "f4", chunks=(1000,))[0] = 1
        with hdf5.opened(tmp_path / "a.h5") as file:
            with pytest.raises(CorruptFileError, match="instead of 10"):
                hdf5.numbers(hdf5.child(file, "x"))
            with pytest.raises(CorruptFileError, match="out of all proportion"):
                hdf5.numbers(hdf5.child(file, "y"))

    def test_a_file_that_becomes_shorter_while_it_is_read(self, tmp_path):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["x"] = np.zeros(100_000)
        with hdf5.opened(tmp_path / "a.h5") as file:
            found = hdf5.child(file, "x")
            os.truncate(tmp_path / "a.h5", 50_000)
            with pytest.raises(CorruptFileError, match="shorter"):
                found.numbers()
