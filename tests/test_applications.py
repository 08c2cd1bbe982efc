"""Architectures of `fastnn.applications`: as Keras builds them, weights from files, and what is refused."""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from fastnn import Input, Model, applications, config, layers, models, saving, utils
from fastnn.applications import EfficientNetB0, architecture, efficientnet, imagenet_utils

KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(KERAS))
import application_cases as cases  # noqa: E402

RNG = np.random.default_rng(0)
_FILE = json.loads((KERAS / "applications.json").read_text())
RECORDED, SCALING = _FILE["cases"], _FILE["scaling"]
LARGE = 35_000_000
"""Networks of more weights take seconds to build: these run in the full suite."""


def rows(key: str) -> list:
    """The cases that have a recorded value, the large ones marked as slow."""
    found = [(case, row) for case, row in RECORDED.items() if key in row]
    return [pytest.param(case, marks=[pytest.mark.slow] if row["weights"] > LARGE else []) for case, row in found]


def test_every_case_was_recorded():
    assert set(RECORDED) == set(cases.CASES)
    public = {name for name in applications.__all__ if not inspect.ismodule(getattr(applications, name))}
    assert public == set(cases.NAMES)


@pytest.mark.parametrize("case", rows("layers"))
def test_layers_and_outputs_are_those_of_keras(case):
    utils.clear_session(free_memory=False)
    model = cases.build(applications, case)
    row = RECORDED[case]
    assert (model.count_params(), len(model.layers), model.name) == (row["weights"], row["layers"], row["name"])
    assert cases.layer_names(model) == row["names"]
    if "outputs" in row:
        expected = np.array(row["outputs"], np.float32)
        np.testing.assert_allclose(cases.outputs(model), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", cases.NAMES)
def test_arguments_are_those_of_keras(name):
    arguments = inspect.signature(getattr(applications, name)).parameters
    assert [[one.name, one.default] for one in arguments.values()] == RECORDED[name]["arguments"]


def test_names_and_shapes_of_layers():
    model = EfficientNetB0(weights=None)
    assert model.input_shape == (None, 224, 224, 3) and model.output_shape == (None, 1000)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["stem_activation"] == (112, 112, 32)
    assert shapes["block6d_add"] == (7, 7, 192)
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


@pytest.mark.parametrize("case", ["ConvNeXtTiny-features", "MobileNetV3Small"])
def test_whole_models_go_into_files(case, tmp_path):
    model = cases.build(applications, case)
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras")
    assert cases.layer_names(again) == cases.layer_names(model)
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_layers_of_their_own_go_into_configs():
    for layer in (
        applications.inception_resnet_v2.CustomScaleLayer(0.25, name="s"),
        applications.convnext.LayerScale(0.5, 3, name="l"),
    ):
        again = type(layer).from_config(layer.get_config())
        x = np.ones((2, 3), np.float32)
        given = [x, x] if layer.name == "s" else x
        np.testing.assert_array_equal(again(given), layer(given))
        written = saving.serialize_keras_object(layer)
        assert written["module"].startswith("keras.src.applications.")
        assert type(saving.deserialize_keras_object(written)) is type(layer)
        assert np.asarray(layer(given))[0, 0] == (1.25 if layer.name == "s" else 0.5)


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_features_of_any_size(pooling):
    model = applications.MobileNetV2(include_top=False, weights=None, pooling=pooling, alpha=0.35)
    # Of Keras 3.15.1: where sides are not known, an odd one is padded as if it were even.
    for side, found in ((32, 1), (48, 1), (64, 2), (80, 2)):
        shape = model.predict(np.zeros((1, side, side, 3), "float32"), verbose=0).shape
        assert shape == ((1, found, found, 1280) if pooling is None else (1, 1280))


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV2", "MobileNetV3Small", "DenseNet121"])
def test_over_a_tensor(name):
    images = Input((32, 32, 3))
    model = getattr(applications, name)(
        include_top=False, weights=None, input_tensor=layers.RandomFlip()(images), pooling="avg"
    )
    assert model.inputs[0] is images
    assert Model(images, layers.Dense(2)(model.output)).output_shape == (None, 2)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("EfficientNetB0", 1280),
        ("EfficientNetV2B0", 1280),
        ("ResNet50", 2048),
        ("MobileNetV2", 1280),
        ("MobileNet", 1024),
    ],
)
def test_channels_first(name, last):
    build = getattr(applications, name)
    expected = build(weights=None, input_shape=(32, 32, 3), include_top=False).count_params()
    config.set_image_data_format("channels_first")
    try:
        model = build(weights=None, input_shape=(3, 32, 32), include_top=False)
    finally:
        config.set_image_data_format("channels_last")
    assert model.output_shape == (None, last, 1, 1) and model.count_params() == expected


