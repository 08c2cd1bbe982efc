"""Weights that the policy "bfloat16" holds in 16 bits: values, updates, files, scope."""

from __future__ import annotations

import copy
import pickle

import h5py
import numpy as np
import onnxruntime
import pytest

import fastnn
from fastnn import Sequential, config, constraints, layers, ops, optimizers
from test_bfloat16 import MIXED, MODELS

HELD = "bfloat16"


def rounded(x):
    """Numbers rounded to bfloat16, ties to even; unlike those that are multiplied, the smallest stay."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def normal(*shape):
    return np.random.RandomState(sum(shape)).normal(size=shape).astype(np.float32)


def twins(make):
    """A model that holds its kernels in 16 bits, and one that holds the same ones as floats."""
    made = []
    for policy in (HELD, MIXED):
        config.set_dtype_policy(policy)
        fastnn.utils.set_random_seed(0)
        made.append(make())
    config.set_dtype_policy("float32")
    made[1].set_weights(made[0].get_weights())
    return made


@pytest.mark.parametrize(
    ("make", "shape", "kept"),
    [
        (lambda dtype: layers.Dense(3, dtype=dtype), (None, 5), {"kernel": HELD, "bias": "float32"}),
        (
            lambda dtype: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", dtype=dtype),
            (None, 2, 5),
            {"kernel": HELD, "bias": "float32"},
        ),
        (lambda dtype: layers.Embedding(7, 5, dtype=dtype), (None,), {"embeddings": HELD}),
        (
            lambda dtype: layers.ReversibleEmbedding(7, 5, tie_weights=False, dtype=dtype),
            (None,),
            {"embeddings": HELD, "reverse_embeddings": HELD},
        ),
        (lambda dtype: layers.Conv2D(3, 2, dtype=dtype), (None, 4, 4, 2), {"kernel": "float32", "bias": "float32"}),
        (lambda dtype: layers.LSTM(3, dtype=dtype), (None, 4, 2), dict.fromkeys(("kernel", "bias"), "float32")),
    ],
)
def test_which_weights_are_held_in_16_bits(make, shape, kept):
    fastnn.utils.set_random_seed(3)
    layer = make(HELD)
    layer.build(shape)
    fastnn.utils.set_random_seed(3)
    floats = make("float32")
    floats.build(shape)
    types = {weight.name: weight.dtype for weight in layer.weights}
    assert kept.items() <= types.items()
    assert (layer.variable_dtype, layer.compute_dtype, layer.dtype_policy.name) == (HELD, HELD, HELD)
    for one, other in zip(layer.weights, floats.weights, strict=True):
        value = other.numpy()
        np.testing.assert_array_equal(one.numpy(), rounded(value) if one.dtype == HELD else value)
        assert one.numpy().dtype == np.float32


@pytest.mark.parametrize("name", MODELS)
def test_a_model_computes_as_one_with_these_kernels_in_floats(name, tmp_path):
    held, floats = twins(MODELS[name])
    x = normal(7, *held.input_shape[1:])
    got = held.predict(x, verbose=0)
    np.testing.assert_array_equal(got, floats.predict(x, verbose=0))
    np.testing.assert_array_equal(held.predict(x, batch_size=2, verbose=0), got)
    np.testing.assert_array_equal(held(x), got)
    for model in (held, floats):
        model.compile("adam", "mse")
    y = np.zeros_like(got)
    for one, other in zip(held.gradients(x, y).values(), floats.gradients(x, y).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    held.fit(x, y, epochs=2, verbose=0)
    held.save(tmp_path / "model.keras")
    read = fastnn.saving.load_model(tmp_path / "model.keras")
    assert [w.dtype for w in read.weights] == [w.dtype for w in held.weights]
    assert HELD in {w.dtype for w in read.weights}
    if name == "adapted":  # files and pickles hold a sum, which is rounded
        return
    np.testing.assert_array_equal(read.predict(x, verbose=0), held.predict(x, verbose=0))
    for model in (copy.deepcopy(held), pickle.loads(pickle.dumps(held))):
        assert [w.dtype for w in model.weights] == [w.dtype for w in held.weights]
        np.testing.assert_array_equal(model.predict(x, verbose=0), held.predict(x, verbose=0))


def dense():
    return Sequential(
        [layers.Input((19,)), layers.Dense(130, "relu", kernel_regularizer="l2"), layers.Dense(70), layers.Dense(2)]
    )


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: optimizers.Adam(0.05, clipnorm=0.1),
    "adamw": lambda: optimizers.AdamW(0.05, global_clipnorm=0.1),
    "average": lambda: optimizers.Adam(0.05, use_ema=True, ema_overwrite_frequency=1),
    "accumulated": lambda: optimizers.SGD(0.1, gradient_accumulation_steps=2),
    "adafactor": lambda: optimizers.Adafactor(0.05),
    "lamb": lambda: optimizers.Lamb(0.05, weight_decay=0.1),
    "muon": lambda: optimizers.Muon(0.05),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1)),
}


class Halved(optimizers.Optimizer):
    """An optimizer of a user's own, whose step is traced."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, ops.multiply(gradient, learning_rate / 2))


