"""Attributes and methods that every Keras object has, and the modules `tree`, `config`, `backend`, `dtype_policies`.

The values are what Keras 3.15.1 gives for the same calls.
"""

from __future__ import annotations

import collections

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, backend, config, dtype_policies, layers, regularizers, tree

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
            (config.set_floatx, "float32", "float16"),
            (config.set_epsilon, 1e-7, 1e-3),
            (config.set_backend, "fastnn", "jax"),
            (config.set_dtype_policy, "float32", "mixed_float16"),
            (dtype_policies.DTypePolicy, "float32", "bfloat16"),
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
            dtype_policies.get({"class_name": "QuantizedDTypePolicy", "config": {}})

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
        assert layer.losses == [] and layer.input_spec is None and layer.quantization_mode is None
        with pytest.raises(NotImplementedError, match=r"computes in float32, and has no quantize\('int8'\)"):
            layer.quantize("int8")

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
