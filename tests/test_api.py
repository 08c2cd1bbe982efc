"""The API of Keras: names, arguments, results and configs of layers, models, weights and families."""

from __future__ import annotations

import inspect
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

import fastnn
from fastnn import (
    Input,
    Sequential,
    Variable,
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    utils,
)
from fastnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, ReLU


def small():
    return Sequential(
        [Dense(3, input_shape=(2,), activation="relu", name="a"), Dense(2, activation="softmax", name="b")]
    )


# Names and arguments.


def test_automatic_names_are_those_of_keras():
    utils.clear_session()
    made = [
        Dense(1), Dense(1), Conv2D(1, 1), MaxPooling2D(), BatchNormalization(), ReLU(), layers.LeakyReLU(),
        layers.ELU(),
        layers.GlobalAveragePooling2D(), Flatten(), Dropout(0.1), layers.ActivityRegularization(),
        Sequential(), Dense(1),
    ]  # fmt: skip
    assert [layer.name for layer in made] == [
        "dense", "dense_1", "conv2d", "max_pooling2d", "batch_normalization", "re_lu", "leaky_re_lu", "elu",
        "global_average_pooling2d", "flatten", "dropout", "activity_regularization", "sequential", "dense_2",
    ]  # fmt: skip
    fastnn.backend.clear_session()
    assert Dense(1).name == "dense"


EVERY_OPTIMIZER = (
    "use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None, loss_scale_factor=None, "
    "gradient_accumulation_steps=None, name=None"
)
SIGNATURES = {
    Dense: "units, activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', "
    "kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, "
    "bias_constraint=None, lora_rank=None, lora_alpha=None, quantization_config=None",
    Conv2D: "filters, kernel_size, strides=(1, 1), padding='valid', data_format=None, dilation_rate=(1, 1), groups=1, "
    "activation=None, use_bias=True, kernel_initializer='glorot_uniform', bias_initializer='zeros', "
    "kernel_regularizer=None, "
    "bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None, lora_rank=None, "
    "lora_alpha=None, quantization_config=None",
    MaxPooling2D: "pool_size=(2, 2), strides=None, padding='valid', data_format=None, name=None",
    BatchNormalization: "axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True, beta_initializer='zeros', "
    "gamma_initializer='ones', moving_mean_initializer='zeros', moving_variance_initializer='ones', "
    "beta_regularizer=None, "
    "gamma_regularizer=None, beta_constraint=None, gamma_constraint=None, renorm=False, renorm_clipping=None, "
    "renorm_momentum=0.99, synchronized=False",
    Dropout: "rate, noise_shape=None, seed=None",
    optimizers.SGD: "learning_rate=0.01, momentum=0.0, nesterov=False, weight_decay=None, clipnorm=None, "
    "clipvalue=None, global_clipnorm=None, " + EVERY_OPTIMIZER,
    optimizers.Adam: "learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False, weight_decay=None, "
    "clipnorm=None, clipvalue=None, global_clipnorm=None, " + EVERY_OPTIMIZER,
    Sequential.fit: "x=None, y=None, batch_size=None, epochs=1, verbose='auto', callbacks=None, validation_split=0.0, "
    "validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0, steps_per_epoch=None, "
    "validation_steps=None, validation_batch_size=None, validation_freq=1",
    Sequential.evaluate: "x=None, y=None, batch_size=None, verbose='auto', sample_weight=None, steps=None, "
    "callbacks=None, return_dict=False",
    Sequential.predict: "x, batch_size=None, verbose='auto', steps=None, callbacks=None",
    Sequential.summary: "line_length=None, positions=None, print_fn=None, expand_nested=False, show_trainable=False, "
    "layer_range=None",
}


@pytest.mark.parametrize("what", SIGNATURES, ids=lambda what: what.__qualname__)
def test_signatures_are_those_of_keras(what):
    parameters = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in inspect.signature(what).parameters.values()
        if p.name != "self" and p.kind is not p.VAR_KEYWORD
    ]
    assert ", ".join(map(str, parameters)) == SIGNATURES[what]


