"""Files of models: every form is read back bit for bit; other files are rejected."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import pickle
import warnings
import zipfile
from collections import defaultdict
from pathlib import Path

import h5py
import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastnn
from cases import CASES
from fastnn import Input, Model, Sequential, activations, layers, losses, metrics, ops, optimizers, regularizers, saving
from fastnn.saving import archive as keras_archive
from test_layers import inputs, made
from test_ops import TABLE, symbolic, with_batch

FORMS = ["m.keras", "m.h5"]


def equal(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def image_model():
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(4, activation=layers.LeakyReLU(0.2), kernel_constraint="max_norm"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def image_data(rows=20):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 6, 6, 2)).astype(np.float32), rng.integers(0, 3, rows)


def branched_model():
    """Shared layers, nested models, several inputs and outputs."""
    fastnn.utils.set_random_seed(2)
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    encoder = Sequential([Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(5)], name="encoder")
    x = Input((5,))
    inner = Model(x, layers.Dense(5, name="inside")(x), name="inner")
    h = inner(inner(encoder(layers.Add(name="add")([shared(a), shared(b)]))))
    outputs = [layers.Dense(2, name="o1")(h), layers.Dense(1, name="o2")(layers.Concatenate()([h, a]))]
    model = Model([a, b], outputs, name="branched")
    model.compile(
        optimizers.SGD(0.1, momentum=0.9), ["mse", losses.Huber(0.5)], metrics=[["mae"], [metrics.MeanSquaredError()]],
        loss_weights=[1.0, 0.5],
    )  # fmt: skip
    return model


def branched_data():
    a, b = np.random.default_rng(0).normal(size=(2, 8, 5)).astype(np.float32)
    return [a, b], [a[:, :2], b[:, :1]]


@saving.register_keras_serializable("tests")
class Stretch(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.inner = layers.Dense(4)

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs):
        return self.inner(inputs * self.scale) * self.factor


class Unregistered(layers.Layer):
    def call(self, inputs):
        return inputs * 2.0


class Tower(Model):
    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(width, activation="relu")
        self.others = [layers.Dense(width), layers.Dense(2)]

    def call(self, inputs):
        x = self.first(inputs)
        for layer in self.others:
            x = layer(x)
        return x


@saving.register_keras_serializable("tests")
def twice(x):
    return x * 2.0


class TestWholeModels:
    @pytest.mark.parametrize("form", FORMS)
    def test_a_chain_goes_on_to_the_bit(self, tmp_path, form):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, epochs=2, verbose=0, batch_size=6)
        model.save(tmp_path / form)
        fastnn.utils.set_random_seed(99)
        loaded = fastnn.models.load_model(tmp_path / form)
        assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
        assert loaded.optimizer.iterations == model.optimizer.iterations
        assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
        for one in (model, loaded):
            one.fit(x, y, epochs=2, verbose=0, batch_size=6)
        assert equal(loaded.get_weights(), model.get_weights())

    @pytest.mark.parametrize("form", FORMS)
    def test_shared_and_nested_layers(self, tmp_path, form):
        model, (x, y) = branched_model(), branched_data()
        model.fit(x, y, verbose=0)
        model.save(tmp_path / form)
        loaded = fastnn.models.load_model(tmp_path / form)
        assert equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
        assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
        for one in (model, loaded):
            one.fit(x, y, epochs=3, verbose=0)
        assert equal(loaded.get_weights(), model.get_weights())
        assert len(loaded.get_layer("shared").__fastnn_calls__()) == 2

    def test_every_row_of_the_table_of_layers(self, tmp_path):
        by_class = defaultdict(list)
        for case in CASES:
            by_class[type(case.make()).__name__].append(case)
        wrong = []
        for rows in by_class.values():
            for case in rows[:6]:
                layer = made(case)
                tensors = [Input(shape) for shape in case.shapes]
                model = Model(tensors, layer(tensors if case.several else tensors[0]))
                xs = inputs(case, 3)
                saving.save_model(model, tmp_path / "m.keras")
                loaded = saving.load_model(tmp_path / "m.keras")
                same = json.loads(model.to_json()) == json.loads(loaded.to_json())
                one, other = (m.predict(xs if case.several else xs[0], verbose=0) for m in (model, loaded))
                if not same or not np.array_equal(one, other, equal_nan=True):
                    wrong.append(case.name)
        assert not wrong

    @pytest.mark.parametrize("structure", ["list", "dict"])
    def test_how_inputs_and_outputs_were_put_together(self, tmp_path, structure):
        a, b = Input((3,), name="a"), Input((2,), name="b")
        o, p = layers.Dense(2, name="o")(a), layers.Concatenate(name="p")([a, b])
        model = Model([a, b], [o, p]) if structure == "list" else Model({"u": a, "v": b}, {"x": o, "y": p})
        x = [np.ones((2, 3)), np.ones((2, 2))]
        data = x if structure == "list" else {"u": x[0], "v": x[1]}
        model.save(tmp_path / "m.keras")
        loaded = saving.load_model(tmp_path / "m.keras")
        one, other = model.predict(data, verbose=0), loaded.predict(data, verbose=0)
        assert type(one) is type(other)
        if structure == "dict":
            assert list(one) == list(other) == ["x", "y"]
            one, other = list(one.values()), list(other.values())
        assert equal(one, other)

    def test_a_training_that_stays_with_its_call(self, tmp_path):
        x = Input((3,))
        model = Model(x, layers.BatchNormalization()(layers.Dense(3)(x), training=True))
        model.save(tmp_path / "m.keras")
        assert saving.load_model(tmp_path / "m.keras").layers[-1].__fastnn_calls__()[0].training is True

    def test_layers_and_models_of_the_users_own(self, tmp_path):
        x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
        model = Sequential([Input((6,)), Stretch(3.0), layers.Dense(2, activation=twice)])
        model.save(tmp_path / "m.keras")
        loaded = saving.load_model(tmp_path / "m.keras")
        assert loaded.layers[0].factor == 3.0
        assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
        tower = Tower(5)
        tower.compile("adam", "mse")
        tower.fit(x, x[:, :2], verbose=0)
        tower.save(tmp_path / "t.keras")
        again = saving.load_model(tmp_path / "t.keras", {"Tower": Tower})
        for one in (tower, again):
            one.fit(x, x[:, :2], epochs=3, verbose=0)
        assert equal(again.get_weights(), tower.get_weights())
        with h5py.File(io.BytesIO(zipfile.ZipFile(tmp_path / "t.keras").read(keras_archive.WEIGHTS))) as file:
            assert "layers/dense_2/vars/0" in file

    @pytest.mark.parametrize("form", FORMS)
    def test_a_model_that_is_not_built(self, tmp_path, form):
        model = Sequential([layers.Dense(2), layers.Dense(3)])
        model.compile("adam", "mse")
        model.save(tmp_path / form)
        loaded = saving.load_model(tmp_path / form)
        assert not loaded.built and loaded.compiled and [layer.units for layer in loaded.layers] == [2, 3]
        loaded.fit(np.ones((4, 5)), np.ones((4, 3)), verbose=0)
        loaded.save_weights(tmp_path / "m.weights.h5")
        for method in (model.save_weights, model.load_weights):
            with pytest.raises(ValueError, match="is not built and has no weights"):
                method(tmp_path / "m.weights.h5")

    def test_names_of_files(self, tmp_path):
        model = Sequential([Input((2,)), layers.Dense(2)])
        with pytest.raises(ValueError, match=r"save expects a file called \*\.keras"):
            model.save(tmp_path / "m.txt")
        with pytest.raises(ValueError, match="weights alone"):
            model.save(tmp_path / "m.weights.h5")
        with pytest.raises(ValueError, match=r"save_weights expects a file called \*\.weights\.h5"):
            model.save_weights(tmp_path / "m.keras")
        with pytest.raises(FileNotFoundError, match="is no directory"):
            model.save(tmp_path / "no" / "m.keras")
        with pytest.raises(FileNotFoundError, match="there is no file"):
            saving.load_model(tmp_path / "m.keras")
        model.save(tmp_path / "m.keras")
        with pytest.raises(FileExistsError, match="overwrite=True"):
            model.save(tmp_path / "m.keras", overwrite=False)

    def test_without_the_optimizer(self, tmp_path):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "m.keras", include_optimizer=False)
        assert saving.load_model(tmp_path / "m.keras").optimizer is None
        model.save(tmp_path / "m.keras")
        assert saving.load_model(tmp_path / "m.keras", compile=False).optimizer is None

    def test_a_directory_of_the_same_files(self, tmp_path):
        model, (x, _) = image_model(), image_data()
        model.save(tmp_path / "m.keras")
        zipfile.ZipFile(tmp_path / "m.keras").extractall(tmp_path / "folder")
        loaded = saving.load_model(tmp_path / "folder")
        assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))

    def test_json(self):
        model = branched_model()
        text = model.to_json(indent=1)
        again = fastnn.models.model_from_json(text)
        assert json.loads(again.to_json()) == json.loads(text)
        assert [v.shape for v in again.weights] == [v.shape for v in model.weights]


@saving.register_keras_serializable("tests")
class Nested(layers.Layer):
    """Holds layers in lists of lists, in dicts of lists, and beside what is no layer."""

    def __init__(self, units, batch_size=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.batch_size = units, batch_size
        self.grid = [[layers.Dense(units), layers.Dense(units)], (layers.Dense(units),)]
        self.named = {"a": [layers.Dense(units)], "b": layers.LayerNormalization()}
        self.mixed = [layers.Dense(units), None, "relu"]

    def call(self, x):
        for layer in (*self.grid[0], *self.grid[1], *self.named["a"], self.named["b"], self.mixed[0]):
            x = layer(x)
        return x


class TestNestedContainers:
    def model(self):
        return Sequential([Input((3,)), Nested(4, name="nested"), layers.Dense(2)])

    @pytest.mark.parametrize("form", FORMS)
    def test_whole_models(self, form, tmp_path):
        model, x = self.model(), np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
        model.compile("adam", "mse")
        model.fit(x, x[:, :2], verbose=0)
        model.save(tmp_path / form)
        loaded = saving.load_model(tmp_path / form, {"Nested": Nested})
        assert loaded.layers[0].batch_size is None
        for one in (model, loaded):
            one.fit(x, x[:, :2], epochs=2, shuffle=False, verbose=0)
        assert len(model.get_weights()) == 14
        assert equal(loaded.get_weights(), model.get_weights())

    def test_weights_alone(self, tmp_path):
        model, other = self.model(), self.model()
        model.save_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "m.weights.h5") as file:
            held = file["layers/nested"]
            # The paths of Keras 3.15.1.
            assert {name: sorted(held["grid"][name]) for name in held["grid"]} == {
                "container": ["dense", "dense_1"],
                "container_1": ["dense"],
            }
            assert sorted(held["named"]) == ["container", "layer_normalization"]
            assert list(held["mixed"]) == ["dense"]
        other.load_weights(tmp_path / "m.weights.h5")
        assert equal(other.get_weights(), model.get_weights())


class Attributes(Model):
    """Attributes before and after "layers", private ones, and one layer under two names."""

    def __init__(self):
        super().__init__()
        self.out, self.first, self._hidden = layers.Dense(2), layers.Dense(3), layers.Dense(3)
        self.again = self.out
        self._blocks = [{"k": layers.Dense(3)}, "relu"]

    def call(self, x):
        return self.again(self._blocks[0]["k"](self._hidden(self.first(x))))


def test_a_models_layers_have_the_paths_of_keras(tmp_path):
    x = np.ones((2, 3), np.float32)
    model, other = Attributes(), Attributes()
    model(x), other(x)
    model.save_weights(tmp_path / "m.weights.h5")
    paths = []
    with h5py.File(tmp_path / "m.weights.h5", "r+") as file:
        file.visit(lambda path: paths.append(path) if path.endswith("vars/0") else None)
        # Keras 3.15.1 writes these: an attribute that sorts after "layers" stands under that name.
        expected = ["again/vars/0", "first/vars/0", "layers/dense_2/vars/0", "layers/dense_3/vars/0"]
        assert sorted(paths) == expected
        # A file may hold a layer at the path of any attribute.
        file.move("layers/dense_2", "_hidden")
        file.move("again", "out")
    other.load_weights(tmp_path / "m.weights.h5")
    assert equal(other.get_weights(), model.get_weights())


def test_a_schedule_goes_on(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((3,)), layers.Dense(2)])
    rate = optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    model.compile(optimizers.Adam(rate), "mse")
    model.fit(x, x[:, :2], batch_size=4, verbose=0)
    model.save(tmp_path / "m.keras")
    told = config_of(tmp_path / "m.keras")["compile_config"]["optimizer"]["config"]["learning_rate"]
    assert told["module"] == "keras.optimizers.schedules"
    with h5py.File(io.BytesIO(zipfile.ZipFile(tmp_path / "m.keras").read(keras_archive.WEIGHTS))) as file:
        assert len(file["optimizer/vars"]) == 1 + 2 * 2
    copies = [saving.load_model(tmp_path / "m.keras"), pickle.loads(pickle.dumps(model))]
    for one in (model, *copies):
        one.fit(x, x[:, :2], batch_size=4, verbose=0)
        assert one.optimizer.learning_rate == model.optimizer.learning_rate
        assert equal(one.get_weights(), model.get_weights())


def entries(model):
    """Returns the entries of a model's functions: class, config, arguments."""
    layers = json.loads(model.to_json())["config"]["layers"]
    return [
        (entry["module"], entry["class_name"], entry["config"], entry["inbound_nodes"])
        for entry in layers
        if entry["module"].startswith(("keras.src", "fastnn"))
    ]


