"""Models in float64: the same numbers as Keras, gradients as finite differences have them, files, and what is refused.

The rows of `tests/keras` that Keras 3 has run in float64 are replayed at the accuracy of doubles.
"""

from __future__ import annotations

import inspect
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent / "keras"))
from rows import FLOAT64, Row, float64_rows, run

import fastnn
from fastnn import Input, Model, Sequential, layers, losses, metrics, models, ops, optimizers
from test_optimizers import EXTRAS, RULES, SHAPES, trajectory

# Keras on TensorFlow rounds some constants to float32 on their way: the scale of attention, sqrt(2), log(2), shares of
# pixels, arguments of penalties and optimizers. These have references of NumPy below, or gradients by differences.
ROUNDED_BY_KERAS = {
    "attention-heads-self", "attention-heads-causal", "attention-heads-attention-mask", "attention-transformer-adam",
    "convolution-up-sampling2d-bilinear", "core-dense-gelu", "core-dense-penalties", "core-loss-log_cosh",
    "core-optimizer-adam", "core-optimizer-sgd-nesterov", "optimizers-adagrad", "optimizers-adam-accumulated",
    "optimizers-adamax", "optimizers-adamw", "optimizers-clipnorm", "optimizers-cosine", "optimizers-ftrl",
    "optimizers-muon", "optimizers-nadam",
}  # fmt: skip
RECORDED = [(family, row) for family, rows in float64_rows().items() for row in rows]


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Lets layers that say nothing else compute in float64."""
    fastnn.config.set_floatx("float64")
    fastnn.utils.set_random_seed(1)
    yield
    fastnn.config.set_floatx("float32")


def normal(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.RandomState(seed).normal(size=shape)


# What Keras has computed.


@pytest.mark.parametrize(("family", "row"), RECORDED, ids=[f"{family}-{row.name}" for family, row in RECORDED])
def test_what_keras_gave(family: str, row: Row) -> None:
    with np.load(FLOAT64 / family / f"{row.name}.npz") as stored:
        expected = dict(stored)
    weights = [expected[f"weights_{i}"] for i in range(sum(name.startswith("weights_") for name in expected))]
    got = run(row, fastnn, weights)
    assert list(got) == list(expected)
    for name, value in expected.items():
        assert got[name].dtype == value.dtype, name
        part, _, number = name.partition("_")
        largest = float(np.abs(value - weights[int(number)] if part == "after" else value).max(initial=0.0))
        error = float(np.abs(got[name] - value).max(initial=0.0))
        rtol = 3e-5 if f"{family}-{row.name}" in ROUNDED_BY_KERAS else 1e-12 if part == "outputs" else 1e-10
        assert error <= rtol * max(largest, 1e-3), f"{name}: {error:.3g} from Keras', largest {largest:.3g}"


def test_every_recorded_file_has_a_row() -> None:
    assert {path.relative_to(FLOAT64).with_suffix("").as_posix() for path in FLOAT64.rglob("*.npz")} == {
        f"{family}/{row.name}" for family, row in RECORDED
    }


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("rule", RULES)
def test_steps_of_optimizers(rule: str, extra: str) -> None:
    cls, reference, arguments = RULES[rule]
    given: dict[str, Any] = dict(EXTRAS[extra])
    if cls is optimizers.AdamW and given["weight_decay"] is None:
        given["weight_decay"] = 0.0
    is_muon = cls is optimizers.Muon
    optimizer = cls(**arguments, **given, **({"adam_weight_decay": 0.2} if is_muon else {}))
    first = [normal(*shape, seed=i) for i, shape in enumerate(SHAPES)]
    gradients = [[normal(*shape, seed=9 * step + i) for i, shape in enumerate(SHAPES)] for step in range(6)]
    weights = [fastnn.Variable(w, name=f"w{i}") for i, w in enumerate(first)]
    optimizer.build(weights)
    for of_step in gradients:
        optimizer.apply(of_step)
    expected, _ = trajectory(reference, arguments, EXTRAS[extra], first, gradients, 0.2 if is_muon else None)
    for got, want in zip(weights, expected, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-9, atol=1e-10 * np.abs(want).max())


def test_attention_and_gelu_as_numpy_has_them() -> None:
    x = normal(2, 5, 4)
    layer = layers.MultiHeadAttention(2, 3)
    got = np.asarray(layer(x, x))
    q, bq, k, bk, v, bv, o, bo = (one.numpy() for one in layer.weights)
    query, key, value = (np.einsum("btd,dhe->bthe", x, w) + b for w, b in ((q, bq), (k, bk), (v, bv)))
    scores = np.exp(np.einsum("bqhe,bkhe->bhqk", query, key) / np.sqrt(3.0))
    mixed = np.einsum("bhqk,bkhe->bqhe", scores / scores.sum(-1, keepdims=True), value)
    np.testing.assert_allclose(got, np.einsum("bqhe,hed->bqd", mixed, o) + bo, rtol=1e-13, atol=1e-14)
    gelu = 0.5 * x * (1.0 + np.vectorize(math.erf)(x / np.sqrt(2.0)))
    np.testing.assert_allclose(np.asarray(layers.Activation("gelu")(x)), gelu, rtol=1e-13, atol=1e-16)


# Functions.

SMALL = np.logspace(-300, 0, 301)
NEAR_1 = np.concatenate([1 + np.logspace(-15, -1, 99), 1 - np.logspace(-15, -1, 99)])
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], NDArray[np.float64]]] = {
    "exp": (np.exp, np.linspace(-740.0, 709.0, 4001)),
    "expm1": (np.expm1, np.concatenate([np.linspace(-50.0, 700.0, 999), SMALL, -SMALL])),
    "log": (np.log, np.concatenate([np.logspace(-307, 308, 3001), NEAR_1])),
    "log1p": (np.log1p, np.concatenate([np.logspace(-300, 300, 999), -np.logspace(-300, -0.1, 999)])),
    "tanh": (np.tanh, np.concatenate([np.linspace(-25.0, 25.0, 999), SMALL])),
    "sin": (np.sin, np.linspace(-1e5, 1e5, 999)),
    "cos": (np.cos, np.linspace(-1e5, 1e5, 999)),
    "tan": (np.tan, np.linspace(-1.5, 1.5, 999)),
    "arcsin": (np.arcsin, np.linspace(-1.0, 1.0, 999)),
    "arctan": (np.arctan, np.linspace(-1e3, 1e3, 999)),
    "sinh": (np.sinh, np.linspace(-700.0, 700.0, 999)),
    "cosh": (np.cosh, np.linspace(-700.0, 700.0, 999)),
    "arcsinh": (np.arcsinh, np.linspace(-1e6, 1e6, 999)),
    "arctanh": (np.arctanh, np.linspace(-0.999, 0.999, 999)),
    "sqrt": (np.sqrt, np.logspace(-300, 300, 999)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), np.logspace(-300, 300, 999)),
    "round": (np.round, np.linspace(-1e3, 1e3, 999)),
    "floor": (np.floor, np.linspace(-1e12, 1e12, 999)),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_digits_of_doubles(name: str) -> None:
    expected, x = FUNCTIONS[name]
    inputs = Input((1,))
    model = Model(inputs, getattr(ops, name)(inputs))
    got = model.predict(x[:, None], verbose=0)[:, 0]
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected(x), rtol=4e-15 if name != "sin" else 1e-12, atol=1e-300)


def test_the_inverse_of_erf_has_the_digits_of_doubles() -> None:
    x = np.concatenate([np.linspace(-5.0, 5.0, 999), np.logspace(-200, 0, 99)])
    inputs = Input((1,))
    y = Model(inputs, ops.erf(inputs)).predict(x[:, None], verbose=0)
    back = Model(inputs, ops.erfinv(inputs)).predict(y, verbose=0)[:, 0]
    # Near 1 the digits of erf are few; its inverse spreads their rounding.
    np.testing.assert_allclose(back, x, rtol=1e-14, atol=2e-16 * np.exp(np.minimum(x * x, 26.0)).max())
    near = np.abs(x) < 2
    np.testing.assert_allclose(back[near], x[near], rtol=2e-14, atol=1e-14)


def test_special_values() -> None:
    x = np.array([[0.0], [-0.0], [np.inf], [-np.inf], [np.nan], [1e-310]])
    inputs = Input((1,))
    with np.errstate(all="ignore"):
        for name, expected in {"exp": np.exp, "log": np.log, "tanh": np.tanh, "expm1": np.expm1}.items():
            model = Model(inputs, getattr(ops, name)(inputs))
            np.testing.assert_array_equal(model.predict(x[:5], verbose=0), expected(x[:5]), err_msg=name)


# Gradients.

IMAGES, VOLUMES, STEPS = (6, 5, 3), (4, 4, 3, 2), (6, 4)
LAYERS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    **{
        f"dense-{name}": (lambda name=name: layers.Dense(3, activation=name), (4,))
        for name in (
            "linear", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "exponential", "silu",
            "gelu", "mish", "log_softmax", "celu", "squareplus", "log_sigmoid", "tanh_shrink", "sparse_plus",
        )
    },
    "einsum": (lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"), STEPS),
    "conv1d": (lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2), STEPS),
    "conv2d": (lambda: layers.Conv2D(4, 3, padding="same"), IMAGES),
    "conv2d-strided": (lambda: layers.Conv2D(4, 3, strides=2), IMAGES),
    "conv2d-groups": (lambda: layers.Conv2D(6, 3, groups=3), IMAGES),
    "conv3d": (lambda: layers.Conv3D(2, 2), VOLUMES),
    "conv1d-transpose": (lambda: layers.Conv1DTranspose(2, 3, strides=2), STEPS),
    "conv2d-transpose": (lambda: layers.Conv2DTranspose(2, 3, strides=2, padding="same"), IMAGES),
    "depthwise": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), IMAGES),
    "separable": (lambda: layers.SeparableConv2D(3, 3), IMAGES),
    "prelu": (lambda: layers.PReLU(alpha_initializer="ones"), STEPS),
    "batchnorm": (lambda: layers.BatchNormalization(), IMAGES),
    "layernorm": (lambda: layers.LayerNormalization(), STEPS),
    "groupnorm": (lambda: layers.GroupNormalization(3), IMAGES),
    "rmsnorm": (lambda: layers.RMSNormalization(), STEPS),
    "simple-rnn": (lambda: layers.SimpleRNN(3), STEPS),
    "lstm": (lambda: layers.LSTM(3), STEPS),
    "gru": (lambda: layers.GRU(3, return_sequences=True), STEPS),
    "bidirectional": (lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)), STEPS),
    "conv-lstm": (lambda: layers.ConvLSTM1D(2, 2), (3, 4, 2)),
    "time-distributed": (lambda: layers.TimeDistributed(layers.Dense(2)), STEPS),
    "average-pooling": (lambda: layers.AveragePooling2D(2), IMAGES),
    "max-pooling": (lambda: layers.MaxPooling2D(2), IMAGES),
    "global-max": (lambda: layers.GlobalMaxPooling2D(), IMAGES),
    "resizing": (lambda: layers.UpSampling2D(2, interpolation="bilinear"), IMAGES),
    "unit-norm": (lambda: layers.UnitNormalization(), STEPS),
}  # fmt: skip


def _checked(model: Any, x: Any, y: NDArray[np.float64]) -> None:
    """Compares the gradients of a model with central differences of its loss."""
    found = model.gradients(x, y)
    step = 1e-4
    assert len(found) == len(model.trainable_variables)
    for path in found:
        variable = next(one for one in model.trainable_variables if path.endswith(one.path))
        value = variable.numpy()
        expected = np.zeros(value.size)
        places = np.random.RandomState(3).permutation(value.size)[:12]
        for place in places:
            moved = []
            for steps in (2, 1, -1, -2):
                other = value.copy()
                other.flat[place] += steps * step
                variable.assign(other)
                moved.append(_training_loss(model, x, y) if _uses_batch(model) else float(model.test_on_batch(x, y)))
            expected[place] = (8 * (moved[1] - moved[2]) - (moved[0] - moved[3])) / (12 * step)
        variable.assign(value)
        got = found[path].ravel()[places]
        assert found[path].dtype == np.float64
        np.testing.assert_allclose(got, expected[places], rtol=1e-7, atol=1e-8, err_msg=path)


def _uses_batch(model: Any) -> bool:
    return any(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


def _training_loss(model: Any, x: Any, y: NDArray[np.float64]) -> float:
    return float(np.mean((np.asarray(model(x, training=True)) - y) ** 2))


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_differences(name: str) -> None:
    make, shape = LAYERS[name]
    # A dense layer before it gives a layer without weights something to be checked by.
    model = Sequential([Input(shape), layers.Dense(shape[-1], activation="tanh"), make()])
    x = normal(4, *shape)
    y = normal(*model.predict(x, verbose=0).shape, seed=1)
    model.compile("sgd", "mse")
    _checked(model, x, y)


@pytest.mark.parametrize(
    "loss",
    ["mse", "huber", "log_cosh", "poisson", "kl_divergence", "categorical_crossentropy", "binary_crossentropy",
     "cosine_similarity", "squared_hinge"],
)  # fmt: skip
def test_gradients_of_losses(loss: str) -> None:
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss)
    _checked(model, normal(5, 4), np.random.RandomState(2).dirichlet(np.ones(3), size=5))


def test_gradients_of_attention_and_embedding() -> None:
    words = Input((6,), dtype="int32")
    embedded = layers.Embedding(11, 4)(words)
    made = layers.MultiHeadAttention(2, 3)(embedded, embedded, use_causal_mask=True)
    model = Model(words, layers.Dense(1)(layers.LayerNormalization()(embedded + made)))
    model.compile("sgd", "mse")
    _checked(model, np.random.RandomState(0).randint(0, 11, size=(3, 6)), normal(3, 6, 1))


# Types.


def test_all_that_a_model_gives_is_float64() -> None:
    model = Sequential([Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    assert model.dtype == model.layers[0].dtype == model.layers[0].compute_dtype == "float64"
    assert model.layers[0].kernel.dtype == model.output.dtype == "float64"
    assert [value.dtype for value in model.get_weights()] == [np.float64] * 4
    x = normal(5, 3)
    assert model.predict(x, verbose=0).dtype == np.asarray(model(x)).dtype == np.float64
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, x[:, :1], verbose=0)
    assert model.optimizer.variables[2].dtype == "float64"


def test_the_type_of_a_layer_may_be_given() -> None:
    fastnn.config.set_floatx("float32")
    made = layers.Dense(2, dtype="float64")
    assert made(np.ones((1, 3))).dtype == np.float64
    assert made.dtype_policy == fastnn.dtype_policies.DTypePolicy("float64")
    again = layers.Dense.from_config(made.get_config())
    assert again.dtype == "float64"
    model = Sequential([Input((3,)), made])
    assert model.predict(np.ones((2, 3)), verbose=0).dtype == np.float64


def test_types_are_not_mixed() -> None:
    model = Sequential([Input((3,)), layers.Dense(2, dtype="float32"), layers.Dense(1)])
    with pytest.raises(ValueError, match="has one type of floats"):
        model.predict(np.ones((1, 3)), verbose=0)


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="float128"):
        fastnn.config.set_floatx("float128")
    with pytest.raises(ValueError, match="float64"):
        fastnn.dtype_policies.DTypePolicy("mixed_float64")


def test_quantization_is_refused() -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    x = normal(2, 3)
    before = model.predict(x, verbose=0)
    for refused in (model, model.layers[0]):
        with pytest.raises(ValueError, match=r"computes in float64.*with floatx 'float32'"):
            refused.quantize("int8")
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)


BASES = {"ConditionCount", "CountingMetric", "LossMetric", "Mean", "MeanOfFunction", "Metric", "Sum", "ThresholdSearch"}
METRICS = sorted(name for name in metrics.__all__ if inspect.isclass(getattr(metrics, name)) and name not in BASES)
GIVEN: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 2},
    "BinaryIoU": {"target_class_ids": [0]},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2},
    "MeanMetricWrapper": {"fn": losses.mean_squared_error},
    "PearsonCorrelation": {"axis": 0},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("name", METRICS)
def test_every_metric_measures_a_model_of_float64(name: str, floatx: str) -> None:
    """Also one that was made under another floatx."""
    fastnn.config.set_floatx(floatx)
    metric = getattr(metrics, name)(**GIVEN.get(name, {}))
    fastnn.config.set_floatx("float64")
    sparse, width = name.startswith("Sparse"), 2 if "OneHot" in name or "Categorical" in name else 1
    model = Sequential([Input((3,)), layers.Dense(width, "sigmoid" if width == 1 else "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy" if sparse else "mse", metrics=[metric])
    x = normal(40, 3)
    labels = (x[:, 0] > 0).astype(int)
    y = labels if sparse else np.eye(2)[labels] if width == 2 else labels[:, np.newaxis].astype(float)
    alone = getattr(metrics, name)(**GIVEN.get(name, {}))
    alone.update_state(y, model.predict(x, verbose=0))
    measured = model.evaluate(x, y, batch_size=40, verbose=0)[1]
    np.testing.assert_allclose(measured, np.asarray(alone.result()), rtol=1e-12, atol=1e-15)


def test_float32_stays_what_it_is() -> None:
    double = Sequential([Input((3,)), layers.Dense(2)])
    fastnn.config.set_floatx("float32")
    single = Sequential([Input((3,)), layers.Dense(2)])
    single.set_weights(double.get_weights())
    x = normal(4, 3)
    assert single.predict(x, verbose=0).dtype == np.float32
    np.testing.assert_allclose(single.predict(x, verbose=0), double.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    assert double.predict(x, verbose=0).dtype == np.float64


def test_the_core_is_loaded_when_it_is_needed() -> None:
    code = (
        "import sys, numpy as np, fastnn; assert 'fastnn._native64' not in sys.modules;"
        "fastnn.Sequential([fastnn.layers.Dense(1)]).predict(np.ones((1, 2)), verbose=0);"
        "assert 'fastnn._native64' not in sys.modules;"
        "fastnn.layers.Dense(1, dtype='float64')(np.ones((1, 2))); assert 'fastnn._native64' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Training.


def test_a_regression_reaches_the_digits_of_doubles() -> None:
    x = np.linspace(-1.0, 1.0, 64)[:, None]
    y = 0.5 - 2.0 * x + 3.0 * x**2
    features = np.concatenate([x, x**2], axis=1)
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile(optimizers.LBFGS(gradient_tolerance=1e-13, loss_tolerance=0.0), "mse")
    model.fit(features, y, batch_size=64, epochs=60, verbose=0)
    assert model.evaluate(features, y, verbose=0) < 1e-20
    np.testing.assert_allclose(model.get_weights()[0].ravel(), [-2.0, 3.0], rtol=1e-9)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bits_on_any_number_of_threads(threads: int) -> None:
    def trained(count: int) -> list[NDArray[Any]]:
        fastnn.config.set_num_threads(count)
        fastnn.utils.set_random_seed(1)
        model = Sequential(
            [Input((12, 12, 3)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
             layers.Dropout(0.3), layers.Dense(10, activation="softmax")]
        )  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(normal(96, 12, 12, 3), np.arange(96) % 10, batch_size=32, epochs=2, verbose=0)
        return model.get_weights()

    for one, other in zip(trained(threads), trained(1), strict=True):
        np.testing.assert_array_equal(one, other)


class Scaled(layers.Layer):
    """A layer of a user's own."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, x: Any) -> Any:
        assert x.dtype == "float64"
        return ops.sin(x * self.scale) + ops.mean(ops.cast(x > 0, x.dtype), axis=-1, keepdims=True) / 3.0