@pytest.mark.parametrize("name", [*OPTIMIZERS, "own"])
def test_an_update_is_that_of_floats_rounded(name):
    held, floats = twins(dense)
    x, y = normal(32, 19), normal(32, 2)
    for model in (held, floats):
        model.compile(OPTIMIZERS.get(name, lambda: Halved(0.3))(), "mse")
        model.fit(x, y, batch_size=16 if name == "accumulated" else 32, shuffle=False, verbose=0)
    for one, other in zip(held.weights, floats.weights, strict=True):
        expected = rounded(other.numpy()) if one.dtype == HELD else other.numpy()
        np.testing.assert_array_equal(one.numpy(), expected)
    assert np.abs(held.layers[1].kernel.numpy() - twins(dense)[0].layers[1].kernel.numpy()).max() > 0


@pytest.mark.parametrize("regularizer", ["l1", "l2", fastnn.regularizers.L1L2(0.01, 0.02)])
def test_penalties_are_those_of_floats(regularizer):
    def make():
        wide = layers.Dense(300, kernel_regularizer=regularizer)
        return Sequential([layers.Input((40,)), wide, layers.Dense(3, kernel_regularizer=regularizer)])

    held, floats = twins(make)
    x, y = normal(8, 40), normal(8, 3)
    losses = []
    for model in (held, floats):
        model.compile("sgd", "mse")
        losses.append((model.evaluate(x, y, verbose=0), model.train_on_batch(x, y)))
    np.testing.assert_allclose(*losses, rtol=1e-6)
    without = twins(lambda: Sequential([layers.Input((40,)), layers.Dense(300), layers.Dense(3)]))[0]
    without.compile("sgd", "mse")
    assert losses[0][0] > 1.01 * without.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("threads", [1, 3])
def test_training_has_the_same_bits_on_any_number_of_threads(threads):
    held = []
    for count in (threads, 2):
        config.set_num_threads(count)
        model = twins(dense)[0]
        model.compile("adam", "mse")
        model.fit(normal(100, 19), normal(100, 2), batch_size=25, epochs=3, verbose=0)
        held.append(model.get_weights())
    for one, other in zip(*held, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "constraint",
    [
        constraints.NonNeg(),
        constraints.UnitNorm(),
        constraints.MaxNorm(0.3),
        constraints.MinMaxNorm(0.2, 0.3, rate=0.5),
        lambda w: ops.clip(w, -0.0625, 0.0625),
    ],
)
def test_constraints(constraint):
    def make():
        return Sequential([layers.Input((19,)), layers.Dense(5, kernel_constraint=constraint)])

    held, floats = twins(make)
    x, y = normal(32, 19), normal(32, 5)
    for model in (held, floats):
        model.compile("sgd", "mse")
    held.fit(x, y, verbose=0)
    # The weight is rounded after the update, and once more after the constraint.
    unconstrained = twins(lambda: Sequential([layers.Input((19,)), layers.Dense(5)]))[1]
    unconstrained.set_weights(floats.get_weights())
    unconstrained.compile("sgd", "mse")
    unconstrained.fit(x, y, verbose=0)
    expected = np.asarray(constraint(rounded(unconstrained.layers[0].kernel.numpy())))
    got = held.layers[0].kernel.numpy()
    np.testing.assert_array_equal(got, rounded(got))
    np.testing.assert_allclose(got, expected, rtol=2**-8)


