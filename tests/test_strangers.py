"""Model files from strangers: nothing outside the file is opened, and reading costs no more than the file is worth."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile

import h5py
import numpy as np
import pytest

import fastnn
import mutated_configs
from fastnn import layers, saving
from fastnn.saving import backup


def entry(layer):
    return json.loads(json.dumps(saving.serialize_keras_object(layer)))


class OwnLookup(layers.StringLookup):
    """A layer of a user's own, derived from one that opens files."""


LOOKUPS = {
    "integers": (layers.IntegerLookup(vocabulary=[1, 2]), "1\n2\n3\n", 4),
    "strings": (layers.StringLookup(vocabulary=["a"]), "a\nb\n", 3),
    "texts": (layers.TextVectorization(vocabulary=["a"]), "a\nb\n", 4),
    "own": (OwnLookup(vocabulary=["a"]), "a\nb\n", 3),
}
OWN = {"OwnLookup": OwnLookup}


class TestFilesOfThisMachine:
    @pytest.mark.parametrize("kind", LOOKUPS)
    def test_a_vocabulary_is_opened_for_trusted_descriptions_only(self, tmp_path, kind):
        layer, text, size = LOOKUPS[kind]
        path = tmp_path / "words.txt"
        path.write_text(text)
        described = entry(layer)
        described["config"]["vocabulary"] = str(path)
        for place in (str(path), str(tmp_path / "missing"), "/etc/passwd"):
            described["config"]["vocabulary"] = place
            with pytest.raises(ValueError, match=f"names the file '{place}', which is no part of the model's own file"):
                saving.deserialize_keras_object(described, OWN)
        described["config"]["vocabulary"] = str(path)
        assert saving.deserialize_keras_object(described, OWN, safe_mode=False).vocabulary_size() == size
        # A config that a program hands over itself is its own.
        assert type(layer).from_config(described["config"]).vocabulary_size() == size

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        described = entry(LOOKUPS["integers"][0])
        described["config"]["vocabulary"] = str(pipe)
        with pytest.raises(ValueError, match="is no part of the model's own file"):
            saving.deserialize_keras_object(described)

    def test_in_models_of_text_and_of_files(self, tmp_path):
        model = fastnn.Sequential([fastnn.Input((2,), dtype="int32"), layers.IntegerLookup(vocabulary=[1, 2])])
        config = json.loads(model.to_json())
        config["config"]["layers"][1]["config"]["vocabulary"] = "/etc/passwd"
        with pytest.raises(ValueError, match=r"layers\[1\] .*vocabulary names the file"):
            fastnn.models.model_from_json(json.dumps(config))
        with pytest.raises(ValueError, match=r"layers\[1\] .*vocabulary names the file"):
            fastnn.Sequential.from_config(config["config"])
        members = mutated_configs.stored(model)
        mutated_configs.write(tmp_path / "m.keras", members, config)
        with pytest.raises(ValueError, match=r"m\.keras: .*vocabulary names the file"):
            saving.load_model(tmp_path / "m.keras")

    def test_a_folder_with_links(self, tmp_path):
        secret = tmp_path / "secret.txt"
        secret.write_text("1\n2\n")
        layer = layers.IntegerLookup()
        layer.adapt(np.array([5, 6, 7]))
        fastnn.Sequential([fastnn.Input((2,), dtype="int32"), layer]).save(tmp_path / "m.keras")
        folder = tmp_path / "folder.keras"
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            archive.extractall(folder)
        assert saving.load_model(folder).layers[0].get_vocabulary() == layer.get_vocabulary()
        for name in ("config.json", "model.weights.h5", "assets/more.txt"):
            shutil.rmtree(folder)
            with zipfile.ZipFile(tmp_path / "m.keras") as archive:
                archive.extractall(folder)
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(secret)
            with pytest.raises(ValueError, match="is a link that leads elsewhere"):
                saving.load_model(folder)

    @pytest.mark.parametrize("place", ["layers/text_vectorization/vars", "second/vars"])
    @pytest.mark.parametrize("link", [h5py.ExternalLink, lambda file, name: h5py.SoftLink("/dense/vars/1")])
    def test_links_where_layers_and_optimizers_read_their_own_values(self, tmp_path, place, link):
        class Own(fastnn.Model):
            def __init__(self):
                super().__init__()
                self.words = layers.TextVectorization(
                    output_mode="tf_idf", vocabulary=["a", "b"], idf_weights=[0.5, 0.25], name="words"
                )
                self.dense = layers.Dense(1)
                self.second = fastnn.optimizers.SGD()

            def call(self, x):
                return self.dense(x)

        model = Own()
        model.build((None, 2))
        model.second.build(model.trainable_variables)
        model.compile("sgd", "mse")
        model.save_weights(tmp_path / "m.weights.h5")
        model.load_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "secret.h5", "w") as file:
            file["x"] = np.ones(3, np.float32)
        with h5py.File(tmp_path / "m.weights.h5", "r+") as file:
            (name, *_) = file[place]
            del file[place][name]
            file[place][name] = link(str(tmp_path / "secret.h5"), "x")
        with pytest.raises(ValueError, match=f"{place}/{name} is a link that leads elsewhere"):
            model.load_weights(tmp_path / "m.weights.h5")


