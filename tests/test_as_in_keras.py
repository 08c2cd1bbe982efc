"""What users of Keras rely on beside the numbers: forms of results and configs, what is tracked, what is refused."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

import fastnn
from fastnn import Input, KerasTensor, Model, layers, losses, metrics


class TestMeasures:
    """Losses and metrics."""

    @pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
    def test_values_answer_as_tensors(self, reduction: str) -> None:
        value = losses.MeanSquaredError(reduction=reduction)([[1.0], [0.0]], [[3.0], [0.0]])
        assert value.dtype == np.float32 and value.shape == np.shape(value)
        np.testing.assert_array_equal(value.numpy(), np.asarray(value, np.float32))
        copied = pickle.loads(pickle.dumps(value))
        assert type(copied) in (float, np.ndarray)

    def test_results_answer_as_tensors(self) -> None:
        metric = metrics.Mean()
        metric.update_state([1.0, 3.0])
        assert metric.result().numpy() == 2.0 and metric.result().shape == () and str(metric.result()) == "2.0"

    @pytest.mark.parametrize(
        ("units", "y", "expected"),
        [
            (1, [[1], [0], [1]], "binary_crossentropy"),
            (3, [2, 0, 1], "sparse_categorical_crossentropy"),
            (3, [[2], [0], [1]], "sparse_categorical_crossentropy"),
            (3, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], "categorical_crossentropy"),
        ],
        ids=["one output", "indices", "columns of indices", "rows"],
    )
    @pytest.mark.parametrize("word", ["crossentropy", "ce"])
    def test_the_crossentropy_that_fits(self, units: int, y: Any, expected: str, word: str) -> None:
        x, y = np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2), np.array(y)
        found = []
        for loss in (word, expected):
            fastnn.utils.set_random_seed(1)
            activation = "sigmoid" if units == 1 else "softmax"
            model = fastnn.Sequential([fastnn.Input((2,)), layers.Dense(units, activation=activation)])
            model.compile(fastnn.optimizers.SGD(1.0), loss)
            model.fit(x, y, epochs=2, verbose=0)
            found.append(model.evaluate(x, y, verbose=0))
        assert found[0] == pytest.approx(found[1], rel=1e-5)

    def test_indices_of_the_best_classes(self) -> None:
        y, best = np.array([2, 1]), np.array([[1, 0, 3], [1, 2, 3]])
        for k, expected in ((1, 0.5), (3, 0.5)):
            metric = metrics.SparseTopKCategoricalAccuracy(k, from_sorted_ids=True)
            assert metric(y, best) == expected
        assert metric(y, best, sample_weight=[0.7, 0.3]) == pytest.approx((1 + 0.3) / (2 + 1.0))
        assert metrics.SparseTopKCategoricalAccuracy.from_config(metric.get_config()).from_sorted_ids

    def test_indices_of_the_best_classes_in_training(self) -> None:
        model = fastnn.Sequential([fastnn.Input((3,)), layers.Activation("linear")])
        model.compile(
            None, lambda y, p: p[:, 0], metrics=[metrics.SparseTopKCategoricalAccuracy(1, from_sorted_ids=True)]
        )
        y, best = np.array([[1], [3], [0]]), np.array([[1, 0, 3], [1, 2, 3], [0, 1, 2]], np.float32)
        assert model.evaluate(best, y, verbose=0)[1] == pytest.approx(2 / 3)

    def test_configs_of_metrics_hold_the_type(self) -> None:
        assert metrics.ConcordanceCorrelation().get_config() == {
            "name": "concordance_correlation", "dtype": "float32", "axis": -1,
        }  # fmt: skip
        assert repr(metrics.Mean()) == "Mean()"
        assert metrics.MeanIoU(2).get_config()["dtype"] == "int32"

    def test_variables_of_attributes(self) -> None:
        class Own(metrics.Metric):
            def __init__(self, name: str = "own", **kwargs: Any) -> None:
                super().__init__(name=name, **kwargs)
                self.total = self.add_variable(shape=(), initializer="zeros", name="total")

        def variables(**attributes: Any) -> int:
            metric = Own()
            for name, value in attributes.items():
                setattr(metric, name, value)
            return len(metric.variables)

        inner = Own()
        inner.further = {"deep": [Own()]}
        assert variables() == 1
        assert variables(one=fastnn.Variable(0.0), many={"a": [fastnn.Variable(1.0)], "b": (Own(), Own())}) == 5
        assert variables(one=[inner]) == 3
        metric = Own()
        metric.more = [fastnn.Variable(3.0)]
        metric.total.assign(2.0)
        metric.reset_state()
        assert [float(variable.numpy()) for variable in metric.variables] == [0.0, 0.0]


class TestLayers:
    """Layers: what their configs and attributes hold, what one's own tell of shapes."""

    @pytest.mark.parametrize(
        ("shapes", "kind"), [(lambda s: s, tuple), (lambda s: [s, s], list), (lambda s: {"a": s, "b": [s]}, dict)],
        ids=["one", "list", "dict"],
    )  # fmt: skip
    def test_shapes_that_a_layer_declares(self, shapes: Any, kind: type) -> None:
        class Declared(layers.Layer):
            def call(self, x: Any) -> Any:
                raise RuntimeError("it is not run to learn of shapes")

            def compute_output_shape(self, input_shape: Any) -> Any:
                return shapes(input_shape)

        made = Declared().compute_output_spec(KerasTensor((2, 3)))
        assert isinstance(made, KerasTensor if kind is tuple else kind)
        first = made if kind is tuple else made[0] if kind is list else made["b"][0]
        assert first.shape == (2, 3) and first.dtype == "float32"

    def test_shapes_of_arguments_by_name(self) -> None:
        class Two(layers.Layer):
            def build(self, second_shape: Any, first_shape: Any) -> None:
                self.seen = second_shape[1:], first_shape[1:]

            def call(self, first: Any, second: Any = None, third: Any = None) -> Any:
                return first[:, 0] + second[:, 0]

        class Strange(Two):
            def build(self, first_shape: Any, other_shape: Any) -> None:
                pass

        class Nameless(Two):
            def build(self, first_shape: Any, second: Any) -> None:
                pass

        first, second = np.ones((4, 1)), np.ones((4, 2))
        layer = Two()
        layer(first, second)
        assert layer.seen == ((2,), (1,))
        for cls, name in ((Strange, "other_shape"), (Nameless, "second")):
            with pytest.raises(ValueError, match=f"third_shape; got the parameter '{name}'"):
                cls()(first, second)

    def test_arguments_that_are_refused(self) -> None:
        for given in ("yes", 1, None):
            with pytest.raises(TypeError, match="expects trainable to be True or False"):
                layers.Dense(2, trainable=given)
        with pytest.raises(TypeError, match="positional arguments"):
            layers.Layer().add_weight((3,), "zeros", "float32", "name")  # type: ignore[misc]

    @pytest.mark.parametrize("shape", [(2, 3), (None, 3)], ids=["fixed", "free"])
    def test_the_tensor_of_an_input(self, shape: Any) -> None:
        tensor = KerasTensor(shape)
        x = Input(tensor=tensor)
        assert x is tensor
        model = Model(x, layers.Dense(2)(x))
        assert model.inputs[0] is tensor and model.predict(np.ones((2, 3)), verbose=0).shape == (2, 2)
        h = layers.Dense(3)(Input((2,)))
        assert Input(tensor=h) is not h

    @pytest.mark.parametrize("axis", [(-2, -1), [-2, -1], -1], ids=["tuple", "list", "integer"])
    def test_axes_in_configs(self, axis: Any) -> None:
        expected = axis if axis == -1 else [-2, -1]
        for cls in (layers.LayerNormalization, layers.UnitNormalization):
            config = cls(axis=axis).get_config()
            assert config["axis"] == expected and cls.from_config(config).get_config()["axis"] == expected
        assert layers.Normalization(axis=axis).get_config()["axis"] == ((-1,) if axis == -1 else (-2, -1))
        assert layers.Normalization(axis=None).get_config()["axis"] == ()
        assert layers.MultiHeadAttention(2, 3, attention_axes=1).get_config()["attention_axes"] == (1,)

    def test_means_have_the_rank_of_the_data(self) -> None:
        x = np.arange(24.0).reshape(8, 3)
        layer = layers.Normalization()
        assert layer.mean is None
        layer.adapt([(x[:4], np.zeros(4)), (x[4:], np.zeros(4))])
        np.testing.assert_allclose(layer.mean.numpy(), [[10.5, 11.5, 12.5]])
        assert layer.adapt_mean.shape == (3,) and [w.shape for w in layer.weights] == [(3,), (3,), ()]
        np.testing.assert_allclose(layer(x).std(axis=0), 1, rtol=1e-6)
        values = np.arange(1, 6, dtype=np.float32)
        for axis, sizes in ((2, (1, 1, 5, 1)), ((1, 2), (1, 4, 5, 1))):
            layer = layers.Normalization(axis=axis, mean=values, variance=np.ones(5))
            layer.build((2, 4, 5, 3))
            assert layer.mean.shape == layer.variance.shape == sizes
            np.testing.assert_array_equal(layer.mean[0, -1, :, 0], values)
        layer = layers.Normalization(mean=np.array([0.5, 1]), variance=(2.0, 3.0), name="n")
        assert repr(layer) == "Normalization(name='n', mean=[0.5, 1.0], variance=[2.0, 3.0])"
        assert layers.Normalization.from_config(layer.get_config()).get_config() == layer.get_config()

    @pytest.mark.parametrize("given", [["a", "b"], ["[MASK]", "[OOV]", "a", "b"]], ids=["tokens", "all"])
    def test_a_given_vocabulary(self, given: list[str]) -> None:
        layer = layers.StringLookup(vocabulary=given, oov_token="[OOV]", mask_token="[MASK]")
        assert layer.get_config()["vocabulary"] == given
        assert layer.get_vocabulary() == ["[MASK]", "[OOV]", "a", "b"]
        again = layers.StringLookup.from_config(layer.get_config())
        assert again.get_config() == layer.get_config() and again.get_vocabulary() == layer.get_vocabulary()
        layer.set_vocabulary(["c"])
        assert layer.get_config()["vocabulary"] == ["[MASK]", "[OOV]", "c"]

    def test_given_frequencies(self) -> None:
        layer = layers.StringLookup(vocabulary=["a", "b"], output_mode="tf_idf", idf_weights=[0.1, 0.2])
        assert layer.get_config()["idf_weights"] == [0.1, 0.2]
        again = layers.StringLookup.from_config(layer.get_config())
        np.testing.assert_array_equal(again([["a", "z"]]), layer([["a", "z"]]))

    def test_bytes_of_a_function_that_splits(self) -> None:
        layer = layers.TextVectorization(
            split=lambda texts: [text.encode().split(b"|") for text in texts.tolist()],
            standardize=None,
            vocabulary=["foo", "bar"],
        )
        assert layer(["foo|bar", "bar"]).tolist() == [[2, 3], [3, 0]]

    def test_shapes_of_bins_that_are_not_known_yet(self) -> None:
        shapes = {
            mode: layers.Discretization(num_bins=4, output_mode=mode).compute_output_shape((None, 3, 2))
            for mode in ("int", "one_hot", "multi_hot", "count")
        }
        assert shapes == {
            "int": (None, 3, 2), "one_hot": (None, 3, 2, 4), "multi_hot": (None, 2, 4), "count": (None, 2, 4),
        }  # fmt: skip
        assert layers.Discretization([0.0, 1.0], output_mode="one_hot").compute_output_shape(()) == (3,)

    def test_one_token(self) -> None:
        for mode in ("one_hot", "multi_hot", "count"):
            found = layers.CategoryEncoding(4, mode)(np.array(2))
            assert found.tolist() == ([[0, 0, 1, 0]] if mode == "one_hot" else [0, 0, 1, 0])
        assert layers.CategoryEncoding(4).compute_output_shape(()) == (4,)


