"""Attributes and methods that every Keras object has, and the modules `tree`, `config`, `backend`, `dtype_policies`.

The values are what Keras 3.15.1 gives for the same calls.
"""

from __future__ import annotations

import collections
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, backend, config, dtype_policies, initializers, layers, ops, regularizers, tree

Point = collections.namedtuple("Point", ["x", "y"])
Other = collections.namedtuple("Other", ["x", "y"])
ONES = np.ones((4, 2), np.float32)


class TestTree:
    @pytest.mark.parametrize(
        ("structure", "leaves"),
        [
            (1, [1]),
            (None, [None]),
            ([], []),
            ({"b": 1, "a": [2, (3, None)]}, [2, 3, None, 1]),
            (collections.OrderedDict(b=1, a=2), [1, 2]),
            (collections.defaultdict(list, {"b": 1, "a": 2}), [2, 1]),
            (Point(1, [2]), [1, 2]),
            (collections.deque([1, 2]), [1, 2]),
        ],
    )
    def test_flatten_and_pack(self, structure, leaves):
        assert tree.flatten(structure) == leaves
        packed = tree.pack_sequence_as(structure, leaves)
        assert packed == structure and type(packed) is type(structure)
        assert [leaf for _, leaf in tree.flatten_with_path(structure)] == leaves
        assert tree.is_nested(structure) == (structure not in (1, None))

    def test_a_dict_keeps_the_order_of_its_keys(self):
        assert list(tree.map_structure(abs, {"b": -1, "a": -2}).items()) == [("b", 1), ("a", 2)]

    def test_paths(self):
        assert tree.flatten_with_path({"a": [10, {"b": 20}]}) == [(("a", 0), 10), (("a", 1, "b"), 20)]
        tree.assert_same_paths([0, (1,)], (2, [3]))
        with pytest.raises(ValueError, match="have other paths"):
            tree.assert_same_paths([0, 1], [0])

    @pytest.mark.parametrize(
        ("a", "b", "same"),
        [
            ([0, 1], [2, 3], True),
            ([0, 1], (2, 3), False),
            ([0], [1, 2], False),
            ({"a": 0}, collections.OrderedDict(a=1), True),
            ({"a": 0}, {"b": 0}, False),
            (Point(0, 1), Point(2, 3), True),
            (Point(0, 1), Other(2, 3), False),
            (0, [0], False),
        ],
    )
    def test_same_structure(self, a, b, same):
        if same:
            tree.assert_same_structure(a, b)
        else:
            for call in (tree.assert_same_structure, lambda a, b: tree.map_structure(lambda *x: 0, a, b)):
                with pytest.raises(ValueError, match="not nested in the same way"):
                    call(a, b)

    def test_map(self):
        assert tree.map_structure(lambda a, b: a + b, {"a": [1]}, {"a": [2]}) == {"a": [3]}
        assert tree.map_structure(lambda x: 1, [None, 2], none_is_leaf=False) == [None, 1]
        assert tree.map_structure(lambda x: 1, [None, 2]) == [1, 1]
        assert tree.map_structure_up_to((0, 0), lambda x: x, ([1, 2], 3)) == ([1, 2], 3)
        assert tree.map_shape_structure(lambda shape: shape, [(1, None), {"a": (2,)}]) == [(1, None), {"a": (2,)}]
        with pytest.raises(ValueError, match="at least one structure"):
            tree.map_structure(abs)
        with pytest.raises(ValueError, match="not nested in the same way"):
            tree.map_structure_up_to([[0]], lambda x: x, [1])

    def test_traverse(self):
        seen = []
        tree.traverse(seen.append, [1, (2,)])
        assert seen == [[1, (2,)], 1, (2,), 2]
        seen.clear()
        tree.traverse(seen.append, [1, (2,)], top_down=False)
        assert seen == [1, 2, (2,), [1, (2,)]]
        assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 1 else None, [1, 2]) == [None, 2]
        assert tree.lists_to_tuples([1, [2, {"a": [3]}]]) == (1, (2, {"a": (3,)}))

    def test_too_few_leaves(self):
        with pytest.raises(ValueError, match="expects 2 leaves"):
            tree.pack_sequence_as([0, 0], [1])
        with pytest.raises(TypeError):
            tree.pack_sequence_as([0], 1)