def tensor(*place, shape=(None, 4, 6)):
    config = {"shape": list(shape), "dtype": "float32", "keras_history": list(place)}
    return {"class_name": "__keras_tensor__", "config": config}


class TestFunctions:
    """Functions of `fastnn.ops` between layers, in the forms that Keras 3.15 writes."""

    @pytest.mark.parametrize("form", FORMS)
    def test_outputs_training_and_a_second_file(self, form, tmp_path):
        x = Input((6,), name="x")
        h = ops.relu(layers.Dense(4)(x)) + 1.0
        h = ops.concatenate([h, ops.softmax(2 * x[:, ::-1]), activations.relu(-h, 0.2)], -1)
        model = Model(x, layers.Dense(2)(ops.layer_normalization(h, epsilon=0.01)))
        model.compile("adam", "mse")
        data = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
        model.fit(data, data[:, :2], verbose=0)
        model.save(tmp_path / form)
        loaded = saving.load_model(tmp_path / form)
        assert np.array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))
        assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
        assert loaded.to_json() == model.to_json()
        for one in (model, loaded):
            one.fit(data, data[:, :2], epochs=3, shuffle=False, verbose=0)
        assert equal(loaded.get_weights(), model.get_weights())

    @pytest.mark.parametrize("row", [row for row in TABLE if row.batched], ids=lambda row: row.name)
    def test_every_function(self, row):
        tensors, made, fed = symbolic(row)
        model = Model(tensors, [with_batch(one, tensors[0]) for one in made])
        again = saving.model_from_json(model.to_json())
        assert json.loads(again.to_json()) == json.loads(model.to_json())
        fed = fed if len(fed) > 1 else fed[0]
        one, other = (found.predict(fed, verbose=0) for found in (model, again))
        one, other = (found if isinstance(found, list) else [found] for found in (one, other))
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)

    @pytest.mark.parametrize(
        ("function", "module", "name", "config", "args", "kwargs"),
        [
            (lambda x: 2 * x, "numpy", "Multiply", {}, [2, "x"], {}),
            (lambda x: abs(x), "numpy", "Absolute", {}, ["x"], {}),
            (lambda x: x @ np.ones((6, 1)), "numpy", "Matmul", {},
             ["x", {"class_name": "__numpy__", "config": {"value": [[1.0]] * 6, "dtype": "float64"}}], {}),
            (lambda x: x[:, None, ::-1, 1], "numpy", "GetItem", {}, ["x", [
                {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": None}}, None,
                {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": -1}}, 1]], {}),
            (lambda x: x[..., -1], "numpy", "GetItem", {},
             ["x", [{"class_name": "__ellipsis__", "config": {}}, -1]], {}),
            (lambda x: ops.sum(x, (1, 2), True), "numpy", "Sum", {"axis": [1, 2], "keepdims": True}, ["x"], {}),
            (lambda x: ops.concatenate([x, x], axis=1), "numpy", "Concatenate", {"axis": 1}, [["x", "x"]], {}),
            (lambda x: ops.einsum("bij,bkj->bik", x, x), "numpy", "Einsum", {"subscripts": "bij,bkj->bik"},
             ["x", "x"], {}),
            (lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 0)), constant_values=2.0), "numpy", "Pad",
             {"pad_width": [[0, 0], [1, 2], [0, 0]]}, ["x"], {"constant_values": 2.0}),
            (lambda x: ops.reshape(x, (ops.shape(x)[0], -1)), "numpy", "Reshape", {"newshape": [-1, 24]}, ["x"], {}),
            (lambda x: ops.cast(x, np.int32), "core", "Cast", {"dtype": "int32"}, ["x"], {}),
            (lambda x: ops.top_k(x, 2)[1], "math", "TopK", {"k": 2}, ["x"], {}),
            (lambda x: ops.norm(x, ord=1, axis=-1), "linalg", "Norm", {"ord": 1, "axis": -1}, ["x"], {}),
            (lambda x: ops.moments(x, [1])[0], "nn", "Moments", {"axes": [1]}, ["x"], {}),
            (lambda x: ops.layer_normalization(x), "nn", "LayerNorm", {}, ["x"],
             {"gamma": None, "beta": None}),
            (lambda x: ops.image.rgb_to_grayscale(ops.image.resize(x[..., :3][:, None], (2, 2))), "image",
             "RGBToGrayscale", {}, [tensor("resize", 0, 0, shape=(None, 2, 2, 3))], {}),
            (lambda x: ops.average(x, 1, weights=np.float32([1, 2, 3, 4])), "numpy", "Average", {"axis": 1}, ["x"],
             {"weights": {"class_name": "__numpy__", "config": {"value": [1.0, 2.0, 3.0, 4.0], "dtype": "float32"}}}),
        ],
    )  # fmt: skip
    def test_as_keras_writes_them(self, function, module, name, config, args, kwargs):
        fastnn.backend.clear_session()
        x = Input((4, 6), name="x")
        *_, (found, class_name, held, nodes) = entries(Model(x, function(x)))
        assert (found, class_name, held) == (f"keras.src.ops.{module}", name, config)
        put = json.loads(json.dumps({"args": args, "kwargs": kwargs}).replace('"x"', json.dumps(tensor("x", 0, 0))))
        assert nodes == [put]

    def test_an_activation_is_a_function_too(self):
        x = Input((6,))
        model = Model(x, activations.gelu(activations.relu(x, max_value=1.0)))
        assert [entry[:2] for entry in entries(model)] == [
            ("keras.src.activations.activations", "ReLU"),
            ("keras.src.ops.nn", "Gelu"),
        ]

    def test_names_are_said_where_they_count(self):
        """Older Keras accepts no name for most functions and makes one, different from those of other layers."""
        x, y = Input((6,), name="x"), Input((6,), name="y")
        first, second = ops.concatenate([x, y], axis=1), ops.sum(x, axis=1, keepdims=True)
        apart = Model([x, y], layers.Concatenate(name="joined")([first, second]))
        assert [sorted(config) for _, _, config, _ in entries(apart)] == [["axis"], ["axis", "keepdims"]]
        close = Model([x, y], layers.Concatenate(name="concatenate_7")([first, second]))
        assert [sorted(config) for _, _, config, _ in entries(close)] == [["axis", "name"], ["axis", "keepdims"]]
        several = Model([x, y], [first, second])
        several.compile("sgd", {first.history.layer.name: "mse", second.history.layer.name: "mae"})
        assert all("name" in config for _, _, config, _ in entries(several))

    def test_what_a_layer_computes_within_is_not_written(self):
        @saving.register_keras_serializable("test-functions")
        class Within(layers.Layer):
            def call(self, x):
                return ops.tanh(x) + 1

        x = Input((6,))
        model = Model(x, Within()(x))
        assert entries(model) == []
        assert len(model.layers) == 2

    def test_a_function_that_a_file_calls_twice(self):
        x = Input((4, 6), name="x")
        model = Model(x, ops.sum(x, axis=1, keepdims=True) + x)
        described = json.loads(model.to_json())
        function, last = described["config"]["layers"][1:]
        function["inbound_nodes"].append({"args": [tensor(function["name"], 0, 0)], "kwargs": {}})
        last["inbound_nodes"][0]["args"] = [tensor(function["name"], 1, 0, shape=(None, 1, 6)), 1]
        again = saving.model_from_json(json.dumps(described))
        data = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(np.float32)
        np.testing.assert_allclose(again.predict(data, verbose=0), data.sum(1, keepdims=True) + 1, rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize(
        ("function", "names"),
        [
            (lambda x: x[:, :, [2, 0]], "ops.get_item"),
            (lambda x: ops.broadcast_to(x[:, :1], (ops.shape(x)[0], 4, 6)), "ops.broadcast_to"),
            (lambda x: x * ops.ones((ops.shape(x)[0], 4, 6)), "ops.broadcast_to"),
            (lambda x: ops.clip(x, ops.min(x), 0.5 * ops.max(x)), "ops.clip"),
            (lambda x: losses.categorical_crossentropy(ops.softmax(x), ops.softmax(-x)), "categorical_crossentropy"),
        ],
    )
    def test_what_only_fastnn_reads(self, function, names, tmp_path):
        x = Input((4, 6))
        model = Model(x, function(x))
        with pytest.warns(UserWarning, match=f"Keras cannot: it has no form for .*{names}"):
            model.save(tmp_path / "m.keras")
        data = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(np.float32)
        loaded = saving.load_model(tmp_path / "m.keras")
        assert np.array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))

    def test_variables_are_of_layers(self):
        x = Input((6,))
        dense = layers.Dense(3)
        h = dense(x)
        with pytest.raises(ValueError, match=r"ops.matmul reads a variable .* put it into the call\(\) of a layer"):
            Model(x, h + ops.matmul(x, dense.kernel)).to_json()

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"class_name": "Summ"}, r'layers\[1\] "sum_of": fastnn.ops has no function .summ..* Did you mean .sum.'),
            ({"config": {"axis": 1, "dims": True}}, r'layers\[1\] "sum_of": ops.sum has no argument .dims.'),
            ({"config": {"axis": 1 << 40}}, "axis expects a size of at most"),
            ({"config": 3}, "config expects a dict"),
            ({"inbound_nodes": [{"args": [1, 2], "kwargs": {}}]}, "ops.sum is called with x, got 2 arguments"),
            ({"inbound_nodes": [{"args": [], "kwargs": {}}]}, "missing a required argument: 'x'"),
            ({"inbound_nodes": [{"args": [[1, 2]], "kwargs": {}}]}, "ops.sum is called on no tensor"),
            ({"module": "keras.src.ops.image", "class_name": "Sobel"}, "fastnn.ops has no function 'sobel'"),
        ],
    )
    def test_entries_that_are_wrong(self, change, match):
        x = Input((4, 6), name="x")
        described = json.loads(Model(x, ops.sum(x, axis=1)).to_json())
        described["config"]["layers"][1].update(name="sum_of", **change)
        described["config"]["output_layers"] = ["sum_of", 0, 0]
        with pytest.raises(ValueError, match=match):
            saving.model_from_json(json.dumps(described))


