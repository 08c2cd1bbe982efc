"""Architectures of `fastnn.applications`: their layers, weights from files, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fastnn import Input, Model, applications, config, layers
from fastnn.applications import EfficientNetB0, efficientnet

RNG = np.random.default_rng(0)

# Of keras.applications 3.15.1: getattr(applications, name)(weights=None, input_shape=(32, 32, 3), classes=10), its
# count_params() and len(layers).
OF_KERAS = {
    "EfficientNetB0": (4_062_381, 240),
    "EfficientNetB1": (6_588_049, 342),
    "EfficientNetB3": (10_798_905, 387),
    "EfficientNetB7": (64_123_297, 816),
}


@pytest.mark.parametrize("name", OF_KERAS)
def test_sizes(name):
    model = getattr(applications, name)(weights=None, input_shape=(32, 32, 3), classes=10)
    assert (model.count_params(), len(model.layers)) == OF_KERAS[name]
    assert model.name == name.lower()


def test_names_and_shapes_of_layers():
    model = EfficientNetB0(weights=None)
    assert model.input_shape == (None, 224, 224, 3) and model.output_shape == (None, 1000)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["stem_activation"] == (112, 112, 32)
    assert shapes["block1a_project_bn"] == (112, 112, 16)
    assert shapes["block6d_add"] == (7, 7, 192)
    assert shapes["top_activation"] == (7, 7, 1280)
    assert "block1a_add" not in shapes and "block2b_drop" in shapes
    drops = [layer.rate for layer in model.layers if layer.name.endswith("_drop")]
    assert drops == sorted(drops) and drops[-1] == pytest.approx(0.2 * 14 / 16)


def test_it_trains_and_reads_weights(tmp_path):
    model = EfficientNetB0(weights=None, input_shape=(33, 40, 3), classes=2)
    model.layers[2].set_weights([np.full(3, 0.5), np.full(3, 0.1), 0])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = RNG.uniform(0, 255, (4, 33, 40, 3)).astype("float32")
    model.fit(x, np.array([0, 1, 0, 1]), epochs=1, verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    again = EfficientNetB0(weights=tmp_path / "w.weights.h5", input_shape=(33, 40, 3), classes=2)
    expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert np.ptp(expected[:, 0]) > 0


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_features_of_any_size(pooling):
    model = EfficientNetB0(include_top=False, weights=None, pooling=pooling)
    for side in (32, 48):
        found = model.predict(np.zeros((1, side, side, 3), "float32"), verbose=0).shape
        assert found == ((1, (side + 31) // 32, (side + 31) // 32, 1280) if pooling is None else (1, 1280))


def test_over_a_tensor():
    images = Input((32, 32, 3))
    model = EfficientNetB0(include_top=False, weights=None, input_tensor=layers.RandomFlip()(images), pooling="avg")
    assert model.inputs[0] is images
    assert Model(images, layers.Dense(2)(model.output)).output_shape == (None, 2)


def test_channels_first():
    config.set_image_data_format("channels_first")
    try:
        model = EfficientNetB0(weights=None, input_shape=(3, 32, 32), classes=2)
    finally:
        config.set_image_data_format("channels_last")
    assert model.get_layer("top_conv").output.shape == (None, 1280, 1, 1)
    assert model.count_params() == 4_062_381 - 8 * 1281


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "EfficientNetB0 expects weights=None, for new weights, or the path .*'imagenet'; there are no pretrained"),
        ({"weights": "none.h5"}, "got 'none.h5'"),
        ({"weights": None, "input_shape": (32, 32)}, "input_shape of three numbers"),
        ({"weights": None, "pooling": "mean"}, "pooling None, 'avg' or 'max', got 'mean'"),
    ],
)
def test_what_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        EfficientNetB0(**arguments)


def test_images_stay_as_they_are():
    x = np.ones((1, 2, 2, 3))
    assert efficientnet.preprocess_input(x) is x