class TestConfig:
    @pytest.mark.parametrize(
        ("call", "value", "wrong"),
        [
            (config.set_floatx, "float32", "mixed_float16"),
            (config.set_epsilon, 1e-7, 1e-3),
            (config.set_backend, "fastnn", "jax"),
            (config.set_dtype_policy, "float32", "float8"),
            (dtype_policies.DTypePolicy, "float32", "half"),
        ],
    )
    def test_settings_of_one_value(self, call, value, wrong):
        call(value)
        with pytest.raises(ValueError, match=f"expects .*{value}.*, got {wrong!r}"):
            call(wrong)

    def test_what_belongs_to_other_devices(self):
        with pytest.warns(UserWarning, match="algorithm for GPUs"):
            config.enable_flash_attention()
        assert not config.is_flash_attention_enabled() and not config.is_nnx_enabled()

    def test_policies_go_through_configs(self):
        policy = config.dtype_policy()
        assert dtype_policies.deserialize(dtype_policies.serialize(policy)) == policy == dtype_policies.get("float32")
        assert layers.Dense(2, dtype=policy).dtype_policy == policy
        with pytest.raises(ValueError, match="expects the config of a DTypePolicy"):
            dtype_policies.get({"class_name": "Int4DTypePolicy", "config": {}})
        quantized = dtype_policies.get("int8_from_float32")
        assert dtype_policies.deserialize(dtype_policies.serialize(quantized)) == quantized != policy
        assert layers.Dense(2, dtype=quantized).quantization_mode == "int8"
        with pytest.raises(ValueError, match="'int8', the only one that fastnn has, got 'int4'"):
            dtype_policies.get("int4_from_float32")
        with pytest.raises(ValueError, match="no weight that can be quantized, got dtype 'int8_from_float32'"):
            layers.DepthwiseConv2D(3, dtype=quantized)

    def test_limits_of_training(self):
        model = Sequential([layers.Input((2,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        try:
            config.set_max_epochs(2)
            config.set_max_steps_per_epoch(1)
            with pytest.warns(UserWarning, match="epochs=5 is limited to 2"):
                history = model.fit(ONES, ONES[:, :1], batch_size=2, epochs=5, verbose=0)
            assert len(history.epoch) == 2 and model.optimizer.iterations == 2
            assert model.predict(ONES, batch_size=2, verbose=0).shape == (2, 1)
        finally:
            config.set_max_epochs(None)
            config.set_max_steps_per_epoch(None)

    def test_printing_is_switched_off(self, capsys):
        model = Sequential([layers.Input((2,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        try:
            config.disable_interactive_logging()
            model.fit(ONES, ONES[:, :1], verbose=2)
        finally:
            config.enable_interactive_logging()
        assert capsys.readouterr().out == ""


class TestBackend:
    @pytest.mark.parametrize(
        ("given", "name"),
        [(None, "float32"), (int, "int32"), (float, "float32"), (bool, "bool"), (np.int64, "int64"), (str, "string"),
         (np.dtype("uint8"), "uint8"), ("bfloat16", "bfloat16"), ("int", "int32")],
    )  # fmt: skip
    def test_names_of_types(self, given, name):
        assert backend.standardize_dtype(given) == name

    @pytest.mark.parametrize("wrong", ["nope", "float", object])
    def test_types_that_are_not_there(self, wrong):
        with pytest.raises(ValueError, match="Invalid dtype"):
            backend.standardize_dtype(wrong)

    @pytest.mark.parametrize(
        ("types", "result"),
        [((), "float32"), (("float32", "int32"), "float32"), (("int32", float), "float32"),
         (("uint8", "int8"), "int16"),
         (("uint32", "int32"), "int32"), (("int64", "float16"), "float16"), (("bfloat16", "float16"), "float32"),
         (("bool", int), "int32"), ((int, float), "float32"), (("int8", int), "int8"), (("bool", "uint8"), "uint8"),
         (("float64", "float32"), "float32"), (("uint64", "int64"), "float32"), ((None, "int32"), "float32"),
         (("bool",), "bool")],
    )  # fmt: skip
    def test_result_types(self, types, result):
        assert backend.result_type(*types) == result

    def test_kinds(self):
        assert backend.is_float_dtype("bfloat16") and not backend.is_float_dtype("int8")
        assert backend.is_int_dtype("uint8") and not backend.is_int_dtype("bool")
        assert backend.is_keras_tensor(layers.Input((2,))) and not backend.is_keras_tensor(ONES)


class Spread(layers.Layer):
    def __init__(self):
        super().__init__()
        self.input_spec = fastnn.InputSpec(ndim=3, axes={-1: 2})

    def call(self, x):
        return x


class TestLayers:
    def test_what_a_layer_tells(self):
        layer = layers.Dense(2, name="d", kernel_initializer="ones", kernel_regularizer=regularizers.L2(0.5))
        layer.build((None, 3))
        assert (layer.path, layer.kernel.path) == ("d", "d/kernel")
        assert layer.dtype == layer.compute_dtype == layer.variable_dtype == layer.dtype_policy.name == "float32"
        assert layer.losses == [3.0] and layer.metrics == layer.metrics_variables == []
        layer.trainable = False
        assert layer.losses == [] and layer.quantization_mode is None
        with pytest.raises(NotImplementedError, match=r"has no quantize\('int8'\): its weights stay float32"):
            layers.DepthwiseConv2D(3).quantize("int8")

    def test_shapes_of_outputs(self):
        made = layers.Dense(2).compute_output_spec(fastnn.KerasTensor((4, 3)))
        assert (made.shape, made.dtype) == ((4, 2), "float32")
        layer = layers.LSTM(2, return_state=True)
        assert [one.shape for one in layer.compute_output_spec(fastnn.KerasTensor((None, 4, 3)))] == [(None, 2)] * 3
        assert Spread().symbolic_call(fastnn.KerasTensor((None, 4, 2))).shape == (None, 4, 2)

    def test_calls_with_other_weights(self):
        layer = layers.BatchNormalization(momentum=0.5)
        layer.build((None, 2))
        before = layer.get_weights()
        outputs, after = layer.stateless_call([np.ones(2), np.ones(2)], before[2:], 3 * ONES, training=True)
        assert outputs == pytest.approx(np.ones((4, 2)))
        assert after[0].tolist() == [1.5, 1.5]
        assert all((a == b).all() for a, b in zip(before, layer.get_weights(), strict=True))
        with pytest.raises(ValueError, match="expects 2 arrays, got 1"):
            layer.stateless_call([np.ones(2)], before[2:], ONES)

    @pytest.mark.parametrize(
        ("shape", "said"),
        [((1, 2), r"expects an input of 3 dimensions, got shape \(1, 2\)"), ((1, 2, 3), "2 elements along axis -1")],
    )
    def test_inputs_that_do_not_fit_the_description(self, shape, said):
        assert Spread()(np.ones((1, 2, 2))).shape == (1, 2, 2)
        with pytest.raises(ValueError, match=said):
            Spread()(np.ones(shape))
        with pytest.raises(ValueError, match=said.split(",")[0]):
            Spread()(layers.Input(shape[1:]))

    def test_descriptions(self):
        spec = fastnn.InputSpec(shape=(None, 28, 28, 1), allow_last_axis_squeeze=True)
        assert spec.fault((5, 28, 28)) is None and spec.fault((5, 28, 28, 1)) is None
        assert spec.fault((5, 27, 28)) == "shape (None, 28, 28, 1)"
        assert fastnn.InputSpec.from_config(spec.get_config()).shape == spec.shape
        assert repr(fastnn.InputSpec(min_ndim=2, axes={-1: 3})) == "InputSpec(min_ndim=2, axes={-1: 3})"
        with pytest.raises(ValueError, match="expects axes below 2"):
            fastnn.InputSpec(ndim=2, axes={3: 1})


class TestModels:
    def model(self):
        model = Sequential([layers.Input((2,)), layers.Dense(1, name="d")])
        model.compile("adam", "mse", metrics=["mae"])
        return model

    def test_results_of_metrics(self):
        model = self.model()
        values = model.train_on_batch(ONES, ONES[:, :1], return_dict=True)
        assert model.compiled and model.get_metrics_result() == pytest.approx(values)

    def test_state_goes_from_one_to_another(self):
        one, other = self.model(), self.model()
        one.fit(ONES, ONES[:, :1], verbose=0)
        tree = one.get_state_tree()
        assert set(tree["trainable_variables"]["d"]) == {"kernel", "bias"}
        other.set_state_tree({"trainable_variables": tree["trainable_variables"]})
        assert other.predict(ONES, verbose=0).tobytes() == one.predict(ONES, verbose=0).tobytes()
        for wrong, said in ({"x": {}}, "expects the kinds"), ({"trainable_variables": {"e": ONES}}, "there are no"):
            with pytest.raises(ValueError, match=said):
                other.set_state_tree(wrong)
        with pytest.raises(ValueError, match="value_format expects"):
            one.get_state_tree("torch")

    def test_compile_by_a_config(self):
        model, other = self.model(), Sequential([layers.Input((2,)), layers.Dense(1)])
        assert other.get_compile_config() is None
        other.compile_from_config(model.get_compile_config())
        assert other.loss == "mse" and other.metrics_names == ["loss", "mae"]
        assert type(other.optimizer) is fastnn.optimizers.Adam


def test_names_of_the_top_module():
    assert isinstance(layers.Dense(1), fastnn.Operation)
    x = fastnn.Input((2,))
    assert fastnn.Function(x, layers.Dense(1)(x)).output_shape == (None, 1)
    for name in ("Initializer", "Loss", "Metric", "Optimizer", "Regularizer"):
        assert isinstance(getattr(fastnn, name), type)
    with fastnn.name_scope("a") as scope:
        assert scope.name == "a"
    with pytest.raises(ValueError, match="without '/'"):
        fastnn.name_scope("a/b")


class TestPreprocessing:
    @pytest.mark.parametrize(
        ("make", "parts"),
        [
            (layers.Normalization, [np.arange(6.0).reshape(3, 2), np.ones((2, 2))]),
            (lambda: layers.Discretization(num_bins=3), [np.arange(10.0), np.arange(30.0, 40.0)]),
            (layers.StringLookup, [np.array(["a", "b"]), np.array(["b", "c", "c", "c"])]),
            (layers.IntegerLookup, [np.array([1, 2]), np.array([2, 3, 3, 3])]),
            (layers.TextVectorization, [np.array(["a b"]), np.array(["b c", "c c"])]),
        ],
    )
    def test_batches_read_one_by_one(self, make, parts):
        adapted, fed = make(), make()
        adapted.adapt(np.concatenate(parts))
        fed.reset_state()
        for part in parts:
            fed.update_state(part)
        fed.finalize_state()
        data = np.concatenate(parts)
        assert np.asarray(adapted(data)) == pytest.approx(np.asarray(fed(data)), abs=1e-6)

    def test_what_was_given_stays(self):
        for layer in layers.Normalization(mean=0.0, variance=1.0), layers.StringLookup(vocabulary=["a"]):
            layer.reset_state()
            with pytest.raises(ValueError, match="cannot adapt"):
                layer.update_state(["a"])
            layer.finalize_state()


class Counted(layers.Layer):
    """A layer that adds a loss."""

    def call(self, inputs):
        self.add_loss(ops.mean(inputs))
        return inputs


class TestLosses:
    def test_of_the_last_call(self):
        layer = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1", kernel_initializer="ones")
        assert layer.losses == []
        layer(np.ones((3, 2), np.float32))
        np.testing.assert_allclose(layer.losses, [0.04, 0.04], rtol=1e-6)
        layer(np.zeros((3, 2), np.float32))
        np.testing.assert_allclose(layer.losses, [0.0, 0.04], rtol=1e-6)

    def test_of_a_model(self):
        last = layers.Dense(2, kernel_regularizer="l2", kernel_initializer="ones")
        model = Sequential([fastnn.Input((2,)), Counted(), last])
        x = fastnn.Input((2,))
        outer = fastnn.Model(x, model(x))
        for one in (model, outer):
            for value in (1.0, 3.0):
                one(np.full((2, 2), value, np.float32))
                np.testing.assert_allclose(one.losses, [value, 0.04], rtol=1e-6)
                np.testing.assert_allclose(model.layers[0].losses, [value], rtol=1e-6)
        assert (outer(ONES) == outer.predict(ONES, verbose=0)).all()

    def test_of_activity(self):
        model = Sequential([fastnn.Input((2,)), layers.ActivityRegularization(l2=0.5)])
        model(np.ones((2, 2), np.float32))
        np.testing.assert_allclose(model.losses, [1.0])


def test_assignments_return_the_value():
    variable = fastnn.Variable(np.ones(2, np.float32))
    made = [variable.assign([3, 4]), variable.assign_add([1, 1]), variable.assign_sub([2, 2])]
    np.testing.assert_array_equal(made, [[3, 4], [4, 5], [2, 3]])
    made[2][:] = 9
    np.testing.assert_array_equal(variable.numpy(), [2, 3])


def test_a_layer_may_return_a_variable():
    class Total(layers.Layer):
        def __init__(self):
            super().__init__()
            self.total = self.add_weight(shape=(2,), initializer="zeros", trainable=False)

        def call(self, inputs):
            self.total.assign_add(ops.sum(inputs, axis=0))
            return self.total

    total = Total()
    assert [total(np.ones((2, 2))).tolist() for _ in range(2)] == [[2.0, 2.0], [4.0, 4.0]]


@pytest.mark.parametrize(
    ("layer", "shape", "before", "after"),
    [
        (layers.Dense(2), (None, 3), "min_ndim=2", "min_ndim=2, axes={-1: 3}"),
        (layers.Conv1D(2, 2), (None, 8, 4), "min_ndim=3", "min_ndim=3, axes={-1: 4}"),
        (layers.Conv2D(2, 2, data_format="channels_first"), (None, 4, 8, 8), "min_ndim=4", "min_ndim=4, axes={1: 4}"),
        (layers.SeparableConv2D(2, 2), (None, 8, 8, 4), "min_ndim=4", "min_ndim=4, axes={-1: 4}"),
        (layers.MaxPooling3D(), (None, 8, 8, 8, 4), "ndim=5", "ndim=5"),
        (layers.GlobalAveragePooling1D(), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.UpSampling1D(), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.ZeroPadding2D(), (None, 8, 8, 4), "ndim=4", "ndim=4"),
        (layers.SpatialDropout1D(0.1), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.Flatten(), (None, 8, 4), "min_ndim=1", "min_ndim=1"),
        (layers.RepeatVector(2), (None, 4), "ndim=2", "ndim=2"),
        (layers.Permute((2, 1)), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.LSTM(2), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.Bidirectional(layers.GRU(2)), (None, 8, 4), "ndim=3", "ndim=3"),
        (layers.BatchNormalization(), (None, 8, 4), None, "ndim=3, axes={-1: 4}"),
        (layers.LayerNormalization(), (None, 8, 4), None, None),
    ],
)
def test_input_specs(layer, shape, before, after):
    for expected in (before, after):
        assert str(layer.input_spec) == (f"InputSpec({expected})" if expected else "None")
        layer.build(shape)


def test_weights_that_are_not_made():
    with pytest.raises(AttributeError, match='Dense "head" is not built and has no kernel yet: call it on data'):
        layers.Dense(2, name="head").kernel  # noqa: B018
    assert not hasattr(layers.Embedding(3, 2), "embeddings")


def test_a_wrapper_of_ones_own(tmp_path):
    @fastnn.saving.register_keras_serializable(package="surface")
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return 2 * self.layer(inputs)

    model = Sequential([fastnn.Input((2,)), Twice(layers.Dense(1, kernel_initializer="ones"))])
    assert model(np.ones((1, 2))).tolist() == [[4.0]] and len(model.weights) == 2
    model.save(tmp_path / "m.keras")
    assert fastnn.models.load_model(tmp_path / "m.keras")(np.ones((1, 2))).tolist() == [[4.0]]
    with pytest.raises(ValueError, match="expects a layer"):
        Twice(3)


def test_generators_in_configs(tmp_path):
    seed = fastnn.random.SeedGenerator(3, name="s")
    config_ = initializers.RandomNormal(seed=seed).get_config()
    assert json.loads(json.dumps(config_))["seed"] == {
        "module": "keras.random", "class_name": "SeedGenerator", "config": {"seed": 3, "name": "s"},
        "registered_name": None,
    }  # fmt: skip
    again = initializers.RandomNormal.from_config(config_)
    assert isinstance(again.seed, fastnn.random.SeedGenerator) and again.seed.seed == 3
    model = Sequential([fastnn.Input((2,)), layers.Dense(2, kernel_initializer=initializers.RandomNormal(seed=seed))])
    model.save(tmp_path / "m.keras")
    assert fastnn.models.load_model(tmp_path / "m.keras").layers[0].kernel_initializer.seed.name == "s"
    assert initializers.HeNormal(seed=1).clone().get_config() == initializers.HeNormal(seed=1).get_config()


def test_files_with_code(tmp_path, monkeypatch):
    model = Sequential([fastnn.Input((2,)), layers.Lambda(lambda x: 2 * x)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="pass safe_mode=False"):
        fastnn.models.load_model(tmp_path / "m.keras")
    monkeypatch.setattr(config, "_unsafe_deserialization", False)
    config.enable_unsafe_deserialization()
    assert fastnn.models.load_model(tmp_path / "m.keras")(ONES).tolist() == (2 * ONES).tolist()


def test_names_of_mixed_precision():
    assert fastnn.mixed_precision.global_policy().name == fastnn.mixed_precision.Policy("float32").name == "float32"
    for call in (
        lambda: fastnn.mixed_precision.set_global_policy("mixed_float16"),
        lambda: config.set_dtype_policy("float16"),
        lambda: config.set_floatx("bfloat16"),
        lambda: config.set_floatx("float16"),
        lambda: layers.Dense(2, dtype="float16"),
    ):
        with pytest.warns(UserWarning, match=r"computes in float32 where (mixed_b?|b?)float16 is asked for"):
            made = call()
        policy = getattr(made, "dtype_policy", made) or config.dtype_policy()
        assert policy.compute_dtype == policy.variable_dtype == config.floatx() == "float32"


def test_devices():
    with fastnn.device("/device:CPU:0"), fastnn.RematScope():
        assert fastnn.remat(np.square)(3) == 9
    with pytest.raises(ValueError, match="fastnn computes on the processor"), fastnn.device("gpu:0"):
        pass


@fastnn.saving.register_keras_serializable(package="surface")
class Words(layers.Layer):
    """A layer with a file of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words = []

    def save_assets(self, dir_path):
        Path(dir_path, "words.txt").write_text(" ".join(self.words))

    def load_assets(self, dir_path):
        self.words = Path(dir_path, "words.txt").read_text().split()

    def call(self, inputs):
        return inputs


def test_files_of_layers(tmp_path):
    words = Words()
    words.words = ["a", "b"]
    model = Sequential([fastnn.Input((2,)), Sequential([fastnn.Input((2,)), words])])
    model.save(tmp_path / "m.keras")
    assert fastnn.models.load_model(tmp_path / "m.keras").layers[0].layers[0].words == ["a", "b"]
    # As Keras 3.15 places it.
    assert "assets/layers/sequential/layers/words/words.txt" in zipfile.ZipFile(tmp_path / "m.keras").namelist()


def test_the_file_of_a_vocabulary(tmp_path):
    layer = layers.StringLookup()
    layer.adapt(["b", "a", "b"])
    layer.save_assets(tmp_path)
    assert (tmp_path / "vocabulary.txt").read_text() == "[UNK]\nb\na"
    again = layers.StringLookup()
    again.load_assets(tmp_path)
    assert again.get_vocabulary() == ["[UNK]", "b", "a"]
    numbers = layers.IntegerLookup()
    (tmp_path / "vocabulary.txt").write_text("-1\n5\n6")
    numbers.load_assets(tmp_path)
    assert numbers.get_vocabulary() == [-1, 5, 6]


def test_metrics_of_a_layer():
    layer = Words()
    layer.seen = fastnn.metrics.Mean(name="seen")
    assert layer.metrics == [layer.seen]
    with pytest.raises(NotImplementedError, match="gone from Keras 3"):
        layer.add_metric(1)


OURS = {"autocast", "input_shape", "output_shape"}
"""Names of Keras 2."""
MODELS = {
    "compiled_loss",
    "compiled_metrics",
    "gradients",
    "history",
    "inputs",
    "optimizer",
    "outputs",
    "stop_evaluating",
    "stop_predicting",
    "stop_training",
}
"""Attributes that `compile` and `fit` set, methods that nothing calls, and what a class may have in its own way."""


@pytest.mark.parametrize(
    ("base", "cls"),
    [
        ("Layer", layers.Layer),
        ("Model", fastnn.Model),
        ("Constraint", fastnn.constraints.Constraint),
        ("Regularizer", regularizers.Regularizer),
        ("Initializer", initializers.Initializer),
    ],
)
def test_no_name_that_an_author_could_choose(base, cls):
    own = type("Own", (cls,), {"call": lambda self, x: x} if issubclass(cls, layers.Layer) else {})
    keras = json.loads((Path(__file__).parent / "keras" / "names.json").read_text())[base]
    strange = {name for name in dir(own()) if not name.startswith("_")} - set(keras) - OURS
    assert strange <= (MODELS if base == "Model" else set())


def test_state_tree_of_two_layers_of_one_name():
    class Twins(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(1, name="d"), layers.Dense(1, name="d")

        def call(self, inputs):
            return self.first(inputs) + self.second(inputs)

    model = Twins()
    model(np.ones((2, 3)))
    with pytest.raises(ValueError, match="two variables have the path 'd/kernel'; give layers names of their own"):
        model.get_state_tree()


def test_metrics_of_layers_within():
    outer, inner = Words(), Words()
    outer.inner, inner.seen, outer.seen = inner, fastnn.metrics.Mean(name="seen"), fastnn.metrics.Mean(name="seen")
    assert outer.metrics == [outer.seen, inner.seen] and len(outer.metrics_variables) == 4


def test_a_lambda_with_an_array_as_its_mask():
    mask = np.array([[True, False]])
    layer = layers.Lambda(lambda x: x * 2, mask=mask)
    np.testing.assert_array_equal(layer.compute_mask(np.ones((1, 2, 3))), mask)
    after = layers.LSTM(2, kernel_initializer="ones", recurrent_initializer="ones")
    model = fastnn.Sequential([layers.Input((2, 3)), layer, after])
    # As Keras 3.15.1: one step of (2, 2, 2).
    np.testing.assert_allclose(model(np.ones((4, 2, 3))), np.full((4, 2), 0.7586681), rtol=1e-6)
    with pytest.raises(ValueError, match=r"expects a mask whose rows are equal, of shape \(1, steps\)"):
        layers.Lambda(lambda x: x, mask=np.array([[True, False], [True, True]]))(layers.Input((2, 3)))


def test_weight_decay_of_adamw():
    with pytest.raises(ValueError, match="AdamW expects weight_decay to be a number, got None; use Adam for none"):
        fastnn.optimizers.AdamW(weight_decay=None)


def test_an_input_layer():
    assert layers.InputLayer(shape=(3,)).call() is None
    with pytest.warns(UserWarning, match="input_shape is deprecated; write shape="):
        assert layers.InputLayer(input_shape=(3,)).batch_shape == (None, 3)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "uint32"])
def test_random_integers_of_any_type(dtype):
    assert fastnn.random.randint((3,), 0, 100, dtype=dtype).dtype == dtype
    assert fastnn.random.categorical(np.eye(3), 4, dtype=dtype).dtype == dtype
    with pytest.raises(ValueError, match=r"random\.uniform expects dtype to be a floating point type"):
        fastnn.random.uniform((3,), dtype=dtype)
    with pytest.raises(ValueError, match=r"random\.randint expects dtype to be an integer type"):
        fastnn.random.randint((3,), 0, 9, dtype="float32")
    np.testing.assert_array_equal(fastnn.random.dropout(np.ones(3), rate=1.0), np.zeros(3))


def test_a_constraint_without_a_call_changes_nothing():
    np.testing.assert_array_equal(fastnn.constraints.Constraint()(np.array([-1.0, 2.0])), [-1.0, 2.0])


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy"])
@pytest.mark.parametrize("module", [fastnn.losses, fastnn.metrics])
def test_crossentropies_of_targets_of_another_shape(module, name):
    with pytest.raises(ValueError, match=r"expects y_true of shape \(3, 3\), that of y_pred, got \(3, 1\); turn class"):
        getattr(module, name)()(np.zeros((3, 1)), np.full((3, 3), 0.5))


def test_name_scopes_begin_the_paths_of_variables():
    with fastnn.name_scope("outer"), fastnn.name_scope("inner"):
        variable = fastnn.Variable(np.zeros(2), name="kernel")
    assert variable.path == "outer/inner/kernel" and variable.name == "kernel"
    chosen = fastnn.optimizers.OptimizerMap(fastnn.optimizers.SGD(0.0))
    chosen["^outer/.*"] = fastnn.optimizers.SGD(0.5)
    fastnn.optimizers.MultiOptimizer(chosen).apply([np.ones(2)], [variable])
    np.testing.assert_array_equal(variable, [-0.5, -0.5])


def test_a_constraint_that_is_set_on_a_variable():
    variable = fastnn.Variable(np.array([-1.0, 2.0]))
    variable.constraint = fastnn.constraints.NonNeg()
    fastnn.optimizers.SGD(0.1).apply([np.zeros(2)], [variable])
    np.testing.assert_array_equal(variable, [0.0, 2.0])
    variable.constraint = None
    fastnn.optimizers.SGD(1.0).apply([np.array([1.0, 0.0])], [variable])
    np.testing.assert_array_equal(variable, [-1.0, 2.0])


def test_a_list_that_holds_itself():
    class Cyclic(fastnn.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(2)]
            self.blocks.append(self.blocks)

        def call(self, inputs):
            return self.blocks[0](inputs)

    model = Cyclic()
    assert model(np.ones((1, 3))).shape == (1, 2) and len(model.weights) == 2


def test_a_function_whose_package_a_file_leaves_out():
    @fastnn.saving.register_keras_serializable(package="surface")
    def squared_for_surface(x):
        return x**2

    config = {"module": "builtins", "class_name": "function", "config": "squared_for_surface"}
    assert fastnn.saving.deserialize_keras_object(config) is squared_for_surface


def test_reshaping_sequences_of_any_length():
    model = fastnn.Sequential([layers.Reshape((-1, 8))])
    model.compile("sgd", "mse")
    for steps in (12, 20, 24):
        assert model(np.ones((1, steps, 2))).shape == (1, steps // 4, 8)
    assert layers.Reshape((-1, 8))(layers.Input((None, 2))).shape == (None, None, 8)


def test_an_activity_penalty_of_no_rows():
    layer = layers.Activation("linear", activity_regularizer="l2")
    layer(np.ones((0, 5)))
    assert float(layer.losses[0]) == 0.0


def test_a_progress_bar_of_lists(capsys):
    bar = fastnn.utils.Progbar(target=2, verbose=1, stateful_metrics=["last"])
    for step in (1, 2):
        bar.update(step, values=[("last", [1.0, step]), ("mean", [1.0, 3.0])])
    assert "last: 1.5000 - mean: 2.0000" in capsys.readouterr().out
