"""Data sets: those of the package, and files in the formats of the others, loaded as Keras loads them."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from fastnn import config, datasets
from fastnn.datasets import boston_housing, cifar10, digits, fashion_mnist, imdb, iris, mnist, reuters, wine

KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(KERAS))
import dataset_cases as cases  # noqa: E402

RECORDED = json.loads((KERAS / "datasets.json").read_text())
DIGEST = "0c58cc32255e1a7a22d378e9f2fc4b4836b726965515314ea5d7f85ce47e470d"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("FASTNN_DATA", raising=False)
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets"


@pytest.fixture
def files(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    cases.write_files(folder)
    monkeypatch.setenv("FASTNN_DATA", str(folder))
    return folder


class TestOfThePackage:
    def test_digits_are_what_their_page_says(self):
        (x_train, y_train), (x_test, y_test) = digits.load_data()
        assert (x_train.shape, y_train.shape) == ((1442, 8, 8), (1442,))
        assert (x_test.shape, y_test.shape) == ((355, 8, 8), (355,))
        assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
        assert (x_train.min(), x_train.max()) == (0, 16)
        assert np.bincount(y_test).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
        images, labels = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
        assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == DIGEST

    def test_no_test_digit_is_among_the_training_digits(self):
        (x_train, _), (x_test, _) = digits.load_data()
        assert not {image.tobytes() for image in x_train} & {image.tobytes() for image in x_test}

    def test_each_call_gives_arrays_of_its_own(self):
        digits.load_data()[0][0][:] = 0
        assert digits.load_data()[0][0].any()

    @pytest.mark.parametrize("name", ["iris", "wine"])
    def test_tables_are_those_of_scikit_learn(self, name):
        from sklearn import datasets as originals

        original = getattr(originals, f"load_{name}")()
        module = getattr(datasets, name)
        (x, y), (none, _) = module.load_data(test_split=0)
        order = np.arange(len(x))
        np.random.RandomState(113).shuffle(order)
        np.testing.assert_array_equal(x, original.data[order])
        np.testing.assert_array_equal(y, original.target[order])
        assert len(none) == 0 and len(module.get_feature_names()) == x.shape[1]
        assert len(module.get_label_names()) == len(np.unique(y)) == 3

    def test_tables_are_split(self):
        (x_train, y_train), (x_test, y_test) = iris.load_data(test_split=0.3, seed=1)
        assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == ((105, 4), (105,), (45, 4), (45,))
        with pytest.raises(ValueError, match="test_split from 0 to below 1, got 1"):
            wine.load_data(test_split=1)


@pytest.mark.parametrize("call", cases.CALLS, ids=cases.call_name)
def test_files_are_loaded_as_by_keras(call, files):
    found = cases.digest(getattr(datasets, call[0]).load_data(**call[1]))
    assert json.loads(json.dumps(found)) == RECORDED[cases.call_name(call)]


def test_channels_first(files):
    last = cifar10.load_data()[0][0]
    config.set_image_data_format("channels_first")
    try:
        first = cifar10.load_data()[0][0]
    finally:
        config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(first, last.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("module", [imdb, reuters])
def test_words(module, files):
    assert module.get_word_index() == {"the": 1, "naïve": 2}


def test_topics():
    names = reuters.get_label_names()
    assert len(names) == len(set(names)) == 46 and (names[0], names[45]) == ("cocoa", "lead")


def test_folders_of_the_cache_serve(files, cache, monkeypatch):
    expected = cases.digest(fashion_mnist.load_data()), cases.digest(cifar10.load_data())
    monkeypatch.delenv("FASTNN_DATA")
    shutil.move(files / "fashion-mnist", cache)
    (cache / "cifar-10-batches-py-target").mkdir()
    shutil.move(files / "cifar-10-batches-py", cache / "cifar-10-batches-py-target")
    assert (cases.digest(fashion_mnist.load_data()), cases.digest(cifar10.load_data())) == expected


class TestIdx:
    X = np.arange(10 * 6, dtype=np.uint8).reshape(10, 3, 2)
    Y = np.arange(10, dtype=np.uint8)

    def write(self, folder, part, packed=True, rows=10):
        folder.mkdir(exist_ok=True, parents=True)
        for kind, array in (("images-idx3", self.X), ("labels-idx1", self.Y[:rows])):
            data = cases.idx(array)
            name = f"{part}-{kind}-ubyte"
            (folder / (name + ".gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)

    @pytest.mark.parametrize("place", ["path", "data", "data/mnist", "cache"])
    @pytest.mark.parametrize("packed", [False, True])
    def test_both_parts(self, tmp_path, cache, monkeypatch, place, packed):
        folder = cache / "mnist" if place == "cache" else tmp_path / place
        self.write(folder, "train", packed)
        self.write(folder, "t10k", packed)
        if place.startswith("data"):
            monkeypatch.setenv("FASTNN_DATA", str(tmp_path / "data"))
        (x_train, y_train), (x_test, y_test) = mnist.load_data(*[str(folder)] * (place == "path"))
        for x, y in ((x_train, y_train), (x_test, y_test)):
            np.testing.assert_array_equal(x, self.X)
            np.testing.assert_array_equal(y, self.Y)
        x_train[:] = 0

    def test_one_part_is_split(self, tmp_path, monkeypatch):
        self.write(tmp_path, "t10k")
        monkeypatch.setenv("FASTNN_DATA", str(tmp_path))
        with pytest.warns(UserWarning, match=r"only the files t10k-\*: every fifth of their 10 images is for testing"):
            (x_train, y_train), (x_test, y_test) = mnist.load_data()
        assert y_test.tolist() == [4, 9] and y_train.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
        np.testing.assert_array_equal(x_test, self.X[[4, 9]])
        assert len(x_train) == 8

    def test_an_npz_file_comes_first(self, files):
        self.write(files, "train")
        self.write(files, "t10k")
        assert mnist.load_data()[0][0].shape == (6, 28, 28)

    def test_what_is_wrong_with_files(self, tmp_path):
        self.write(tmp_path, "train", packed=False, rows=9)
        with pytest.raises(ValueError, match="has 10 images and 9 labels of train"):
            mnist.load_data(str(tmp_path))
        images, labels = tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
        images.write_bytes(images.read_bytes()[:-1])
        with pytest.raises(ValueError, match=r"is cut off: 60 bytes were expected for shape \(10, 3, 2\), got 59"):
            mnist.load_data(str(tmp_path))
        images.write_bytes(b"\0\0\x0d\3")
        with pytest.raises(ValueError, match=r"an IDX file of bytes was expected, got .*train-images"):
            mnist.load_data(str(tmp_path))
        labels.unlink()
        with pytest.raises(ValueError, match=r"has train-images-idx3-ubyte, but no train-labels-idx1-ubyte.gz"):
            mnist.load_data(str(tmp_path))


class Evil:
    """An object that would run a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.system, (f"touch {self.marker}",))


