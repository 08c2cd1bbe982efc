"""Products of bfloat16 under the policy "mixed_bfloat16": values, gradients, files, scope."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

import fastnn
from fastnn import Sequential, config, layers, ops
from test_quantization import MODELS as QUANTIZED

MIXED = "mixed_bfloat16"


def rounded(x):
    """Numbers rounded to bfloat16, ties to even; those below 2^-126 are zeros."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    near = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    small = (bits & 0x7FFFFFFF) < 0x00800000
    return np.where(small, bits & 0x80000000, near).astype(np.uint32).view(np.float32)


def product(a, b, start=0.0):
    """a @ b in the order of the instruction: by pairs of steps, the second one first. Products are exact."""
    a, b = rounded(a), rounded(b)
    if a.shape[-1] % 2:
        a, b = np.pad(a, ((0, 0), (0, 1))), np.pad(b, ((0, 1), (0, 0)))
    total = np.zeros((len(a), b.shape[1]), np.float32) + np.float32(start)
    for p in range(0, a.shape[-1], 2):
        for q in (p + 1, p):
            total += a[:, q : q + 1] * b[q : q + 1]
    return total


@pytest.fixture
def mixed():
    config.set_dtype_policy(MIXED)
    yield
    config.set_dtype_policy("float32")


SHAPES = [
    (1, 1, 1),
    (3, 5, 7),
    (1, 64, 64),
    (2, 67, 130),
    (17, 131, 33),
    (64, 300, 96),
    (130, 1030, 40),
    (40, 513, 257),
]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("rows", "features", "units"), SHAPES)
def test_values_are_those_of_the_instruction(rows, features, units, threads):
    rng = np.random.RandomState(features)
    layer = layers.Dense(units, bias_initializer="normal", dtype=MIXED)
    model = Sequential([layers.Input((features,)), layer])
    x = (rng.normal(size=(rows, features)) * 10.0 ** rng.uniform(-6, 6, (rows, 1))).astype(np.float32)
    fastnn.config.set_num_threads(threads)
    got = model.predict(x, verbose=0)
    np.testing.assert_array_equal(got, product(x, layer.kernel.numpy(), layer.bias.numpy()))
    np.testing.assert_array_equal(model.predict(x, batch_size=2, verbose=0), got)
    np.testing.assert_array_equal(model(x), got)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_gradients(activation):
    rng = np.random.RandomState(0)
    model = Sequential(
        [
            layers.Input((19,)),
            layers.Dense(33, activation=activation, dtype=MIXED),
            layers.Dense(5, dtype=MIXED),
        ]
    )
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(21, 19)).astype(np.float32), rng.normal(size=(21, 5)).astype(np.float32)
    first, second = model.layers
    hidden, out = Sequential([layers.Input((19,)), first]).predict(x, verbose=0), model.predict(x, verbose=0)
    found = model.gradients(x, y)
    dy = (2 / y.size * (out - y)).astype(np.float32)
    np.testing.assert_allclose(found[second.kernel.path], product(hidden.T, dy), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found[second.bias.path], dy.sum(axis=0), rtol=1e-5)
    slope = (hidden > 0) if activation == "relu" else 1 - hidden**2
    inner = product(dy, second.kernel.numpy().T) * slope
    # A gradient of which one bit differs before it is rounded may be rounded the other way.
    for path, expected in ((first.kernel.path, product(x.T, inner)), (first.bias.path, inner.sum(axis=0))):
        np.testing.assert_allclose(found[path], expected, atol=1e-3 * np.abs(expected).max())


def test_special_numbers():
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype=MIXED)
    x = np.float32([[np.inf, 1], [np.nan, 1], [3.4028235e38, 0], [1e-40, 0], [1.00390625, 0], [1.01171875, 0]])
    got = layer(x)[:, 0]
    assert got[0] == np.inf and np.isnan(got[1]) and got[2] == np.inf and got[3] == 0
    assert got[4:].tolist() == [1.0, 1.015625]  # ties go to even
    # As in float32, what is not a number is not cut off either.
    cut = layers.Dense(20, activation="relu", use_bias=False, kernel_initializer="ones", dtype=MIXED)(x)
    assert np.isnan(cut[1]).all() and not np.isnan(cut[[0, *range(2, 6)]]).any()