def test_compile_takes_the_arguments_of_keras():
    model = small()
    model.compile(
        optimizer="rmsprop", loss="mse", loss_weights=None, metrics=None, weighted_metrics=None, run_eagerly=False,
        steps_per_execution=1, jit_compile="auto", auto_scale_loss=True,
    )  # fmt: skip
    model.compile(loss="mse")
    assert isinstance(model.optimizer, optimizers.RMSprop)


def test_repr_and_config_show_what_was_said():
    layer = Dense(16, activation="relu", kernel_regularizer=regularizers.L2(0.1), name="d")
    assert repr(layer) == "Dense(name='d', units=16, activation='relu', kernel_regularizer=L2(l2=0.1))"
    config = layer.get_config()
    assert config["units"] == 16 and config["activation"] == "relu" and config["use_bias"] is True
    initial = {"seed": None, "input_axes": None, "output_axes": None}
    assert config["kernel_initializer"] == {"class_name": "GlorotUniform", "config": initial}
    copy = Dense.from_config(config)
    assert copy.get_config() == config and copy is not layer
    assert repr(optimizers.Adam(0.5)) == "Adam(learning_rate=0.5)"
    assert repr(initializers.HeNormal(seed=3)) == "HeNormal(seed=3)"


@pytest.mark.parametrize(
    "layer",
    [
        Conv2D(4, (3, 5), strides=2, padding="same", name="c", kernel_constraint="max_norm"),
        MaxPooling2D(3, strides=(1, 2), name="m"),
        BatchNormalization(axis=1, momentum=0.5, gamma_initializer=initializers.Constant(2.0), name="n"),
        Dropout(0.3, noise_shape=(None, 1), seed=4, name="p"),
        layers.Reshape((2, -1), name="r"),
        ReLU(6.0, 0.1, name="q"),
        Activation("gelu", name="g"),
        layers.Softmax(axis=1, name="s"),
        Flatten(input_shape=(2, 3), name="f"),
    ],
    ids=lambda layer: layer.name,
)
def test_config_makes_an_equal_layer(layer):
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert repr(copy) == repr(layer)


def test_config_of_a_model():
    model = Sequential(
        [Input((4, 4, 1)), Conv2D(2, 3), Sequential([Flatten()], name="inner"), Dense(2, activation="tanh")]
    )
    copy = Sequential.from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    assert copy.output_shape == (None, 2) and copy.count_params() == model.count_params()


def test_older_names_are_accepted_with_a_warning():
    with pytest.warns(DeprecationWarning, match="'lr' is now called 'learning_rate'"):
        assert optimizers.SGD(lr=0.25).learning_rate == 0.25
    with pytest.warns(DeprecationWarning, match="negative_slope"):
        assert layers.LeakyReLU(alpha=0.5).negative_slope == 0.5


# Layers and weights.


def test_a_layer_called_on_an_array_builds_itself():
    layer = Dense(2, kernel_initializer="ones", bias_initializer=initializers.Constant(3))
    out = layer([[1, 2, 3], [4, 5, 6]])
    assert isinstance(out, np.ndarray) and out.dtype == np.float32
    np.testing.assert_array_equal(out, [[9, 9], [18, 18]])
    assert layer.kernel.shape == (3, 2) and layer.input_shape == (None, 3) and layer.output_shape == (None, 2)
    assert layer.compute_output_shape((None, 7, 3)) == (None, 7, 2)


def test_the_bias_of_the_notes():
    layer = Dense(1, activation="relu")
    layer.build((None, 2))
    layer.set_weights([[[-2.0], [1.0]], [0.0]])
    assert layer([[1, 2]]) == 0
    layer.bias.assign([3.0])
    assert layer([[1, 2]]) == 3