class TestForm:
    """Returns the content of a file, as Keras writes it."""

    def test_members_and_paths(self, tmp_path):
        model, (x, y) = branched_model(), branched_data()
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "m.keras")
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            assert archive.namelist() == [keras_archive.METADATA, keras_archive.CONFIG, keras_archive.WEIGHTS]
            assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
            config = json.loads(archive.read(keras_archive.CONFIG))
            with h5py.File(io.BytesIO(archive.read(keras_archive.WEIGHTS))) as file:
                assert "layers/functional/layers/dense/vars/0" in file
                assert "layers/sequential/layers/dense_1/vars/1" in file
                assert len(file["optimizer/vars"]) == 2 + len(model.trainable_variables)
                assert file["optimizer/vars/0"].dtype == np.int32
        assert (config["module"], config["class_name"]) == ("keras.src.models.functional", "Functional")
        assert config["config"]["output_layers"] == [["o1", 0, 0], ["o2", 0, 0]]
        by_name = {entry["name"]: entry for entry in config["config"]["layers"]}
        (node,) = by_name["add"]["inbound_nodes"]
        places = [one["config"]["keras_history"] for one in node["args"][0]]
        assert places == [["shared", 0, 0], ["shared", 1, 0]]
        assert by_name["shared"]["config"]["kernel_initializer"] == {
            "module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None},
            "registered_name": None,
        }  # fmt: skip
        assert config["compile_config"]["loss"][1]["module"] == "keras.losses"

    def test_names_of_classes_in_paths(self):
        from fastnn.naming import file_name

        names = ["Conv2DTranspose", "MaxPooling2D", "ReLU", "PReLU", "LSTM", "BatchNormalization", "UpSampling2D"]
        assert [file_name(name) for name in names] == [
            "conv2d_transpose", "max_pooling2d", "re_lu", "p_re_lu", "lstm", "batch_normalization", "up_sampling2d",
        ]  # fmt: skip

    def test_layers_that_two_models_share(self, tmp_path):
        shared = layers.Dense(3, name="shared")
        one = Sequential([Input((3,)), shared], name="one")
        two = Sequential([Input((3,)), shared], name="two")
        x = Input((3,))
        model = Model(x, two(one(x)))
        model.save(tmp_path / "m.keras")
        loaded = saving.load_model(tmp_path / "m.keras")
        assert loaded.get_layer("one").layers[0] is loaded.get_layer("two").layers[0]
        data = np.ones((2, 3))
        assert np.array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