class TestStrangeDescriptions:
    """Found by `tests/fuzz.py`."""

    @pytest.mark.parametrize(
        ("entry", "said"),
        [
            ({"class_name": "__numpy__", "config": "x"}, "^__numpy__: cannot be read: AttributeError"),
            ({"a": {"class_name": "__slice__", "config": "x"}}, "^a __slice__: cannot be read: AttributeError"),
            ({"class_name": "__bytes__", "config": 3}, "^__bytes__: cannot be read: TypeError"),
            ({"class_name": "RNN", "module": "keras.layers", "config": {"cel": {}}}, "missing .* 'cell'"),
        ],
    )
    def test_entries_of_other_values(self, entry, said):
        with pytest.raises(ValueError, match=said):
            saving.deserialize_keras_object(entry)
        with pytest.raises(ValueError, match=said):
            fastnn.models.model_from_json(json.dumps(entry))

    def test_nesting_without_end(self):
        """The message tells both ends of the place, and no more."""
        value = 1
        for _ in range(3000):
            value = {"class_name": "__tuple__", "config": [value]}
        with pytest.raises(ValueError, match=r"__tuple__ > \.\.\. > __tuple__.*RecursionError") as error:
            saving.deserialize_keras_object({"a": value})
        assert len(str(error.value)) < 500

    @pytest.mark.parametrize("name", ["x" * 10**6, "aB1" * 10**5])
    def test_names_without_end(self, name):
        entry = {"class_name": name, "module": "keras.layers", "config": {}}
        begin = time.process_time()
        with pytest.raises(ValueError, match="fastnn has no layer") as error:
            saving.deserialize_keras_object(entry)
        assert len(str(error.value)) < 3000
        assert time.process_time() - begin < 2

    @pytest.mark.parametrize("item", [{"clas_name": "Dense", "config": {"units": 3}}, 5, {"class_name": None}])
    def test_entries_that_are_no_layer(self, item):
        said = r"^layers\[0\]: expects a layer, a dict with 'class_name' and 'config', got "
        with pytest.raises(ValueError, match=said):
            fastnn.Sequential.from_config({"name": "s", "layers": [item]})


class TestCost:
    @pytest.mark.parametrize(
        "dtype", ["S2000000000", "U100", "O", "V8", "complex64", "datetime64[s]", "f4,f4", 3, None]
    )
    def test_arrays_of_other_than_numbers(self, dtype):
        with pytest.raises(ValueError, match="expects numbers"):
            saving.deserialize_keras_object({"class_name": "__numpy__", "config": {"value": ["a"], "dtype": dtype}})

    def test_states_of_a_batch(self, tmp_path):
        """They are not in files, so that the size of the file does not bound them."""

        def model(batch):
            return fastnn.Sequential([fastnn.Input(batch_shape=(batch, 3, 2)), layers.LSTM(300, stateful=True)])

        model(2000).save(tmp_path / "m.keras")
        assert saving.load_model(tmp_path / "m.keras").layers[0].states[0].shape == (2000, 300)
        config = json.loads(model(3).to_json())
        config["config"]["layers"][0]["config"]["batch_shape"] = [10**6, 3, 2]
        mutated_configs.write(tmp_path / "big.keras", mutated_configs.stored(model(3)), config)
        with pytest.raises(ValueError, match=r"a state of shape \(1000000, 300\) is larger than a file may ask for"):
            saving.load_model(tmp_path / "big.keras")

    @pytest.mark.parametrize("sizes", [[64, 64], [5000]])
    def test_tables_of_a_chain_of_enlargements(self, tmp_path, sizes):
        """Sizes are checked before anything is made of them."""
        layer = layers.UpSampling2D if len(sizes) == 2 else layers.UpSampling1D
        model = fastnn.Sequential([fastnn.Input((*sizes, 1)), layer(2)])
        config = json.loads(model.to_json())
        first, enlarge = config["config"]["layers"]
        enlarge["config"] |= {"interpolation": "lanczos5"} if len(sizes) == 2 else {}
        chain = [{**enlarge, "config": {**enlarge["config"], "name": f"n{i}"}} for i in range(30)]
        config["config"]["layers"] = [first, *chain]
        path = tmp_path / "m.keras"
        mutated_configs.write(path, mutated_configs.stored(model), config)
        before = mutated_configs.reset_peak()
        with pytest.raises(ValueError, match="larger than a file may ask for"):
            saving.load_model(path)
        assert mutated_configs.peak_mib() - before < 32

    @pytest.mark.parametrize("part", range(4))
    def test_files_with_one_argument_replaced(self, tmp_path, part):
        """Some of them; `python tests/mutated_configs.py` reads all."""
        bad = []
        for i, (what, members, config) in enumerate(mutated_configs.cases()):
            if i % 397 == part * 97:
                problem = mutated_configs.trial(tmp_path / "m.keras", members, config)
                if problem:
                    bad.append(f"{what} -> {problem}")
        assert not bad, "\n".join(bad)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "lanczos5"])
