"""Data frames, tables on disk and memory maps as data of a model."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastnn
from fastnn import layers
from fastnn.data import tables

Array = NDArray[Any]
rng = np.random.default_rng(0)
X = rng.random((50, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 1.5).astype("float32")


def model(units: int = 3) -> fastnn.Sequential:
    """Returns a small model of so many inputs."""
    fastnn.utils.set_random_seed(1)
    made = fastnn.Sequential([fastnn.Input((units,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    made.compile("adam", "mse")
    return made


class Packages:
    """Makers of the same table with each package; where it is not installed, the test says so."""

    @staticmethod
    def pandas() -> tuple[Any, Any]:
        pd = pytest.importorskip("pandas", reason="pandas is not installed")
        frame = pd.DataFrame({"a": [1, 2, 3], "b": [True, False, True], "c": [0.5, 1.5, 2.5]})
        return frame, frame["a"]

    @staticmethod
    def nullable() -> tuple[Any, Any]:
        pd = pytest.importorskip("pandas", reason="pandas is not installed")
        frame = Packages.pandas()[0].astype({"a": "Int64", "b": "boolean", "c": "Float32"})
        return frame, pd.Series([1, 2, 3], dtype="Int64")

    @staticmethod
    def arrow_types() -> tuple[Any, Any]:
        pd = pytest.importorskip("pandas", reason="pandas is not installed")
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        frame = Packages.pandas()[0].convert_dtypes(dtype_backend="pyarrow")
        return frame, pd.Series([1, 2, 3], dtype="int64[pyarrow]")

    @staticmethod
    def polars() -> tuple[Any, Any]:
        pl = pytest.importorskip("polars", reason="polars is not installed")
        frame = pl.DataFrame({"a": [1, 2, 3], "b": [True, False, True], "c": [0.5, 1.5, 2.5]})
        return frame, frame["a"]

    @staticmethod
    def pyarrow() -> tuple[Any, Any]:
        pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        table = pa.table({"a": [1, 2, 3], "b": [True, False, True], "c": [0.5, 1.5, 2.5]})
        return table, table["a"]

    @staticmethod
    def xarray() -> tuple[Any, Any]:
        xr = pytest.importorskip("xarray", reason="xarray is not installed")
        return xr.DataArray(np.array([[1, 1, 0.5], [2, 0, 1.5], [3, 1, 2.5]])), xr.DataArray(np.array([1, 2, 3]))


FRAMES = [name for name in vars(Packages) if not name.startswith("_")]


class TestFrames:
    @pytest.mark.parametrize("name", FRAMES)
    def test_as_arrays(self, name: str) -> None:
        frame, column = getattr(Packages, name)()
        x, y = np.array([[1, 1, 0.5], [2, 0, 1.5], [3, 1, 2.5]]), np.array([1, 2, 3])
        one, other = model(), model()
        np.testing.assert_array_equal(one.predict(frame, verbose=0), other.predict(x, verbose=0))
        found = one.fit(frame, column, verbose=0).history
        assert found == other.fit(x, y, verbose=0).history
        assert one.evaluate(frame, column, verbose=0) == other.evaluate(x, y, verbose=0)

    @pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
    def test_a_text_column_is_refused_by_its_name(self, name: str) -> None:
        package = pytest.importorskip(name, reason=f"{name} is not installed")
        data = {"age": [1, 2], "city": ["Bern", "Basel"], "c": [0.5, 1.5]}
        frame = package.table(data) if name == "pyarrow" else package.DataFrame(data)
        with pytest.raises(TypeError, match=r"the column 'city' holds .*StringLookup"):
            model().fit(frame, np.ones(2), verbose=0)

    @pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
    @pytest.mark.parametrize("values", [[1, None, 3], [True, None, False], [0.5, None, 1.5]])
    def test_a_missing_value_is_named(self, name: str, values: list[Any]) -> None:
        package = pytest.importorskip(name, reason=f"{name} is not installed")
        data = {"a": values, "b": [1, 2, 3]}
        frame = package.table(data) if name == "pyarrow" else package.DataFrame(data)
        with pytest.raises(ValueError, match="x holds a NaN in row 1"):
            model(2).fit(frame, np.ones(3), verbose=0)

    def test_columns_of_several_inputs(self) -> None:
        pd = pytest.importorskip("pandas", reason="pandas is not installed")
        frame = pd.DataFrame({"size": [1.0, 2.0, 3.0], "kind": pd.array([0, 2, 1], dtype="Int64")})
        size, kind = fastnn.Input((1,), name="size"), fastnn.Input((), dtype="int32", name="kind")
        joined = layers.Concatenate()([size, layers.Embedding(3, 2)(kind)])
        made = fastnn.Model({"size": size, "kind": kind}, layers.Dense(1)(joined))
        made.compile("sgd", "mse")
        made.fit(dict(frame), np.ones(3), verbose=0)


def on_disk(kind: str, folder: Path, array: Array) -> Any:
    """Returns an array as a dataset of a package."""
    if kind == "h5py":
        h5py = pytest.importorskip("h5py", reason="h5py is not installed")
        file = h5py.File(folder / f"{len(list(folder.iterdir()))}.h5", "w")
        return file.create_dataset("a", data=array, chunks=True)
    if kind == "zarr":
        zarr = pytest.importorskip("zarr", reason="zarr is not installed")
        return zarr.array(array, chunks=(7, *array.shape[1:]))
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    return sparse.csc_matrix(array)


@pytest.mark.parametrize("kind", ["h5py", "zarr", "sparse"])
class TestTables:
    @pytest.mark.parametrize("shuffle", [False, True])
    def test_as_arrays(self, kind: str, shuffle: bool, tmp_path: Path) -> None:
        x, y = on_disk(kind, tmp_path, X), on_disk("h5py", tmp_path, Y)
        one, other = model(), model()
        found = one.fit(x, y, batch_size=8, epochs=2, shuffle=shuffle, validation_split=0.2, verbose=0).history
        expected = other.fit(X, Y, batch_size=8, epochs=2, shuffle=shuffle, validation_split=0.2, verbose=0).history
        assert found == expected
        assert one.evaluate(x, y, batch_size=8, verbose=0) == other.evaluate(X, Y, batch_size=8, verbose=0)
        np.testing.assert_array_equal(one.predict(x, verbose=0), other.predict(X, verbose=0))
        assert one.predict(x, batch_size=4, steps=3, verbose=0).shape == (12, 1)

    def test_blocks(self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "_BLOCK", 8 * 4 * 4 * 2)
        x = on_disk(kind, tmp_path, X)
        one, other = model(), model()
        found = one.fit(x, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        assert found == other.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        np.testing.assert_array_equal(one.predict(x, batch_size=8, verbose=0), other.predict(X, verbose=0))
        # Shuffled: each row once in an epoch, in another order each time, and the same with the same seed.
        weights = []
        for _ in range(2):
            shuffled = model()
            shuffled.fit(x, Y, batch_size=8, epochs=3, verbose=0)
            weights.append(shuffled.get_weights())
        for a, b in zip(*weights, strict=True):
            np.testing.assert_array_equal(a, b)
        assert not np.array_equal(weights[0][0], one.get_weights()[0])
        orders = [
            np.concatenate([tables_item.x[tables_item.order] for tables_item in (call() for call in calls)])
            for calls in _two_passes(x)
        ]
        for order in orders:
            np.testing.assert_allclose(np.sort(order[:, 0]), np.sort(X[:, 0]))
        assert not np.array_equal(*orders)

    def test_a_bad_number_says_where(self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "_BLOCK", 1)
        bad = X.copy()
        bad[21, 1] = np.nan
        with pytest.raises(ValueError, match=r"rows 16 to 23, counted from 0: .*NaN in row 5"):
            model().fit(on_disk(kind, tmp_path, bad), Y, batch_size=8, shuffle=False, verbose=0)

    def test_rows_differ(self, kind: str, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="as many rows each, got 50, 49"):
            model().fit(on_disk(kind, tmp_path, X), Y[:-1], verbose=0)


def _two_passes(x: Any) -> list[Any]:
    orders = fastnn.data.arrays.RowOrder()
    blocks = tables.Blocks(fastnn.data.batches.Batch(x), 8, orders)
    return [blocks.calls(0, False), blocks.calls(0, False)]


def test_sparse_labels_and_memory() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    x = sparse.random(4000, 20_000, density=1e-3, format="csr", dtype="float32", random_state=1)
    made = fastnn.Sequential([fastnn.Input((20_000,)), layers.Dense(1, use_bias=False)])
    made.compile("sgd", "mse")
    tracemalloc.start()
    made.fit(x, np.zeros((4000, 1)), verbose=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20  # dense, the rows are 320 MB


_LARGE = """
import sys
import numpy as np
import fastnn
from fastnn import layers