MODELS = {
    **{name: QUANTIZED[name] for name in ("dense", "steps", "attention")},
    "einsum": lambda: Sequential(
        [layers.Input((6, 8)), layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), layers.Flatten()]
    ),
    "adapted": lambda: Sequential([layers.Input((20,)), layers.Dense(8, lora_rank=2), layers.Dense(3)]),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model(name, tmp_path, mixed):
    fastnn.utils.set_random_seed(0)
    model = MODELS[name]()
    shape = tuple(model.input_shape[1:])
    x = np.random.RandomState(2).normal(size=(7, *shape)).astype(np.float32)
    got = model.predict(x, verbose=0)
    config.set_dtype_policy("float32")
    plain = MODELS[name]()
    plain.set_weights(model.get_weights())
    floats = plain.predict(x, verbose=0)
    assert 0 < np.abs(got - floats).max() < 0.02 * np.abs(floats).max() + 0.01
    model.compile("adam", "mse")
    model.fit(x, np.zeros_like(got), epochs=2, verbose=0)
    trained = model.predict(x, verbose=0)
    assert np.abs(trained - got).max() > 0 and all(w.dtype == "float32" for w in model.weights)
    model.save(tmp_path / "model.keras")
    read = fastnn.saving.load_model(tmp_path / "model.keras")
    # The file of an adapted layer holds the sum of its kernel and the product, which is rounded as one.
    tolerance = 0.01 * np.abs(trained).max() if name == "adapted" else 0
    np.testing.assert_allclose(read.predict(x, verbose=0), trained, rtol=0, atol=tolerance)
    read.fit(x, np.zeros_like(got), verbose=0)


def test_onnx_has_the_same_numbers(tmp_path, mixed):
    model = Sequential(
        [
            layers.Input((6, 8)),
            layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"),
            layers.Flatten(),
            layers.Dense(5, "tanh"),
        ]
    )
    x = np.random.RandomState(2).normal(size=(3, 6, 8)).astype(np.float32)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(got, model.predict(x, verbose=0), atol=1e-3)


def test_where_the_policy_counts(mixed):
    assert config.floatx() == "float32" and config.dtype_policy().name == MIXED
    layer = layers.Dense(2)
    assert (layer.dtype, layer.compute_dtype, layer.variable_dtype) == ("float32", "bfloat16", "float32")
    assert layers.Dense(2, dtype="float32").dtype_policy.name == "float32"
    assert layers.Conv2D(2, 3).dtype_policy.name == MIXED
    outer = layers.MultiHeadAttention(2, 4, dtype="float32")
    outer.build((None, 5, 8), (None, 5, 8))
    config.set_floatx("float32")
    assert config.dtype_policy().name == "float32" and layers.Dense(2).dtype_policy.name == "float32"
    inner = layers.MultiHeadAttention(2, 4, dtype=MIXED)
    x = layers.Input((5, 8))
    kinds = {row.kind for row in profiled(fastnn.Model(x, inner(x, x)))}
    assert any("Bfloat16" in kind for kind in kinds)


def profiled(model):
    x = np.ones((2, *model.input_shape[1:]), np.float32)
    return fastnn.utils.profile(model, x, batch_size=2, steps=1).rows


