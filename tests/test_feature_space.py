"""`utils.FeatureSpace`: tables encoded as by Keras, inside and before models, in files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.utils import FeatureSpace

sys.path.insert(0, str(Path(__file__).parent / "keras"))

from feature_cases import CASES, OTHERS, TABLE, results

FILE = Path(__file__).parent / "keras" / "features.npz"
RECORDED = dict(np.load(FILE)) if FILE.exists() else {}
COLUMNS = {key: value[:, None] for key, value in OTHERS.items()}


def test_what_keras_makes_of_tables():
    found = results(FeatureSpace)
    assert set(found) == set(RECORDED)
    for name, expected in RECORDED.items():
        np.testing.assert_allclose(np.squeeze(found[name]), np.squeeze(expected), rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", [name for name in CASES if name != "dict"])
def test_inside_a_model_and_in_files(name, tmp_path):
    space = CASES[name](FeatureSpace)
    space.adapt({key: TABLE[key] for key in space.features})
    table = {key: OTHERS[key] for key in space.features}
    encoded = space(table)
    model = fastnn.Model(space.get_inputs(), layers.Dense(2)(space.get_encoded_features()))
    model.compile("sgd", "mse")
    model.fit(table, np.ones((6, 2)), batch_size=4, verbose=0)
    kernel, bias = model.layers[-1].get_weights()
    expected = model.predict(table, verbose=0)
    np.testing.assert_allclose(encoded @ kernel + bias, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(model.predict({k: COLUMNS[k] for k in table}, verbose=0), expected)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        fastnn.saving.load_model(tmp_path / "model.keras").predict(table, verbose=0), expected
    )
    space.save(tmp_path / "space.keras")
    read = fastnn.saving.load_model(tmp_path / "space.keras")
    assert isinstance(read, FeatureSpace)
    np.testing.assert_array_equal(read(table), encoded)


def test_batches_are_learned_from_and_mapped():
    space = CASES["words"](FeatureSpace)
    batches = [{key: TABLE[key][at : at + 3] for key in space.features} for at in (0, 3)]
    space.adapt(batches)
    other = CASES["words"](FeatureSpace)
    other.adapt({key: TABLE[key] for key in other.features})
    table = {key: OTHERS[key] for key in space.features}
    np.testing.assert_allclose(space(table), other(table), rtol=1e-6)


def test_bins_may_be_given():
    space = FeatureSpace({"x": FeatureSpace.float_discretized(num_bins=3, bin_boundaries=[2.5, 5.0])})
    assert space({"x": [1.0, 3.0, 9.0]}).tolist() == np.eye(3).tolist()


def test_a_layer_that_knows_all_wants_no_data():
    layer = layers.Normalization(mean=2.0, variance=4.0)
    space = FeatureSpace({"x": FeatureSpace.feature("float32", layer, "float")})
    assert space({"x": [2.0, 6.0]}).ravel().tolist() == [0.0, 2.0]


def test_what_is_refused():
    with pytest.raises(ValueError, match="a dict of at least one column"):
        FeatureSpace({})
    with pytest.raises(ValueError, match=r"unknown kind 'string_category' of 'a'\. Did you mean 'string_categorical'"):
        FeatureSpace({"a": "string_category"})
    with pytest.raises(ValueError, match="crosses name 'c', which is no feature"):
        FeatureSpace({"a": "float", "b": "float"}, crosses=[("a", "c")])
    with pytest.raises(ValueError, match="output_mode to be 'concat' or 'dict', got 'list'"):
        FeatureSpace({"a": "float"}, output_mode="list")
    space = FeatureSpace({"a": "float_normalized"})
    with pytest.raises(ValueError, match="does not know 'a' yet; call adapt"):
        space({"a": [1.0]})
    with pytest.raises(ValueError, match="expects a dict of columns, or a Dataset of such dicts, got ndarray"):
        space.adapt(np.ones(3))
    with pytest.raises(ValueError, match="expects the column 'a', got 'b'"):
        space.adapt({"b": np.ones(3)})
    plain = FeatureSpace({"a": "float"})
    with pytest.raises(ValueError, match="expects a dict of columns, got list"):
        plain([1.0])
    whole = FeatureSpace({"a": FeatureSpace.integer_hashed(3, output_mode="int"), "b": "float"})
    with pytest.raises(ValueError, match="'a' is of int64 and cannot be joined"):
        whole({"a": [1], "b": [1.0]})