def test_files_run_no_code(files):
    marker = files / "marker"
    np.savez(files / "reuters.npz", x=cases.ragged([[1], Evil(marker)]), y=[0, 1])
    (files / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps({b"data": Evil(marker), b"labels": []}))
    for module in (reuters, cifar10):
        with pytest.raises(pickle.UnpicklingError, match=r"the file names (posix|nt)\.system, which no data set needs"):
            module.load_data()
    assert not marker.exists()


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("boston_housing", {"test_split": 1.5}, "test_split from 0 to below 1, got 1.5"),
        ("california_housing", {"version": "medium"}, "version 'small' or 'large', got 'medium'"),
        ("cifar100", {"label_mode": "both"}, "label_mode 'fine' or 'coarse', got 'both'"),
        ("imdb", {"maxlen": 1}, "no text shorter than maxlen=1"),
        ("mnist", {"path": "imdb_word_index.json"}, "an .npz file was expected, got .*imdb_word_index.json"),
    ],
)
def test_what_is_refused(name, arguments, said, files):
    with pytest.raises(ValueError, match=said):
        import_module(f"fastnn.datasets.{name}").load_data(**arguments)


def test_another_batch_than_of_cifar_is_refused(files):
    (files / "cifar-10-batches-py" / "test_batch").write_bytes(
        pickle.dumps({b"data": np.zeros((1, 3072), np.uint8)}, 3)
    )
    with pytest.raises(ValueError, match=r"a batch of CIFAR with data and labels was expected, got .*test_batch"):
        cifar10.load_data()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "imdb", "boston_housing"])
def test_without_a_network_the_error_says_where_to_put_the_file(name, cache, monkeypatch):
    def refuse(request, timeout):
        import urllib.error

        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(ConnectionError, match="could not download https://") as raised:
        import_module(f"fastnn.datasets.{name}").load_data()
    assert f"put the file there by other means: {cache}" in str(raised.value)
    assert "or set the environment variable FASTNN_DATA to a folder that has the file" in str(raised.value)


def test_a_file_of_another_hash_in_the_cache_does_not_serve(files, cache, monkeypatch):
    shutil.move(files / "boston_housing.npz", cache)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(pytest.fail.Exception, match="asked"):
        boston_housing.load_data()


def test_they_are_found_by_their_names_in_keras(files):
    script = """
import fastnn.as_keras
from tensorflow.keras.datasets import mnist
from keras.datasets import imdb, cifar10
import tensorflow as tf, keras, fastnn
(x, _), _ = tf.keras.datasets.fashion_mnist.load_data()
print(mnist.load_data()[0][0].shape, x.shape, keras.datasets.imdb is imdb, mnist is fastnn.datasets.mnist)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("(6, 28, 28) (5, 28, 28) True True\n", "")