def test_variables():
    model = small()
    kernel = model.layers[0].kernel
    assert isinstance(kernel, Variable)
    assert (kernel.path, kernel.name, kernel.shape, kernel.ndim, kernel.dtype) == (
        "a/kernel",
        "kernel",
        (2, 3),
        2,
        "float32",
    )
    copy = kernel.numpy()
    copy[:] = 7
    assert not (kernel.numpy() == 7).any()
    kernel.assign(np.ones((2, 3)))
    np.testing.assert_array_equal(np.asarray(kernel), np.ones((2, 3)))
    np.testing.assert_array_equal(kernel + 1, np.full((2, 3), 2))
    np.testing.assert_array_equal(np.ones((1, 2)) @ kernel, [[2, 2, 2]])
    np.testing.assert_array_equal(np.ones((2, 3)) - kernel, np.zeros((2, 3)))
    assert kernel[0, 0] == 1
    assert "a/kernel" in repr(kernel)
    assert [v.path for v in model.weights] == ["a/kernel", "a/bias", "b/kernel", "b/bias"]


def test_weights_in_the_order_of_keras():
    layer = BatchNormalization()
    layer.build((None, 4))
    assert [v.name for v in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [v.name for v in layer.trainable_weights] == ["gamma", "beta"]
    assert [v.name for v in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]
    assert Dense(2, use_bias=False).bias is None


def test_trainable():
    model = small()
    model.layers[0].trainable = False
    assert [v.path for v in model.trainable_weights] == ["b/kernel", "b/bias"]
    assert [v.path for v in model.non_trainable_weights] == ["a/kernel", "a/bias"]
    assert not model.layers[0].kernel.trainable
    model.trainable = False
    assert model.trainable_weights == [] and not model.layers[1].trainable
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_set_weights_is_seen_by_every_model_that_shares_the_layer():
    shared = Dense(2, kernel_initializer="zeros", name="shared")
    one, two = Sequential([Input((2,)), shared]), Sequential([Input((2,)), shared, Dense(1, kernel_initializer="ones")])
    x = np.ones((1, 2), "float32")
    assert one(x).sum() == 0 and two(x) == 0
    shared.set_weights([np.ones((2, 2)), np.zeros(2)])
    assert one(x).sum() == 4 and two(x) == 4


# Sequential.


def test_both_approaches_of_the_notes_give_the_same_bits():
    outputs = []
    for make in (
        lambda: Sequential([Dense(units=5, input_shape=(3,), activation="relu")]),
        lambda: _added(Sequential(), Dense(units=5, input_shape=(3,)), Activation("relu")),
    ):
        utils.set_random_seed(3)
        model = make()
        outputs.append((model.count_params(), model.get_weights()[0].tobytes(), model(np.eye(3)).tobytes()))
    assert outputs[0] == outputs[1]
    assert outputs[0][0] == 20


def _added(model, *added):
    for layer in added:
        model.add(layer)
    return model


def test_layers_add_pop_get_layer():
    model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    assert [layer.name for layer in model.layers] == ["a", "b"]
    assert model.get_layer("a") is model.get_layer(index=0)
    assert model.output_shape == (None, 2)
    popped = model.pop()
    assert popped.name == "b" and model.output_shape == (None, 3)
    model.add(Dense(7))
    assert model.output_shape == (None, 7) and model.predict(np.ones((2, 4)), verbose=0).shape == (2, 7)


@pytest.mark.parametrize("keyword", [{"input_shape": (4,)}, {"input_dim": 4}, {"batch_input_shape": (None, 4)}])
def test_ways_to_say_the_input(keyword):
    assert Sequential([Dense(2, **keyword)]).count_params() == 10


def test_a_model_without_input_shape_is_built_at_its_first_data():
    model = Sequential([Dense(3), Dense(2)])
    assert not model.built and model.weights == []
    assert model.predict(np.ones((5, 4)), verbose=0).shape == (5, 2)
    assert model.built and model.input_shape == (None, 4) and model.count_params() == 23
    later = Sequential([Dense(3)])
    later.build((None, 8))
    assert later.count_params() == 27


def test_nested_models_compute_what_flat_ones_do():
    inner = Sequential([Dense(3, activation="tanh"), Dropout(0.5)], name="inner")
    model = Sequential([Input((2,)), inner, Dense(1)])
    x = np.linspace(-1, 1, 8).reshape(4, 2)
    flat = Sequential([Input((2,)), inner.layers[0], model.layers[1]])
    assert model(x).tobytes() == flat(x).tobytes()
    inner.add(Dense(3, kernel_initializer="zeros"))
    np.testing.assert_allclose(model(x), np.broadcast_to(model.layers[1].bias.numpy(), (4, 1)))


def test_call_in_training_drops_and_moves():
    model = Sequential([Input((1000,)), Dropout(0.5, seed=1)])
    x = np.ones((1, 1000), "float32")
    dropped, again = model(x, training=True), model(x, training=True)
    assert set(np.unique(dropped)) == {0.0, 2.0} and 400 < (dropped == 0).sum() < 600
    assert (dropped != again).any()
    assert (model(x) == 1).all() and (model(x, training=False) == 1).all()
    layer = BatchNormalization(momentum=0.0)
    layer(np.array([[1.0], [3.0]]), training=True)
    np.testing.assert_allclose([layer.moving_mean[0], layer.moving_variance[0]], [2, 1], rtol=1e-5)


def test_one_row_goes_straight_to_the_core():
    model = Sequential([Input((4,)), Dense(4)])
    x = np.ones((1, 4), "float32")
    for call, limit in ((lambda: model(x), 60e-6), (lambda: model.predict(x, verbose=0), 80e-6)):
        call()
        best = min(_seconds(call) for _ in range(200))
        assert best < limit


def _seconds(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


# Families.


@pytest.mark.parametrize(
    ("family", "name", "cls"),
    [
        (initializers, "glorot_uniform", "GlorotUniform"),
        (initializers, "GlorotUniform", "GlorotUniform"),
        (initializers, "he_normal", "HeNormal"),
        (initializers, "normal", "RandomNormal"),
        (initializers, "uniform", "RandomUniform"),
        (initializers, "one", "Ones"),
        (initializers, "eye", "Identity"),
        (regularizers, "l2", "L2"),
        (regularizers, "l1_l2", "L1L2"),
        (constraints, "max_norm", "MaxNorm"),
        (constraints, "NonNeg", "NonNeg"),
        (optimizers, "adam", "Adam"),
        (optimizers, "Adam", "Adam"),
        (optimizers, "SGD", "SGD"),
        (optimizers, "rmsprop", "RMSprop"),
        (optimizers, "adamw", "AdamW"),
        (losses, "MeanSquaredError", "MeanSquaredError"),
        (losses, "SparseCategoricalCrossentropy", "SparseCategoricalCrossentropy"),
        (metrics, "mse", "MeanSquaredError"),
        (metrics, "binary_accuracy", "BinaryAccuracy"),
        (metrics, "SparseCategoricalAccuracy", "SparseCategoricalAccuracy"),
    ],
)
def test_get_by_name(family, name, cls):
    found = family.get(name)
    assert type(found).__name__ == cls
    assert type(family.get(type(found))) is type(found)
    assert type(family.get({"class_name": cls, "config": found.get_config()})) is type(found)
    if family is not initializers:
        assert family.get(found) is found


def test_functions_and_modules_of_losses_and_metrics():
    # As in Keras, the name of a function is the function, whose values are those of the samples.
    assert losses.get("mse") is losses.get("MSE") is losses.mean_squared_error and losses.get("huber") is losses.huber
    assert losses.get(losses.huber) is losses.huber and losses.get(None) is None
    assert losses.get("bce")([[1.0], [0.0]], [[0.5], [0.5]]).shape == (2,)
    assert type(metrics.get(metrics.categorical_crossentropy)) is metrics.CategoricalCrossentropy
    assert metrics.get(losses.Huber(delta=2.0)).loss.delta == 2.0
    assert losses.mse is losses.mean_squared_error and metrics.mae is losses.mean_absolute_error
    with pytest.raises(AttributeError):
        _ = losses.nothing


def test_activations():
    x = np.array([-2.0, -0.5, 0.0, 1.0, 7.0])
    np.testing.assert_array_equal(activations.relu(x), [0, 0, 0, 1, 7])
    np.testing.assert_array_equal(activations.relu(x, negative_slope=0.5, max_value=6), [-1, -0.25, 0, 1, 6])
    np.testing.assert_array_equal(activations.relu6(x), [0, 0, 0, 1, 6])
    np.testing.assert_allclose(activations.leaky_relu(x), [-0.4, -0.1, 0, 1, 7], rtol=1e-6)
    assert activations.sigmoid(0.0) == 0.5 and activations.sigmoid(0.0).shape == ()
    np.testing.assert_allclose(activations.softmax([[1.0, 1.0]]), [[0.5, 0.5]])
    np.testing.assert_allclose(activations.softmax(np.zeros((4, 3)), axis=0), np.full((4, 3), 0.25))
    np.testing.assert_allclose(activations.log_softmax([0.0, 0.0]), np.log([0.5, 0.5]), rtol=1e-6)
    assert activations.linear is activations.get(None)
    assert activations.swish is activations.get("silu") is activations.get("swish")
    assert activations.deserialize(activations.serialize(activations.gelu)) is activations.gelu
    assert activations.relu([[1, -1]]).dtype == np.float32


def test_an_activation_layer_may_stand_as_an_activation():
    layer = Dense(1, activation=ReLU(max_value=2.0), kernel_initializer="ones")
    np.testing.assert_array_equal(layer([[-3.0], [1.0], [5.0]]), [[0], [1], [2]])


def test_initializers():
    for name, variance in (("glorot_normal", 1 / 1000), ("glorot_uniform", 1 / 1000), ("he_normal", 2 / 1000),
                           ("he_uniform", 2 / 1000), ("lecun_normal", 1 / 1000),
                           ("lecun_uniform", 1 / 1000)):  # fmt: skip
        values = type(initializers.get(name))(seed=5)((1000, 1000))
        assert values.var() == pytest.approx(variance, rel=0.02) and abs(values.mean()) < 1e-3
    normal = initializers.RandomNormal(0.0, 1.0, seed=1)((1000, 1000))
    assert normal.mean() == pytest.approx(0, abs=0.01) and normal.std() == pytest.approx(1, rel=0.01)
    assert abs(initializers.TruncatedNormal(0, 1, seed=1)((1000,))).max() <= 2
    q = initializers.Orthogonal(gain=2.0, seed=1)((6, 4))
    np.testing.assert_allclose(q.T @ q, 4 * np.eye(4), atol=1e-5)
    np.testing.assert_array_equal(initializers.Identity(3)((2, 3)), [[3, 0, 0], [0, 3, 0]])
    conv = initializers.HeNormal(seed=2)((3, 3, 100, 100))
    assert conv.var() == pytest.approx(2 / 900, rel=0.02)
    assert (Dense(2, kernel_initializer=lambda shape, dtype=None: np.full(shape, 5.0))(np.ones((1, 1))) == 5).all()


def test_seeds():
    same = initializers.GlorotUniform(seed=1)
    assert same((3, 3)).tobytes() == same((3, 3)).tobytes() == initializers.GlorotUniform(seed=1)((3, 3)).tobytes()
    shared = initializers.GlorotUniform()
    one, two = Dense(3, kernel_initializer=shared), Dense(3, kernel_initializer=shared)
    one.build((None, 3))
    two.build((None, 3))
    assert one.kernel.numpy().tobytes() != two.kernel.numpy().tobytes()
    drawn = []
    for seed in (7, 7, 8):
        utils.set_random_seed(seed)
        drawn.append(small().get_weights()[0].tobytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_regularizers_and_constraints_on_arrays():
    w = np.array([[3.0, -1.0], [4.0, 0.0]])
    assert regularizers.L2(0.1)(w) == pytest.approx(2.6)
    assert regularizers.l1(0.5)(w) == pytest.approx(4.0)
    assert regularizers.L1L2(0.5, 0.1)(w) == pytest.approx(6.6)
    np.testing.assert_allclose(constraints.MaxNorm(2)(w), [[1.2, -1], [1.6, 0]], rtol=1e-5)
    np.testing.assert_allclose(constraints.UnitNorm()(w), [[0.6, -1], [0.8, 0]], rtol=1e-5)
    np.testing.assert_array_equal(constraints.NonNeg()(w), [[3, 0], [4, 0]])
    np.testing.assert_allclose(constraints.MinMaxNorm(2, 4)(w), [[2.4, -2], [3.2, 0]], rtol=1e-5)


def test_losses_on_arrays():
    y, p = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.5, 0.5], [1.0, 1.0]])
    np.testing.assert_allclose(losses.mean_squared_error(y, p), [0.25, 0.5])
    assert losses.MeanSquaredError()(y, p) == pytest.approx(0.375)
    assert losses.MeanSquaredError(reduction="sum")(y, p) == pytest.approx(0.75)
    assert losses.MeanSquaredError()(y, p, sample_weight=[2, 0]) == pytest.approx(0.25)
    assert losses.MeanSquaredError(reduction="mean_with_sample_weight")(y, p, [3, 1]) == pytest.approx(0.3125)
    np.testing.assert_allclose(losses.MeanSquaredError(reduction=None)(y, p), [0.25, 0.5])
    np.testing.assert_allclose(losses.mean_squared_error(np.zeros((2, 3, 4)), np.ones((2, 3, 4))), np.ones((2, 3)))
    half = np.full((2, 2), 0.5)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy([0, 1], half), np.log([2, 2]), rtol=1e-6)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy([[0], [1]], half), np.log([2, 2]), rtol=1e-6)
    np.testing.assert_allclose(losses.categorical_crossentropy(y, half), np.log([2, 2]), rtol=1e-6)
    logits = losses.CategoricalCrossentropy(from_logits=True)(y, np.array([[0.0, 0.0], [0.0, 0.0]]))
    assert logits == pytest.approx(np.log(2), rel=1e-6)