@pytest.mark.parametrize("name", ["DenseNet121", "NASNetMobile", "ConvNeXtTiny"])
def test_channels_first_is_refused(name):
    config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match=f"{name} expects images with channels last"):
            getattr(applications, name)(weights=None)
    finally:
        config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("EfficientNetB0", {"weights": "none.h5"}, "'imagenet', .* path of a weights file that exists, got 'none.h5'"),
        ("ResNet50", {"weights": 3}, "or the path of a weights file that exists, got 3"),
        ("EfficientNetB0", {"weights": None, "input_shape": (32, 32)}, "input_shape of three numbers"),
        ("EfficientNetB0", {"weights": None, "pooling": "mean"}, "pooling None, 'avg' or 'max', got 'mean'"),
        ("VGG16", {"classes": 10}, "expects classes=1000 with weights='imagenet', got 10"),
        ("VGG16", {"classifier_activation": "relu"}, "None or 'softmax' where weights are loaded"),
        ("ResNet50", {"input_shape": (64, 64, 3)}, r"input_shape=\(224, 224, 3\) with weights='imagenet', got \(64"),
        ("ResNet50", {"input_shape": (64, 64, 1), "include_top": False}, "of 3 channels with weights='imagenet'"),
        ("ResNet50", {"weights": None, "input_shape": (None, None, 3)}, "without None with a classifier"),
        ("Xception", {"weights": None, "input_shape": (70, 71, 3)}, "at least 71x71 pixels"),
        ("ResNet50", {"weights": None, "input_tensor": np.ones(3)}, "a symbolic tensor as input_tensor"),
        ("MobileNet", {"alpha": 0.3}, "expects alpha 0.25, 0.5, 0.75, 1.0 and depth_multiplier=1 with"),
        ("MobileNetV2", {"alpha": 0.3}, "expects alpha 0.35, 0.5, 0.75, 1.0, 1.3, 1.4 with"),
        ("MobileNetV3Small", {"alpha": 0.75, "minimalistic": True}, "alpha 0.75 or 1, and 1 where minimalistic"),
    ],
)  # fmt: skip
def test_what_is_refused(name, arguments, said):
    with pytest.raises(ValueError, match=said):
        getattr(applications, name)(**arguments)


def test_images_of_other_channels_are_built_with_a_warning():
    with pytest.warns(UserWarning, match=r"made for images of 1 or 3 channels, got input_shape=\(32, 32, 4\)"):
        assert applications.MobileNet(weights=None, input_shape=(32, 32, 4), classes=2).input_shape[-1] == 4


@pytest.mark.parametrize(
    ("name", "arguments", "file"),
    [
        ("MobileNet", {}, "mobilenet_1_0_224_tf.h5"),
        ("MobileNet", {"alpha": 0.5, "input_shape": (128, 128, 3)}, "mobilenet_5_0_128_tf.h5"),
        ("MobileNetV2", {"include_top": False, "input_shape": (96, 96, 3)},
         "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"),
        ("MobileNetV3Small", {"input_shape": (224, 224, 3)}, "weights_mobilenet_v3_small_224_1.0_float.h5"),
        ("NASNetMobile", {"include_top": False}, "nasnet_mobile_no_top.h5"),
    ],
)  # fmt: skip
def test_pretrained_weights(name, arguments, file, tmp_path, monkeypatch):
    """The file that Keras would download is read, and what it has is in the model."""
    build = getattr(applications, name)
    given = build(**{**arguments, "weights": None})
    weights = cases.seeded_weights(given)
    given.set_weights(weights)
    given.save_weights(tmp_path / "made.h5")
    asked = []

    def fetch(fname, origin, cache_subdir, file_hash):
        asked.append((fname, origin.startswith("https://storage.googleapis.com/"), cache_subdir))
        return str(tmp_path / "made.h5")

    monkeypatch.setattr(architecture, "get_file", fetch)
    model = build(**arguments)
    assert asked == [(file, True, "models")]
    for one, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, expected)


