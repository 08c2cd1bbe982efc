"""Mistakes of people who begin: each message says what was expected, what came and how to mend it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import callbacks, layers, ops

X = np.linspace(-1, 1, 80, dtype=np.float32).reshape(20, 4)
LABELS = np.arange(20) % 3


def compiled(loss: Any = "sparse_categorical_crossentropy", metrics: Any = None, units: int = 3) -> fastnn.Sequential:
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(units, activation="softmax")])
    model.compile("sgd", loss, metrics=metrics)
    return model


@pytest.mark.parametrize("metric", ["Precision", "Recall", "AUC", "TruePositives", "SpecificityAtSensitivity"])
def test_metrics_of_positives_on_class_labels(metric):
    made = fastnn.metrics.SpecificityAtSensitivity(0.5) if metric.startswith("Spec") else metric
    shapes = r"expect y_true to have the shape of y_pred, \(batch, 3\), got \(batch,\); "
    advice = r"make rows of class labels with utils.to_categorical\(y, 3\) .*or use the metric 'accuracy'"
    with pytest.raises(ValueError, match=shapes + advice):
        compiled(metrics=[made]).fit(X, LABELS, verbose=0)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse", "huber"])
def test_losses_of_values_on_class_labels(loss):
    advice = r"for class labels use the loss sparse_categorical_crossentropy, or .*utils.to_categorical\(y, 3\)"
    for y in (LABELS, LABELS[:, None]):
        with pytest.raises(ValueError, match=advice):
            compiled(loss).fit(X, y, verbose=0)
    with pytest.raises(ValueError, match=r"3 outputs for one number a sample; Dense\(1\) has one"):
        compiled(loss).fit(X, LABELS + 0.5, verbose=0)


def of_my_own(y_true, y_pred):
    return ops.mean((y_true - y_pred) ** 2, axis=-1)


@pytest.mark.parametrize(("word", "arguments"), [
    ("loss", {"loss": of_my_own}), ("metric", {"loss": "mse", "metrics": [of_my_own]}), ("activation", {"loss": "mse"}),
])  # fmt: skip
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.filterwarnings("ignore:.*HDF5")
def test_functions_of_ones_own_in_files(word, arguments, name, tmp_path):
    def doubled_in_this_test(x):
        return 2 * x

    activation = doubled_in_this_test if word == "activation" else None
    model = fastnn.Sequential([fastnn.Input((4,)), layers.Dense(1, activation=activation)])
    model.compile("sgd", **arguments)
    model.fit(X, LABELS, verbose=0)
    model.save(tmp_path / name)
    mine = "doubled_in_this_test" if activation else "of_my_own"
    with pytest.raises(ValueError, match=rf"Unknown {word} '{mine}'\. Where it is your own, pass custom_objects=\{{"
                       rf"'{mine}': \.\.\.\}}, or register it with register_keras_serializable") as told:  # fmt: skip
        fastnn.saving.load_model(tmp_path / name)
    assert "Known are" not in str(told.value)
    assert ("compile=False" in str(told.value)) == (word != "activation")
    fastnn.saving.load_model(
        tmp_path / name, custom_objects={"doubled_in_this_test": doubled_in_this_test, "of_my_own": of_my_own}
    )


def test_the_error_of_an_unknown_name_can_be_copied():
    with pytest.raises(ValueError, match=r"Unknown loss 'hing'\. Did you mean 'hinge'") as told:
        fastnn.losses.get("hing")
    for other in (copy.copy(told.value), pickle.loads(pickle.dumps(told.value))):
        assert str(other) == str(told.value)


@pytest.mark.parametrize("make", [
    lambda **k: callbacks.EarlyStopping(**k),
    lambda **k: callbacks.ModelCheckpoint("never.keras", save_best_only=True, **k),
    lambda **k: callbacks.ReduceLROnPlateau(**k),
])  # fmt: skip
def test_a_monitored_name_that_is_not_logged(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = compiled(metrics=["accuracy"])
    with pytest.raises(ValueError, match=r"accuracy, and .* val_loss, val_accuracy\. Did you mean 'val_accuracy'\? W"):
        model.fit(X, LABELS, validation_split=0.2, verbose=0, callbacks=[make(monitor="val_acc")])
    with pytest.warns(UserWarning, match=r"not among the logs: .*\. Did you mean 'val_accuracy'\?"):
        model.fit(X, LABELS, validation_split=0.2, verbose=0, callbacks=[make(monitor="val_acc", mode="max")])


def test_arguments_and_arrays_of_predict():
    model = compiled()
    with pytest.raises(TypeError, match=r"Sequential\.predict\(\) has no argument 'verbos'\. Did you mean 'verbose'"):
        model.predict(X, verbos=0)
    for call in (lambda: model.predict([X, X], verbose=0), lambda: model([X, X]), lambda: model.fit([X, X], LABELS)):
        with pytest.raises(ValueError, match=r"has one input and expects x to be one array, got a list of 2 arrays"):
            call()


def test_a_layer_stands_once_in_a_chain():
    layer = layers.Dense(4, name="same")
    with pytest.raises(ValueError, match=r"holds this Dense 'same' already, and each layer once only; make another"):
        fastnn.Sequential([fastnn.Input((4,)), layer, layer])


def test_an_array_in_place_of_a_tensor():
    x = fastnn.Input((4,))
    for ends in ((x, X), (X, x)):
        with pytest.raises(TypeError, match=r"symbolic tensors, got an array of shape \(20, 4\); start from x = Input"):
            fastnn.Model(*ends)


@pytest.mark.parametrize("share", [1.0, -0.5, 2])
def test_a_share_for_validation(share):
    with pytest.raises(ValueError, match="expects a number above 0 and below 1, the share of the rows"):
        compiled().fit(X, LABELS, validation_split=share, verbose=0)


def test_an_origin_without_a_scheme(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("1")
    with pytest.raises(ValueError, match=rf"with its scheme, got '{path}'; 'file://{path}' names this file"):
        fastnn.utils.get_file(origin=str(path), cache_dir=tmp_path / "cache")
    with pytest.raises(ValueError, match=r"got 'www\.x\.org/a\.txt'; such as 'https://www\.x\.org/a\.txt'"):
        fastnn.utils.get_file("a.txt", origin="www.x.org/a.txt", cache_dir=tmp_path / "cache")


def test_other_element_types():
    for call in (
        lambda: fastnn.config.set_floatx("float8"),
        lambda: fastnn.config.set_dtype_policy("mixed_float64"),
        lambda: fastnn.config.set_dtype_policy("half"),
    ):
        with pytest.raises(ValueError, match=r"float32.*float64"):
            call()


def test_an_argument_of_another_kind_is_what_python_and_what_keras_call_it() -> None:
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="value_range to be a list or tuple, got 'wide'"):
            layers.RandomBrightness(0.1, value_range="wide")
