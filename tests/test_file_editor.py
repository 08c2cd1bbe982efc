"""Files of weights edited without the model, and weights in several files, as Keras has recorded them."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import layers, saving
from fastnn.saving import hdf5, shards

KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(KERAS))

import file_cases as cases  # noqa: E402

FILES = Path(__file__).parent / "files"
RECORDED = json.loads((KERAS / "editor.json").read_text())
GIB = 2**30


@pytest.fixture
def model():
    return cases.model(fastnn, (5, 3), 1, nested=True)


def test_edits_are_those_of_keras(tmp_path):
    source = str(tmp_path / "source.weights.h5")
    cases.model(fastnn, (5, 3), 1).save_weights(source)
    found = cases.edited(fastnn, source, tmp_path)
    assert found["said"] == RECORDED["said"]
    assert found["file"] == RECORDED["file"]
    assert found["errors"] == RECORDED["errors"]
    np.testing.assert_allclose(found["outputs"], RECORDED["outputs"], atol=2e-4)


@pytest.mark.parametrize("name", ["3.15.1-chain.keras", "3.0.5-chain.keras", "3.15.1-branched.keras"])
def test_files_of_keras_are_resaved_for_the_same_model(name, tmp_path):
    editor = saving.KerasFileEditor(FILES / name)
    assert editor.metadata["keras_version"] == name.split("-")[0]
    model = fastnn.saving.load_model(FILES / name)
    assert editor.config["class_name"] == type(model).__name__
    assert editor.compare(model)["status"] == "success"
    editor.resave_weights(tmp_path / "again.weights.h5")
    other = fastnn.models.clone_model(model)
    other.load_weights(tmp_path / "again.weights.h5")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_nested_model_and_the_optimizer_are_objects(model, tmp_path, capsys):
    model.compile("adam", "mse")
    x = cases.sample()
    model.fit(x, np.zeros((3, 3)), verbose=0)
    model.save(tmp_path / "m.keras")
    editor = saving.KerasFileEditor(tmp_path / "m.keras")
    weights = editor.weights_dict
    assert weights["layers"]["sequential"]["layers"]["dense"]["0"].shape == (6, 9)
    assert len(weights["optimizer"]) == 2 + 2 * 8
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 8 + 18}
    editor.summary()
    said = capsys.readouterr().out
    assert f"Weights of {str(tmp_path / 'm.keras')!r}\nSaved with Keras 3." in said
    assert "│  └─ sequential" in said and "0: shape=(6, 9), dtype=float32" in said
    assert "fastnn" not in weights


def test_what_differs_is_told_by_path(model, tmp_path, capsys):
    model.save_weights(tmp_path / "m.weights.h5")
    editor = saving.KerasFileEditor(str(tmp_path / "m.weights.h5"))
    other = cases.model(fastnn, (5, 4), 1, nested=True)
    assert editor.compare(other) == {"status": "error", "error_count": 2, "match_count": 6}
    said = capsys.readouterr().out
    assert "/layers/dense_1/0: shape (5, 3) in the file, (5, 4) in the model" in said
    editor.delete_object("layers/sequential")
    assert editor.compare(model)["error_count"] == 1
    assert "/layers/sequential: object with 'layers' in the model, nothing in the file" in capsys.readouterr().out
    editor.add_object("extra", {"0": np.ones(3)})
    assert editor.compare(model)["error_count"] == 2
    assert "/extra: object with '0' in the file, nothing in the model" in capsys.readouterr().out


def test_an_object_keeps_the_name_of_its_layer(tmp_path):
    path = tmp_path / "m.weights.h5"
    fastnn.Sequential([layers.Input((2,)), layers.Dense(3, name="mine")]).save_weights(path)
    editor = saving.KerasFileEditor(path)
    editor.save(path)
    other = fastnn.Sequential([layers.Input((2,)), layers.Dense(4), layers.Input((2,))][:2])
    with pytest.raises(ValueError, match="do not fit"):
        other.load_weights(path)
    named = fastnn.Sequential([layers.Input((2,)), layers.Dense(5), layers.Dense(5)])
    with h5py.File(path) as file:
        assert file["layers/dense/vars"].attrs["name"] == "mine"
    assert named.count_params() == 45


def test_mistakes_of_edits_are_told(model, tmp_path):
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    editor = saving.KerasFileEditor(path)
    with pytest.raises(ValueError, match="2 objects called 'dense' in the file; give the path"):
        editor.delete_object("dense")
    with pytest.raises(ValueError, match="'dense_1' beside 'layers/dense' already"):
        editor.rename_object("layers/dense", "dense_1")
    with pytest.raises(ValueError, match="is a variable, and an object is expected"):
        editor.add_weights("layers/dense/0", {"0": np.ones(1)})
    with pytest.raises(ValueError, match="has no '7', but '0', '1'"):
        editor.delete_weight("layers/dense", "7")
    with pytest.raises(TypeError, match="expects a model, got 3"):
        editor.compare(3)
    with pytest.raises(ValueError, match="is not built"):
        editor.compare(fastnn.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match=r"called \*.keras or \*.weights.h5"):
        saving.KerasFileEditor(tmp_path / "m.h5")
    with pytest.raises(FileNotFoundError, match="no file"):
        saving.KerasFileEditor(tmp_path / "absent.keras")
    with pytest.raises(FileNotFoundError, match="no file"):
        saving.KerasFileEditor(tmp_path / "absent.weights.h5")


def test_links_are_not_followed(model, tmp_path):
    model.save_weights(tmp_path / "victim.weights.h5")
    for link in (h5py.ExternalLink(str(tmp_path / "victim.weights.h5"), "/layers"), h5py.SoftLink("/real")):
        path = tmp_path / "attack.weights.h5"
        with h5py.File(path, "w") as file:
            file.create_group("real")
            file["layers"] = link
        with pytest.raises(ValueError, match="link that leads elsewhere"):
            saving.KerasFileEditor(path)


@pytest.mark.parametrize("kind", cases.ORDERS)
def test_weights_in_the_older_files_stand_in_the_order_of_keras(kind, tmp_path):
    (packed,) = (FILES / "order").glob(f"*.*.[0-9]-{kind}.h5.gz")
    path = tmp_path / "theirs.h5"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    expected = RECORDED["ordered"][kind]
    ours = cases.ordered(fastnn, kind)
    np.testing.assert_allclose(ours.predict(cases.sample(), verbose=0), expected, atol=2e-3)
    for model in (saving.load_model(path, compile=False), cases.ordered(fastnn, kind)):
        model.load_weights(path)
        np.testing.assert_allclose(model.predict(cases.sample(), verbose=0), expected, atol=2e-3)
    ours.save(tmp_path / "ours.h5")
    with h5py.File(path) as theirs, h5py.File(tmp_path / "ours.h5") as written:
        arrays = [
            [
                group[layer][weight][()]
                for layer in hdf5.texts(group.attrs, "layer_names")
                for weight in hdf5.texts(group[layer].attrs, "weight_names")
            ]
            for group in (theirs["model_weights"], written["model_weights"])
        ]
    assert len(arrays[0]) > 4
    for a, b in zip(*arrays, strict=True):
        np.testing.assert_array_equal(a, b)


def test_objects_are_skipped_when_weights_are_written_and_read(model, tmp_path):
    other = cases.model(fastnn, (5, 3), 4, nested=True)
    inner, dense, _ = model.layers
    model.compile("adam", "mse")
    other.compile("adam", "mse")
    model.fit(cases.sample(), np.ones((3, 3)), verbose=0)
    saving.save_weights(model, tmp_path / "part.weights.h5", objects_to_skip=[inner])
    with pytest.raises(ValueError, match="do not fit"):
        other.load_weights(tmp_path / "part.weights.h5")
    model.save_weights(tmp_path / "whole.weights.h5")
    for name in ("part", "whole"):
        first = other.layers[0].get_weights()
        kept = [other.layers[0], other.optimizer]
        other.load_weights(tmp_path / f"{name}.weights.h5", objects_to_skip=kept)
        np.testing.assert_array_equal(other.layers[1].get_weights()[0], dense.get_weights()[0])
        np.testing.assert_array_equal(other.layers[0].get_weights()[0], first[0])
        assert int(other.optimizer.iterations.numpy()) == 0
    other.load_weights(tmp_path / "whole.weights.h5")
    assert int(other.optimizer.iterations.numpy()) == 1
    model.save_weights(tmp_path / "old.h5")
    with pytest.raises(ValueError, match="files of the newer form"):
        other.load_weights(tmp_path / "old.h5", objects_to_skip=[dense])
    with pytest.raises(ValueError, match="objects_to_skip is for files"):
        saving.save_weights(model, tmp_path / "old.h5", objects_to_skip=[dense])


# Shards ---------------------------------------------------------------------------------------------------------------


def test_shards_of_keras_are_read(model):
    name, outputs = RECORDED["shards"]
    other = cases.model(fastnn, (5, 3), 7, nested=True)
    other.load_weights(FILES / name)
    np.testing.assert_allclose(other.predict(cases.sample(), verbose=0), outputs, atol=2e-4)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shards_are_split_as_keras_splits_them(model, tmp_path):
    name, _ = RECORDED["shards"]
    model.save_weights(tmp_path / cases.NAMES, max_shard_size=cases.SHARD)
    index, of_keras = (json.loads(path.read_text()) for path in (tmp_path / cases.NAMES, FILES / name))
    assert set(index["weight_map"]) - set(of_keras["weight_map"]) == {"/fastnn"}
    assert set(of_keras["weight_map"]) <= set(index["weight_map"])
    for path in tmp_path.glob("*.h5"):
        with h5py.File(path) as file:
            sizes = []
            file.visititems(lambda _, one, sizes=sizes: sizes.append(getattr(one, "nbytes", 0)))
            assert 0 < sum(sizes) <= cases.SHARD * GIB
    assert len(list(tmp_path.glob("shards_0*.weights.h5"))) > 2
    held = [names if isinstance(names, list) else [names] for names in index["weight_map"].values()]
    assert set(os.listdir(tmp_path)) == {cases.NAMES}.union(*held)


def test_shards_keep_the_state_of_training(model, tmp_path):
    x, y = cases.sample(), np.ones((3, 3))
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, verbose=0)
    fastnn.saving.save_weights(model, tmp_path / "m.weights.json", max_shard_size=300 / GIB)
    other = cases.model(fastnn, (5, 3), 8, nested=True)
    other.compile("adam", "mse")
    other.load_weights(str(tmp_path / "m.weights.json"))
    assert int(other.optimizer.iterations.numpy()) == 2
    for one in (model, other):
        one.fit(x, y, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_path_of_one_file_becomes_that_of_the_index(model, tmp_path):
    model.save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == ["m.weights.json", "m_00000.weights.h5"]
    with pytest.raises(FileExistsError):
        model.save_weights(tmp_path / "m.weights.json", overwrite=False, max_shard_size=1)
    with pytest.raises(ValueError, match=r"\*.weights.json with max_shard_size=, and with it alone"):
        model.save_weights(tmp_path / "m.weights.json")
    with pytest.raises(ValueError, match="with max_shard_size=, and with it alone"):
        model.save_weights(tmp_path / "m.keras", max_shard_size=1)


def test_a_variable_that_fits_no_shard_is_told_and_nothing_is_written(model, tmp_path):
    with pytest.raises(ValueError, match=r"dense/vars/0 has 216 bytes, and a shard at most 100: give a larger"):
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=100 / GIB)
    assert os.listdir(tmp_path) == []


def test_damaged_shards_change_nothing(model, tmp_path):
    path = tmp_path / "m.weights.json"
    model.save_weights(path, max_shard_size=300 / GIB)
    before = model.get_weights()
    index = json.loads(path.read_text())
    some = next(iter(index["weight_map"]))
    for strange in ("../m_00000.weights.h5", "/etc/passwd", 3, "m_00000.txt", None):
        path.write_text(json.dumps({"weight_map": {some: strange}}))
        with pytest.raises(ValueError, match="no file of weights beside it"):
            model.load_weights(path)
    for text, told in (("[]", "no object"), ("{", "no JSON"), ("{}", "no 'weight_map'")):
        path.write_text(text)
        with pytest.raises(ValueError, match=told):
            model.load_weights(path)
    path.write_text(json.dumps(index))
    (tmp_path / "m_00001.weights.h5").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="no whole HDF5 file"):
        model.load_weights(path)
    (tmp_path / "m_00001.weights.h5").unlink()
    with pytest.raises(FileNotFoundError, match="m_00001"):
        model.load_weights(path)
    (tmp_path / "m_00001.weights.h5").symlink_to("/dev/null")
    with pytest.raises(ValueError, match="leads elsewhere"):
        list(shards._shards(path))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_keras_files_of_16_bits():
    name, weights, outputs = RECORDED["rounded"]
    model = saving.load_model(FILES / name)
    assert {one.name: one.dtype for one in model.weights}["embeddings"] == "bfloat16"
    for one, expected in zip(model.weights, weights, strict=True):
        np.testing.assert_array_equal(one.numpy().ravel(), np.float32(expected))
    # Keras rounds what layers return to eight bits, too.
    np.testing.assert_allclose(model.predict(cases.IDS, verbose=0), outputs, atol=0.02)
    assert model.optimizer.iterations == 3
    model.fit(cases.IDS, np.ones((len(cases.IDS), 3)), verbose=0)