def test_metrics_on_arrays():
    accuracy = metrics.SparseCategoricalAccuracy()
    accuracy.update_state([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert accuracy.result() == pytest.approx(2 / 3)
    accuracy.update_state([1], [[0.0, 1.0]], sample_weight=[3])
    assert accuracy.result() == pytest.approx(5 / 6)
    accuracy.reset_state()
    assert accuracy.result() == 0
    assert metrics.BinaryAccuracy(threshold=0.3)([[1], [1]], [[0.4], [0.2]]) == 0.5
    assert metrics.RootMeanSquaredError()([[0.0]], [[3.0]]) == 3
    assert metrics.Mean()([1, 2, 3]) == 2 and metrics.Sum()([1, 2, 3]) == 6
    np.testing.assert_array_equal(
        metrics.sparse_top_k_categorical_accuracy([2, 0], [[3, 2, 1], [3, 2, 1]], k=2), [0, 1]
    )


def test_to_categorical_and_normalize():
    np.testing.assert_array_equal(utils.to_categorical([0, 1, 2]), np.eye(3))
    assert utils.to_categorical([[0], [1]], num_classes=5).shape == (2, 5)
    assert utils.to_categorical([[0, 1], [2, 0]]).shape == (2, 2, 3)
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])


def test_threads_change_no_bit():
    model = Sequential([Input((30,)), Dense(40, activation="relu"), Dense(7)])
    x = np.random.default_rng(0).normal(size=(50, 30))
    before = fastnn.config.num_threads()
    try:
        outputs = []
        for count in (1, 2, 3):
            fastnn.config.set_num_threads(count)
            assert fastnn.config.num_threads() == count
            outputs.append(model.predict(x, verbose=0).tobytes())
        assert outputs[0] == outputs[1] == outputs[2]
    finally:
        fastnn.config.set_num_threads(before)