def test_files_hold_16_bits_and_any_policy_reads_them(tmp_path):
    held, floats = twins(lambda: Sequential([layers.Input((64,)), layers.Dense(512), layers.Dense(3)]))
    x = normal(4, 64)
    held.save_weights(tmp_path / "held.weights.h5")
    floats.save_weights(tmp_path / "floats.weights.h5")
    sizes = [(tmp_path / f"{name}.weights.h5").stat().st_size for name in ("held", "floats")]
    assert sizes[0] < 0.6 * sizes[1]
    with h5py.File(tmp_path / "held.weights.h5") as file:
        kernel, bias = (file[f"layers/dense/vars/{i}"] for i in (0, 1))
        assert kernel.dtype == np.dtype("V2") and kernel.attrs["dtype"] == HELD and bias.dtype == np.float32
    expected = held.predict(x, verbose=0)
    for model, name in ((floats, "held"), (held, "floats")):
        model.set_weights([np.zeros_like(one) for one in model.get_weights()])
        model.load_weights(tmp_path / f"{name}.weights.h5")
        np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    sizes = []
    for name, model in (("held", held), ("floats", floats)):
        model.save_weights(tmp_path / f"{name}.weights.json", max_shard_size=135 / 2**20)
        sizes.append(len(list(tmp_path.glob(f"{name}_0*.weights.h5"))))
    assert sizes == [1, 2]
    held.set_weights([np.zeros_like(one) for one in held.get_weights()])
    held.load_weights(tmp_path / "held.weights.json")
    np.testing.assert_array_equal(held.predict(x, verbose=0), expected)
    held.save(tmp_path / "older.h5")
    read = fastnn.saving.load_model(tmp_path / "older.h5")
    assert read.layers[0].kernel.dtype == HELD
    np.testing.assert_array_equal(read.predict(x, verbose=0), expected)


def test_integers_are_made_of_them():
    held, floats = twins(lambda: Sequential([layers.Input((64,)), layers.Dense(40), layers.Dense(3)]))
    for model in (held, floats):
        model.quantize("int8")
    assert [layer.dtype_policy.name for layer in held.layers] == ["int8_from_bfloat16"] * 2
    np.testing.assert_array_equal(held.predict(normal(4, 64), verbose=0), floats.predict(normal(4, 64), verbose=0))
    read = held.from_config(held.get_config())
    assert [w.dtype for w in read.weights] == [w.dtype for w in held.weights]


class Own(layers.Layer):
    def build(self, input_shape):
        self.factors = self.add_weight((input_shape[-1],), "random_normal", "bfloat16", name="factors")
        self.seen = self.add_weight((), "zeros", "bfloat16", trainable=False, name="seen")

    def call(self, inputs):
        self.seen.assign_add(0.1)
        return ops.abs(self.factors) * inputs + self.factors