def test_weights_for_another_size_are_loaded_with_a_warning(monkeypatch):
    monkeypatch.setattr(architecture, "get_file", lambda *given, **named: pytest.fail(given[0]))
    with (
        pytest.warns(UserWarning, match="square images of 128, 160, 192, 224 pixels; those for 224 are"),
        pytest.raises(pytest.fail.Exception, match=r"mobilenet_1_0_224_tf_no_top\.h5"),
    ):
        applications.MobileNet(include_top=False, input_shape=(48, 32, 3))


def test_images_of_pretrained_efficientnets_are_scaled_as_for_their_weights(monkeypatch):
    monkeypatch.setattr(Model, "load_weights", lambda *_: None)
    monkeypatch.setattr(architecture, "get_file", lambda *_, **__: "")
    model = EfficientNetB0(include_top=False)
    assert [type(layer).__name__ for layer in model.layers[1:4]] == ["Rescaling", "Normalization", "Rescaling"]
    np.testing.assert_allclose(model.layers[3].scale, 1 / np.sqrt([0.229, 0.224, 0.225]), rtol=1e-6)


class TestImages:
    @pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
    @pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
    @pytest.mark.parametrize("batch", [False, True])
    def test_scaling(self, mode, data_format, batch):
        x = np.random.RandomState(1).uniform(0, 255, (2, 3, 3, 3)).astype("float32")
        x = x if batch else x[0]
        expected = SCALING[f"{mode} {data_format} {batch}"]
        found = imagenet_utils.preprocess_input(x.copy(), data_format, mode)
        np.testing.assert_allclose(np.ravel(found)[::4], expected, rtol=1e-5, atol=1e-5)
        if batch:
            images = Input(x.shape[1:])
            model = Model(images, imagenet_utils.preprocess_input(images, data_format, mode))
            np.testing.assert_allclose(model(x).ravel()[::4], expected, rtol=1e-5, atol=1e-5)

    def test_integers_are_left_as_they_are(self):
        x = np.full((1, 2, 2, 3), 255, np.uint8)
        assert imagenet_utils.preprocess_input(x, mode="tf").dtype == np.float32 and x.max() == 255

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [({"mode": "theano"}, "mode 'caffe', 'tf' or 'torch'"), ({"data_format": "last"}, "got 'last'")],
    )
    def test_refused(self, arguments, said):
        with pytest.raises(ValueError, match=said):
            imagenet_utils.preprocess_input(np.ones((2, 2, 3)), **arguments)

    def test_some_networks_scale_images_themselves(self):
        x = np.ones((1, 2, 2, 3))
        for family in (efficientnet, applications.efficientnet_v2, applications.convnext, applications.mobilenet_v3):
            assert family.preprocess_input(x) is x


def test_names_of_classes(tmp_path, monkeypatch):
    names = {str(i): [f"n{i:08}", f"thing{i}"] for i in range(1000)}
    (tmp_path / "names.json").write_text(json.dumps(names))
    monkeypatch.setattr(imagenet_utils, "get_file", lambda *_, **__: str(tmp_path / "names.json"))
    imagenet_utils.class_names.cache_clear()
    values = np.zeros((2, 1000), np.float32)
    values[0, [7, 3]], values[1, 999] = (0.75, 0.25), 1
    first, second = applications.resnet50.decode_predictions(values, top=2)
    assert first == [("n00000007", "thing7", 0.75), ("n00000003", "thing3", 0.25)]
    assert second[0] == ("n00000999", "thing999", 1.0) and len(second) == 2
    imagenet_utils.class_names.cache_clear()


def test_building_is_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=2)