def test_code_of_a_users_own() -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred) / 3.0, axis=-1)

    inputs = Input((4,))
    model = Model(inputs, Scaled()(inputs))
    x = normal(6, 4)
    expected = np.sin(x) + (x > 0).mean(1, keepdims=True) / 3.0
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-15, atol=1e-15)
    model.compile(optimizers.SGD(0.1), loss, metrics=[metrics.MeanSquaredError()])
    y = normal(6, 4, seed=1)
    history = model.fit(x, y, batch_size=6, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], ((expected - y) ** 2).mean() / 3.0, rtol=1e-14)
    np.testing.assert_allclose(history["mean_squared_error"][0], ((expected - y) ** 2).mean(), rtol=1e-14)
    gradient = (2.0 / 3.0 * (expected - y) * np.cos(x) * x).mean(0) / 4
    np.testing.assert_allclose(model.get_weights()[0], 1.0 - 0.1 * gradient, rtol=1e-14)


class OwnStep(Model):
    """A model with a step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, data: Any) -> Any:
        x, y = data
        with fastnn.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def test_a_step_of_a_users_own() -> None:
    model = OwnStep()
    model.compile(optimizers.SGD(0.1), "mse")
    x, y = normal(8, 3), normal(8, 1, seed=1)
    model.build((None, 3))
    kernel = model.dense.kernel.numpy()
    model.fit(x, y, batch_size=8, verbose=0)
    expected = kernel - 0.1 * 2 * x.T @ (x @ kernel - y) / 8
    np.testing.assert_allclose(model.dense.kernel.numpy(), expected, rtol=1e-13)


class Halving(optimizers.Optimizer):
    """An optimizer with a rule of its own."""

    def __init__(self, learning_rate: float = 0.1) -> None:
        super().__init__(learning_rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.assign_sub(variable, gradient * learning_rate / 3.0)


def test_an_optimizer_of_a_users_own() -> None:
    model = Sequential([Input((3,)), layers.Dense(1, use_bias=False)])
    model.compile(Halving(), "mse")
    x, y = normal(8, 3), normal(8, 1, seed=1)
    kernel = model.get_weights()[0]
    model.fit(x, y, batch_size=8, verbose=0)
    expected = kernel - 0.1 / 3.0 * 2 * x.T @ (x @ kernel - y) / 8
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-13)


def test_measures_on_arrays_are_float64() -> None:
    true, guess = normal(5, 3), normal(5, 3, seed=1)
    assert float(losses.MeanSquaredError()(true, guess)) == pytest.approx(((true - guess) ** 2).mean(), rel=1e-15)
    metric = metrics.MeanAbsoluteError()
    metric.update_state(true, guess)
    assert float(metric.result()) == pytest.approx(np.abs(true - guess).mean(), rel=1e-15)
    assert np.asarray(ops.exp(true)).dtype == np.float64
    np.testing.assert_allclose(np.asarray(fastnn.activations.tanh(true)), np.tanh(true), rtol=1e-15)


# Files.


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_files_keep_all_digits(tmp_path: Path, name: str) -> None:
    model = Sequential([Input((3,)), layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("adam", "mse")
    x, y = normal(16, 3), normal(16, 1, seed=1)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / name)
    fastnn.config.set_floatx("float32")
    again = models.load_model(tmp_path / name)
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        assert one.dtype == np.float64
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    for one in (model, again):
        one.fit(x, y, shuffle=False, verbose=0)
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_files_of_weights_and_pickles_keep_all_digits(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(4), layers.Dense(1)])
    other = Sequential([Input((3,)), layers.Dense(4), layers.Dense(1)])
    model.save_weights(tmp_path / "some.weights.h5")
    other.load_weights(tmp_path / "some.weights.h5")
    copied = pickle.loads(pickle.dumps(model))
    for one in (other, copied):
        for got, expected in zip(one.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(got, expected)