def test_enlarging_is_linear_in_the_size(interpolation):
    """The tables of a long row took half a minute when each element was searched for among all."""
    enlarge = layers.UpSampling2D((1, 2), interpolation=interpolation)
    model = fastnn.Sequential([fastnn.Input((1, 50_000, 1)), layers.Conv2D(1, 1), enlarge])
    model.compile("sgd", "mse")
    begin = time.process_time()
    model.train_on_batch(np.zeros((1, 1, 50_000, 1), np.float32), np.zeros((1, 1, 100_000, 1), np.float32))
    assert time.process_time() - begin < 5


WRITERS = {
    "keras": lambda model, path: saving.save_model(model, path / "m.keras"),
    "h5": lambda model, path: saving.save_model(model, path / "m.h5"),
    "weights": lambda model, path: saving.save_weights(model, path / "m.weights.h5"),
    "older weights": lambda model, path: saving.save_weights(model, path / "m.h5"),
    "backup": lambda model, path: backup.save(model, [path / "b.h5", path / "a.h5"], {"companions": []}, False),
    "C": lambda model, path: model.export(path / "m.c"),
    "onnx": lambda model, path: model.export(path / "m.onnx"),
}


def trained():
    model = fastnn.Sequential([fastnn.Input((20,)), layers.Dense(60), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((8, 20), np.float32), np.ones((8, 1), np.float32), verbose=0)
    return model


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_is_full(tmp_path, kind):
    """Wherever the disk ends, it is an OSError, nothing is left behind, and the file before it stays."""
    model = trained()
    WRITERS[kind](model, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    size = max(map(len, before.values()))
    assert size > 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in [0, 1, 100, *range(512, size, max(1, size // 40)), size - 1]:
        with pytest.raises(OSError, match="File too large"):  # the limit stands for the end of the disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                WRITERS[kind](model, tmp_path)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before, limit
    WRITERS[kind](model, tmp_path)


def test_files_of_killed_writers_are_removed(tmp_path):
    """Those of writers that live stay."""
    path = tmp_path / "m-{epoch:02d}.keras"
    script = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from fastnn.atomic_files import replacing\n"
        "with replacing(Path(sys.argv[1])) as beside:\n"
        "    beside.write_bytes(b'half')\n"
        "    print('written', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    names = ["m-07.keras", "m-01.keras", "other.keras"]
    writers = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path / name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in names
    ]
    for writer in writers:
        assert writer.stdout.readline() == b"written\n"
    writers[0].kill()
    writers[0].communicate()
    mine = tmp_path / ".m-03.keras.notes"
    mine.write_text("of the user's")
    assert len(list(tmp_path.iterdir())) == 4
    model = trained()
    save = fastnn.callbacks.ModelCheckpoint(path)
    model.fit(np.ones((8, 20), np.float32), np.ones((8, 1), np.float32), verbose=0, callbacks=[save], epochs=2)
    for writer in writers[1:]:
        writer.communicate(b"")
        assert writer.returncode == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == [mine.name, "m-01.keras", "m-02.keras", "other.keras"]
    assert (tmp_path / "m-01.keras").read_bytes() == b"half"


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_memory_that_is_exhausted(tmp_path, name):
    """It says so, and not that the file is bad."""
    fastnn.Sequential([fastnn.Input((2000,)), layers.Dense(4000)]).save(tmp_path / name)
    script = (
        "import resource, sys\n"
        "import h5py, fastnn\n"
        "from fastnn.layers import Dense\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "for mib in (8, 20, 40, 60, 400):\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + mib * 2**20, resource.getrlimit(resource.RLIMIT_AS)[1]))\n"
        "    try:\n"
        "        fastnn.saving.load_model(sys.argv[1])\n"
        "        print('loaded')\n"
        "    except MemoryError as error:\n"
        "        print('MemoryError', error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path / name], capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    told = run.stdout.splitlines()
    assert told[0].startswith("MemoryError") and name in told[0]
    assert told[-1] == "loaded"