def test_layers_of_ones_own_may_hold_weights_in_16_bits(tmp_path):
    layer = Own()
    model = Sequential([layers.Input((6,)), layer])
    x = normal(5, 6)
    factors = layer.factors.numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), np.abs(factors) * x + factors, rtol=1e-6)
    assert layer.factors.dtype == HELD and ops.dtype(layer.factors) == "float32"
    np.testing.assert_array_equal(factors, rounded(factors))
    seen = rounded(np.float32(0.1))
    assert layer.seen.numpy() == seen
    model.compile("sgd", "mse")
    model.fit(x, x, epochs=2, verbose=0)
    for _ in range(2):
        seen = rounded(seen + np.float32(0.1))
    assert layer.seen.numpy() == seen
    assert (layer.factors.numpy() != factors).any()
    model.save(tmp_path / "own.keras")
    read = fastnn.saving.load_model(tmp_path / "own.keras", custom_objects={"Own": Own})
    for one, other in zip(read.weights, model.weights, strict=True):
        assert one.dtype == HELD
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_step_of_ones_own_moves_them():
    class Stepped(fastnn.Model):
        def train_step(self, data):
            x, y = data
            with fastnn.GradientTape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            return {"loss": loss}

    def make():
        x = layers.Input((19,))
        return x, layers.Dense(3)(layers.Dense(40, "relu")(x))

    held, floats = twins(lambda: Stepped(*make()))
    for model in (held, floats):
        model.compile("adam", "mse")
        model.fit(normal(32, 19), normal(32, 3), shuffle=False, verbose=0)
    for one, other in zip(held.weights, floats.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), rounded(other.numpy()) if one.dtype == HELD else other.numpy())


@pytest.mark.parametrize(
    "product",
    [
        ops.matmul,
        lambda x, w: ops.einsum("ab,bc->ac", x, w),
        lambda x, w: ops.tensordot(x, w, 1),
        lambda x, w: ops.dot(x, w),
        lambda x, w: ops.matmul(x, ops.transpose(ops.transpose(w))),
    ],
)
@pytest.mark.parametrize("dtype", [HELD, "int8"])
def test_products_of_ones_own(product, dtype):
    class Product(layers.Layer):
        def build(self, input_shape):
            values = np.round(3 * normal(input_shape[-1], 3))
            self.factors = fastnn.Variable(values, dtype=dtype, trainable=dtype == HELD)

        def call(self, inputs):
            return product(inputs, self.factors)

    model = Sequential([layers.Input((6,)), Product()])
    x = normal(5, 6)
    before = model.layers[0].factors.numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), x @ before, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((5, 3)), verbose=0)
    assert (model.layers[0].factors.numpy() != before).any() == (dtype == HELD)


def test_a_way_back_of_its_own_is_held_in_16_bits_too():
    ids = layers.Input((4,), dtype="int32")
    x = np.arange(32).reshape(8, 4) % 9

    def make():
        there = layers.ReversibleEmbedding(9, 6, tie_weights=False)
        return fastnn.Model(ids, there(there(ids), reverse=True))

    held, floats = twins(make)
    np.testing.assert_allclose(held.predict(x, verbose=0), floats.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    held.compile("adam", "mse")
    held.fit(x, np.ones((8, 4, 9)), verbose=0)
    assert [w.dtype for w in held.weights] == [HELD, HELD]
    held.quantize("int8")
    assert {w.dtype for w in held.weights} == {"int8", "float32"}


def test_variables():
    x = np.float32([1.0, 1.00390625, 1.01171875, -3.4028235e38, np.inf, np.nan, 1e-40, -0.0])
    variable = fastnn.Variable(x, dtype=HELD)
    assert variable.dtype == HELD and HELD in repr(variable)
    np.testing.assert_array_equal(variable.numpy(), rounded(x))
    variable.assign(np.ones(8))
    np.testing.assert_array_equal(variable.assign_add(np.full(8, 1 / 512)), np.ones(8))
    np.testing.assert_array_equal(variable.assign_sub(np.full(8, 0.5)), np.full(8, 0.5))
    np.testing.assert_array_equal(variable * 2 + 1, np.full(8, 2.0))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(variable)).numpy(), variable.numpy())
    assert pickle.loads(pickle.dumps(variable)).dtype == HELD
    assert not fastnn.Variable(x, dtype=HELD, trainable=False).trainable


