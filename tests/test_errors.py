"""Bad input: each mistake is reported with its correction, before any step, and the model is unchanged."""

from __future__ import annotations

import _thread
import re
import threading

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, activations, initializers, layers, losses, metrics, optimizers, regularizers
from fastnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

X = np.linspace(-1, 1, 40, dtype="float32").reshape(10, 4)
Y = np.arange(10) % 3


def classifier(**arguments):
    model = Sequential([Dense(5, input_shape=(4,), activation="relu", name="hidden"), Dense(3, activation="softmax")])
    compiled = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **arguments}
    model.compile(**compiled)
    return model


# Names and arguments.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Dense(3, kernel_initializer="glorot_unifrom"),
            "Unknown initializer 'glorot_unifrom'. Did you mean 'glorot_uniform'?",
        ),
        (lambda: Dense(3, kernel_initializer="glort_normal"), "Did you mean 'glorot_normal'?"),
        (lambda: Dense(3, activation="rellu"), "Unknown activation 'rellu'. Did you mean 'relu'?"),
        (lambda: Dense(3, kernel_regularizer="l3"), "Unknown regularizer 'l3'"),
        (lambda: Dense(3, kernel_constraint="max_nrm"), "Unknown constraint 'max_nrm'. Did you mean 'max_norm'?"),
        (lambda: optimizers.get("SDG"), "Unknown optimizer 'SDG'. Did you mean 'sgd'?"),
        (lambda: losses.get("categorical_crosentropy"), "Did you mean 'categorical_crossentropy'?"),
        (lambda: metrics.get("acuracy"), "Unknown metric 'acuracy'. Did you mean 'accuracy'?"),
        (lambda: Dense(3, activaton="relu"), "Dense has no argument 'activaton'. Did you mean 'activation'?"),
        (lambda: Dense(unit=3), "Dense has no argument 'unit'. Did you mean 'units'?"),
        (lambda: Flatten(input_shap=(2,)), "Did you mean 'input_shape'?"),
        (lambda: optimizers.Adam(learing_rate=1), "Adam has no argument 'learing_rate'. Did you mean 'learning_rate'?"),
        (lambda: losses.MeanSquaredError(reduction="summ"), "Did you mean 'sum'?"),
        (lambda: initializers.VarianceScaling(mode="fan"), "fan_in"),
        (lambda: Dense(0), "units"),
        (lambda: Dense(-2), "units"),
        (lambda: Conv2D(0, 3), "filters"),
        (lambda: Conv2D(4, 3, padding="full"), "padding"),
        (lambda: Conv2D(4, 3, data_format="channels_first"), "channels_last"),
        (lambda: MaxPooling2D(0), "pool_size"),
        (lambda: Dropout(1.5), "rate"),
        (lambda: Dense(3, input_shape=4), "expects input_shape to be a tuple such as (4,), got 4"),
        (lambda: Dense(3, input_shape=(0,)), "at least 1"),
        (lambda: Dense(3, dtype="float64"), "float32"),
        (lambda: regularizers.L2(-1), "L2 expects l2 to be a number of at least 0, got -1"),
        (lambda: optimizers.SGD(-0.1), "SGD expects learning_rate to be a number of at least 0, got -0.1"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), "only one of clipnorm, clipvalue and global_clipnorm"),
        (lambda: initializers.RandomNormal(seed=-1), "seed"),
        (lambda: fastnn.utils.set_random_seed(-1), "set_random_seed"),
        (lambda: fastnn.utils.to_categorical([0, 3], 3), "labels from 0 to 2, got 3"),
        (lambda: fastnn.config.set_num_threads(-1), "at least 0"),
        (lambda: layers.Input(), "expects a shape"),
    ],
    ids=lambda value: None if callable(value) else re.sub(r"\W+", "-", value)[:40],
)
def test_arguments(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(), "units"),
        (lambda: Dense("3"), "units"),
        (lambda: Dense(2.5), "units"),
        (lambda: Dense(3, activation=5), "activation expects a name"),
        (lambda: Dense(3, kernel_regularizer=0.1), "regularizer expects a name"),
        (lambda: Dense(3, kernel_constraint=abs), "not supported yet"),
        (lambda: losses.get(5), "loss expects a name"),
        (lambda: metrics.get(5), "metric expects a name"),
        (lambda: optimizers.SGD("fast"), "learning_rate to be a number"),
        (lambda: Sequential([Dense]), r"write Dense(...)"),
        (lambda: Sequential(Dense(3)), "expects a list of layers"),
    ],
)
def test_arguments_of_the_wrong_type(make, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


# Structure.


def test_wrong_rank_names_the_layer_and_the_mend():
    with pytest.raises(ValueError, match=r'Conv2D "c" expects .*\(batch, height, width, channels\).*'):
        Sequential([Input((784,)), Conv2D(3, 3, name="c")])


def test_an_empty_convolution():
    with pytest.raises(ValueError, match='Conv2D "c"'):
        Sequential([Input((4, 4, 1)), Conv2D(3, 7, name="c")])


def test_add_that_fails_leaves_the_model():
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(ValueError, match="Conv2D"):
        model.add(Conv2D(3, 3))
    assert len(model.layers) == 1
    assert model.output_shape == (None, 3)


def test_equal_names():
    with pytest.raises(ValueError, match="has a layer called 'a' already"):
        Sequential([Dense(2, name="a"), Dense(2, name="a")])


def test_input_must_be_first():
    with pytest.raises(ValueError, match="an Input stands first"):
        Sequential([Dense(2), Input((3,))])


def test_a_build_that_fails_makes_no_weights():
    model = Sequential([Dense(4), Conv2D(3, 3)])
    with pytest.raises(ValueError, match="Conv2D"):
        model.build((None, 5))
    assert not model.built and not model.layers[0].built and model.weights == []


def test_a_layer_built_for_another_shape():
    shared = Dense(2, name="shared")
    Sequential([Input((3,)), shared])
    with pytest.raises(ValueError, match='Dense "shared" was built for inputs of shape \\(None, 3\\)'):
        Sequential([Input((4,)), shared])


def test_get_layer_pop_and_count_params():
    model = Sequential([Dense(3, name="a")])
    with pytest.raises(ValueError, match="no layer 'b'; it has: a"):
        model.get_layer("b")
    with pytest.raises(ValueError, match="get_layer got index 4"):
        model.get_layer(index=4)
    with pytest.raises(ValueError, match="not built"):
        model.count_params()
    model.pop()
    with pytest.raises(ValueError, match="no layers to pop"):
        model.pop()


def test_set_weights():
    model = classifier()
    before = model.get_weights()
    kernel, bias = model.layers[0].get_weights()
    with pytest.raises(ValueError, match="has 4 weights, set_weights got 1"):
        model.set_weights([kernel])
    with pytest.raises(ValueError, match=r"shape \(5,\) for hidden/bias, got \(4,\)"):
        model.layers[0].set_weights([kernel + 1, bias[:4]])
    with pytest.raises(ValueError, match="is built"):
        Dense(3).set_weights([kernel])
    with pytest.raises(ValueError, match=r'"hidden/kernel" has shape \(4, 5\), got \(5, 4\)'):
        model.layers[0].kernel.assign(kernel.T)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, model.get_weights(), strict=True))


