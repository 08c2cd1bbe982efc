"""Configs of models: the form of Keras 3, from which an equal model is made."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, layers, ops
from fastnn.models import Functional

pytestmark = pytest.mark.usefixtures("names_from_the_start")

HERE = Path(__file__).parent / "keras"
_spec = importlib.util.spec_from_file_location("record_configs", HERE / "record_configs.py")
record_configs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(record_configs)
MODELS = record_configs.MODELS
KERAS = json.loads((HERE / "configs.json").read_text())["configs"]


def samples(model):
    rng = np.random.default_rng(2)

    def sample(shape, dtype):
        sizes = [3, *(5 if size is None else size for size in shape[1:])]
        return rng.integers(0, 5, sizes) if dtype == "int32" else rng.normal(size=sizes).astype(np.float32)

    ports = model.__fastnn_ports__()
    return ports.given.pack([sample(port.shape, port.dtype) for port in ports.inputs])


def outputs(model, x):
    made = model.predict(x, verbose=0)
    return made if isinstance(made, dict) else {"": made}


def same_model(one, other):
    assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]
    assert [w.shape for w in one.weights] == [w.shape for w in other.weights]
    other.set_weights(one.get_weights())
    x = samples(one)
    first, second = outputs(one, x), outputs(other, x)
    assert list(first) == list(second)
    for name in first:
        assert first[name].tobytes() == second[name].tobytes()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_made_of_its_config_is_equal(name):
    model = MODELS[name](fastnn)
    config = model.get_config()
    again = type(model).from_config(config)
    assert type(again) is type(model)
    assert again.get_config() == config
    same_model(model, again)


@pytest.mark.parametrize("name", MODELS)
def test_the_base_class_and_text_do_as_well(name):
    model = MODELS[name](fastnn)
    config = json.loads(json.dumps(model.get_config()))
    same_model(model, Model.from_config(config))


@pytest.mark.parametrize("name", MODELS)
def test_what_keras_returns_is_read(name):
    same_model(MODELS[name](fastnn), Model.from_config(KERAS[name]))


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_form_of_keras(name):
    """Layers, calls and ends; the configs of layers have further arguments in newer versions of Keras."""

    def form(config):
        found = {key: config[key] for key in ("name", "input_layers", "output_layers") if key in config}
        found["layers"] = []
        for entry in config["layers"]:
            kept = {key: entry[key] for key in ("class_name", "name") if key in entry}
            for node in entry.get("inbound_nodes", ()):
                given = {key: value for key, value in node["kwargs"].items() if value not in (None, False)}
                kept.setdefault("calls", []).append((node["args"], given))
            if "layers" in entry["config"]:
                kept["config"] = form(entry["config"])
            found["layers"].append(kept)
        return found

    assert form(json.loads(json.dumps(MODELS[name](fastnn).get_config()))) == form(KERAS[name])


def test_a_layer_that_stands_twice_stays_one():
    dense = layers.Dense(4, name="dense")
    inner = Sequential([layers.Input((4,)), dense], name="inner")
    x = layers.Input((4,))
    model = Model(x, dense(inner(x)))
    again = Model.from_config(model.get_config())
    assert again.get_layer("dense") is again.get_layer("inner").layers[0]
    assert len(again.weights) == 2


def test_an_unbuilt_chain():
    again = Sequential.from_config(Sequential([layers.Dense(3, name="a"), layers.Dense(2)], name="m").get_config())
    assert not again.built and again.layers[0].name == "a"
    assert again.predict(np.ones((2, 5)), verbose=0).shape == (2, 2)


def test_what_is_frozen_stays_frozen():
    model = Sequential([layers.Input((4,)), layers.Dense(3, trainable=False), layers.Dense(2)])
    again = Sequential.from_config(model.get_config())
    assert [layer.trainable for layer in again.layers] == [False, True] and again.trainable


class Twice(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


class Tower(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {"units": self.units, "name": self.name}


def test_layers_of_ones_own_are_named():
    x = layers.Input((4,))
    model = Model(x, Twice()(x))
    with pytest.raises(ValueError, match="Twice"):
        Model.from_config(model.get_config())
    again = Model.from_config(model.get_config(), custom_objects={"Twice": Twice})
    same_model(model, again)
    with fastnn.saving.CustomObjectScope({"Twice": Twice}):
        same_model(model, Model.from_config(model.get_config()))


def test_a_class_with_a_call_is_made_of_its_arguments():
    again = Tower.from_config(Tower(5, name="tower").get_config())
    assert again.units == 5 and again.name == "tower"


def test_a_class_derived_from_functional_keeps_its_class():
    class Own(Functional):
        pass

    x = layers.Input((4,))
    again = Own.from_config(Own(x, layers.Dense(2)(x)).get_config())
    assert type(again) is Own


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config["layers"][2].update(class_name="Dens"), "Did you mean 'Dense'"),
        (lambda config: config["layers"].pop(0), "no layer makes"),
        (lambda config: config.update(output_layers=[["nobody", 0, 0]]), "no layer makes"),
    ],
    ids=["unknown-class", "missing-layer", "missing-output"],
)
def test_a_wrong_config_is_explained(change, message):
    config = json.loads(json.dumps(MODELS["shared"](fastnn).get_config()))
    change(config)
    with pytest.raises(ValueError, match=message):
        Model.from_config(config)


def test_clones_of_nested_models_with_layers_of_ones_own():
    inner = Sequential([layers.Input((4,)), Twice(), layers.Dense(3)], name="inner")
    x = layers.Input((4,))
    model = Model(x, ops.relu(inner(x)))
    same_model(model, fastnn.models.clone_model(model))


def test_tuples_and_policies_stand_in_configs_as_in_keras() -> None:
    config = layers.ZeroPadding2D(1).get_config()
    assert config["padding"] == ((1, 1), (1, 1)) and layers.Conv1D(2, 3).get_config()["kernel_size"] == (3,)
    assert config["dtype"]["class_name"] == "DTypePolicy" and config["dtype"]["config"] == {"name": "float32"}
    again = layers.ZeroPadding2D.from_config(config)
    assert again.get_config() == config and again.dtype == "float32"


@pytest.mark.parametrize(
    ("made", "name", "expected"),
    [
        # What was given as a list and comes back so; sizes come back as tuples. As Keras 3.15.1.
        (lambda: layers.LayerNormalization(axis=[1, 2]), "axis", [1, 2]),
        (lambda: layers.Softmax(axis=[1, 2]), "axis", [1, 2]),
        (lambda: layers.Dot(axes=[1, 1]), "axes", [1, 1]),
        (lambda: layers.Dot(axes=(1, 1)), "axes", (1, 1)),
        (lambda: layers.PReLU(shared_axes=[1, 2]), "shared_axes", [1, 2]),
        (lambda: layers.Rescaling([1.0, 2.0], offset=[0, 1]), "offset", [0, 1]),
        (lambda: layers.Discretization([1, 2]), "bin_boundaries", [1, 2]),
        (lambda: layers.Conv2D(3, [3, 3]), "kernel_size", (3, 3)),
        (lambda: layers.MaxPooling2D([2, 2], strides=[1, 1]), "strides", (1, 1)),
        (lambda: layers.EinsumDense("ab,bc->ac", [4]), "output_shape", (4,)),
        (lambda: layers.MultiHeadAttention(2, 3, attention_axes=[1], output_shape=[4]), "attention_axes", [1]),
        (lambda: layers.MultiHeadAttention(2, 3, attention_axes=[1], output_shape=[4]), "output_shape", (4,)),
        (lambda: fastnn.initializers.GlorotUniform(input_axes=[0], output_axes=(1,)), "input_axes", [0]),
        (lambda: fastnn.initializers.GlorotUniform(input_axes=[0], output_axes=(1,)), "output_axes", (1,)),
        (lambda: fastnn.initializers.Constant([[1.0, 2.0]]), "value", [[1.0, 2.0]]),
        (lambda: fastnn.constraints.MaxNorm(2, axis=[0, 1]), "axis", [0, 1]),
    ],
)
def test_lists_in_configs(made, name, expected):
    value = made()
    config = value.get_config()
    assert config[name] == expected and type(config[name]) is type(expected)
    assert type(value).from_config(config).get_config() == config