def test_it_learns(mixed):
    (x, y), (x_test, y_test) = fastnn.datasets.digits.load_data()
    x, x_test = x.reshape(len(x), -1) / 16.0, x_test.reshape(len(x_test), -1) / 16.0
    fastnn.utils.set_random_seed(1)
    model = Sequential([layers.Input((x.shape[1],)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=15, verbose=0)
    assert model.evaluate(x_test, y_test, verbose=0)[1] > 0.93


def test_a_policy_goes_through_files_of_keras():
    policy = fastnn.dtype_policies.get(MIXED)
    described = fastnn.dtype_policies.serialize(policy)
    assert described["config"] == {"name": MIXED} and fastnn.dtype_policies.deserialize(described) == policy
    with pytest.raises(ValueError, match=r"got 'mixed_bf16'\. Did you mean 'mixed_bfloat16'\?"):
        fastnn.dtype_policies.get("mixed_bf16")
    with pytest.raises(ValueError, match=r"'mixed_bfloat16', 'bfloat16', 'int8_from_float32' or a policy, got 'int8'"):
        layers.Dense(2, dtype="int8")
    with pytest.raises(ValueError, match=r"got 'int32'\.$"):
        layers.Dense(2, dtype="int32")
    with pytest.raises(ValueError, match=r"got 'mixed_bflaot16'\. Did you mean 'mixed_bfloat16'\?"):
        layers.Dense(2, dtype="mixed_bflaot16")
    quantized = fastnn.dtype_policies.get(f"int8_from_{MIXED}")
    assert (quantized.name, quantized.compute_dtype) == (f"int8_from_{MIXED}", "bfloat16")
    assert fastnn.dtype_policies.deserialize(fastnn.dtype_policies.serialize(quantized)) == quantized
    assert fastnn.dtype_policies.get(np.float32).name == fastnn.dtype_policies.deserialize("float32").name == "float32"
    with pytest.raises(ValueError, match="expects the policy of layers of floats, got 'int8_from_float32'"):
        config.set_dtype_policy("int8_from_float32")
    assert ops.shape(layers.Dense(2, dtype=policy)(np.ones((1, 3)))) == (1, 2)


def test_the_name_of_the_type_stands_for_float32():
    x = np.float32([1.5, -2.25])
    assert ops.cast(x, "bfloat16").dtype == ops.saturate_cast(x, "bfloat16").dtype == "float32"

    class Own(layers.Layer):
        def call(self, inputs):
            return ops.cast(inputs, self.compute_dtype) * 2

    np.testing.assert_array_equal(Own(dtype=MIXED)(x[None]), 2 * x[None])


def test_a_policy_may_be_changed_and_is_kept_by_quantization(tmp_path):
    model = Sequential([layers.Input((20,)), layers.Dense(8), layers.Dense(3)])
    x = np.random.RandomState(0).normal(size=(4, 20)).astype(np.float32)
    floats = model.predict(x, verbose=0)
    for layer in model.layers:
        layer.dtype_policy = MIXED
    mixed = model.predict(x, verbose=0)
    assert np.abs(mixed - floats).max() > 0
    with pytest.raises(ValueError, match="has the policy 'mixed_bfloat16', and its weights are made for it"):
        model.layers[0].dtype_policy = "float64"
    with pytest.raises(ValueError, match="has no weight that can be quantized"):
        model.dtype_policy = "int8_from_float32"
    model.layers[0].dtype_policy = model.layers[1].dtype_policy = "float32"
    np.testing.assert_array_equal(model.predict(x, verbose=0), floats)
    model.layers[0].dtype_policy = MIXED
    model.quantize("int8")
    assert [layer.dtype_policy.name for layer in model.layers] == [f"int8_from_{MIXED}", "int8_from_float32"]
    model.save(tmp_path / "model.keras")
    read = fastnn.saving.load_model(tmp_path / "model.keras")
    assert read.layers[0].dtype_policy == model.layers[0].dtype_policy
    np.testing.assert_array_equal(read.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("policy", ["float64", MIXED, "int8_from_float32", f"int8_from_{MIXED}"])
def test_a_policy_that_is_set_before_the_weights_are_made_is_that_of_the_constructor(policy):
    if policy == "float64":
        pytest.importorskip("fastnn._native64")
    given, changed = layers.Dense(3, dtype=policy), layers.Dense(3)
    changed.dtype_policy = policy
    for layer in (given, changed):
        layer.build((None, 4))
    assert [w.dtype for w in changed.weights] == [w.dtype for w in given.weights]
    assert (changed.dtype, changed.compute_dtype, changed.dtype_policy) == (
        given.dtype, given.compute_dtype, given.dtype_policy
    )  # fmt: skip


def test_a_policy_leaves_the_type_of_inputs_and_serves_layers_without_weights(tmp_path):
    ids = layers.Input((3,), dtype="int32")
    model = fastnn.Model(ids, layers.Dense(2)(layers.Dropout(0.5)(layers.Flatten()(layers.Embedding(5, 4)(ids)))))
    for layer in model.layers:
        layer.dtype_policy = MIXED
    assert model.layers[0].dtype == "int32"
    model.save(tmp_path / "m.keras")
    read = fastnn.saving.load_model(tmp_path / "m.keras")
    assert read.inputs[0].dtype == "int32"
    x = np.array([[0, 4, 2]])
    np.testing.assert_array_equal(read.predict(x, verbose=0), model.predict(x, verbose=0))
    without = layers.Dropout(0.5)
    without.dtype_policy = "float64"
    assert without.dtype == "float64"


def test_a_policy_of_integers_quantizes_a_layer_that_has_weights():
    fastnn.utils.set_random_seed(0)
    layer, other = layers.Dense(3), layers.Dense(3)
    for one in (layer, other):
        one.build((None, 40))
    other.set_weights(layer.get_weights())
    layer.dtype_policy = "int8_from_float32"
    other.quantize("int8")
    assert layer.quantization_mode == "int8"
    for one, same in zip(layer.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), same.numpy())


@pytest.mark.parametrize("make", [lambda: layers.MultiHeadAttention(2, 8), lambda: layers.GroupQueryAttention(8, 2, 1)])
def test_the_projections_of_attention_have_its_policy(make):
    x = np.random.RandomState(0).normal(size=(2, 5, 16)).astype(np.float32)
    fastnn.utils.set_random_seed(0)
    built, called = make(), make()
    for layer in (built, called):
        layer.dtype_policy = MIXED
    built.build((2, 5, 16), (2, 5, 16))
    called(x, x)
    called.set_weights(built.get_weights())
    np.testing.assert_array_equal(built(x, x), called(x, x))
    assert {part.dtype_policy.name for part in vars(built).values() if isinstance(part, layers.Layer)} == {MIXED}


def test_models_name_their_policy_in_their_config(mixed, tmp_path):
    model = Sequential([layers.Input((4,)), layers.Dense(3)])
    assert model.get_config()["dtype"] == fastnn.dtype_policies.serialize(model.dtype_policy)
    model.save(tmp_path / "m.keras")
    config.set_dtype_policy("float32")
    read = fastnn.saving.load_model(tmp_path / "m.keras")
    assert read.dtype_policy.name == read.layers[0].dtype_policy.name == MIXED
    assert Sequential([layers.Input((4,)), layers.Dense(3)]).get_config()["dtype"] == "float32"


def test_a_new_session_has_no_policy(mixed):
    fastnn.utils.clear_session()
    assert config.dtype_policy().name == "float32"