def test_onnx_has_the_numbers_of_the_model(tmp_path):
    class Placed(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.places = layers.Embedding(4, 6)

        def call(self, inputs):
            return inputs + self.places(ops.arange(4))

    config.set_dtype_policy(HELD)
    ids = layers.Input((4,), dtype="int32")
    there = layers.ReversibleEmbedding(9, 6)
    h = layers.EinsumDense("abc,bcd->abd", (4, 6))(Placed()(there(ids)))
    model = fastnn.Model(ids, there(h, reverse=True))
    config.set_dtype_policy("float32")
    assert {w.dtype for w in model.weights} == {HELD}
    x = np.arange(8).reshape(2, 4).astype(np.int32)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x})
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)


def test_a_layer_of_float64_holds_float64():
    pytest.importorskip("fastnn._native64")
    layer = Own(dtype="float64")
    model = Sequential([layers.Input((6,), dtype="float64"), layer])
    assert layer.factors.dtype == "float64" and model.predict(normal(5, 6), verbose=0).dtype == np.float64


class Momentum(optimizers.Optimizer):
    """An optimizer of a user's own with a slot."""

    def build(self, variables):
        super().build(variables)
        self.momenta = [self.add_variable_from_reference(one, "momentum") for one in variables]

    def update_step(self, gradient, variable, learning_rate):
        momentum = self.momenta[self._get_variable_index(variable)]
        self.assign(momentum, ops.add(ops.multiply(momentum, 0.9), gradient))
        self.assign_sub(variable, ops.multiply(momentum, learning_rate))


def test_slots_of_ones_own_are_floats():
    held, floats = twins(dense)
    for model in (held, floats):
        model.compile(Momentum(0.1), "mse")
        model.fit(normal(32, 19), normal(32, 2), shuffle=False, verbose=0)
    assert {slot.dtype for slot in held.optimizer.momenta} == {"float32"}
    for one, other in zip(held.weights, floats.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), rounded(other.numpy()) if one.dtype == HELD else other.numpy())


def test_integers_of_8_bits_are_never_written_as_floats():
    class Counting(layers.Layer):
        def build(self, input_shape):
            self.seen = fastnn.Variable(np.zeros(100, np.int8), trainable=False)

        def call(self, inputs):
            self.seen.assign(ops.ones(100))
            return inputs

    with pytest.raises(ValueError, match='held expects "float32" or "bfloat16", got "int8"'):
        Sequential([layers.Input((6,)), Counting()]).predict(normal(2, 6), verbose=0)
    held, _ = twins(dense)
    held.quantize("int8")
    optimizer = optimizers.SGD(0.1)
    kernel = held.layers[0].kernel
    before = kernel.numpy()
    with pytest.raises(ValueError, match=r"dense.*/kernel holds integers of 8 bits, which are not trained"):
        optimizer.apply_gradients([(np.ones(kernel.shape, np.float32), kernel)])
    np.testing.assert_array_equal(kernel.numpy(), before)


def test_what_cannot_be():
    held, _ = twins(dense)
    held.compile(optimizers.LBFGS(), "mse")
    before = held.get_weights()
    with pytest.raises(ValueError, match=r"LBFGS expects weights in float32, and dense.*/kernel is held in bfloat16"):
        held.fit(normal(8, 19), normal(8, 2), verbose=0)
    for one, other in zip(held.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="has the policy 'bfloat16', and its weights are made for it, got 'float32'"):
        held.layers[0].dtype_policy = "float32"
    with pytest.warns(UserWarning, match="computes in float32 where bfloat16 is asked for"):
        config.set_floatx(HELD)
    assert config.dtype_policy().name == "float32"


def test_it_learns():
    (x, y), (x_test, y_test) = fastnn.datasets.digits.load_data()
    x, x_test = x.reshape(len(x), -1) / 16.0, x_test.reshape(len(x_test), -1) / 16.0
    model = twins(lambda: Sequential([layers.Input((64,)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]))[0]
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=15, verbose=0)
    assert model.evaluate(x_test, y_test, verbose=0)[1] > 0.85