def test_a_forced_instruction_set_that_is_not_there_fails_loudly():
    script = "import os; os.environ['FASTNN_ISA'] = 'vax'; import fastnn"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "ImportError: fastnn: FASTNN_ISA=vax cannot be used. This processor supports: " in done.stderr
    assert "built are: " in done.stderr


def test_show_config(capsys):
    fastnn.show_config()
    assert f"fastnn: {fastnn.__version__}" in capsys.readouterr().out


def public_modules():
    return [m for m in (getattr(fastnn, name) for name in fastnn.__all__) if inspect.ismodule(m)]


@pytest.mark.parametrize("module", public_modules(), ids=lambda module: module.__name__)
def test_public_modules_show_their_public_names_only(module):
    shown = {name for name in dir(module) if not name.startswith("__")}
    assert shown == set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    with pytest.raises(AttributeError, match=r"has no (attribute|function) 'no_such_name'"):
        module.no_such_name  # noqa: B018


def test_the_package_is_typed():
    package = pathlib.Path(fastnn.__file__).parent
    assert (package / "py.typed").exists()
    assert not hasattr(fastnn.layers.Dense(1), "units_") and "__getattr__" not in dir(fastnn.layers.Layer)


@fastnn.saving.register_keras_serializable("tests")
class Joined(layers.Layer):
    def call(self, inputs):
        return inputs["a"] + 2 * inputs["b"]