class TestWeights:
    def test_both_ways(self, tmp_path):
        for form in ("w.weights.h5", "w.h5"):
            model = image_model()
            model.save_weights(tmp_path / form)
            other = image_model()
            other.set_weights([w + 1 for w in other.get_weights()])
            other.load_weights(tmp_path / form)
            assert equal(other.get_weights(), model.get_weights())
        model.save(tmp_path / "m.keras")
        other.load_weights(tmp_path / "m.keras")

    @pytest.mark.parametrize("form", ["w.weights.h5", "w.h5"])
    def test_layers_that_do_not_fit(self, tmp_path, form):
        model = Sequential([Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
        model.save_weights(tmp_path / form)
        other = Sequential([Input((4,)), layers.Dense(3, name="a"), layers.Dense(5, name="b")])
        before = other.get_weights()
        with pytest.raises(ValueError, match="b/kernel has shape"):
            other.load_weights(tmp_path / form)
        assert equal(other.get_weights(), before)
        with pytest.warns(UserWarning, match="weights were skipped: b/kernel"):
            other.load_weights(tmp_path / form, skip_mismatch=True)
        assert equal(other.get_weights(), [*model.get_weights()[:2], *before[2:]])

    @pytest.mark.parametrize("form", ["w.weights.h5", "w.h5"])
    def test_by_name(self, tmp_path, form):
        model = Sequential([Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
        model.save_weights(tmp_path / form)
        other = Sequential(
            [Input((4,)), layers.Dense(3, name="new"), layers.Dense(3, name="x"), layers.Dense(2, name="b")]
        )
        before = other.get_weights()
        other.load_weights(tmp_path / form, by_name=True)
        assert equal(other.get_weights(), [*before[:4], *model.get_weights()[2:]])

    def test_another_count_of_layers(self, tmp_path):
        image_model().save_weights(tmp_path / "w.weights.h5")
        model = Sequential([Input((4,)), layers.Dense(3)])
        with pytest.raises(ValueError, match="do not fit the model"):
            model.load_weights(tmp_path / "w.weights.h5")
        with pytest.raises(ValueError, match="is not built"):
            Sequential([layers.Dense(3)]).load_weights(tmp_path / "w.weights.h5")
        with pytest.raises(ValueError, match="no argument 'skip'"):
            model.load_weights(tmp_path / "w.weights.h5", skip=True)

    def test_an_optimizer_of_another_kind_keeps_its_state(self, tmp_path):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, verbose=0)
        model.save_weights(tmp_path / "w.weights.h5")
        model.compile(optimizers.SGD(0.5, momentum=0.5), "sparse_categorical_crossentropy")
        with pytest.warns(UserWarning, match="the state of the optimizer 'sgd' was left out"):
            model.load_weights(tmp_path / "w.weights.h5")
        assert model.optimizer.iterations == 0


class TestObjects:
    @pytest.mark.parametrize(
        "thing",
        [
            regularizers.L2(0.5), optimizers.RMSprop(0.01, centered=True), losses.BinaryCrossentropy(from_logits=True),
            metrics.TopKCategoricalAccuracy(3), fastnn.initializers.HeNormal(seed=4), fastnn.constraints.MaxNorm(3),
            layers.Conv2D(3, (2, 3), data_format="channels_last", kernel_initializer="zeros", name="c"),
            layers.Activation("relu", name="d"),
        ],
        ids=lambda thing: type(thing).__name__,
    )  # fmt: skip
    def test_there_and_back(self, thing):
        told = json.loads(json.dumps(saving.serialize_keras_object(thing)))
        again = saving.deserialize_keras_object(told)
        assert type(again) is type(thing)
        assert again.get_config() == thing.get_config()
        assert told["module"].startswith("keras.")

    def test_functions_and_values(self):
        # Keras 3.15.1: keras.saving.serialize_keras_object(keras.activations.relu)
        function = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"}
        assert saving.serialize_keras_object(fastnn.activations.relu) == function
        assert saving.deserialize_keras_object(function) is fastnn.activations.relu
        told = saving.serialize_keras_object({"a": (1, np.float32(2)), "f": twice})
        assert saving.deserialize_keras_object(told) == {"a": (1, 2.0), "f": twice}
        with pytest.raises(TypeError, match="cannot be saved"):
            saving.serialize_keras_object(object())

    def test_names(self):
        assert saving.get_registered_name(Stretch) == "tests>Stretch"
        assert saving.get_registered_object("tests>Stretch") is Stretch
        assert saving.get_registered_name(Unregistered) == "Unregistered"
        assert saving.get_registered_object("tests>Unknown") is None
        with pytest.raises(ValueError, match="no get_config"):
            saving.register_keras_serializable()(int)
        with pytest.raises(ValueError, match="is taken by"):
            saving.register_keras_serializable("tests", "Stretch")(Unregistered)

    def test_a_scope(self, tmp_path):
        model = Sequential([Input((6,)), Unregistered(name="u")])
        model.save(tmp_path / "m.keras")
        with pytest.raises(ValueError, match=r'layers\[1\] "u" > Unregistered: .*pass custom_objects='):
            saving.load_model(tmp_path / "m.keras")
        with saving.CustomObjectScope({"Unregistered": Unregistered}):
            saving.load_model(tmp_path / "m.keras")
            with saving.custom_object_scope({"other": 1}):
                saving.load_model(tmp_path / "m.keras")
        with pytest.raises(ValueError, match="is not part of fastnn"):
            saving.load_model(tmp_path / "m.keras")


class TestCopies:
    WAYS = (
        pytest.param(lambda thing, path: pickle.loads(pickle.dumps(thing)), id="pickle"),
        pytest.param(lambda thing, path: copy.deepcopy(thing), id="deepcopy"),
        pytest.param(lambda thing, path: joblib.load(joblib.dump(thing, path / "thing.joblib")[0]), id="joblib"),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_a_model_goes_on_to_the_bit(self, way, tmp_path):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, verbose=0, batch_size=6)
        other = way(model, tmp_path)
        for one in (model, other):
            one.fit(x, y, epochs=2, verbose=0, batch_size=6)
        assert equal(other.get_weights(), model.get_weights())

    @pytest.mark.parametrize("way", WAYS)
    def test_models_of_all_kinds(self, way, tmp_path):
        x = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
        tower = Tower(4)
        tower.predict(x, verbose=0)
        for model in (
            tower,
            Sequential([Input((6,)), Stretch(3.0), Unregistered(), layers.Dense(1, activation=twice)]),
        ):
            assert np.array_equal(way(model, tmp_path).predict(x, verbose=0), model.predict(x, verbose=0))
        assert not way(Sequential([layers.Dense(2)]), tmp_path).built

    @pytest.mark.parametrize("way", WAYS)
    def test_layers(self, way, tmp_path):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, verbose=0)
        stretch = Stretch()
        stretch(np.ones((2, 3), np.float32))
        for layer in (*model.layers, stretch, layers.Dense(3), Input((2,)).history.layer):
            other = way(layer, tmp_path)
            assert equal(other.get_weights(), layer.get_weights())
            assert other.get_config() == layer.get_config()
            for variable in other.weights:
                variable.assign(variable.numpy() + 1)
            assert not layer.weights or not equal(other.get_weights(), layer.get_weights())

    @pytest.mark.parametrize("way", WAYS)
    def test_constraints_stay(self, way, tmp_path):
        dense = layers.Dense(3, kernel_constraint="non_neg", input_shape=(2,))
        dense.build((None, 2))
        model = Sequential([way(dense, tmp_path)])
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 2)), -np.ones((4, 3)), epochs=50, verbose=0)
        assert model.get_weights()[0].min() >= 0

    @pytest.mark.parametrize("way", WAYS)
    def test_optimizers(self, way, tmp_path):
        model, (x, y) = image_model(), image_data()
        model.fit(x, y, verbose=0)
        other = way(model.optimizer, tmp_path)
        assert other.get_config() == model.optimizer.get_config()
        assert other.iterations == model.optimizer.iterations
        assert equal([v.numpy() for v in other.variables], [v.numpy() for v in model.optimizer.variables])