class TestFiles:
    """What files and descriptions hold, and what they are not trusted with."""

    def test_a_layer_under_the_name_of_a_property(self, tmp_path: Any) -> None:
        class Plain(Model):
            def __init__(self) -> None:
                super().__init__()
                self.dense = layers.Dense(3)

            def call(self, x: Any) -> Any:
                return self.dense(x)

        class Renamed(Model):
            def __init__(self) -> None:
                super().__init__()
                self.a_dense = layers.Dense(3)

            @property
            def dense(self) -> Any:
                return self.a_dense

            def call(self, x: Any) -> Any:
                return self.dense(x)

        x = np.ones((2, 2))
        one, other = Plain(), Renamed()
        expected, _ = one(x), other(x)
        one.save_weights(tmp_path / "a.weights.h5")
        other.load_weights(tmp_path / "a.weights.h5")
        np.testing.assert_array_equal(other(x), expected)
        other.save_weights(tmp_path / "b.weights.h5")
        again = Renamed()
        again(x)
        again.load_weights(tmp_path / "b.weights.h5")
        np.testing.assert_array_equal(again(x), expected)

    def test_inputs_in_lists_of_one(self) -> None:
        a, b = Input((4,)), Input((4,))
        model = Model([a, b], [layers.Dense(2)(a), layers.Dense(3)(b)])
        x, y = np.ones((2, 4)), np.zeros((2, 4))
        for found, expected in zip(model([[x], y]), model([x, y]), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert model.predict([[x], (y,)], verbose=0)[0].shape == (2, 2)

    @pytest.mark.parametrize("value", [b"hello", slice(None, np.array([0, 1]), 1), slice(1, None)], ids=repr)
    def test_plain_values(self, value: Any) -> None:
        form = json.loads(json.dumps(fastnn.saving.serialize_keras_object(value)))
        again = fastnn.saving.serialize_keras_object(fastnn.saving.deserialize_keras_object(form))
        assert form == again

    @pytest.mark.parametrize("registered", ["builtins.eval", "other>Dense"])
    def test_a_part_of_keras_under_another_name(self, registered: str) -> None:
        entry = {"module": "keras.layers", "class_name": "Dense", "registered_name": registered, "config": {"units": 1}}
        with pytest.raises(ValueError, match="which is not registered"):
            fastnn.saving.deserialize_keras_object(entry)
        made = fastnn.saving.deserialize_keras_object({**entry, "registered_name": "Dense"})
        assert isinstance(made, layers.Dense)
        function = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": registered}
        with pytest.raises(ValueError, match="which is not registered"):
            fastnn.saving.deserialize_keras_object(function)
        found = fastnn.saving.deserialize_keras_object({**function, "registered_name": "function"})
        assert found is fastnn.activations.relu

    @pytest.mark.parametrize(
        ("inputs", "outputs", "expected"),
        [
            ("x", "y", (["x", 0, 0], ["y", 0, 0])),
            ("[x]", "(y,)", ([["x", 0, 0]], [["y", 0, 0]])),
            ("[[x]]", "[[y]]", ([[["x", 0, 0]]], [[["y", 0, 0]]])),
            ("{'k': x}", "{'o': y}", ({"k": ["x", 0, 0]}, {"o": ["y", 0, 0]})),
        ],
    )
    def test_ends_of_a_model_keep_their_form(self, inputs: str, outputs: str, expected: Any) -> None:
        x = Input((3,), name="x")
        named = {"x": x, "y": layers.Dense(2, name="y")(x)}
        model = Model(eval(inputs, named), eval(outputs, named))
        told = model.to_json()
        config = json.loads(told)["config"]
        assert (config["input_layers"], config["output_layers"]) == expected
        assert fastnn.models.model_from_json(told).to_json() == told

    @pytest.mark.parametrize("text", [False, True], ids=["lookup", "text"])
    def test_frequencies_of_a_vocabulary(self, text: bool, tmp_path: Any) -> None:
        """Keras keeps them with the weights, and a vocabulary that `adapt` found in a file of its own."""
        layer: Any = layers.TextVectorization(output_mode="tf_idf", name="idf", standardize=None)
        if not text:
            layer = layers.StringLookup(output_mode="tf_idf", name="idf")
        x = ["b a", "b c"] if text else [["b", "a"], ["b", "c"]]
        layer.adapt(x)
        fastnn.Sequential([layer]).save(tmp_path / "ours.keras")
        with zipfile.ZipFile(tmp_path / "ours.keras") as ours, zipfile.ZipFile(tmp_path / "keras.keras", "w") as theirs:
            for name in ours.namelist():
                data = ours.read(name)
                if name == "config.json":
                    config = json.loads(data)
                    for entry in config["config"]["layers"]:
                        if entry["config"].get("vocabulary"):
                            entry["config"].update(vocabulary=None, idf_weights=None)
                    data = json.dumps(config).encode()
                theirs.writestr(name, data)
            with h5py.File(io.BytesIO(ours.read("model.weights.h5"))) as file:
                place = "layers/text_vectorization" if text else "layers/string_lookup"
                expected = [f"{place}/_lookup_layer/vars/idf_weights"] * text + [f"{place}/vars/idf_weights"]
                assert all(path in file and file[path].shape == (4,) for path in expected)
        for name in ("ours", "keras"):
            again = fastnn.models.load_model(tmp_path / f"{name}.keras").get_layer("idf")
            assert again.get_vocabulary() == layer.get_vocabulary()
            np.testing.assert_array_equal(again(x), layer(x))


class Two(NamedTuple):
    first: Any
    second: Any


def test_named_tuples_of_targets_and_losses() -> None:
    """A named tuple is a structure of outputs, of targets, of inputs and of losses."""

    def apart(y: Any, p: Any) -> Any:
        return fastnn.ops.mean((y - p) ** 2)

    def together(y: Any, p: Any) -> Any:
        return apart(y[0], p[0]) + apart(y[1], p[1])

    x = Input((3,))
    h = layers.Dense(2)(x)
    model = Model(x, Two(layers.Dense(1, name="first")(h), layers.Dense(1, name="second")(h)))
    model.compile("sgd", loss=[together, Two(apart, apart)])
    data = np.linspace(0, 1, 24).reshape(8, 3)
    history = model.fit(data, Two(data[:, :1], data[:, 1:2]), batch_size=2, verbose=0).history
    assert sorted(history) == ["first_loss", "first_second_loss", "loss", "second_loss"]
    assert history["loss"][0] == pytest.approx(2 * (history["first_loss"][0] + history["second_loss"][0]), rel=1e-5)
    assert type(model.predict(data, verbose=0)) is Two