SEVERAL = {
    "dict": (Joined, lambda x: {"a": x, "b": x}),
    "list": (layers.Add, lambda x: [x, x]),
    "tuple": (layers.Concatenate, lambda x: (x, x)),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_a_chain_whose_first_layer_takes_several_inputs(tmp_path, kind):
    first, given = SEVERAL[kind]
    rng = np.random.default_rng(0)
    x, y = rng.random((8, 3)).astype("float32"), rng.random((8, 1)).astype("float32")
    model = fastnn.Sequential([first(), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    loss = model.fit(given(x), y, verbose=0, shuffle=False).history["loss"][0]
    assert loss == pytest.approx({"dict": 15.0522, "list": 5.62386, "tuple": 5.62386}[kind], rel=1e-5)  # Keras 3.15.1
    assert len(model.inputs) == 2 and len(model.outputs) == 1
    model.summary(print_fn=lambda line: None)
    model.save(tmp_path / "m.keras")
    again = fastnn.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(given(x), verbose=0), model.predict(given(x), verbose=0))
    shapes = given((None, 3))
    built = fastnn.Sequential([first(), layers.Dense(1)])
    built.build(shapes)
    assert built.count_params() == model.count_params() and built.compute_output_shape(shapes) == (None, 1)
    with pytest.raises(ValueError, match="was built for inputs of shape"):
        built.build(given((None, 4)))
    inputs = fastnn.tree.map_structure(lambda _: layers.Input((3,)), given(0))
    assert fastnn.Sequential([first(), layers.Dense(1)])(inputs).shape == (None, 1)


def test_a_chain_that_is_not_built_has_no_inputs():
    model = fastnn.Sequential([layers.Dense(1)])
    for name in ("inputs", "outputs", "input", "output", "input_shape", "output_shape"):
        assert not hasattr(model, name)
    model.build((None, 3))
    assert len(model.inputs) == len(model.outputs) == 1 and model.input is model.inputs[0]
    with pytest.raises(AttributeError, match="is not built and has no input yet; give it an Input, or build"):
        _ = fastnn.Sequential([layers.Dense(1)]).inputs


class Halves(layers.Layer):
    def call(self, inputs):
        return inputs * 2, inputs + 1


class Sum(layers.Layer):
    def call(self, inputs):
        return inputs[0] + inputs[1]


def test_a_chain_whose_layers_have_several_outputs():
    rng = np.random.default_rng(0)
    x = rng.random((8, 3)).astype("float32")
    for model in (fastnn.Sequential([Halves(), Sum()]), fastnn.Sequential([layers.Input((3,)), Halves(), Sum()])):
        np.testing.assert_allclose(model.predict(x, verbose=0), 3 * x + 1, rtol=1e-6)
        assert model.output_shape == (None, 3)
    ends = fastnn.Sequential([layers.Dense(1, kernel_initializer="ones"), Halves()])
    ends.compile("sgd", "mse")
    loss = ends.fit(x, [x[:, :1]] * 2, verbose=0, shuffle=False).history["loss"][0]
    assert loss == pytest.approx(10.9773, rel=1e-4)  # Keras 3.15.1
    assert ends.output_shape == ((None, 1), (None, 1)) and len(ends.outputs) == 2