rows, size = (int(one) for one in sys.argv[2:4])
x = np.memmap(sys.argv[1], np.uint8, "r", shape=(rows, size))
y = np.arange(rows) % 2
model = fastnn.Sequential([fastnn.Input((size,)), layers.Rescaling(1 / 255), layers.Dense(1, activation="sigmoid")])
model.compile("sgd", "binary_crossentropy")


def anonymous():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))


most = []
watch = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: most.append(anonymous()))
model.fit(x, y, batch_size=512, epochs=1, verbose=0, callbacks=[watch])
model.evaluate(x, y, batch_size=512, verbose=0)
model.predict(x[: rows // 4], batch_size=512, verbose=0)
print(max(*most, anonymous()) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="counts memory by /proc")
def test_a_file_of_4_gb_trains_in_300_mb(tmp_path: Path) -> None:
    rows, size = 2**20, 4096
    path = tmp_path / "large.bin"
    with open(path, "wb") as file:
        block = np.random.default_rng(0).integers(0, 256, (2**14, size), dtype=np.uint8).tobytes()
        for _ in range(rows // 2**14):
            file.write(block)
    command = [sys.executable, "-c", _LARGE, str(path), str(rows), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300, f"{done.stdout} MB of anonymous memory"


class TestLabels:
    @pytest.mark.parametrize("low", [0, 1])
    def test_a_binary_loss_wants_0_and_1(self, low: int) -> None:
        made = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(1, activation="sigmoid")])
        made.compile("sgd", "binary_crossentropy")
        y = Y + 1 if low else np.where(Y > 0, 1, -1)
        for use in (
            lambda: made.fit(X, y, verbose=0),
            lambda: made.evaluate(X, y, verbose=0),
            lambda: made.fit(X, Y, validation_data=(X, y), verbose=0),
            lambda: made.train_on_batch(X, y),
        ):
            with pytest.raises(ValueError, match=r"binary_crossentropy expects y from 0 to 1, got (2.0|-1) in row"):
                use()
        made.fit(X, Y * 0.5 + 0.25, verbose=0)

    def test_validation_data_are_checked_as_those_of_fit(self) -> None:
        bad = X.copy()
        bad[3] = np.inf
        with pytest.raises(ValueError, match=r"validation data: .*x holds inf in row 3"):
            model().fit(X, Y, validation_data=(bad, Y), verbose=0)