# Checks of fit.


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.reshape(10, 2, 2), Y, "expects x of shape (batch, 4), got (10, 2, 2); put Flatten() first"),
        (X[:, :3], Y, "expects x of shape (batch, 4), got (10, 3)"),
        (X[0], Y[:1], "a single sample needs a batch axis: x[np.newaxis]"),
        (X, Y[:9], "x has 10 rows and y has 9"),
        (X[:0], Y[:0], "x is empty"),
        (X, None, "y is missing"),
        (None, Y, "x is missing"),
        (X, Y + 1, "y holds the label 3 in row 2, but the model has 3 outputs: labels must be integers from 0 to"),
        (X, Y - 1, "y holds the label -1 in row 0"),
        (X, Y + 0.5, "y holds the label 0.5 in row 0"),
        (X, np.eye(3)[Y], "for one-hot rows use loss='categorical_crossentropy', or pass y.argmax(axis=-1)"),
        (np.where(np.arange(40).reshape(10, 4) == 13, np.nan, X), Y, "x holds a NaN in row 3"),
        ([[1.0, 2.0], [1.0]], Y[:2], "rows must have equal lengths"),
        (3.0, Y, "got a single number"),
    ],
    ids=[
        "rank", "features", "one-sample", "lengths", "empty", "no-y", "no-x", "label-high", "label-low", "label-half",
        "one-hot", "nan", "ragged", "number",
    ],
)  # fmt: skip
def test_data_of_fit(x, y, message):
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 0
    assert all(a.tobytes() == b.tobytes() for a, b in zip(before, model.get_weights(), strict=True))
    model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X.astype(object), Y, "x has dtype object, expected numbers"),
        (X, np.array(["cat"] * 10), "np.unique(y, return_inverse=True)"),
        (X, np.array(["cat"] * 10, dtype=object), "np.unique(y, return_inverse=True)"),
        (X.astype(complex), Y, "x has dtype complex128"),
    ],
    ids=["object", "strings", "objects", "complex"],
)
def test_types_of_fit(x, y, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        classifier().fit(x, y, verbose=0)


def test_labels_for_a_one_hot_loss():
    model = classifier(loss="categorical_crossentropy")
    with pytest.raises(
        ValueError, match=re.escape("utils.to_categorical(y, 3), or use sparse_categorical_crossentropy")
    ):
        model.fit(X, Y, verbose=0)


def test_y_of_the_wrong_width():
    model = classifier(loss="mse", metrics=None)
    with pytest.raises(ValueError, match=re.escape("mean_squared_error expects y of shape (batch, 3), got (10, 2)")):
        model.fit(X, np.zeros((10, 2)), verbose=0)


def test_nan_in_y_and_the_check_lifted():
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    y = np.full((10, 1), np.nan)
    with pytest.raises(ValueError, match="y holds a NaN in row 0"):
        model.fit(X, y, verbose=0)
    assert np.isnan(model.evaluate(X, y, verbose=0))
    fastnn.config.set_check_nan(False)
    try:
        model.fit(X, y, verbose=0)
    finally:
        fastnn.config.set_check_nan(True)
    assert np.isnan(model.get_weights()[0]).all()


def test_nan_goes_through_predict():
    x = X.copy()
    x[1, 0] = np.nan
    predicted = classifier().predict(x, verbose=0)
    assert np.isnan(predicted[1]).all() and not np.isnan(np.delete(predicted, 1, axis=0)).any()


def test_the_notes_validation_set_of_pairs():
    pairs = [(X[i], Y[i]) for i in range(4)]
    for data in (pairs, pairs[:2], tuple(pairs)):
        with pytest.raises(
            ValueError, match=r"\(x_val, y_val\), two arrays, got a list of \(sample, label\) pairs; convert"
        ):
            classifier().fit(X, Y, validation_data=data, verbose=0)
    samples, labels = zip(*pairs, strict=True)
    classifier().fit(X, Y, validation_data=(np.array(samples), np.array(labels)), verbose=0)


@pytest.mark.parametrize("data", [X, (X,), 5], ids=["array", "one", "number"])
def test_validation_data_of_another_kind(data):
    with pytest.raises(ValueError, match=r"validation_data expects \(x_val, y_val\)"):
        classifier().fit(X, Y, validation_data=data, verbose=0)


def test_validation_data_is_checked_before_the_first_step():
    model = classifier()
    with pytest.raises(ValueError, match=r"validation data: .* y holds the label 7"):
        model.fit(X, Y, validation_data=(X[:1], [7]), verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("share", [1e-17, 0.99999, 1.5, -0.1])
def test_validation_split(share):
    with pytest.raises(ValueError, match="validation_split"):
        classifier().fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"epochs": -1},
        {"verbose": 7},
        {"steps_per_epoch": 0},
        {"initial_epoch": -1},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_numbers_of_fit(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        classifier().fit(X, Y, **{"verbose": 0, **arguments})


def test_weights_of_samples_and_classes():
    model = classifier()
    with pytest.raises(ValueError, match="cannot both be given"):
        model.fit(X, Y, sample_weight=np.ones(10), class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match=re.escape("sample_weight of shape (10,), one for each row, got (9,)")):
        model.fit(X, Y, sample_weight=np.ones(9), verbose=0)
    with pytest.raises(TypeError, match="class_weight expects a dict"):
        model.fit(X, Y, class_weight=[1, 2, 3], verbose=0)


def test_before_compile_and_without_a_loss():
    model = Sequential([Dense(3, input_shape=(4,))])
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch, model.gradients):
        with pytest.raises(ValueError, match=r"call compile\(\) before"):
            call(X, Y)
    model.compile("adam")
    with pytest.raises(ValueError, match="compiled without a loss"):
        model.fit(X, Y, verbose=0)


def test_compile_that_fails_changes_nothing():
    model = classifier()
    optimizer = model.optimizer
    with pytest.raises(ValueError, match="Did you mean"):
        model.compile("sgd", "mse", metrics=["acuracy"])
    assert model.optimizer is optimizer and model.loss == "sparse_categorical_crossentropy"


def test_functions_say_their_shapes():
    with pytest.raises(ValueError, match=re.escape("mean_squared_error expects y_true of shape (4, 2), got (3, 2)")):
        losses.mean_squared_error(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="axis 2"):
        activations.softmax(np.zeros((2, 2)), axis=2)


def test_ctrl_c_leaves_whole_steps():
    model = Sequential([Dense(256, input_shape=(256,), activation="relu"), Dense(256)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(4096, 256)).astype("float32")
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x, epochs=10_000, verbose=0)
    timer.join()
    done = int(model.optimizer.iterations)
    assert done > 0
    assert np.isfinite(model.get_weights()[0]).all()
    model.fit(x[:32], x[:32], verbose=0)
    assert model.optimizer.iterations == done + 1
