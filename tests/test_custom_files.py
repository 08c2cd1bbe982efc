"""Files, copies and configs of classes of the user's own, as Keras 3.15.1 has them."""

import copy
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, activations, initializers, layers, losses, metrics, ops, optimizers, saving
from fastnn.layers import Input

FORMS = ["m.keras", "m.h5"]
X = np.linspace(-1, 1, 12).reshape(4, 3).astype(np.float32)
Y = np.ones((4, 2), np.float32)


@saving.register_keras_serializable("files")
class WithoutConstructor(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * self.scale


@saving.register_keras_serializable("files")
class WithoutArguments(Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


@saving.register_keras_serializable("files")
class AnyArguments(layers.Layer):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(x)


@saving.register_keras_serializable("files")
class Holder(layers.Layer):
    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, x):
        return self.layer(x)

    def get_config(self):
        return {**super().get_config(), "layer": saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(saving.deserialize_keras_object(config.pop("layer")), **config)


@saving.register_keras_serializable("files")
def square(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


MODELS = {
    "without constructor": lambda: Sequential([Input((3,)), WithoutConstructor(), layers.Dense(2)]),
    "without arguments": WithoutArguments,
    "any arguments": lambda: Sequential([Input((3,)), AnyArguments(name="any", trainable=False), layers.Dense(2)]),
    "a layer in the config": lambda: Sequential([Input((3,)), Holder(layers.Dense(2))]),
}


# The older form is of models made of layers.
FILES = [(name, form) for name in MODELS for form in FORMS if (name, form) != ("without arguments", "m.h5")]


@pytest.mark.parametrize(("name", "form"), FILES)
def test_custom_classes_go_on_to_the_bit(tmp_path, name, form):
    model = MODELS[name]()
    model.compile("adam", square)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / form)
    loaded = saving.load_model(tmp_path / form)
    if isinstance(model, Sequential):
        assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    for one in (model, loaded):
        one.fit(X, Y, shuffle=False, epochs=2, verbose=0)
    for mine, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(mine, other)


def described(model):
    buffer = io.BytesIO()
    model.save(buffer)
    return json.loads(zipfile.ZipFile(buffer).read("config.json"))


def test_keras_constructors_get_what_they_accept():
    model = WithoutArguments()
    model(X)
    entry = described(model)
    assert entry["config"] == {}
    assert entry["registered_name"] == "files>WithoutArguments"


def test_a_config_of_keras_for_a_layer_without_constructor():
    # keras.saving.serialize_keras_object(layer)["config"]
    dtype = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
    config = {"name": "scale", "trainable": True, "autocast": True, "activity_regularizer": None, "dtype": dtype}
    entry = {
        "module": None, "class_name": "WithoutConstructor", "config": config,
        "registered_name": "files>WithoutConstructor",
    }  # fmt: skip
    assert saving.deserialize_keras_object(entry).name == "scale"


def test_a_class_of_keras_is_not_replaced_in_keras_files(tmp_path):
    class Mine(layers.Dense):
        pass

    model = Sequential([Input((3,)), layers.Dense(2)])
    for form, expected in (("m.keras", layers.Dense), ("m.h5", Mine)):
        model.save(tmp_path / form)
        loaded = saving.load_model(tmp_path / form, custom_objects={"Dense": Mine})
        assert type(loaded.layers[0]) is expected
        assert np.array_equal(loaded(X), model(X))


class TestLambdas:
    def model(self):
        three = 3.0
        return Sequential([Input((3,)), layers.Lambda(lambda x, one=1.0: ops.multiply(x, three) + one)])

    @pytest.mark.parametrize("form", FORMS)
    def test_files(self, tmp_path, form):
        model = self.model()
        model.save(tmp_path / form)
        with pytest.raises(ValueError, match="safe_mode=False"):
            saving.load_model(tmp_path / form)
        loaded = saving.load_model(tmp_path / form, safe_mode=False)
        assert np.array_equal(loaded(X), 3 * X + 1)

    def test_the_form_of_keras(self):
        function = described(self.model())["config"]["layers"][1]["config"]["function"]
        assert function["class_name"] == "__lambda__"
        assert set(function["config"]) == {"code", "defaults", "closure"}
        function = saving.serialize_keras_object(lambda x: x)
        assert len(function["config"]["value"]) == 3
        with pytest.raises(ValueError, match="safe_mode=False"):
            saving.deserialize_keras_object(function)
        assert saving.deserialize_keras_object(function, safe_mode=False)(5) == 5

    def test_activations_and_copies(self):
        model = Sequential([Input((3,)), layers.Dense(2, activation=lambda x: 2 * x)])
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert np.array_equal(other(X), model(X))

    def test_json_is_safe(self):
        with pytest.raises(ValueError, match="Python code"):
            fastnn.models.model_from_json(self.model().to_json())

    def test_what_cannot_be_written(self):
        array = np.ones(3)
        with pytest.raises(TypeError, match="cannot be saved"):
            saving.serialize_keras_object(lambda x: x * array)


def test_open_files():
    model, other = (Sequential([Input((3,)), layers.Dense(2)]) for _ in range(2))
    file = io.BytesIO()
    model.save_weights(file)
    file.seek(0)
    other.load_weights(file)
    assert np.array_equal(other(X), model(X))
    file = io.BytesIO()
    model.save(file)
    assert np.array_equal(saving.load_model(file)(X), model(X))


class TestMembers:
    """`serialize`, `deserialize` and `get` of each module."""

    @pytest.mark.parametrize(
        "module, member",
        [
            ("layers", layers.Dense(2)),
            ("losses", losses.Huber(0.5)),
            ("metrics", metrics.Mean("q")),
            ("optimizers", optimizers.Adam(0.5)),
            ("optimizers.schedules", optimizers.schedules.CosineDecay(0.5, 10)),
            ("initializers", initializers.HeNormal(seed=3)),
            ("regularizers", fastnn.regularizers.L2(0.5)),
            ("constraints", fastnn.constraints.MaxNorm(3.0)),
        ],
    )
    def test_there_and_back(self, module, member):
        place = fastnn
        for part in module.split("."):
            place = getattr(place, part)
        told = place.serialize(member)
        assert told["module"] == f"keras.{module}" and told["registered_name"] is None
        short = {"class_name": told["class_name"], "config": told["config"]}
        for config in (told, short):
            made = place.deserialize(config)
            assert type(made) is type(member) and made.get_config() == member.get_config()
        assert place.deserialize(
            {"class_name": "Mine", "config": {}}, {"Mine": type("Mine", (WithoutConstructor,), {})}
        )
        with pytest.raises(ValueError, match="Nope"):
            place.deserialize({"class_name": "Nope", "config": {}})

    def test_functions(self):
        assert activations.serialize(activations.relu) == "relu"
        assert activations.deserialize("relu") is activations.relu
        told = losses.serialize(losses.mean_squared_error)
        assert told["class_name"] == "function" and told["config"] == "mean_squared_error"
        assert losses.deserialize(told) is losses.mean_squared_error
        assert losses.deserialize("mean_squared_error") is losses.mean_squared_error

    def test_lower_case(self):
        assert initializers.zeros is initializers.Zeros and initializers.he_normal is initializers.HeNormal
        assert type(optimizers.deserialize({"class_name": "adam", "config": {}})) is optimizers.Adam
        assert type(initializers.get({"class_name": "zeros", "config": {}})) is initializers.Zeros

    def test_registered_ones_are_found(self):
        @saving.register_keras_serializable("files")
        class Twos(initializers.Initializer):
            def __call__(self, shape, dtype=None):
                return np.full(shape, 2.0, np.float32)

        layer = layers.Dense(2, kernel_initializer="files>Twos")
        assert np.array_equal(layer(X), 2 * X.sum(1, keepdims=True).repeat(2, 1))
        with saving.custom_object_scope({"pairs": square}):
            assert np.all(np.asarray(losses.get("pairs")(Y, Y)) == 0.0)
            assert metrics.get("pairs")(Y, Y) == 0.0

    def test_none(self):
        # As Keras: keras.metrics.get(None), keras.optimizers.get(None).
        assert metrics.get(None) is None and optimizers.get(None) is None


def test_custom_objects_of_from_config():
    known = {"WithoutConstructor": WithoutConstructor}
    layer = layers.TimeDistributed(WithoutConstructor())
    assert type(layers.TimeDistributed.from_config(layer.get_config(), known).layer) is WithoutConstructor
    for cls, one in (
        (layers.Bidirectional, layers.Bidirectional(layers.LSTM(2))),
        (layers.RNN, layers.RNN(layers.LSTMCell(2))),
    ):
        assert type(cls.from_config(one.get_config(), custom_objects=known)) is cls
    rate = optimizers.schedules.CosineDecay(0.5, 10)
    again = optimizers.SGD.from_config(optimizers.SGD(rate).get_config(), custom_objects={})
    assert again.get_config()["learning_rate"] == {"class_name": "CosineDecay", "config": rate.get_config()}


def test_build_configs_and_own_variables():
    layer, other = layers.Dense(2), layers.Dense(2)
    assert layer.get_build_config() is None
    layer.build((None, 3))
    other.build_from_config(layer.get_build_config())
    values = {}
    layer.save_own_variables(values)
    assert [values[name].shape for name in ("0", "1")] == [(3, 2), (2,)]
    other.load_own_variables(values)
    assert np.array_equal(layer(X), other(X))
    with pytest.raises(ValueError, match="expects 2 variables, got 1"):
        other.load_own_variables({"0": values["0"]})


class Tower(Model):
    def __init__(self, width=2, **kwargs):
        super().__init__(**kwargs)
        self.width, self.dense = width, layers.Dense(width)

    def call(self, x):
        return self.dense(x)


def functional():
    x = Input((3,), name="x")
    return Model(x, layers.Dense(2, name="b")(layers.Dense(4, name="a")(x)), name="inner")


def again(layer):
    return type(layer).from_config(layer.get_config())


class TestClones:
    def test_a_model_with_a_call(self):
        clone = fastnn.models.clone_model(Tower(5))
        assert type(clone) is Tower and clone.width == 5 and not clone.built
        for name, value in (("clone_function", again), ("call_function", again), ("input_tensors", Input((3,)))):
            with pytest.raises(ValueError, match=name):
                fastnn.models.clone_model(Tower(5), **{name: value})

    @pytest.mark.parametrize("recursive, seen", [(False, ["inner"]), (True, ["a", "b"])])
    def test_nested_models(self, recursive, seen):
        x = Input((3,))
        names = []

        def noted(layer):
            names.append(layer.name)
            return again(layer)

        for model in (Model(x, functional()(x)), Sequential([Input((3,)), functional()])):
            names.clear()
            clone = fastnn.models.clone_model(model, clone_function=noted, recursive=recursive)
            assert names == seen and clone.count_params() == model.count_params()

    def test_calls(self):
        def with_dropout(layer, *args, **kwargs):
            made = layer(*args, **kwargs)
            return layers.Dropout(0.5)(made) if layer.name == "a" else made

        clone = fastnn.models.clone_model(functional(), call_function=with_dropout)
        assert [type(layer).__name__ for layer in clone.layers] == ["InputLayer", "Dense", "Dropout", "Dense"]

    def test_inputs(self):
        clone = fastnn.models.clone_model(functional(), input_tensors=Input((3,), name="z"))
        assert [layer.name for layer in clone.layers] == ["z", "a", "b"]
        inner = layers.Dense(3)(Input((5,)))
        for model in (functional(), Sequential([Input((3,)), layers.Dense(2)])):
            assert fastnn.models.clone_model(model, input_tensors=inner).input_shape == (None, 3)
        for wrong in (X, [Input((3,)), Input((3,))]):
            with pytest.raises(ValueError, match="input_tensors"):
                fastnn.models.clone_model(functional(), input_tensors=wrong)

    def test_compilation(self):
        model = functional()
        model.compile(optimizers.SGD(0.5), square)
        clone = fastnn.models.clone_model(model)
        assert clone.compiled and clone.optimizer.learning_rate == 0.5 and clone.optimizer is not model.optimizer


@pytest.mark.parametrize(
    "name", ["kind", "who", "takes_many", "_key", "_target", "_record", "input_shape", "output_shape", "infer_call"]
)
def test_attributes_of_any_name(name):
    class Free(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            setattr(self, name, "mine")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Sequential([Input((3,)), Free()])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert getattr(model.layers[0], name) == "mine" and model.predict(X, verbose=0).shape == (4, 2)


def test_copies_of_nested_layers():
    class Grid(layers.Layer):
        def __init__(self):
            super().__init__()
            self.grid = [[layers.Dense(3)], {"a": (layers.Dense(3),)}]

        def call(self, x):
            return self.grid[1]["a"][0](self.grid[0][0](x))

    layer = Grid()
    expected = layer(X)
    other = copy.deepcopy(layer)
    assert np.array_equal(other(X), expected)
    assert len(other.weights) == 4 and other.grid[0][0] is not layer.grid[0][0]