def archive(path, config=None, weights=None, members=(), compression=zipfile.ZIP_STORED):
    """Copies a `.keras` file with changes."""
    with zipfile.ZipFile(path) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    if config is not None:
        parts[keras_archive.CONFIG] = config if isinstance(config, bytes) else json.dumps(config).encode()
    if weights is not None:
        parts[keras_archive.WEIGHTS] = weights
    changed = path.with_name("changed.keras")
    with zipfile.ZipFile(changed, "w", compression) as after:
        for name, data in [*parts.items(), *members]:
            after.writestr(name, data)
    return changed


@pytest.fixture
def saved(tmp_path):
    image_model().save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def config_of(path):
    return json.loads(zipfile.ZipFile(path).read(keras_archive.CONFIG))


class TestReading:
    def test_keys_of_other_versions_are_left_out_with_one_warning(self, saved):
        config = config_of(saved)
        dense = config["config"]["layers"][-1]["config"]
        dense.update(quantization_config=None, lora_rank=None, novelty=3)
        config["config"]["layers"][1]["config"]["speed"] = "high"
        config["compile_config"]["optimizer"]["config"].update(use_ema=False, warp=9)
        with pytest.warns(UserWarning, match="Conv2D: speed; Dense: novelty; Adam: warp") as told:
            saving.load_model(archive(saved, config))
        assert len(told) == 1

    def test_what_asks_for_nothing_is_left_out_in_silence(self, saved):
        config = config_of(saved)
        config["config"]["layers"][-1]["config"].update(
            quantization_config=None,
            lora_rank=None,
            dtype={
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": "float32"},
                "registered_name": None,
            },
        )
        config["config"]["layers"][0]["config"].update(sparse=False, ragged=False, optional=False)
        config["compile_config"]["optimizer"]["config"].update(use_ema=False, ema_momentum=0.99, jit_compile=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            saving.load_model(archive(saved, config))

    def test_an_unknown_layer_is_named_with_its_place(self, saved):
        config = config_of(saved)
        config["config"]["layers"][2]["class_name"] = "BatchNormalisation"
        with pytest.raises(
            ValueError,
            match=r"layers\[2\] \"batch_normalization.*\" > BatchNormalisation: "
            r"fastnn has no layer 'BatchNormalisation'\. Did you mean 'BatchNormalization'",
        ):
            saving.load_model(archive(saved, config))

    def test_few_keys_are_enough(self, tmp_path):
        config = {
            "class_name": "Sequential", "module": "keras", "registered_name": None,
            "config": {"name": "s", "layers": [
                {"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [None, 2]}},
                {"class_name": "Dense", "module": "keras.layers", "config": {"units": 2, "activation": "relu"}},
            ]},
        }  # fmt: skip
        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            file["layers/dense/vars/0"] = np.eye(2, dtype=np.float32)
            file["layers/dense/vars/1"] = np.array([1.0, -3.0], dtype=np.float32)
        with open(tmp_path / "m.keras", "wb") as to:
            keras_archive.write_archive(to, {keras_archive.CONFIG: json.dumps(config)}, weights.getvalue(), {})
        model = saving.load_model(tmp_path / "m.keras")
        assert np.array_equal(model.predict(np.array([[1.0, 2.0]]), verbose=0), [[2.0, 0.0]])

    def test_compressed_members_and_datasets(self, saved):
        weights = io.BytesIO(zipfile.ZipFile(saved).read(keras_archive.WEIGHTS))
        with h5py.File(weights, "r+") as file:
            values = file["layers/dense/vars/0"][()]
            del file["layers/dense/vars/0"]
            file.create_dataset("layers/dense/vars/0", data=values, compression="gzip", shuffle=True)
        x, _ = image_data()
        loaded = saving.load_model(archive(saved, weights=weights.getvalue(), compression=zipfile.ZIP_DEFLATED))
        assert np.array_equal(loaded.predict(x, verbose=0), saving.load_model(saved).predict(x, verbose=0))

    def test_half_precision(self, saved):
        weights = io.BytesIO(zipfile.ZipFile(saved).read(keras_archive.WEIGHTS))
        with h5py.File(weights, "r+") as file:
            group = file["layers/dense/vars"]
            kernel, bias = group["0"][()], group["1"][()]
            del group["0"], group["1"]
            group["0"] = (kernel.view(np.uint32) >> 16).astype(np.uint16)
            group["0"].attrs["dtype"] = "bfloat16"
            group["1"] = bias.astype(np.float16)
        loaded = saving.load_model(archive(saved, weights=weights.getvalue()))
        assert np.allclose(loaded.layers[5].kernel.numpy(), kernel, rtol=1e-2)


class TestDoor:
    def refused(self, path, *messages):
        with pytest.raises((ValueError, OSError)) as error:
            saving.load_model(path)
        assert any(message in str(error.value) for message in messages), str(error.value)

    @pytest.mark.parametrize("name", ["../evil.json", "/etc/evil", "a\\..\\b", "assets/../../evil", "model.weights.npz",
                                      "code.pkl", "assets//x", "C:/x"])  # fmt: skip
    def test_members_that_do_not_belong(self, saved, name):
        self.refused(archive(saved, members=[(name, b"x")]), "which is no part of a model file")

    def test_code_is_never_run(self, saved):
        config = config_of(saved)
        code = {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}}
        config["config"]["layers"][-1]["config"]["activation"] = code
        self.refused(archive(saved, config), "Python code (a lambda), which may do anything")
        config["config"]["layers"][-1] = {
            "module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": "system",
        }  # fmt: skip
        self.refused(archive(saved, config), "'system' of os is not part of fastnn")

    def test_bombs(self, saved, tmp_path):
        members = [(keras_archive.ASSETS + "zeros", b"\0" * (110 << 20))]
        bomb = archive(saved, members=members, compression=zipfile.ZIP_DEFLATED)
        assert bomb.stat().st_size < 1 << 18
        self.refused(bomb, "out of all proportion")

    def test_a_description_that_asks_for_more_than_the_file_holds(self, saved):
        config = config_of(saved)
        for units in (10**6, 10**9, 2**31, 2**62, 10**30):
            config["config"]["layers"][-1]["config"]["units"] = units
            self.refused(archive(saved, config), "larger than all that the file holds", "a size of at most")

    @pytest.mark.parametrize("shape", [[None, 2**30], [None, 2**20, 2**20], [None, 2**13, 2**13, 2]])
    def test_samples_that_are_too_large(self, saved, shape):
        config = config_of(saved)
        for layer in (config["config"]["layers"][0], config["config"]["layers"][1]):
            layer["config"]["batch_shape"] = shape
        self.refused(archive(saved, config), "larger than a file may ask for", "a size of at most")

    def test_datasets_that_declare_more_than_they_store(self, saved):
        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            file.create_dataset("layers/dense/vars/0", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(1024, 1024))
            file["layers/dense/vars/1"] = np.ones(4, np.float32)
        self.refused(archive(saved, weights=weights.getvalue()), "out of all proportion to what it stores")

    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ("external-link", "leads elsewhere"),
            ("soft-link", "leads elsewhere"),
            ("external", "made of other files"),
            ("virtual", "made of other files"),
            ("strings", "not numbers"),
            ("filter", "not supported"),
        ],
    )
    def test_datasets_that_lead_elsewhere(self, saved, tmp_path, how, message):
        secret = tmp_path / "secret.h5"
        with h5py.File(secret, "w") as file:
            file["x"] = np.ones((3, 4), np.float32)
        weights = io.BytesIO(zipfile.ZipFile(saved).read(keras_archive.WEIGHTS))
        with h5py.File(weights, "r+") as file:
            group = file["layers/dense/vars"]
            shape = group["0"].shape
            del group["0"]
            if how == "external-link":
                group["0"] = h5py.ExternalLink(str(secret), "x")
            elif how == "soft-link":
                group["0"] = h5py.SoftLink("/layers/conv2d/vars/0")
            elif how == "external":
                group.create_dataset("0", shape, "f4", external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
            elif how == "virtual":
                layout = h5py.VirtualLayout(shape, "f4")
                layout[:] = h5py.VirtualSource(str(secret), "x", shape)
                group.create_virtual_dataset("0", layout)
            elif how == "strings":
                group["0"] = np.full(shape, b"x")
            else:
                group.create_dataset("0", data=np.zeros(shape, "f4"), chunks=shape, scaleoffset=2)
        self.refused(archive(saved, weights=weights.getvalue()), message)

    def test_descriptions_that_are_none(self, saved):
        for text in (b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"class_name": "Dense"}', b"{}"):
            self.refused(archive(saved, text), "JSON", "no object", "describes no model", "fastnn")
        self.refused(archive(saved, config_of(saved)["config"]["layers"][-1]), "describes no model")

    def test_deep_descriptions(self, saved):
        config = {"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}}
        for _ in range(5000):
            config = {"class_name": "TimeDistributed", "module": "keras.layers", "config": {"layer": config}}
        text = '{"class_name":"Activation","module":"keras.layers","config":{"activation":' * 5000 + "1" + "}}" * 5000
        self.refused(archive(saved, text.encode()), "recursion", "JSON")

    def test_truncated_files(self, saved, tmp_path):
        data = saved.read_bytes()
        for size in (0, 1, 100, len(data) // 2, len(data) - 1):
            (tmp_path / "t.keras").write_bytes(data[:size])
            self.refused(tmp_path / "t.keras", "no whole .keras archive")

    @pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_damaged_members(self, saved, compression):
        packed = archive(saved, compression=compression)
        data = bytearray(packed.read_bytes())
        data[60:90] = bytes(255 - byte for byte in data[60:90])  # within the first member
        packed.write_bytes(data)
        self.refused(packed, "no whole .keras archive")

    def test_half_a_file_never_replaces_a_good_one(self, saved, monkeypatch):
        good = saved.read_bytes()
        other = image_model()
        monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="disk is full"):
            other.save(saved)
        assert saved.read_bytes() == good
        assert os.listdir(saved.parent) == ["m.keras"]

    def test_weights_that_do_not_fit_write_nothing(self, saved):
        weights = io.BytesIO(zipfile.ZipFile(saved).read(keras_archive.WEIGHTS))
        with h5py.File(weights, "r+") as file:
            del file["layers/dense_1/vars/1"]
        self.refused(archive(saved, weights=weights.getvalue()), 'Dense "out" has 2 weights and the file 1')


# Fuzzing --------------------------------------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5),
    st.sampled_from([[], {}, [None], [None, 3], ["a", 0, 0], [["a", 0, 0]], [2**40, 2**40], {"class_name": "Dense"},
                     {"class_name": "Dense", "config": {}}, {"class_name": "__numpy__", "config": {"value": [[1], []]}},
                     {"class_name": "Sequential", "module": "keras", "config": {"layers": []}}]),
)  # fmt: skip
_files: dict[str, bytes] = {}


def file_of(name):
    if name not in _files:
        buffer = io.BytesIO()
        from fastnn.saving.files import write_model

        write_model({"image": image_model, "branched": branched_model}[name](), buffer)
        _files[name] = buffer.getvalue()
    return _files[name]


def read_or_refuse(path):
    """Checks that reading gives a model, a ValueError or an OSError, and nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(ValueError, OSError):
            assert isinstance(saving.load_model(path), Model)


def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@FUZZ
@given(st.sampled_from(["image", "branched"]), st.data())
def test_strange_descriptions(tmp_path, name, data):
    source = tmp_path / "m.keras"
    source.write_bytes(file_of(name))
    config = config_of(source)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([path for path in places(config) if path]))
        inner = config
        for key in way:
            inner = inner[key]
        if data.draw(st.booleans()):
            inner[last] = data.draw(STRANGE)
        else:
            del inner[last]
    read_or_refuse(archive(source, config))


@FUZZ
@given(st.sampled_from(["archive", "h5", "weights"]), st.data())
def test_flipped_and_cut_bytes(tmp_path, form, data):
    whole = file_of("image")
    if form != "archive":
        whole = zipfile.ZipFile(io.BytesIO(whole)).read(keras_archive.WEIGHTS)
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del broken[data.draw(st.integers(0, len(broken))) :]
    path = tmp_path / "m.keras"
    if form == "weights":
        path.write_bytes(file_of("image"))
        path = archive(path, weights=bytes(broken))
    else:
        path = tmp_path / ("m.keras" if form == "archive" else "m.h5")
        path.write_bytes(broken)
    read_or_refuse(path)


def test_paths_may_be_texts(tmp_path):
    model = image_model()
    model.save(str(tmp_path / "m.keras"))
    assert isinstance(saving.load_model(str(tmp_path / "m.keras")), Sequential)
    assert Path(tmp_path / "m.keras").exists()


def test_a_model_in_a_folder(tmp_path):
    lookup = layers.StringLookup()
    lookup.adapt(["b", "a", "b"])
    model = fastnn.Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("adam", "mse")
    model.vocabulary = lookup
    x = np.ones((2, 3), np.float32)
    for _ in range(2):  # the second takes the place of the first
        model.fit(x, np.ones((2, 1)), verbose=0)
        model.save(tmp_path / "m", zipped=False)
    assert sorted(path.name for path in (tmp_path / "m").iterdir() if path.is_file()) == [
        "config.json", "metadata.json", "model.weights.h5",
    ]  # fmt: skip
    again = fastnn.saving.load_model(tmp_path / "m")
    np.testing.assert_array_equal(again(x), model(x))
    assert int(again.optimizer.iterations) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    with pytest.raises(FileExistsError, match="exists; pass overwrite=True"):
        model.save(tmp_path / "m", overwrite=False, zipped=False)
    with pytest.raises(ValueError, match="with zipped=False expects the name of a folder, without an ending, got"):
        model.save(tmp_path / "m.keras", zipped=False)
    (tmp_path / "other").mkdir()
    with pytest.raises(FileExistsError, match="exists and is no folder of a model"):
        model.save(tmp_path / "other", zipped=False)


@pytest.mark.parametrize("zipped", [True, False])
def test_vocabularies_in_assets_of_keras(tmp_path, zipped):
    """Keras writes a vocabulary that `adapt` found into a file beside the config, which has none."""

    @fastnn.saving.register_keras_serializable("tests")
    class Reader(fastnn.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.words = layers.StringLookup(name="words")
            self.dense = layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def get_config(self):
            return {"name": self.name}

    model = Reader()
    model(np.ones((1, 2)))
    model.words.adapt(["b", "a", "b"])
    path = tmp_path / ("m.keras" if zipped else "m")
    model.save(path, zipped=zipped)
    if zipped:
        with zipfile.ZipFile(path) as archive:
            assets = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("assets/")}
    else:
        assets = {f.relative_to(path).as_posix(): f.read_text() for f in (path / "assets").rglob("*") if f.is_file()}
    assert assets == {"assets/layers/string_lookup/vocabulary.txt": "[UNK]\nb\na"}
    assert fastnn.saving.load_model(path).words.get_vocabulary() == ["[UNK]", "b", "a"]


def test_loading_costs_as_much_for_each_layer_of_a_deep_model(tmp_path, monkeypatch):
    """The shapes of a chain were once inferred anew for each layer that was read."""
    fastnn.Sequential([layers.Input((2,)), *[layers.Dense(2) for _ in range(60)]]).save(tmp_path / "deep.keras")
    asked = []
    of_layer = layers.Dense.compute_output_shape
    monkeypatch.setattr(
        layers.Dense, "compute_output_shape", lambda self, shape: asked.append(self) or of_layer(self, shape)
    )
    saving.load_model(tmp_path / "deep.keras")
    assert len(asked) <= 4 * 60


@pytest.mark.parametrize("form", FORMS)
def test_layers_shared_within_wrappers_stay_apart_from_those_of_others(form, tmp_path):
    def shares():
        shared, x = layers.Dense(4), layers.Input((4,))
        return fastnn.Model(x, layers.Add()([Sequential([layers.Input((4,)), shared])(x), layers.ReLU()(shared(x))]))

    x = layers.Input((3, 4))
    model = fastnn.Model(x, layers.TimeDistributed(shares())(layers.TimeDistributed(shares())(x)))
    model.save(tmp_path / form)
    read = fastnn.saving.load_model(tmp_path / form)
    assert len(read.weights) == len(model.weights) == 4
    data = np.random.RandomState(0).normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(read.predict(data, verbose=0), model.predict(data, verbose=0))
